package provider

import (
	"context"
	"errors"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The types of the tokens that are signed (RFC 7519, section 5.1), by which one is never taken for the other.
const (
	typeID     = "JWT"
	typeLogout = "logout+jwt"
)

// sign makes a signed token of claims.
func (p *Provider) sign(ctx context.Context, kind string, claims map[string]any) (string, error) {
	r, err := p.ring().get(ctx)
	if err != nil {
		return "", err
	}
	key := r.signing(p.now())
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: signs, Key: jose.JSONWebKey{Key: key.private, KeyID: key.ID}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(kind)),
	)
	if err != nil {
		return "", err
	}
	return crypto.Sign(claims, signer)
}

// hinted returns the claims of an ID token that this provider signed for a client and an application sends back, expired or
// not (OpenID Connect RP-Initiated Logout 1.0, section 2).
func (p *Provider) hinted(ctx context.Context, token string) (*oidc.IDTokenClaims, error) {
	r, err := p.ring().get(ctx)
	if err != nil {
		return nil, err
	}
	verifier := op.NewIDTokenHintVerifier(p.Issuer, published{r}, op.WithSupportedIDTokenHintSigningAlgorithms(string(signs)))
	claims, err := op.VerifyIDTokenHint[*oidc.IDTokenClaims](ctx, token, verifier)
	if expired := (op.IDTokenHintExpiredError{}); err != nil && !errors.As(err, &expired) {
		return nil, oidc.ErrInvalidRequest().WithDescription("id_token_hint is not an ID token of this provider").WithParent(err)
	}
	if claims.AuthorizedParty == "" || claims.Claims["events"] != nil {
		return nil, oidc.ErrInvalidRequest().WithDescription("id_token_hint is not an ID token")
	}
	return claims, nil
}

// published verifies what this provider signed by the keys that it publishes.
type published struct{ ring *ring }

// VerifySignature implements oidc.KeySet.
func (k published) VerifySignature(_ context.Context, jws *jose.JSONWebSignature) ([]byte, error) {
	for _, signature := range jws.Signatures {
		for _, key := range k.ring.Keys {
			if key.ID == signature.Header.KeyID {
				return jws.Verify(key.private.Public())
			}
		}
	}
	return nil, errors.New("signed by a key that is not published")
}

package provider

import (
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// How long tokens last. An access token is good for nothing once its session has ended, whatever its age.
const (
	idTokenLasts     = 5 * time.Minute
	accessTokenLasts = time.Hour
)

// token is the token endpoint (OpenID Connect Core 1.0, section 3.1.3): it exchanges a code for tokens.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) error {
	if err := posted(w, r); err != nil {
		return err
	}
	switch kind := r.PostForm.Get("grant_type"); kind {
	case string(oidc.GrantTypeCode):
	case "":
		return oidc.ErrInvalidRequest().WithDescription("grant_type is missing")
	default:
		return oidc.ErrUnsupportedGrantType().WithDescription("grant_type has to be authorization_code")
	}
	asked, err := op.ParseAccessTokenRequest(r, p.decoder)
	if err != nil {
		return err
	}
	if asked.IsSetClientAssertion() {
		return oidc.ErrInvalidClient().WithDescription("clients are known by client_secret, not by an assertion")
	}
	client, err := p.authenticate(asked.ClientID, asked.ClientSecret)
	if err != nil {
		return err
	}
	access := randomText()
	a, in, err := p.Engine.SpendCode(r.Context(), asked.Code, access, accessTokenLasts, func(a *provision.Authorization) error {
		switch {
		case a.Client != client.ID:
			return oidc.ErrInvalidGrant().WithDescription("the code is another client's")
		case a.RedirectURI != asked.RedirectURI:
			return oidc.ErrInvalidGrant().WithDescription("redirect_uri is not the one of the authorization request")
		}
		return op.AuthorizeCodeChallenge(asked.CodeVerifier, &oidc.CodeChallenge{Challenge: a.Challenge, Method: oidc.CodeChallengeMethodS256})
	})
	if kind := directory.KindOf(err); err != nil && (kind == directory.NotFound || kind == directory.Unauthenticated) {
		return oidc.ErrInvalidGrant().WithDescription("the code is unknown, expired or used, or its session has ended").WithParent(err)
	}
	if err != nil {
		return err
	}
	id, err := p.idToken(r, a, in, access)
	if err != nil {
		return err
	}
	private(w)
	answer(w, http.StatusOK, &oidc.AccessTokenResponse{
		AccessToken: access, TokenType: oidc.BearerToken, ExpiresIn: uint64(accessTokenLasts.Seconds()), IDToken: id, Scope: a.Scopes,
	})
	return nil
}

// idToken makes an ID token (OpenID Connect Core 1.0, section 2).
func (p *Provider) idToken(r *http.Request, a *provision.Authorization, in *provision.SignedIn, access string) (string, error) {
	hash, err := oidc.ClaimHash(access, signs)
	if err != nil {
		return "", err
	}
	now := p.now()
	said := claims(in, a.Scopes)
	said["iss"], said["aud"], said["azp"] = p.Issuer, a.Client, a.Client
	said["iat"], said["exp"] = now.Unix(), now.Add(idTokenLasts).Unix()
	if !in.Session.SignedIn.IsZero() { // it always is known where max_age was asked for
		said["auth_time"] = in.Session.SignedIn.Unix()
	}
	said["sid"], said["at_hash"] = in.Session.ID().String(), hash
	if a.Nonce != "" {
		said["nonce"] = a.Nonce
	}
	return p.sign(r.Context(), typeID, said)
}

// revoke is the revocation endpoint (RFC 7009): it ends an access token. A token that is not known is none of its errors.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := posted(w, r); err != nil {
		return err
	}
	asked := &oidc.AccessTokenRequest{} // for the client's part of it
	if err := op.ParseAuthenticatedTokenRequest(r, p.decoder, asked); err != nil {
		return err
	}
	client, err := p.authenticate(asked.ClientID, asked.ClientSecret)
	if err != nil {
		return err
	}
	if !r.PostForm.Has("token") {
		return oidc.ErrInvalidRequest().WithDescription("token is missing")
	}
	if err := p.Engine.RevokeToken(r.Context(), client.ID, r.PostForm.Get("token")); err != nil {
		return err
	}
	private(w)
	w.WriteHeader(http.StatusOK)
	return nil
}

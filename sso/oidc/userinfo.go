package oidc

import (
	"context"
	"mime"
	"slices"

	"github.com/mixus/usher/sso/identity"
)

// userInfo asks what the ID token left out (OpenID Connect Core 5.3). An answer that does not come refuses the sign-in:
// a person without name, address and groups would otherwise look like one who has lost them.
func (p *Provider) userInfo(ctx context.Context, m *metadata, access, sub string) (document, *identity.Refusal) {
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	a, err := fetch(ctx, p.direct, m.UserInfo, access)
	if err != nil {
		return nil, unavailable(err, "the provider's userinfo could not be read")
	}
	body := a.body
	if mediaType, _, err := mime.ParseMediaType(a.header.Get("Content-Type")); err == nil && mediaType == "application/jwt" {
		var refusal *identity.Refusal
		if body, refusal = p.signedUserInfo(ctx, string(body)); refusal != nil {
			return nil, refusal
		}
	}
	claims, err := decode(body)
	if err != nil {
		return nil, refuse(identity.Unavailable, err, "the provider's userinfo is no JSON object")
	}
	if theirs, _ := claims["sub"].(string); theirs != sub {
		return nil, refuse(identity.Invalid, nil, "userinfo speaks of somebody else (sub) than the ID token")
	}
	return claims, nil
}

// signedUserInfo verifies userinfo that comes as a JWT, and for which a token that was made for something else would not do
// (OpenID Connect Core 5.3.2).
func (p *Provider) signedUserInfo(ctx context.Context, token string) ([]byte, *identity.Refusal) {
	if refusal := compact(token); refusal != nil {
		return nil, refusal
	}
	set := &signed{p: p, types: []string{"", "jwt"}}
	body, err := set.VerifySignature(ctx, token)
	if err != nil {
		return nil, untrue(set, err)
	}
	claims, err := decode(body)
	if err != nil {
		return nil, refuse(identity.Unavailable, err, "the provider's userinfo is no JSON object")
	}
	audiences, _ := claims.texts("aud")
	if claims["iss"] != p.settings.Issuer || !slices.Contains(audiences, p.settings.ClientID) {
		return nil, refuse(identity.Invalid, nil, "the signed userinfo is not from this provider, or not for client %q", p.settings.ClientID)
	}
	return body, nil
}

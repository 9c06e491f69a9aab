package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/identity"
)

const (
	longestToken = 64 << 10       // bytes
	longestLife  = 24 * time.Hour // from iat to exp; real ID tokens have minutes to ten hours
	longestSub   = 255            // bytes (OpenID Connect Core 2)
)

// logoutEvent is the member of the events claim that makes a logout token (OpenID Connect Back-Channel Logout 1.0, 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// verified are the claims of an ID token that has passed every check.
type verified struct {
	claims   document
	signedIn time.Time // auth_time; zero when it is not there
}

// idToken verifies the ID token of one sign-in (OpenID Connect Core 3.1.3.7).
func (p *Provider) idToken(ctx context.Context, t tokens, request Request) (*verified, *identity.Refusal) {
	if refusal := compact(t.id); refusal != nil {
		return nil, refusal
	}
	set := &signed{p: p, types: []string{"", "jwt"}}
	token, err := p.verifier(set).Verify(ctx, t.id)
	if err != nil {
		return nil, untrue(set, err)
	}
	claims, err := decode(set.payload)
	if err != nil {
		return nil, refuse(identity.Invalid, err, "the claims of the ID token cannot be read")
	}
	if refusal := p.common(claims); refusal != nil {
		return nil, refusal
	}
	if refusal := p.isForUs(claims); refusal != nil {
		return nil, refusal
	}
	nonce, _ := claims["nonce"].(string)
	if nonce == "" || subtle.ConstantTimeCompare([]byte(nonce), []byte(request.Nonce)) != 1 {
		return nil, refuse(identity.Invalid, nil, "the ID token's nonce is not the one that was sent: it belongs to another sign-in")
	}
	if refusal := isIDToken(claims); refusal != nil {
		return nil, refusal
	}
	if _, sent := claims["at_hash"]; sent {
		if err := token.VerifyAccessToken(t.access); err != nil {
			return nil, refuse(identity.Invalid, err, "the access token is not the one that the ID token was made with (at_hash)")
		}
	}
	signedIn, refusal := p.recently(claims, request)
	if refusal != nil {
		return nil, refusal
	}
	return &verified{claims, signedIn}, nil
}

// untrue makes a refusal of what go-oidc said.
func untrue(set *signed, err error) *identity.Refusal {
	var expired *gooidc.TokenExpiredError
	switch {
	case set.refusal != nil:
		return set.refusal
	case errors.As(err, &expired):
		return refuse(identity.Expired, err, "the token was good until %s, which is past; are both clocks right?", expired.Expiry.UTC().Format(time.RFC3339))
	}
	return refuse(identity.Invalid, err, "the token does not hold: %s", clip(strings.TrimPrefix(err.Error(), "oidc: ")))
}

// compact refuses, before anything is read, what is no signed token in the compact form.
func compact(token string) *identity.Refusal {
	if len(token) > longestToken {
		return refuse(identity.Invalid, nil, "the token has %d bytes, more than %d KiB", len(token), longestToken>>10)
	}
	head, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if !base64url(head) || !base64url(payload) || !base64url(signature) {
		return refuse(identity.Invalid, nil, "the token is not a signed JWT in the compact form")
	}
	return nil
}

// ofType refuses a token for something else, by its header: an access token says at+jwt (RFC 9068), a logout token
// logout+jwt. The type "" stands for none.
func ofType(header jose.Header, types []string) *identity.Refusal {
	// RFC 7515, section 4.1.11: what must be understood, and is not, refuses. The library understands b64, by which the
	// payload is another one than what stands there.
	if header.ExtraHeaders["crit"] != nil || header.ExtraHeaders["b64"] != nil {
		return refuse(identity.Invalid, nil, "the token's header demands what no token of a sign-in needs (crit, b64)")
	}
	typ, ok := header.ExtraHeaders["typ"].(string)
	if !ok && header.ExtraHeaders["typ"] != nil {
		return refuse(identity.Invalid, nil, "the token's type is no text")
	}
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	if !slices.Contains(types, typ) {
		return refuse(identity.Invalid, nil, "the token is of type %q: a token for something else", clip(typ))
	}
	return nil
}

func base64url(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return text != ""
}

// common checks what ID tokens and logout tokens share: that the claims are spelled exactly, and when they were issued.
func (p *Provider) common(claims document) *identity.Refusal {
	if name := claims.misspelled(); name != "" {
		return refuse(identity.Invalid, nil, "the token has a claim %q, which is not how that claim is spelled", clip(name))
	}
	issued, ok := instant(claims["iat"])
	if !ok {
		return refuse(identity.Invalid, nil, "the token does not say when it was issued (iat)")
	}
	latest := p.now().Add(p.settings.Skew)
	if issued.After(latest) {
		return refuse(identity.Invalid, nil, "the token was issued at %s, which is yet to come; are both clocks right?", issued.UTC().Format(time.RFC3339))
	}
	if begins, sent := claims["nbf"]; sent {
		if from, ok := instant(begins); !ok || from.After(latest) {
			return refuse(identity.Invalid, nil, "the token is not good yet (nbf); are both clocks right?")
		}
	}
	expires, ok := instant(claims["exp"])
	if !ok || expires.Sub(issued) > longestLife {
		return refuse(identity.Invalid, nil, "the token is good for longer than %s, or does not say until when; shorten it at the provider", longestLife)
	}
	return nil
}

// isForUs checks that a token was made for us and for nobody else whom we do not know.
func (p *Provider) isForUs(claims document) *identity.Refusal {
	audiences, ok := claims.texts("aud")
	if !ok || !slices.Contains(audiences, p.settings.ClientID) {
		return refuse(identity.Invalid, nil, "the token is not meant for client %q", p.settings.ClientID)
	}
	for _, audience := range audiences {
		if audience != p.settings.ClientID && !slices.Contains(p.settings.Audiences, audience) {
			return refuse(identity.Invalid, nil, "the token is meant for %q too, which is not one of this connection's audiences", clip(audience))
		}
	}
	party, sent := claims["azp"]
	if sent && party != p.settings.ClientID || !sent && len(audiences) > 1 {
		return refuse(identity.Invalid, nil, "the token was not issued to client %q (azp)", p.settings.ClientID)
	}
	return nil
}

// isIDToken checks that a token speaks of a person who signed in, and is none of the provider's other tokens: Keycloak
// writes their type into the claims.
func isIDToken(claims document) *identity.Refusal {
	sub, _ := claims["sub"].(string)
	if strings.TrimSpace(sub) == "" || len(sub) > longestSub {
		return refuse(identity.Invalid, nil, "the ID token does not say whom it speaks of (sub), or in more than %d bytes", longestSub)
	}
	if typ, _ := claims["typ"].(string); slices.ContainsFunc([]string{"Bearer", "Refresh", "Offline", "Logout"}, func(t string) bool { return strings.EqualFold(t, typ) }) {
		return refuse(identity.Invalid, nil, "the token is of type %q: a token for something else", clip(typ))
	}
	if events, _ := claims["events"].(map[string]any); events[logoutEvent] != nil {
		return refuse(identity.Invalid, nil, "the token is one for signing out")
	}
	return nil
}

// recently checks when and how a person signed in at the provider, where that was asked for.
func (p *Provider) recently(claims document, request Request) (time.Time, *identity.Refusal) {
	if acr, _ := claims["acr"].(string); len(p.settings.ACR) > 0 && !slices.Contains(p.settings.ACR, acr) {
		return time.Time{}, refuse(identity.Denied, nil, "the person signed in by %q, and this connection asks for %s", clip(acr), strings.Join(p.settings.ACR, " or "))
	}
	signedIn, ok := instant(claims["auth_time"])
	if !ok {
		if request.Fresh || p.settings.MaxAge > 0 {
			return time.Time{}, refuse(identity.Misset, nil, "the provider does not say when the person signed in; have it send the claim auth_time")
		}
		return time.Time{}, nil
	}
	switch skew := p.settings.Skew; {
	case signedIn.After(p.now().Add(skew)):
		return time.Time{}, refuse(identity.Invalid, nil, "the person signed in at %s, which is yet to come; are both clocks right?", signedIn.UTC().Format(time.RFC3339))
	case request.Fresh && signedIn.Before(request.At.Add(-skew)),
		p.settings.MaxAge > 0 && signedIn.Before(p.now().Add(-p.settings.MaxAge-skew)):
		return time.Time{}, refuse(identity.Denied, nil, "the person signed in at %s, and the provider was asked for a newer sign-in", signedIn.UTC().Format(time.RFC3339))
	}
	return signedIn, nil
}

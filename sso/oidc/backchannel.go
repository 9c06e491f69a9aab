package oidc

import (
	"context"
	"time"

	"github.com/mixus/usher/sso/identity"
)

// logoutAge is how old a logout token may be. The specification recommends two minutes until exp; clocks get the skew on top.
const logoutAge = 5 * time.Minute

// Logout is a provider's word that somebody has signed out, or has been signed out, there.
type Logout struct {
	// Sub is the sub of the person (identity.Identity.Sub), all of whose sessions of this connection end unless Session names
	// one; "" when only the session is named.
	Sub     string
	Session string // the sid; "" for all of the person's sessions
	// TokenID is to be remembered until the instant Until, in the same transaction in which the sessions end. Whoever has it
	// already is looking at a replay.
	TokenID string
	Until   time.Time
}

// BackChannelLogout verifies a logout token that was posted by the provider, or by anybody (OpenID Connect Back-Channel
// Logout 1.0, section 2.6).
func (p *Provider) BackChannelLogout(ctx context.Context, token string) (*Logout, *identity.Refusal) {
	if refusal := compact(token); refusal != nil {
		return nil, refusal
	}
	set := &signed{p: p, types: []string{"", "jwt", "logout+jwt"}}
	if _, err := p.verifier(set).VerifyLogout(ctx, token); err != nil {
		return nil, untrue(set, err)
	}
	claims, err := decode(set.payload)
	if err != nil {
		return nil, refuse(identity.Invalid, err, "the claims of the logout token cannot be read")
	}
	if refusal := p.common(claims); refusal != nil {
		return nil, refusal
	}
	if refusal := p.isForUs(claims); refusal != nil {
		return nil, refusal
	}
	return p.signedOut(claims)
}

// signedOut checks what only logout tokens have.
func (p *Provider) signedOut(claims document) (*Logout, *identity.Refusal) {
	events, _ := claims["events"].(map[string]any)
	if _, ok := events[logoutEvent].(map[string]any); !ok {
		return nil, refuse(identity.Invalid, nil, "the token is none for signing out: its events do not say so")
	}
	if _, sent := claims["nonce"]; sent {
		return nil, refuse(identity.Invalid, nil, "the token is none for signing out: it has a nonce")
	}
	out := &Logout{}
	for name, into := range map[string]*string{"sub": &out.Sub, "sid": &out.Session, "jti": &out.TokenID} {
		v, sent := claims[name]
		text, ok := v.(string)
		if sent && (!ok || text == "" || len(text) > longestSub) {
			return nil, refuse(identity.Invalid, nil, "the logout token's %s is empty, no text, or longer than %d bytes", name, longestSub)
		}
		*into = text
	}
	if out.TokenID == "" || out.Sub == "" && out.Session == "" {
		return nil, refuse(identity.Invalid, nil, "the logout token does not say who signed out (sub, sid), or has no id (jti)")
	}
	issued, _ := instant(claims["iat"])
	expires, _ := instant(claims["exp"])
	if issued.Add(logoutAge + p.settings.Skew).Before(p.now()) {
		return nil, refuse(identity.Expired, nil, "the logout token was issued at %s, longer than %s ago", issued.UTC().Format(time.RFC3339), logoutAge)
	}
	out.Until = issued.Add(logoutAge)
	if expires.Before(out.Until) {
		out.Until = expires
	}
	out.Until = out.Until.Add(p.settings.Skew)
	return out, nil
}

package oidc

import (
	"context"
	"crypto/subtle"
	"net/url"

	"github.com/mixus/usher/sso/identity"
)

const longestCode = 8 << 10 // bytes; Entra's have about 1,500

// Callback makes an identity of what the browser brought back from the provider, or a refusal; never both, never neither.
// The caller has found the request by the browser that asked and by the state, and has used it up in the store, so that
// the same answer is not taken twice.
func (p *Provider) Callback(ctx context.Context, query url.Values, request Request) (*identity.Identity, *identity.Refusal) {
	m, refusal := p.known(ctx)
	if refusal != nil {
		return nil, refusal
	}
	code, refusal := p.code(m, query, request)
	if refusal != nil {
		return nil, refusal
	}
	tokens, refusal := p.exchange(ctx, m, code, request.Verifier)
	if refusal != nil {
		return nil, refusal
	}
	return p.identify(ctx, m, tokens, request)
}

// identify makes an identity of what the token endpoint gave.
func (p *Provider) identify(ctx context.Context, m *metadata, t tokens, request Request) (*identity.Identity, *identity.Refusal) {
	told, refusal := p.idToken(ctx, t, request)
	if refusal != nil {
		return nil, refusal
	}
	var further document
	if p.kind.userinfo && m.UserInfo != "" {
		if further, refusal = p.userInfo(ctx, m, t.access, told.claims["sub"].(string)); refusal != nil {
			return nil, refusal
		}
	}
	return p.person(told, further, t.id)
}

// code takes the code out of the query, when the query answers our request and comes from this provider.
func (p *Provider) code(m *metadata, query url.Values, request Request) (string, *identity.Refusal) {
	if request.Connection != p.settings.Connection {
		return "", refuse(identity.Invalid, nil, "the sign-in began at connection %q and came back to %q", request.Connection, p.settings.Connection)
	}
	if request.State == "" || request.Nonce == "" || request.Verifier == "" {
		return "", refuse(identity.Expired, nil, "no sign-in was under way")
	}
	for _, name := range []string{"state", "code", "iss", "error", "error_description"} {
		if len(query[name]) > 1 {
			return "", refuse(identity.Invalid, nil, "the answer has the parameter %s more than once", name) // RFC 6749, section 3.1
		}
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(request.State)) != 1 {
		return "", refuse(identity.Invalid, nil, "the state of the answer is not the one that was sent")
	}
	// RFC 9207, section 2.4: what was sent must be ours, and must be there when the provider always sends it.
	if iss, sent := query["iss"]; sent && iss[0] != p.settings.Issuer {
		return "", refuse(identity.Invalid, nil, "the answer comes from %q, and this connection's provider is %q", clip(iss[0]), p.settings.Issuer)
	} else if !sent && m.NamesItself {
		return "", refuse(identity.Invalid, nil, "the answer does not say which provider it comes from (iss), and this one always does")
	}
	if code := query.Get("error"); code != "" {
		return "", told(code, query.Get("error_description"))
	}
	code := query.Get("code")
	if code == "" || len(code) > longestCode {
		return "", refuse(identity.Invalid, nil, "the answer holds no code, or one of %d bytes", len(code))
	}
	return code, nil
}

// told makes a refusal of the provider's own word (RFC 6749, sections 4.1.2.1 and 5.2; OpenID Connect Core 3.1.2.6).
func told(code, description string) *identity.Refusal {
	reason := clip(code)
	if description != "" {
		reason += ": " + clip(description)
	}
	switch code {
	case "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return refuse(identity.Denied, nil, "the provider did not let the person in: %s", reason)
	case "server_error", "temporarily_unavailable":
		return refuse(identity.Unavailable, nil, "the provider could not answer: %s", reason)
	case "invalid_grant":
		return refuse(identity.Expired, nil, "the provider does not take the code: it was used, is too old, or belongs to another sign-in: %s", reason)
	case "invalid_client", "unauthorized_client":
		return refuse(identity.Misset, nil, "the provider does not know this client id, or its secret or key has expired or is wrong: %s", reason)
	}
	return refuse(identity.Misset, nil, "the provider does not take our request: %s", reason)
}

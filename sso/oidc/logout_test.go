package oidc

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

func contextOf(t *testing.T, cancelled bool) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	if cancelled {
		cancel()
	}
	return ctx, cancel
}

func TestBackChannelLogout(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	for name, c := range map[string]struct {
		header, claims claims
		sub, sid       string
	}{
		"as the specification has it": {nil, nil, "u-1", "s-1"},
		"one session":                 {claims{"typ": "JWT"}, claims{"sub": nil}, "", "s-1"},
		"all sessions":                {claims{"typ": nil}, claims{"sid": nil}, "u-1", ""},
	} {
		got, refusal := p.BackChannelLogout(t.Context(), h.LogoutToken(c.header, c.claims))
		if refusal != nil {
			t.Errorf("%s: %s", name, refusal.Reason)
			continue
		}
		want := &Logout{Sub: c.sub, Session: c.sid, TokenID: "j-1", Until: h.Now().Add(2*time.Minute + defaultSkew).Truncate(time.Second)}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Sub(b).Abs() < 2*time.Second })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestAbuse47LogoutReplay: what must be remembered is handed out with the instant until which it must be, and after that
// instant the token itself is refused.
func TestAbuse47LogoutReplay(t *testing.T) {
	for _, own := range []claims{nil, {"exp": time.Now().Add(20 * time.Hour).Unix()}} {
		h := newHostile(t)
		p := h.provider()
		token := h.LogoutToken(nil, own)
		first, refusal := p.BackChannelLogout(t.Context(), token)
		if refusal != nil {
			t.Fatal(refusal)
		}
		again, refusal := p.BackChannelLogout(t.Context(), token)
		if refusal != nil || again.TokenID != first.TokenID {
			t.Errorf("%+v, %v: a replay must be recognizable by its id", again, refusal)
		}
		h.Pass(time.Until(first.Until) + 2*time.Second)
		_, refusal = p.BackChannelLogout(t.Context(), token)
		refused(t, nil, refusal, identity.Expired, "")
	}
}

func TestAbuse47IDTokenAsLogoutToken(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	id := h.welcome(p)
	_, refusal := p.BackChannelLogout(t.Context(), id.IDToken)
	refused(t, nil, refusal, identity.Invalid, "")
}

func TestAbuse47LogoutTokensThatAreNone(t *testing.T) {
	for name, c := range map[string]struct{ header, claims claims }{
		"an access token":         {claims{"typ": "at+jwt"}, nil},
		"alg none":                {claims{"alg": "none"}, nil},
		"no events":               {nil, claims{"events": nil}},
		"another event":           {nil, claims{"events": claims{"https://example.com/event": claims{}}}},
		"the event is a text":     {nil, claims{"events": claims{logoutEvent: "yes"}}},
		"the event is null":       {nil, claims{"events": map[string]any{logoutEvent: nil}}},
		"EVENTS":                  {nil, claims{"events": nil, "EVENTS": claims{logoutEvent: claims{}}}},
		"a nonce":                 {nil, claims{"nonce": "n"}},
		"a Nonce":                 {nil, claims{"Nonce": "n"}},
		"no jti":                  {nil, claims{"jti": nil}},
		"an empty jti":            {nil, claims{"jti": ""}},
		"no iat":                  {nil, claims{"iat": nil}},
		"iat in the future":       {nil, claims{"iat": time.Now().Add(time.Hour).Unix(), "exp": time.Now().Add(2 * time.Hour).Unix()}},
		"no exp":                  {nil, claims{"exp": nil}},
		"nobody":                  {nil, claims{"sub": nil, "sid": nil}},
		"an empty sub, a session": {nil, claims{"sub": ""}},
		"SUB":                     {nil, claims{"SUB": "u-2"}},
		"another audience":        {nil, claims{"aud": "other"}},
		"a foreign audience":      {nil, claims{"aud": []string{oidctest.ClientID, "other"}}},
		"another issuer":          {nil, claims{"iss": "https://evil.example"}},
		"good for a year":         {nil, claims{"exp": time.Now().AddDate(1, 0, 0).Unix()}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			if got, refusal := h.provider().BackChannelLogout(t.Context(), h.LogoutToken(c.header, c.claims)); refusal == nil {
				t.Errorf("accepted: %+v", got)
			}
		})
	}
	h := newHostile(t)
	_, refusal := h.provider().BackChannelLogout(t.Context(), h.LogoutToken(nil, claims{"iat": time.Now().Add(-time.Hour).Unix(), "exp": time.Now().Add(time.Hour).Unix()}))
	refused(t, nil, refusal, identity.Expired, "longer than")
}

func TestLogoutURL(t *testing.T) {
	h := newHostile(t)
	h.Metadata = claims{"end_session_endpoint": h.URL + "/logout?realm=acme"}
	q := query(t, h.provider().LogoutURL(t.Context(), "the.id.token", "https://usher.example/logged-out", "s"))
	want := map[string][]string{
		"realm": {"acme"}, "client_id": {oidctest.ClientID}, "id_token_hint": {"the.id.token"},
		"post_logout_redirect_uri": {"https://usher.example/logged-out"}, "state": {"s"},
	}
	if diff := cmp.Diff(want, map[string][]string(q)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.Metadata = claims{"end_session_endpoint": nil}
	if got := h.provider().LogoutURL(t.Context(), "t", "https://usher.example/", ""); got != "" {
		t.Errorf("%q, want none where the provider has none", got)
	}
}

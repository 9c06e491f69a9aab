package oidc

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

func TestRequest(t *testing.T) {
	h := newHostile(t)
	for name, c := range map[string]struct {
		change func(*Settings)
		ask    Ask
		want   url.Values // beside what every request has
	}{
		"plain": {func(*Settings) {}, Ask{}, url.Values{}},
		"hints": {func(*Settings) {}, Ask{LoginHint: "ann@acme.com", Domain: "acme.com"}, url.Values{"login_hint": {"ann@acme.com"}}},
		"Entra": {entra, Ask{LoginHint: "ann@acme.com", Domain: "acme.com"}, url.Values{"login_hint": {"ann@acme.com"}, "domain_hint": {"acme.com"}}},
		"Google": {
			func(s *Settings) { s.Kind, s.HostedDomain, s.Prompt = Google, "acme.com", "select_account" },
			Ask{Domain: "other.com"},
			url.Values{"hd": {"acme.com"}, "prompt": {"select_account"}},
		},
		"again": {func(s *Settings) { s.Prompt, s.MaxAge = "select_account", time.Hour }, Ask{Fresh: true}, url.Values{"prompt": {"login"}, "max_age": {"0"}}},
		"limits": {
			func(s *Settings) { s.MaxAge, s.ACR = time.Hour, []string{"phr", "mfa"} },
			Ask{LoginHint: "a\nb"},
			url.Values{"max_age": {"3600"}, "acr_values": {"phr mfa"}},
		},
		"scopes": {func(s *Settings) { s.Scopes = []string{"openid", "groups"} }, Ask{}, url.Values{"scope": {"openid groups"}}},
	} {
		t.Run(name, func(t *testing.T) {
			address, request, refusal := h.provider(c.change).Request(t.Context(), c.ask)
			if refusal != nil {
				t.Fatal(refusal)
			}
			if !strings.HasPrefix(address, h.URL+"/authorize?") {
				t.Errorf("%s does not lead to the provider", address)
			}
			got := query(t, address)
			want := url.Values{
				"tenant": {"acme"}, "response_type": {"code"}, "client_id": {oidctest.ClientID}, "redirect_uri": {redirectURI}, "scope": {"openid profile email"},
				"state": {request.State}, "nonce": {request.Nonce}, "code_challenge": got["code_challenge"], "code_challenge_method": {"S256"},
			}
			for name, values := range c.want {
				want[name] = values
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(request.State) < 26 || len(request.Nonce) < 26 || len(request.Verifier) < 43 || request.State == request.Nonce || request.Connection != "acme" {
				t.Errorf("%+v: want secrets of at least 128 bits", request)
			}
		})
	}
}

func TestEveryRequestHasSecretsOfItsOwn(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	a, _ := h.begin(p)
	b, _ := h.begin(p)
	if a.State == b.State || a.Nonce == b.Nonce || a.Verifier == b.Verifier {
		t.Errorf("%+v and %+v share a secret", a, b)
	}
}

func TestSigningInAgain(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Settings)
		ask    Ask
		claims claims
		code   identity.Code // "" where the person gets in
	}{
		"again, done":                  {func(*Settings) {}, Ask{Fresh: true}, claims{"auth_time": time.Now().Unix()}, ""},
		"again, not done":              {func(*Settings) {}, Ask{Fresh: true}, claims{"auth_time": time.Now().Add(-time.Hour).Unix()}, identity.Denied},
		"again, not said":              {func(*Settings) {}, Ask{Fresh: true}, nil, identity.Misset},
		"max_age, kept":                {func(s *Settings) { s.MaxAge = time.Hour }, Ask{}, claims{"auth_time": time.Now().Add(-59 * time.Minute).Unix()}, ""},
		"max_age, not kept":            {func(s *Settings) { s.MaxAge = time.Hour }, Ask{}, claims{"auth_time": time.Now().Add(-62 * time.Minute).Unix()}, identity.Denied},
		"max_age, not said":            {func(s *Settings) { s.MaxAge = time.Hour }, Ask{}, nil, identity.Misset},
		"in the future":                {func(*Settings) {}, Ask{}, claims{"auth_time": time.Now().Add(time.Hour).Unix()}, identity.Invalid},
		"context, the one":             {func(s *Settings) { s.ACR = []string{"phr"} }, Ask{}, claims{"acr": "phr"}, ""},
		"context, another":             {func(s *Settings) { s.ACR = []string{"phr"} }, Ask{}, claims{"acr": "pwd"}, identity.Denied},
		"context, not said":            {func(s *Settings) { s.ACR = []string{"phr"} }, Ask{}, nil, identity.Denied},
		"not asked, long ago":          {func(*Settings) {}, Ask{}, claims{"auth_time": time.Now().AddDate(0, -1, 0).Unix()}, ""},
		"not asked, no number, passes": {func(*Settings) {}, Ask{}, claims{"auth_time": "x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.Claims = c.claims
			p := h.provider(c.change)
			address, request, refusal := p.Request(t.Context(), c.ask)
			if refusal != nil {
				t.Fatal(refusal)
			}
			id, refusal := p.Callback(t.Context(), h.Consent(address), *request)
			if c.code == "" {
				if refusal != nil {
					t.Errorf("refused: %s", refusal.Reason)
				}
				return
			}
			refused(t, id, refusal, c.code, "")
		})
	}
	_, _, refusal := newHostile(t).provider(func(s *Settings) { s.Kind = Google }).Request(t.Context(), Ask{Fresh: true})
	refused(t, nil, refusal, identity.Misset, "sign in again")
}

func TestWhatTheProviderSaysInstead(t *testing.T) {
	for said, want := range map[string]identity.Code{
		"access_denied": identity.Denied, "login_required": identity.Denied, "interaction_required": identity.Denied, "temporarily_unavailable": identity.Unavailable,
		"server_error": identity.Unavailable, "invalid_scope": identity.Misset, "unauthorized_client": identity.Misset, "anything\x1b[2J\u202e": identity.Misset,
	} {
		h := newHostile(t)
		p := h.provider()
		request, answer := h.begin(p)
		answer.Del("code")
		answer.Set("error", said)
		answer.Set("error_description", "AADSTS50105: not assigned\r\n"+strings.Repeat("x", 1000))
		id, refusal := p.Callback(t.Context(), answer, request)
		refused(t, id, refusal, want, "AADSTS50105")
		if len(refusal.Reason) > 1000 {
			t.Errorf("a reason of %d bytes", len(refusal.Reason))
		}
	}
}

func TestTokenEndpoint(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header string
		body   string
		code   identity.Code
		reason string
	}{
		"wrong secret":       {401, "application/json", `{"error":"invalid_client"}`, identity.Misset, "secret"},
		"down":               {503, "text/html", "access_token=leak", identity.Unavailable, "503"},
		"no JSON":            {200, "application/json", "{", identity.Unavailable, "as it should"},
		"no access token":    {200, "application/json", `{"id_token":"a.b.c"}`, identity.Unavailable, "as it should"},
		"no ID token":        {200, "application/json", `{"access_token":"leak"}`, identity.Misset, "openid"},
		"another token type": {200, "application/json", `{"access_token":"leak","token_type":"DPoP","id_token":"a.b.c"}`, identity.Invalid, "DPoP"},
		"an error with 200":  {200, "application/json", `{"error":"invalid_grant","access_token":"leak"}`, identity.Expired, "invalid_grant"},
		"moved":              {307, "text/plain", "", identity.Unavailable, "307"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/token" {
					return false
				}
				w.Header().Set("Content-Type", c.header)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
				return true
			}
			id, refusal := h.login(h.provider())
			refused(t, id, refusal, c.code, c.reason)
			if refusal.Err != nil && strings.Contains(refusal.Err.Error(), "leak") || strings.Contains(refusal.Reason, "leak") {
				t.Errorf("a token gets into the log: %v", refusal.Err)
			}
			if h.Asked("/token") != 1 || h.Asked("/elsewhere") != 0 {
				t.Errorf("the code was sent %d times, and %d times elsewhere", h.Asked("/token"), h.Asked("/elsewhere"))
			}
		})
	}
}

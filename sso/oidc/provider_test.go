package oidc

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

// down makes the paths of a provider fail.
func (h *hostile) down(paths ...string) {
	h.Change(func() {
		h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if slices.Contains(paths, r.URL.Path) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			return false
		}
	})
}

const configuration = "/.well-known/openid-configuration"

func TestTheLastGoodDocumentsAreKept(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	h.welcome(p)
	h.down(configuration, "/keys")
	h.Pass(2 * time.Hour)
	h.welcome(p)
	h.welcome(p)
	if d, k := h.Asked(configuration), h.Asked("/keys"); d != 2 || k != 2 {
		t.Errorf("%d and %d attempts within ten seconds, want one each beside the first", d-1, k-1)
	}
	if err := p.Refresh(t.Context()); err == nil {
		t.Error("a refresh that failed is not told")
	}
	h.Pass(24 * time.Hour)
	id, refusal := h.loginWith(p, Request{Connection: "acme", State: "s", Nonce: "n", Verifier: "v"})
	refused(t, id, refusal, identity.Unavailable, "503")

	h.down()
	h.Pass(gap)
	h.welcome(p)
}

// loginWith is an answer to a request that was made while the provider was there.
func (h *hostile) loginWith(p *Provider, request Request) (*identity.Identity, *identity.Refusal) {
	return p.Callback(h.t.Context(), map[string][]string{"state": {request.State}, "code": {"c"}, "iss": {h.URL}}, request)
}

func TestDocumentsAreReadAnewAfterAnHour(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	h.welcome(p)
	h.Pass(59 * time.Minute)
	h.welcome(p)
	if h.Asked(configuration) != 1 || h.Asked("/keys") != 1 {
		t.Errorf("asked %d and %d times within the hour, want once", h.Asked(configuration), h.Asked("/keys"))
	}
	h.Pass(2 * time.Minute)
	h.Metadata = claims{"token_endpoint": h.URL + "/elsewhere"}
	id, refusal := h.login(p)
	refused(t, id, refusal, identity.Unavailable, "404")
	if h.Asked(configuration) != 2 {
		t.Errorf("asked %d times, want twice", h.Asked(configuration))
	}
}

func TestRefresh(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	for range 2 {
		if err := p.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	h.welcome(p)
	if h.Asked(configuration) != 2 || h.Asked("/keys") != 2 {
		t.Errorf("asked %d and %d times, want twice: no sign-in waits after a refresh", h.Asked(configuration), h.Asked("/keys"))
	}
}

func TestARotationWhileTheKeysCannotBeRead(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	h.welcome(p)
	h.Pass(time.Minute)
	h.down("/keys")
	h.Key, h.KID = oidctest.RSA(t, "k2"), "k2"
	id, refusal := h.login(p)
	refused(t, id, refusal, identity.Unavailable, "keys could not be read anew")
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		metadata claims
		reason   string
	}{
		"no token endpoint":      {claims{"token_endpoint": nil}, "token_endpoint"},
		"plain HTTP":             {claims{"token_endpoint": "http://idp.example/token"}, "https://"},
		"a script":               {claims{"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"},
		"a script to sign out":   {claims{"end_session_endpoint": "javascript:alert(1)"}, "end_session_endpoint"},
		"keys from a file":       {claims{"jwks_uri": "file:///etc/passwd"}, "jwks_uri"},
		"no code flow":           {claims{"response_types_supported": []string{"id_token"}}, "code flow"},
		"a name in the userinfo": {claims{"userinfo_endpoint": "https://a:b@idp.example/"}, "userinfo_endpoint"},
	} {
		h := newHostile(t)
		h.Metadata = c.metadata
		_, _, refusal := h.provider().Request(t.Context(), Ask{})
		if refusal == nil || refusal.Code != identity.Misset || !strings.Contains(refusal.Reason, c.reason) {
			t.Errorf("%s: %v, want %q", name, refusal, c.reason)
		}
	}
}

func TestDocumentsMayMoveAndSecretsDoNot(t *testing.T) {
	h := newHostile(t)
	h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/keys" && r.URL.RawQuery == "" {
			http.Redirect(w, r, "/keys?moved", http.StatusFound)
			return true
		}
		return false
	}
	h.welcome(h.provider())

	h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/keys" {
			http.Redirect(w, r, "http://idp.example/keys", http.StatusFound)
			return true
		}
		return false
	}
	id, refusal := h.login(h.provider())
	refused(t, id, refusal, identity.Unavailable, "https://")

	elsewhere := newHostile(t)
	h.Info = claims{"sub": "u-1"}
	h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/userinfo" {
			http.Redirect(w, r, elsewhere.URL+"/userinfo", http.StatusFound)
			return true
		}
		return false
	}
	id, refusal = h.login(h.provider())
	refused(t, id, refusal, identity.Unavailable, "302")
	if elsewhere.Asked("/userinfo") != 0 {
		t.Error("the access token went elsewhere")
	}
}

func TestAnAddressThatIsNotAllowedIsTold(t *testing.T) {
	h := newHostile(t)
	client := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return nil, directory.Errorf(directory.Forbidden, "The name leads to 10.0.0.1.")
	})}
	p, err := New(h.settings(), client, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, refusal := p.Request(t.Context(), Ask{})
	refused(t, nil, refusal, identity.Misset, "The name leads to 10.0.0.1.")
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

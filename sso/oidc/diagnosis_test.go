package oidc

import (
	"net/http"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// found checks that a finding of some weight holds some words.
func found(t *testing.T, all []Finding, weight Weight, words string) {
	t.Helper()
	for _, f := range all {
		if f.Weight == weight && strings.Contains(f.Text, words) {
			return
		}
	}
	t.Errorf("no %s says %q: %+v", weight, words, all)
}

func TestExamineAGoodConnection(t *testing.T) {
	h := newHostile(t)
	all := h.provider().Examine(t.Context())
	for _, f := range all {
		if f.Weight != Fine || !strings.HasSuffix(f.Text, ".") || f.Text[0] < 'A' || f.Text[0] > 'Z' {
			t.Errorf("%+v is no sentence about something good", f)
		}
	}
	for _, words := range []string{"calls itself by that name", "1 key that can sign", "clock", "PKCE", "never accepts them", "did not object to the client id and its secret", "back-channel logout", "sign people out at the provider"} {
		found(t, all, Fine, words)
	}
	// An examination is not kept from asking by an attempt that has just failed.
	h.down(configuration)
	found(t, h.provider().Examine(t.Context()), Problem, "503")
	h.down()
	found(t, h.provider().Examine(t.Context()), Fine, "was read")
}

// While the last good copy stands in, people can sign in: that is a warning, here as in the status.
func TestExamineAProviderThatIsDownAfterItWasUp(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	if p.Ready() {
		t.Error("it is ready before it has asked anything")
	}
	found(t, p.Examine(t.Context()), Fine, "was read")
	for _, path := range []string{"/keys", configuration} {
		h.down(path)
		all := p.Examine(t.Context())
		found(t, all, Warning, "The last good copy is in use.")
		for _, f := range all {
			if f.Weight == Problem {
				t.Errorf("with %s down: %+v", path, f)
			}
		}
	}
	h.Change(func() { h.Keys = nil })
	h.down()
	found(t, p.Examine(t.Context()), Warning, "none that can sign. The last good copy is in use.")
	if !p.Ready() {
		t.Error("it is not ready, though the last good copy is young")
	}
	found(t, h.provider().Examine(t.Context()), Problem, "none that can sign.")
}

func TestExamineWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(h *hostile)
		change  func(s *Settings)
		weight  Weight
		words   string
	}{
		"not there":           {func(h *hostile) { h.down(configuration) }, nil, Problem, "503"},
		"no keys":             {func(h *hostile) { h.down("/keys") }, nil, Problem, "keys could not be read"},
		"a weak key":          {func(h *hostile) { h.Keys = append(h.Keys, jose.JSONWebKey{Key: []byte("oct"), KeyID: "weak"}) }, nil, Warning, "weak"},
		"a wrong secret":      {nil, func(s *Settings) { s.ClientSecret = "other" }, Problem, "Check the client id, its secret"},
		"other algorithms":    {func(h *hostile) { h.Metadata = claims{"id_token_signing_alg_values_supported": []string{"HS256"}} }, nil, Problem, "signs by HS256"},
		"a scope not offered": {nil, func(s *Settings) { s.Scopes = []string{"groups"} }, Warning, `"groups"`},
		"a clock far ahead":   {clock(10 * time.Minute), nil, Problem, "from ours, and 1m30s are allowed"},
		"a clock behind":      {clock(-40 * time.Second), nil, Warning, "from ours, of the 1m30s"},
		"no clock":            {clock(0), nil, Warning, "what time it is"},
		"codes from nowhere":  {func(h *hostile) { h.Answer = anyCode(h) }, nil, Problem, "never gave out"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			if c.prepare != nil {
				c.prepare(h)
			}
			if c.change == nil {
				c.change = func(*Settings) {}
			}
			found(t, h.provider(c.change).Examine(t.Context()), c.weight, c.words)
		})
	}
}

// clock puts the provider's clock away from ours; 0 takes it away.
func clock(ahead time.Duration) func(h *hostile) {
	return func(h *hostile) {
		h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != configuration {
				return false
			}
			w.Header()["Date"] = nil
			if ahead != 0 {
				w.Header().Set("Date", h.Now().Add(ahead).UTC().Format(http.TimeFormat))
			}
			h.Write(w, claims{"issuer": h.URL, "authorization_endpoint": h.URL + "/authorize", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/keys"})
			return true
		}
	}
}

func anyCode(h *hostile) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/token" {
			h.Write(w, claims{"access_token": "a", "id_token": "a.b.c"})
		}
		return r.URL.Path == "/token"
	}
}

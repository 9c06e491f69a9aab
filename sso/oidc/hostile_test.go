package oidc

import (
	"net/url"
	"strings"
	"testing"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

// claims are what a test puts into a token, or takes out of it with nil.
type claims = oidctest.Claims

const redirectURI = "https://usher.example/sso/acme/oidc/callback"

// hostile is a provider on loopback that does as it is told, right or wrong, and a connection to it.
type hostile struct {
	*oidctest.Provider
	t testing.TB
}

func newHostile(t testing.TB) *hostile {
	t.Helper()
	return &hostile{oidctest.New(t), t}
}

// settings are those of a connection to this provider, changed as a test wants them.
func (h *hostile) settings(change ...func(*Settings)) Settings {
	s := Settings{
		Connection: "acme", Issuer: h.URL, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, RedirectURI: redirectURI, AllowHTTP: true,
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

// provider is the connection's end.
func (h *hostile) provider(change ...func(*Settings)) *Provider {
	h.t.Helper()
	p, err := New(h.settings(change...), h.Client(), h.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// begin sends a browser away, and returns what is remembered and what the browser brings back.
func (h *hostile) begin(p *Provider) (Request, url.Values) {
	h.t.Helper()
	address, request, refusal := p.Request(h.t.Context(), Ask{})
	if refusal != nil {
		h.t.Fatal(refusal)
	}
	return *request, h.Consent(address)
}

// login is one whole sign-in.
func (h *hostile) login(p *Provider) (*identity.Identity, *identity.Refusal) {
	h.t.Helper()
	request, query := h.begin(p)
	return p.Callback(h.t.Context(), query, request)
}

// welcome is a sign-in that has to succeed.
func (h *hostile) welcome(p *Provider) *identity.Identity {
	h.t.Helper()
	id, refusal := h.login(p)
	if refusal != nil {
		h.t.Fatalf("refused as %s: %s (%v)", refusal.Code, refusal.Reason, refusal.Err)
	}
	return id
}

// refused checks that a sign-in was refused, for this reason.
func refused(t *testing.T, id *identity.Identity, refusal *identity.Refusal, code identity.Code, reason string) {
	t.Helper()
	switch {
	case refusal == nil:
		t.Errorf("let in: %+v", id)
	case id != nil:
		t.Error("an identity and a refusal at once")
	case refusal.Code != code || !strings.Contains(refusal.Reason, reason):
		t.Errorf("refused as %s: %q, want %s: …%s…", refusal.Code, refusal.Reason, code, reason)
	case strings.ContainsAny(refusal.Reason, "\x1b\n") || strings.Contains(refusal.Error(), "s3cr3t"):
		t.Errorf("the reason %q is not fit to show", refusal.Reason)
	}
}

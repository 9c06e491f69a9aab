package oidc

import (
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
)

// The two benchmarks belong together: what a callback costs without the token endpoint may be at most one and a half times
// of what verifying its ID token costs alone.

func benchToken(b *testing.B, h *hostile) string {
	b.Helper()
	h.claims = entraClaims(claims{"auth_time": time.Now().Unix()})
	return h.idToken("n")
}

func benchHostile(b *testing.B) (*hostile, *Provider) {
	b.Helper()
	h := newHostile(b)
	return h, h.provider(entra)
}

func BenchmarkVerifyAlone(b *testing.B) {
	h, _ := benchHostile(b)
	token := benchToken(b, h)
	ctx := gooidc.ClientContext(b.Context(), h.Client())
	provider, err := gooidc.NewProvider(ctx, h.URL)
	if err != nil {
		b.Fatal(err)
	}
	verifier := provider.VerifierContext(ctx, &gooidc.Config{ClientID: clientID, SupportedSigningAlgs: []string{"RS256"}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verifier.Verify(ctx, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCallback(b *testing.B) {
	h, p := benchHostile(b)
	t := tokens{id: benchToken(b, h), access: "access"}
	m, refusal := p.known(b.Context())
	if refusal != nil {
		b.Fatal(refusal)
	}
	request := Request{Connection: "acme", Nonce: "n"}
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := p.identify(b.Context(), m, t, request); refusal != nil {
			b.Fatal(refusal)
		}
	}
}

package oidc

import (
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/mixus/usher/sso/oidc/oidctest"
)

// BenchmarkCallback says what a callback costs without the token endpoint, and by how many times that is more than
// verifying its ID token with the library alone: at most one and a half times. The two take turns, so that whatever else
// the machine does concerns both.
func BenchmarkCallback(b *testing.B) {
	h := newHostile(b)
	h.Claims = entraClaims(claims{"auth_time": time.Now().Unix()})
	t := tokens{id: h.IDToken("n"), access: "access"}
	request := Request{Connection: "acme", Nonce: "n"}

	ctx := gooidc.ClientContext(b.Context(), h.Client())
	library, err := gooidc.NewProvider(ctx, h.URL)
	if err != nil {
		b.Fatal(err)
	}
	verifier := library.VerifierContext(ctx, &gooidc.Config{ClientID: oidctest.ClientID, SupportedSigningAlgs: []string{"RS256"}})
	p := h.provider(entra)
	m, refusal := p.known(b.Context())
	if refusal != nil {
		b.Fatal(refusal)
	}
	var alone, whole time.Duration
	for b.Loop() {
		begun := time.Now()
		if _, err := verifier.Verify(ctx, t.id); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if _, refusal := p.identify(b.Context(), m, t, request); refusal != nil {
			b.Fatal(refusal)
		}
		alone += between.Sub(begun)
		whole += time.Since(between)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(alone.Nanoseconds())/float64(b.N), "ns/verify")
	b.ReportMetric(float64(whole.Nanoseconds())/float64(b.N), "ns/callback")
	b.ReportMetric(float64(whole)/float64(alone), "callback/verify")
}

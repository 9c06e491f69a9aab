package saml

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// Row 31, the part of cost: deep or wide XML, 500 encrypted assertions. Outcome: deny, before anything is parsed. What is
// counted is work, not time: how many tokens were read when the prescan gave up. Parsing has not begun by then, and
// within the bounds BenchmarkWorstCase measures what it costs.
func TestAbuse31Cost(t *testing.T) {
	most := map[string]int{ // at most these were read
		"200,000 nested tags, cut to size":      80,
		"80,000 elements side by side":          2*4096 + 8,
		"5,000 namespaces on one element":       12,
		"5,000 namespaces on nested elements":   12,
		"5,000 attributes":                      12,
		"a namespace of 10,000 bytes":           12,
		"20,000 comments":                       80,
		"20,000 processing instructions":        80,
		"20,000 empty sections of CDATA":        4*4096 + 1,
		"60 encrypted assertions":               64,
		"500 encrypted assertions, abbreviated": 16,
		"500 signatures":                        16,
		"more than 256 KiB":                     0,
	}
	for name, x := range samltest.Labours(t, good(), ownKey()) {
		t.Run(name, func(t *testing.T) {
			seen, err := prescan([]byte(x), messageBounds)
			if !errors.Is(err, errBounds) {
				t.Fatalf("the prescan says %v", err)
			}
			if tokens, known := most[name]; !known || seen.tokens > tokens {
				t.Errorf("%d tokens were read, want at most %d", seen.tokens, tokens)
			}
			says := "out of bounds"
			if len(x) > 256<<10 {
				says = "at most 262144"
			}
			denied(t, settings(rsaKey()), base64.StdEncoding.EncodeToString([]byte(x)), identity.Invalid, says)
		})
	}
	denied(t, settings(rsaKey()), strings.Repeat("A", 1<<20), identity.Invalid, "at most 262144")
}

// worst are messages that keep to every bound, and cost as much as can be.
func worst(t testing.TB) map[string]string {
	t.Helper()
	return samltest.Worst(t, good(), rsaKey(), evilKey())
}

// BenchmarkWorstCase measures what a message of up to 256 KiB costs that is refused for its signature, with ten trusted
// certificates to try. The target is 100 ms.
func BenchmarkWorstCase(b *testing.B) {
	s := settings(rsaKey(), nextKey(), ecdsaKey())
	for len(s.Metadata.Certificates) < mostCertificates {
		s.Metadata.Certificates = append(s.Metadata.Certificates, samltest.Certify(nextKey().Key, now, now.AddDate(0, 0, len(s.Metadata.Certificates))).Certificate)
	}
	for name, value := range worst(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Response(value, expected()); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// The messages of BenchmarkWorstCase measure something only while they come through the prescan.
func TestWorstCasesAreWithinBounds(t *testing.T) {
	s := settings(rsaKey())
	for name, value := range worst(t) {
		_, err := s.Response(value, expected())
		if err == nil || errors.Is(err, errBounds) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package saml

import (
	"encoding/base64"
	"net/url"
	"testing"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/sso/saml/samltest"
)

// BenchmarkResponse measures a sign-in beside the libraries alone: crewjam/saml with goxmldsig parse and verify the same
// messages. The target is at most 1.3 times theirs.
func BenchmarkResponse(b *testing.B) {
	m := good()
	key := samltest.Signer{Key: rsaKey()}
	many := m
	groups := make([]string, 150)
	for i := range groups {
		groups[i] = "00000000-0000-0000-0000-000000000000"
	}
	many.Attributes += samltest.Attribute("groups", groups...)
	for name, value := range map[string]string{
		"assertion signed":             samltest.Encode(b, m.Response(b, key.Sign(b, m.Assertion(b)))),
		"assertion signed, 150 groups": samltest.Encode(b, many.Response(b, key.Sign(b, many.Assertion(b)))),
		"response signed":              samltest.Encode(b, key.Sign(b, m.Response(b, m.Assertion(b)))),
		"both signed":                  samltest.Encode(b, key.Sign(b, m.Response(b, key.Sign(b, m.Assertion(b))))),
	} {
		b.Run(name+"/ours", func(b *testing.B) {
			s := settings(rsaKey())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Response(value, expected()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/libraries", func(b *testing.B) {
			sp := libraries(b)
			b.ReportAllocs()
			for b.Loop() {
				raw, err := base64.StdEncoding.DecodeString(value)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := sp.ParseXMLResponse(raw, []string{requestID}, sp.AcsURL); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// libraries is crewjam's service provider, set up for the same connection and the same instant.
func libraries(b *testing.B) *saml.ServiceProvider {
	b.Helper()
	realClock, realNow := saml.Clock, saml.TimeNow
	b.Cleanup(func() { saml.Clock, saml.TimeNow = realClock, realNow })
	saml.Clock, saml.TimeNow = dsig.NewFakeClockAt(now), func() time.Time { return now }
	acs, err := url.Parse(acsURL)
	if err != nil {
		b.Fatal(err)
	}
	certificate := base64.StdEncoding.EncodeToString(rsaKey().Certificate.Raw)
	idp := saml.IDPSSODescriptor{}
	idp.KeyDescriptors = []saml.KeyDescriptor{{Use: "signing", KeyInfo: saml.KeyInfo{X509Data: saml.X509Data{X509Certificates: []saml.X509Certificate{{Data: certificate}}}}}}
	return &saml.ServiceProvider{
		EntityID: entityID, AcsURL: *acs,
		IDPMetadata: &saml.EntityDescriptor{EntityID: issuerID, IDPSSODescriptors: []saml.IDPSSODescriptor{idp}},
	}
}

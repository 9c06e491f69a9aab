package saml

import (
	"testing"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// Rows 1 to 8 of the abuse catalogue. Outcome: deny.

func TestAbuse01XSW1(t *testing.T) { wrapped(t, 1) }
func TestAbuse02XSW2(t *testing.T) { wrapped(t, 2) }
func TestAbuse03XSW3(t *testing.T) { wrapped(t, 3) }
func TestAbuse04XSW4(t *testing.T) { wrapped(t, 4) }
func TestAbuse05XSW5(t *testing.T) { wrapped(t, 5) }
func TestAbuse06XSW6(t *testing.T) { wrapped(t, 6) }
func TestAbuse07XSW7(t *testing.T) { wrapped(t, 7) }
func TestAbuse08XSW8(t *testing.T) { wrapped(t, 8) }

// wrapped wants an attack denied, with the forged element's id as it is and as that of the genuine one; and beneath
// the count of assertions, wants the signature itself not to vouch for the forged element.
func wrapped(t *testing.T, xsw int) {
	t.Helper()
	s := settings(rsaKey())
	key := samltest.Signer{Key: rsaKey()}
	allowed(t, s, good().SignedBy(t, rsaKey())) // or the test shows nothing
	allowed(t, s, samltest.Encode(t, key.Sign(t, good().Response(t, good().Assertion(t)))))
	forged := good()
	forged.ID, forged.ResponseID, forged.Name = "_evil", "_evil-response", "admin"
	root, evil := samltest.Wrap(t, xsw, good(), forged, rsaKey())
	for _, id := range []string{attr(evil, "ID"), "_assertion-1", "_response-1"} {
		evil.CreateAttr("ID", id)
		s.IDPInitiated = false
		denied(t, s, samltest.Encode(t, root), identity.Invalid, "")
		s.IDPInitiated = true
		denied(t, s, samltest.Encode(t, root), identity.Invalid, "")
		beneath(t, s, root)
		for _, signature := range children(evil, nsSignature, "Signature") {
			if verified, _, err := verify(evil, signature, s.Metadata.Certificates, false); err == nil {
				t.Errorf("a signature vouches for what is forged: %s", samltest.Document(t, verified))
			}
		}
	}
}

// beneath leaves the counting of the prescan out: what then comes through, if anything, is about the genuine person.
func beneath(t *testing.T, s *Settings, root *etree.Element) {
	t.Helper()
	for signatures := range 3 {
		r := reading{Settings: s, want: expected()}
		assertion, err := r.envelope(samltest.Element(t, string(samltest.Document(t, root))), outline{assertions: 1, signatures: signatures})
		if err != nil {
			continue
		}
		accepted, err := r.believe(assertion)
		if err == nil && accepted.Identity.Subject != "ann" {
			t.Errorf("%s came through", accepted.Identity.Subject)
		}
	}
}

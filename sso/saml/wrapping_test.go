package saml

import (
	"testing"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/identity"
)

// Rows 1 to 8 of the abuse catalogue: a genuine signed part is kept where a verifier finds it, and something forged is
// put where a reader looks (Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be", 2012). Outcome: deny.

func TestAbuse01XSW1(t *testing.T) {
	evil, original, signature := forgedResponse(t)
	signature.AddChild(original)
	evil.InsertChildAt(1, signature)
	wrapped(t, evil, evil)
}

func TestAbuse02XSW2(t *testing.T) {
	evil, original, signature := forgedResponse(t)
	evil.InsertChildAt(1, original)
	evil.InsertChildAt(2, signature)
	wrapped(t, evil, evil)
}

func TestAbuse03XSW3(t *testing.T) {
	evil, original, _ := forgedAssertion(t)
	wrapped(t, good().response(t, evil, original), evil)
}

func TestAbuse04XSW4(t *testing.T) {
	evil, original, _ := forgedAssertion(t)
	evil.AddChild(original)
	wrapped(t, good().response(t, evil), evil)
}

func TestAbuse05XSW5(t *testing.T) {
	evil, original, signature := forgedAssertion(t)
	original.RemoveChild(children(original, nsSignature, "Signature")[0])
	evil.InsertChildAt(1, signature)
	wrapped(t, good().response(t, evil, original), evil)
}

func TestAbuse06XSW6(t *testing.T) {
	evil, original, signature := forgedAssertion(t)
	original.RemoveChild(children(original, nsSignature, "Signature")[0])
	signature.AddChild(original)
	evil.InsertChildAt(1, signature)
	wrapped(t, good().response(t, evil), evil)
}

func TestAbuse07XSW7(t *testing.T) {
	evil, original, _ := forgedAssertion(t)
	extensions := etree.NewElement("samlp:Extensions")
	extensions.AddChild(evil)
	wrapped(t, good().response(t, extensions, original), evil)
}

func TestAbuse08XSW8(t *testing.T) {
	evil, original, signature := forgedAssertion(t)
	original.RemoveChild(children(original, nsSignature, "Signature")[0])
	signature.CreateElement("ds:Object").AddChild(original)
	evil.InsertChildAt(1, signature)
	wrapped(t, good().response(t, evil), evil)
}

// forgedAssertion returns an assertion about somebody else, the genuine signed one, and a copy of its signature.
func forgedAssertion(t *testing.T) (evil, original, signature *etree.Element) {
	t.Helper()
	original = signer{key: rsaKey()}.sign(t, good().assertion(t))
	allowed(t, settings(rsaKey()), encode(t, good().response(t, original.Copy()))) // or the test shows nothing
	m := good()
	m.ID, m.Name = "_evil", "admin"
	return m.assertion(t), original, children(original, nsSignature, "Signature")[0].Copy()
}

// forgedResponse does the same with responses; the original comes without its signature.
func forgedResponse(t *testing.T) (evil, original, signature *etree.Element) {
	t.Helper()
	original = signer{key: rsaKey()}.sign(t, good().response(t, good().assertion(t)))
	allowed(t, settings(rsaKey()), encode(t, original.Copy()))
	m := good()
	m.ID, m.ResponseID, m.Name = "_evil", "_evil-response", "admin"
	signature = original.RemoveChildAt(1).(*etree.Element)
	return m.response(t, m.assertion(t)), original, signature
}

// wrapped wants a document denied, with the forged element's id as it is and as that of the genuine one; and beneath
// the count of assertions, wants the signature itself not to vouch for the forged element.
func wrapped(t *testing.T, root, evil *etree.Element) {
	t.Helper()
	s := settings(rsaKey())
	for _, id := range []string{attr(evil, "ID"), "_assertion-1", "_response-1"} {
		evil.CreateAttr("ID", id)
		denied(t, s, encode(t, root), identity.Invalid, "")
		s.IDPInitiated = true
		denied(t, s, encode(t, root), identity.Invalid, "")
		beneath(t, s, root)
		for _, signature := range children(evil, nsSignature, "Signature") {
			if verified, _, err := verify(evil, signature, s.Metadata.Certificates, false); err == nil {
				t.Errorf("a signature vouches for what is forged: %s", document(t, verified))
			}
		}
	}
}

// beneath leaves the counting of the prescan out: what then comes through, if anything, is about the genuine person.
func beneath(t *testing.T, s *Settings, root *etree.Element) {
	t.Helper()
	for signatures := range 3 {
		r := reading{Settings: s, want: expected()}
		assertion, err := r.envelope(element(t, string(document(t, root))), outline{assertions: 1, signatures: signatures})
		if err != nil {
			continue
		}
		accepted, err := r.believe(assertion)
		if err == nil && accepted.Identity.Subject != "ann" {
			t.Errorf("%s came through", accepted.Identity.Subject)
		}
	}
}

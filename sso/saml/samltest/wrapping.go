package samltest

import (
	"testing"

	"github.com/beevik/etree"
)

// Wrap makes one of the eight attacks by signature wrapping: a genuine signed part is kept where a verifier finds it, and
// something forged is put where a reader looks (Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be", 2012). It
// returns the document and what is forged in it.
func Wrap(t testing.TB, xsw int, genuine, forged Message, key Pair) (root, evil *etree.Element) {
	t.Helper()
	if xsw <= 2 {
		return wrapResponse(t, xsw, genuine, forged, key)
	}
	original := Signer{Key: key}.Sign(t, genuine.Assertion(t))
	signature := Signature(t, original).Copy()
	evil = forged.Assertion(t)
	if xsw == 5 || xsw == 6 || xsw == 8 { // the signature moves from the original to what is forged
		original.RemoveChild(Signature(t, original))
	}
	switch xsw {
	case 3:
		return genuine.Response(t, evil, original), evil
	case 4:
		evil.AddChild(original)
	case 5:
		evil.InsertChildAt(1, signature)
		return genuine.Response(t, evil, original), evil
	case 6:
		signature.AddChild(original)
		evil.InsertChildAt(1, signature)
	case 7:
		extensions := etree.NewElement("samlp:Extensions")
		extensions.AddChild(evil)
		return genuine.Response(t, extensions, original), evil
	case 8:
		signature.CreateElement("ds:Object").AddChild(original)
		evil.InsertChildAt(1, signature)
	}
	return genuine.Response(t, evil), evil
}

// wrapResponse does it with a signed response.
func wrapResponse(t testing.TB, xsw int, genuine, forged Message, key Pair) (root, evil *etree.Element) {
	t.Helper()
	original := Signer{Key: key}.Sign(t, genuine.Response(t, genuine.Assertion(t)))
	signature := original.RemoveChildAt(1).(*etree.Element)
	evil = forged.Response(t, forged.Assertion(t))
	if xsw == 1 {
		signature.AddChild(original)
		evil.InsertChildAt(1, signature)
		return evil, evil
	}
	evil.InsertChildAt(1, original)
	evil.InsertChildAt(2, signature)
	return evil, evil
}

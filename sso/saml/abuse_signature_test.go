package saml

import (
	"testing"

	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// Row 9: unsigned, or with the signature taken off. Outcome: deny.
func TestAbuse09Unsigned(t *testing.T) {
	s := settings(rsaKey())
	denied(t, s, samltest.Encode(t, good().Response(t, good().Assertion(t))), identity.Invalid, "Neither the response nor the assertion is signed")

	stripped := samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t))
	children(stripped, nsSignature, "Signature")[0].Child = nil
	denied(t, s, samltest.Encode(t, good().Response(t, stripped)), identity.Invalid, "SignedInfo")

	elsewhere := samltest.Rewrap(t, good().SignedBy(t, rsaKey()), func(x string) string {
		return samltest.Swap(t, x, "<samlp:Status>", `<samlp:Extensions><ds:Signature xmlns:ds="`+nsSignature+`"/></samlp:Extensions><samlp:Status>`)
	})
	denied(t, s, elsewhere, identity.Invalid, "signatures where none belongs")

	altered := samltest.Rewrap(t, good().SignedBy(t, rsaKey()), func(x string) string { return samltest.Swap(t, x, ">ann<", ">bob<") })
	denied(t, s, altered, identity.Invalid, "the content is not what was signed")
}

// Row 10: a signed response around an unsigned assertion. Outcome: allow; deny where the connection wants assertions signed.
func TestAbuse10SignedResponseUnsignedAssertion(t *testing.T) {
	value := samltest.Encode(t, samltest.Signer{Key: rsaKey()}.Sign(t, good().Response(t, good().Assertion(t))))
	s := settings(rsaKey())
	if got := allowed(t, s, value); got.Identity.Subject != "ann" {
		t.Errorf("subject %q", got.Identity.Subject)
	}
	s.WantAssertionsSigned = true
	denied(t, s, value, identity.Misset, "wants assertions signed")
}

// Row 11: an assertion appended to a signed response. Outcome: deny.
func TestAbuse11AppendedAssertion(t *testing.T) {
	evil := good()
	evil.ID, evil.Name = "_evil", "admin"
	for _, both := range []bool{false, true} {
		a := good().Assertion(t)
		if both {
			a = samltest.Signer{Key: rsaKey()}.Sign(t, a)
		}
		root := samltest.Signer{Key: rsaKey()}.Sign(t, good().Response(t, a))
		root.AddChild(evil.Assertion(t))
		denied(t, settings(rsaKey()), samltest.Encode(t, root), identity.Invalid, "more than 1 assertions")
		root.AddChild(samltest.Encrypt(t, evil.Assertion(t), ownKey(), dataGCM256, keyOAEP, ""))
		denied(t, settings(rsaKey()), samltest.Encode(t, root), identity.Invalid, "more than 1 assertions")
	}
}

// Row 12: an encrypted unsigned assertion in an unsigned response. Outcome: deny. Anybody can encrypt to us.
func TestAbuse12EncryptedUnsigned(t *testing.T) {
	value := samltest.Encode(t, good().Response(t, samltest.Encrypt(t, good().Assertion(t), ownKey(), dataGCM256, keyOAEP, "")))
	denied(t, settings(rsaKey()), value, identity.Invalid, "Neither the response nor the assertion is signed")
}

// Row 23: SHA-1, in the signature or in the digest. Outcome: deny unless the connection allows it.
func TestAbuse23SHA1(t *testing.T) {
	for name, sg := range map[string]samltest.Signer{
		"signature": {Key: rsaKey(), Method: dsig.RSASHA1SignatureMethod},
		"digest":    {Key: rsaKey(), Digest: nsSignature + "sha1"},
		"both":      {Key: rsaKey(), Method: dsig.RSASHA1SignatureMethod, Digest: nsSignature + "sha1"},
		"ecdsa":     {Key: ecdsaKey(), Method: dsig.ECDSASHA1SignatureMethod, Digest: nsSignature + "sha1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(rsaKey(), ecdsaKey())
			value := samltest.Encode(t, good().Response(t, sg.Sign(t, good().Assertion(t))))
			denied(t, s, value, identity.Misset, "SHA-1")
			s.AllowSHA1 = true
			allowed(t, s, value)
		})
	}
}

// Row 24: HMAC with the certificate that everybody has as key, or an XSLT transform. Outcome: deny.
func TestAbuse24HMACAndXSLT(t *testing.T) {
	s := settings(rsaKey())
	filtered := func(x string) string {
		return samltest.Swap(t, x, samltest.Exclusive, "http://www.w3.org/2002/06/xml-dsig-filter2")
	}
	for name, c := range map[string]struct {
		by   samltest.Signer
		says string
	}{
		"HMAC by certificate": {samltest.Signer{Method: "http://www.w3.org/2000/09/xmldsig#hmac-sha1", MAC: rsaKey().Certificate.Raw}, "the signature algorithm"},
		"HMAC SHA-256":        {samltest.Signer{Method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", MAC: rsaKey().Certificate.RawSubjectPublicKeyInfo}, "the signature algorithm"},
		"no method":           {samltest.Signer{Method: "none"}, "the signature algorithm"},
		"XSLT":                {samltest.Signer{Transforms: []string{"http://www.w3.org/TR/1999/REC-xslt-19991116", samltest.Exclusive}}, "the transforms"},
		"XSLT at the end":     {samltest.Signer{Transforms: []string{dsig.EnvelopedSignatureAltorithmId.String(), "http://www.w3.org/TR/1999/REC-xslt-19991116"}}, "the transforms"},
		"XPath":               {samltest.Signer{Transforms: []string{dsig.EnvelopedSignatureAltorithmId.String(), "http://www.w3.org/TR/1999/REC-xpath-19991116", samltest.Exclusive}}, "the transforms"},
		"no transforms":       {samltest.Signer{Transforms: []string{}}, "the transforms"},
		"a filter":            {samltest.Signer{Info: filtered}, "the canonicalization"},
		"MD5":                 {samltest.Signer{Digest: "http://www.w3.org/2001/04/xmldsig-more#md5"}, "the digest algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			c.by.Key = rsaKey()
			denied(t, s, samltest.Encode(t, good().Response(t, c.by.Sign(t, good().Assertion(t)))), identity.Invalid, c.says)
		})
	}
	t.Run("an object in the signature", func(t *testing.T) {
		a := samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t))
		children(a, nsSignature, "Signature")[0].CreateElement("ds:Object")
		denied(t, s, samltest.Encode(t, good().Response(t, a)), identity.Invalid, "has the element Object in it")
	})
}

// Row 25: a key of the sender's own, which the signature brings along. Outcome: deny.
func TestAbuse25ForeignKeyInfo(t *testing.T) {
	s := settings(rsaKey(), ecdsaKey())
	denied(t, s, good().SignedBy(t, evilKey()), identity.Invalid, Fingerprint(evilKey().Certificate))
	posing := samltest.Signer{Key: evilKey(), KeyInfo: rsaKey().Certificate}
	denied(t, s, samltest.Encode(t, good().Response(t, posing.Sign(t, good().Assertion(t)))), identity.Invalid, "no certificate of the provider fits")
	hiding := samltest.Signer{Key: evilKey(), NoKeyInfo: true}
	denied(t, s, samltest.Encode(t, good().Response(t, hiding.Sign(t, good().Assertion(t)))), identity.Invalid, "no certificate of the provider fits")
}

// Row 26: two references in SignedInfo, one to what is genuine (CVE-2026-33487). Outcome: deny.
func TestAbuse26TwoReferences(t *testing.T) {
	s := settings(rsaKey())
	reference := func(uri string) string {
		return `<ds:Reference URI="` + uri + `"><ds:Transforms><ds:Transform Algorithm="` + samltest.Exclusive + `"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>`
	}
	for name, sg := range map[string]samltest.Signer{
		"same twice": {Key: rsaKey(), References: reference("#_assertion-1")},
		"another":    {Key: rsaKey(), References: reference("#_other")},
		"the first": {Key: rsaKey(), Info: func(x string) string {
			return samltest.Swap(t, x, "<ds:Reference", reference("#_other")+"<ds:Reference")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			denied(t, s, samltest.Encode(t, good().Response(t, sg.Sign(t, good().Assertion(t)))), identity.Invalid, "SignedInfo has 4 parts")
		})
	}
	empty, other := "", "#_response-1"
	for _, uri := range []*string{&empty, &other} {
		value := samltest.Encode(t, good().Response(t, samltest.Signer{Key: rsaKey(), URI: uri}.Sign(t, good().Assertion(t))))
		denied(t, s, value, identity.Invalid, "refers to")
	}
}

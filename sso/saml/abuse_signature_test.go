package saml

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/sso/identity"
)

// Row 9: unsigned, or with the signature taken off. Outcome: deny.
func TestAbuse09Unsigned(t *testing.T) {
	s := settings(rsaKey())
	denied(t, s, encode(t, good().response(t, good().assertion(t))), identity.Invalid, "Neither the response nor the assertion is signed")

	stripped := signer{key: rsaKey()}.sign(t, good().assertion(t))
	children(stripped, nsSignature, "Signature")[0].Child = nil
	denied(t, s, encode(t, good().response(t, stripped)), identity.Invalid, "SignedInfo")

	elsewhere := rewrap(t, good().signedBy(t, rsaKey()), func(x string) string {
		return swap(t, x, "<samlp:Status>", `<samlp:Extensions><ds:Signature xmlns:ds="`+nsSignature+`"/></samlp:Extensions><samlp:Status>`)
	})
	denied(t, s, elsewhere, identity.Invalid, "signatures where none belongs")

	altered := rewrap(t, good().signedBy(t, rsaKey()), func(x string) string { return swap(t, x, ">ann<", ">bob<") })
	denied(t, s, altered, identity.Invalid, "the content is not what was signed")
}

// Row 10: a signed response around an unsigned assertion. Outcome: allow; deny where the connection wants assertions signed.
func TestAbuse10SignedResponseUnsignedAssertion(t *testing.T) {
	value := encode(t, signer{key: rsaKey()}.sign(t, good().response(t, good().assertion(t))))
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
		a := good().assertion(t)
		if both {
			a = signer{key: rsaKey()}.sign(t, a)
		}
		root := signer{key: rsaKey()}.sign(t, good().response(t, a))
		root.AddChild(evil.assertion(t))
		denied(t, settings(rsaKey()), encode(t, root), identity.Invalid, "more than 1 assertions")
		root.AddChild(encrypt(t, evil.assertion(t), ownKey(), dataGCM256, keyOAEP, ""))
		denied(t, settings(rsaKey()), encode(t, root), identity.Invalid, "more than 1 assertions")
	}
}

// Row 12: an encrypted unsigned assertion in an unsigned response. Outcome: deny. Anybody can encrypt to us.
func TestAbuse12EncryptedUnsigned(t *testing.T) {
	value := encode(t, good().response(t, encrypt(t, good().assertion(t), ownKey(), dataGCM256, keyOAEP, "")))
	denied(t, settings(rsaKey()), value, identity.Invalid, "Neither the response nor the assertion is signed")
}

// Row 23: SHA-1, in the signature or in the digest. Outcome: deny unless the connection allows it.
func TestAbuse23SHA1(t *testing.T) {
	for name, sg := range map[string]signer{
		"signature": {key: rsaKey(), method: dsig.RSASHA1SignatureMethod},
		"digest":    {key: rsaKey(), digest: nsSignature + "sha1"},
		"both":      {key: rsaKey(), method: dsig.RSASHA1SignatureMethod, digest: nsSignature + "sha1"},
		"ecdsa":     {key: ecdsaKey(), method: dsig.ECDSASHA1SignatureMethod, digest: nsSignature + "sha1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(rsaKey(), ecdsaKey())
			value := encode(t, good().response(t, sg.sign(t, good().assertion(t))))
			denied(t, s, value, identity.Misset, "SHA-1")
			s.AllowSHA1 = true
			allowed(t, s, value)
		})
	}
}

// Row 24: HMAC with the certificate that everybody has as key, or an XSLT transform. Outcome: deny.
func TestAbuse24HMACAndXSLT(t *testing.T) {
	s := settings(rsaKey())
	filtered := func(x string) string { return swap(t, x, exclusive, "http://www.w3.org/2002/06/xml-dsig-filter2") }
	for name, c := range map[string]struct {
		by   signer
		says string
	}{
		"HMAC by certificate": {signer{method: "http://www.w3.org/2000/09/xmldsig#hmac-sha1", mac: rsaKey().Certificate.Raw}, "the signature algorithm"},
		"HMAC SHA-256":        {signer{method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", mac: rsaKey().Certificate.RawSubjectPublicKeyInfo}, "the signature algorithm"},
		"no method":           {signer{method: "none"}, "the signature algorithm"},
		"XSLT":                {signer{transforms: []string{"http://www.w3.org/TR/1999/REC-xslt-19991116", exclusive}}, "the transforms"},
		"XSLT at the end":     {signer{transforms: []string{dsig.EnvelopedSignatureAltorithmId.String(), "http://www.w3.org/TR/1999/REC-xslt-19991116"}}, "the transforms"},
		"XPath":               {signer{transforms: []string{dsig.EnvelopedSignatureAltorithmId.String(), "http://www.w3.org/TR/1999/REC-xpath-19991116", exclusive}}, "the transforms"},
		"no transforms":       {signer{transforms: []string{}}, "the transforms"},
		"a filter":            {signer{info: filtered}, "the canonicalization"},
		"MD5":                 {signer{digest: "http://www.w3.org/2001/04/xmldsig-more#md5"}, "the digest algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			c.by.key = rsaKey()
			denied(t, s, encode(t, good().response(t, c.by.sign(t, good().assertion(t)))), identity.Invalid, c.says)
		})
	}
	t.Run("an object in the signature", func(t *testing.T) {
		a := signer{key: rsaKey()}.sign(t, good().assertion(t))
		children(a, nsSignature, "Signature")[0].CreateElement("ds:Object")
		denied(t, s, encode(t, good().response(t, a)), identity.Invalid, "has the element Object in it")
	})
}

// Row 25: a key of the sender's own, which the signature brings along. Outcome: deny.
func TestAbuse25ForeignKeyInfo(t *testing.T) {
	s := settings(rsaKey(), ecdsaKey())
	denied(t, s, good().signedBy(t, evilKey()), identity.Invalid, Fingerprint(evilKey().Certificate))
	posing := signer{key: evilKey(), keyInfo: rsaKey().Certificate}
	denied(t, s, encode(t, good().response(t, posing.sign(t, good().assertion(t)))), identity.Invalid, "no certificate of the provider fits")
	hiding := signer{key: evilKey(), noKeyInfo: true}
	denied(t, s, encode(t, good().response(t, hiding.sign(t, good().assertion(t)))), identity.Invalid, "no certificate of the provider fits")
}

// Row 26: two references in SignedInfo, one to what is genuine (CVE-2026-33487). Outcome: deny.
func TestAbuse26TwoReferences(t *testing.T) {
	s := settings(rsaKey())
	reference := func(uri string) string {
		return `<ds:Reference URI="` + uri + `"><ds:Transforms><ds:Transform Algorithm="` + exclusive + `"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>`
	}
	for name, sg := range map[string]signer{
		"same twice": {key: rsaKey(), references: reference("#_assertion-1")},
		"another":    {key: rsaKey(), references: reference("#_other")},
		"the first":  {key: rsaKey(), info: func(x string) string { return swap(t, x, "<ds:Reference", reference("#_other")+"<ds:Reference") }},
	} {
		t.Run(name, func(t *testing.T) {
			denied(t, s, encode(t, good().response(t, sg.sign(t, good().assertion(t)))), identity.Invalid, "SignedInfo has 4 parts")
		})
	}
	empty, other := "", "#_response-1"
	for _, uri := range []*string{&empty, &other} {
		value := encode(t, good().response(t, signer{key: rsaKey(), uri: uri}.sign(t, good().assertion(t))))
		denied(t, s, value, identity.Invalid, "refers to")
	}
}

func hmacSHA256(key, octets []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(octets)
	return h.Sum(nil)
}

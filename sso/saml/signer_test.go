package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// signer signs as it is told, also in ways in which no provider signs. Of the package, it uses the tables of algorithms
// only; the canonical form is goxmldsig's.
type signer struct {
	key        KeyPair
	method     string                   // of the signature; by the key when empty
	digest     string                   // SHA-256 when empty
	transforms []string                 // enveloped and exclusive when nil
	uri        *string                  // the element's id when nil
	references string                   // further references, as text
	keyInfo    *x509.Certificate        // the key's own when nil
	noKeyInfo  bool                     // leaves KeyInfo out
	der        bool                     // ECDSA in ASN.1
	mac        []byte                   // signs with HMAC by this key
	info       func(info string) string // changes SignedInfo before it is signed
}

const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"

// sign puts a signature into an element, after its issuer, and returns the element.
func (s signer) sign(t testing.TB, el *etree.Element) *etree.Element {
	t.Helper()
	el.InsertChildAt(1, s.signature(t, el))
	return el
}

// signature makes a signature for an element, without putting it there.
func (s signer) signature(t testing.TB, el *etree.Element) *etree.Element {
	t.Helper()
	info := s.signedInfo(t, el)
	canonical := canonicalForm(t, element(t, info))
	value := s.value(t, canonical)
	var b strings.Builder
	b.WriteString(`<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` + info)
	b.WriteString(`<ds:SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue>`)
	certificate := s.key.Certificate
	if s.keyInfo != nil {
		certificate = s.keyInfo
	}
	if !s.noKeyInfo {
		b.WriteString(`<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(certificate.Raw) +
			`</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`)
	}
	return element(t, b.String()+`</ds:Signature>`)
}

func (s signer) signedInfo(t testing.TB, el *etree.Element) string {
	t.Helper()
	method, digest, transforms := s.method, s.digest, s.transforms
	if method == "" {
		method = s.key.method()
	}
	if digest == "" {
		digest = "http://www.w3.org/2001/04/xmlenc#sha256"
	}
	if transforms == nil {
		transforms = []string{dsig.EnvelopedSignatureAltorithmId.String(), exclusive}
	}
	uri := "#" + attr(el, "ID")
	if s.uri != nil {
		uri = *s.uri
	}
	hash, ok := digestOf(digest)
	if !ok {
		hash = crypto.SHA256
	}
	h := hash.New()
	h.Write(canonicalForm(t, element(t, string(document(t, el)))))
	var b strings.Builder
	b.WriteString(`<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:CanonicalizationMethod Algorithm="` + exclusive + `"></ds:CanonicalizationMethod>`)
	b.WriteString(`<ds:SignatureMethod Algorithm="` + method + `"></ds:SignatureMethod><ds:Reference URI="` + uri + `"><ds:Transforms>`)
	for _, transform := range transforms {
		b.WriteString(`<ds:Transform Algorithm="` + transform + `"></ds:Transform>`)
	}
	b.WriteString(`</ds:Transforms><ds:DigestMethod Algorithm="` + digest + `"></ds:DigestMethod><ds:DigestValue>`)
	b.WriteString(base64.StdEncoding.EncodeToString(h.Sum(nil)) + `</ds:DigestValue></ds:Reference>` + s.references + `</ds:SignedInfo>`)
	if s.info != nil {
		return s.info(b.String())
	}
	return b.String()
}

func (s signer) value(t testing.TB, octets []byte) []byte {
	t.Helper()
	if s.mac != nil {
		return hmacSHA256(s.mac, octets)
	}
	hash := crypto.SHA256
	if m, ok := methodOf(s.method); ok {
		hash = m.hash
	}
	h := hash.New()
	h.Write(octets)
	key := s.key.signer()
	if s.der {
		key = s.key.Key
	}
	out, err := key.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// canonicalForm is the exclusive canonical XML of an element that stands alone.
func canonicalForm(t testing.TB, el *etree.Element) []byte {
	t.Helper()
	plain := element(t, strings.NewReplacer("<![CDATA[", "", "]]>", "").Replace(string(document(t, el))))
	out, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(plain)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

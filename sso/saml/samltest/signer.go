package samltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	_ "crypto/sha1"   // crypto.SHA1, with which some tests sign
	_ "crypto/sha512" // crypto.SHA384 and SHA512
)

// Exclusive is the canonical form in which everything is signed.
const Exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"

// Signer signs as it is told, also in ways in which no provider signs. The canonical form is goxmldsig's.
type Signer struct {
	Key        Pair
	Method     string                   // of the signature; by the key, with SHA-256, when empty
	Digest     string                   // SHA-256 when empty
	Transforms []string                 // enveloped and exclusive when nil
	URI        *string                  // the element's id when nil
	References string                   // further references, as text
	KeyInfo    *x509.Certificate        // the key's own when nil
	NoKeyInfo  bool                     // leaves KeyInfo out
	DER        bool                     // ECDSA in ASN.1
	MAC        []byte                   // signs with HMAC by this key
	Info       func(info string) string // changes SignedInfo before it is signed
}

// Sign puts a signature into an element, after its issuer, and returns the element.
func (s Signer) Sign(t testing.TB, el *etree.Element) *etree.Element {
	t.Helper()
	el.InsertChildAt(1, s.Signature(t, el))
	return el
}

// Signature makes a signature for an element, without putting it there.
func (s Signer) Signature(t testing.TB, el *etree.Element) *etree.Element {
	t.Helper()
	info := s.signedInfo(t, el)
	value := s.value(t, canonical(t, Element(t, info)))
	var b strings.Builder
	b.WriteString(`<ds:Signature xmlns:ds="` + nsSignature + `">` + info)
	b.WriteString(`<ds:SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue>`)
	certificate := s.Key.Certificate
	if s.KeyInfo != nil {
		certificate = s.KeyInfo
	}
	if !s.NoKeyInfo {
		b.WriteString(`<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(certificate.Raw) +
			`</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`)
	}
	return Element(t, b.String()+`</ds:Signature>`)
}

func (s Signer) signedInfo(t testing.TB, el *etree.Element) string {
	t.Helper()
	method, digest, transforms := s.method(), s.Digest, s.Transforms
	if digest == "" {
		digest = nsEncrypted + "sha256"
	}
	if transforms == nil {
		transforms = []string{dsig.EnvelopedSignatureAltorithmId.String(), Exclusive}
	}
	uri := "#" + el.SelectAttrValue("ID", "")
	if s.URI != nil {
		uri = *s.URI
	}
	h := hashOf(digest).New()
	h.Write(canonical(t, el))
	var b strings.Builder
	b.WriteString(`<ds:SignedInfo xmlns:ds="` + nsSignature + `"><ds:CanonicalizationMethod Algorithm="` + Exclusive + `"></ds:CanonicalizationMethod>`)
	b.WriteString(`<ds:SignatureMethod Algorithm="` + method + `"></ds:SignatureMethod><ds:Reference URI="` + uri + `"><ds:Transforms>`)
	for _, transform := range transforms {
		b.WriteString(`<ds:Transform Algorithm="` + transform + `"></ds:Transform>`)
	}
	b.WriteString(`</ds:Transforms><ds:DigestMethod Algorithm="` + digest + `"></ds:DigestMethod><ds:DigestValue>`)
	b.WriteString(base64.StdEncoding.EncodeToString(h.Sum(nil)) + `</ds:DigestValue></ds:Reference>` + s.References + `</ds:SignedInfo>`)
	if s.Info != nil {
		return s.Info(b.String())
	}
	return b.String()
}

// method is the algorithm that the signature names.
func (s Signer) method() string {
	if s.Method != "" {
		return s.Method
	}
	if _, ok := s.Key.Key.(*ecdsa.PrivateKey); ok {
		return dsig.ECDSASHA256SignatureMethod
	}
	return dsig.RSASHA256SignatureMethod
}

// hashOf returns the hash that an algorithm's name ends with. What there is none for is hashed with SHA-256: it is refused
// for its name.
func hashOf(algorithm string) crypto.Hash {
	for suffix, hash := range map[string]crypto.Hash{"sha1": crypto.SHA1, "sha384": crypto.SHA384, "sha512": crypto.SHA512} {
		if strings.HasSuffix(algorithm, suffix) {
			return hash
		}
	}
	return crypto.SHA256
}

func (s Signer) value(t testing.TB, octets []byte) []byte {
	t.Helper()
	if s.MAC != nil {
		mac := hmac.New(sha256.New, s.MAC)
		mac.Write(octets)
		return mac.Sum(nil)
	}
	hash := hashOf(s.method())
	h := hash.New()
	h.Write(octets)
	out, err := s.Key.Key.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := s.Key.Key.(*ecdsa.PrivateKey)
	if !ok || s.DER {
		return out
	}
	return plain(t, out, (key.Params().BitSize+7)/8)
}

// plain writes an ECDSA signature as XML has it: r and s, of a fixed size each (XML Signature, section 6.4.3).
func plain(t testing.TB, der []byte, size int) []byte {
	t.Helper()
	var signature struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &signature); err != nil {
		t.Fatal(err)
	}
	return append(signature.R.FillBytes(make([]byte, size)), signature.S.FillBytes(make([]byte, size))...)
}

// canonical is the exclusive canonical XML of an element that stands alone.
func canonical(t testing.TB, el *etree.Element) []byte {
	t.Helper()
	alone := Element(t, strings.NewReplacer("<![CDATA[", "", "]]>", "").Replace(string(Document(t, el))))
	out, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(alone)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

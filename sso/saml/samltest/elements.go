package samltest

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// The XML namespaces of the messages.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsEncrypted = "http://www.w3.org/2001/04/xmlenc#"
	nsEncrypt11 = "http://www.w3.org/2009/xmlenc11#"
)

// Element reads a text as one element. Sections of CDATA stay what they are.
func Element(t testing.TB, text string) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	doc.ReadSettings.PreserveCData = true
	if err := doc.ReadFromString(text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return doc.Root()
}

// Document writes an element as a document.
func Document(t testing.TB, el *etree.Element) []byte {
	t.Helper()
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	out, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Encode writes an element as the value of SAMLResponse.
func Encode(t testing.TB, el *etree.Element) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(Document(t, el))
}

// Swap replaces a text once, which must be there.
func Swap(t testing.TB, in, old, replacement string) string {
	t.Helper()
	if !strings.Contains(in, old) {
		t.Fatalf("there is no %s in %s", old, in)
	}
	return strings.Replace(in, old, replacement, 1)
}

// Rewrap changes the document in a value of SAMLResponse, as somebody on its way can.
func Rewrap(t testing.TB, value string, change func(string) string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(bytes.TrimSpace([]byte(change(string(raw)))))
}

// Signature returns the signature that is a child of an element.
func Signature(t testing.TB, el *etree.Element) *etree.Element {
	t.Helper()
	for _, child := range el.ChildElements() {
		if child.Tag == "Signature" && child.NamespaceURI() == nsSignature {
			return child
		}
	}
	t.Fatalf("there is no signature in %s", el.Tag)
	return nil
}

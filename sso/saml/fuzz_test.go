package saml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/beevik/etree"
	validator "github.com/mattermost/xml-roundtrip-validator"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// seeds are messages of every kind, good and bad.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	key := samltest.Signer{Key: rsaKey()}
	encrypted := samltest.Encrypt(f, key.Sign(f, good().Assertion(f)), ownKey(), dataGCM256, keyOAEP11, samltest.Digest("http://www.w3.org/2001/04/xmlenc#sha256")+samltest.Mask("sha256"))
	denied := good()
	denied.Status = `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/><samlp:StatusMessage>no</samlp:StatusMessage>`
	return [][]byte{
		samltest.Document(f, good().Response(f, key.Sign(f, good().Assertion(f)))),
		samltest.Document(f, key.Sign(f, good().Response(f, key.Sign(f, good().Assertion(f))))),
		samltest.Document(f, key.Sign(f, good().Response(f, good().Assertion(f)))),
		samltest.Document(f, good().Response(f, encrypted)),
		samltest.Document(f, denied.Response(f)),
		[]byte(`<?xml version="1.0" encoding="UTF-8"?><a xmlns:b="u" b:c="d"><!-- e --><?f g?><![CDATA[h]]>&amp;&#13;</a>`),
		[]byte(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`),
		[]byte("<:a :b='c'/>"), []byte("<a:b:c/>"), []byte("<a b='c' b='d'/>"), []byte("<a/><b/>"), []byte("<a></b>"), []byte("\xff\xfe<\x00a\x00/\x00>\x00"),
	}
}

// FuzzPrescan looks for documents that come through the prescan and are read in two ways, or beyond the bounds.
func FuzzPrescan(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, x []byte) {
		found, err := prescan(x, messageBounds)
		if err != nil {
			return
		}
		// What survives is stable under encoding/xml: the check that crewjam/saml makes of every message. An empty section
		// of CDATA, of which nothing is written back, it takes for the end.
		if err := validator.Validate(bytes.NewReader(x)); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("it does not survive a round trip: %v", err)
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(x); err != nil || doc.Root() == nil {
			t.Fatalf("the parser refuses it: %v", err)
		}
		if n := len(doc.FindElements("//Assertion")) + len(doc.FindElements("//EncryptedAssertion")); n != found.assertions+found.encrypted || n > 1 {
			t.Errorf("the parser sees %d assertions, and the prescan %d and %d", n, found.assertions, found.encrypted)
		}
		if n := len(doc.FindElements("//Signature")); n != found.signatures {
			t.Errorf("the parser sees %d signatures, and the prescan %d", n, found.signatures)
		}
		if n := len(doc.FindElements("//*")); n > messageBounds.elements || len(doc.ChildElements()) != 1 {
			t.Errorf("%d elements under %d roots", n, len(doc.ChildElements()))
		}
	})
}

// FuzzResponse looks for messages that are believed though nobody signed them, and for panics. The provider's key is made
// anew for each process: no message of the corpus is signed by it, and none may be believed.
func FuzzResponse(f *testing.F) {
	s := settings(nextKey())
	s.IDPInitiated = true
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, x []byte) {
		accepted, err := s.Response(base64.StdEncoding.EncodeToString(x), expected())
		var refusal *identity.Refusal
		if accepted != nil || !errors.As(err, &refusal) || refusal.Reason == "" || refusal.Code == "" {
			t.Fatalf("got %+v, %v", accepted, err)
		}
		panicked(t, refusal)
		for _, binding := range []Binding{Redirect, POST} {
			in := &Inbound{Binding: binding, Request: true, document: x, signature: []byte("x")}
			if got, err := s.ReadLogoutRequest(in, now); got != nil || err == nil {
				t.Fatalf("got %+v, %v", got, err)
			}
		}
		// Encrypted to us, it comes in by another door.
		inside := samltest.EncryptText(t, x, ownKey(), dataGCM128, keyOAEP, "")
		accepted, err = s.Response(samltest.Encode(t, good().Response(t, inside)), expected())
		if accepted != nil || !errors.As(err, &refusal) {
			t.Fatalf("got %+v, %v", accepted, err)
		}
		panicked(t, refusal)
		if got, err := ParseMetadata(x, Source{At: now}); err == nil && got.EntityID == "" {
			t.Errorf("got %+v", got)
		}
	})
}

// panicked fails where a refusal is really a panic that was caught.
func panicked(t *testing.T, refusal *identity.Refusal) {
	t.Helper()
	if refusal.Err != nil && strings.HasPrefix(refusal.Err.Error(), "panic: ") {
		t.Errorf("it panicked: %v", refusal.Err)
	}
}

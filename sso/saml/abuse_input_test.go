package saml

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// Row 21: a comment, CDATA or processing instruction inside the NameID. Outcome: the whole string is the subject.
func TestAbuse21SplitNameID(t *testing.T) {
	for name, split := range map[string]string{
		"comment": "ann@acme.com<!-- x -->.evil.com", "CDATA": "ann@acme.com<![CDATA[.evil.com]]>", "PI": "ann@acme.com<?x y?>.evil.com",
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			m.Format, m.Name = urnEmailAddress, "ann@acme.com.evil.com"
			m.Attributes = ""
			value := ""
			if name == "PI" { // which stays in canonical XML, so that it has to be signed
				m.Name = split
				value = m.SignedBy(t, rsaKey())
			} else {
				value = samltest.Rewrap(t, m.SignedBy(t, rsaKey()), func(x string) string { return samltest.Swap(t, x, m.Name, split) })
			}
			s := settings(rsaKey())
			s.NameIDFormat = EmailAddress
			got := allowed(t, s, value).Identity
			if got.Subject != "ann@acme.com.evil.com" || len(got.Addresses) != 1 || got.Addresses[0].Value != got.Subject {
				t.Errorf("subject %q, addresses %v", got.Subject, got.Addresses)
			}
		})
	}
}

// Row 22: a DOCTYPE, an external entity, an entity bomb. Outcome: deny before parsing.
func TestAbuse22Doctype(t *testing.T) {
	for name, prolog := range map[string]string{
		"doctype":  `<!DOCTYPE x>`,
		"external": `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`,
		"bomb":     `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>`,
	} {
		t.Run(name, func(t *testing.T) {
			value := samltest.Rewrap(t, good().SignedBy(t, rsaKey()), func(x string) string { return prolog + x })
			denied(t, settings(rsaKey()), value, identity.Invalid, "DOCTYPE")
		})
	}
	entity := samltest.Rewrap(t, good().SignedBy(t, rsaKey()), func(x string) string { return samltest.Swap(t, x, ">ann<", ">&e;<") })
	denied(t, settings(rsaKey()), entity, identity.Invalid, "entity")
}

// Row 27, the part of messages: a relay state stays one opaque parameter, and cannot add others to the URL or to the form.
func TestAbuse27RelayStateIsOpaque(t *testing.T) {
	s := settings(rsaKey())
	s.SignRequests = true
	state := `//evil.example/&SAMLRequest=x&Signature="><b>`
	out, err := s.Request(Ask{At: now, Binding: Redirect, RelayState: state})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	if query.Get("RelayState") != state || len(query["SAMLRequest"]) != 1 || len(query["Signature"]) != 1 || u.Host != "idp.example" {
		t.Errorf("the URL is %s", out.URL)
	}
	if _, err := s.Request(Ask{At: now, RelayState: strings.Repeat("x", 81)}); err == nil {
		t.Error("a relay state is sent that providers cut off")
	}
}

// Row 31, the part of panics: messages that made libraries panic. Outcome: deny.
func TestAbuse31PanicInputs(t *testing.T) {
	s := settings(rsaKey())
	whole := good().AssertionText(t)
	cut := func(from, to string) *etree.Element {
		i, j := strings.Index(whole, from), strings.Index(whole, to)
		return samltest.Element(t, whole[:i]+whole[j:])
	}
	for name, a := range map[string]*etree.Element{
		"no conditions": cut("<saml:Conditions", "<saml:AuthnStatement"),
		"no subject":    cut("<saml:Subject>", "<saml:Conditions"),
		"no statement":  cut("<saml:AuthnStatement", "<saml:AttributeStatement"),
		"no issuer":     cut("<saml:Issuer", "<saml:Subject>"),
		"no name":       cut("<saml:NameID", "<saml:SubjectConfirmation"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Response(samltest.Encode(t, good().Response(t, samltest.Signer{Key: rsaKey()}.Sign(t, a))), expected())
			if err == nil {
				t.Fatal("accepted")
			}
		})
	}
	for _, algorithm := range []string{dataGCM128, dataGCM256, dataCBC128, dataCBC256} {
		for _, length := range []int{0, 1, 11, 12, 15, 16, 17, 31, 33} {
			el := samltest.Encrypt(t, good().Assertion(t), ownKey(), algorithm, keyOAEP, "")
			el.FindElement("./EncryptedData/CipherData/CipherValue").SetText(base64.StdEncoding.EncodeToString(make([]byte, length)))
			denied(t, s, samltest.Encode(t, good().Response(t, el)), identity.Invalid, "cannot be")
		}
	}
	for _, value := range []string{"", "%%%", "AAAA", base64.StdEncoding.EncodeToString([]byte("<a/>")), base64.StdEncoding.EncodeToString([]byte(" "))} {
		denied(t, s, value, identity.Invalid, "The message")
	}
	empty := &Settings{}
	denied(t, empty, good().SignedBy(t, rsaKey()), identity.Misset, "comes from")
}

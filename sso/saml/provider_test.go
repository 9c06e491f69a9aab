package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/identity"
)

// now is the instant of all messages here.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const (
	entityID  = "https://usher.example/sso/acme-okta"
	acsURL    = "https://usher.example/sso/acme-okta/saml/acs"
	sloURL    = "https://usher.example/sso/acme-okta/saml/slo"
	issuerID  = "https://idp.example/acme"
	requestID = "_request-of-this-browser"
)

// The keys are made once: RSA keys take their time.
var (
	rsaKey    = sync.OnceValue(func() KeyPair { return testKey(rsaSigner(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	nextKey   = sync.OnceValue(func() KeyPair { return testKey(rsaSigner(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	ecdsaKey  = sync.OnceValue(func() KeyPair { return testKey(ecSigner(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	ownKey    = sync.OnceValue(func() KeyPair { return testKey(rsaSigner(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	evilKey   = sync.OnceValue(func() KeyPair { return testKey(rsaSigner(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	staleCert = sync.OnceValue(func() KeyPair { return testKey(rsaKey().Key, now.AddDate(-3, 0, 0), now.AddDate(-1, 0, 0)) })
)

func rsaSigner() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func ecSigner() crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func testKey(key crypto.Signer, from, until time.Time) KeyPair {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return KeyPair{key, c}
}

// settings are those of a connection that trusts some keys.
func settings(trusted ...KeyPair) *Settings {
	s := &Settings{
		Connection: "acme-okta", EntityID: entityID, ACS: acsURL, SLO: sloURL, Keys: []KeyPair{ownKey()},
		Metadata: Metadata{
			EntityID: issuerID,
			SSO:      Endpoints{Redirect: "https://idp.example/sso", POST: "https://idp.example/sso/post"},
			SLO:      Endpoints{Redirect: "https://idp.example/slo", POST: "https://idp.example/slo/post"},
		},
		Attributes: DefaultAttributes("generic"),
	}
	for _, k := range trusted {
		s.Metadata.Certificates = append(s.Metadata.Certificates, k.Certificate)
	}
	return s
}

// message is what a provider says, as text that a test may change before it is signed.
type message struct {
	ID, ResponseID                        string
	Issuer, Audience, Recipient, Name     string
	Destination, Request, Format          string
	Issued, NotBefore, Ends, Confirmed    time.Time
	SignedIn, SessionEnds                 time.Time
	Method, Class, Attributes, Conditions string
	Status                                string
}

func good() message {
	return message{
		ID: "_assertion-1", ResponseID: "_response-1",
		Issuer: issuerID, Audience: entityID, Recipient: acsURL, Destination: acsURL, Request: requestID,
		Name: "ann", Format: urnPersistent,
		Issued: now, NotBefore: now.Add(-time.Minute), Ends: now.Add(5 * time.Minute), Confirmed: now.Add(5 * time.Minute),
		SignedIn: now.Add(-time.Second), Method: bearer, Class: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
		Attributes: attribute("email", "ann@acme.com") + attribute("groups", "Engineering", "Staff"),
		Status:     `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>`,
	}
}

func attribute(name string, values ...string) string {
	var b strings.Builder
	b.WriteString(`<saml:Attribute Name="` + name + `">`)
	for _, v := range values {
		b.WriteString(`<saml:AttributeValue xsi:type="xs:string">` + v + `</saml:AttributeValue>`)
	}
	return b.String() + `</saml:Attribute>`
}

func expected() Expected {
	return Expected{Request: requestID, Asked: now.Add(-time.Minute), At: now}
}

var assertionText = template.Must(template.New("").Funcs(template.FuncMap{"t": clock}).Parse(
	`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="{{.ID}}" Version="2.0" IssueInstant="{{t .Issued}}">` +
		`<saml:Issuer>{{.Issuer}}</saml:Issuer>` +
		`<saml:Subject><saml:NameID Format="{{.Format}}">{{.Name}}</saml:NameID>` +
		`<saml:SubjectConfirmation Method="{{.Method}}"><saml:SubjectConfirmationData NotOnOrAfter="{{t .Confirmed}}" Recipient="{{.Recipient}}"{{with .Request}} InResponseTo="{{.}}"{{end}}/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="{{t .NotBefore}}" NotOnOrAfter="{{t .Ends}}"><saml:AudienceRestriction><saml:Audience>{{.Audience}}</saml:Audience></saml:AudienceRestriction>{{.Conditions}}</saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="{{t .SignedIn}}" SessionIndex="session-1"{{if not .SessionEnds.IsZero}} SessionNotOnOrAfter="{{t .SessionEnds}}"{{end}}><saml:AuthnContext><saml:AuthnContextClassRef>{{.Class}}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement>{{.Attributes}}</saml:AttributeStatement>` +
		`</saml:Assertion>`))

var responseText = template.Must(template.New("").Funcs(template.FuncMap{"t": clock}).Parse(
	`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{{.ResponseID}}" Version="2.0" IssueInstant="{{t .Issued}}" Destination="{{.Destination}}"{{with .Request}} InResponseTo="{{.}}"{{end}}>` +
		`<saml:Issuer>{{.Issuer}}</saml:Issuer><samlp:Status>{{.Status}}</samlp:Status></samlp:Response>`))

func (m message) text(t testing.TB, of *template.Template) string {
	t.Helper()
	var b strings.Builder
	if err := of.Execute(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// assertion is the assertion, unsigned.
func (m message) assertion(t testing.TB) *etree.Element {
	t.Helper()
	return element(t, m.text(t, assertionText))
}

// response is the response around some elements, unsigned.
func (m message) response(t testing.TB, inside ...*etree.Element) *etree.Element {
	t.Helper()
	out := element(t, m.text(t, responseText))
	for _, el := range inside {
		out.AddChild(el)
	}
	return out
}

// signedBy is the usual message: a response around an assertion that a key has signed.
func (m message) signedBy(t testing.TB, key KeyPair) string {
	t.Helper()
	return encode(t, m.response(t, signer{key: key}.sign(t, m.assertion(t))))
}

func element(t testing.TB, text string) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	doc.ReadSettings.PreserveCData = true
	if err := doc.ReadFromString(text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return doc.Root()
}

func document(t testing.TB, el *etree.Element) []byte {
	t.Helper()
	out, err := serialize(el.Copy())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func encode(t testing.TB, el *etree.Element) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(document(t, el))
}

// refused wants a refusal of a code whose reason says something.
func refused(t testing.TB, err error, code identity.Code, says string) {
	t.Helper()
	var refusal *identity.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if refusal.Code != code || !strings.Contains(refusal.Reason, says) {
		t.Errorf("refused as %s: %s\nwant %s: …%s…", refusal.Code, refusal.Reason, code, says)
	}
}

// denied wants a response to be refused.
func denied(t testing.TB, s *Settings, value string, code identity.Code, says string) {
	t.Helper()
	accepted, err := s.Response(value, expected())
	if accepted != nil {
		t.Fatalf("accepted %+v", accepted.Identity)
	}
	refused(t, err, code, says)
	if cause := errors.Unwrap(err); cause != nil && strings.HasPrefix(cause.Error(), "panic: ") {
		t.Errorf("it panicked: %v", cause)
	}
}

// allowed wants a response to be believed.
func allowed(t testing.TB, s *Settings, value string) *Accepted {
	t.Helper()
	accepted, err := s.Response(value, expected())
	if err != nil {
		t.Fatalf("refused: %v (%v)", err, errors.Unwrap(err))
	}
	return accepted
}

// swap replaces a text that must be there.
func swap(t testing.TB, in, old, replacement string) string {
	t.Helper()
	if !strings.Contains(in, old) {
		t.Fatalf("there is no %s in %s", old, in)
	}
	return strings.Replace(in, old, replacement, 1)
}

func rewrap(t testing.TB, value string, f func(string) string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(bytes.TrimSpace([]byte(f(string(raw)))))
}

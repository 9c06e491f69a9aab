package samltest

import (
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/beevik/etree"
)

// Bearer is the only method of confirmation that counts for a sign-in (SAML Profiles, section 3.3).
const Bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// Message is what a provider says of one sign-in. Its fields go into the text as they are.
type Message struct {
	ID, ResponseID                        string // of the assertion, and of the response around it
	Issuer, Audience, Recipient, Name     string
	Destination, Request, Format          string
	Issued, NotBefore, Ends, Confirmed    time.Time // Confirmed is when the confirmation ends
	SignedIn, SessionEnds                 time.Time
	Method, Class, Attributes, Conditions string // Attributes and Conditions are elements
	Session                               string
	Status                                string // an element
}

// Success is the status of a sign-in that went well.
const Success = `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>`

// Good returns what a provider says at an instant of somebody who has just signed in there: nothing is wrong with it.
func Good(issuer, audience, acs, request, name string, at time.Time) Message {
	return Message{
		ID: "_assertion-1", ResponseID: "_response-1",
		Issuer: issuer, Audience: audience, Recipient: acs, Destination: acs, Request: request,
		Name: name, Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
		Issued: at, NotBefore: at.Add(-time.Minute), Ends: at.Add(5 * time.Minute), Confirmed: at.Add(5 * time.Minute),
		SignedIn: at.Add(-time.Second), Method: Bearer, Class: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
		Session: "session-1", Status: Success,
	}
}

// Attribute is an attribute with its values, as an element.
func Attribute(name string, values ...string) string {
	var b strings.Builder
	b.WriteString(`<saml:Attribute Name="` + name + `">`)
	for _, v := range values {
		b.WriteString(`<saml:AttributeValue xsi:type="xs:string">` + v + `</saml:AttributeValue>`)
	}
	return b.String() + `</saml:Attribute>`
}

func parse(text string) *template.Template {
	instant := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
	return template.Must(template.New("").Funcs(template.FuncMap{"t": instant}).Parse(text))
}

var assertionText = parse(
	`<saml:Assertion xmlns:saml="` + nsAssertion + `" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="{{.ID}}" Version="2.0" IssueInstant="{{t .Issued}}">` +
		`<saml:Issuer>{{.Issuer}}</saml:Issuer>` +
		`<saml:Subject><saml:NameID Format="{{.Format}}">{{.Name}}</saml:NameID>` +
		`<saml:SubjectConfirmation Method="{{.Method}}"><saml:SubjectConfirmationData NotOnOrAfter="{{t .Confirmed}}" Recipient="{{.Recipient}}"{{with .Request}} InResponseTo="{{.}}"{{end}}/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="{{t .NotBefore}}" NotOnOrAfter="{{t .Ends}}"><saml:AudienceRestriction><saml:Audience>{{.Audience}}</saml:Audience></saml:AudienceRestriction>{{.Conditions}}</saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="{{t .SignedIn}}" SessionIndex="{{.Session}}"{{if not .SessionEnds.IsZero}} SessionNotOnOrAfter="{{t .SessionEnds}}"{{end}}><saml:AuthnContext><saml:AuthnContextClassRef>{{.Class}}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement>{{.Attributes}}</saml:AttributeStatement>` +
		`</saml:Assertion>`)

var responseText = parse(
	`<samlp:Response xmlns:samlp="` + nsProtocol + `" xmlns:saml="` + nsAssertion + `" ID="{{.ResponseID}}" Version="2.0" IssueInstant="{{t .Issued}}" Destination="{{.Destination}}"{{with .Request}} InResponseTo="{{.}}"{{end}}>` +
		`<saml:Issuer>{{.Issuer}}</saml:Issuer><samlp:Status>{{.Status}}</samlp:Status></samlp:Response>`)

func (m Message) text(t testing.TB, of *template.Template) string {
	t.Helper()
	var b strings.Builder
	if err := of.Execute(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// AssertionText is the assertion as text, which a test may change before it is signed.
func (m Message) AssertionText(t testing.TB) string {
	t.Helper()
	return m.text(t, assertionText)
}

// ResponseText is the response as text, without an assertion.
func (m Message) ResponseText(t testing.TB) string {
	t.Helper()
	return m.text(t, responseText)
}

// Assertion is the assertion, unsigned.
func (m Message) Assertion(t testing.TB) *etree.Element {
	t.Helper()
	return Element(t, m.AssertionText(t))
}

// Response is the response around some elements, unsigned.
func (m Message) Response(t testing.TB, inside ...*etree.Element) *etree.Element {
	t.Helper()
	out := Element(t, m.ResponseText(t))
	for _, el := range inside {
		out.AddChild(el)
	}
	return out
}

// SignedBy is the usual message: a response around an assertion that a key has signed, as the value of SAMLResponse.
func (m Message) SignedBy(t testing.TB, key Pair) string {
	t.Helper()
	return Encode(t, m.Response(t, Signer{Key: key}.Sign(t, m.Assertion(t))))
}

package sso_test

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/sso/trust"
)

// samlPeer is a SAML provider that says what a test wants, signed by the key that the connection trusts.
type samlPeer struct {
	*world
	entity   string
	settings *saml.Settings // of the connection: our side
	own      *saml.Settings // the provider's own side, for its logout messages
	urls     trust.URLs
}

func newSAMLPeer(w *world, connection string) *samlPeer {
	p := &samlPeer{world: w, entity: "https://idp.example/" + connection, urls: trust.URLsOf(w.url, connection)}
	place := saml.Endpoints{Redirect: p.entity + "/slo", POST: p.entity + "/slo/post"}
	p.settings = &saml.Settings{
		Connection: connection, EntityID: p.urls.Metadata, ACS: p.urls.ACS, SLO: p.urls.SLO, Keys: []saml.KeyPair{ownKey()},
		Metadata: saml.Metadata{
			EntityID: p.entity, SSO: saml.Endpoints{Redirect: p.entity + "/sso"}, SLO: place,
		},
		SignRequests: true, Attributes: saml.DefaultAttributes("generic"), AllowLoopback: true,
	}
	p.settings.Metadata.Certificates = append(p.settings.Metadata.Certificates, peerKey().Certificate)
	p.own = &saml.Settings{
		EntityID: p.entity, ACS: p.entity + "/acs", SLO: place.Redirect, Keys: []saml.KeyPair{peerKey()}, AllowLoopback: true,
		Metadata: saml.Metadata{EntityID: p.urls.Metadata, SLO: saml.Endpoints{Redirect: p.urls.SLO, POST: p.urls.SLO}},
	}
	p.own.Metadata.Certificates = append(p.own.Metadata.Certificates, ownKey().Certificate)
	return p
}

// said is what the provider says of one sign-in.
type said struct {
	ID, Issuer, Audience, Recipient, Request, Name, Email, Session string
	At                                                             time.Time
	Status                                                         string
	Key                                                            saml.KeyPair
}

// says returns what the provider says of somebody, in answer to a request.
func (p *samlPeer) says(email, request string) said {
	name, _, _ := strings.Cut(email, "@")
	return said{
		ID: "_" + rand.Text(), Issuer: p.entity, Audience: p.urls.Metadata, Recipient: p.urls.ACS, Request: request, Name: name, Email: email,
		Session: "session-" + name, At: p.now, Status: "Success", Key: peerKey(),
	}
}

var responseText = template.Must(template.New("").Funcs(template.FuncMap{
	"t":   func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	"add": func(at time.Time, seconds int) time.Time { return at.Add(time.Duration(seconds) * time.Second) },
}).Parse(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{{.ID}}-r" Version="2.0" IssueInstant="{{t .At}}" Destination="{{.Recipient}}"{{with .Request}} InResponseTo="{{.}}"{{end}}>` +
	`<saml:Issuer>{{.Issuer}}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{{if eq .Status "Success"}}Success{{else}}Responder{{end}}">` +
	`{{if ne .Status "Success"}}<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{{.Status}}"/>{{end}}</samlp:StatusCode></samlp:Status>` +
	`{{if eq .Status "Success"}}<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="{{.ID}}" Version="2.0" IssueInstant="{{t .At}}">` +
	`<saml:Issuer>{{.Issuer}}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{{.Name}}</saml:NameID>` +
	`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{{t (add .At 300)}}" Recipient="{{.Recipient}}"{{with .Request}} InResponseTo="{{.}}"{{end}}/></saml:SubjectConfirmation></saml:Subject>` +
	`<saml:Conditions NotBefore="{{t (add .At -60)}}" NotOnOrAfter="{{t (add .At 300)}}"><saml:AudienceRestriction><saml:Audience>{{.Audience}}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
	`<saml:AuthnStatement AuthnInstant="{{t .At}}" SessionIndex="{{.Session}}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
	`<saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue xsi:type="xs:string">{{.Email}}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` +
	`</saml:Assertion>{{end}}</samlp:Response>`))

// form is what the browser posts to us.
func (p *samlPeer) form(in said, relayState string) url.Values {
	p.t.Helper()
	var text bytes.Buffer
	p.must(responseText.Execute(&text, in))
	doc := etree.NewDocument()
	p.must(doc.ReadFromBytes(text.Bytes()))
	signed := doc.FindElement("//Assertion")
	if signed == nil {
		signed = doc.Root()
	}
	sign(p.t, signed, in.Key)
	out, err := doc.WriteToBytes()
	p.must(err)
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(out)}}
	if relayState != "" {
		form.Set("RelayState", relayState)
	}
	return form
}

// sign puts a signature into an element, after its issuer.
func sign(t *testing.T, el *etree.Element, key saml.KeyPair) {
	t.Helper()
	ctx, err := dsig.NewSigningContext(key.Key, [][]byte{key.Certificate.Raw})
	if err != nil {
		t.Fatal(err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		t.Fatal(err)
	}
	signature, err := ctx.ConstructSignature(el, true)
	if err != nil {
		t.Fatal(err)
	}
	el.InsertChildAt(1, signature)
}

// asks reads the request that a redirect carries to the provider.
func (p *samlPeer) asks(a *answer) (id, relayState string) {
	p.t.Helper()
	a.want(http.StatusSeeOther)
	if !strings.HasPrefix(a.location, p.entity+"/") {
		p.t.Fatalf("it leads to %s and not to %s", a.location, p.entity)
	}
	u, err := url.Parse(a.location)
	p.must(err)
	message := u.Query().Get("SAMLRequest") + u.Query().Get("SAMLResponse")
	deflated, err := base64.StdEncoding.DecodeString(message)
	p.must(err)
	document, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	p.must(err)
	found := regexp.MustCompile(` ID="([^"]+)"`).FindSubmatch(document)
	return string(found[1]), u.Query().Get("RelayState")
}

// start begins a sign-in, and returns what the provider is asked.
func (p *samlPeer) start(b *browser, query string) (request, relayState string) {
	p.t.Helper()
	return p.asks(b.get("/sso/" + p.settings.Connection + "/login" + query))
}

// signIn goes the whole way of somebody.
func (p *samlPeer) signIn(b *browser, email, query string) *answer {
	p.t.Helper()
	request, relayState := p.start(b, query)
	return b.posted(p.urls.ACS, p.form(p.says(email, request), relayState))
}

// logout is a request of the provider to sign ann out.
func (p *samlPeer) logout(session string) *saml.Outbound {
	p.t.Helper()
	out, err := p.own.LogoutRequest(saml.Leave{
		At: p.now, RelayState: "of the provider", Session: session,
		NameID: identity.NameID{Value: "ann", Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
	})
	p.must(err)
	return out
}

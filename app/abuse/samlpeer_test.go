package abuse_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/saml/samltest"
	"github.com/mixus/usher/sso/trust"
)

// The keys of the providers, and of somebody who is none.
var (
	acmeKey   = sync.OnceValue(newKey)
	globexKey = sync.OnceValue(newKey)
	evilKey   = sync.OnceValue(newKey)
)

func newKey() samltest.Pair {
	return samltest.Certify(samltest.RSA(), time.Now().AddDate(-1, 0, 0), time.Now().AddDate(10, 0, 0))
}

// genuine returns the key of an organization's SAML provider.
func genuine(org string) samltest.Pair {
	if org == "globex" {
		return globexKey()
	}
	return acmeKey()
}

func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func quoted(text string) string { return strconv.Quote(text) }

// samlPeer is an organization's SAML provider.
type samlPeer struct {
	*world
	connection, entity string
	key                samltest.Pair
	urls               trust.URLs
}

func (w *world) saml(connection string) *samlPeer {
	org, _, _ := strings.Cut(connection, "-")
	return &samlPeer{w, connection, "https://idp.example/" + connection, genuine(org), trust.URLsOf(w.url(), connection)}
}

// begin sends a browser to the provider, and returns what it is asked.
func (p *samlPeer) begin(b *browser, query string) (request, relayState string) {
	p.t.Helper()
	a := b.get("/sso/" + p.connection + "/login" + query)
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.location, p.entity+"/sso?") {
		p.t.Fatalf("no way to the provider: %d to %q, since %s", a.status, a.location, b.journalled(a).Because)
	}
	message, relayState := samltest.Asked(p.t, a.location)
	return message.SelectAttrValue("ID", ""), relayState
}

// says is what the provider says of somebody, in answer to a request. Their subject is the first part of the address.
func (p *samlPeer) says(email, request string) samltest.Message {
	name, _, _ := strings.Cut(email, "@")
	m := samltest.Good(p.entity, p.urls.Metadata, p.urls.ACS, request, name, p.now())
	m.ID, m.ResponseID, m.Session = "_a"+rand.Text(), "_r"+rand.Text(), "session-"+name
	m.Attributes = samltest.Attribute("email", email)
	return m
}

// signs signs an element in the usual way.
func (p *samlPeer) signs(el *etree.Element) *etree.Element {
	p.t.Helper()
	return samltest.Signer{Key: p.key}.Sign(p.t, el)
}

// deliver has a browser post an answer.
func (p *samlPeer) deliver(b *browser, value, relayState string) *answer {
	p.t.Helper()
	form := url.Values{"SAMLResponse": {value}}
	if relayState != "" {
		form.Set("RelayState", relayState)
	}
	return b.posted(p.urls.ACS, form)
}

// signIn goes the whole way of somebody.
func (p *samlPeer) signIn(b *browser, email, query string) *answer {
	p.t.Helper()
	request, relayState := p.begin(b, query)
	return p.deliver(b, p.says(email, request).SignedBy(p.t, p.key), relayState)
}

// hostile has a browser begin a sign-in and bring back a hostile answer, made from what would be a good one about
// eve@acme.com, and wants it refused; afterwards, in the same browser, the answer of the provider itself lets Ann in.
func (p *samlPeer) hostile(status int, code string, answer func(good samltest.Message) string) {
	p.t.Helper()
	b, before := p.browser(), p.people()
	request, relayState := p.begin(b, "")
	b.out(p.deliver(b, answer(p.says("eve@acme.com", request)), relayState), status, code, before)
	p.stillWorks()
}

// accepted is hostile for what is let in.
func (p *samlPeer) accepted(answer func(good samltest.Message) string) {
	p.t.Helper()
	b := p.browser()
	request, relayState := p.begin(b, "")
	b.in(p.deliver(b, answer(p.says("ann@acme.com", request)), relayState))
}

// stillWorks wants a genuine sign-in to work.
func (p *samlPeer) stillWorks() {
	p.t.Helper()
	b := p.browser()
	b.in(p.signIn(b, "ann@"+strings.TrimSuffix(p.connection, "-saml")+".com", ""))
}

// ours is the certificate to which the provider encrypts: that of our metadata, which it fetches.
func (p *samlPeer) ours() samltest.Pair {
	p.t.Helper()
	block, _ := pem.Decode([]byte(p.setup(p.connection).Certificates[0].PEM))
	certificate, err := x509.ParseCertificate(block.Bytes)
	p.must(err)
	return samltest.Pair{Key: public{certificate.PublicKey}, Certificate: certificate}
}

// each runs a subtest for every case of an abuse.
func each[T any](w *world, cases map[string]T, try func(w *world, in T)) {
	w.t.Helper()
	for name, in := range cases {
		w.t.Run(name, func(t *testing.T) { try(w.in(t), in) })
	}
}

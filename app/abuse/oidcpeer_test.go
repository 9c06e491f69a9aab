package abuse_test

import (
	"crypto"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/mixus/usher/sso/oidc/oidctest"
	"github.com/mixus/usher/sso/trust"
)

// public is a key of which only the public half is known.
type public struct{ key crypto.PublicKey }

func (p public) Public() crypto.PublicKey { return p.key }

func (p public) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, http.ErrNotSupported
}

// oidcPeer is an organization's OpenID provider.
type oidcPeer struct {
	*world
	*oidctest.Provider
	connection string
	link       trust.URLs
}

func (w *world) provider(connection string) *oidcPeer {
	return &oidcPeer{w, w.oidc[connection], connection, trust.URLsOf(w.url(), connection)}
}

// begin sends a browser to the provider, and returns the address.
func (p *oidcPeer) begin(b *browser, query string) string {
	p.t.Helper()
	a := b.get("/sso/" + p.connection + "/login" + query)
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.location, p.URL+"/authorize?") {
		p.t.Fatalf("no way to the provider: %d to %q, since %s", a.status, a.location, b.journalled(a).Because)
	}
	return a.location
}

// back is where the provider sends the browser of somebody who signed in.
func (p *oidcPeer) back(asked string) string {
	p.t.Helper()
	return p.link.Callback + "?" + p.Consent(asked).Encode()
}

// signIn goes the whole way of whom the provider's claims speak of.
func (p *oidcPeer) signIn(b *browser, query string) *answer {
	p.t.Helper()
	return b.get(p.back(p.begin(b, query)))
}

// does changes what the provider does.
func (p *oidcPeer) does(change func(p *oidctest.Provider)) {
	p.Change(func() { change(p.Provider) })
}

// good takes back whatever the provider did wrong.
func (p *oidcPeer) good() {
	p.does(func(p *oidctest.Provider) {
		p.Claims, p.Header, p.Metadata, p.Info, p.Token, p.Answer, p.Lax = nil, nil, nil, nil, nil, nil, false
	})
}

// hostile has a provider do something wrong in a sign-in, and wants that refused; afterwards it does it right, and lets Ann
// in.
func (p *oidcPeer) hostile(status int, code string, wrong func(p *oidctest.Provider)) {
	p.t.Helper()
	b, before := p.browser(), p.people()
	asked := p.begin(b, "")
	p.does(func(p *oidctest.Provider) { p.Claims = oidctest.Claims{"sub": "eve", "email": "eve@acme.com"} })
	p.does(wrong)
	b.out(b.get(p.back(asked)), status, code, before)
	p.stillWorks()
}

// stillWorks wants a genuine sign-in to work.
func (p *oidcPeer) stillWorks() {
	p.t.Helper()
	p.good()
	b := p.browser()
	b.in(p.signIn(b, ""))
}

// query is that of an address.
func (w *world) query(address string) url.Values {
	w.t.Helper()
	u, err := url.Parse(address)
	w.must(err)
	return u.Query()
}

package sso_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func email(address string) url.Values { return url.Values{"email": {address}} }

func TestAnAddressLeadsToItsProvider(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/login?return=/x").want(http.StatusOK, `name="email"`, `name="return" value="/x"`)
	p := w.saml["globex-okta"]
	request, relayState := p.asks(b.post("/login", url.Values{"email": {" Gus@GLOBEX.com "}, "return": {"/x"}}))
	b.follow(b.posted(p.urls.ACS, p.form(p.says("gus@globex.com", request), relayState))).want(http.StatusOK, `href="/x"`)
}

func TestSeveralConnectionsAreOfferedByLabel(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	page := b.post("/login", email("ann@acme.com")).want(http.StatusOK, "Acme staff", "Acme keys", `name="login_hint" value="ann@acme.com"`)
	if strings.Index(page.body, "Acme staff") > strings.Index(page.body, "Acme keys") || strings.Contains(page.body, "Used last time") {
		t.Errorf("the connection that has the say for the domain is not the first:\n%s", text(page.body))
	}
	p := w.oidc["acme-keys"]
	asked := p.asks(b.post("/login", url.Values{"connection": {"acme-keys"}, "login_hint": {"ann@acme.com"}}))
	if asked.Get("login_hint") != "ann@acme.com" {
		t.Errorf("the provider is asked %v", asked)
	}
	b.follow(b.get(p.answer(asked, "ann@acme.com"))).want(http.StatusOK)
	b.post("/logout", nil)
	b.post("/login", email("ann@acme.com")).want(http.StatusOK, "Used last time")
	b.get("/login?organization=acme").want(http.StatusOK, "Acme staff", "Acme keys")
	w.saml["globex-okta"].asks(b.get("/login?organization=globex&login_hint=ann@globex.com"))
	w.saml["acme-okta"].asks(b.get("/login?connection=acme-okta"))
	w.saml["globex-okta"].asks(b.get("/login?login_hint=gus@globex.com"))
}

func TestSeveralOrganizationsAreOffered(t *testing.T) {
	w := newWorld(t)
	w.activate(strings.Replace(globex, "domains:", "domains:\n  - {domain: acme.com}", 1))
	b := w.browser()
	b.post("/login", email("ann@acme.com")).want(http.StatusOK, "Acme Inc.", "Globex", `name="organization"`)
	w.saml["globex-okta"].asks(b.post("/login", url.Values{"organization": {"globex"}, "login_hint": {"ann@acme.com"}}))
	b.post("/login", url.Values{"organization": {"acme"}, "login_hint": {"ann@acme.com"}}).want(http.StatusOK, "Acme staff", "Acme keys")
	w.engine.Verified = func(org, domain string) bool { return org == "acme" }
	if page := b.post("/login", email("ann@acme.com")).want(http.StatusOK, "Acme staff"); strings.Contains(page.body, "Globex") {
		t.Error("an organization that has not proven that it owns a domain draws its people")
	}
}

func TestAnUnknownAddressSaysNothingOfAccounts(t *testing.T) {
	w := newWorld(t)
	w.push("guest@elsewhere.example", true)
	b := w.browser()
	pages := map[string]bool{}
	for _, address := range []string{"guest@elsewhere.example", "nobody@elsewhere.example"} {
		page := b.post("/login", email(address)).want(http.StatusNotFound)
		same := strings.NewReplacer(address, "…", url.QueryEscape(address), "…").Replace(page.body)
		pages[references.ReplaceAllString(same, "…")] = true
	}
	if len(pages) != 1 {
		t.Errorf("the pages differ: %v", pages)
	}
	b.post("/login", email("")).want(http.StatusUnprocessableEntity, "Enter your email address.")
	b.post("/login", email("ann")).want(http.StatusUnprocessableEntity, `value="ann"`)
	b.post("/login", url.Values{"connection": {"no-such"}}).want(http.StatusNotFound)
	b.get("/login?organization=no-such").want(http.StatusNotFound)
	b.get("/sso/no-such/login").want(http.StatusNotFound).reference()
}

func TestWhoIsSignedInIsNotAskedAgain(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "")
	b.get("/login?return=/x").leads("/x")
	b.get("/login").leads("/welcome")
	b.get("/login?organization=acme&return=/x").leads("/x")
	b.get("/login?fresh=1&return=/x").want(http.StatusOK, `name="fresh" value="1"`)
	asked := w.oidc["acme-keys"].asks(b.get("/login?fresh=1&connection=acme-keys"))
	if asked.Get("prompt") != "login" {
		t.Errorf("the provider is asked %v", asked)
	}
}

func TestAConnectionThatObservesIsNotOffered(t *testing.T) {
	w := newWorld(t)
	w.activate(strings.Replace(globex, "{id: globex-okta,", "{id: globex-okta, state: observe,", 1))
	b := w.browser()
	w.oidc["globex-keys"].asks(b.post("/login", email("gus@globex.com")))
	w.saml["globex-okta"].signIn(b, "gus@globex.com", "").want(http.StatusForbidden).reference()
}

func TestTypingAddressesIsLimited(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for range 300 {
		b.post("/login", email("")).want(http.StatusUnprocessableEntity)
	}
	if page := b.post("/login", email("")).want(http.StatusTooManyRequests, "Too many tries"); page.header.Get("Retry-After") == "" {
		t.Error("it does not say how long to wait")
	}
}

func TestAnotherSiteCannotSendOurForms(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "")
	for _, path := range []string{"/login", "/logout", "/terms", "/login/code", "/login/code/enter"} {
		b.do(http.MethodPost, path, url.Values{}, "same-site").want(http.StatusForbidden).reference()
	}
	if !b.signedIn() {
		t.Error("another site signed somebody out")
	}
}

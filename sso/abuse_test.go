package sso_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/saml"
)

// The rows of the abuse catalogue that concern the handlers. What concerns a message alone is tested in sso/saml and
// sso/oidc.

// nobody checks that an abuse left no session and no member behind, and that it was journalled.
func (w *world) nobody(before int) {
	w.t.Helper()
	if w.sessions("acme") != 0 || w.sessions("globex") != 0 || len(w.entries("login")) != 0 {
		w.t.Error("somebody got in")
	}
	if len(w.entries("login.refused")) <= before {
		w.t.Error("it was not journalled")
	}
}

func TestAbuse18Replay(t *testing.T) {
	w := newWorld(t)
	p := w.saml["acme-okta"]
	p.settings.IDPInitiated = true
	victim, thief := w.browser(), w.browser()
	request, relayState := p.start(victim, "")
	form := p.form(p.says("ann@acme.com", request), relayState)
	for name, c := range victim.cookies {
		thief.cookies[name] = c
	}
	victim.posted(p.urls.ACS, form).want(http.StatusSeeOther)
	w.explained(thief.follow(thief.posted(p.urls.ACS, form)).want(http.StatusGone), "replayed")

	unasked := p.form(p.says("bob@acme.com", ""), "")
	w.browser().posted(p.urls.ACS, unasked).want(http.StatusSeeOther)
	page := thief.follow(thief.posted(p.urls.ACS, unasked)).want(http.StatusGone)
	w.explained(page, "replayed")
	if thief.signedIn() || w.sessions("acme") != 2 {
		t.Error("the thief is signed in")
	}
}

func TestAbuse19TheAnswerToAnotherRequest(t *testing.T) {
	w := newWorld(t)
	p, before := w.saml["acme-okta"], 0
	mine, others := w.browser(), w.browser()
	request, relayState := p.start(others, "")
	for name, in := range map[string]struct {
		b                   *browser
		request, relayState string
	}{
		"unknown":           {mine, "_never-asked", "NEVERASKED"},
		"another browser's": {mine, request, relayState},
	} {
		t.Run(name, func(t *testing.T) {
			in.b.follow(in.b.posted(p.urls.ACS, p.form(p.says("ann@acme.com", in.request), in.relayState))).want(http.StatusGone)
			w.nobody(before)
		})
	}
	my, myState := p.start(mine, "")
	mine.posted(p.urls.ACS, p.form(p.says("ann@acme.com", request), myState)).want(http.StatusBadRequest)
	w.nobody(before)
	mine.posted(p.urls.ACS, p.form(p.says("ann@acme.com", my), myState)).want(http.StatusSeeOther) // a forged answer does not end a sign-in
}

func TestAbuse20IdPInitiatedWhereNotAllowed(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	page := b.posted(p.urls.ACS, p.form(p.says("ann@acme.com", ""), "")).want(http.StatusBadRequest)
	w.explained(page, "idp_initiated")
	w.nobody(0)
}

// TestBackAtAPageOfTheProvidersThatSignsInAnew: SimpleSAMLphp answers its old page with a sign-in that nobody asked for. It
// counts for nothing, and whoever is signed in goes on.
func TestBackAtAPageOfTheProvidersThatSignsInAnew(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	request, relayState := p.start(b, "")
	b.posted(p.urls.ACS, p.form(p.says("ann@acme.com", request), relayState)).want(http.StatusSeeOther)
	b.follow(b.posted(p.urls.ACS, p.form(p.says("ann@acme.com", ""), relayState))).want(http.StatusOK, "Welcome")
	if n := w.sessions("acme"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	other := w.browser()
	page := other.follow(other.posted(p.urls.ACS, p.form(p.says("ann@acme.com", ""), relayState))).want(http.StatusGone, "Start again")
	w.explained(page, "idp_initiated")
	if other.signedIn() {
		t.Error("somebody got in")
	}
}

func TestAbuse27RelayStateIsALocalPathOrNothing(t *testing.T) {
	w := newWorld(t)
	p := w.saml["acme-okta"]
	p.settings.IDPInitiated = true
	w.saml["acme-okta"].signIn(w.browser(), "ann@acme.com", "")
	for relayState, to := range map[string]string{
		"/reports?id=7": "/reports?id=7", "https://evil.example/": "/welcome", "//evil.example": "/welcome", `/\evil.example`: "/welcome", "javascript:alert(1)": "/welcome", "": "/welcome",
	} {
		w.browser().posted(p.urls.ACS, p.form(p.says("ann@acme.com", ""), relayState)).leads(to)
	}
}

func TestAbuse29AnotherOrganizationsDomain(t *testing.T) {
	w := newWorld(t)
	w.saml["globex-okta"].signIn(w.browser(), "gus@globex.com", "").want(http.StatusSeeOther)
	page := w.saml["acme-okta"].signIn(w.browser(), "gus@globex.com", "").want(http.StatusForbidden)
	w.explained(page, "unknown_domain")
	page = w.oidc["acme-keys"].signIn(w.browser(), "gus@globex.com", "").want(http.StatusForbidden)
	w.explained(page, "unknown_domain")
	if w.sessions("acme") != 0 || w.sessions("globex") != 1 {
		t.Error("somebody got in")
	}
}

func TestAbuse30ADisabledConnection(t *testing.T) {
	w := newWorld(t)
	w.activate(strings.Replace(acme, "{id: acme-okta,", "{id: acme-okta, state: paused,", 1))
	page := w.saml["acme-okta"].signIn(w.browser(), "ann@acme.com", "").want(http.StatusForbidden)
	w.explained(page, "paused")
	w.activate(strings.Replace(acme, "{id: acme-okta,", "{id: acme-okta, state: observe,", 1))
	w.explained(w.saml["acme-okta"].signIn(w.browser(), "ann@acme.com", "").want(http.StatusForbidden), "observed")
	w.nobody(1)
}

func TestAbuse31HostileInput(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for name, document := range map[string]string{
		"deep":      strings.Repeat("<a>", 60_000),
		"wide":      "<a " + strings.Repeat(`xmlns:b="c" `, 15_000) + "/>",
		"a doctype": `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
		"many":      "<a>" + strings.Repeat("<EncryptedAssertion/>", 500) + "</a>",
		"nothing":   "",
	} {
		began := time.Now()
		b.posted("/sso/acme-okta/saml/acs", url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(document))}}).want(http.StatusBadRequest)
		if took := time.Since(began); took > 500*time.Millisecond { // with the way over HTTP, and the journal
			t.Errorf("%s took %s", name, took)
		}
	}
	w.nobody(4)
}

func TestAbuse32LogoutThatDoesNotCount(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	other := w.browser()
	p.signIn(b, "ann@acme.com", "")
	good := p.logout("session-ann").URL
	unsigned, _, _ := strings.Cut(good, "&SigAlg=")
	evil := *p.own
	evil.Keys = []saml.KeyPair{evilKey()}
	trusted := p.own
	p.own = &evil
	foreign := p.logout("session-ann").URL
	p.own = trusted
	for name, address := range map[string]string{
		"unsigned": unsigned, "by another key": foreign, "garbage": p.urls.SLO + "?SAMLRequest=garbage", "nothing": p.urls.SLO,
		"at another connection": strings.Replace(good, p.urls.SLO, w.saml["globex-okta"].urls.SLO, 1),
	} {
		other.get(address).want(http.StatusBadRequest).reference()
		if !b.signedIn() {
			t.Fatalf("%s: the session has ended", name)
		}
	}
	other.get(good).want(http.StatusSeeOther)
	if b.signedIn() {
		t.Error("the good one does not count")
	}
	p.signIn(b, "ann@acme.com", "")
	w.explained(other.get(good).want(http.StatusBadRequest), "used already")
	if !b.signedIn() {
		t.Error("a replayed logout ends a session")
	}
}

func TestAbuse38State(t *testing.T) {
	w := newWorld(t)
	p, mine, others := w.oidc["acme-keys"], w.browser(), w.browser()
	asked := p.start(others, "")
	stolen := p.answer(asked, "ann@acme.com")
	mine.get(stolen).want(http.StatusGone)
	mine.get(p.urls.Callback + "?code=x").want(http.StatusGone)
	mine.get(p.urls.Callback + "?code=x&state=made-up").want(http.StatusGone)
	w.nobody(2)
	if p.exchanges != 0 {
		t.Error("a code was given to the provider")
	}
	thief := w.browser()
	for name, c := range others.cookies {
		thief.cookies[name] = c
	}
	others.get(stolen).want(http.StatusSeeOther)
	w.explained(thief.get(stolen).want(http.StatusGone), "replayed")
}

func TestAbuse40MixUp(t *testing.T) {
	w := newWorld(t)
	p, q, b := w.oidc["acme-keys"], w.oidc["globex-keys"], w.browser()
	asked := p.start(b, "")
	q.start(b, "")
	address := strings.Replace(p.answer(asked, "ann@acme.com"), p.urls.Callback, q.urls.Callback, 1)
	b.get(address).want(http.StatusGone)
	w.nobody(0)
	if p.exchanges+q.exchanges != 0 {
		t.Error("the code of one provider was given to another")
	}
	b.get(p.answer(p.start(b, ""), "ann@acme.com") + "&iss=" + url.QueryEscape(q.server.URL)).want(http.StatusBadRequest)
	w.nobody(1)
}

func TestAbuse44OpenRedirect(t *testing.T) {
	w := newWorld(t)
	w.saml["acme-okta"].signIn(w.browser(), "ann@acme.com", "")
	for _, to := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/%2fevil.example", "/%5cevil.example", "/x\t/y", "evil.example", "/..//evil.example"} {
		query := "?return=" + url.QueryEscape(to)
		b := w.browser()
		w.saml["acme-okta"].signIn(b, "ann@acme.com", query).leads("/welcome")
		w.oidc["acme-keys"].signIn(b, "ann@acme.com", query).want(http.StatusSeeOther)
		b.get("/login" + query).leads("/welcome")
		if page := b.get("/welcome" + query); strings.Contains(page.body, "evil.example") {
			t.Errorf("%q stands on the page", to)
		}
		b.get("/terms" + query).leads("https://atlas.example/")
	}
}

func TestAbuse47LogoutTokens(t *testing.T) {
	w := newWorld(t)
	p, b, provider := w.oidc["acme-keys"], w.browser(), w.browser()
	p.signIn(b, "ann@acme.com", "")
	send := func(token string) *answer {
		return provider.posted(p.urls.BackChannelLogout, url.Values{"logout_token": {token}})
	}
	id := p.token(map[string]any{"sub": "ann", "nonce": "n", "sid": "session-ann"})
	for _, token := range []string{id, "", "garbage", w.oidc["globex-keys"].logoutToken("ann", "session-ann")} {
		send(token).want(http.StatusBadRequest, "invalid_request")
		if !b.signedIn() {
			t.Fatalf("%q ends the session", token)
		}
	}
	good := p.logoutToken("ann", "session-ann")
	send(good).want(http.StatusOK)
	p.signIn(b, "ann@acme.com", "")
	send(good).want(http.StatusBadRequest)
	if !b.signedIn() {
		t.Error("a replayed logout token ends a session")
	}
}

func TestAbuse48ANewSessionAtEachSignIn(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.saml["acme-okta"]
	b.cookies["__Host-usher"] = &http.Cookie{Name: "__Host-usher", Value: "chosen-by-an-attacker", SameSite: http.SameSiteLaxMode}
	p.signIn(b, "ann@acme.com", "")
	first := b.cookies["__Host-usher"].Value
	p.signIn(b, "ann@acme.com", "")
	second := b.cookies["__Host-usher"].Value
	if first == "chosen-by-an-attacker" || first == second || len(second) < 43 {
		t.Errorf("the tokens are %q and %q", first, second)
	}
	if _, _, err := w.engine.Session(t.Context(), first); directory.KindOf(err) != directory.Unauthenticated {
		t.Errorf("the session before goes on: %v", err)
	}
}

func TestAbuse49TheSessionCookieOfASignIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "")
	c := b.cookies["__Host-usher"]
	if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is %s", c)
	}
}

func TestAbuse50TheCookieAfterSigningOut(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "")
	stolen := w.browser()
	stolen.cookies["__Host-usher"] = b.cookies["__Host-usher"]
	stolen.get("/welcome").want(http.StatusOK)
	b.post("/logout", nil)
	stolen.get("/welcome").want(http.StatusUnauthorized)
}

func TestAbuse51DeactivatedBySCIM(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.saml["acme-okta"]
	w.push("ann@acme.com", true)
	p.signIn(b, "ann@acme.com", "").want(http.StatusSeeOther)
	request, relayState := p.start(b, "") // a sign-in under way as well
	w.push("ann@acme.com", false)
	if b.signedIn() || w.sessions("acme") != 0 {
		t.Error("the session goes on")
	}
	page := b.posted(p.urls.ACS, p.form(p.says("ann@acme.com", request), relayState)).want(http.StatusForbidden, "IT Service Desk")
	w.explained(page, "suspended")
}

func TestAbuse52TheSessionOfAnotherOrganization(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "")
	w.saml["globex-okta"].asks(b.get("/login?organization=globex&login_hint=ann@globex.com&return=/x"))
	w.saml["globex-okta"].asks(b.get("/login?connection=globex-okta&return=/x"))
	page := b.get("/login/expired?connection=globex-okta&return=/x").want(http.StatusGone)
	page.reference()
}

package sso_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml"
)

func TestSigningOutBySAML(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.saml["acme-okta"]
	p.signIn(b, "ann@acme.com", "")
	b.get("/logout").want(http.StatusOK, "ann@acme.com")
	if !b.signedIn() {
		t.Fatal("a GET signs out")
	}
	request, relayState := p.asks(b.post("/logout", nil))
	if w.sessions("acme") != 0 || b.signedIn() {
		t.Error("the session goes on here")
	}
	out, err := p.own.LogoutResponse(saml.Farewell{At: w.now, RelayState: relayState, Request: request})
	w.must(err)
	if page := b.get(out.URL).want(http.StatusOK, "You are signed out"); strings.Contains(page.body, "still be signed in") {
		t.Error("the page does not know that the provider has signed the person out")
	}
	b.get(out.URL).want(http.StatusOK, "still be signed in") // it answers nothing any more
	b.get("/logout").want(http.StatusOK, "You are signed out")
}

func TestSigningOutWhereTheProviderHasNoLogout(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.saml["acme-okta"]
	p.settings.Metadata.SLO = saml.Endpoints{}
	p.signIn(b, "ann@acme.com", "")
	b.post("/logout", nil).want(http.StatusOK, "still be signed in at Acme staff")
	b.post("/logout", nil).want(http.StatusOK, "You are signed out")
}

func TestSigningOutByPOST(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.saml["acme-okta"]
	p.settings.Metadata.SLO = saml.Endpoints{POST: p.entity + "/slo/post"}
	p.signIn(b, "ann@acme.com", "")
	b.post("/logout", nil).want(http.StatusOK, `action="`+p.entity+`/slo/post"`, `name="SAMLRequest"`, `name="RelayState"`)
}

func TestSigningOutByOpenIDConnect(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.oidc["acme-keys"]
	p.signIn(b, "ann@acme.com", "")
	to := b.post("/logout", nil).want(http.StatusSeeOther).location
	u, err := url.Parse(to)
	w.must(err)
	q := u.Query()
	if !strings.HasPrefix(to, p.server.URL+"/logout?") || strings.Count(q.Get("id_token_hint"), ".") != 2 || q.Get("post_logout_redirect_uri") != w.url+"/logout/done" || w.sessions("acme") != 0 {
		t.Errorf("the browser goes to %s", to)
	}
	b.get("/logout/done?state="+q.Get("state")).want(http.StatusOK, "You are signed out")
	if b.cookies["__Host-usher-leave"] != nil {
		t.Error("the sign-out goes on")
	}
}

func TestSignOutGoesOnToWhereTheCallerSays(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.oidc["acme-keys"]
	const then = "https://atlas.example/bye?a=b"
	p.signIn(b, "ann@acme.com", "")
	out := func() (location string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/end_session", nil)
		for _, c := range b.cookies {
			r.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		w.must(w.server.SignOut(rec, r, then))
		result := rec.Result()
		defer result.Body.Close()
		for _, c := range result.Cookies() {
			b.cookies[c.Name] = c
		}
		return result.Header.Get("Location")
	}
	u, err := url.Parse(out())
	w.must(err)
	b.get("/logout/done?state=" + u.Query().Get("state")).leads(then)
	if to := out(); to != then {
		t.Errorf("a browser without a session goes to %q", to)
	}
}

func TestAProviderSignsOutBySAML(t *testing.T) {
	w := newWorld(t)
	p := w.saml["acme-okta"]
	ann, bob := w.browser(), w.browser()
	p.signIn(ann, "ann@acme.com", "")
	p.signIn(bob, "bob@acme.com", "")
	answer := ann.get(p.logout("session-ann").URL).want(http.StatusSeeOther)
	u, err := url.Parse(answer.location)
	w.must(err)
	in, err := saml.FromQuery(u.RawQuery)
	w.must(err)
	if !strings.HasPrefix(answer.location, p.entity+"/slo?SAMLResponse=") || in.RelayState != "of the provider" {
		t.Errorf("the answer goes to %s", answer.location)
	}
	if ann.cookies["__Host-usher"] != nil || ann.signedIn() || !bob.signedIn() {
		t.Error("not ann's session alone has ended")
	}
}

func TestAProviderSignsOutByTheBackChannel(t *testing.T) {
	w := newWorld(t)
	p := w.oidc["acme-keys"]
	ann, bob := w.browser(), w.browser()
	p.signIn(ann, "ann@acme.com", "")
	p.signIn(bob, "bob@acme.com", "")
	provider := w.browser()
	page := provider.posted(p.urls.BackChannelLogout, url.Values{"logout_token": {p.logoutToken("ann", "session-ann")}}).want(http.StatusOK)
	if page.header.Get("Cache-Control") != "no-store" || ann.signedIn() || !bob.signedIn() {
		t.Errorf("ann %v, bob %v, headers %v", ann.signedIn(), bob.signedIn(), page.header)
	}
	provider.posted(p.urls.BackChannelLogout, url.Values{"logout_token": {p.logoutToken("bob", "")}}).want(http.StatusOK)
	if bob.signedIn() {
		t.Error("a token without sid does not end all sessions of the person")
	}
}

func TestAProviderSignsOutByPOST(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	p.signIn(b, "ann@acme.com", "")
	out, err := p.own.LogoutRequest(saml.Leave{At: w.now, Binding: saml.POST, RelayState: "7", NameID: identity.NameID{Value: "ann"}})
	w.must(err)
	form := url.Values{}
	for _, f := range out.Fields {
		form.Set(f.Name, f.Value)
	}
	p.settings.Metadata.SLO = saml.Endpoints{POST: p.entity + "/slo/post"} // where the answer goes
	b.posted(p.urls.SLO, form).want(http.StatusOK, `action="`+p.entity+`/slo/post"`, `name="SAMLResponse"`, `name="RelayState" value="7"`)
	if b.signedIn() {
		t.Error("ann is still signed in")
	}
	p.signIn(b, "ann@acme.com", "")
	p.settings.Metadata.SLO = saml.Endpoints{}
	b.get(p.logout("").URL).want(http.StatusOK, "You are signed out")
	if w.sessions("acme") != 0 {
		t.Error("a session goes on where the provider has no place for the answer")
	}
}

func TestAProviderThatCouldNotSignEverybodyOut(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	p.signIn(b, "ann@acme.com", "")
	request, relayState := p.asks(b.post("/logout", nil))
	out, err := p.own.LogoutResponse(saml.Farewell{At: w.now, RelayState: relayState, Request: request, Failed: true})
	w.must(err)
	b.get(out.URL).want(http.StatusOK, "still be signed in")

	p.signIn(b, "ann@acme.com", "")
	_, relayState = p.asks(b.post("/logout", nil))
	out, err = p.own.LogoutResponse(saml.Farewell{At: w.now, RelayState: relayState, Request: "_another"})
	w.must(err)
	b.get(out.URL).want(http.StatusOK, "still be signed in")
}

func TestSigningOutOfAConnectionThatIsGone(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	p.signIn(b, "ann@acme.com", "")
	delete(w.saml, "acme-okta")
	b.post("/logout", nil).want(http.StatusOK, "You are signed out")
	if w.sessions("acme") != 0 {
		t.Error("the session goes on")
	}
}

package sso_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTwoTabs(t *testing.T) {
	w := newWorld(t)
	b, p, q := w.browser(), w.saml["acme-okta"], w.oidc["acme-keys"]
	request, relayState := p.start(b, "?return=/one")
	asked := q.start(b, "?return=/two")
	b.posted(p.urls.ACS, p.form(p.says("ann@acme.com", request), relayState)).leads("/welcome?return=%2Fone")
	b.get(q.answer(asked, "ann@acme.com")).leads("/welcome?return=%2Ftwo")
	if !b.signedIn() || w.sessions("acme") != 1 {
		t.Errorf("%d sessions", w.sessions("acme"))
	}
}

func TestTheBackButtonAndADoubleSubmit(t *testing.T) {
	w := newWorld(t)
	b, p, q := w.browser(), w.saml["acme-okta"], w.oidc["acme-keys"]
	request, relayState := p.start(b, "?return=/one")
	form := p.form(p.says("ann@acme.com", request), relayState)
	both := w.browser()
	for name, c := range b.cookies {
		both.cookies[name] = c
	}
	b.posted(p.urls.ACS, form)
	again := b.posted(p.urls.ACS, form) // its cookie is gone
	b.follow(again).want(http.StatusOK, "viewer")
	twice := both.posted(p.urls.ACS, form) // sent at the same time, with the same cookies
	page := both.follow(twice).want(http.StatusGone, "/sso/acme-okta/login?return=%2Fone")
	w.explained(page, "answered already")

	asked := q.start(b, "?return=/two")
	back := q.answer(asked, "ann@acme.com")
	b.get(back)
	b.get(back).leads("/welcome")
	w.browser().get(back).want(http.StatusGone)
	if q.exchanges != 1 || len(w.entries("login")) != 2 {
		t.Errorf("%d exchanges, %d sign-ins", q.exchanges, len(w.entries("login")))
	}
}

func TestASignInThatTakesTooLong(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.saml["acme-okta"]
	request, relayState := p.start(b, "?return=/one")
	w.now = w.now.Add(16 * time.Minute)
	page := b.follow(b.posted(p.urls.ACS, p.form(p.says("ann@acme.com", request), relayState))).want(http.StatusGone, "/sso/acme-okta/login")
	w.explained(page, "waits for none")
	w.now = w.now.Add(-16 * time.Minute)
	p.signIn(b, "ann@acme.com", "")
	b.get("/login/expired?connection=acme-okta&return=/x").leads("/x")
	w.browser().get("/login/expired?reference=%3Cb%3Eforged").want(http.StatusGone, "LOG-")
}

func TestSixSignInsAtOnce(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.oidc["acme-keys"]
	var asked []url.Values
	for range 8 {
		w.now = w.now.Add(time.Second)
		asked = append(asked, p.start(b, ""))
	}
	if len(b.cookies) != 6 {
		t.Errorf("the browser keeps %d", len(b.cookies))
	}
	b.get(p.answer(asked[1], "ann@acme.com")).want(http.StatusGone)
	b.get(p.answer(asked[2], "ann@acme.com")).want(http.StatusSeeOther)
	b.cookies["__Host-usher-ask-FORGED"] = &http.Cookie{Name: "__Host-usher-ask-FORGED", Value: "AAAA"}
	p.start(b, "")
	if b.cookies["__Host-usher-ask-FORGED"] != nil {
		t.Error("a cookie that is none of ours stays")
	}
}

func TestSignInsUnderWayStaySmallTogether(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.oidc["acme-keys"]
	back := "/x?y=" + strings.Repeat("z", 1000)
	var asked url.Values
	for range 6 {
		w.now = w.now.Add(time.Second)
		asked = p.start(b, "?return="+back)
	}
	total := 0
	for _, c := range b.cookies {
		total += len(c.Name) + len(c.Value)
	}
	if total > 5<<10 || len(b.cookies) < 2 {
		t.Errorf("%d cookies of %d bytes", len(b.cookies), total)
	}
	b.get(p.answer(asked, "ann@acme.com")).leads("/welcome?return=" + url.QueryEscape(back))
}

func TestACookieIsSentAcrossSitesOnlyWhereItMustBe(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].start(b, "")
	w.oidc["acme-keys"].start(b, "")
	b.post("/login/code", email("nobody@acme.com"))
	across := 0
	for name, c := range b.cookies {
		var a struct {
			Request string `json:"m"`
		}
		posted := strings.HasPrefix(name, "__Host-usher-ask-") && c.SameSite == http.SameSiteNoneMode
		if posted {
			across++
		}
		if !posted && c.SameSite != http.SameSiteLaxMode {
			t.Errorf("%s is sent with SameSite %v", name, c.SameSite)
		}
		if raw, err := base64.RawURLEncoding.DecodeString(c.Value); err != nil || json.Unmarshal(raw, &a) == nil || strings.Contains(string(raw), "acme") {
			t.Errorf("%s is open to read", name)
		}
	}
	if len(b.cookies) != 3 || across != 1 {
		t.Errorf("the browser has %d cookies, of which %d are sent across sites", len(b.cookies), across)
	}
}

func TestTheLogHoldsNoSecretAndNobodysAddress(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	w.server.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b, p, q := w.browser(), w.saml["acme-okta"], w.oidc["acme-keys"]
	b.post("/login", email("ann@nowhere.example"))
	request, relayState := p.start(b, "?login_hint=ann@acme.com")
	form := p.form(p.says("ann@acme.com", request), relayState)
	b.posted(p.urls.ACS, form)
	token := b.cookies["__Host-usher"].Value
	b.posted(p.urls.ACS, form)
	b.posted(p.urls.ACS, url.Values{"SAMLResponse": {"garbage"}, "RelayState": {relayState}})
	q.signIn(b, "ann@elsewhere.example", "")
	b.get(q.urls.Callback + "?state=made-up&code=a-code")
	b.post("/logout", nil)
	for _, secret := range []string{"ann", token, relayState, form.Get("SAMLResponse")[:40], "a-code", "made-up"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is logged:\n%s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "domain=nowhere.example") || !strings.Contains(log.String(), "connection=acme-okta") {
		t.Errorf("the log does not help:\n%s", log.String())
	}
}

func TestMetadata(t *testing.T) {
	w := newWorld(t)
	page := w.browser().get("/sso/acme-okta/saml/metadata").want(http.StatusOK, `entityID="`+w.saml["acme-okta"].urls.Metadata+`"`, w.saml["acme-okta"].urls.ACS)
	if page.header.Get("Content-Type") != "application/samlmetadata+xml" {
		t.Errorf("it is sent as %s", page.header.Get("Content-Type"))
	}
}

func TestWhoIsNotSignedInIsAskedTo(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/welcome", "/terms"} {
		w.browser().get(path+"?return=/x").want(http.StatusUnauthorized, `name="email"`, `value="`+path+`?return=/x"`)
	}
}

func TestTermsAreAcceptedOnce(t *testing.T) {
	w := newWorld(t)
	terms := func(version string) { w.activate(acme + "terms: {version: \"" + version + "\", text: Be kind.}\n") }
	terms("1")
	b, p := w.browser(), w.saml["acme-okta"]
	at := p.signIn(b, "ann@acme.com", "?return=/x").leads("/terms?return=%2Fwelcome%3Freturn%3D%252Fx").location
	b.get(at).want(http.StatusOK, "Be kind.", `name="version" value="1"`, `name="return" value="/welcome?return=%2Fx"`)
	b.get("/login?return=/y").leads("/terms?return=%2Fy")
	b.post("/terms", url.Values{"version": {"0"}, "return": {"/y"}}).leads("/terms?return=%2Fy")
	b.post("/terms", url.Values{"version": {"1"}, "return": {"/welcome?return=%2Fx"}}).leads("/welcome?return=%2Fx")
	b.get("/terms?return=/x").leads("/x")
	p.signIn(b, "ann@acme.com", "?return=/x").leads("/x")
	terms("2")
	b.get(p.signIn(b, "ann@acme.com", "?return=/x").leads("/terms?return=%2Fx").location).want(http.StatusOK, "have changed")
	w.browser().post("/terms", url.Values{"version": {"2"}}).want(http.StatusUnauthorized)
}

func TestAProviderThatIsAskedByPOST(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.saml["acme-okta"]
	p.settings.Metadata.SSO.Redirect, p.settings.Metadata.SSO.POST = "", p.entity+"/sso/post"
	page := b.get("/sso/acme-okta/login").want(http.StatusOK, `action="`+p.entity+`/sso/post"`, `name="SAMLRequest"`, `name="RelayState"`)
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action") || !strings.Contains(csp, "https:") {
		t.Errorf("the browser would not send the form: %s", csp)
	}
}

func TestPagesLoadTheirStyle(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	page := b.get("/login")
	at := strings.Index(page.body, "/assets/usher.")
	b.get(page.body[at : at+strings.IndexByte(page.body[at:], '"')]).want(http.StatusOK)
}

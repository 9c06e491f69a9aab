package sso_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
)

// explained checks that acme's helpdesk finds a refusal by the reference on its page.
func (w *world) explained(a *answer, says string) {
	w.t.Helper()
	line, err := w.engine.Refusal(w.t.Context(), w.orgs["acme"], a.reference())
	w.must(err)
	told := strings.Join(line.Notes, "; ")
	for _, v := range line.Values {
		told += "; " + string(v.After)
	}
	if !strings.Contains(told, says) {
		w.t.Errorf("the reference explains %q, which does not say %q", told, says)
	}
}

func TestEachRefusalHasItsPage(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	for email, says := range map[string]string{
		"ann@elsewhere.example": "unknown_domain", "ben@acme.net": "not_pushed", "cat@acme.org": "awaiting",
	} {
		page := p.signIn(b, email, "").want(http.StatusForbidden, "IT Service Desk")
		w.explained(page, says)
	}
	w.push("bob@acme.com", true)
	in := p.says("bob@acme.com", "")
	request, relayState := p.start(b, "")
	in.Request, in.Status = request, "RequestDenied"
	page := b.posted(p.urls.ACS, p.form(in, relayState)).want(http.StatusForbidden, "Okta", "IT Service Desk")
	w.explained(page, "RequestDenied")

	request, relayState = p.start(b, "")
	in = p.says("bob@acme.com", request)
	in.Audience = "https://another.example"
	page = b.posted(p.urls.ACS, p.form(in, relayState)).want(http.StatusBadRequest, "not set up right")
	w.explained(page, "another.example")

	w.broken["acme-keys"] = directory.Errorf(directory.Unavailable, "The provider's configuration could not be read.")
	w.explained(b.get("/sso/acme-keys/login").want(http.StatusServiceUnavailable), "could not be read")
	w.broken["acme-keys"] = errors.New("a secret of ours")
	page = b.get("/sso/acme-keys/login").want(http.StatusBadRequest, "not set up right")
	w.explained(page, "cannot be used")
	b.get("/sso/acme-keys/oidc/callback").want(http.StatusBadRequest)
	if w.sessions("acme") != 0 {
		t.Error("somebody got in")
	}
}

func TestAnotherAccountThanTheOneAskedFor(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	page := p.signIn(b, "ann@private.example", "?login_hint=ann@acme.com&return=/x").want(http.StatusForbidden, "ann@acme.com", "ann@private.example")
	if !strings.Contains(page.body, "/sso/acme-okta/login?fresh=1&amp;login_hint=ann%40acme.com&amp;return=%2Fx") {
		t.Errorf("the page does not lead to another try:\n%s", page.body)
	}
	w.explained(page, "unknown_domain")
	// An alias of a person who gets in is no mistake.
	p.signIn(b, "ann.lee@acme.com", "?login_hint=ann@acme.com").want(http.StatusSeeOther)
}

func TestWhatAnybodyCanPostIsJournalledSoOftenOnly(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	var last *answer
	post := func(from string) {
		b.header = http.Header{"X-Forwarded-For": {from}}
		last = b.posted("/sso/acme-okta/saml/acs", url.Values{"SAMLResponse": {"garbage"}}).want(http.StatusBadRequest)
	}
	for range 40 {
		post("192.0.2.1")
	}
	if n := len(w.entries("login.refused")); n != 5 {
		t.Errorf("%d entries of one client, want 5", n)
	}
	for i := range 40 {
		post(fmt.Sprintf("192.0.2.%d", 2+i))
	}
	if n := len(w.entries("login.refused")); n != 30 {
		t.Errorf("%d entries of one connection, want 30", n)
	}
	reference := last.reference()
	_, err := w.engine.Refusal(t.Context(), w.orgs["acme"], reference)
	if !strings.HasPrefix(reference, "LOG-") || directory.KindOf(err) != directory.NotFound || !strings.Contains(err.Error(), "log") {
		t.Errorf("%s is explained as %v", reference, err)
	}
	b.header = nil
	b.posted("/sso/globex-okta/saml/acs", url.Values{"SAMLResponse": {"garbage"}})
	if n := len(w.entries("login.refused")); n != 31 {
		t.Error("one connection's refusals are counted with another's")
	}
}

func TestAFormOfTheWrongSizeOrKind(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.posted("/sso/acme-okta/saml/acs", url.Values{"SAMLResponse": {strings.Repeat("x", 1<<20)}}).want(http.StatusRequestEntityTooLarge)
	b.post("/login", email(strings.Repeat("x", 1<<20))).want(http.StatusRequestEntityTooLarge)
	b.posted("/sso/acme-keys/saml/acs", nil).want(http.StatusNotFound)
	b.get("/sso/acme-okta/oidc/callback").want(http.StatusNotFound)
	b.get("/sso/acme-keys/saml/metadata").want(http.StatusNotFound)
	b.get("/sso/").want(http.StatusNotFound)
}

func TestWhatGoesWrongInsideStaysInside(t *testing.T) {
	w := newWorld(t)
	for _, err := range []error{errors.New("a secret of ours"), &directory.Error{Kind: directory.Unavailable, Message: "The disk is full.", Err: errors.New("a secret of ours")}} {
		rec := httptest.NewRecorder()
		w.server.Render(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login", nil), err)
		if page := text(rec.Body.String()); rec.Code < 500 || strings.Contains(page, "secret") || !strings.Contains(page, "The fault is ours") {
			t.Errorf("%v is shown as %d:\n%s", err, rec.Code, page)
		}
	}
}

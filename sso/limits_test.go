package sso_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
)

func TestASessionIsFreshWhereTheProviderWasToAskAnew(t *testing.T) {
	w := newWorld(t)
	p := w.oidc["acme-keys"]
	for name, c := range map[string]struct {
		query string
		ago   time.Duration // since the person signed in at the provider
		fresh bool
	}{
		"asked for the credentials":    {"?fresh=1", 0, true},
		"let in by what it remembered": {"", 10 * time.Hour, false},
	} {
		p.claims["auth_time"] = w.now.Add(-c.ago).Unix()
		p.signIn(w.browser(), "ann@acme.com", c.query).want(http.StatusSeeOther)
		list, _, err := w.engine.ListSessions(t.Context(), w.orgs["acme"], directory.NoID, nil, 10)
		w.must(err)
		if len(list) != 1 || list[0].Fresh != c.fresh || !list[0].SignedIn.Equal(w.now.Add(-c.ago)) {
			t.Errorf("%s: %+v", name, list)
		}
		w.must(w.engine.EndAllSessions(t.Context(), w.orgs["acme"], directory.Cause{Kind: directory.CauseAdmin, Actor: "root"}))
		w.now = w.now.Add(time.Second)
	}
}

func TestOneSignInMakesOneCallOfTheTokenEndpoint(t *testing.T) {
	w := newWorld(t)
	p, b := w.oidc["acme-keys"], w.browser()
	asked := p.start(b, "?return=/x")
	kept := maps.Clone(b.cookies)
	for i := range 3 {
		b.cookies = maps.Clone(kept)
		b.get(p.urls.Callback + "?" + url.Values{"code": {fmt.Sprint("guess-", i)}, "state": {asked.Get("state")}}.Encode())
	}
	if p.exchanges != 1 {
		t.Errorf("%d calls of the token endpoint, want 1", p.exchanges)
	}
	b.cookies = maps.Clone(kept)
	page := b.get(p.answer(asked, "ann@acme.com")).want(http.StatusGone, "/sso/acme-keys/login?return=%2Fx")
	w.explained(page, "answered already")
	if p.exchanges != 1 || w.sessions("acme") != 0 {
		t.Errorf("%d calls, %d sessions", p.exchanges, w.sessions("acme"))
	}
}

// Whoever begins a sign-in can end it with a made-up code, which costs the provider a call with our secret: no client gets
// to make more of them than an office has people who sign in.
func TestCallsOfTheTokenEndpointAreBoundedByClient(t *testing.T) {
	w := newWorld(t)
	p, b := w.oidc["acme-keys"], w.browser()
	guess := func() *answer {
		asked := p.start(b, "")
		return b.get(p.urls.Callback + "?" + url.Values{"code": {"guess"}, "state": {asked.Get("state")}}.Encode())
	}
	for range 300 {
		guess().want(http.StatusGone)
	}
	late := guess().want(http.StatusTooManyRequests, "Too many tries")
	if p.exchanges != 300 || late.header.Get("Retry-After") == "" {
		t.Errorf("%d calls of the token endpoint, and Retry-After %q", p.exchanges, late.header.Get("Retry-After"))
	}
	w.now = w.now.Add(time.Minute)
	p.signIn(b, "ann@acme.com", "").want(http.StatusSeeOther)
}

func TestASignInBeginsByOpeningAPageAlone(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		site, mode, dest string
		begins           bool
	}{
		"a link":                           {"same-origin", "navigate", "document", true},
		"a tile on the provider's page":    {"cross-site", "navigate", "document", true},
		"a browser that does not say":      {"", "", "", true},
		"a picture on another site":        {"cross-site", "no-cors", "image", false},
		"a script of another site":         {"cross-site", "cors", "empty", false},
		"a frame on another site":          {"cross-site", "navigate", "iframe", false},
		"a script of ours, were there one": {"same-origin", "cors", "empty", false},
	} {
		for _, path := range []string{"/sso/acme-okta/login", "/sso/acme-keys/login", "/login?connection=acme-okta", "/login?login_hint=gus@globex.com"} {
			b := w.browser()
			b.header = http.Header{"Sec-Fetch-Site": {c.site}, "Sec-Fetch-Mode": {c.mode}, "Sec-Fetch-Dest": {c.dest}}
			a := b.get(path)
			if begun := a.status == http.StatusSeeOther && len(b.cookies) == 1; begun != c.begins || !c.begins && (a.status != http.StatusForbidden || len(b.cookies) != 0) {
				t.Errorf("%s at %s: %d with %d cookies", name, path, a.status, len(b.cookies))
			}
		}
	}
}

func TestALongWayBackIsForgotten(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "")
	b.get("/login?return=/" + strings.Repeat("x", 1023)).want(http.StatusSeeOther).leads("/" + strings.Repeat("x", 1023))
	b.get("/login?return=/" + strings.Repeat("x", 1200)).leads("/welcome")
}

func TestALinkWithAnAddressCountsAsTypingIt(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for range 300 {
		b.get("/login?login_hint=x@nobody.example").want(http.StatusOK)
	}
	b.get("/login?login_hint=x@nobody.example").want(http.StatusTooManyRequests, "Too many tries")
	b.post("/login", email("x@nobody.example")).want(http.StatusTooManyRequests)
	b.get("/login").want(http.StatusOK)
}

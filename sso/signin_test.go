package sso_test

import (
	"net/http"
	"testing"
)

func TestTheWholeWayBySAML(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.saml["acme-okta"]
	p.signIn(b, "ann@acme.com", "?return=/authorize/callback?id=7").leads("/welcome?return=%2Fauthorize%2Fcallback%3Fid%3D7")
	b.get("/welcome?return=%2Fauthorize%2Fcallback%3Fid%3D7").want(http.StatusOK, "viewer", "Acme Inc.", `href="/authorize/callback?id=7"`)
	first := b.cookies["__Host-usher"].Value
	p.signIn(b, "ann@acme.com", "?return=/x").leads("/x")
	if b.cookies["__Host-usher"].Value == first || w.sessions("acme") != 1 {
		t.Errorf("%d sessions, the token changed: %v", w.sessions("acme"), b.cookies["__Host-usher"].Value != first)
	}
}

func TestTheWholeWayByOpenIDConnect(t *testing.T) {
	w := newWorld(t)
	b, p := w.browser(), w.oidc["acme-keys"]
	p.signIn(b, "ann@acme.com", "?return=/x").leads("/welcome?return=%2Fx")
	b.get("/welcome").want(http.StatusOK, `href="https://atlas.example/"`)
	p.signIn(b, "ann@acme.com", "").leads("/welcome")
	if w.sessions("acme") != 1 || len(w.entries("login")) != 2 {
		t.Errorf("%d sessions after two sign-ins in one browser, %d of them journalled", w.sessions("acme"), len(w.entries("login")))
	}
}

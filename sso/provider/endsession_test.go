package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

func idTokenOf(token *oauth2.Token) string {
	raw, _ := token.Extra("id_token").(string)
	return raw
}

func leaveBy(values ...string) string {
	query := url.Values{}
	for i := 0; i < len(values); i += 2 {
		query.Set(values[i], values[i+1])
	}
	return "/oidc/end_session?" + query.Encode()
}

func TestAnApplicationSignsItsPersonOut(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	token, _ := a.enter(b)
	w.pass(10 * time.Minute) // the ID token has expired long since
	to, page := b.open(leaveBy("id_token_hint", idTokenOf(token), "post_logout_redirect_uri", appHome, "state", "x y"))
	if to == nil || to.String() != appHome+"?state=x+y" {
		t.Errorf("the browser is led to %v, and sees %s", to, page.text)
	}
	if status, _ := a.userinfo(token.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("the access token holds: %d", status)
	}
	if to, _ := b.open(a.ask("verifier", oauth2.SetAuthURLParam("prompt", "none"))); to.Query().Get("error") != "login_required" {
		t.Errorf("the browser is signed in: %v", to)
	}
	// Once more, as by the back button: nothing to end, and the way back is the same.
	if to, _ := b.open(leaveBy("id_token_hint", idTokenOf(token), "post_logout_redirect_uri", appHome)); to == nil || to.String() != appHome || w.signOuts.Load() != 1 {
		t.Errorf("the second time leads to %v, after %d sign-outs", to, w.signOuts.Load())
	}
}

func TestOnlyARegisteredAddressIsLedTo(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	for _, uri := range []string{"https://evil.example/", "https://app.example", "https://app.example/?x", "//evil.example/", "/\\evil.example", appCallback, ""} {
		b := w.browser()
		token, _ := a.enter(b)
		to, page := b.open(leaveBy("id_token_hint", idTokenOf(token), "post_logout_redirect_uri", uri))
		if to != nil || page.status != http.StatusOK || page.text != "Signed out." {
			t.Errorf("%q leads to %v, and shows %s", uri, to, page.text)
		}
	}
}

// TestALinkThatAnybodyCouldHaveMadeAsksFirst: nobody is signed out by a page that they look at.
func TestALinkThatAnybodyCouldHaveMadeAsksFirst(t *testing.T) {
	w := newWorld(t)
	a, ann, bob := w.app(), w.browser(), w.browser()
	token, _ := a.enter(ann)
	w.signsIn = "bob"
	of, _ := a.enter(bob)
	for name, address := range map[string]string{
		"no hint":              leaveBy("post_logout_redirect_uri", appHome, "client_id", "app"),
		"somebody else's hint": leaveBy("id_token_hint", idTokenOf(of), "post_logout_redirect_uri", appHome),
		"nothing":              "/oidc/end_session",
	} {
		if to, page := ann.open(address); to != nil || page.status != http.StatusOK || page.text != "Sign out?" {
			t.Errorf("%s: leads to %v, and shows %s", name, to, page.text)
		}
	}
	for name, hint := range map[string]string{
		"forged":            idTokenOf(token)[:len(idTokenOf(token))-4] + "AAAA",
		"unsigned":          "eyJhbGciOiJub25lIn0." + strings.Split(idTokenOf(token), ".")[1] + ".",
		"an access token":   token.AccessToken,
		"of another client": "",
	} {
		address := leaveBy("id_token_hint", hint, "post_logout_redirect_uri", appHome)
		if hint == "" {
			address = leaveBy("id_token_hint", idTokenOf(token), "client_id", "desktop")
		}
		if to, page := ann.open(address); to != nil || page.status != http.StatusBadRequest {
			t.Errorf("%s: leads to %v, %d", name, to, page.status)
		}
	}
	if status, _ := a.userinfo(token.AccessToken); status != http.StatusOK || w.signOuts.Load() != 0 {
		t.Errorf("ann was signed out %d times; userinfo answers %d", w.signOuts.Load(), status)
	}
}

func TestAFormSignsOutAsALinkDoes(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	token, _ := a.enter(b)
	form := url.Values{"id_token_hint": {idTokenOf(token)}, "post_logout_redirect_uri": {appHome}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+"/oidc/end_session", strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if to, _ := b.send(r); to == nil || to.String() != appHome || w.signOuts.Load() != 1 {
		t.Errorf("the browser is led to %v", to)
	}
}

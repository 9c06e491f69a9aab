package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// TestASignInThatTheProviderRemembersIsNoFreshOne: the person opens /login without fresh=1, and the provider lets them in by
// what it remembers from long ago.
func TestASignInThatTheProviderRemembersIsNoFreshOne(t *testing.T) {
	for name, c := range map[string]struct {
		parameter, value string
		standing         time.Duration
		in               bool
	}{
		"prompt=login":              {"prompt", "login", 10 * time.Hour, false},
		"prompt=login, just now":    {"prompt", "login", time.Millisecond, false},
		"prompt=select_account":     {"prompt", "select_account", 10 * time.Hour, false},
		"max_age=0":                 {"max_age", "0", time.Millisecond, false},
		"max_age, too long ago":     {"max_age", "3600", 10 * time.Hour, false},
		"max_age, not so long ago":  {"max_age", "3600", 59 * time.Minute, true},
		"nothing of the kind asked": {"display", "page", 10 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.standing, w.deaf = c.standing, true
			to, page := w.browser().open(w.app().ask("verifier", oauth2.SetAuthURLParam(c.parameter, c.value)))
			if to == nil {
				t.Fatalf("the browser sees %s", page.text)
			}
			if q := to.Query(); (q.Get("code") != "") != c.in || (q.Get("error") == "login_required") == c.in {
				t.Errorf("the browser comes back with %v", q)
			}
		})
	}
}

func TestASessionThatBeganFreshIsFreshForWhatWasAskedBeforeItAlone(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	again := oauth2.SetAuthURLParam("prompt", "login")
	if to, page := b.open(a.ask("verifier", again)); to == nil || to.Query().Get("code") == "" {
		t.Fatalf("the browser is led to %v, and sees %s", to, page.text)
	}
	w.signsIn = ""
	w.pass(time.Second)
	if to, _ := b.open(a.ask("verifier", again)); to != nil {
		t.Errorf("the next prompt=login is answered by the session of before, with %v", to.Query())
	}
}

func TestAnApplicationLearnsWhenThePersonSignedInAtTheProvider(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	w.standing = 10 * time.Hour
	token, _ := a.enter(w.browser())
	raw, _ := token.Extra("id_token").(string)
	id, err := a.provider.Verifier(&oidc.Config{ClientID: "app", Now: w.now}).Verify(a.ctx, raw)
	w.must(err)
	var said struct {
		AuthTime int64 `json:"auth_time"`
	}
	w.must(id.Claims(&said))
	if ago := w.now().Sub(time.Unix(said.AuthTime, 0)); ago < 10*time.Hour || ago > 10*time.Hour+time.Minute {
		t.Errorf("auth_time is %s ago, want 10 hours", ago)
	}
}

// TestNobodyKnowsWhenWhoTheProviderRemembersSignedIn: without the provider's word a session is as old as it likes.
func TestNobodyKnowsWhenWhoTheProviderRemembersSignedIn(t *testing.T) {
	w := newWorld(t)
	w.silent = true
	a, b := w.app(), w.browser()
	token, _ := a.enter(b)
	if raw, _ := token.Extra("id_token").(string); a.authTime(raw) != nil {
		t.Errorf("the ID token says that the person signed in at %v", a.authTime(raw))
	}
	verifier := oauth2.GenerateVerifier()
	to, page := b.open(a.ask(verifier, oauth2.SetAuthURLParam("max_age", "3600")))
	if query := *w.asked.Load(); !strings.Contains(query, "fresh=1") || to == nil {
		t.Fatalf("the person was sent to sign in with %s, and sees %s", query, page.text)
	}
	token, err := a.oauth.Exchange(a.ctx, to.Query().Get("code"), oauth2.VerifierOption(verifier))
	w.must(err)
	raw, _ := token.Extra("id_token").(string)
	if at, _ := a.authTime(raw).(float64); w.now().Sub(time.Unix(int64(at), 0)) > time.Minute {
		t.Errorf("after a sign-in anew auth_time is %v", a.authTime(raw))
	}
}

// authTime returns the claim auth_time of an ID token, nil for none.
func (a *app) authTime(raw string) any {
	id, err := a.provider.Verifier(&oidc.Config{ClientID: "app", Now: a.w.now}).Verify(a.ctx, raw)
	a.w.must(err)
	var said map[string]any
	a.w.must(id.Claims(&said))
	return said["auth_time"]
}

package main

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// signIn leads the browser to the provider, with state, nonce and PKCE.
func (a *App) signIn(w http.ResponseWriter, r *http.Request) {
	provider, err := a.issuer(r.Context())
	if err != nil {
		a.fail(w, r, "the sign-in service does not answer", err)
		return
	}
	browser := cookie(r, browserCookie)
	if browser == "" {
		browser = rand.Text()
		setCookie(w, browserCookie, browser)
	}
	state, n := rand.Text(), &start{browser: browser, verifier: oauth2.GenerateVerifier(), nonce: rand.Text(), at: time.Now()}
	a.sessions.begin(state, n)
	options := []oauth2.AuthCodeOption{oidc.Nonce(n.nonce), oauth2.S256ChallengeOption(n.verifier)}
	for _, name := range []string{"login_hint", "organization", "connection", "prompt"} {
		if value := r.URL.Query().Get(name); value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	http.Redirect(w, r, a.oauth(provider).AuthCodeURL(state, options...), http.StatusSeeOther)
}

// callback takes a person in whom the provider sends back.
func (a *App) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	n, ok := a.sessions.finish(q.Get("state"), cookie(r, browserCookie))
	if !ok || q.Get("iss") != a.Issuer { // RFC 9207
		a.show(w, http.StatusBadRequest, &view{Problem: "This sign-in was finished already, took too long, or was begun in another browser. Start again."})
		return
	}
	if q.Has("error") {
		a.show(w, http.StatusUnauthorized, &view{Problem: "You were not signed in: " + q.Get("error_description") + "."})
		return
	}
	v, err := a.take(r, q.Get("code"), n)
	if err != nil {
		a.fail(w, r, "the sign-in could not be finished", err)
		return
	}
	a.sessions.end(cookie(r, sessionCookie))
	setCookie(w, sessionCookie, a.sessions.put(v))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// take exchanges a code for tokens, and checks them.
func (a *App) take(r *http.Request, code string, n *start) (*visit, error) {
	ctx := a.outbound(r.Context())
	provider, err := a.issuer(ctx)
	if err != nil {
		return nil, err
	}
	token, err := a.oauth(provider).Exchange(ctx, code, oauth2.VerifierOption(n.verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: a.Client}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(n.nonce)) != 1 {
		return nil, errors.New("the nonce is another sign-in's")
	}
	var said struct {
		SID string `json:"sid"`
	}
	if err := id.Claims(&said); err != nil {
		return nil, err
	}
	return &visit{subject: id.Subject, sid: said.SID, accessToken: token.AccessToken, expires: token.Expiry, idToken: raw}, nil
}

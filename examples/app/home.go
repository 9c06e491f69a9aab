package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// person is what the provider says of who is signed in.
type person struct {
	Subject          string                     `json:"sub"`
	Organization     string                     `json:"org"`
	Connection       string                     `json:"connection"`
	Name             string                     `json:"name"`
	Email            string                     `json:"email"`
	EmailVerified    bool                       `json:"email_verified"`
	Role             string                     `json:"role"`
	Department       string                     `json:"department"`
	Teams            []string                   `json:"teams"`
	Permissions      []string                   `json:"permissions"`
	PermissionSets   []string                   `json:"permission_sets"`
	PermissionValues map[string]json.RawMessage `json:"permission_values"`
}

// view is what the page shows.
type view struct {
	Person  *person // nil when nobody is signed in
	Left    bool    // somebody was, until now
	Problem string
}

// errOver says that the provider does not take the access token any more.
var errOver = errors.New("the session is over")

// home shows who is signed in. The provider is asked each time, so that a new role is there with the next click, and who
// was signed out is out.
func (a *App) home(w http.ResponseWriter, r *http.Request) {
	id := cookie(r, sessionCookie)
	v := a.sessions.get(id)
	switch {
	case v == nil && id != "": // ended by the back channel
		setCookie(w, sessionCookie, "")
		a.show(w, http.StatusOK, &view{Left: true})
		return
	case v == nil:
		a.show(w, http.StatusOK, &view{})
		return
	case !time.Now().Before(v.expires): // a new one comes without a page in between, while the session holds
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return
	}
	who, err := a.ask(r, v)
	if errors.Is(err, errOver) {
		a.sessions.end(id)
		setCookie(w, sessionCookie, "")
		a.show(w, http.StatusOK, &view{Left: true})
		return
	}
	if err != nil {
		a.fail(w, r, "the sign-in service does not answer", err)
		return
	}
	a.show(w, http.StatusOK, &view{Person: who})
}

// ask asks the provider who an access token is of.
func (a *App) ask(r *http.Request, v *visit) (*person, error) {
	ctx := r.Context()
	provider, err := a.issuer(ctx)
	if err != nil {
		return nil, err
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, provider.UserInfoEndpoint(), nil)
	if err != nil {
		return nil, err
	}
	ask.Header.Set("Authorization", "Bearer "+v.accessToken)
	answer, err := a.client().Do(ask)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return nil, errOver
	default:
		return nil, fmt.Errorf("userinfo answers %d", answer.StatusCode)
	}
	who := &person{}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(who); err != nil {
		return nil, err
	}
	if who.Subject != v.subject { // OpenID Connect Core 1.0, section 5.3.2
		return nil, errors.New("the provider speaks of somebody else")
	}
	return who, nil
}

func (a *App) show(w http.ResponseWriter, status int, v *view) {
	var page bytes.Buffer
	if err := a.page.Execute(&page, v); err != nil {
		a.Log.Error("the page cannot be written", "err", err)
		http.Error(w, "something is wrong", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // nobody is left to tell
}

package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixus/usher/web"
)

// own are the pages of people whom no provider signs in.
func own() map[string]web.Page {
	form := func(path string) web.Form {
		return web.Form{Action: path, Hidden: []web.Field{{Name: "return", Value: "/welcome"}}}
	}
	use := web.Ceremony{Form: form("/login/passkey"), Options: `{"challenge":"Y2hhbGxlbmdl","rpId":"login.acme.com","userVerification":"required"}`}
	add := web.Ceremony{Form: form("/account/sign-in/passkey"), Options: `{"challenge":"Y2hhbGxlbmdl","rp":{"id":"login.acme.com","name":"Atlas"}}`}
	account := func(change func(*web.OwnSignIn)) web.Page {
		p := &web.OwnSignIn{
			Frame: acme(), Form: form("/account/sign-in/password"), Remove: form("/account/sign-in/password"), Email: "ann@private.example",
			Passkey: add, Continue: "/welcome",
		}
		change(p)
		return p
	}
	login := func(change func(*web.PasswordLogin)) web.Page {
		p := &web.PasswordLogin{Frame: web.Frame{Application: "Atlas"}, Form: form("/login/password"), Passkey: use, Code: "/login/code"}
		change(p)
		return p
	}
	return map[string]web.Page{
		"login":            login(func(*web.PasswordLogin) {}),
		"login-no-passkey": login(func(p *web.PasswordLogin) { p.Passkey = web.Ceremony{} }),
		"login-no-email":   login(func(p *web.PasswordLogin) { p.Problem = web.EmailMissing }),
		"login-no-password": login(func(p *web.PasswordLogin) {
			p.Email, p.Problem = "ann@private.example", web.PasswordMissing
		}),
		"login-wrong": login(func(p *web.PasswordLogin) { p.Email, p.Problem = "ann@private.example", web.CredentialWrong }),
		"new":         account(func(*web.OwnSignIn) {}),
		"bare":        account(func(p *web.OwnSignIn) { p.Passkey = web.Ceremony{} }),
		"set": account(func(p *web.OwnSignIn) {
			p.Changed, p.Done = "2 November 2026", true
			p.Passkeys = []web.OwnPasskey{
				{Form: form("/account/sign-in/passkey/change"), Name: "Chrome on Windows", Added: "2 November 2026", Used: "9 November 2026"},
				{Form: form("/account/sign-in/passkey/change"), Name: "Security key", Added: "3 November 2026"},
			}
		}),
		"common": account(func(p *web.OwnSignIn) { p.Problem = web.PasswordCommon }),
		"failed": account(func(p *web.OwnSignIn) { p.Problem = web.PasskeyWrong }),
	}
}

func TestAScriptIsWhereAPasskeyIs(t *testing.T) {
	pages := web.New(nil)
	for name, page := range samples() {
		answer := rendered(t, pages, page)
		html := parse(t, answer.Body.String())
		scripts := html.all("script")
		passkeys := 0
		for _, f := range html.all("form") {
			if f.attrs["data-passkey"] != "" {
				passkeys++
				if _, hidden := f.attrs["hidden"]; !hidden {
					t.Errorf("%s: without its script the form shows, and does nothing", name)
				}
			}
		}
		allows := directives(t, answer.Header().Get("Content-Security-Policy"))["script-src"]
		switch {
		case passkeys == 0 && len(scripts) == 0 && allows == "":
			continue
		case passkeys != 1 || len(scripts) != 1 || allows != "'self'":
			t.Fatalf("%s: %d passkeys, %d scripts, of %q", name, passkeys, len(scripts), allows)
		}
		w := httptest.NewRecorder()
		pages.Assets().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, scripts[0].attrs["src"], nil))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" || !strings.Contains(w.Body.String(), "navigator.credentials.create") {
			t.Errorf("%s: %d, %s", scripts[0].attrs["src"], w.Code, w.Header().Get("Content-Type"))
		}
	}
}

func TestAPasswordIsNeverShown(t *testing.T) {
	for name, page := range own() {
		for _, in := range parse(t, body(t, page)).all("input") {
			if in.attrs["type"] == "password" && in.attrs["value"] != "" {
				t.Errorf("%s: the field has the value %q", name, in.attrs["value"])
			}
		}
	}
}

func TestTheLoginPageSaysWhereInvitedPeopleGo(t *testing.T) {
	got := body(t, samples()["login-own"])
	if want := `<a href="/login/password">Joined by an invitation? Sign in with a passkey, password or code</a>`; !strings.Contains(got, want) {
		t.Errorf("the page does not say %s:\n%s", want, got)
	}
}

package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// code leads a browser to a code, and returns it with its verifier.
func (a *app) code(b *browser) (code, verifier string) {
	a.w.t.Helper()
	verifier = oauth2.GenerateVerifier()
	to, page := b.open(a.ask(verifier))
	if to == nil || to.Query().Get("code") == "" {
		a.w.t.Fatalf("the browser is led to %v, and sees %s", to, page.text)
	}
	return to.Query().Get("code"), verifier
}

func exchange(code, verifier string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appCallback}, "code_verifier": {verifier}}
}

// TestACodeIsBurntByTheFirstWhoShowsIt: whatever is wrong with the exchange, there is no second try.
func TestACodeIsBurntByTheFirstWhoShowsIt(t *testing.T) {
	for name, c := range map[string]struct {
		change func(url.Values)
		client string
		want   string
	}{
		"a wrong verifier":         {func(f url.Values) { f.Set("code_verifier", oauth2.GenerateVerifier()) }, "app", "invalid_grant"},
		"no verifier":              {func(f url.Values) { f.Del("code_verifier") }, "app", "invalid_request"},
		"the challenge itself":     {func(f url.Values) { f.Set("code_verifier", oauth2.S256ChallengeFromVerifier(f.Get("code_verifier"))) }, "app", "invalid_grant"},
		"another redirect address": {func(f url.Values) { f.Set("redirect_uri", "https://app.example/callback") }, "app", "invalid_grant"},
		"another client":           {func(url.Values) {}, "desktop", "invalid_grant"},
	} {
		w := newWorld(t)
		a := w.app()
		code, verifier := a.code(w.browser())
		form, secret := exchange(code, verifier), appSecret
		c.change(form)
		if c.client == "desktop" {
			form.Set("client_id", "desktop")
			c.client, secret = "", ""
		}
		if status, said, _ := w.post("/oidc/token", form, c.client, secret); status != http.StatusBadRequest || said["error"] != c.want {
			t.Errorf("%s: answers %d %v, want %s", name, status, said, c.want)
		}
		if status, said, _ := w.post("/oidc/token", exchange(code, verifier), "app", appSecret); status != http.StatusBadRequest || said["error"] != "invalid_grant" {
			t.Errorf("%s, and then the right one: answers %d %v", name, status, said)
		}
	}
}

func TestACodeThatIsShownAgainTakesItsTokenBack(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	code, verifier := a.code(b)
	_, said, _ := w.post("/oidc/token", exchange(code, verifier), "app", appSecret)
	first, _ := said["access_token"].(string)
	other, _ := a.enter(b)
	if status, _ := a.userinfo(first); status != http.StatusOK {
		t.Fatalf("userinfo answers %d", status)
	}
	if status, said, _ := w.post("/oidc/token", exchange(code, verifier), "app", appSecret); status != http.StatusBadRequest || said["error"] != "invalid_grant" {
		t.Errorf("the code is exchanged twice: %d %v", status, said)
	}
	if status, said := a.userinfo(first); status != http.StatusUnauthorized || said["error"] != "invalid_token" {
		t.Errorf("the token of a code that leaked holds: %d %v", status, said)
	}
	if status, _ := a.userinfo(other.AccessToken); status != http.StatusOK {
		t.Errorf("another code's token does not hold: %d", status)
	}
}

func TestACodeHoldsForAMinute(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	code, verifier := a.code(w.browser())
	w.pass(provision.CodeLasts)
	if status, said, _ := w.post("/oidc/token", exchange(code, verifier), "app", appSecret); status != http.StatusBadRequest || said["error"] != "invalid_grant" {
		t.Errorf("an old code is answered %d %v", status, said)
	}
}

func TestAnAccessTokenHoldsForAnHour(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	token, _ := a.enter(w.browser())
	w.pass(59 * time.Minute)
	if status, _ := a.userinfo(token.AccessToken); status != http.StatusOK {
		t.Errorf("userinfo answers %d within the hour", status)
	}
	w.pass(2 * time.Minute)
	if status, _ := a.userinfo(token.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("userinfo answers %d after the hour", status)
	}
}

// TestClientsAreKnownByTheirSecret and by nothing that anybody else could send.
func TestClientsAreKnownByTheirSecret(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	for name, c := range map[string]struct {
		id, secret string
		form       url.Values
		status     int
		want       string
	}{
		"a wrong secret":             {"app", "wrong", nil, http.StatusUnauthorized, "invalid_client"},
		"no secret":                  {"", "", url.Values{"client_id": {"app"}}, http.StatusUnauthorized, "invalid_client"},
		"nobody's":                   {"nobody", "wrong", nil, http.StatusUnauthorized, "invalid_client"},
		"no client":                  {"", "", nil, http.StatusUnauthorized, "invalid_client"},
		"a public one with a secret": {"desktop", "x", nil, http.StatusUnauthorized, "invalid_client"},
		"the form":                   {"", "", url.Values{"client_id": {"app"}, "client_secret": {appSecret}}, http.StatusOK, ""},
		"both ways at once":          {"app", appSecret, url.Values{"client_id": {"app"}, "client_secret": {appSecret}}, http.StatusBadRequest, "invalid_request"},
		"an assertion": {
			"", "",
			url.Values{"client_assertion": {"a.b.c"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}},
			http.StatusUnauthorized, "invalid_client",
		},
	} {
		code, verifier := a.code(b)
		form := exchange(code, verifier)
		for key, values := range c.form {
			form[key] = values
		}
		status, said, header := w.post("/oidc/token", form, c.id, c.secret)
		if got, _ := said["error"].(string); status != c.status || got != c.want || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: answers %d %v, want %d %s", name, status, said, c.status, c.want)
		}
		if status == http.StatusUnauthorized {
			if !strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s: WWW-Authenticate is %q", name, header.Get("WWW-Authenticate"))
			}
			if status, _, _ := w.post("/oidc/token", exchange(code, verifier), "app", appSecret); status != http.StatusOK {
				t.Errorf("%s: who is not known has burnt the code", name)
			}
		}
	}
}

func TestThereIsNoOtherGrant(t *testing.T) {
	w := newWorld(t)
	for _, grant := range []string{
		"refresh_token", "client_credentials", "password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:device_code",
	} {
		if status, said, _ := w.post("/oidc/token", url.Values{"grant_type": {grant}}, "app", appSecret); status != http.StatusBadRequest || said["error"] != "unsupported_grant_type" {
			t.Errorf("%s is answered %d %v", grant, status, said)
		}
	}
	for _, path := range []string{"/oidc/register", "/oidc/device_authorization", "/oidc/introspect"} {
		if status := w.status(http.MethodPost, path); status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, status)
		}
	}
}

// TestParametersAreKnownByTheirExactNames: the decoder takes Code for code, and which of the two counts is chance.
func TestParametersAreKnownByTheirExactNames(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	code, verifier := a.code(w.browser())
	for _, name := range []string{"Code", "Redirect_uri", "CLIENT_ID", "Client_Secret", "code_Verifier"} {
		form := exchange(code, verifier)
		form.Set(name, "x")
		if status, said, _ := w.post("/oidc/token", form, "app", appSecret); status != http.StatusBadRequest || said["error"] != "invalid_request" {
			t.Errorf("%s is answered %d %v", name, status, said)
		}
	}
	if status, said, _ := w.post("/oidc/revoke", url.Values{"token": {"x"}, "Token": {"y"}}, "app", appSecret); status != http.StatusBadRequest || said["error"] != "invalid_request" {
		t.Errorf("Token is answered %d %v", status, said)
	}
	if to, page := w.browser().open(leaveBy("ID_token_hint", "x")); to != nil || page.status != http.StatusBadRequest {
		t.Errorf("ID_token_hint leads to %v, %d", to, page.status)
	}
	form := exchange(code, verifier)
	form.Set("Unheard_of", "x")
	if status, said, _ := w.post("/oidc/token", form, "app", appSecret); status != http.StatusOK {
		t.Errorf("a parameter that nobody knows, and the code: %d %v", status, said)
	}
}

// status asks for nothing but the status.
func (w *world) status(method, path string) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, nil)
	w.must(err)
	answer, err := w.server.Client().Do(r)
	w.must(err)
	w.must(answer.Body.Close())
	return answer.StatusCode
}

// TestAGETExchangesNothing: neither by method, nor by parameters in the address, where logs would keep them.
func TestAGETExchangesNothing(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	code, verifier := a.code(w.browser())
	form := exchange(code, verifier)
	form.Set("client_id", "app")
	form.Set("client_secret", appSecret)
	if status := w.status(http.MethodGet, "/oidc/token?"+form.Encode()); status != http.StatusMethodNotAllowed {
		t.Errorf("GET answers %d", status)
	}
	if status, said, _ := w.post("/oidc/token?"+form.Encode(), nil, "", ""); status != http.StatusBadRequest || said["error"] != "invalid_request" {
		t.Errorf("a POST with everything in the address is answered %d %v", status, said)
	}
	if status, said, _ := w.post("/oidc/token", exchange(code, verifier), "app", appSecret); status != http.StatusOK {
		t.Errorf("the code was burnt: %d %v", status, said)
	}
}

func TestAPublicClientIsKnownByPKCEAlone(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	a.oauth.ClientID, a.oauth.RedirectURL = "desktop", "http://127.0.0.1:9999/callback"
	code, verifier := a.code(w.browser())
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.oauth.RedirectURL}, "code_verifier": {verifier}, "client_id": {"desktop"}}
	status, said, _ := w.post("/oidc/token", form, "", "")
	if token, _ := said["access_token"].(string); status != http.StatusOK || token == "" {
		t.Errorf("answers %d %v", status, said)
	}
}

func TestAnApplicationGivesATokenBack(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	token, _ := a.enter(w.browser())
	form := url.Values{"token": {token.AccessToken}}
	if status, _, _ := w.post("/oidc/revoke", url.Values{"token": {token.AccessToken}, "client_id": {"desktop"}}, "", ""); status != http.StatusOK {
		t.Errorf("another client is answered %d", status)
	}
	if status, _ := a.userinfo(token.AccessToken); status != http.StatusOK {
		t.Errorf("another client gave the token back: %d", status)
	}
	for range 2 {
		if status, _, _ := w.post("/oidc/revoke", form, "app", appSecret); status != http.StatusOK {
			t.Errorf("answers %d", status)
		}
	}
	if status, _ := a.userinfo(token.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("the token holds: %d", status)
	}
	if status, said, _ := w.post("/oidc/revoke", form, "app", "wrong"); status != http.StatusUnauthorized || said["error"] != "invalid_client" {
		t.Errorf("a wrong secret is answered %d %v", status, said)
	}
}

func TestUserinfoNeedsAToken(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	_, id := a.enter(w.browser())
	for _, token := range []string{"", "x", sidOf(t, id), strings.Repeat("x", 5000)} {
		if status, said := a.userinfo(token); status != http.StatusUnauthorized || said["sub"] != nil {
			t.Errorf("%q is answered %d %v", token, status, said)
		}
	}
}

// TestLeavingEndsWhatTheApplicationHolds: law 6, and row 51 of the abuse catalogue. Codes and tokens hang on the row of the
// session, which goes in the transaction of the suspension.
func TestLeavingEndsWhatTheApplicationHolds(t *testing.T) {
	cause := directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}
	for name, leave := range map[string]func(w *world){
		"suspended": func(w *world) { w.suspend("ann") },
		"removed": func(w *world) {
			_, err := w.engine.Remove(w.t.Context(), provision.Act{Org: w.org, Member: w.member("ann"), Cause: cause})
			w.must(err)
		},
		"sessions ended": func(w *world) {
			_, err := w.engine.RevokeSessions(w.t.Context(), w.org, w.member("ann"), cause)
			w.must(err)
		},
		"a lockdown":     func(w *world) { _, err := w.engine.Lockdown(w.t.Context(), w.org, true, cause); w.must(err) },
		"the idle limit": func(w *world) { w.pass(13 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.app(), w.browser()
			token, _ := a.enter(b)
			code, verifier := a.code(b)
			leave(w)
			if status, said := a.userinfo(token.AccessToken); status != http.StatusUnauthorized || said["sub"] != nil {
				t.Errorf("the access token holds: %d %v", status, said)
			}
			if status, said, _ := w.post("/oidc/token", exchange(code, verifier), "app", appSecret); status != http.StatusBadRequest || said["error"] != "invalid_grant" {
				t.Errorf("the code is exchanged: %d %v", status, said)
			}
			if to, _ := b.open(a.ask("verifier", oauth2.SetAuthURLParam("prompt", "none"))); to.Query().Get("error") != "login_required" {
				t.Errorf("the browser is signed in: %v", to)
			}
		})
	}
}

// TestAQuestionOfTheApplicationKeepsNobodySignedIn: the idle limit counts what the person does.
func TestAQuestionOfTheApplicationKeepsNobodySignedIn(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	token, _ := a.enter(b)
	w.pass(55 * time.Minute)
	if status, _ := a.userinfo(token.AccessToken); status != http.StatusOK {
		t.Errorf("userinfo answers %d", status)
	}
	w.pass(11*time.Hour + 10*time.Minute)
	if to, _ := b.open(a.ask("verifier", oauth2.SetAuthURLParam("prompt", "none"))); to.Query().Get("error") != "login_required" {
		t.Errorf("the session holds after 12 hours in which ann did nothing: %v", to)
	}
}

func TestANewRoleIsInTheNextAnswer(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	token, _ := a.enter(w.browser())
	_, err := w.engine.Pin(w.t.Context(), provision.Act{Org: w.org, Member: w.member("ann"), Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}}, "admin", time.Time{})
	w.must(err)
	if _, said := a.userinfo(token.AccessToken); said["role"] != "admin" {
		t.Errorf("userinfo says %v", said)
	}
}

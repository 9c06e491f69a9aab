package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func TestAnApplicationSignsSomebodyIn(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	token, id := a.enter(w.browser())
	got := map[string]any{}
	w.must(id.Claims(&got))
	ann := w.member("ann").String()
	want := map[string]any{
		"sub": ann, "org": "acme", "connection": "okta", "name": "Ann Archer", "given_name": "Ann", "family_name": "Archer",
		"email": "ann@acme.com", "email_verified": true, "role": "member", "department": "engineering", "teams": []any{"platform"},
		"permissions": []any{"agents.run", "conversations.view_shared"}, "permission_sets": []any{"engineering_tools"},
		"permission_values": map[string]any{"ai_models": []any{"gpt-4"}, "file_upload_limit": "100MB"},
	}
	status, said := a.userinfo(token.AccessToken)
	if diff := cmp.Diff(want, said); status != http.StatusOK || diff != "" {
		t.Errorf("userinfo answers %d (-want +got):\n%s", status, diff)
	}
	sid, _ := got["sid"].(string)
	if _, ok := directory.ParseID(sid); !ok || id.Nonce != "the-nonce" || got["azp"] != "app" || got["auth_time"] == nil {
		t.Errorf("the ID token says %v", got)
	}
	for _, name := range []string{"iss", "aud", "azp", "iat", "exp", "auth_time", "nonce", "sid", "at_hash"} {
		delete(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the ID token and userinfo differ (-want +got):\n%s", diff)
	}
	w.must(id.VerifyAccessToken(token.AccessToken))
	if lasts := id.Expiry.Sub(id.IssuedAt); lasts > 5*time.Minute || token.RefreshToken != "" || token.Type() != "Bearer" {
		t.Errorf("the ID token lasts %s, the refresh token is %q, the type %s", lasts, token.RefreshToken, token.Type())
	}
}

func TestAnApplicationLearnsWhatItsScopesAskFor(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	for scope, want := range map[string][]string{
		"openid":                      {"connection", "org", "sub"},
		"openid email offline_access": {"connection", "email", "email_verified", "org", "sub"},
		"openid profile":              {"connection", "family_name", "given_name", "name", "org", "sub"},
		"access openid":               {"connection", "department", "org", "permission_sets", "permission_values", "permissions", "role", "sub", "teams"},
	} {
		a.oauth.Scopes = strings.Fields(scope)
		token, _ := a.enter(w.browser())
		_, said := a.userinfo(token.AccessToken)
		var got []string
		for name := range said {
			got = append(got, name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", scope, diff)
		}
	}
}

func TestAnAddressOfADomainThatIsNotProvenIsNotVerified(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	token, _ := a.enter(w.browser())
	w.engine.Verified = func(org, domain string) bool { return org != "acme" || domain != "acme.com" }
	if _, said := a.userinfo(token.AccessToken); said["email"] != "ann@acme.com" || said["email_verified"] != false {
		t.Errorf("userinfo says %v", said)
	}
}

func TestASecondApplicationNeedsNoSecondSignIn(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	_, first := a.enter(b)
	w.signsIn = "" // nobody can sign in any more
	_, second := a.enter(b)
	if first.Subject != second.Subject || first.Subject == "" {
		t.Errorf("the subjects are %s and %s", first.Subject, second.Subject)
	}
}

func TestTheDiscoveryDocumentSaysWhatThereIsAndNothingElse(t *testing.T) {
	w := newWorld(t)
	_, page := w.browser().open("/.well-known/openid-configuration")
	var got map[string]any
	w.must(json.Unmarshal([]byte(page.text), &got))
	issuer := w.server.URL
	want := map[string]any{
		"issuer": issuer, "authorization_endpoint": issuer + "/oidc/authorize", "token_endpoint": issuer + "/oidc/token",
		"userinfo_endpoint": issuer + "/oidc/userinfo", "revocation_endpoint": issuer + "/oidc/revoke",
		"end_session_endpoint": issuer + "/oidc/end_session", "jwks_uri": issuer + "/oidc/keys",
		"response_types_supported": []any{"code"}, "response_modes_supported": []any{"query"}, "grant_types_supported": []any{"authorization_code"},
		"subject_types_supported": []any{"public"}, "id_token_signing_alg_values_supported": []any{"RS256"},
		"code_challenge_methods_supported": []any{"S256"}, "scopes_supported": []any{"openid", "profile", "email", "access"},
		"token_endpoint_auth_methods_supported":      []any{"client_secret_basic", "client_secret_post", "none"},
		"revocation_endpoint_auth_methods_supported": []any{"client_secret_basic", "client_secret_post", "none"},
		"backchannel_logout_supported":               true, "backchannel_logout_session_supported": true,
		"prompt_values_supported": []any{"none", "login", "select_account"}, "authorization_response_iss_parameter_supported": true,
		"request_uri_parameter_supported": false, "claims_supported": got["claims_supported"],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("discovery (-want +got):\n%s", diff)
	}
	if page.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("every origin may read it")
	}
}

// TestWhatIsNotTheClientsRedirectURIGetsAPage: nothing is sent to an address that is not registered to the letter.
func TestWhatIsNotTheClientsRedirectURIGetsAPage(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	for _, uri := range []string{
		"https://app.example/callback", "https://app.example/callback?from=usher&x=1", "https://app.example/callback?from=usher#x",
		"https://app.example/callback/?from=usher", "https://APP.example/callback?from=usher", "https://app.example:443/callback?from=usher",
		"https://evil.example/callback?from=usher", "http://app.example/callback?from=usher", url.QueryEscape(appCallback), "",
	} {
		to, page := w.browser().open(a.ask("verifier", oauth2.SetAuthURLParam("redirect_uri", uri)))
		if to != nil || page.status != http.StatusBadRequest || !strings.Contains(page.text, "not set up right") {
			t.Errorf("%q leads to %v, and shows %d", uri, to, page.status)
		}
	}
	for name, address := range map[string]string{
		"an unknown client":      strings.Replace(a.ask("verifier"), "client_id=app", "client_id=apps", 1),
		"two redirect addresses": a.ask("verifier") + "&redirect_uri=https://evil.example/",
		"another client's":       strings.Replace(a.ask("verifier"), "client_id=app", "client_id=desktop", 1),
	} {
		if to, page := w.browser().open(address); to != nil || page.status != http.StatusBadRequest {
			t.Errorf("%s leads to %v", name, to)
		}
	}
}

func TestARequestThatIsNotInOrderGoesBackToTheApplication(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	set := func(name, value string) []oauth2.AuthCodeOption {
		return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam(name, value)}
	}
	for name, c := range map[string]struct {
		change []oauth2.AuthCodeOption
		want   string
	}{
		"no PKCE":                {set("code_challenge", ""), "invalid_request"},
		"plain PKCE":             {set("code_challenge_method", "plain"), "invalid_request"},
		"a challenge too short":  {set("code_challenge", "short"), "invalid_request"},
		"the implicit flow":      {set("response_type", "id_token"), "unsupported_response_type"},
		"the hybrid flow":        {set("response_type", "code id_token"), "unsupported_response_type"},
		"a fragment":             {set("response_mode", "fragment"), "invalid_request"},
		"no openid":              {set("scope", "profile"), "invalid_scope"},
		"a request object":       {set("request", "eyJhbGciOiJub25lIn0.e30."), "request_not_supported"},
		"a request by reference": {set("request_uri", "https://app.example/request"), "request_uri_not_supported"},
		"none and login":         {set("prompt", "none login"), "invalid_request"},
		"an age that is none":    {set("max_age", "-1"), "invalid_request"},
		"a hint of nobody's":     {set("id_token_hint", "a.b.c"), "invalid_request"},
		"a state without end":    {set("state", strings.Repeat("s", 600)), "invalid_request"},
		"a second redirect_uri":  {set("Redirect_URI", "https://evil.example/"), "invalid_request"},
		"a second state":         {set("STATE", "evil"), "invalid_request"},
		"a second organization":  {set("Organization", "acme"), "invalid_request"},
		"by another letter s":    {set("re\u017fponse_type", "code"), "invalid_request"},
	} {
		to, page := w.browser().open(a.ask("verifier", c.change...))
		if to == nil || !strings.HasPrefix(to.String(), "https://app.example/callback?") {
			t.Errorf("%s: leads to %v, and shows %s", name, to, page.text)
			continue
		}
		q := to.Query()
		if q.Get("error") != c.want || q.Get("code") != "" || q.Get("iss") != w.server.URL || q.Get("from") != "usher" || q.Get("state") != "the-state" && name != "a state without end" {
			t.Errorf("%s: comes back with %v, want %s", name, q, c.want)
		}
	}
	if to, _ := w.browser().open(a.ask("verifier") + "&scope=openid"); to == nil || to.Query().Get("error") != "invalid_request" {
		t.Errorf("a parameter that is there twice leads to %v", to)
	}
}

func TestNobodyIsShownAPageWhereTheApplicationWantsNone(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	silent := a.ask(oauth2.GenerateVerifier(), oauth2.SetAuthURLParam("prompt", "none"))
	if to, _ := b.open(silent); to.Query().Get("error") != "login_required" || to.Query().Get("state") != "the-state" {
		t.Errorf("nobody is signed in, and the browser comes back with %v", to.Query())
	}
	a.enter(b)
	if to, _ := b.open(silent); to.Query().Get("code") == "" {
		t.Errorf("ann is signed in, and the browser comes back with %v", to.Query())
	}
	w.terms()
	if to, _ := b.open(silent); to.Query().Get("error") != "login_required" {
		t.Errorf("terms are due, and the browser comes back with %v", to.Query())
	}
}

func TestWhoHasToAcceptTermsIsLedThere(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	a.enter(b)
	w.signsIn = ""
	w.terms()
	if _, page := b.open(a.ask("verifier")); page.status != http.StatusTeapot {
		t.Errorf("the browser was not led to /login, but answered %d", page.status)
	}
}

func TestAnApplicationCanAskForAFreshSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		ask   oauth2.AuthCodeOption
		waits time.Duration
		fresh bool
	}{
		"prompt=login":          {oauth2.SetAuthURLParam("prompt", "login"), 0, true},
		"prompt=select_account": {oauth2.SetAuthURLParam("prompt", "select_account"), 0, true},
		"max_age, too old":      {oauth2.SetAuthURLParam("max_age", "60"), 2 * time.Minute, true},
		"max_age, young enough": {oauth2.SetAuthURLParam("max_age", "3600"), 2 * time.Minute, false},
		"max_age=0":             {oauth2.SetAuthURLParam("max_age", "0"), time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.app(), w.browser()
			_, before := a.enter(b)
			w.asked.Store(nil)
			w.pass(c.waits)
			verifier := oauth2.GenerateVerifier()
			to, page := b.open(a.ask(verifier, c.ask))
			if to == nil || to.Query().Get("code") == "" {
				t.Fatalf("the browser is led to %v, and sees %s", to, page.text)
			}
			token, err := a.oauth.Exchange(a.ctx, to.Query().Get("code"), oauth2.VerifierOption(verifier))
			w.must(err)
			raw, _ := token.Extra("id_token").(string)
			after, err := a.provider.Verifier(&oidc.Config{ClientID: "app", Now: w.now}).Verify(a.ctx, raw)
			w.must(err)
			if got := sidOf(t, before) != sidOf(t, after); got != c.fresh || (w.asked.Load() != nil) != c.fresh {
				t.Errorf("a new session: %v, want %v", got, c.fresh)
			}
		})
	}
}

func sidOf(t *testing.T, id *oidc.IDToken) string {
	t.Helper()
	var said struct {
		SID string `json:"sid"`
	}
	if err := id.Claims(&said); err != nil || said.SID == "" {
		t.Fatalf("no sid: %v", err)
	}
	return said.SID
}

// TestALoginPageThatBringsNobodyInEndsInNoCircle: however /login behaves, the application hears of it.
func TestALoginPageThatBringsNobodyInEndsInNoCircle(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	a.enter(b)
	w.terms() // and the pages send the browser back at once
	if to, page := b.open(a.ask("verifier")); to == nil || to.Query().Get("error") != "login_required" {
		t.Errorf("the browser is led to %v, and sees %s", to, page.text)
	}
}

func TestHintsOfTheApplicationReachTheLoginPage(t *testing.T) {
	w := newWorld(t)
	w.signsIn = ""
	a := w.app()
	w.browser().open(a.ask("verifier", oauth2.SetAuthURLParam("login_hint", "ann@acme.com"), oauth2.SetAuthURLParam("organization", "acme"),
		oauth2.SetAuthURLParam("connection", "okta")))
	q, err := url.ParseQuery(*w.asked.Load())
	w.must(err)
	if q.Get("login_hint") != "ann@acme.com" || q.Get("organization") != "acme" || q.Get("connection") != "okta" || q.Has("fresh") {
		t.Errorf("/login was asked with %v", q)
	}
	if len(q.Get("return")) > 1024 || strings.Contains(q.Get("return"), "ann") || strings.Contains(q.Get("return"), "the-state") {
		t.Errorf("the way back is open to read, or too long: %s", q.Get("return"))
	}
}

func TestAnotherOrganizationsSessionIsNone(t *testing.T) {
	w := newWorld(t)
	a, b := w.app(), w.browser()
	a.enter(b)
	to, _ := b.open(a.ask("verifier", oauth2.SetAuthURLParam("organization", "other"), oauth2.SetAuthURLParam("prompt", "none")))
	if to == nil || to.Query().Get("error") != "login_required" {
		t.Errorf("the session of acme is led to %v", to)
	}
}

func TestWhoIsNotThePersonOfTheHintDoesNotGetIn(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	token, _ := a.enter(w.browser())
	raw, _ := token.Extra("id_token").(string)
	w.signsIn = "bob"
	to, page := w.browser().open(a.ask("verifier", oauth2.SetAuthURLParam("id_token_hint", raw)))
	if to == nil || to.Query().Get("error") != "login_required" {
		t.Errorf("bob is led to %v, and sees %s", to, page.text)
	}
}

func TestASignInThatTookTooLongStartsAgain(t *testing.T) {
	w := newWorld(t)
	w.signsIn = ""
	a, b := w.app(), w.browser()
	b.open(a.ask("verifier"))
	q, err := url.ParseQuery(*w.asked.Load())
	w.must(err)
	w.pass(61 * time.Minute)
	for name, back := range map[string]string{
		"late": q.Get("return"), "forged": "/oidc/authorize/callback?id=AAAA", "none": "/oidc/authorize/callback",
		"changed": q.Get("return")[:len(q.Get("return"))-2] + "xx",
	} {
		if to, page := b.open(back); to != nil || page.status != http.StatusBadRequest || !strings.Contains(page.text, "Please start again") {
			t.Errorf("%s: leads to %v, %d", name, to, page.status)
		}
	}
}

func TestAClientThatWasTakenOutMeanwhileGetsNothing(t *testing.T) {
	w := newWorld(t)
	w.signsIn = ""
	a, b := w.app(), w.browser()
	b.open(a.ask("verifier"))
	q, err := url.ParseQuery(*w.asked.Load())
	w.must(err)
	w.clients = []config.Client{{ID: "app", RedirectURIs: []string{"https://elsewhere.example/"}}}
	if to, page := b.open(q.Get("return")); to != nil || page.status != http.StatusBadRequest {
		t.Errorf("leads to %v, %d", to, page.status)
	}
}

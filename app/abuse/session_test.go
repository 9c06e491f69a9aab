package abuse_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/sso/session"
)

func TestAbuse48ANewSessionAtEachSignIn(t *testing.T) {
	w := newWorld(t)
	p, q := w.saml("acme-saml"), w.provider("acme-oidc")
	b := w.browser()
	b.cookies[session.CookieName] = &http.Cookie{Name: session.CookieName, Value: "chosen-by-an-attacker", SameSite: http.SameSiteLaxMode}
	b.in(p.signIn(b, "ann@acme.com", ""))
	former := []*browser{b.stolen()}
	for _, again := range []func() *answer{
		func() *answer { return p.signIn(b, "ann@acme.com", "") }, func() *answer { return q.signIn(b, "") }, func() *answer { return p.signIn(b, "bob@acme.com", "") },
	} {
		before := b.cookies[session.CookieName].Value
		b.in(again())
		if token := b.cookies[session.CookieName].Value; token == before || token == "chosen-by-an-attacker" || len(token) < 43 {
			t.Errorf("the token is %q after %q", token, before)
		}
		for _, thief := range former {
			if thief.signedIn() {
				t.Error("a token from before the sign-in goes on")
			}
		}
		former = append(former, b.stolen())
	}
	if n := len(w.people().Sessions); n != 1 {
		t.Errorf("one browser has %d sessions", n)
	}
}

func TestAbuse49TheCookieOfASession(t *testing.T) {
	w := newWorld(t)
	p, q := w.saml("acme-saml"), w.provider("acme-oidc")
	for name, signIn := range map[string]func(b *browser) *answer{
		"SAML": func(b *browser) *answer { return p.signIn(b, "ann@acme.com", "") }, "OpenID Connect": func(b *browser) *answer { return q.signIn(b, "") },
	} {
		b := w.browser()
		b.in(signIn(b))
		for _, c := range b.cookies { // those of a sign-in under way and of the last connection likewise
			if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
				t.Errorf("%s: a cookie with too few guards: %s", name, c)
			}
		}
		if c := b.cookies[session.CookieName]; c.SameSite != http.SameSiteLaxMode {
			t.Errorf("%s: other sites send it: %s", name, c)
		}
	}
}

func TestAbuse50TheCookieAfterSigningOut(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml("acme-saml"), w.browser()
	b.in(p.signIn(b, "ann@acme.com", ""))
	thief := b.stolen()
	if a := b.posted("/logout", nil); a.status == http.StatusSeeOther || !thief.signedIn() { // another site's form
		t.Errorf("another site signs people out: %d", a.status)
	}
	if b.get("/logout"); !thief.signedIn() {
		t.Error("a GET signs people out")
	}
	b.post("/logout", nil)
	if a := thief.get("/welcome"); a.status != http.StatusUnauthorized || b.signedIn() || len(w.people().Sessions) != 0 {
		t.Errorf("the cookie is answered %d afterwards", a.status)
	}
	p.stillWorks()
}

func TestAbuse51DeactivatedBySCIM(t *testing.T) {
	w := newWorld(t, client)
	p, a := w.saml("acme-saml"), application{w}
	directory := w.directory()
	id := directory.push("", true)
	b, elsewhere := w.browser(), w.browser()
	b.in(p.signIn(b, "ann@acme.com", ""))
	elsewhere.in(p.signIn(elsewhere, "ann@acme.com", ""))
	underWay := w.browser()
	request, relayState := p.begin(underWay, "")
	token, refused := a.exchange(a.code(b))
	if status := a.userinfo(token); status != http.StatusOK || len(w.people().Sessions) != 2 {
		t.Fatalf("the application is refused %q, and told %d; there are %v", refused, status, w.people().Sessions)
	}
	code, verifier := a.code(elsewhere)
	directory.push(id, false)
	if b.signedIn() || elsewhere.signedIn() || len(w.people().Sessions) != 0 {
		t.Error("a session goes on")
	}
	if status := a.userinfo(token); status != http.StatusUnauthorized {
		t.Errorf("the application's token is answered %d", status)
	}
	if another, refused := a.exchange(code, verifier); another != "" || refused != "invalid_grant" {
		t.Errorf("the application's code is answered %q", refused)
	}
	before := w.people()
	underWay.out(p.deliver(underWay, p.says("ann@acme.com", request).SignedBy(t, p.key), relayState), http.StatusForbidden, "suspended", before)
	directory.push(id, true)
	p.stillWorks()
	if b.signedIn() || a.userinfo(token) != http.StatusUnauthorized {
		t.Error("what was ended comes back with the person")
	}
}

// directory is that behind acme-saml, which pushes.
type directory struct {
	*world
	token string
}

func (w *world) directory() *directory {
	w.t.Helper()
	var token api.NewToken
	w.ask(http.MethodPost, "/tokens", map[string]any{"connection": "acme-saml"}, &token)
	return &directory{w, token.Secret}
}

// push says whether Ann is active, and returns her id.
func (w *directory) push(id string, active bool) string {
	w.t.Helper()
	method, address := http.MethodPost, w.url()+"/scim/v2/acme-saml/Users"
	if id != "" {
		method, address = http.MethodPut, address+"/"+id
	}
	body, err := json.Marshal(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "ann@acme.com", "externalId": "ann", "active": active,
		"emails": []map[string]any{{"value": "ann@acme.com", "primary": true}},
	})
	w.must(err)
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(string(body)))
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("Content-Type", "application/scim+json")
	response, err := http.DefaultClient.Do(r)
	w.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	w.must(err)
	var user struct{ ID string }
	if err := json.Unmarshal(text, &user); err != nil || response.StatusCode >= 300 || user.ID == "" {
		w.t.Fatalf("the push is answered %d %s", response.StatusCode, text)
	}
	return user.ID
}

func TestAbuse52TheSessionOfAnotherOrganization(t *testing.T) {
	w := newWorld(t)
	p, q := w.saml("acme-saml"), w.saml("globex-saml")
	b := w.browser()
	b.in(p.signIn(b, "ann@acme.com", ""))
	sessions := len(w.people().Sessions)
	q.begin(b, "?return=/x") // who is signed in at acme is asked at globex all the same
	for _, query := range []url.Values{{"organization": {"globex"}}, {"organization": {"globex"}, "login_hint": {"ann@globex.com"}}, {"connection": {"globex-saml"}}} {
		query.Set("return", "/x")
		if a := b.get("/login?" + query.Encode()); a.location == "/x" || a.status >= 500 {
			t.Errorf("%v: the session counts at another organization: %d to %q", query, a.status, a.location)
		}
	}
	a := b.get("/login/expired?connection=globex-saml&return=/x")
	if a.status != http.StatusGone || !references.MatchString(a.text()) {
		t.Errorf("an old page of globex is answered %d to %q", a.status, a.location)
	}
	var there api.Page[api.Session]
	w.ask(http.MethodGet, "/organizations/globex/sessions", nil, &there)
	if len(there.Items) != 0 || len(w.people().Sessions) != sessions {
		t.Errorf("globex has the sessions %v", there.Items)
	}
	q.stillWorks()
}

package abuse_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

// forgotten is after how long a provider's former configuration and keys are used no more, while it has no good ones.
const forgotten = 25 * time.Hour

func TestAbuse38State(t *testing.T) {
	w := newWorld(t)
	p, mine, others, before := w.provider("acme-oidc"), w.browser(), w.browser(), w.people()
	theirs := p.back(p.begin(others, ""))
	code := w.query(theirs).Get("code")
	for _, brought := range []string{theirs, p.link.Callback + "?code=" + code, p.link.Callback + "?code=" + code + "&state=made-up", p.link.Callback} {
		mine.out(mine.get(brought), http.StatusGone, "expired", before)
	}
	my := p.back(p.begin(mine, ""))
	state := w.query(my).Get("state")
	mine.out(mine.get(my+"&state="+state), http.StatusBadRequest, "invalid", before)
	if n := p.Asked("/token"); n != 0 {
		t.Errorf("a code was given away %d times before the state was looked at", n)
	}
	thief := others.stolen()
	others.in(others.get(theirs))
	thief.out(thief.get(theirs), http.StatusGone, "replayed", w.people())
	p.stillWorks()
}

func TestAbuse39CodeInjection(t *testing.T) {
	w := newWorld(t)
	p := w.provider("acme-oidc")
	for _, lax := range []bool{false, true} {
		p.does(func(p *oidctest.Provider) { p.Lax = lax }) // a provider that does not look at PKCE: we look at the nonce
		victim, thief, before := w.browser(), w.browser(), w.people()
		stolen := w.query(p.back(p.begin(victim, "")))
		mine := w.query(p.back(p.begin(thief, "")))
		mine.Set("code", stolen.Get("code"))
		status, code := http.StatusGone, "expired"
		if lax {
			status, code = http.StatusBadRequest, "invalid"
		}
		thief.out(thief.get(p.link.Callback+"?"+mine.Encode()), status, code, before)
	}
	p.stillWorks()
}

func TestAbuse39PKCEDowngrade(t *testing.T) {
	w := newWorld(t)
	p := w.provider("acme-oidc")
	asked := w.query(p.begin(w.browser(), ""))
	if asked.Get("code_challenge_method") != "S256" || len(asked.Get("code_challenge")) != 43 || asked.Has("code_verifier") {
		t.Errorf("the provider is asked %v", asked)
	}
	p.does(func(p *oidctest.Provider) {
		p.Metadata = oidctest.Claims{"code_challenge_methods_supported": []string{"plain"}}
	})
	w.pass(forgotten)
	b := w.browser()
	b.out(b.get("/sso/acme-oidc/login"), http.StatusBadRequest, "misconfigured", w.people())
	w.pass(time.Minute)
	p.stillWorks()
}

func TestAbuse40MixUp(t *testing.T) {
	w := newWorld(t)
	p, q := w.provider("acme-oidc"), w.provider("globex-oidc")
	b, before := w.browser(), w.people()
	brought := w.query(p.back(p.begin(b, "")))
	other := w.query(q.begin(b, "")).Get("state")
	b.out(b.get(q.link.Callback+"?"+brought.Encode()), http.StatusGone, "expired", before) // acme's code at globex's callback
	brought.Set("state", other)
	b.out(b.get(q.link.Callback+"?"+brought.Encode()), http.StatusBadRequest, "invalid", before) // with the state of globex, but acme's iss
	for _, iss := range []string{q.URL, p.URL + "/", ""} {
		mine := w.query(p.back(p.begin(b, "")))
		mine.Set("iss", iss)
		b.out(b.get(p.link.Callback+"?"+mine.Encode()), http.StatusBadRequest, "invalid", before)
	}
	if n := p.Asked("/token") + q.Asked("/token"); n != 0 {
		t.Errorf("a code was given away %d times", n)
	}
	p.stillWorks()
}

func TestAbuse42IssuerMismatch(t *testing.T) {
	for name, c := range map[string]struct{ issuer, says string }{
		"a slash": {"/", "slash at the end"}, "another": {"/other", "calls itself"}, "of every tenant": {"/{tenantid}/v2.0", "all tenants"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p, b := w.provider("acme-oidc"), w.browser()
			p.does(func(p *oidctest.Provider) { p.Metadata = oidctest.Claims{"issuer": p.URL + c.issuer} })
			w.pass(forgotten)
			b.out(b.get("/sso/acme-oidc/login"), http.StatusBadRequest, "misconfigured", w.people())
			var found api.Examination
			w.ask(http.MethodPost, "/connections/acme-oidc/test", nil, &found)
			if text := fmt.Sprint(found); !strings.Contains(text, c.says) {
				t.Errorf("the diagnosis is %s, want …%s…", text, c.says)
			}
			w.pass(time.Minute)
			p.stillWorks()
		})
	}
}

func TestAbuse43KeyRotation(t *testing.T) {
	w := newWorld(t)
	p := w.provider("acme-oidc")
	p.stillWorks()
	known := p.Asked("/keys")
	w.pass(time.Minute)
	p.does(func(p *oidctest.Provider) {
		p.Key, p.KID = oidctest.RSA(t, "k2"), "k2"
		p.Keys = []jose.JSONWebKey{{Key: p.Key.Public(), KeyID: "k2"}}
	})
	for range 3 {
		p.stillWorks()
	}
	if n := p.Asked("/keys") - known; n != 1 {
		t.Errorf("%d fetches after the rotation, want 1", n)
	}
	p.hostile(http.StatusBadRequest, "invalid", func(p *oidctest.Provider) { // the old key, which the provider has withdrawn
		p.Token = func(header, payload oidctest.Claims) string {
			return oidctest.Sign(t, oidctest.RSA(t, "k1"), oidctest.Over(header, oidctest.Claims{"kid": "k1"}), payload)
		}
	})
}

func TestAbuse43KidFloodIsBounded(t *testing.T) {
	w := newWorld(t)
	p := w.provider("acme-oidc")
	p.stillWorks()
	known, before := p.Asked("/keys"), w.people()
	w.pass(time.Minute)
	stranger := oidctest.ECDSA(t)
	var all sync.WaitGroup
	for i := range 100 {
		token := oidctest.Sign(t, stranger, oidctest.Claims{"alg": "ES256", "kid": fmt.Sprint("flood-", i)}, oidctest.Claims{"jti": "x"})
		all.Go(func() {
			if status := w.backChannel(p, token); status != http.StatusBadRequest {
				t.Errorf("a stranger's logout token is answered %d", status)
			}
		})
	}
	all.Wait()
	if n := p.Asked("/keys") - known; n > 1 {
		t.Errorf("%d fetches for 100 unknown keys at once, want 1", n)
	}
	w.unchanged(before)
	w.pass(time.Minute)
	p.stillWorks()
}

// backChannel posts a logout token as a provider does, and returns the status.
func (w *world) backChannel(p *oidcPeer, token string) int {
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, p.link.BackChannelLogout, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		w.t.Error(err)
		return 0
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Error(err)
		return 0
	}
	defer response.Body.Close()
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(response.Body).Decode(&said); response.StatusCode != http.StatusOK && (err != nil || said.Error != "invalid_request" || inside.MatchString(said.Description)) {
		w.t.Errorf("a refusal is told by %+v, %v", said, err)
	}
	return response.StatusCode
}

func TestAbuse44OpenRedirect(t *testing.T) {
	w := newWorld(t)
	p, q := w.saml("acme-saml"), w.provider("acme-oidc")
	p.stillWorks()
	q.stillWorks()
	for _, to := range []string{
		"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, "/%2fevil.example", "/%5cevil.example", "/x\t/y", "/\t/evil.example",
		"evil.example", "/..//evil.example", "javascript:alert(1)", "/%0d%0aSet-Cookie:%20a=b",
	} {
		query := "?return=" + url.QueryEscape(to)
		b := w.browser()
		for _, a := range []*answer{p.signIn(b, "ann@acme.com", query), q.signIn(b, query), b.get("/login" + query), b.get("/welcome" + query), b.get("/terms" + query), b.get("/login/expired?connection=acme-saml&return=" + url.QueryEscape(to))} {
			if strings.Contains(a.location, "evil") || a.location != "" && !strings.HasPrefix(a.location, "/") || strings.Contains(a.body, "evil.example") {
				t.Errorf("%q: %d leads to %q\n%s", to, a.status, a.location, a.text())
			}
		}
		if !b.signedIn() {
			t.Errorf("%q keeps people out", to)
		}
	}
	b := w.browser()
	if a := p.signIn(b, "ann@acme.com", "?return=/reports"); a.location != "/reports" {
		t.Errorf("a path of our own leads to %q", a.location)
	}
}

func TestAbuse47LogoutTokens(t *testing.T) {
	w := newWorld(t)
	p := w.provider("acme-oidc")
	p.does(func(p *oidctest.Provider) { p.Claims = oidctest.Claims{"sid": "s-1"} })
	b := w.browser()
	b.in(p.signIn(b, ""))
	idToken := ""
	p.does(func(p *oidctest.Provider) {
		p.Token = func(header, payload oidctest.Claims) string { idToken = p.Sign(header, payload); return idToken }
	})
	b.in(p.signIn(b, ""))
	before := w.people()
	for name, token := range map[string]string{
		"an ID token": idToken, "nothing": "", "no token": "garbage",
		"another provider's": w.provider("globex-oidc").LogoutToken(nil, nil),
		"a stranger's":       oidctest.Sign(t, oidctest.RSA(t, "k2"), oidctest.Claims{"alg": "RS256", "kid": "k1", "typ": "logout+jwt"}, oidctest.Claims{"iss": p.URL, "sub": "u-1"}),
		"without an event":   p.LogoutToken(nil, oidctest.Claims{"events": nil}),
		"with a nonce":       p.LogoutToken(nil, oidctest.Claims{"nonce": "n"}),
		"of another client":  p.LogoutToken(nil, oidctest.Claims{"aud": "other"}),
	} {
		if status := w.backChannel(p, token); status != http.StatusBadRequest || !b.signedIn() {
			t.Errorf("%s is answered %d, and signed in is %v", name, status, b.signedIn())
		}
	}
	w.unchanged(before)
	good := p.LogoutToken(nil, nil)
	if status := w.backChannel(p, good); status != http.StatusOK || b.signedIn() {
		t.Errorf("the genuine one is answered %d, and signed in is %v", status, b.signedIn())
	}
	b.in(p.signIn(b, ""))
	if status := w.backChannel(p, good); status != http.StatusBadRequest || !b.signedIn() {
		t.Errorf("a replay is answered %d, and signed in is %v", status, b.signedIn())
	}
}

package provider_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/provider"
	"github.com/mixus/usher/sso/session"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
	"github.com/mixus/usher/web"
)

const acme = `
organization: {id: acme, name: Acme Inc.}
domains: [{domain: acme.com, auto_invite: true, default_role: member}]
connections: [{id: okta, provider: okta}]
roles:
  - {name: viewer, permissions: [conversations.view_shared]}
  - {name: member, includes: [viewer], permissions: [agents.run]}
  - {name: admin, includes: [member], permissions: [members.manage]}
rules:
  - {name: engineers, when: user.title == "Engineer", department: engineering, teams: [platform], permission_sets: [engineering_tools]}
departments: [{name: engineering}]
permission_sets:
  engineering_tools: {ai_models: [gpt-4], file_upload_limit: 100MB}
`

const (
	appCallback = "https://app.example/callback?from=usher"
	appHome     = "https://app.example/"
	appSecret   = "not-a-secret-of-anybody"
)

// world is a provider on a real engine, with pages for signing in and out that take everybody at their word.
type world struct {
	t        *testing.T
	engine   *provision.Engine
	provider *provider.Provider
	server   *httptest.Server
	store    store.Store
	org      directory.OrgNum
	conn     directory.ConnNum
	clients  []config.Client
	ahead    atomic.Int64           // of the real time
	signsIn  string                 // whom /login signs in; "" for nobody
	standing time.Duration          // how long ago they signed in at their provider, which lets them in without asking; 0 when it asks
	deaf     bool                   // the person leaves fresh=1 out
	silent   bool                   // their provider does not say when they signed in, unless it asked them anew
	asked    atomic.Pointer[string] // the query of the last /login
	signOuts atomic.Int32
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, store: s, signsIn: "ann"}
	w.engine = &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: w.now, Compile: func(files []directory.PolicyFile) (*mapping.Policy, error) {
		org, _ := config.ParseOrganization("acme.yaml", files[0].Text, config.Options{})
		p, problems := mapping.Compile(org)
		if directory.Failed(problems) {
			t.Error(problems)
		}
		return p, nil
	}}
	w.must(s.Update(t.Context(), func(tx store.Tx) (err error) {
		if w.org, err = tx.PutOrganization("acme"); err != nil {
			return err
		}
		w.conn, err = tx.PutConnection(w.org, "okta")
		return err
	}))
	w.activate(acme)
	w.clients = []config.Client{
		{ID: "app", Name: "App", Secret: "${env:APP}", RedirectURIs: []string{appCallback}, PostLogoutRedirectURIs: []string{appHome}},
		{ID: "desktop", RedirectURIs: []string{"http://127.0.0.1:9999/callback"}},
	}
	t.Setenv("APP", appSecret)
	mux := http.NewServeMux()
	w.server = httptest.NewTLSServer(mux)
	t.Cleanup(w.server.Close)
	w.provider = w.newProvider()
	mux.Handle("/", w.provider.Handler())
	mux.HandleFunc("GET /login", w.login)
	mux.HandleFunc("GET /logout", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "Sign out?") })
	mux.HandleFunc("GET /logout/done", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "Signed out.") })
	return w
}

// newProvider returns a provider as another process on the same store has it.
func (w *world) newProvider() *provider.Provider {
	return &provider.Provider{
		Engine: w.engine, Pages: web.New(nil), Log: slog.New(slog.DiscardHandler), Issuer: w.server.URL,
		Clients: func() []config.Client { return w.clients },
		Secret: func(c *config.Client) (config.Secret, error) {
			return config.NewSecrets(&config.Operator{}, "").Read(c.ID, c.Secret)
		},
		SignOut: func(rw http.ResponseWriter, r *http.Request, then string) error {
			w.signOuts.Add(1)
			if err := w.engine.EndSession(r.Context(), session.Token(r), "request"); err != nil {
				return err
			}
			session.Clear(rw)
			if then == "" {
				then = "/logout/done"
			}
			http.Redirect(rw, r, then, http.StatusSeeOther)
			return nil
		},
	}
}

// activate puts a policy in force.
func (w *world) activate(text string) {
	w.t.Helper()
	files := []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(text)}}
	policy, err := w.engine.Compile(files)
	w.must(err)
	_, err = w.engine.Activate(w.t.Context(), w.org, policy, files, "test")
	w.must(err)
}

// terms makes terms that nobody has accepted yet.
func (w *world) terms() {
	w.t.Helper()
	w.activate(acme + "terms: {version: \"1\", text: Be kind.}\n")
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) pass(d time.Duration) { w.ahead.Add(int64(d)) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// login signs somebody in and goes back, as the pages of package sso do once a provider has vouched.
func (w *world) login(rw http.ResponseWriter, r *http.Request) {
	query := r.URL.RawQuery
	w.asked.Store(&query)
	back := r.URL.Query().Get("return")
	if w.signsIn == "" || !strings.HasPrefix(back, "/oidc/authorize/callback?id=") || len(back) > 1024 {
		http.Error(rw, "nobody signs in", http.StatusTeapot)
		return
	}
	fresh := r.URL.Query().Get("fresh") == "1" && !w.deaf
	if session.Token(r) == "" || fresh || w.deaf {
		result := w.signIn(w.signsIn, fresh)
		session.Set(rw, result.Token, result.Session.Ends)
	}
	http.Redirect(rw, r, back, http.StatusSeeOther)
}

func (w *world) signIn(name string, fresh bool) *provision.LoginResult {
	w.pass(time.Second)
	signedIn := w.now()
	if !fresh {
		signedIn = signedIn.Add(-w.standing)
	}
	if w.silent && !fresh {
		signedIn = time.Time{}
	}
	result, err := w.engine.Login(context.Background(), provision.Login{
		Org: w.org, Conn: w.conn, Request: "request", Method: "oidc", Subject: "ext-" + name,
		Addresses: []provision.LoginAddress{{Value: name + "@acme.com", Vouched: true}}, SignedIn: signedIn, Fresh: fresh,
		Profile: directory.Profile{GivenName: strings.ToUpper(name[:1]) + name[1:], FamilyName: "Archer", Title: "Engineer"},
	})
	if err != nil || !result.In() {
		w.t.Errorf("%s does not get in: %v %+v", name, err, result)
	}
	return result
}

// member returns whom somebody is.
func (w *world) member(name string) directory.ID {
	w.t.Helper()
	var ids []directory.ID
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		ids, err = tx.FindMembers(w.org, directory.Key{Attribute: directory.AttrEmail, Value: name + "@acme.com"}, directory.NoID, 1)
		return err
	}))
	if len(ids) != 1 {
		w.t.Fatalf("there is no member %s", name)
	}
	return ids[0]
}

// suspend lets a directory say that somebody has left.
func (w *world) suspend(name string) {
	w.t.Helper()
	_, err := w.engine.Suspend(w.t.Context(), provision.Act{Org: w.org, Member: w.member(name), Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}})
	w.must(err)
}

// browser is one person's browser. It follows redirects up to the application.
type browser struct {
	*http.Client
	w *world
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	w.must(err)
	c := *w.server.Client()
	c.Jar = jar
	c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != strings.TrimPrefix(w.server.URL, "https://") || len(via) > 15 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &browser{&c, w}
}

// answer is what a browser got at last.
type answer struct {
	status int
	header http.Header
	text   string
}

// open goes to an address, and returns where the browser would go outside of usher, or nil, and what stands on the last page.
func (b *browser) open(address string) (*url.URL, answer) {
	b.w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.w.server.URL + address
	}
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, address, nil)
	b.w.must(err)
	return b.send(r)
}

// send sends a request, and follows where it leads.
func (b *browser) send(r *http.Request) (*url.URL, answer) {
	b.w.t.Helper()
	response, err := b.Do(r)
	b.w.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	b.w.must(err)
	to, _ := response.Location()
	return to, answer{response.StatusCode, response.Header, string(text)}
}

// app is a relying party by go-oidc.
type app struct {
	w        *world
	ctx      context.Context
	provider *oidc.Provider
	oauth    oauth2.Config
}

func (w *world) app() *app {
	w.t.Helper()
	ctx := oidc.ClientContext(w.t.Context(), w.server.Client())
	p, err := oidc.NewProvider(ctx, w.server.URL)
	w.must(err)
	return &app{w, ctx, p, oauth2.Config{
		ClientID: "app", ClientSecret: appSecret, RedirectURL: appCallback, Endpoint: p.Endpoint(), Scopes: []string{"openid", "profile", "email", "access"},
	}}
}

// ask is where the application sends a browser.
func (a *app) ask(verifier string, more ...oauth2.AuthCodeOption) string {
	return a.oauth.AuthCodeURL("the-state", append([]oauth2.AuthCodeOption{oidc.Nonce("the-nonce"), oauth2.S256ChallengeOption(verifier)}, more...)...)
}

// enter signs a browser in to the application.
func (a *app) enter(b *browser) (*oauth2.Token, *oidc.IDToken) {
	a.w.t.Helper()
	verifier := oauth2.GenerateVerifier()
	to, page := b.open(a.ask(verifier))
	if to == nil || to.Query().Get("code") == "" {
		a.w.t.Fatalf("the browser is led to %v, and sees %s", to, page.text)
	}
	token, err := a.oauth.Exchange(a.ctx, to.Query().Get("code"), oauth2.VerifierOption(verifier))
	a.w.must(err)
	raw, _ := token.Extra("id_token").(string)
	id, err := a.provider.Verifier(&oidc.Config{ClientID: "app", Now: a.w.now, SupportedSigningAlgs: []string{"RS256"}}).Verify(a.ctx, raw)
	a.w.must(err)
	return token, id
}

// userinfo asks who an access token is of.
func (a *app) userinfo(token string) (int, map[string]any) {
	a.w.t.Helper()
	r, err := http.NewRequestWithContext(a.w.t.Context(), http.MethodGet, a.w.server.URL+"/oidc/userinfo", nil)
	a.w.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := a.w.server.Client().Do(r)
	a.w.must(err)
	defer func() { _ = answer.Body.Close() }()
	said := map[string]any{}
	a.w.must(json.NewDecoder(answer.Body).Decode(&said))
	if answer.StatusCode == http.StatusUnauthorized && !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer ") {
		a.w.t.Errorf("WWW-Authenticate is %q", answer.Header.Get("WWW-Authenticate"))
	}
	return answer.StatusCode, said
}

// post sends a form to an endpoint.
func (w *world) post(path string, form url.Values, id, secret string) (int, map[string]any, http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.URL+path, strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		r.SetBasicAuth(id, secret)
	}
	answer, err := w.server.Client().Do(r)
	w.must(err)
	defer func() { _ = answer.Body.Close() }()
	said := map[string]any{}
	text, err := io.ReadAll(answer.Body)
	w.must(err)
	if len(text) > 0 {
		w.must(json.Unmarshal(text, &said))
	}
	return answer.StatusCode, said, answer.Header
}

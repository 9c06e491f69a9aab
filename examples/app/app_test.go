package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

const policy = `
organization: {id: acme, name: Acme Inc.}
domains: [{domain: acme.com, auto_invite: true, default_role: member}]
connections: [{id: okta, provider: okta}]
roles: [{name: member, permissions: [agents.run]}, {name: admin, permissions: [members.manage]}]
rules: [{name: everybody, when: "true", department: sales, teams: [platform]}]
departments: [{name: sales}]
`

// house is usher and the application, each on an address of its own, and a browser.
type house struct {
	t       *testing.T
	engine  *provision.Engine
	org     directory.OrgNum
	conn    directory.ConnNum
	usher   *httptest.Server
	app     *httptest.Server
	browser *http.Client
	inside  *App
}

// visits counts who is signed in as far as the application knows.
func (h *house) visits() int {
	h.inside.sessions.mu.Lock()
	defer h.inside.sessions.mu.Unlock()
	return len(h.inside.sessions.visits)
}

func newHouse(t *testing.T) *house {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	h := &house{t: t}
	quiet := slog.New(slog.DiscardHandler)
	h.engine = &provision.Engine{Store: s, Log: quiet, Now: time.Now, Compile: func(files []directory.PolicyFile) (*mapping.Policy, error) {
		org, _ := config.ParseOrganization("acme.yaml", files[0].Text, config.Options{})
		compiled, problems := mapping.Compile(org)
		if directory.Failed(problems) {
			t.Error(problems)
		}
		return compiled, nil
	}}
	h.must(s.Update(t.Context(), func(tx store.Tx) (err error) {
		if h.org, err = tx.PutOrganization("acme"); err != nil {
			return err
		}
		h.conn, err = tx.PutConnection(h.org, "okta")
		return err
	}))
	files := []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(policy)}}
	compiled, err := h.engine.Compile(files)
	h.must(err)
	_, err = h.engine.Activate(t.Context(), h.org, compiled, files, "test")
	h.must(err)

	rooms, own := http.NewServeMux(), http.NewServeMux()
	h.usher, h.app = httptest.NewTLSServer(rooms), httptest.NewTLSServer(own)
	t.Cleanup(h.usher.Close)
	t.Cleanup(h.app.Close)
	app := &App{Issuer: h.usher.URL, Client: "app", Secret: "the-secret", URL: h.app.URL, Log: quiet, HTTP: h.usher.Client()}
	own.Handle("/", app.Handler())
	h.inside = app
	t.Setenv("APP_CLIENT_SECRET", "the-secret")
	clients := []config.Client{{
		ID: "app", Secret: "${env:APP_CLIENT_SECRET}", RedirectURIs: []string{h.app.URL + "/callback"},
		PostLogoutRedirectURIs: []string{h.app.URL + "/"}, BackChannelLogoutURI: h.app.URL + "/backchannel-logout",
	}}
	p := &provider.Provider{
		Engine: h.engine, Pages: web.New(nil), Log: quiet, Issuer: h.usher.URL, LogoutClient: h.app.Client(),
		Clients: func() []config.Client { return clients },
		Secret: func(c *config.Client) (config.Secret, error) {
			return config.NewSecrets(&config.Operator{}, "").Read(c.ID, c.Secret)
		},
		SignOut: func(w http.ResponseWriter, r *http.Request, then string) error {
			session.Clear(w)
			http.Redirect(w, r, then, http.StatusSeeOther)
			return h.engine.EndSession(r.Context(), session.Token(r), "request")
		},
	}
	rooms.Handle("/", p.Handler())
	rooms.HandleFunc("GET /login", h.login)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	h.browser = h.newBrowser()
	return h
}

func (h *house) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	h.must(err)
	c := *h.usher.Client()
	c.Jar = jar
	return &c
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// login stands for usher's pages and the person's provider.
func (h *house) login(w http.ResponseWriter, r *http.Request) {
	in, err := h.engine.Login(r.Context(), provision.Login{
		Org: h.org, Conn: h.conn, Request: "request", Method: "oidc", Subject: "ann",
		Addresses: []provision.LoginAddress{{Value: "ann@acme.com", Vouched: true}}, Profile: directory.Profile{DisplayName: "Ann <Archer>"},
	})
	if err != nil || !in.In() {
		http.Error(w, "refused", http.StatusForbidden)
		return
	}
	session.Set(w, in.Token, in.Session.Ends)
	http.Redirect(w, r, r.URL.Query().Get("return"), http.StatusSeeOther)
}

// open opens a page of the application and returns what stands there.
func (h *house) open(path string) string {
	h.t.Helper()
	return h.send(http.MethodGet, path, nil).text
}

// answer is what a browser got at last.
type answer struct {
	status int
	header http.Header
	text   string
}

// send sends a request to the application, and follows where it leads.
func (h *house) send(method, path string, form url.Values) answer {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.app.URL+path, strings.NewReader(form.Encode()))
	h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := h.browser.Do(r)
	h.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	h.must(err)
	return answer{response.StatusCode, response.Header, string(text)}
}

func (h *house) member() directory.ID {
	h.t.Helper()
	var ids []directory.ID
	h.must(h.engine.Store.View(h.t.Context(), func(tx store.Tx) (err error) {
		ids, err = tx.FindMembers(h.org, directory.Key{Attribute: directory.AttrEmail, Value: "ann@acme.com"}, directory.NoID, 1)
		return err
	}))
	return ids[0]
}

func TestSomebodySignsInAndOut(t *testing.T) {
	h := newHouse(t)
	if page := h.open("/"); !strings.Contains(page, `id="welcome"`) || !strings.Contains(page, `id="sign-in"`) {
		t.Errorf("before signing in the page is\n%s", page)
	}
	page := h.open("/signin")
	for _, want := range []string{
		`<span id="name">Ann &lt;Archer&gt;</span>`, `<dd id="role">member</dd>`, `<dd id="department">sales</dd>`, `<li>platform</li>`, `<li>agents.run</li>`,
		`id="email-verified"`, `id="sign-out"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	if page := h.send(http.MethodPost, "/signout", nil).text; !strings.Contains(page, `id="welcome"`) {
		t.Errorf("after signing out the page is\n%s", page)
	}
	if list, _, err := h.engine.ListSessions(t.Context(), h.org, h.member(), nil, 10); err != nil || len(list) != 0 {
		t.Errorf("%d sessions are left at usher (%v)", len(list), err)
	}
}

func TestWhoIsSuspendedIsOutWithTheNextClick(t *testing.T) {
	h := newHouse(t)
	h.open("/signin")
	_, err := h.engine.Suspend(t.Context(), provision.Act{Org: h.org, Member: h.member(), Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}})
	h.must(err)
	if page := h.open("/"); !strings.Contains(page, `id="signed-out"`) || strings.Contains(page, "Archer") {
		t.Errorf("the page is\n%s", page)
	}
}

// TestTheBackChannelEndsTheSession: without a call of the application's own, and only that of the browser that is meant.
func TestTheBackChannelEndsTheSession(t *testing.T) {
	h := newHouse(t)
	h.open("/signin")
	one := h.browser
	h.browser = h.newBrowser()
	h.open("/signin")
	list, _, err := h.engine.ListSessions(t.Context(), h.org, h.member(), nil, 10)
	h.must(err)
	last := list[0] // the latest comes first
	h.must(h.engine.RevokeSession(t.Context(), h.org, last.ID(), directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}))
	for range 200 { // the application's own memory says so, before it asks anybody
		if h.visits() == 1 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if n := h.visits(); n != 1 {
		t.Fatalf("%d sessions are left in the application, want 1", n)
	}
	if page := h.open("/"); !strings.Contains(page, `id="signed-out"`) {
		t.Errorf("the page is\n%s", page)
	}
	h.browser = one
	if page := h.open("/"); !strings.Contains(page, `id="name"`) {
		t.Errorf("the other browser's page is\n%s", page)
	}
}

func TestAnswersThatNobodyAskedForAreRefused(t *testing.T) {
	h := newHouse(t)
	for _, q := range []url.Values{
		{"code": {"x"}, "state": {"x"}, "iss": {h.usher.URL}},
		{"code": {"x"}, "iss": {h.usher.URL}},
		{},
	} {
		if page := h.open("/callback?" + q.Encode()); !strings.Contains(page, `id="problem"`) || strings.Contains(page, `id="name"`) {
			t.Errorf("%v: the page is\n%s", q, page)
		}
	}
	out := h.send(http.MethodPost, "/backchannel-logout", url.Values{"logout_token": {"a.b.c"}})
	if out.status != http.StatusBadRequest || out.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a forged logout token is answered %d", out.status)
	}
}

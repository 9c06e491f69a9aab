package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// world is a store with organizations in it, and a server on it.
type world struct {
	t      testing.TB
	store  *bolt.Store
	engine *provision.Engine
	server *api.Server
	orgs   map[string]directory.OrgNum
	conns  map[string]directory.ConnNum
	now    time.Time
}

// policy is the file of an organization with one connection that is called after it.
const policy = `
organization: {id: %[1]s, name: "%[1]s Inc."}
domains: [{domain: %[1]s.com}]
connections: [{id: %[1]s-okta, label: Staff, provider: okta, default_role: viewer}]
departments: [{name: engineering, match: [Eng]}]
roles: [{name: viewer}, {name: member, includes: [viewer]}, {name: admin, includes: [member]}]
rules:
  - name: engineers
    groups: [Engineering]
    role: member
    department: engineering
    teams: [platform]
  - name: bosses
    when: user.title == "Boss"
    role: admin
`

func newWorld(t testing.TB, organizations ...string) *world {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: s, orgs: map[string]directory.OrgNum{}, conns: map[string]directory.ConnNum{}, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	log := slog.New(slog.DiscardHandler)
	w.engine = &provision.Engine{Store: s, Log: log, Now: clock, Declared: func(string) string { return "" }}
	w.server = &api.Server{Store: s, Engine: w.engine, Log: log, Now: clock, Version: "test", SignIn: &lines{}}
	w.must(w.engine.LoadDomains(t.Context()))
	for _, name := range organizations {
		w.enroll(name)
	}
	return w
}

func (w *world) enroll(name string) {
	w.t.Helper()
	text := fmt.Appendf(nil, policy, name)
	organization, problems := config.ParseOrganization(name+".yaml", text, config.Options{})
	compiled, more := mapping.Compile(organization)
	if problems = append(problems, more...); directory.Failed(problems) {
		w.t.Fatal(problems)
	}
	w.must(w.store.Update(w.t.Context(), func(tx store.Tx) (err error) {
		if w.orgs[name], err = tx.PutOrganization(name); err != nil {
			return err
		}
		w.conns[name+"-okta"], err = tx.PutConnection(w.orgs[name], name+"-okta")
		return err
	}))
	_, err := w.engine.Activate(w.t.Context(), w.orgs[name], compiled, []directory.PolicyFile{{Name: name + ".yaml", Text: text}}, "test")
	w.must(err)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// push pushes people as the provider of an organization's connection.
func (w *world) push(organization string, fn func(*facts.Writer) error) {
	w.t.Helper()
	w.must(w.engine.Do(w.t.Context(), provision.Push{
		Org: w.orgs[organization], Conn: w.conns[organization+"-okta"], Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "req-1", Actor: "okta"},
	}, fn))
}

// hire pushes one user and returns their SCIM id.
func (w *world) hire(organization, name, title string) directory.ID {
	w.t.Helper()
	var id directory.ID
	w.push(organization, func(f *facts.Writer) error {
		address := name + "@" + organization + ".com"
		u, err := f.CreateUser(facts.UserInput{
			UserName: address, ExternalID: "x-" + name, Active: true, Attributes: []string{"userName", "title"},
			Body: fmt.Appendf(nil, `{"userName":%q,"active":true,"displayName":%q,"title":%q,"emails":[{"value":%q,"primary":true}]}`, address, name, title, address),
		})
		if err == nil {
			id = u.ID
		}
		return err
	})
	return id
}

// group pushes a group of acme with members and returns its SCIM id.
func (w *world) group(name string, members ...string) directory.ID {
	w.t.Helper()
	var id directory.ID
	w.push("acme", func(f *facts.Writer) error {
		g, err := f.CreateGroup(facts.GroupInput{DisplayName: name, ExternalID: "g-" + name}, members)
		if err == nil {
			id = g.ID
		}
		return err
	})
	w.must(w.engine.Idle(w.t.Context()))
	return id
}

// caller is somebody who asks the server.
type caller struct {
	t       testing.TB
	handler http.Handler
	secret  string
}

// local is the owner of the data directory.
func (w *world) local() caller {
	return caller{t: w.t, handler: w.edge(w.server.Local(func(*http.Request) string { return "root" }))}
}

// remote is a program with an API token.
func (w *world) remote(secret string) caller {
	return caller{t: w.t, handler: w.edge(w.server.Handler()), secret: secret}
}

// with is a program with a token of these scopes.
func (w *world) with(organization string, scopes ...string) caller {
	w.t.Helper()
	var token api.NewToken
	w.local().post("/tokens", api.TokenRequest{Organization: organization, Scopes: scopes, Name: "program"}, http.StatusCreated, &token)
	return w.remote(token.Secret)
}

func (w *world) edge(next http.Handler) http.Handler {
	return &httpx.Edge{Next: next, Log: slog.New(slog.DiscardHandler), Broken: w.server.Render}
}

func (c caller) do(method, path string, body any) *httptest.ResponseRecorder {
	c.t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r := httptest.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, api.Prefix+path, reader)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.secret != "" {
		r.Header.Set("Authorization", "Bearer "+c.secret)
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return w
}

// get asks for a path and reads the answer.
func (c caller) get(path string, into any) {
	c.t.Helper()
	c.answer(c.do(http.MethodGet, path, nil), http.StatusOK, into)
}

func (c caller) post(path string, body any, status int, into any) {
	c.t.Helper()
	c.answer(c.do(http.MethodPost, path, body), status, into)
}

func (c caller) answer(w *httptest.ResponseRecorder, status int, into any) {
	c.t.Helper()
	if w.Code != status {
		c.t.Fatalf("answered %d %s, want %d", w.Code, w.Body, status)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		c.t.Fatalf("%s: %v", w.Body, err)
	}
}

// refused asks and expects a problem, which it returns.
func (c caller) refused(method, path string, body any, status int) api.Problem {
	c.t.Helper()
	var p api.Problem
	w := c.do(method, path, body)
	c.answer(w, status, &p)
	if p.Status != status || p.Detail == "" || p.Kind == "" || p.RequestID == "" {
		c.t.Errorf("problem %s", w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		c.t.Errorf("content type %q of %s", got, w.Body)
	}
	return p
}

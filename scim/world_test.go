package scim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// policy is the organization of the tests. Its second connection is there to be kept apart from the first, its third has
// attributes that may not be answered as they are stored.
const policy = `
organization: {id: acme, name: Acme Inc.}
domains:
  - {domain: acme.com}
connections:
  - id: acme-okta
    provider: okta
    default_role: viewer
  - {id: acme-entra, provider: entra, default_role: viewer}
  - id: acme-badges
    provider: generic
    default_role: viewer
    extensions:
      - urn: urn:acme:params:scim:schemas:badge:2.0:User
        name: Badge
        attributes:
          - {name: number, type: string}
          - {name: pin, type: string, returned: never}
roles:
  - {name: viewer, permissions: [conversations.view_shared]}
  - {name: member, includes: [viewer], permissions: [agents.run]}
rules:
  - {name: engineers, groups: [Engineering], role: member}
`

// world is a server over real HTTP and a store on disk, and a client that speaks to one of its connections.
type world struct {
	t      testing.TB
	server *Server
	store  store.Store
	http   *httptest.Server
	path   string // of the connection
	token  string
	log    *syncBuffer

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOf(t, policy)
}

// newWorldOf is newWorld for an organization's file.
func newWorldOf(t testing.TB, policy string) *world {
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
	org, problems := config.ParseOrganization("acme.yaml", []byte(policy), config.Options{})
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	compile := func([]directory.PolicyFile) (*mapping.Policy, error) {
		p, problems := mapping.Compile(org)
		if directory.Failed(problems) {
			t.Error(problems)
		}
		return p, nil
	}
	w := &world{t: t, store: s, now: noon, token: "okta-secret", path: Prefix + "acme-okta", log: &syncBuffer{}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	engine := &provision.Engine{Store: s, Log: log, Now: w.clock, Compile: compile}
	connections := w.register(org)
	compiled, _ := compile(nil)
	files := []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(policy)}}
	if _, err := engine.Activate(context.Background(), 1, compiled, files, "test"); err != nil {
		t.Fatal(err)
	}
	w.server = &Server{
		Store: s, Engine: engine, Log: log, Now: w.clock, PublicURL: "https://usher.example", CursorKey: testKey,
		Connections: func(name string) (Connection, bool) { c, ok := connections[name]; return c, ok },
		RequestID:   func(context.Context) string { return "req-1" },
	}
	w.serve()
	return w
}

// register gives the organization and its connections their numbers, and each connection a token.
func (w *world) register(org *config.Organization) map[string]Connection {
	w.t.Helper()
	connections := map[string]Connection{}
	err := w.store.Update(context.Background(), func(tx store.Tx) error {
		num, err := tx.PutOrganization(org.ID)
		if err != nil {
			return err
		}
		for i := range org.Connections {
			c := &org.Connections[i]
			conn, err := tx.PutConnection(num, c.ID)
			if err != nil {
				return err
			}
			connections[c.ID] = Connection{Org: num, Num: conn, Config: c}
			secret := strings.TrimPrefix(c.ID, "acme-") + "-secret"
			err = tx.PutToken(&directory.Token{Hash: sha256.Sum256([]byte(secret)), Org: num, Conn: conn, Name: c.Provider, Created: noon})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return connections
}

// serve starts answering, again after a change of the server's fields.
func (w *world) serve() {
	if w.http != nil {
		w.http.Close()
	}
	w.http = httptest.NewServer(w.server.Handler())
	w.t.Cleanup(w.http.Close)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// as returns the same world for another client.
func (w *world) as(connection, token string) *world {
	return &world{t: w.t, server: w.server, store: w.store, http: w.http, path: Prefix + connection, token: token, log: w.log}
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	body   map[string]any
}

// do sends a request. headers come in pairs of name and value.
func (w *world) do(method, path, body string, headers ...string) *answer {
	w.t.Helper()
	return w.send(method, path, strings.NewReader(body), body != "", headers...)
}

// stream is do with a body whose length is not announced.
func (w *world) stream(method, path, body string) *answer {
	w.t.Helper()
	return w.send(method, path, struct{ io.Reader }{strings.NewReader(body)}, true)
}

func (w *world) send(method, path string, body io.Reader, typed bool, headers ...string) *answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, w.http.URL+w.path+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if typed {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	if w.token != "" {
		r.Header.Set("Authorization", "Bearer "+w.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.http.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := &answer{t: w.t, status: resp.StatusCode, header: resp.Header, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			w.t.Fatalf("%s %s: the body is not a JSON object: %v\n%s", method, path, err, text)
		}
		if got := resp.Header.Get("Content-Type"); got != contentType {
			w.t.Errorf("%s %s: Content-Type %q", method, path, got)
		}
	}
	return a
}

// want fails the test unless the answer has a status.
func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.text)
	}
	return a
}

// refused fails the test unless the answer is a SCIM error with a status and scimType.
func (a *answer) refused(status int, scimType string) *answer {
	a.t.Helper()
	got, _ := a.body["scimType"].(string)
	schemas, _ := a.body["schemas"].([]any)
	if a.status != status || got != scimType || len(schemas) != 1 || schemas[0] != urnError {
		a.t.Fatalf("got %d %s, want a SCIM error %d %q", a.status, a.text, status, scimType)
	}
	return a
}

// get follows a path of names and indexes into the body; nil when it leads nowhere.
func (a *answer) get(path ...any) any {
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (a *answer) id() string {
	a.t.Helper()
	id, _ := a.body["id"].(string)
	if id == "" {
		a.t.Fatalf("no id in %d %s", a.status, a.text)
	}
	return id
}

// values lists one attribute of each element of a list attribute.
func (a *answer) values(list, attribute string) []string {
	var out []string
	elements, _ := a.body[list].([]any)
	for _, e := range elements {
		m, _ := e.(map[string]any)
		s, _ := m[attribute].(string)
		out = append(out, s)
	}
	return out
}

// status returns where the member of an address stands.
func (w *world) status(address string) (status directory.Status) {
	w.t.Helper()
	err := w.store.View(context.Background(), func(tx store.Tx) error {
		ids, err := tx.FindMembers(1, directory.Key{Attribute: directory.AttrEmail, Value: address}, directory.NoID, 1)
		if err != nil || len(ids) == 0 {
			return err
		}
		members, err := tx.Members(1, ids)
		if err == nil {
			status = members[0].Status
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// user creates a user as Okta does.
func (w *world) user(name string) string {
	w.t.Helper()
	return w.do("POST", "/Users", oktaUser(name)).want(201).id()
}

func oktaUser(name string) string {
	return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + name + `@acme.com","externalId":"00u` + name + `",
		"name":{"givenName":"` + name + `","familyName":"Family"},"displayName":"` + name + ` Family","locale":"en-US",
		"emails":[{"primary":true,"value":"` + name + `@acme.com","type":"work"}],"groups":[],"password":"hunter2","active":true}`
}

// group creates a group with members.
func (w *world) group(name string, members ...string) string {
	w.t.Helper()
	list := make([]map[string]string, 0, len(members))
	for _, m := range members {
		list = append(list, map[string]string{"value": m})
	}
	body, err := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name, "members": list})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do("POST", "/Groups", string(body)).want(201).id()
}

func patchOf(operations string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":` + operations + `}`
}

// syncBuffer is a buffer that the server's goroutines may share.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

package abuse_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/sso/oidc/oidctest"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

const operator = `
domains: {acme: [acme.com], globex: [globex.com]}
private_networks: {acme-saml: [127.0.0.1], globex-saml: [127.0.0.1], acme-oidc: [127.0.0.1], globex-oidc: [127.0.0.1], acme-url: [127.0.0.1]}
secrets: {acme: {oidc: "${file:oidc.secret}"}, globex: {oidc: "${file:oidc.secret}"}}
log: {format: json, access: false}
`

// organization is the file of one of the two organizations: ORG is acme or globex.
const organization = `
organization: {id: ORG, name: ORG Inc., support: {name: IT Service Desk, email: it@ORG.com}}
domains:
  - {domain: ORG.com, auto_invite: true, default_role: viewer}
connections:
  - id: ORG-saml
    provider: generic
    label: ORG staff
    saml:
      entity_id: https://idp.example/ORG-saml
      sso_url: https://idp.example/ORG-saml/sso
      slo_url: https://idp.example/ORG-saml/slo
      certificates: [CERTIFICATE]
      # more of saml
  - id: ORG-oidc
    provider: generic
    label: ORG keys
    oidc:
      issuer: ISSUER
      client_id: ` + oidctest.ClientID + `
      client_secret: "${secret:oidc}"
      # more of oidc
  # more connections
roles:
  - {name: viewer, permissions: [conversations.view_shared]}
  - {name: admin, includes: [viewer], permissions: [members.manage]}
`

// server is a whole server with two organizations, each with a SAML and an OpenID provider that do as a test wants.
type server struct {
	dir    string
	app    *app.App
	log    *logged
	local  *http.Client // speaks to the socket in the data directory
	offset atomic.Int64 // of the server's clock from the machine's
	oidc   map[string]*oidctest.Provider
}

// world is a server in the hands of one test.
type world struct {
	*server
	t *testing.T
}

// newWorld starts a server. More is put into acme's file, each under its mark: "saml: …" and "oidc: …" into the settings of
// those connections, and "connection: …" beside them; "operator: …" goes into usher.yaml.
func newWorld(t *testing.T, more ...string) *world {
	t.Helper()
	s := &server{dir: t.TempDir(), log: &logged{}, oidc: map[string]*oidctest.Provider{}}
	w := &world{s, t}
	settings := operator
	for _, one := range more {
		if own, ours := strings.CutPrefix(one, "operator: "); ours {
			settings += own + "\n"
		}
	}
	w.write("usher.yaml", settings)
	w.write("oidc.secret", oidctest.ClientSecret+"\n")
	for _, org := range []string{"acme", "globex"} {
		s.oidc[org+"-oidc"] = oidctest.New(t)
		w.write("organizations/"+org+".yaml", w.organization(org))
	}
	w.write("organizations/acme.yaml", w.organization("acme", more...))
	w.keys()
	w.start()
	return w
}

// organization returns the file of an organization.
func (w *world) organization(org string, more ...string) string {
	w.t.Helper()
	text := strings.NewReplacer(
		"ORG", org, "ISSUER", w.oidc[org+"-oidc"].URL, "CERTIFICATE", quoted(pemOf(genuine(org).Certificate)),
	).Replace(organization)
	for _, one := range more {
		kind, setting, _ := strings.Cut(one, ": ")
		if kind == "operator" {
			continue
		}
		mark := map[string]string{"saml": "      # more of saml\n", "oidc": "      # more of oidc\n", "connection": "  # more connections\n"}[kind]
		lead, _, _ := strings.Cut(mark, "#")
		if kind == "connection" {
			lead += "- "
		}
		text = strings.Replace(text, mark, lead+setting+"\n"+mark, 1)
	}
	return text
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	w.must(errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// in is the world in the hands of a subtest.
func (w *world) in(t *testing.T) *world { return &world{w.server, t} }

func (s *server) data() app.Data { return app.Data(filepath.Join(s.dir, "data")) }

func (s *server) url() string { return s.app.URL() }

func (s *server) now() time.Time { return time.Now().Add(time.Duration(s.offset.Load())) }

// pass lets time pass, for the server and for its providers.
func (s *server) pass(d time.Duration) {
	s.offset.Add(int64(d))
	for _, p := range s.oidc {
		p.Pass(d)
	}
}

// start starts the server, which ends with the test.
func (w *world) start() {
	w.t.Helper()
	opts := app.Options{
		Config: filepath.Join(w.dir, "usher.yaml"), Data: string(w.data()), Listen: "127.0.0.1:0", Version: "test", Output: w.log, Now: w.now,
	}
	a, err := app.New(opts)
	w.must(err)
	w.app = a
	w.local = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", w.data().Socket())
	}}}
	w.t.Cleanup(func() {
		w.local.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			w.t.Error(err)
		}
	})
	w.must(a.Start(w.t.Context()))
	w.ready("acme-saml", "globex-saml")
}

// ready waits until the connections have keys of ours.
func (w *world) ready(connections ...string) {
	w.t.Helper()
	for _, id := range connections {
		for deadline := time.Now().Add(time.Minute); len(w.setup(id).Certificates) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				w.t.Fatalf("%s has no key", id)
			}
		}
	}
}

func (w *world) setup(connection string) api.Setup {
	w.t.Helper()
	var setup api.Setup
	w.ask(http.MethodGet, "/connections/"+connection+"/setup", nil, &setup)
	return setup
}

// made are the servers' own keys, which take a second each: the first server makes them for all.
var made struct {
	sync.Mutex
	documents map[string][]byte
}

// keys gives a new data directory the keys that there are.
func (w *world) keys() {
	w.t.Helper()
	made.Lock()
	defer made.Unlock()
	w.must(os.MkdirAll(string(w.data()), 0o700))
	if made.documents == nil {
		w.t.Cleanup(w.keepKeys)
		return
	}
	s, err := bolt.Open(w.data().Store(), bolt.Options{})
	w.must(err)
	w.must(s.Update(w.t.Context(), func(tx store.Tx) error {
		for name, value := range made.documents {
			if err := tx.PutDocument(name, value); err != nil {
				return err
			}
		}
		return nil
	}))
	w.must(s.Close())
}

// keepKeys keeps what the first server made, after it has stopped.
func (w *world) keepKeys() {
	s, err := bolt.Open(w.data().Store(), bolt.Options{})
	w.must(err)
	documents := map[string][]byte{}
	w.must(s.View(context.Background(), func(tx store.Tx) error {
		names, err := tx.ListDocuments("trust/keys/")
		for _, name := range names {
			if documents[name], err = tx.Document(name); err != nil {
				return err
			}
		}
		return err
	}))
	w.must(s.Close())
	made.Lock()
	defer made.Unlock()
	made.documents = documents
}

// ask asks the REST interface as the owner of the data directory, and returns the status.
func (w *world) ask(method, path string, in, out any) int {
	w.t.Helper()
	body := &bytes.Buffer{}
	if in != nil {
		w.must(json.NewEncoder(body).Encode(in))
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://local"+api.Prefix+path, body)
	w.must(err)
	r.Header.Set("Content-Type", "application/json")
	response, err := w.local.Do(r)
	w.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	w.must(err)
	if response.StatusCode >= 300 && out != nil {
		w.t.Fatalf("%s %s is answered %d %s", method, path, response.StatusCode, text)
	}
	if out != nil {
		w.must(json.Unmarshal(text, out))
	}
	return response.StatusCode
}

// people are the members of both organizations, and their sessions.
type people struct{ Members, Sessions []string }

func (w *world) people() people {
	w.t.Helper()
	var all people
	for _, org := range []string{"acme", "globex"} {
		var members api.Page[api.Member]
		w.ask(http.MethodGet, "/organizations/"+org+"/members", nil, &members)
		for _, m := range members.Items {
			all.Members = append(all.Members, m.Email+" "+m.Status)
		}
		var sessions api.Page[api.Session]
		w.ask(http.MethodGet, "/organizations/"+org+"/sessions", nil, &sessions)
		for _, s := range sessions.Items {
			all.Sessions = append(all.Sessions, s.ID)
		}
	}
	slices.Sort(all.Sessions)
	return all
}

// logged is a log that a test reads while the server writes it.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

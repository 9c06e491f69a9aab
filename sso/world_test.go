package sso_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
	"github.com/mixus/usher/web"
)

const acme = `
organization: {id: acme, name: Acme Inc., support: {name: IT Service Desk, email: it@acme.com}}
domains:
  - {domain: acme.com, auto_invite: true, default_role: viewer}
  - {domain: acme.org, require_admin_approval: true, default_role: viewer}
  - {domain: acme.net, default_role: viewer}
connections:
  - {id: acme-okta, provider: okta, label: Acme staff}
  - {id: acme-keys, provider: generic, label: Acme keys}
roles:
  - {name: viewer, permissions: [conversations.view_shared]}
  - {name: admin, includes: [viewer], permissions: [members.manage]}
`

const globex = `
organization: {id: globex, name: Globex}
domains:
  - {domain: globex.com, auto_invite: true, default_role: viewer}
connections:
  - {id: globex-okta, provider: okta, label: Globex staff}
  - {id: globex-keys, provider: generic, label: Globex keys, authority: [globex.org]}
roles:
  - {name: viewer, permissions: [conversations.view_shared]}
  - {name: admin, includes: [viewer], permissions: [members.manage]}
`

// world is the server with two organizations, each with a SAML provider and an OpenID provider that do as they are told.
type world struct {
	t      *testing.T
	store  store.Store
	engine *provision.Engine
	server *sso.Server
	url    string
	now    time.Time
	orgs   map[string]directory.OrgNum
	conns  map[string]directory.ConnNum
	policy map[string]*mapping.Policy
	saml   map[string]*samlPeer
	oidc   map[string]*oidcPeer
	broken map[string]error        // Line.Problem by connection
	pushed map[string]directory.ID // SCIM ids by address
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, store: s, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), orgs: map[string]directory.OrgNum{},
		conns: map[string]directory.ConnNum{}, policy: map[string]*mapping.Policy{}, saml: map[string]*samlPeer{}, oidc: map[string]*oidcPeer{},
		broken: map[string]error{}, pushed: map[string]directory.ID{},
	}
	clock := func() time.Time { return w.now }
	w.engine = &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: clock}
	w.server = &sso.Server{
		Engine: w.engine, Lines: w, Pages: web.New(nil), Log: slog.New(slog.DiscardHandler), Now: clock, Application: "Atlas",
		Home: "https://atlas.example/",
	}
	w.server.Pages.Loopback = true
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	w.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // passkeys need a name
	w.server.PublicURL = w.url
	handler = &httpx.Edge{Next: w.server.Handler(), Log: slog.New(slog.DiscardHandler), Proxies: httpx.Proxies{netip.MustParsePrefix("127.0.0.0/8")}}
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.activate(acme)
	w.activate(globex)
	for _, id := range []string{"acme-okta", "globex-okta"} {
		w.saml[id] = newSAMLPeer(w, id)
	}
	for _, id := range []string{"acme-keys", "globex-keys"} {
		w.oidc[id] = newOIDCPeer(w, id)
	}
	return w
}

// activate puts an organization's file into force.
func (w *world) activate(text string) {
	w.t.Helper()
	org, problems := config.ParseOrganization("file.yaml", []byte(text), config.Options{})
	if directory.Failed(problems) {
		w.t.Fatal(problems)
	}
	policy, problems := mapping.Compile(org)
	if directory.Failed(problems) {
		w.t.Fatal(problems)
	}
	w.must(w.store.Update(w.t.Context(), func(tx store.Tx) (err error) {
		if w.orgs[org.ID], err = tx.PutOrganization(org.ID); err != nil {
			return err
		}
		for _, c := range org.Connections {
			if w.conns[c.ID], err = tx.PutConnection(w.orgs[org.ID], c.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err := w.engine.Activate(w.t.Context(), w.orgs[org.ID], policy, []directory.PolicyFile{{Name: "file.yaml", Text: []byte(text)}}, "test")
	w.must(err)
	w.must(w.engine.Idle(w.t.Context()))
	w.policy[org.ID] = policy
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Line, Lines and Organizations make the world what sso.Lines asks for.
func (w *world) Line(connection string) (*trust.Line, bool) {
	for id, policy := range w.policy {
		c := policy.Connection(connection)
		if c == nil {
			continue
		}
		line := &trust.Line{
			ID: connection, Org: w.orgs[id], Conn: w.conns[connection], Organization: policy.Organization, Settings: c, Problem: w.broken[connection],
		}
		if p := w.saml[connection]; p != nil {
			line.SAML = p.settings
		}
		if p := w.oidc[connection]; p != nil {
			line.OIDC = p.provider
		}
		return line, line.SAML != nil || line.OIDC != nil
	}
	return nil, false
}

func (w *world) Lines(org directory.OrgNum) []*trust.Line {
	var lines []*trust.Line
	for _, o := range w.Organizations() {
		for _, c := range o.Config.Connections {
			if line, ok := w.Line(c.ID); ok && o.Num == org {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func (w *world) Organizations() []trust.Organization {
	var out []trust.Organization
	for id, policy := range w.policy {
		out = append(out, trust.Organization{Num: w.orgs[id], Config: policy.Organization})
	}
	slices.SortFunc(out, func(a, b trust.Organization) int { return strings.Compare(a.Config.ID, b.Config.ID) })
	return out
}

// push has the directory of acme-okta say that somebody is, or is no longer, active. Their subject is the part of the address
// before the domain, as in the sign-ins of these tests.
func (w *world) push(address string, active bool) {
	w.t.Helper()
	name, _, _ := strings.Cut(address, "@")
	in := facts.UserInput{
		UserName: address, ExternalID: name, Active: active,
		Body: []byte(`{"userName":"` + address + `","emails":[{"value":"` + address + `","primary":true}]}`),
	}
	w.must(w.engine.Do(w.t.Context(), provision.Push{
		Org: w.orgs["acme"], Conn: w.conns["acme-okta"], Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "push"},
	}, func(f *facts.Writer) error {
		if id := w.pushed[address]; !id.IsZero() {
			_, err := f.ReplaceUser(id, facts.Match{}, in)
			return err
		}
		u, err := f.CreateUser(in)
		if err == nil {
			w.pushed[address] = u.ID
		}
		return err
	}))
}

// entries returns the journal entries of a kind.
func (w *world) entries(kind string) []*directory.Entry {
	w.t.Helper()
	var found []*directory.Entry
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		list, err := tx.ListEntries(0, 1000, false)
		found = slices.DeleteFunc(list, func(e *directory.Entry) bool { return e.Kind != kind })
		return err
	}))
	return found
}

// sessions counts the sessions of an organization that hold.
func (w *world) sessions(org string) int {
	w.t.Helper()
	list, _, err := w.engine.ListSessions(w.t.Context(), w.orgs[org], directory.NoID, nil, 100)
	w.must(err)
	return len(list)
}

// The keys are made once: RSA keys take their time.
var (
	peerKey = sync.OnceValue(newKey)
	evilKey = sync.OnceValue(newKey)
	ownKey  = sync.OnceValue(newKey)
)

func newKey() saml.KeyPair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), crypto.Signer(key))
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return saml.KeyPair{Key: key, Certificate: c}
}

package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// world is one organization on a store of its own, with a clock that only the test moves.
type world struct {
	t       *testing.T
	store   store.Store
	engine  *provision.Engine
	now     time.Time
	org     directory.OrgNum
	folder  string
	secrets map[string]string
	log     *lockedBuffer
	k       *Keeper
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// policy is a file with these connections, each a YAML mapping. Theirs begin at line 5.
func policy(connections ...string) string {
	return "organization: {id: acme, name: Acme Inc.}\nroles:\n  - {name: viewer, permissions: [a]}\nconnections:\n  - " + strings.Join(connections, "\n  - ") + "\n"
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
	w := &world{
		t: t, store: s, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), folder: t.TempDir(), secrets: map[string]string{"okta": "first"}, log: &lockedBuffer{},
	}
	w.engine = &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now }}
	w.engine.Compile = func(files []directory.PolicyFile) (*mapping.Policy, error) {
		return w.compile(string(files[0].Text)), nil
	}
	w.k = w.keeper()
	return w
}

// keeper returns another keeper on the store, as after a restart or in another process.
func (w *world) keeper() *Keeper {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return &Keeper{
		Store: w.store, Engine: w.engine, Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: func() time.Time { return w.now },
		PublicURL: "https://usher.example", Folder: w.folder,
		Secrets: func(organization, reference string) (string, error) {
			name := strings.TrimSuffix(strings.TrimPrefix(reference, "${secret:"), "}")
			if secret := w.secrets[name]; organization == "acme" && secret != "" {
				return secret, nil
			}
			return "", directory.Errorf(directory.NotFound, "usher.yaml does not say where the secret %q of %q comes from; add it under secrets", name, organization)
		},
		Client:   func(string) *http.Client { return httpx.Outbound{Allowed: loopback}.Client() },
		Loopback: func(string) bool { return true },
	}
}

func (w *world) compile(text string) *mapping.Policy {
	w.t.Helper()
	org, problems := config.ParseOrganization("organizations/acme.yaml", []byte(text), config.Options{})
	if directory.Failed(problems) {
		w.t.Fatal(problems)
	}
	p, problems := mapping.Compile(org)
	if directory.Failed(problems) {
		w.t.Fatal(problems)
	}
	return p
}

// organizations activates a policy and returns what is in force then.
func (w *world) organizations(connections ...string) []Organization {
	w.t.Helper()
	text := policy(connections...)
	p := w.compile(text)
	w.must(w.store.Update(w.t.Context(), func(tx store.Tx) (err error) {
		if w.org, err = tx.PutOrganization("acme"); err != nil {
			return err
		}
		return provision.EnrollConnections(tx, w.org, p)
	}))
	_, err := w.engine.Activate(w.t.Context(), w.org, p, []directory.PolicyFile{{Name: "organizations/acme.yaml", Text: []byte(text)}}, "test")
	w.must(err)
	return []Organization{{Num: w.org, Config: p.Organization}}
}

// use puts connections in force.
func (w *world) use(connections ...string) {
	w.t.Helper()
	w.must(w.k.Update(w.t.Context(), w.organizations(connections...)))
}

// withKeys gives connections a key that was made once for all tests: making one takes a second.
func (w *world) withKeys(connections ...string) *world {
	w.t.Helper()
	for _, id := range connections {
		w.must(w.store.Update(w.t.Context(), func(tx store.Tx) error {
			return (&ring{Pairs: []string{testKey()}}).write(tx, id)
		}))
	}
	return w
}

var testKey = sync.OnceValue(func() string {
	pair, err := saml.Generate(saml.RSA, "usher test", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	text, err := pair.PEM()
	if err != nil {
		panic(err)
	}
	return string(text)
})

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) step() {
	w.t.Helper()
	w.must(w.k.Step(w.t.Context()))
}

// later moves the clock on and does what is due.
func (w *world) later(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	w.step()
}

func (w *world) line(id string) *Line {
	w.t.Helper()
	line, ok := w.k.Line(id)
	if !ok {
		w.t.Fatalf("there is no line %s", id)
	}
	return line
}

// works fails the test unless people can sign in.
func (w *world) works(id string) *Line {
	w.t.Helper()
	line := w.line(id)
	if line.Problem != nil {
		w.t.Fatalf("%s: %v", id, line.Problem)
	}
	return line
}

// broken fails the test unless nobody can sign in for this reason, and it is said for admins.
func (w *world) broken(id, because string) {
	w.t.Helper()
	line := w.line(id)
	if line.Problem == nil || directory.KindOf(line.Problem) == directory.Internal || !strings.Contains(words(line.Problem), because) {
		w.t.Fatalf("%s has the problem %v, want one with %q", id, line.Problem, because)
	}
}

// journal returns the notes of every entry of a kind.
func (w *world) journal(kind string) [][]string {
	w.t.Helper()
	var notes [][]string
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		entries, err := tx.ListEntries(0, 100, false)
		for _, e := range entries {
			if e.Kind == kind {
				notes = append(notes, e.Notes)
			}
		}
		return err
	}))
	return notes
}

func (w *world) found(weight Weight, text string) {
	w.t.Helper()
	for _, f := range w.k.Findings(w.now) {
		if f.Weight == weight && strings.Contains(f.Text, text) {
			return
		}
	}
	w.t.Errorf("no %s with %q among %+v", weight, text, w.k.Findings(w.now))
}

func (w *world) foundNothing() {
	w.t.Helper()
	if found := w.k.Findings(w.now); len(found) > 0 {
		w.t.Errorf("found %+v", found)
	}
}

// provider serves metadata, which tests change.
type provider struct {
	*httptest.Server
	mu       sync.Mutex
	document string
	tag      string
	status   int
	ahead    time.Duration
	asked    int
	now      func() time.Time
}

func newProvider(t *testing.T, document string) *provider {
	t.Helper()
	p := &provider{document: document, now: time.Now}
	p.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked++
		rw.Header().Set("Date", p.now().Add(p.ahead).UTC().Format(http.TimeFormat))
		if p.tag != "" {
			rw.Header().Set("ETag", p.tag)
		}
		switch {
		case p.status != 0:
			rw.WriteHeader(p.status)
		case p.tag != "" && r.Header.Get("If-None-Match") == p.tag:
			rw.WriteHeader(http.StatusNotModified)
		default:
			_, _ = rw.Write([]byte(p.document))
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) publish(document string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.document = document
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// connection is one with this provider's metadata, and more settings of saml.
func (p *provider) connection(id string, more ...string) string {
	return fmt.Sprintf("{id: %s, saml: {metadata_url: %q%s}}", id, p.URL, strings.Join(append([]string{""}, more...), ", "))
}

// certificate makes a provider's certificate.
func certificate(t *testing.T, at time.Time) *x509.Certificate {
	t.Helper()
	pair, err := saml.Generate(saml.ECDSA, "provider", at)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Certificate
}

// metadata is a provider's document; attributes go into its root.
func metadata(entity, attributes string, certificates ...*x509.Certificate) string {
	var keys strings.Builder
	for _, c := range certificates {
		fmt.Fprintf(&keys, `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`,
			base64.StdEncoding.EncodeToString(c.Raw))
	}
	return fmt.Sprintf(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID=%q %s><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">%s<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></IDPSSODescriptor></EntityDescriptor>`,
		entity, attributes, keys.String())
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.folder, name)
	w.must(os.MkdirAll(filepath.Dir(path), 0o700))
	w.must(os.WriteFile(path, []byte(text), 0o600))
}

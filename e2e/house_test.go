package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/idps"
	"github.com/mixus/usher/sso/trust"
)

// connection is the one through which a house's people sign in, and are pushed.
const connection = "acme-sso"

// clientSecret is what usher and examples/app know of each other.
const clientSecret = "a-secret-of-tests-and-of-nothing-else"

// house is a running usher with its files.
type house struct {
	t           testing.TB
	dir         string
	url         string // of usher
	application string // where examples/app is, if it is started; without a slash at the end
	provider    *idps.Provider
	server      *app.App
	local       *http.Client  // speaks to the socket of the data directory
	ahead       atomic.Int64  // by how much usher's clock is ahead, as a time.Duration
	delay       time.Duration // by which every change is slower
	log         output
}

// newHouse writes the operator's file and chooses the addresses. Nothing runs yet.
func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), application: "http://127.0.0.1:" + freePort(t)}
	port := freePort(t)
	h.url = "http://localhost:" + port
	socket := app.Data(filepath.Join(h.dir, "data")).Socket()
	h.local = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	t.Setenv("APP_CLIENT_SECRET", clientSecret)
	h.write("usher.yaml", fmt.Sprintf(`
listen: 127.0.0.1:%s
public_url: %s
domains: {acme: [acme.com]}
private_networks: {%s: ["127.0.0.0/8"], acme-other: ["127.0.0.0/8"]}
secrets: {acme: {sso: "${file:sso.secret}"}}
clients:
  - id: app
    name: Atlas
    secret: "${env:APP_CLIENT_SECRET}"
    redirect_uris: ["%[4]s/callback"]
    post_logout_redirect_uris: ["%[4]s/"]
    backchannel_logout_uri: %[4]s/backchannel-logout
    url: %[4]s/
`, port, h.url, connection, h.application))
	h.write("sso.secret", clientSecret+"\n")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("usher wrote:\n%s", h.log.String())
		}
	})
	return h
}

// write writes a file of the configuration.
func (h *house) write(name, text string) {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	h.must(errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)))
}

// acme is the customer's file, in which a test says how people sign in, and more.
type acme struct {
	signIn     string // the saml or oidc of the connection
	connection string // more of the connection
	domain     string // more of the domain; auto_invite and default_role without it
	more       string // more keys of the file
}

func (h *house) writeAcme(f acme) {
	h.t.Helper()
	if f.domain == "" {
		f.domain = "auto_invite: true, default_role: member"
	}
	h.write("organizations/acme.yaml", fmt.Sprintf(`
organization: {id: acme, name: Acme Inc., support: {name: IT Service Desk, email: it@acme.com}}
domains:
  - {domain: acme.com, %s}
connections:
  - id: %s
    label: Acme staff
    %s
    %s
roles:
  - {name: member, permissions: [agents.run]}
  - {name: engineer, includes: [member], permissions: [agents.create_own]}
  - {name: admin, includes: [engineer], permissions: [members.manage]}
departments: [{name: engineering}]
rules:
  - {name: engineers, groups: [Engineering], role: engineer, department: engineering, teams: [platform]}
%s
`, f.domain, connection, strings.TrimSpace(f.connection), strings.TrimSpace(f.signIn), f.more))
}

// start starts usher, which ends with the test.
func (h *house) start() {
	h.t.Helper()
	var err error
	h.server, err = app.New(app.Options{
		Config: filepath.Join(h.dir, "usher.yaml"), Data: filepath.Join(h.dir, "data"), Version: "test", Output: &h.log, CommitDelay: h.delay,
		Now: func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) },
	})
	h.must(err)
	h.must(h.server.Start(h.t.Context()))
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(h.t.Context()), 10*time.Second)
		defer cancel()
		if err := h.server.Stop(ctx); err != nil {
			h.t.Error(err)
		}
	})
}

func (h *house) reload() {
	h.t.Helper()
	h.must(h.server.Reload(h.t.Context()))
}

// openID is what the customer's file says of a provider of OpenID Connect. Which addresses LemonLDAP::NG has verified, it
// does not say.
func openID(p *idps.Provider) string {
	trusted := ""
	if p.Name == "LemonLDAP::NG" {
		trusted = ", trust_email: true"
	}
	return fmt.Sprintf(`oidc: {issuer: "%s", client_id: %s, client_secret: "${secret:sso}", scopes: [profile, email, groups]%s}`, p.Issuer, p.ClientID, trusted)
}

// withOpenID starts a provider of OpenID Connect, and then usher.
func (h *house) withOpenID(start func(testing.TB, idps.Client) *idps.Provider, f acme) {
	h.t.Helper()
	urls := trust.URLsOf(h.url, connection)
	h.provider = start(h.t, idps.Client{RedirectURI: urls.Callback, LogoutURI: urls.SignedOut, BackChannelURI: urls.BackChannelLogout})
	h.write("sso.secret", h.provider.ClientSecret+"\n")
	f.signIn = openID(h.provider)
	h.writeAcme(f)
	h.start()
	h.eventually("the provider is known", func() bool { return !h.broken() })
}

// withSAML starts usher, then a provider that is given usher's metadata, and then tells usher where the provider is.
func (h *house) withSAML(start func(testing.TB, idps.Client) *idps.Provider, f acme) {
	h.t.Helper()
	f.signIn = "saml: {metadata_file: provider.xml}" // which is not there yet
	h.writeAcme(f)
	h.start()
	urls := trust.URLsOf(h.url, connection)
	var own []byte
	h.eventually("usher has a key", func() bool {
		own = h.fetch(urls.Metadata)
		return bytes.Contains(own, []byte("X509Certificate"))
	})
	h.provider = start(h.t, idps.Client{Metadata: own, LogoutURI: urls.SignedOut})
	f.signIn = fmt.Sprintf(`saml: {metadata_url: "%s"}`, h.provider.MetadataURL)
	h.writeAcme(f)
	h.reload()
	h.eventually("the provider's metadata is known", func() bool { return !h.broken() })
}

// broken reports whether nobody can sign in at present.
func (h *house) broken() bool {
	h.t.Helper()
	status, _ := h.open(http.DefaultClient, trust.URLsOf(h.url, connection).Login)
	return status >= http.StatusBadRequest
}

// fetch returns what is at an address.
func (h *house) fetch(address string) []byte {
	h.t.Helper()
	_, body := h.open(http.DefaultClient, address)
	return body
}

// open opens an address and goes nowhere from there.
func (h *house) open(with *http.Client, address string) (int, []byte) {
	h.t.Helper()
	client := *with
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, address, nil)
	h.must(err)
	return h.send(&client, req)
}

func (h *house) send(client *http.Client, req *http.Request) (int, []byte) {
	h.t.Helper()
	res, err := client.Do(req)
	h.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	h.must(err)
	return res.StatusCode, body
}

// eventually waits for something that happens by itself.
func (h *house) eventually(what string, happened func() bool) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); !happened(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not within 20 seconds: %s", what)
		}
	}
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// output keeps what a program writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// askLasts is for longer than a sign-in may be under way.
const askLasts = 20 * time.Minute

// forward moves usher's clock.
func (h *house) forward(by time.Duration) { h.ahead.Add(int64(by)) }

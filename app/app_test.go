package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

const acme = `
organization: {id: acme, name: Acme Inc.}
domains: [{domain: acme.com, default_role: member}]
connections: [{id: acme-okta, provider: okta, default_role: viewer}]
roles: [{name: viewer}, {name: member}, {name: admin}]
`

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

// configure writes the configuration of acme and returns the options for it.
func configure(t *testing.T) (Options, *logged) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "usher.yaml"), "log: {format: json}\n")
	write(t, filepath.Join(dir, "organizations", "acme.yaml"), acme)
	log := new(logged)
	return Options{Config: filepath.Join(dir, "usher.yaml"), Data: filepath.Join(dir, "data"), Listen: "127.0.0.1:0", Version: "test", Output: log}, log
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// begin starts a server, which ends with the test unless it was stopped before.
func begin(t *testing.T, opts Options) *App {
	t.Helper()
	a, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(t, a) })
	return a
}

func end(t *testing.T, a *App) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func ask(t *testing.T, method, url, token string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

// secret makes a SCIM token as the owner of the data directory does.
func secret(t *testing.T, a *App) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, api.Prefix+"/tokens", strings.NewReader(`{"connection":"acme-okta"}`))
	r.Header.Set("Content-Type", "application/json")
	return makeToken(t, a, r)
}

// apiToken makes a token for the REST interface.
func apiToken(t *testing.T, a *App, scope string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, api.Prefix+"/tokens", strings.NewReader(`{"organization":"acme","scopes":["`+scope+`"]}`))
	return makeToken(t, a, r)
}

func makeToken(t *testing.T, a *App, r *http.Request) string {
	t.Helper()
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	localHandler(a.api, a.log).ServeHTTP(w, r)
	var made api.NewToken
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.Secret == "" {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return made.Secret
}

func TestEverySurfaceIsServed(t *testing.T) {
	opts, log := configure(t)
	a := begin(t, opts)
	token := secret(t, a)
	for _, c := range []struct {
		path, token string
		status      int
		contains    string
	}{
		{"/healthz", "", 200, "ok"},
		{"/readyz", "", 200, `"ready":true`},
		{"/api/v1/openapi.json", "", 200, `"3.1.0"`},
		{"/api/v1/organizations", "", 401, `"kind":"unauthenticated"`},
		{"/scim/v2/acme-okta/Users", token, 200, "ListResponse"},
		{"/scim/v2/acme-okta/Users", "wrong", 401, "Error"},
		{"/scim/v2/nowhere/Users", token, 401, "Error"},
		{"/nothing", "", 404, `"kind":"not_found"`},
		{"/", "", 303, `href="/login"`},
		{"/metrics", "", 200, `usher_scim_requests_total{connection="acme-okta",operation="users.list",status="200"} 1`},
		{"/metrics", "", 200, `usher_request_duration_seconds_count{class="2xx",method="GET",route="/scim/v2/{connection}/Users"} 1`},
		{"/metrics", "", 200, "usher_commit_duration_seconds_count"},
		{"/metrics", "", 200, "usher_jobs_waiting 0"},
	} {
		status, _, body := ask(t, http.MethodGet, a.URL()+c.path, c.token)
		if status != c.status || !strings.Contains(body, c.contains) {
			t.Errorf("%s: %d, without %s in %.300s", c.path, status, c.contains, body)
		}
	}
	if text := log.String(); strings.Contains(text, token) || !strings.Contains(text, `"route":"/scim/v2/{connection}/Users"`) ||
		!strings.Contains(text, `"connection":"acme-okta"`) {
		t.Errorf("log %s", text)
	}
}

func TestSCIMIsNeverRedirected(t *testing.T) {
	opts, _ := configure(t)
	a := begin(t, opts)
	for _, path := range []string{"//Users", "/Users/../Users", "/./Users", "/Users/"} {
		if status, header, _ := ask(t, http.MethodPost, a.URL()+"/scim/v2/acme-okta"+path, "wrong"); status != http.StatusUnauthorized {
			t.Errorf("%s: %d to %q; a redirected POST becomes a GET", path, status, header.Get("Location"))
		}
	}
}

func TestStopWritesWhenTokensWereUsed(t *testing.T) {
	opts, _ := configure(t)
	a, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, _, body := ask(t, http.MethodGet, a.URL()+"/scim/v2/acme-okta/Users", secret(t, a)); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	end(t, a)
	d, err := OpenDirect(Data(opts.Data), "test", 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // nothing was written
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, api.Prefix+"/tokens", http.NoBody))
	if !strings.Contains(w.Body.String(), `"last_used"`) {
		t.Errorf("tokens %s", w.Body)
	}
}

func TestCursorKeyIsMadeOnceAndPrivate(t *testing.T) {
	opts, _ := configure(t)
	data := Data(opts.Data)
	if err := data.create(); err != nil {
		t.Fatal(err)
	}
	first, err := data.cursorKey()
	if err != nil || len(first) != cursorKeySize {
		t.Fatalf("%d bytes: %v", len(first), err)
	}
	second, err := data.cursorKey()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the key changed, %v", err)
	}
	info, err := os.Stat(data.key())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	write(t, data.key(), "short")
	if _, err := data.cursorKey(); directory.KindOf(err) != directory.Invalid {
		t.Errorf("a damaged key: %v", err)
	}
}

func TestBrokenConfigurationLeavesTheFormerInForceAndShows(t *testing.T) {
	opts, log := configure(t)
	a := begin(t, opts)
	token := secret(t, a)
	file := filepath.Join(filepath.Dir(opts.Config), "organizations", "acme.yaml")
	write(t, file, acme+"ruels: []\n")
	var problems *ProblemsError
	if err := a.Reload(t.Context()); !errors.As(err, &problems) || !strings.Contains(err.Error(), "acme.yaml:6") {
		t.Errorf("reload: %v", err)
	}
	if status, _, _ := ask(t, http.MethodGet, a.URL()+"/scim/v2/acme-okta/Users", token); status != http.StatusOK {
		t.Errorf("the connection is gone: %d", status)
	}
	status, _, body := ask(t, http.MethodGet, a.URL()+"/readyz", "")
	if status != http.StatusOK || !strings.Contains(body, "acme.yaml:6") || !strings.Contains(log.String(), "does not check") {
		t.Errorf("readyz %d %s", status, body)
	}
	if text := log.String(); !strings.Contains(text, `"fix":"write \"rules\""`) {
		t.Errorf("the log does not say what is wrong and what to do: %s", text)
	}
	write(t, file, strings.Replace(acme, "acme-okta", "acme-new", 1))
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := a.connections.get("acme-new"); !ok {
		t.Error("a new connection is not taken up")
	}
	if _, ok := a.connections.get("acme-okta"); ok {
		t.Error("a connection that the file no longer has still serves")
	}
}

func TestABrokenFileKeepsNoOtherOrganizationWaiting(t *testing.T) {
	opts, log := configure(t)
	folder := filepath.Join(filepath.Dir(opts.Config), "organizations")
	globex := strings.NewReplacer("acme", "globex", "Acme", "Globex").Replace(acme)
	write(t, filepath.Join(folder, "globex.yaml"), globex)
	a := begin(t, opts)
	label := func(connection string) string {
		c, _ := a.connections.get(connection)
		return c.Config.Label
	}
	labelled := func(text, label string) string {
		return strings.Replace(text, "provider: okta", "provider: okta, label: "+label, 1)
	}
	for name, broken := range map[string]string{
		"unreadable":             acme + "ruels: []\n",
		"a test of it fails":     acme + "tests: [{name: all are admins, expect: {role: admin}}]\n",
		"it claims what is ours": strings.Replace(acme, "domain: acme.com", "domain: globex.com", 1),
	} {
		write(t, filepath.Join(folder, "acme.yaml"), labelled(broken, "Broken"))
		write(t, filepath.Join(folder, "globex.yaml"), labelled(globex, "New"))
		err := a.Reload(t.Context())
		var problems *ProblemsError
		if !errors.As(err, &problems) || len(a.found()) == 0 {
			t.Errorf("%s: reload: %v", name, err)
		}
		disputed := strings.Contains(broken, "globex.com")
		if got := label("globex-okta"); (got == "New") == disputed {
			t.Errorf("%s: the other organization's connection is called %q", name, got)
		}
		if label("acme-okta") != "" {
			t.Errorf("%s: a file that does not check took effect", name)
		}
		_, _, body := ask(t, http.MethodGet, a.URL()+"/readyz", "")
		if !strings.Contains(body, `"ok":false`) || !strings.Contains(log.String(), "does not check") {
			t.Errorf("%s: readyz %s", name, body)
		}
		write(t, filepath.Join(folder, "acme.yaml"), acme)
		write(t, filepath.Join(folder, "globex.yaml"), globex)
		if err := a.Reload(t.Context()); err != nil || len(a.found()) > 0 {
			t.Errorf("%s: corrected: %v, %v", name, err, a.found())
		}
	}
	write(t, opts.Config, "lgo: {}\n")
	write(t, filepath.Join(folder, "globex.yaml"), labelled(globex, "New"))
	if err := a.Reload(t.Context()); err == nil || label("globex-okta") != "" {
		t.Errorf("the operator's file is broken: %v, and the connection is called %q", err, label("globex-okta"))
	}
}

// A policy that was gone back to stays, and is marked as that, while the file says the same with another comment; the
// connections' settings of the file take effect.
func TestARolledBackPolicyWhoseFileHasAnotherCommentAndOtherConnections(t *testing.T) {
	opts, _ := configure(t)
	a := begin(t, opts)
	ctx := t.Context()
	file := filepath.Join(filepath.Dir(opts.Config), "organizations", "acme.yaml")
	other := strings.Replace(acme, "default_role: member}]", "default_role: viewer}]", 1)
	org, err := organizationNumber(ctx, a.store, "acme")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(err)
	apply := func(c provision.Candidate, rollback uint64) {
		t.Helper()
		plan, err := a.engine.Plan(ctx, org, c, 0)
		check(err)
		_, err = a.engine.Apply(ctx, org, c, plan, directory.Cause{Kind: directory.CauseAdmin, Actor: "root"}, rollback)
		check(err)
		check(a.applied(ctx, "acme"))
	}
	write(t, file, other)
	check(a.Reload(ctx))
	apply(a.waiting.get("acme").Candidate, 0)
	back, err := a.engine.Revision(ctx, org, 1)
	check(err)
	apply(back, 1)

	write(t, file, strings.Replace(acme, "default_role: viewer}]", "default_role: viewer, label: Staff}]", 1)+"# another comment\n")
	for range 2 {
		check(a.Reload(ctx))
		active, err := a.engine.ActiveRow(ctx, org)
		check(err)
		if c, _ := a.connections.get("acme-okta"); c.Config.Label != "Staff" || active.Rollback != 1 {
			t.Errorf("the connection is called %q, and the policy in force goes back to %d", c.Config.Label, active.Rollback)
		}
		if it := a.waiting.get("acme"); it != nil {
			t.Errorf("the file says the same, and waits: %s", it.Why)
		}
	}
	write(t, file, other)
	check(a.Reload(ctx))
	if it := a.waiting.get("acme"); it == nil {
		t.Error("what was gone back from does not wait")
	}
}

func TestAFileThatDropsAConnectionWithPeopleIsNotTakenUp(t *testing.T) {
	opts, log := configure(t)
	a := begin(t, opts)
	token := secret(t, a)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+"/scim/v2/acme-okta/Users", strings.NewReader(
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@acme.com","externalId":"x","active":true}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.Status)
	}
	file := filepath.Join(filepath.Dir(opts.Config), "organizations", "acme.yaml")
	write(t, file, strings.Replace(acme, "acme-okta", "acme-new", 1))
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	const command = "usher connections retire acme-okta --organization acme --reason WHY"
	if found := a.found(); !directory.Failed(found) || !strings.Contains(found[0].Fix, command) || found[0].Excerpt == "" || !strings.Contains(log.String(), command) {
		t.Errorf("found %v", found)
	}
	if _, ok := a.connections.get("acme-new"); ok {
		t.Error("the file took effect")
	}
	org, err := organizationNumber(t.Context(), a.store, "acme")
	if err == nil {
		err = a.engine.Retire(t.Context(), org, "acme-okta", directory.Cause{Kind: directory.CauseAdmin, Actor: "root"})
	}
	if err = errors.Join(err, a.retired(t.Context(), "acme", "acme-okta"), a.Reload(t.Context())); err != nil || len(a.found()) > 0 {
		t.Errorf("retired: %v, %v", err, a.found())
	}
	status, _, body := ask(t, http.MethodGet, a.URL()+"/scim/v2/acme-okta/Users", token)
	if status != http.StatusForbidden || !strings.Contains(body, "was retired on") {
		t.Errorf("the provider hears %d %s", status, body)
	}
	if status, _, _ := ask(t, http.MethodGet, a.URL()+"/scim/v2/acme-okta/Users", "wrong"); status != http.StatusUnauthorized {
		t.Errorf("somebody without a token hears %d", status)
	}
}

func TestChangeThatNeedsARestartSaysSo(t *testing.T) {
	opts, log := configure(t)
	a := begin(t, opts)
	if err := a.Reload(t.Context()); err != nil || strings.Contains(log.String(), "takes effect with a restart") {
		t.Errorf("nothing has changed: %v, %s", err, log)
	}
	write(t, opts.Config, "\nlog: {format: json, access: false}\n")
	if err := a.Reload(t.Context()); err != nil || !strings.Contains(log.String(), "takes effect with a restart") {
		t.Errorf("the log's settings have changed: %v, %s", err, log)
	}
}

func TestConnectionOfAnotherOrganizationIsRefused(t *testing.T) {
	opts, _ := configure(t)
	a, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	end(t, a)
	file := filepath.Join(filepath.Dir(opts.Config), "organizations", "acme.yaml")
	write(t, file, strings.Replace(acme, "id: acme,", "id: globex,", 1))
	again, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer end(t, again)
	if found := again.found(); len(found) != 1 || !strings.Contains(found[0].Message, "acme-okta") || !directory.Failed(found) {
		t.Errorf("a connection changed hands: %v", found)
	}
}

func TestPanicIsAnsweredInTheTransportsOwnForm(t *testing.T) {
	a := &App{api: &api.Server{Log: slog.New(slog.DiscardHandler)}}
	for path, contains := range map[string]string{"/scim/v2/x/Users": "messages:2.0:Error", "/api/v1/x": `"kind":"internal"`, "/x": `"kind":"internal"`} {
		edge := &httpx.Edge{Log: slog.New(slog.DiscardHandler), Broken: a.broken, Next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") })}
		w := httptest.NewRecorder()
		edge.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), contains) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// checked is a store of which only the check is used.
type checked struct {
	store.Store
	err    error
	checks int
}

func (c *checked) Check(context.Context) error {
	c.checks++
	return c.err
}

func TestReadinessFollowsTheStoreAndIsNotCheckedAllTheTime(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	s := &checked{}
	h := &health{store: s, now: func() time.Time { return now }}
	for range 10 {
		if !h.ready(t.Context()).Ready {
			t.Fatal("not ready")
		}
	}
	if s.checks != 1 {
		t.Errorf("checked %d times within one instant", s.checks)
	}
	now = now.Add(2 * time.Second)
	s.err = &directory.Error{Kind: directory.Unavailable, Message: "The disk is full.", Err: store.ErrFull}
	w := httptest.NewRecorder()
	h.serveReady(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "disk is full") {
		t.Errorf("with a full disk: %d %s", w.Code, w.Body)
	}
	now, s.err = now.Add(2*time.Second), nil
	h.drain()
	if h.ready(t.Context()).Ready {
		t.Error("ready while draining")
	}
}

func TestURLIsWhereTheServerIsReached(t *testing.T) {
	for name, c := range map[string]struct{ config, listen, want string }{
		"as configured":               {"listen: 127.0.0.1:0\npublic_url: https://usher.acme.com\n", "", "https://usher.acme.com"},
		"configured, other address":   {"public_url: https://usher.acme.com\n", "127.0.0.1:0", "https://usher.acme.com"},
		"derived, other address":      {"log: {level: error}\n", "127.0.0.1:0", "http://127.0.0.1:"},
		"derived, every address":      {"log: {level: error}\n", "0.0.0.0:0", "http://localhost:"},
		"derived, every IPv6 address": {"log: {level: error}\n", ":0", "http://localhost:"},
	} {
		t.Run(name, func(t *testing.T) {
			opts, _ := configure(t)
			opts.Listen = c.listen
			write(t, opts.Config, c.config)
			if got := begin(t, opts).URL(); !strings.HasPrefix(got, c.want) || strings.HasSuffix(got, ":0") {
				t.Errorf("%s, want %s…", got, c.want)
			}
		})
	}
}

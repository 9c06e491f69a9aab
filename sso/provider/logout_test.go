package provider_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/provider"
)

// backChannel is the back channel of an application.
type backChannel struct {
	*httptest.Server
	mu      sync.Mutex
	tokens  []string
	calls   int
	refuses int // so many calls are answered with an error first; -1 for every one
}

func newBackChannel(t *testing.T) *backChannel {
	c := &backChannel{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.calls++
		if c.refuses != 0 {
			c.refuses--
			http.Error(w, "not now", http.StatusBadGateway)
			return
		}
		c.tokens = append(c.tokens, r.PostFormValue("logout_token"))
	}))
	t.Cleanup(c.Close)
	return c
}

// got waits until there are so many tokens, and returns them.
func (c *backChannel) got(t *testing.T, n int) []string {
	t.Helper()
	for range 200 {
		c.mu.Lock()
		tokens := slices.Clone(c.tokens)
		c.mu.Unlock()
		if len(tokens) >= n {
			if len(tokens) > n {
				t.Errorf("%d calls, want %d", len(tokens), n)
			}
			return tokens
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the application was not told %d times", n)
	return nil
}

func (c *backChannel) called() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// run lets a provider tell applications, until the returned function stops it.
func (w *world) run(p *provider.Provider) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			w.t.Errorf("Run ends with %v", err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// listening gives the client "app" a back channel.
func (w *world) listening() *backChannel {
	c := newBackChannel(w.t)
	w.clients[0].BackChannelLogoutURI = c.URL + "/logout"
	return c
}

// logoutToken checks a token as a relying party does, and returns its session.
func (a *app) logoutToken(raw string) string {
	a.w.t.Helper()
	token, err := a.provider.Verifier(&oidc.Config{ClientID: "app", Now: a.w.now}).VerifyLogout(a.ctx, raw)
	if err != nil {
		a.w.t.Fatal(err)
	}
	if token.Subject != a.w.member("ann").String() {
		a.w.t.Errorf("the token is about %s", token.Subject)
	}
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	a.w.must(err)
	var said map[string]any
	a.w.must(json.Unmarshal(header, &said))
	if said["typ"] != "logout+jwt" {
		a.w.t.Errorf("the header is %v", said)
	}
	return token.SessionID
}

func TestApplicationsAreToldWhenSomebodysSessionsEnd(t *testing.T) {
	cause := directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}
	for name, leave := range map[string]func(w *world){
		"suspended": func(w *world) { w.suspend("ann") },
		"revoked": func(w *world) {
			_, err := w.engine.RevokeSessions(w.t.Context(), w.org, w.member("ann"), cause)
			w.must(err)
		},
		"a lockdown":                func(w *world) { _, err := w.engine.Lockdown(w.t.Context(), w.org, true, cause); w.must(err) },
		"all ended":                 func(w *world) { w.must(w.engine.EndAllSessions(w.t.Context(), w.org, cause)) },
		"the connection is retired": func(w *world) { w.must(w.engine.Retire(w.t.Context(), w.org, "okta", cause)) },
		"the connection is out of the file": func(w *world) {
			w.activate(strings.Replace(acme, "{id: okta, provider: okta}", "{id: entra, provider: entra}", 1))
		},
		"limits that they are too old for": func(w *world) {
			w.pass(2 * time.Minute)
			w.activate(acme + "sessions: {idle: 1m}\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			channel, a := w.listening(), w.app()
			w.run(w.provider)
			_, one := a.enter(w.browser())
			_, two := a.enter(w.browser())
			w.signIn("ann", false) // by a browser that never came to the application
			leave(w)
			tokens := channel.got(t, 2)
			got := []string{a.logoutToken(tokens[0]), a.logoutToken(tokens[1])}
			want := []string{sidOf(t, one), sidOf(t, two)}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("told of %v, want %v", got, want)
			}
		})
	}
}

// TestTheOtherSessionsOfAPersonGoOn: who signs out in one browser is signed in in the other.
func TestTheOtherSessionsOfAPersonGoOn(t *testing.T) {
	w := newWorld(t)
	channel, a, b := w.listening(), w.app(), w.browser()
	w.run(w.provider)
	token, one := a.enter(b)
	other, _ := a.enter(w.browser())
	b.open(leaveBy("id_token_hint", idTokenOf(token)))
	if got := a.logoutToken(channel.got(t, 1)[0]); got != sidOf(t, one) {
		t.Errorf("told of %s, want %s", got, sidOf(t, one))
	}
	if status, _ := a.userinfo(other.AccessToken); status != http.StatusOK {
		t.Errorf("the other browser is signed out: %d", status)
	}
}

func TestAnApplicationThatFailsIsToldAgain(t *testing.T) {
	w := newWorld(t)
	channel, a := w.listening(), w.app()
	channel.refuses = 2
	w.run(w.provider)
	_, id := a.enter(w.browser())
	w.suspend("ann")
	if got := a.logoutToken(channel.got(t, 1)[0]); got != sidOf(t, id) || channel.called() != 3 {
		t.Errorf("told of %s after %d calls", got, channel.called())
	}
}

// TestARestartForgetsNobody: what is recorded is told, also when nobody was there to tell it, or it had failed before.
func TestARestartForgetsNobody(t *testing.T) {
	w := newWorld(t)
	channel, a := w.listening(), w.app()
	stop := w.run(w.provider)
	_, one := a.enter(w.browser())
	_, two := a.enter(w.browser())
	stop()
	id, _ := directory.ParseID(sidOf(t, one))
	w.must(w.engine.RevokeSession(t.Context(), w.org, id, directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}))
	channel.mu.Lock()
	channel.refuses = -1
	channel.mu.Unlock()
	stop = w.run(w.newProvider())
	for channel.called() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	w.suspend("ann")
	channel.mu.Lock()
	channel.refuses = 0
	channel.mu.Unlock()
	w.run(w.newProvider())
	tokens := channel.got(t, 2)
	got, want := []string{a.logoutToken(tokens[0]), a.logoutToken(tokens[1])}, []string{sidOf(t, one), sidOf(t, two)}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told of %v, want %v", got, want)
	}
}

// TestADeadApplicationHoldsUpNoOther, and is given up on after a day, with a line in the log.
func TestADeadApplicationHoldsUpNoOther(t *testing.T) {
	w := newWorld(t)
	channel, dead := w.listening(), newBackChannel(t)
	dead.refuses = -1
	a := w.app()
	w.clients = append(w.clients, config.Client{ID: "dead", RedirectURIs: []string{appCallback}, BackChannelLogoutURI: dead.URL})
	var log lockedBuffer
	w.provider.Log = slog.New(slog.NewTextHandler(&log, nil))
	w.run(w.provider)
	b := w.browser()
	_, id := a.enter(b)
	other := *a
	other.oauth.ClientID, other.oauth.ClientSecret = "dead", ""
	code, verifier := other.code(b)
	form := exchange(code, verifier)
	form.Set("client_id", "dead")
	if status, said, _ := w.post("/oidc/token", form, "", ""); status != http.StatusOK {
		t.Fatalf("answers %d %v", status, said)
	}
	w.suspend("ann")
	if got := a.logoutToken(channel.got(t, 1)[0]); got != sidOf(t, id) {
		t.Errorf("told of %s", got)
	}
	for dead.called() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	w.pass(25 * time.Hour)
	for range 200 {
		if list, err := w.engine.Departures(t.Context(), "dead", 10); err == nil && len(list) == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if list, err := w.engine.Departures(t.Context(), "dead", 10); err != nil || len(list) != 0 || !strings.Contains(log.String(), "was never told") {
		t.Errorf("%d are waiting yet (%v); the log says\n%s", len(list), err, log.String())
	}
	if strings.Contains(log.String(), "eyJ") {
		t.Error("a token is in the log")
	}
}

// lockedBuffer is a buffer that several goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestWhatConcernsNobodyIsNotWritten: following the journal costs no write, but for what there is to tell (law 10).
func TestWhatConcernsNobodyIsNotWritten(t *testing.T) {
	w := newWorld(t)
	channel, a := w.listening(), w.app()
	w.run(w.provider)
	a.enter(w.browser())
	w.signsIn = "bob"
	w.signIn("bob", false)
	w.suspend("bob")
	time.Sleep(1500 * time.Millisecond)
	if list, err := w.engine.Departures(t.Context(), "app", 10); err != nil || len(list) != 0 || channel.called() != 0 {
		t.Errorf("%d are told of somebody whom the application does not know (%v)", channel.called(), err)
	}
}

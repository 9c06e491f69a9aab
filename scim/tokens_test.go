package scim

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (w *world) readToken(secret string) *directory.Token {
	w.t.Helper()
	var token *directory.Token
	err := w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		token, err = tx.Token(sha256.Sum256([]byte(secret)))
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		w.t.Fatal(err)
	}
	return token
}

func (w *world) flush() {
	w.t.Helper()
	if err := w.server.FlushTokens(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestLastUseIsFoldedIn(t *testing.T) {
	w := newWorld(t)
	w.pass(90 * time.Second)
	w.do("GET", "/Users", "").want(200)
	if got := w.readToken("okta-secret"); !got.LastUsed.IsZero() {
		t.Errorf("a request wrote the use of its token: %s", got.LastUsed)
	}
	w.flush()
	if got := w.readToken("okta-secret"); !got.LastUsed.Equal(noon.Add(time.Minute)) || got.Name != "okta" {
		t.Errorf("after the flush: %+v", got)
	}
	if got := w.readToken("entra-secret"); !got.LastUsed.IsZero() {
		t.Errorf("a token that was not used: %+v", got)
	}
}

func TestRevokedTokenStaysRevoked(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/Users", "").want(200)
	if err := w.store.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteToken(sha256.Sum256([]byte("okta-secret"))) }); err != nil {
		t.Fatal(err)
	}
	w.flush()
	if got := w.readToken("okta-secret"); got != nil {
		t.Errorf("the flush brought back %+v", got)
	}
	w.do("GET", "/Users", "").refused(401, "")
}

func TestTwoTokensLiveAtATime(t *testing.T) {
	w := newWorld(t)
	okta, _ := w.server.Connections("acme-okta")
	w.giveToken("next", directory.Token{Org: okta.Org, Conn: okta.Num, Name: "next"})
	w.do("GET", "/Users", "").want(200)
	w.as("acme-okta", "next").do("GET", "/Users", "").want(200)
}

func TestExpiryIsWarnedAboutOnceADay(t *testing.T) {
	w := newWorld(t)
	okta, _ := w.server.Connections("acme-okta")
	w.giveToken("soon", directory.Token{Org: okta.Org, Conn: okta.Num, Name: "soon", Expires: noon.Add(3 * 24 * time.Hour)})
	w.giveToken("later", directory.Token{Org: okta.Org, Conn: okta.Num, Name: "later", Expires: noon.Add(30 * 24 * time.Hour)})
	warnings := func() int { return strings.Count(w.log.String(), "a token expires soon") }
	for i, want := range []int{1, 1, 2, 2, 2} {
		w.flush()
		w.flush()
		if got := warnings(); got != want {
			t.Errorf("%d warnings after flush %d, want %d:\n%s", got, i, want, w.log)
		}
		if w.pass(23 * time.Hour); i > 0 {
			w.pass(2 * time.Hour)
		}
	}
	if strings.Contains(w.log.String(), "token=later") {
		t.Error("a token that lives on is warned about")
	}
}

func TestUseIsKeptWhenItCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/Users", "").want(200)
	good := w.server.Store
	w.server.Store = broken{good}
	if err := w.server.FlushTokens(t.Context()); !errors.Is(err, store.ErrFull) {
		t.Fatalf("got %v", err)
	}
	w.server.Store = good
	w.flush()
	if got := w.readToken("okta-secret"); got.LastUsed.IsZero() {
		t.Error("a use was forgotten")
	}
}

// TestTheLogSaysWhyATokenIsRefused: an admin at the log learns it, whoever sent the token does not.
func TestTheLogSaysWhyATokenIsRefused(t *testing.T) {
	here := Connection{Num: 1, Org: 1}
	for _, tt := range []struct {
		secret string
		token  *directory.Token
		known  bool
		want   string
	}{
		{"", nil, true, "no bearer token was sent"},
		{"x", nil, true, "no such token"},
		{"x", &directory.Token{Org: 1}, true, "an API token"},
		{"x", &directory.Token{Org: 1, Conn: 1}, false, "no connection of this name"},
		{"x", &directory.Token{Org: 1, Conn: 2}, true, "the token of another connection"},
		{"x", &directory.Token{Org: 2, Conn: 1}, true, "the token of another connection"},
		{"x", &directory.Token{Org: 1, Conn: 1}, true, "it has expired"},
	} {
		if got := refusal(tt.secret, tt.token, here, tt.known); !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %q, want %q", tt.token, got, tt.want)
		}
	}

	w := newWorld(t)
	var log strings.Builder
	w.server.Log = slog.New(slog.NewTextHandler(&log, nil))
	answer := w.do("GET", "/Users", "", "Authorization", "Bearer entra-secret").refused(401, "")
	if !strings.Contains(log.String(), `reason="it is the token of another connection"`) || strings.Contains(log.String(), "entra-secret") {
		t.Errorf("the log: %s", log.String())
	}
	if strings.Contains(answer.text, "another connection") {
		t.Errorf("the answer tells: %s", answer.text)
	}
}

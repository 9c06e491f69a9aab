package provision_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/outbox/mail/mailtest"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// approved is a mail that tells somebody of their approval.
func approved(to, key string) *directory.Mail {
	return &directory.Mail{Kind: mail.KindApproved, To: to, Key: key, Data: json.RawMessage(`{"name":"Ann Secret-Example"}`)}
}

func (w *glassWorld) queue(mails ...*directory.Mail) {
	w.t.Helper()
	w.must(w.engine.QueueMail(w.t.Context(), w.org, mails...))
}

// states returns the mails as "to state tries error", the oldest first.
func (w *glassWorld) states() []string {
	w.t.Helper()
	list, _, err := w.engine.ListMails(w.t.Context(), w.org, "", directory.NoID, 100)
	w.must(err)
	var out []string
	for _, m := range list {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", m.To, m.State, m.Tries, m.LastError)))
	}
	return out
}

func TestTheSameThingIsMailedToTheSamePersonOnce(t *testing.T) {
	w := newGlassWorld(t)
	w.queue(approved("ann@acme.com", ""), approved("Ann@Acme.com", ""), approved("bob@acme.com", ""))
	w.mailAll(0)
	w.queue(approved("ann@acme.com", "")) // after it was sent, too
	w.queue(approved("ann@acme.com", "another day"))
	w.mailAll(0)
	if a, b := len(w.mails("ann@acme.com")), len(w.mails("bob@acme.com")); a != 2 || b != 1 || len(w.server.Mails()) != 3 {
		t.Errorf("ann got %d mails and bob %d of %d", a, b, len(w.server.Mails()))
	}
}

func TestMailOfATransactionThatFailsIsNotSent(t *testing.T) {
	w := newGlassWorld(t)
	broken := &directory.Mail{Kind: mail.KindApproved, To: "bob@acme.com", Data: json.RawMessage(`{`)}
	w.must(w.engine.QueueMail(t.Context(), w.org, broken)) // its letter cannot be written
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.engine.QueueMail(ctx, w.org, approved("ann@acme.com", "")); err == nil {
		t.Error("a transaction without time was made")
	}
	w.mailAll(0)
	if got := strings.Join(w.states(), "; "); len(w.server.Mails()) != 0 || got != "bob@acme.com failed 1 A letter could not be written." {
		t.Errorf("%d mails were sent: %s", len(w.server.Mails()), got)
	}
}

func TestWhatIsRefusedForGoodIsListedWithTheServersWordsAndCanBeRetried(t *testing.T) {
	w := newGlassWorld(t)
	w.server.Refuse = func(to string) error {
		if to == "ann@acme.com" {
			return mailtest.Answer(550, "5.1.1 No such user here, ask Bob")
		}
		return nil
	}
	w.queue(approved("ann@acme.com", ""), approved("bob@acme.com", ""))
	w.mailAll(0)
	want := "ann@acme.com failed 1 550 5.0.0 5.1.1 No such user here, ask Bob; bob@acme.com sent 1"
	if got := strings.Join(w.states(), "; "); got != want {
		t.Errorf("the mails are %s, want %s", got, want)
	}
	failed, last, err := w.engine.ListMails(t.Context(), w.org, directory.MailFailed, directory.NoID, 10)
	w.must(err)
	if len(failed) != 1 || failed[0].Data != nil || !last.IsZero() {
		t.Fatalf("the failed mails are %v, then %v", failed, last)
	}
	w.pass(24 * time.Hour)
	w.mailAll(0)
	if got := strings.Join(w.states(), "; "); got != want {
		t.Errorf("a day later %s", got)
	}
	w.server.Stop()
	w.server = (&mailtest.Server{Address: w.server.Address}).Start(t)
	if _, err := w.engine.RetryMail(t.Context(), w.org+1, failed[0].ID, rootCause()); directory.KindOf(err) != directory.NotFound {
		t.Errorf("another organization retries it: %v", err)
	}
	_, err = w.engine.RetryMail(t.Context(), w.org, failed[0].ID, rootCause())
	w.must(err)
	if _, err = w.engine.RetryMail(t.Context(), w.org, failed[0].ID, rootCause()); directory.KindOf(err) != directory.Conflict {
		t.Errorf("what waits is retried: %v", err)
	}
	w.mailAll(0)
	if n := len(w.mails("ann@acme.com")); n != 1 {
		t.Errorf("after the retry ann has %d mails", n)
	}
	if _, err = w.engine.RetryMail(t.Context(), w.org, failed[0].ID, rootCause()); directory.KindOf(err) != directory.Conflict {
		t.Errorf("what was sent is sent twice: %v", err)
	}
	if e := w.lastLine(); e.Kind != "mail.retried" || e.Cause.Actor != rootCause().Actor {
		t.Errorf("the retry is told as %+v", e)
	}
}

func TestWithoutAMailServerLettersAreListedAsFailed(t *testing.T) {
	w := newGlassWorld(t)
	w.engine.Mail = nil
	w.queue(approved("ann@acme.com", ""))
	w.mailAll(0)
	if got := strings.Join(w.states(), "; "); got != "ann@acme.com failed 1 usher.yaml names no mail server" {
		t.Error(got)
	}
}

func TestAServerThatIsDownIsAskedLessAndLessAndThenSomebodyHasToLook(t *testing.T) {
	w := newGlassWorld(t)
	tries := 0
	w.engine.Mail = func(context.Context, *mail.Message) error {
		tries++
		return directory.Errorf(directory.Unavailable, "The mail server is down.")
	}
	w.queue(approved("ann@acme.com", ""))
	began := w.now
	for range 10_000 {
		if w.mailAllOf() == 0 {
			break
		}
		w.now = w.now.Add(time.Minute)
	}
	if took := w.now.Sub(began); tries != 80 || took < 48*time.Hour || took > 5*24*time.Hour {
		t.Errorf("%d tries within %s", tries, took)
	}
	if got := strings.Join(w.states(), "; "); got != "ann@acme.com failed 80 The mail server is down." {
		t.Error(got)
	}
}

func (w *glassWorld) mailAllOf() int {
	w.t.Helper()
	left, err := w.engine.SendMail(w.t.Context())
	w.must(err)
	return left
}

// A store that takes nothing does not make the server take everything twice.
func TestAMailThatWasTakenIsNotSentAgainBecauseItCannotBeNoted(t *testing.T) {
	w := newGlassWorld(t)
	w.queue(approved("ann@acme.com", ""))
	full := &failing{Store: w.store}
	w.engine.Store = full
	full.broken = true
	for range 3 {
		if _, err := w.engine.SendMail(t.Context()); err == nil {
			t.Error("nobody hears of a store that takes nothing")
		}
	}
	full.broken = false
	w.mailAll(0)
	if n := len(w.mails("ann@acme.com")); n != 1 || !strings.Contains(w.states()[0], "sent") {
		t.Errorf("ann got %d mails: %v", n, w.states())
	}
}

// failing is a store that can be read and not written.
type failing struct {
	store.Store
	broken bool
}

func (f *failing) Update(ctx context.Context, fn func(store.Tx) error) error {
	if f.broken {
		return store.ErrFull
	}
	return f.Store.Update(ctx, fn)
}

func TestTheStoreDoesNotHaveWhatALetterSays(t *testing.T) {
	w := newGlassWorld(t)
	w.server.Stop()
	w.queue(approved("ann@acme.com", ""))
	w.mailAll(1)
	var backup bytes.Buffer
	_, err := w.store.Backup(t.Context(), &backup)
	w.must(err)
	if bytes.Contains(backup.Bytes(), []byte("Secret-Example")) {
		t.Error("a backup has what the letter says")
	}
	e := w.engine
	w.engine = &provision.Engine{
		Store: e.Store, Log: e.Log, Now: e.Now, Compile: e.Compile, Mail: e.Mail, PublicURL: e.PublicURL, PlanKey: []byte("the key of another directory"),
	}
	w.server.Start(t)
	w.now = w.now.Add(time.Minute)
	w.mailAll(0)
	if got := strings.Join(w.states(), "; "); !strings.Contains(got, "failed") || !strings.Contains(got, "sealed with the key of another data directory") {
		t.Errorf("with another key: %s", got)
	}
}

func TestAPageOfMailsGoesOn(t *testing.T) {
	w := newGlassWorld(t)
	for n := range 5 {
		w.queue(approved(fmt.Sprintf("p%d@acme.com", n), ""))
	}
	var seen []string
	var after directory.ID
	for range 10 {
		page, last, err := w.engine.ListMails(t.Context(), w.org, directory.MailQueued, after, 2)
		w.must(err)
		for _, m := range page {
			seen = append(seen, m.To)
		}
		if after = last; last.IsZero() {
			break
		}
	}
	if len(seen) != 5 || seen[0] != "p0@acme.com" || seen[4] != "p4@acme.com" {
		t.Errorf("the pages hold %v", seen)
	}
}

func TestOldMailIsForgotten(t *testing.T) {
	w := newGlassWorld(t)
	w.queue(approved("ann@acme.com", ""))
	w.mailAll(0)
	work := func() {
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		if err := w.engine.WorkMail(ctx); err == nil {
			t.Error("the work ended before it was told to")
		}
	}
	w.now = w.now.Add(89 * 24 * time.Hour)
	if work(); len(w.states()) != 1 {
		t.Error("forgotten too early")
	}
	w.now = w.now.Add(2 * 24 * time.Hour)
	if work(); len(w.states()) != 0 {
		t.Errorf("still there: %v", w.states())
	}
}

func TestLettersForWantOfAMailServerAreOneLineOfTheLog(t *testing.T) {
	w := newInviteWorld(t, invites)
	var log bytes.Buffer
	w.engine.Mail, w.engine.Log = nil, slog.New(slog.NewTextHandler(&log, nil))
	for _, email := range []string{"ann@acme.com", "bob@acme.com", "cid@acme.com"} {
		w.invite(provision.Invite{Email: email, Role: "viewer"})
	}
	_, err := w.engine.SendMail(t.Context())
	w.must(err)
	var failed []*directory.Mail
	w.must(w.engine.Store.View(t.Context(), func(tx store.Tx) (err error) {
		failed, err = tx.ListMails(directory.MailFailed, directory.NoID, 10)
		return err
	}))
	if n := strings.Count(log.String(), "level=ERROR"); len(failed) != 3 || n != 1 {
		t.Errorf("%d letters failed, and the log says:\n%s", len(failed), log.String())
	}
}

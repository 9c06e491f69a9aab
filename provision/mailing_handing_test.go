package provision_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/outbox/mail/mailtest"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// postWorld is a world that invites people by letters to a real mail server.
type postWorld struct {
	*inviteWorld
	server  *mailtest.Server
	sender  *mail.Sender
	invited []*directory.Grant
}

func newPostWorld(t *testing.T, server *mailtest.Server, names ...string) *postWorld {
	t.Helper()
	w := &postWorld{inviteWorld: newInviteWorld(t, invites), server: server.Start(t)}
	w.sender = &mail.Sender{
		Settings:  &config.Mail{SMTP: "smtp://" + server.Address, From: "Acme <usher@acme.com>", Timeout: 5 * time.Second},
		PublicURL: "https://usher.acme.com",
	}
	w.engine.Mail, w.engine.Log = w.sender.Send, slog.New(slog.DiscardHandler)
	for _, name := range names {
		w.invited = append(w.invited, w.invite(provision.Invite{Email: name + "@acme.com", Role: "viewer"}).Invitation)
	}
	return w
}

func (w *postWorld) send() {
	w.t.Helper()
	_, err := w.engine.SendMail(w.t.Context())
	w.must(err)
}

// restart puts a process over the same store, as after a crash.
func (w *postWorld) restart() {
	e := w.engine
	w.engine = &provision.Engine{
		Store: e.Store, Log: e.Log, Now: e.Now, Compile: e.Compile, Mail: w.sender.Send, PublicURL: e.PublicURL, PlanKey: e.PlanKey,
	}
}

// letter returns the row of the letter of an invitation.
func (w *postWorld) letter(g *directory.Grant) (m *directory.Mail) {
	w.t.Helper()
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		m, err = tx.Mail(g.Invited.Letter)
		return err
	}))
	return m
}

// accepted counts the mails that servers took for each address, and checks that each is one and the same.
func accepted(t *testing.T, servers ...*mailtest.Server) map[string]int {
	t.Helper()
	count, ids := map[string]int{}, map[string]string{}
	for _, s := range servers {
		for _, m := range s.Mails() {
			id := m.Message(t).Header.Get("Message-Id")
			if was := ids[m.To]; was != "" && was != id {
				t.Errorf("the mails to %s are %s and %s", m.To, was, id)
			}
			ids[m.To] = id
			count[m.To]++
		}
	}
	return count
}

// Whatever a mail server does, no invitation is lost, none is taken twice, and everybody can see why one is late.
func TestMailOutlivesEveryMoodOfItsServer(t *testing.T) {
	const unknown = "did not say whether it takes it, so that it may have arrived"
	refusing := func(code int, words string) *mailtest.Server {
		return &mailtest.Server{Refuse: func(string) error { return mailtest.Answer(code, words) }}
	}
	dropping := func(at mailtest.Point) *mailtest.Server {
		return &mailtest.Server{Drop: func(now mailtest.Point) bool { return now == at }}
	}
	killed := &mailtest.Server{}
	killed.Drop = func(now mailtest.Point) bool {
		if now == mailtest.AtBody {
			killed.Stop()
		}
		return now == mailtest.AtBody
	}
	for name, c := range map[string]struct {
		server *mailtest.Server
		stop   bool   // before anything is sent
		why    string // is shown while it is broken
		state  directory.MailState
		has    int // how many of each letter the broken server takes
	}{
		"down":                        {server: &mailtest.Server{}, stop: true, why: "nothing listens there", state: directory.MailQueued},
		"refusing for now":            {server: refusing(451, "4.7.1 try later"), why: "4.7.1 try later", state: directory.MailQueued},
		"full":                        {server: refusing(421, "too busy"), why: "421 4.0.0 too busy", state: directory.MailQueued},
		"hanging up at the sender":    {server: dropping(mailtest.AtSender), why: "broke off before it had the whole letter", state: directory.MailQueued},
		"hanging up at the recipient": {server: dropping(mailtest.AtRecipient), why: "broke off before it had the whole letter", state: directory.MailQueued},
		"hanging up as mail comes":    {server: dropping(mailtest.AtData), why: "broke off before it had the whole letter", state: directory.MailQueued},
		"hanging up within a mail":    {server: dropping(mailtest.AtBody), why: "broke off before it had the whole letter", state: directory.MailQueued},
		"killed":                      {server: killed, why: "The mail server smtp://", state: directory.MailQueued},
		"hanging up at the answer":    {server: dropping(mailtest.AtAnswer), why: unknown, state: directory.MailFailed, has: 1},
		"slow at the recipient":       {server: &mailtest.Server{Slow: 500 * time.Millisecond}, why: "did not answer in time, before it had the whole letter", state: directory.MailQueued},
		"too slow at the end":         {server: &mailtest.Server{SlowEnd: 1200 * time.Millisecond}, why: unknown, state: directory.MailFailed, has: 1},
		"slow at the end":             {server: &mailtest.Server{SlowEnd: 500 * time.Millisecond}, state: directory.MailSent, has: 1},
		"speaking another language":   {server: &mailtest.Server{Babble: "HTTP/1.1 400 Bad Request\r\n"}, why: "something else than SMTP", state: directory.MailQueued},
	} {
		t.Run(name, func(t *testing.T) {
			w := newPostWorld(t, c.server, "ann", "bob")
			w.sender.Settings.Timeout, w.sender.Answer = 300*time.Millisecond, 900*time.Millisecond
			if c.stop {
				c.server.Stop()
			}
			for range 3 {
				w.send()
				w.now = w.now.Add(20 * time.Minute)
			}
			for _, g := range w.invited {
				m := w.letter(g)
				if m.State != c.state || !strings.Contains(m.LastError, c.why) || m.Tries == 0 {
					t.Errorf("while it is broken the letter to %s is %s after %d tries: %q, want %s with %q", m.To, m.State, m.Tries, m.LastError, c.state, c.why)
				}
				if says := w.invitation(g).Invited.Mailed; c.state == directory.MailFailed && !strings.Contains(says, c.why) {
					t.Errorf("the invitation of %s says %q", m.To, says)
				}
			}
			w.restart()
			c.server.Stop()
			healthy := (&mailtest.Server{Address: c.server.Address}).Start(t)
			for range 2 {
				w.now = w.now.Add(2 * time.Hour)
				w.send()
			}
			broken, all := accepted(t, c.server), accepted(t, c.server, healthy)
			for _, g := range w.invited {
				m := w.letter(g)
				if broken[m.To] != c.has || all[m.To] != 1 {
					t.Errorf("the broken server took %d letters to %s, and both %d: %s %s", broken[m.To], m.To, all[m.To], m.State, m.LastError)
				}
				if m.State == directory.MailFailed {
					_, err := w.engine.RetryMail(t.Context(), w.org, m.ID, rootCause())
					w.must(err)
				}
			}
			w.send()
			want := 1
			if c.state == directory.MailSent {
				want = 0
			}
			all = accepted(t, healthy)
			for _, g := range w.invited {
				if m := w.letter(g); all[m.To] != want || m.State != directory.MailSent {
					t.Errorf("in the end the healthy server has %d letters to %s, want %d, and it is %s: %s", all[m.To], m.To, want, m.State, m.LastError)
				}
			}
		})
	}
}

// A mail server that takes its time with one letter is not asked the same again, and keeps no other letter.
func TestALetterThatWaitsForItsAnswerKeepsNoOther(t *testing.T) {
	w := newPostWorld(t, &mailtest.Server{}, "ann", "bob")
	answer, handed := make(chan error), map[string]int{}
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		handed[m.To]++
		if err := m.Handing(); err != nil {
			return err
		}
		if m.To == "ann@acme.com" {
			return <-answer
		}
		return nil
	}
	for range 2 {
		w.send()
		w.now = w.now.Add(time.Minute)
	}
	ann, bob := w.letter(w.invited[0]), w.letter(w.invited[1])
	if ann.State != directory.MailQueued || !strings.Contains(ann.LastError, "has the whole letter, and has not said yet") || bob.State != directory.MailSent {
		t.Errorf("ann's letter is %s (%s), and bob's %s", ann.State, ann.LastError, bob.State)
	}
	if _, err := w.engine.RetryMail(t.Context(), w.org, ann.ID, rootCause()); directory.KindOf(err) != directory.Conflict {
		t.Errorf("what is with the mail server is retried: %v", err)
	}
	answer <- nil
	for began := time.Now(); w.letter(w.invited[0]).State != directory.MailSent; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("ann's letter is %v", w.letter(w.invited[0]))
		}
	}
	if w.send(); handed["ann@acme.com"] != 1 || handed["bob@acme.com"] != 1 {
		t.Errorf("handed over were %v", handed)
	}
}

func TestWhatACrashLeavesWithTheMailServerIsNotSentAgain(t *testing.T) {
	w := newPostWorld(t, &mailtest.Server{}, "ann")
	crash := make(chan struct{})
	t.Cleanup(func() { close(crash) })
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		_ = m.Handing()
		<-crash
		return fmt.Errorf("nobody hears of it")
	}
	w.send()
	w.restart()
	w.send()
	m := w.letter(w.invited[0])
	if n := len(w.server.Mails()); n != 0 || m.State != directory.MailFailed || !strings.Contains(m.LastError, "may have arrived") {
		t.Errorf("%d letters were sent, and it is %s: %s", n, m.State, m.LastError)
	}
	if says := w.invitation(w.invited[0]).Invited.Mailed; says != m.LastError {
		t.Errorf("the invitation says %q", says)
	}
	_, err := w.engine.RetryMail(t.Context(), w.org, m.ID, rootCause())
	w.must(err)
	w.send()
	if n, m := len(w.server.Mails()), w.letter(w.invited[0]); n != 1 || m.State != directory.MailSent {
		t.Errorf("after the retry %d letters were sent, and it is %s: %s", n, m.State, m.LastError)
	}
}

func TestAStopDoesNotWaitForAMailServerThatTakesItsTime(t *testing.T) {
	w := newPostWorld(t, &mailtest.Server{SlowEnd: time.Minute}, "ann")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.engine.WorkMail(ctx) }()
	for began := time.Now(); len(w.server.Mails()) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("nothing was sent")
		}
	}
	stop()
	select {
	case err := <-done:
		if err == nil {
			t.Error("the work ended before it was told to")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the stop waits")
	}
	if m := w.letter(w.invited[0]); m.State != directory.MailFailed || !strings.Contains(m.LastError, "may have arrived") {
		t.Errorf("the letter is %s: %s", m.State, m.LastError)
	}
}

func TestALetterThatWasDroppedInTheLastMomentIsNotSent(t *testing.T) {
	var w *postWorld
	server := &mailtest.Server{}
	server.Drop = func(at mailtest.Point) bool {
		if at == mailtest.AtRecipient {
			_, err := w.engine.DropMail(t.Context(), w.org, w.invited[0].Invited.Letter, rootCause())
			if err != nil {
				t.Error(err)
			}
		}
		return false
	}
	w = newPostWorld(t, server, "ann")
	w.send()
	if n := len(server.Mails()); n != 0 {
		t.Errorf("%d letters were sent", n)
	}
}

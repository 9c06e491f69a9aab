package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
)

// tells sends what waits, and fails unless it is one letter to bob that says all of it.
func (w *inviteWorld) tells(subject string, words ...string) {
	w.t.Helper()
	got := w.mailed()
	if len(got) != 1 {
		w.t.Fatalf("%d letters tell that %s, want one", len(got), subject)
	}
	m := got[0]
	if m.To != "bob@private.example" || m.Subject != "Acme Inc.: "+subject {
		w.t.Errorf("to %s: %q, want %q", m.To, m.Subject, subject)
	}
	for _, want := range words {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			w.t.Errorf("%s: the letter does not say %q:\n%s\n%s", subject, want, m.Text, m.HTML)
		}
	}
}

func TestEachChangeOfACredentialIsToldByALetter(t *testing.T) {
	w := newInviteWorld(t, strings.Replace(byProvider, "name: Acme Inc.", "name: Acme Inc., support: {name: IT Service Desk, email: it@acme.com}", 1))
	bob := w.joined("bob@private.example")
	w.mailed() // the welcome

	w.setPassword(bob, "first of all")
	w.tells("a password was set", "Hello", w.now.Format("2 January 2006, 15:04 MST"), "tell IT Service Desk at once", "it@acme.com", "https://usher.example/account/sign-in")
	w.setPassword(bob, "by a second click")
	if got := w.mailed(); len(got) != 0 {
		t.Errorf("the second click is told of by %d letters", len(got))
	}
	w.now = w.now.Add(2 * time.Minute)
	w.setPassword(bob, "second of all")
	w.tells("your password was changed")

	key := w.key(bob)
	key.Name = "Bob's <laptop>"
	in := change(bob)
	in.Agent = "Firefox on Linux"
	w.must(w.engine.AddPasskey(t.Context(), in, key, w.challenge()))
	got := w.mailed()
	if len(got) != 1 || got[0].Subject != "Acme Inc.: a passkey was added" || !strings.Contains(got[0].Text, "Bob's <laptop>") ||
		strings.Contains(got[0].HTML, "<laptop>") || !strings.Contains(got[0].Text, "Firefox on Linux") {
		t.Fatalf("a passkey that is added is told as %+v", got)
	}
	id := w.credentials(bob).Passkeys[0].ID
	w.must(w.engine.RenamePasskey(t.Context(), change(bob), id, "The small one"))
	if got := w.mailed(); len(got) != 0 {
		t.Errorf("a new name is told of by %d letters", len(got))
	}
	w.must(w.engine.RemovePasskey(t.Context(), change(bob), id))
	w.tells("a passkey was removed", "The small one")
	w.must(w.engine.RemovePassword(t.Context(), change(bob)))
	w.tells("your password was removed")
	w.must(w.engine.RemovePassword(t.Context(), change(bob))) // there is none any more
	if got := w.mailed(); len(got) != 0 {
		t.Errorf("nothing is told of by %d letters", len(got))
	}
}

func TestWhatAnAdminRemovesIsTold(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	w.setPassword(bob, "first of all")
	w.addPasskey(bob)
	id := w.credentials(bob).Passkeys[0].ID
	w.mailed()
	remove := func(id directory.ID) {
		t.Helper()
		_, err := w.engine.RemoveCredentials(t.Context(), provision.Act{Org: w.org, Member: bob.Member.ID, Cause: w.cause()}, id)
		w.must(err)
	}
	remove(id)
	w.tells("a passkey was removed", "by an admin", "Laptop", "ask an admin of Acme Inc.")
	remove(directory.NoID)
	w.tells("your password was removed", "by an admin")
}

func TestANoticeOfACredentialWaitsForNoMailServer(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	w.mailed()
	w.engine.Mail = nil
	w.setPassword(bob, "first of all")
	w.mailed()
	if list, _, err := w.engine.ListMails(t.Context(), w.org, directory.MailFailed, directory.NoID, 9); err != nil || len(list) != 0 {
		t.Errorf("without a mail server, %s was given up: %+v, %v", mail.KindCredential, list, err)
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/outbox/mail/mailtest"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// TestKilledWhileLettersGoOut: a process that is killed again and again while it sends invitations loses none and sends none
// twice. Where it cannot know whether the mail server took a letter, it says so and leaves it.
func TestKilledWhileLettersGoOut(t *testing.T) {
	program, data, folder := built(t), t.TempDir(), t.TempDir()
	server := (&mailtest.Server{SlowEnd: 20 * time.Millisecond}).Start(t)
	const people = 60
	rows := &strings.Builder{}
	rows.WriteString("email,role\n")
	for i := range people {
		fmt.Fprintf(rows, "p%d@acme.com,viewer\n", i)
	}
	for path, text := range map[string]string{
		"usher.yaml":              fmt.Sprintf("log: {access: false}\nmail: {smtp: \"smtp://%s\", from: usher@acme.com}\n", server.Address),
		"organizations/acme.yaml": crowdFile("member", "red"),
		"people.csv":              rows.String(),
	} {
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(folder, "usher.yaml")
	p := servingConfig(t, program, config, data)
	command(t, program, "invitations", "import", filepath.Join(folder, "people.csv"), "--data", data)
	const kills = 10
	for kill := range kills {
		for before, began := len(server.Mails()), time.Now(); len(server.Mails()) == before && before < people; time.Sleep(time.Millisecond) {
			if time.Since(began) > 20*time.Second {
				t.Fatalf("after %d letters no more come\n%s", before, p.log)
			}
		}
		time.Sleep(time.Duration(7*kill) * time.Millisecond) // before an answer, at it, and after it
		p.kill(t)
		p = servingConfig(t, program, config, data)
	}
	letters := func() (out []byte) { return command(t, program, "mail", "list", "--waiting", "--data", data) }
	for began := time.Now(); len(letters()) > 0; time.Sleep(100 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("letters still wait:\n%s", letters())
		}
	}
	p.kill(t)
	checkLetters(t, data, server, people, kills)
}

// checkLetters holds the letters of invitations in the store that a killed program left against what the mail server took.
func checkLetters(t *testing.T, data string, server *mailtest.Server, people, kills int) {
	t.Helper()
	s, err := bolt.Open(filepath.Join(data, "usher.db"), bolt.Options{LockTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it was only read
	var rows []*directory.Mail
	if err := s.View(t.Context(), func(tx store.Tx) (err error) {
		rows, err = tx.ListMails("", directory.NoID, 1000)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	taken := map[string]int{}
	for _, m := range server.Mails() {
		taken[m.To]++
	}
	sent, unknown := 0, 0
	for _, m := range rows {
		n := taken[m.To]
		switch {
		case m.Kind != mail.KindInvitation:
		case m.State == directory.MailSent && n == 1:
			sent++
		case m.State == directory.MailFailed && n <= 1 && strings.Contains(m.LastError, "may have arrived"):
			unknown++
		default:
			t.Errorf("the letter to %s is %s, and the mail server took %d: %s", m.To, m.State, n, m.LastError)
		}
	}
	if sent+unknown != people || unknown > kills {
		t.Errorf("%d letters were sent, and of %d nobody knows, of %d and %d kills", sent, unknown, people, kills)
	}
	t.Logf("%d letters were sent once, and of %d it is said that nobody knows", sent, unknown)
}

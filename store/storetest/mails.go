package storetest

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func mail(n int, key string) *directory.Mail {
	return &directory.Mail{
		ID: id(n), Org: 1, Key: key, Kind: "invitation", To: "ann@acme.com", About: id(50), Data: json.RawMessage(`{"a":"b"}`),
		State: directory.MailQueued, Tries: n, Due: at(n), Created: at(0), LastError: "451 later",
	}
}

func putMails(t *testing.T, s store.Store, list ...*directory.Mail) {
	t.Helper()
	write(t, s, func(tx store.Tx) error {
		for _, m := range list {
			if err := tx.PutMail(m); err != nil {
				return err
			}
		}
		return nil
	})
}

func mails(t *testing.T, s store.Store) {
	a, b, c := mail(1, "a"), mail(2, "b"), mail(3, "a")
	c.Org = 2 // keys are an organization's own
	putMails(t, s, b, a, c)
	list := func(state directory.MailState, after, limit int) []*directory.Mail {
		t.Helper()
		from := directory.NoID
		if after > 0 {
			from = id(after)
		}
		return look(t, s, func(tx store.Tx) ([]*directory.Mail, error) { return tx.ListMails(state, from, limit) })
	}
	one := func(n int) (m *directory.Mail, err error) {
		err = s.View(t.Context(), func(tx store.Tx) (err error) {
			m, err = tx.Mail(id(n))
			return err
		})
		return m, err
	}
	got, err := one(2)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "one", got, b)
	equal(t, "all", list("", 0, 9), []*directory.Mail{a, b, c})
	equal(t, "a page", list("", 1, 1), []*directory.Mail{b})
	equal(t, "a page of a state", list(directory.MailQueued, 2, 9), []*directory.Mail{c})
	again := func(n int, key string) error {
		return s.Update(t.Context(), func(tx store.Tx) error { return tx.PutMail(mail(n, key)) })
	}
	if err := again(4, "a"); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same thing again: %v, want ErrExists", err)
	}
	if _, err := one(4); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was refused: %v, want ErrNotFound", err)
	}
	a.State, a.LastError = directory.MailSent, ""
	b.Key = "other"
	putMails(t, s, a, b)
	equal(t, "sent", list(directory.MailSent, 0, 9), []*directory.Mail{a})
	equal(t, "queued", list(directory.MailQueued, 0, 9), []*directory.Mail{b, c})
	if err := again(4, "a"); !errors.Is(err, store.ErrExists) {
		t.Errorf("again what was sent: %v, want ErrExists", err)
	}
	if err := again(4, "b"); err != nil {
		t.Errorf("under a key that nobody has any more: %v", err)
	}
	write(t, s, func(tx store.Tx) error { return tx.DeleteMails([]*directory.Mail{{ID: id(1)}, {ID: id(9)}}) })
	equal(t, "sent, after it was forgotten", list(directory.MailSent, 0, 9), nil)
	if err := again(5, "a"); err != nil {
		t.Errorf("again what was forgotten: %v", err)
	}
}

func dueMails(t *testing.T, s store.Store) {
	a, b, c := mail(1, "a"), mail(2, "b"), mail(3, "c")
	putMails(t, s, c, b, a)
	due := func(minute, limit int) []*directory.Mail {
		return look(t, s, func(tx store.Tx) ([]*directory.Mail, error) { return tx.DueMails(at(minute), limit) })
	}
	equal(t, "due", due(2, 9), []*directory.Mail{a, b})
	equal(t, "up to a limit", due(9, 1), []*directory.Mail{a})
	a.Due, a.Tries = at(8), 7
	b.State = directory.MailFailed
	putMails(t, s, a, b)
	equal(t, "due, later", due(9, 9), []*directory.Mail{c, a})
	write(t, s, func(tx store.Tx) error { return tx.DeleteMails([]*directory.Mail{c}) })
	equal(t, "due, after one was forgotten", due(9, 9), []*directory.Mail{a})
}

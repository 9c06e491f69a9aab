package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func session(org directory.OrgNum, member int, n byte) *directory.Session {
	return &directory.Session{
		Hash: [32]byte{n, 0, 255, 31: n}, Org: org, Member: id(member), Conn: 2, Method: "oidc", Epoch: 1, Began: at(0), SignedIn: at(-5), Fresh: n%2 == 0, Seen: at(int(n)),
		Ends: at(100 + int(n)), Agent: "Firefox on Linux", Index: "sid-" + string('a'+rune(n)), Name: "ann\x00",
		Farewell: []byte{0, n},
	}
}

func sessions(t *testing.T, s store.Store) {
	put := func(list ...*directory.Session) {
		write(t, s, func(tx store.Tx) error {
			for _, one := range list {
				if err := tx.PutSession(one); err != nil {
					return err
				}
			}
			return nil
		})
	}
	a, b, c, d := session(1, 2, 3), session(1, 2, 1), session(1, 1, 2), session(2, 2, 4)
	put(a, b, c, d)
	equal(t, "by hash", look(t, s, func(tx store.Tx) (*directory.Session, error) { return tx.Session(a.Hash) }), a)
	equal(t, "by id", look(t, s, func(tx store.Tx) (*directory.Session, error) { return tx.SessionByID(d.ID()) }), d)
	of := func() []*directory.Session {
		return look(t, s, func(tx store.Tx) ([]*directory.Session, error) { return tx.SessionsOf(1, id(2)) })
	}
	equal(t, "of a member", of(), []*directory.Session{b, a})
	var pages []*directory.Session
	var last *directory.Session
	for range 5 {
		page := look(t, s, func(tx store.Tx) ([]*directory.Session, error) { return tx.ListSessions(1, last, 2) })
		pages = append(pages, page...)
		if len(page) < 2 {
			break
		}
		last = page[1]
	}
	equal(t, "of an organization, page after page", pages, []*directory.Session{c, b, a})
	by := func(kind, name string) []*directory.Session {
		return look(t, s, func(tx store.Tx) ([]*directory.Session, error) { return tx.ProviderSessions(2, kind, name) })
	}
	equal(t, "by the provider's index", by(store.ByIndex, a.Index), []*directory.Session{a})
	equal(t, "by the provider's name", by(store.ByName, a.Name), []*directory.Session{b, c, a, d})
	equal(t, "by a name that begins alike", by(store.ByName, "ann"), nil)
	ended := func(minute, limit int) []*directory.Session {
		return look(t, s, func(tx store.Tx) ([]*directory.Session, error) { return tx.EndedSessions(at(minute), limit) })
	}
	equal(t, "that have ended", ended(103, 9), []*directory.Session{b, c, a})
	equal(t, "up to a limit", ended(103, 1), []*directory.Session{b})
	a.Seen, a.Ends, a.Index = at(50), at(101), ""
	put(a)
	equal(t, "at its new end", ended(101, 9), []*directory.Session{b, a})
	equal(t, "at its former end", ended(103, 9), []*directory.Session{b, a, c})
	equal(t, "by an index that it has no more", by(store.ByIndex, "sid-d"), nil)
	write(t, s, func(tx store.Tx) error {
		return tx.DeleteSessions([]*directory.Session{{Hash: b.Hash}, {Hash: [32]byte{99}}})
	})
	equal(t, "of a member, after one ended", of(), []*directory.Session{a})
	equal(t, "by name, after one ended", by(store.ByName, a.Name), []*directory.Session{c, a, d})
	for what, get := range map[string]func(store.Tx) (*directory.Session, error){
		"by hash": func(tx store.Tx) (*directory.Session, error) { return tx.Session(b.Hash) },
		"by id":   func(tx store.Tx) (*directory.Session, error) { return tx.SessionByID(b.ID()) },
	} {
		err := s.View(t.Context(), func(tx store.Tx) error {
			_, err := get(tx)
			return err
		})
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a session that ended, %s: %v, want ErrNotFound", what, err)
		}
	}
}

func lockdown(t *testing.T, s store.Store) {
	get := func() *directory.Lockdown {
		return look(t, s, func(tx store.Tx) (*directory.Lockdown, error) { return tx.Lockdown(1) })
	}
	if l := get(); l != nil {
		t.Errorf("before the first: %+v", l)
	}
	l := &directory.Lockdown{Org: 1, Since: at(1), Ended: at(1), Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "phishing"}}
	write(t, s, func(tx store.Tx) error { return tx.PutLockdown(l) })
	equal(t, "on", get(), l)
	l.Since = time.Time{}
	write(t, s, func(tx store.Tx) error { return tx.PutLockdown(l) })
	equal(t, "off again", get(), l)
}

func request(kind string, n byte) *directory.Request {
	return &directory.Request{Kind: kind, Key: [32]byte{n, 31: 7}, Expires: at(int(n)), Data: []byte{0, 255, n}}
}

func requests(t *testing.T, s store.Store) {
	a, b, c := request("sign-in", 3), request("sign-in", 1), request("assertion", 2)
	write(t, s, func(tx store.Tx) error { return errors.Join(tx.PutRequest(a), tx.PutRequest(b), tx.PutRequest(c)) })
	equal(t, "one", look(t, s, func(tx store.Tx) (*directory.Request, error) { return tx.Request("sign-in", a.Key) }), a)
	again := request("assertion", 2)
	again.Expires = at(9)
	err := s.Update(t.Context(), func(tx store.Tx) error { return tx.PutRequest(again) })
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("put again: %v, want ErrExists", err)
	}
	expired := func(minute, limit int) []*directory.Request {
		return look(t, s, func(tx store.Tx) ([]*directory.Request, error) { return tx.ExpiredRequests(at(minute), limit) })
	}
	equal(t, "expired, the earliest first", expired(2, 9), []*directory.Request{b, c})
	equal(t, "up to a limit", expired(9, 1), []*directory.Request{b})
	write(t, s, func(tx store.Tx) error {
		return tx.DeleteRequests([]*directory.Request{{Kind: "assertion", Key: c.Key}, {Kind: "other", Key: a.Key}})
	})
	equal(t, "after one was taken", expired(9, 9), []*directory.Request{b, a})
	for _, gone := range []*directory.Request{c, request("other", 3)} {
		err := s.View(t.Context(), func(tx store.Tx) error {
			_, err := tx.Request(gone.Kind, gone.Key)
			return err
		})
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s is there: %v, want ErrNotFound", gone.Kind, err)
		}
	}
}

// onceTaken: of many who take up the same request at once, one gets it.
func onceTaken(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error { return tx.PutRequest(request("sign-in", 1)) })
	got := make([]bool, 8)
	done := make(chan error, len(got))
	for i := range got {
		go func() {
			done <- s.Update(t.Context(), func(tx store.Tx) error {
				got[i] = false
				r, err := tx.Request("sign-in", request("sign-in", 1).Key)
				if errors.Is(err, store.ErrNotFound) {
					return nil
				}
				got[i] = true
				return errors.Join(err, tx.DeleteRequests([]*directory.Request{r}))
			})
		}()
	}
	for range got {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	taken := 0
	for _, is := range got {
		if is {
			taken++
		}
	}
	if taken != 1 {
		t.Errorf("%d of %d took up one request", taken, len(got))
	}
}

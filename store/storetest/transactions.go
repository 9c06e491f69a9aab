package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// everything writes a row of every role.
func everything(tx store.Tx) error {
	org, err := tx.PutOrganization("acme")
	if err != nil {
		return err
	}
	c, err := tx.PutConnection(org, "acme-okta")
	if err != nil {
		return err
	}
	child := directory.Child{Kind: directory.ChildUser, ID: id(1)}
	_, err = tx.AddEdges(c, id(2), []directory.Child{child, {Kind: directory.ChildParked, Value: "later"}})
	return errors.Join(
		err,
		tx.PutUsers([]*directory.User{user(c, 1)}),
		tx.PutGroups([]*directory.Group{group(c, 2)}),
		tx.PutParked(c, []directory.Parked{{Value: "boss", Kind: directory.ParkedManager, Target: id(1)}}),
		tx.PutIdentity(c, "subject", id(3)),
		tx.PutTombstone(c, &directory.Tombstone{ExternalID: "x", Member: id(3), Former: id(4), Deleted: at(0)}),
		tx.PutMembers([]*directory.Member{member(org, 3)}),
		tx.PutGrants([]*directory.Grant{grant(org, 3, 5)}),
		tx.Append([]*directory.Entry{entry("user.created")}, []*directory.Detail{detail("title")}),
		tx.PutJobs([]*directory.Job{{ID: id(6), Kind: directory.JobSettleOrg, Org: org}}),
		tx.ActivatePolicy(&directory.Policy{Org: org, Hash: "abc", Activated: at(0)}),
		tx.PutBindings([]directory.Binding{{Conn: c, Name: "engineering", Group: id(2)}}),
		tx.PutToken(&directory.Token{Hash: [32]byte{1}, ID: id(7), Created: at(0)}),
		tx.PutHold(&directory.Hold{ID: id(8), Org: org, Kind: directory.HoldLastAdmin, Created: at(0)}),
		tx.PutHeldMembers([]*directory.HeldMember{heldMember(org, 8, 3)}),
		tx.PutBraked([]*directory.Braked{brakedAt(org, "suspensions", directory.NoID, 3, 0)}),
		tx.PutExpectation(expectation(org, 9)),
	)
}

// empty returns an error naming a row that everything has written.
func empty(tx store.Tx) error {
	orgs, err1 := tx.Organizations()
	conns, err2 := tx.Connections()
	n, err3 := tx.CountUsers(1)
	g, err4 := tx.CountGroups(1)
	children, err5 := tx.Children(1, id(2), directory.Child{}, 10)
	parents, err6 := tx.Parents(1, []directory.Child{{Kind: directory.ChildUser, ID: id(1)}})
	parked, err7 := tx.Parked(1, []string{"later", "boss"})
	identity, err8 := tx.Identities(1, []string{"subject"})
	stones, err9 := tx.Tombstones(1, []string{"x"})
	members, err10 := tx.ListMembers(1, store.Page{Limit: 10})
	granted, err11 := tx.Grants(1, ids(3, 4))
	entries, err12 := tx.ListEntries(0, 10, false)
	waiting, err13 := tx.ListJobs(10)
	active, err14 := tx.ActivePolicy(1)
	bound, err15 := tx.Bindings(1, []string{"engineering"})
	known, err16 := tx.ListTokens()
	held, err17 := tx.ListHolds(1)
	_, due, err18 := tx.NextDue()
	kept, err19 := tx.ListHeldMembers(1, id(8), store.Page{Limit: 10})
	counted, err20 := tx.BrakedOf(1, id(3))
	expected, err21 := tx.ListExpectations(1)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12, err13, err14, err15,
		err16, err17, err18, err19, err20, err21); err != nil {
		return err
	}
	for name, rows := range map[string]int{
		"organizations": len(orgs), "connections": len(conns), "users": n, "groups": g, "children": len(children),
		"parents": len(parents[0]), "parked": len(parked[0]) + len(parked[1]), "members": len(members),
		"grants": len(granted[0]), "entries": len(entries), "jobs": len(waiting), "policies": int(active),
		"tokens": len(known), "holds": len(held),
		"people in holds": len(kept), "counted people": len(counted), "expectations": len(expected),
	} {
		if rows != 0 {
			return fmt.Errorf("%d %s", rows, name)
		}
	}
	if !identity[0].IsZero() || stones[0] != nil || !bound[0].IsZero() || due {
		return fmt.Errorf("identity %v, tombstone %v, binding %v, due %v", identity[0], stones[0], bound[0], due)
	}
	return nil
}

var errRefused = errors.New("refused by the test")

func failingUpdate(t *testing.T, s store.Store) {
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if err := everything(tx); err != nil {
			return err
		}
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("Update returned %v, want the function's own error", err)
	}
	if err := s.View(t.Context(), empty); err != nil {
		t.Errorf("after a failed update there are rows: %v", err)
	}
	write(t, s, everything)
	if err := s.View(t.Context(), empty); err == nil {
		t.Error("after an update that succeeded there are no rows")
	}
}

func panickingUpdate(t *testing.T, s store.Store) {
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if err := everything(tx); err != nil {
			return err
		}
		panic("out of order")
	})
	if err == nil || directory.KindOf(err) != directory.Internal {
		t.Errorf("Update returned %v after a panic, want an internal error", err)
	}
	var public *directory.Error
	if !errors.As(err, &public) || bytes.Contains([]byte(public.Message), []byte("out of order")) {
		t.Errorf("the public sentence is %v; it must not carry the panic", public)
	}
	if err := s.View(t.Context(), empty); err != nil {
		t.Errorf("after a panic there are rows: %v", err)
	}
	write(t, s, everything)
}

func readYourWrites(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		if err := everything(tx); err != nil {
			return err
		}
		if err := empty(tx); err == nil {
			return errors.New("the update does not see its own writes")
		}
		found, err := tx.FindUsers(1, directory.Key{Attribute: directory.AttrUserName, Value: "user1@acme.com"})
		if err != nil || len(found) != 1 {
			return fmt.Errorf("found %d users by a key just written: %w", len(found), err)
		}
		return nil
	})
}

func snapshot(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error { return tx.PutUsers([]*directory.User{user(1, 1), user(1, 2)}) })
	err := s.View(t.Context(), func(tx store.Tx) error {
		changed := user(1, 1)
		changed.UserName = "renamed"
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(
				tx.PutUsers([]*directory.User{changed, user(1, 3)}),
				tx.DeleteUsers(1, ids(2, 3)),
			)
		})
		if err != nil {
			return err
		}
		list, err := tx.ListUsers(1, store.Page{Limit: 10})
		if err != nil {
			return err
		}
		equal(t, "users in the older snapshot", list, []*directory.User{user(1, 1), user(1, 2)})
		n, err := tx.CountUsers(1)
		equal(t, "count in the older snapshot", n, 2)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	n := look(t, s, func(tx store.Tx) ([]*directory.User, error) { return tx.Users(1, ids(1, 4)) })
	if n[0].UserName != "renamed" || n[1] != nil || n[2] == nil {
		t.Errorf("a later view sees %v", n)
	}
}

func readOnly(t *testing.T, s store.Store) {
	_ = s.View(t.Context(), func(tx store.Tx) error {
		_, errOrg := tx.PutOrganization("acme")
		_, errConn := tx.PutConnection(1, "acme-okta")
		_, errAdd := tx.AddEdges(1, id(1), []directory.Child{{Kind: directory.ChildUser, ID: id(2)}})
		_, errRemove := tx.RemoveEdges(1, id(1), []directory.Child{{Kind: directory.ChildUser, ID: id(2)}})
		for name, err := range map[string]error{
			"PutOrganization": errOrg,
			"PutConnection":   errConn,
			"AddEdges":        errAdd,
			"RemoveEdges":     errRemove,
			"PutUsers":        tx.PutUsers([]*directory.User{user(1, 1)}),
			"DeleteUsers":     tx.DeleteUsers(1, ids(1, 2)),
			"PutGroups":       tx.PutGroups([]*directory.Group{group(1, 1)}),
			"DeleteGroups":    tx.DeleteGroups(1, ids(1, 2)),
			"PutParked":       tx.PutParked(1, []directory.Parked{{Value: "v", Kind: directory.ParkedManager, Target: id(1)}}),
			"DeleteParked":    tx.DeleteParked(1, []directory.Parked{{Value: "v", Kind: directory.ParkedManager, Target: id(1)}}),
			"PutIdentity":     tx.PutIdentity(1, "s", id(1)),
			"DeleteIdentity":  tx.DeleteIdentity(1, "s"),
			"PutTombstone":    tx.PutTombstone(1, &directory.Tombstone{ExternalID: "x"}),
			"DeleteTombstone": tx.DeleteTombstone(1, "x"),
			"PutMembers":      tx.PutMembers([]*directory.Member{member(1, 1)}),
			"PutGrants":       tx.PutGrants([]*directory.Grant{grant(1, 1, 2)}),
			"DeleteGrants":    tx.DeleteGrants([]*directory.Grant{grant(1, 1, 2)}),
			"Append":          tx.Append([]*directory.Entry{entry("user.created")}, nil),
			"PutJobs":         tx.PutJobs([]*directory.Job{{ID: id(1)}}),
			"DeleteJobs":      tx.DeleteJobs(ids(1, 2)),
			"ActivatePolicy":  tx.ActivatePolicy(&directory.Policy{Org: 1}),
			"PutBindings":     tx.PutBindings([]directory.Binding{{Conn: 1, Name: "n", Group: id(1)}}),
			"PutToken":        tx.PutToken(&directory.Token{}),
			"DeleteToken":     tx.DeleteToken([32]byte{}),
			"PutHold":         tx.PutHold(&directory.Hold{Org: 1, ID: id(1)}),
			"DeleteHold":      tx.DeleteHold(1, id(1)),

			"RetireConnection":  tx.RetireConnection("acme-okta", at(1)),
			"PutHeldMembers":    tx.PutHeldMembers([]*directory.HeldMember{heldMember(1, 8, 3)}),
			"DeleteHeldMembers": tx.DeleteHeldMembers([]*directory.HeldMember{heldMember(1, 8, 3)}),
			"PutBraked":         tx.PutBraked([]*directory.Braked{brakedAt(1, "suspensions", directory.NoID, 3, 0)}),
			"DeleteBraked":      tx.DeleteBraked([]*directory.Braked{brakedAt(1, "suspensions", directory.NoID, 3, 0)}),
			"PutInvitation":     tx.PutGrants([]*directory.Grant{invitation(1, 1, 2)}),
			"PutMail":           tx.PutMail(mail(1, "k")),
			"DeleteMails":       tx.DeleteMails([]*directory.Mail{mail(1, "k")}),
			"PutExpectation":    tx.PutExpectation(expectation(1, 9)),
			"DeleteExpectation": tx.DeleteExpectation(1, id(9)),
			"PutSession":        tx.PutSession(session(1, 1, 1)),
			"DeleteSessions":    tx.DeleteSessions([]*directory.Session{session(1, 1, 1)}),
			"PutLockdown":       tx.PutLockdown(&directory.Lockdown{Org: 1}),
			"PutRequest":        tx.PutRequest(request("sign-in", 1)),
			"DeleteRequests":    tx.DeleteRequests([]*directory.Request{request("sign-in", 1)}),
		} {
			if !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("%s in a view returned %v, want ErrReadOnly", name, err)
			}
		}
		return nil
	})
	if err := s.View(t.Context(), empty); err != nil {
		t.Errorf("a view has written: %v", err)
	}
}

func endedContext(t *testing.T, s store.Store) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	ran := func(store.Tx) error {
		t.Error("a function ran under an ended context")
		return nil
	}
	if err := s.Update(ended, ran); !errors.Is(err, context.Canceled) {
		t.Errorf("Update returned %v, want the context's error", err)
	}
	if err := s.View(ended, ran); !errors.Is(err, context.Canceled) {
		t.Errorf("View returned %v, want the context's error", err)
	}
	if err := s.Check(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Check returned %v, want the context's error", err)
	}
	if _, err := s.Backup(ended, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Backup returned %v, want the context's error", err)
	}
}

func rowsAreOwn(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		mine := user(1, 1)
		if err := tx.PutUsers([]*directory.User{mine}); err != nil {
			return err
		}
		mine.Body[2] = '!' // after the call the argument is the caller's again
		mine.Keys[0].Value = "changed"
		return nil
	})
	for range 2 {
		got := look(t, s, func(tx store.Tx) ([]*directory.User, error) { return tx.Users(1, ids(1, 2)) })
		equal(t, "the user", got, []*directory.User{user(1, 1)})
		clear(got[0].Body)
		got[0].Keys[0].Value = "changed"
	}
}

func concurrentUpdates(t *testing.T, s store.Store) {
	const writers, each = 16, 8
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range each {
				err := s.Update(t.Context(), func(tx store.Tx) error {
					if err := tx.PutUsers([]*directory.User{user(1, w*each+i)}); err != nil {
						return err
					}
					if i%4 == 3 {
						return errRefused
					}
					return tx.Append([]*directory.Entry{entry("user.created")}, nil)
				})
				if err != nil && !errors.Is(err, errRefused) {
					t.Errorf("update: %v", err)
				}
			}
		})
	}
	wait.Wait()
	const kept = writers * each * 3 / 4
	list := look(t, s, func(tx store.Tx) ([]*directory.User, error) { return tx.ListUsers(1, store.Page{Limit: 1000}) })
	equal(t, "users kept", len(list), kept)
	for _, u := range list {
		if n := int(u.ID[4]); n%4 == 3 {
			t.Errorf("user %d was refused, and is there", n)
		}
	}
	n := look(t, s, func(tx store.Tx) (int, error) { return tx.CountUsers(1) })
	equal(t, "users counted", n, kept)
	entries := look(t, s, func(tx store.Tx) ([]*directory.Entry, error) { return tx.ListEntries(0, 1000, false) })
	equal(t, "entries", len(entries), kept)
	for i, e := range entries {
		equal(t, "number of an entry", e.Seq, uint64(i+1))
	}
}

func closedStore(t *testing.T, s store.Store) {
	write(t, s, everything)
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if err := s.View(t.Context(), empty); !errors.Is(err, store.ErrClosed) {
		t.Errorf("View returned %v, want ErrClosed", err)
	}
	if err := s.Update(t.Context(), everything); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Update returned %v, want ErrClosed", err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Check returned %v, want ErrClosed", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func checkStore(t *testing.T, s store.Store) {
	for range 3 {
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("Check: %v", err)
		}
	}
	if err := s.View(t.Context(), empty); err != nil {
		t.Errorf("Check has left rows: %v", err)
	}
}

func backup(t *testing.T, s store.Store) {
	write(t, s, everything)
	var copied bytes.Buffer
	n, err := s.Backup(t.Context(), &copied)
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 || n != int64(copied.Len()) {
		t.Errorf("Backup says %d bytes, and wrote %d", n, copied.Len())
	}
	_, err = s.Backup(t.Context(), refusingWriter{})
	if !errors.Is(err, errRefused) {
		t.Errorf("Backup to a writer that fails returned %v", err)
	}
}

type refusingWriter struct{}

func (refusingWriter) Write([]byte) (int, error) { return 0, errRefused }

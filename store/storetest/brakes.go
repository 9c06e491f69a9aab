package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func heldMember(org directory.OrgNum, hold, member int) *directory.HeldMember {
	return &directory.HeldMember{
		Org: org, Hold: id(hold), Member: id(member), Effects: entry("").Effects, Digest: "ab", Since: at(member),
		Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "r"}, Undone: true,
	}
}

func heldMembers(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		return tx.PutHeldMembers([]*directory.HeldMember{heldMember(1, 8, 3), heldMember(1, 8, 2), heldMember(1, 9, 2), heldMember(2, 8, 4)})
	})
	list := func(p store.Page) []*directory.HeldMember {
		return look(t, s, func(tx store.Tx) ([]*directory.HeldMember, error) { return tx.ListHeldMembers(1, id(8), p) })
	}
	equal(t, "in order of id", list(store.Page{Limit: 9}), []*directory.HeldMember{heldMember(1, 8, 2), heldMember(1, 8, 3)})
	equal(t, "after one", list(store.Page{After: id(2), Limit: 9}), []*directory.HeldMember{heldMember(1, 8, 3)})
	found := look(t, s, func(tx store.Tx) ([]*directory.HeldMember, error) {
		return tx.HeldMembers(1, id(8), []directory.ID{id(3), id(4), id(2)})
	})
	equal(t, "by member", found, []*directory.HeldMember{heldMember(1, 8, 3), nil, heldMember(1, 8, 2)})
	write(t, s, func(tx store.Tx) error {
		return tx.DeleteHeldMembers([]*directory.HeldMember{heldMember(1, 8, 2), heldMember(1, 8, 9)})
	})
	equal(t, "after one left", list(store.Page{Limit: 9}), []*directory.HeldMember{heldMember(1, 8, 3)})
}

func brakedAt(org directory.OrgNum, kind string, scope directory.ID, member, n int) *directory.Braked {
	return &directory.Braked{
		Org: org, Kind: kind, Scope: scope, Member: id(member), At: at(n), Effects: entry("").Effects,
		Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "r"},
	}
}

func braked(t *testing.T, s store.Store) {
	none := directory.NoID
	write(t, s, func(tx store.Tx) error {
		return tx.PutBraked([]*directory.Braked{
			brakedAt(1, "a", none, 1, 1), brakedAt(1, "a", none, 2, 2), brakedAt(1, "a", none, 3, 2), brakedAt(1, "a", none, 4, 4),
			brakedAt(1, "a", id(7), 1, 3), brakedAt(1, "b", none, 1, 3), brakedAt(2, "a", none, 1, 3),
		})
	})
	since := func(n int, limit int) []*directory.Braked {
		return look(t, s, func(tx store.Tx) ([]*directory.Braked, error) { return tx.BrakedSince(1, "a", none, at(n), limit) })
	}
	count := func(from time.Time, limit int) int {
		return look(t, s, func(tx store.Tx) (int, error) { return tx.CountBraked(1, "a", none, from, limit) })
	}
	two, three, four := brakedAt(1, "a", none, 2, 2), brakedAt(1, "a", none, 3, 2), brakedAt(1, "a", none, 4, 4)
	equal(t, "since an instant, the oldest first", since(2, 9), []*directory.Braked{two, three, four})
	equal(t, "up to a limit", since(2, 2), []*directory.Braked{two, three})
	equal(t, "counted", []int{count(at(2), 9), count(at(3), 9), count(time.Time{}, 9), count(at(2), 2), count(at(5), 9), count(at(1), 0)}, []int{3, 1, 4, 2, 0, 0})
	of := func() []*directory.Braked {
		return look(t, s, func(tx store.Tx) ([]*directory.Braked, error) { return tx.BrakedOf(1, id(1)) })
	}
	equal(t, "of a member", of(), []*directory.Braked{brakedAt(1, "a", none, 1, 1), brakedAt(1, "a", id(7), 1, 3), brakedAt(1, "b", none, 1, 3)})
	write(t, s, func(tx store.Tx) error { return tx.PutBraked([]*directory.Braked{brakedAt(1, "a", none, 1, 5)}) })
	equal(t, "counted again, at the new time only", count(time.Time{}, 9), 4)
	equal(t, "since that time", since(5, 9), []*directory.Braked{brakedAt(1, "a", none, 1, 5)})
	write(t, s, func(tx store.Tx) error {
		return tx.DeleteBraked([]*directory.Braked{brakedAt(1, "a", none, 1, 0), brakedAt(1, "a", id(7), 1, 3), brakedAt(1, "a", none, 9, 9)})
	})
	equal(t, "after it was reversed", of(), []*directory.Braked{brakedAt(1, "b", none, 1, 3)})
	var all []*directory.Braked
	var last *directory.Braked
	for {
		page := look(t, s, func(tx store.Tx) ([]*directory.Braked, error) { return tx.ListBraked(1, last, 2) })
		if len(page) == 0 {
			break
		}
		all, last = append(all, page...), page[len(page)-1]
	}
	equal(t, "page after page", all, []*directory.Braked{two, three, four, brakedAt(1, "b", none, 1, 3)})
}

func expectation(org directory.OrgNum, n int) *directory.Expectation {
	return &directory.Expectation{
		ID: id(n), Org: org, Kind: "suspensions", Count: 400, Until: at(n), Created: at(0),
		Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "layoff"},
	}
}

func expectations(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutExpectation(expectation(1, 2)), tx.PutExpectation(expectation(1, 1)), tx.PutExpectation(expectation(2, 3)))
	})
	list := func() []*directory.Expectation {
		return look(t, s, func(tx store.Tx) ([]*directory.Expectation, error) { return tx.ListExpectations(1) })
	}
	equal(t, "in order of id", list(), []*directory.Expectation{expectation(1, 1), expectation(1, 2)})
	write(t, s, func(tx store.Tx) error { return tx.DeleteExpectation(1, id(1)) })
	equal(t, "after one ended", list(), []*directory.Expectation{expectation(1, 2)})
}

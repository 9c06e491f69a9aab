package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// member returns an active member with every field set.
func member(org directory.OrgNum, n int) *directory.Member {
	email := fmt.Sprintf("user%d@acme.com", n)
	return &directory.Member{
		ID: id(n), Org: org, Revision: uint64(n + 1), Status: directory.StatusActive, Created: at(n), Modified: at(n + 1),
		Users: []directory.UserRef{{Conn: 1, ID: id(1000 + n)}, {Conn: 2, ID: id(2000 + n)}},
		Decision: directory.Decision{
			InScope: true, Active: true, Role: "member", Department: "Engineering", Teams: []string{"platform", "web"},
			PermissionSets: []string{"tools"}, Spaces: []string{"launch"}, Projects: []string{"p1"}, Ends: at(90), Email: email,
			Aliases: []string{email, "alias@acme.com"}, Name: "Ann <Example>", Title: "Engineer", Manager: "boss", ManagerID: id(n + 5),
			Reasons: []directory.Reason{
				{Field: "role", Value: "member", Source: directory.SourceRule, Rule: "engineers", At: "acme.yaml:12", Because: "group", Until: at(50)},
				{Field: "department", Value: "Engineering", Source: directory.SourceDirectory},
			},
		},
		Since:  map[string]time.Time{"launch week": at(3), "contractors": at(4)},
		Joined: at(n), Due: at(n + 60), Held: []string{id(3).String()}, Entry: uint64(n), Permitted: n%2 == 1,
	}
}

func memberRows(t *testing.T, s store.Store) {
	bare := &directory.Member{ID: id(9), Org: 1}
	gone := &directory.Member{
		ID: id(8), Org: 1, Status: directory.StatusRemoved, Merged: id(1), Suspended: at(1), Left: at(2),
		Decision: directory.Decision{Observe: true, Invite: true, Guest: true, Waits: true},
	}
	write(t, s, func(tx store.Tx) error {
		return tx.PutMembers([]*directory.Member{member(1, 1), member(1, 2), bare, gone, member(2, 3)})
	})
	got := look(t, s, func(tx store.Tx) ([]*directory.Member, error) {
		return tx.Members(1, []directory.ID{id(9), id(3), id(2), id(8), id(1)})
	})
	equal(t, "members by id", got, []*directory.Member{bare, nil, member(1, 2), gone, member(1, 1)})

	changed := member(1, 1)
	changed.Revision, changed.Decision.Title = 77, "Director"
	write(t, s, func(tx store.Tx) error { return tx.PutMembers([]*directory.Member{changed}) })
	got = look(t, s, func(tx store.Tx) ([]*directory.Member, error) { return tx.Members(1, ids(1, 2)) })
	equal(t, "the changed member", got, []*directory.Member{changed})
}

func memberPages(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		var list []*directory.Member
		for n := range 10 {
			list = append(list, member(1, n))
		}
		return tx.PutMembers(append(list, member(2, 100)))
	})
	for name, c := range map[string]struct {
		page store.Page
		want []directory.ID
	}{
		"the first":             {store.Page{Limit: 4}, ids(0, 4)},
		"the last":              {store.Page{After: id(6), Limit: 9}, ids(7, 10)},
		"backwards":             {store.Page{Limit: 2, Descending: true}, []directory.ID{id(9), id(8)}},
		"backwards, before one": {store.Page{After: id(2), Limit: 9, Descending: true}, []directory.ID{id(1), id(0)}},
	} {
		var got []directory.ID
		for _, m := range look(t, s, func(tx store.Tx) ([]*directory.Member, error) { return tx.ListMembers(1, c.page) }) {
			got = append(got, m.ID)
		}
		equal(t, name, got, c.want)
	}
}

func memberKeys(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		var list []*directory.Member
		for n := range 6 {
			list = append(list, member(1, n))
		}
		return tx.PutMembers(append(list, member(2, 100)))
	})
	find := func(k directory.Key, after directory.ID, limit int) []directory.ID {
		return look(t, s, func(tx store.Tx) ([]directory.ID, error) { return tx.FindMembers(1, k, after, limit) })
	}
	equal(t, "by address", find(key('e', "user3@acme.com"), directory.NoID, 10), ids(3, 4))
	equal(t, "by role, a page", find(key('r', "member"), directory.NoID, 4), ids(0, 4))
	equal(t, "by role, the next page", find(key('r', "member"), id(3), 4), ids(4, 6))
	equal(t, "by department", find(key('p', "engineering"), id(4), 4), ids(5, 6))
	equal(t, "by the beginning of a role", find(key('r', "mem"), directory.NoID, 4), nil)

	suspended := member(1, 3)
	suspended.Status = directory.StatusSuspended
	write(t, s, func(tx store.Tx) error { return tx.PutMembers([]*directory.Member{suspended}) })
	equal(t, "active after a suspension", find(key('s', "active"), directory.NoID, 10), []directory.ID{id(0), id(1), id(2), id(4), id(5)})
	equal(t, "suspended", find(key('s', "suspended"), directory.NoID, 10), ids(3, 4))
	equal(t, "by role after a suspension", find(key('r', "member"), id(2), 1), ids(4, 5))

	moved := member(1, 3)
	moved.Decision.Aliases = []string{"new@acme.com"}
	write(t, s, func(tx store.Tx) error { return tx.PutMembers([]*directory.Member{moved}) })
	equal(t, "by the old address", find(key('e', "user3@acme.com"), directory.NoID, 10), nil)
	equal(t, "by the new address", find(key('e', "new@acme.com"), directory.NoID, 10), ids(3, 4))
}

func dueInstants(t *testing.T, s store.Store) {
	due := func(now time.Time, limit int) []directory.Due {
		return look(t, s, func(tx store.Tx) ([]directory.Due, error) { return tx.DueMembers(now, limit) })
	}
	next := func() time.Time {
		return look(t, s, func(tx store.Tx) (time.Time, error) {
			at, some, err := tx.NextDue()
			if some == at.IsZero() {
				return at, fmt.Errorf("the next instant is %v, and there is one: %t", at, some)
			}
			return at, err
		})
	}
	equal(t, "next without members", next(), time.Time{})
	with := func(org directory.OrgNum, n int, at time.Time) *directory.Member {
		return &directory.Member{ID: id(n), Org: org, Due: at}
	}
	old := time.Date(1965, 5, 5, 0, 0, 0, 0, time.UTC)
	write(t, s, func(tx store.Tx) error {
		return tx.PutMembers([]*directory.Member{with(1, 1, at(30)), with(2, 2, at(10)), with(1, 3, at(20)), with(1, 4, time.Time{}), with(1, 5, old)})
	})
	d := func(org directory.OrgNum, n int, at time.Time) directory.Due {
		return directory.Due{At: at, Org: org, Member: id(n)}
	}
	equal(t, "next", next(), old)
	equal(t, "due in order of time", due(at(20), 10), []directory.Due{d(1, 5, old), d(2, 2, at(10)), d(1, 3, at(20))})
	equal(t, "due, two of them", due(at(99), 2), []directory.Due{d(1, 5, old), d(2, 2, at(10))})
	equal(t, "due too early", due(old.Add(-time.Second), 10), nil)

	write(t, s, func(tx store.Tx) error {
		return tx.PutMembers([]*directory.Member{with(1, 5, time.Time{}), with(2, 2, at(40)), with(1, 3, at(20))})
	})
	equal(t, "due after the members changed", due(at(99), 10), []directory.Due{d(1, 3, at(20)), d(1, 1, at(30)), d(2, 2, at(40))})
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.PutMembers([]*directory.Member{with(1, 3, at(1))}), errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("update: %v", err)
	}
	equal(t, "next after a failure", next(), at(20))
}

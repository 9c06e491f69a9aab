package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Each test of this file lets two updates decide on what the other is about to change, many times over. Whatever comes of
// it must be what one of the two orders would have come to.

const rounds = 20

// race runs updates at once. errRefused is an answer, any other error is not.
func race(t *testing.T, s store.Store, fns ...func(store.Tx) error) {
	t.Helper()
	var wait sync.WaitGroup
	for _, fn := range fns {
		wait.Go(func() {
			if err := s.Update(t.Context(), fn); err != nil && !errors.Is(err, errRefused) {
				t.Errorf("update: %v", err)
			}
		})
	}
	wait.Wait()
}

func lastAdmins(t *testing.T, s store.Store) {
	admins := key(directory.AttrRole, "admin")
	for round := range rounds {
		org := directory.OrgNum(round + 1)
		admin := func(n int, role string) *directory.Member {
			return &directory.Member{ID: id(n), Org: org, Status: directory.StatusActive, Decision: directory.Decision{Role: role}}
		}
		write(t, s, func(tx store.Tx) error {
			return tx.PutMembers([]*directory.Member{admin(1, "admin"), admin(2, "admin")})
		})
		demote := func(n int) func(store.Tx) error {
			return func(tx store.Tx) error {
				left, err := tx.FindMembers(org, admins, directory.NoID, 2)
				if err != nil {
					return err
				}
				if len(left) < 2 {
					return errRefused
				}
				return tx.PutMembers([]*directory.Member{admin(n, "member")})
			}
		}
		race(t, s, demote(1), demote(2))
		left := look(t, s, func(tx store.Tx) ([]directory.ID, error) { return tx.FindMembers(org, admins, directory.NoID, 9) })
		if len(left) != 1 {
			t.Fatalf("round %d: %d admins are left, want one", round, len(left))
		}
	}
}

func oneAddress(t *testing.T, s store.Store) {
	for round := range rounds {
		address := key(directory.AttrEmail, fmt.Sprintf("ann%d@acme.com", round))
		create := func(n int) func(store.Tx) error {
			return func(tx store.Tx) error {
				found, err := tx.FindUsers(1, address)
				if err != nil {
					return err
				}
				if len(found) > 0 {
					return errRefused
				}
				return tx.PutUsers([]*directory.User{{ID: id(n), Conn: 1, Keys: []directory.Key{address}}})
			}
		}
		race(t, s, create(10*round+1), create(10*round+2), create(10*round+3))
		if owners := findUsers(t, s, address); len(owners) != 1 {
			t.Fatalf("round %d: %d users have one address", round, len(owners))
		}
	}
}

func nestingCycle(t *testing.T, s store.Store) {
	for round := range rounds {
		a, b := 2*round+1, 2*round+2
		nest := func(outer, inner int) func(store.Tx) error {
			return func(tx store.Tx) error {
				has, err := tx.HasChildren(1, id(inner), []directory.Child{groupChild(outer)})
				if err != nil {
					return err
				}
				if has[0] {
					return errRefused
				}
				_, err = tx.AddEdges(1, id(outer), []directory.Child{groupChild(inner)})
				return err
			}
		}
		race(t, s, nest(a, b), nest(b, a))
		below := len(children(t, s, 1, a)) + len(children(t, s, 1, b))
		if below != 1 {
			t.Fatalf("round %d: %d edges between two groups, want one", round, below)
		}
	}
}

// decide writes a member's decision from the groups the user is in and the policy in force, as a push does.
func decide(tx store.Tx, org directory.OrgNum, n int) error {
	parents, err := tx.Parents(directory.ConnNum(org), []directory.Child{userChild(n)})
	if err != nil {
		return err
	}
	groups, err := tx.Groups(directory.ConnNum(org), parents[0])
	if err != nil {
		return err
	}
	revision, err := tx.ActivePolicy(org)
	if err != nil {
		return err
	}
	m := &directory.Member{ID: id(n), Org: org, Status: directory.StatusActive, Entry: revision}
	for _, g := range groups {
		m.Decision.Teams = append(m.Decision.Teams, g.DisplayName)
	}
	return tx.PutMembers([]*directory.Member{m})
}

// decideAll decides for everybody in a group, as a rename or a policy change does.
func decideAll(tx store.Tx, org directory.OrgNum, group int) error {
	list, err := tx.Children(directory.ConnNum(org), id(group), directory.Child{}, 100)
	if err != nil {
		return err
	}
	for _, ch := range list {
		if err := decide(tx, org, int(ch.ID[4])); err != nil {
			return err
		}
	}
	return nil
}

// join adds a user to group 100 of an organization and decides.
func join(org directory.OrgNum, n int) func(store.Tx) error {
	return func(tx store.Tx) error {
		if _, err := tx.AddEdges(directory.ConnNum(org), id(100), []directory.Child{userChild(n)}); err != nil {
			return err
		}
		return decide(tx, org, n)
	}
}

func named(org directory.OrgNum, name string) []*directory.Group {
	return []*directory.Group{{ID: id(100), Conn: directory.ConnNum(org), DisplayName: name}}
}

func edgeAgainstRename(t *testing.T, s store.Store) {
	for round := range rounds {
		org := directory.OrgNum(round + 1)
		write(t, s, func(tx store.Tx) error { return tx.PutGroups(named(org, "before")) })
		race(t, s, join(org, 1), join(org, 2), func(tx store.Tx) error {
			if err := tx.PutGroups(named(org, "after")); err != nil {
				return err
			}
			return decideAll(tx, org, 100)
		})
		for _, m := range look(t, s, func(tx store.Tx) ([]*directory.Member, error) { return tx.Members(org, ids(1, 3)) }) {
			if m == nil {
				t.Fatalf("round %d: a member is missing", round)
			}
			equal(t, "teams of a member who joined while the group was renamed", m.Decision.Teams, []string{"after"})
		}
	}
}

func edgeAgainstPolicy(t *testing.T, s store.Store) {
	for round := range rounds {
		org := directory.OrgNum(round + 1)
		write(t, s, func(tx store.Tx) error {
			return errors.Join(tx.PutGroups(named(org, "group")), tx.ActivatePolicy(&directory.Policy{Org: org}))
		})
		race(t, s, join(org, 1), join(org, 2), func(tx store.Tx) error {
			if err := tx.ActivatePolicy(&directory.Policy{Org: org}); err != nil {
				return err
			}
			return decideAll(tx, org, 100)
		})
		active := look(t, s, func(tx store.Tx) (uint64, error) { return tx.ActivePolicy(org) })
		for _, m := range look(t, s, func(tx store.Tx) ([]*directory.Member, error) { return tx.Members(org, ids(1, 3)) }) {
			if m == nil {
				t.Fatalf("round %d: a member is missing", round)
			}
			equal(t, "policy under which a member was decided", m.Entry, active)
		}
	}
}

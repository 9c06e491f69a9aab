package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func invitation(org directory.OrgNum, member, n int) *directory.Grant {
	return &directory.Grant{
		ID: id(n), Org: org, Member: id(member), Kind: directory.GrantInvitation, Role: "member", State: directory.InvitationPending,
		Actor: "root", Created: at(n),
		Invited: &directory.Invitation{
			Email: "Ann@acme.com", Access: directory.AccessCustom, Sets: []string{"a", "b"}, Links: [][]byte{{0, 255}}, Lasts: time.Hour,
			Expires: at(n + 60), Due: at(n + 30),
		},
	}
}

func invitations(t *testing.T, s store.Store) {
	a, b, c, other := invitation(1, 9, 1), invitation(1, 8, 2), invitation(1, 9, 3), invitation(2, 9, 4)
	pin := grant(1, 9, 5)
	write(t, s, func(tx store.Tx) error { return tx.PutGrants([]*directory.Grant{c, a, b, other, pin}) })
	list := func(state string, p store.Page) []*directory.Grant {
		t.Helper()
		return look(t, s, func(tx store.Tx) ([]*directory.Grant, error) { return tx.ListInvitations(1, state, p) })
	}
	all := store.Page{Limit: 9}
	equal(t, "in order of creation", list("", all), []*directory.Grant{a, b, c})
	equal(t, "a page", list("", store.Page{After: a.ID, Limit: 1}), []*directory.Grant{b})
	equal(t, "the newest first", list("", store.Page{Limit: 2, Descending: true}), []*directory.Grant{c, b})
	equal(t, "of a state", list(directory.InvitationPending, all), []*directory.Grant{a, b, c})
	equal(t, "of a state that none is in", list(directory.InvitationAccepted, all), nil)
	one := func(org directory.OrgNum, n int) (*directory.Grant, error) {
		var g *directory.Grant
		err := s.View(t.Context(), func(tx store.Tx) (err error) {
			g, err = tx.Invitation(org, id(n))
			return err
		})
		return g, err
	}
	got, err := one(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "one", got, b)
	for what, n := range map[string]int{"of another organization": 4, "which is a pin": 5, "which is not there": 6} {
		if _, err := one(1, n); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("one %s: %v, want ErrNotFound", what, err)
		}
	}
	b.State, b.Invited.Due = directory.InvitationAccepted, time.Time{}
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutGrants([]*directory.Grant{b}), tx.DeleteGrants([]*directory.Grant{a, invitation(1, 7, 77)}))
	})
	equal(t, "of a state, later", list(directory.InvitationPending, all), []*directory.Grant{c})
	equal(t, "of a state that one came to", list(directory.InvitationAccepted, all), []*directory.Grant{b})
	equal(t, "all, later", list("", all), []*directory.Grant{b, c})
	if _, err := one(1, 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one that was deleted: %v, want ErrNotFound", err)
	}
}

func dueInvitations(t *testing.T, s store.Store) {
	next := func() time.Time {
		return look(t, s, func(tx store.Tx) (time.Time, error) {
			at, found, err := tx.NextInvitation()
			if found == at.IsZero() {
				t.Errorf("the next instant is %s, and found is %t", at, found)
			}
			return at, err
		})
	}
	equal(t, "the next of none", next(), time.Time{})
	a, b, c := invitation(1, 9, 1), invitation(2, 8, 2), invitation(1, 9, 3)
	plain := invitation(1, 9, 4)
	plain.Invited = nil
	write(t, s, func(tx store.Tx) error { return tx.PutGrants([]*directory.Grant{c, b, a, plain}) })
	due := func(minute, limit int) []*directory.Grant {
		return look(t, s, func(tx store.Tx) ([]*directory.Grant, error) { return tx.DueInvitations(at(minute), limit) })
	}
	equal(t, "the next", next(), at(31))
	equal(t, "due", due(32, 9), []*directory.Grant{a, b})
	equal(t, "up to a limit", due(40, 1), []*directory.Grant{a})
	equal(t, "none yet", due(30, 9), nil)
	a.Invited.Due = at(50)
	b.State, b.Invited.Due = directory.InvitationExpired, time.Time{}
	write(t, s, func(tx store.Tx) error { return tx.PutGrants([]*directory.Grant{a, b}) })
	equal(t, "due, later", due(60, 9), []*directory.Grant{c, a})
	write(t, s, func(tx store.Tx) error { return tx.DeleteGrants([]*directory.Grant{c}) })
	equal(t, "the next, later", next(), at(50))
}

package provision_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// watched is a store that looks at what each transaction leaves behind.
type watched struct {
	store.Store
	look func(store.Tx) error // nil until the world is set up
}

func (s *watched) Update(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.Store.Update(ctx, fn); err != nil || s.look == nil {
		return err
	}
	return s.View(ctx, s.look)
}

// TestLaw6LeavingCancelsTheInvitation: whichever way somebody goes who was invited, no committed state has them gone and
// their invitation open; and coming back is a new invitation.
func TestLaw6LeavingCancelsTheInvitation(t *testing.T) {
	for _, way := range []struct {
		name       string
		leave      func(w *world)
		back       func(w *world)
		status     directory.Status // once gone
		afterwards directory.Status // once back
	}{
		{
			"the provider deactivates them",
			func(w *world) { w.replace("okta", "ann", person("ann").with(attrs{"active": false})) },
			func(w *world) { w.replace("okta", "ann", person("ann")) },
			directory.StatusNone, directory.StatusInvited,
		},
		{
			"the provider deletes them",
			func(w *world) { w.delete("okta", "ann") },
			func(w *world) { w.create("okta", "ann", person("ann")); w.add("Engineering", "ann") },
			directory.StatusNone, directory.StatusInvited,
		},
		{
			"they leave the group that a rule names",
			func(w *world) { w.remove("Engineering", "ann") },
			func(w *world) { w.add("Engineering", "ann") },
			directory.StatusNone, directory.StatusInvited,
		},
		{
			"the group is deleted",
			func(w *world) { w.deleteGroup("Engineering") },
			func(w *world) { w.group("okta", "Everyone", "ann") },
			directory.StatusNone, directory.StatusInvited,
		},
		{
			"an admin removes them",
			func(w *world) { w.act(w.engine.Remove, w.one("ann@acme.com")) },
			func(w *world) { w.act(w.engine.Reactivate, w.one("ann@acme.com")) },
			directory.StatusRemoved, directory.StatusInvited,
		},
		{
			"an admin suspends them",
			func(w *world) { w.act(w.engine.Suspend, w.one("ann@acme.com")) },
			func(w *world) { w.act(w.engine.Reactivate, w.one("ann@acme.com")) },
			directory.StatusNone, directory.StatusInvited,
		},
	} {
		t.Run(way.name, func(t *testing.T) {
			w, s := invitingWorld(t)
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			w.expectInvitation(directory.StatusInvited, 1, 0)
			s.look = func(tx store.Tx) error { return noneLeftOpen(t, tx, w.org) }
			way.leave(w)
			w.expectInvitation(way.status, 0, 1)
			way.back(w)
			w.expectInvitation(way.afterwards, 1, 1)
		})
	}
}

// invitingWorld is a world whose first connection invites, on a store that is watched.
func invitingWorld(t *testing.T) (*world, *watched) {
	t.Helper()
	b, err := bolt.Open(filepath.Join(t.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &watched{Store: b}
	policy := strings.Replace(acme, "{id: okta, provider: okta}", "{id: okta, provider: okta, provisioning: invite}", 1)
	return newWorldOn(t, s, policy), s
}

// noneLeftOpen checks that everybody who has an open invitation is invited.
func noneLeftOpen(t *testing.T, tx store.Tx, org directory.OrgNum) error {
	members, err := tx.ListMembers(org, store.Page{Limit: 1000})
	if err != nil {
		return err
	}
	for _, m := range members {
		grants, err := tx.Grants(org, []directory.ID{m.ID})
		if err != nil {
			return err
		}
		for _, g := range grants[0] {
			if open := g.Kind == directory.GrantInvitation && g.State == directory.InvitationPending; open && m.Status != directory.StatusInvited {
				t.Errorf("a transaction left %s %s, with an open invitation", m.Decision.Email, m.Status)
			}
		}
	}
	return nil
}

// expectInvitation checks ann's status, and how many invitations of hers are open and how many are cancelled.
func (w *world) expectInvitation(status directory.Status, open, cancelled int) {
	w.t.Helper()
	m := w.one("ann@acme.com")
	states := map[string]int{}
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		clear(states)
		grants, err := tx.Grants(w.org, []directory.ID{m.ID})
		if err != nil {
			return err
		}
		for _, g := range grants[0] {
			if g.Kind == directory.GrantInvitation {
				states[g.State]++
			}
		}
		return nil
	}))
	if m.Status != status || states[directory.InvitationPending] != open || states[directory.InvitationCancelled] != cancelled {
		w.t.Errorf("ann is %s, with invitations %v; want %s, %d open and %d cancelled", m.Status, states, status, open, cancelled)
	}
}

package provision_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func TestAPausedPersonWhoseTimeHasComeDoesNotKeepTheWorkerBusy(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.group("okta", "On Call", "ann")
	w.activate(oktaIs("paused"))
	w.now = w.now.Add(8 * day)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := w.engine.Idle(ctx); err != nil {
		t.Error(err)
	}
}

func TestAnAdminSuspendsWhileTheConnectionIsPaused(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.activate(oktaIs("paused"))
	w.act(w.engine.Suspend, w.of("okta", "ann"))
	if s := w.of("okta", "ann").Status; s != "suspended" {
		t.Errorf("ann is %s, want suspended", s)
	}
}

func TestNothingPushedTakesEffectWhileTheConnectionIsPausedOrObserved(t *testing.T) {
	for _, state := range []string{"paused", "observe"} {
		w := newWorld(t, acme)
		w.create("okta", "ann", person("ann"))
		w.group("okta", "Everyone", "ann")
		w.activate(oktaIs(state))
		m := w.of("okta", "ann")
		w.group("okta", "Engineering", "ann")
		if got := w.of("okta", "ann"); got.Decision.Role != "viewer" {
			t.Errorf("%s: role %s", state, got.Decision.Role)
		}
		w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
		if got := w.of("okta", "ann"); got.Status != "active" {
			t.Errorf("%s: after inactive %s", state, got.Status)
		}
		w.delete("okta", "ann")
		if got := w.byID(m.ID); got.Status != "active" {
			t.Errorf("%s: after delete %s", state, got.Status)
		}
		w.settleAll()
		if got := w.byID(m.ID); got.Status != "active" {
			t.Errorf("%s: after settle %s", state, got.Status)
		}
		w.activate(acme)
		if got := w.byID(m.ID); got.Status != "suspended" {
			t.Errorf("%s: after resume %s", state, got.Status)
		}
	}
}

func TestAPolicyThatMovesTheTopRoleReleasesTheFormerAdmin(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.create("okta", "bob", person("bob"))
	w.group("okta", "Everyone", "ann", "bob")
	w.group("okta", "IT Admins", "ann")
	w.group("okta", "New Admins", "bob")
	w.activate(strings.Replace(acme, "groups: [IT Admins]", "groups: [New Admins]", 1))
	w.expect(w.of("okta", "bob"), "active", "admin", "")
	w.expect(w.of("okta", "ann"), "active", "viewer", "")
}

func (w *world) byID(id directory.ID) *directory.Member {
	w.t.Helper()
	var m *directory.Member
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		ms, err := tx.Members(w.org, []directory.ID{id})
		m = ms[0]
		return err
	}))
	return m
}

// oktaIs returns the policy with Okta's connection in another state.
func oktaIs(state string) string {
	return strings.Replace(acme, "{id: okta, provider: okta}", "{id: okta, provider: okta, state: "+state+"}", 1)
}

func TestAReactivatedInviteeOfAPausedConnectionHasAnInvitation(t *testing.T) {
	invite := func(state string) string {
		return strings.Replace(acme, "{id: okta, provider: okta}", "{id: okta, provider: okta, provisioning: invite, state: "+state+"}", 1)
	}
	w := newWorld(t, invite("active"))
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.activate(invite("paused"))
	for _, step := range []struct {
		act     actFunc
		status  directory.Status
		pending int
	}{{w.engine.Remove, directory.StatusRemoved, 0}, {w.engine.Reactivate, directory.StatusInvited, 1}} {
		w.act(step.act, w.of("okta", "ann"))
		m := w.of("okta", "ann")
		if m.Status != step.status || w.pendingInvitations(m.ID) != step.pending {
			t.Errorf("ann is %s with %d pending invitations, want %s with %d", m.Status, w.pendingInvitations(m.ID), step.status, step.pending)
		}
	}
}

func (w *world) pendingInvitations(member directory.ID) int {
	w.t.Helper()
	n := 0
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		grants, err := tx.Grants(w.org, []directory.ID{member})
		if err != nil {
			return err
		}
		n = 0
		for _, g := range grants[0] {
			if g.Kind == directory.GrantInvitation && g.State == directory.InvitationPending {
				n++
			}
		}
		return nil
	}))
	return n
}

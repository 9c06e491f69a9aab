package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// wantEnd wants the journal to tell once, by its kind and about bea, that an invitation ended, and why.
func (w *inviteWorld) wantEnd(kind, why string, by directory.CauseKind) {
	w.t.Helper()
	var found []*directory.Entry
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		list, err := tx.ListEntries(0, 1000, false)
		for _, e := range list {
			if strings.HasPrefix(e.Kind, "invitation.accepted") || strings.HasPrefix(e.Kind, "invitation.cancelled") {
				found = append(found, e)
			}
		}
		return err
	}))
	if len(found) != 1 || found[0].Kind != kind {
		w.t.Fatalf("%d entries tell of the end, want one %s: %+v", len(found), kind, found)
	}
	e := found[0]
	if len(e.Subjects) != 1 || e.Subjects[0].ID != w.one("bea@acme.com").ID || e.Subjects[0].Prev == 0 || e.Cause.Kind != by {
		w.t.Errorf("told as %+v", e)
	}
	if len(e.Notes) != 1 || !strings.Contains(e.Notes[0], why) {
		w.t.Errorf("told as %q, want %q", e.Notes, why)
	}
}

func TestAPushThatAcceptsAnInvitationIsToldAsThat(t *testing.T) {
	w := newInviteWorld(t, invites)
	w.bea()
	w.create("okta", "bea", person("bea"))
	w.group("okta", "Engineering", "bea")
	w.wantEnd("invitation.accepted", "was accepted: a push of okta made the person a member", directory.CauseSCIM)
	w.replace("okta", "bea", person("bea").with(attrs{"active": false}))
	w.replace("okta", "bea", person("bea"))
	w.wantEnd("invitation.accepted", "okta", directory.CauseSCIM) // once
}

func TestASignInThatAcceptsAnInvitationIsToldAsThat(t *testing.T) {
	w := newInviteWorld(t, invites)
	w.bea()
	w.want(w.login("okta", "bea"), provision.LoginJoined)
	w.wantEnd("invitation.accepted", "the person signed in by ", directory.CauseLogin)
}

func TestWhateverPutsAnInvitedPersonOutIsToldAsACancellation(t *testing.T) {
	for name, c := range map[string]struct {
		put func(*inviteWorld, provision.Act) error
		why string
	}{
		"suspended": {func(w *inviteWorld, a provision.Act) error {
			_, err := w.engine.Suspend(t.Context(), a)
			return err
		}, "suspended by root@acme.com"},
		"removed": {func(w *inviteWorld, a provision.Act) error {
			_, err := w.engine.Remove(t.Context(), a)
			return err
		}, "removed by root@acme.com"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newInviteWorld(t, invites)
			g := w.bea()
			w.now = w.now.Add(time.Second)
			w.must(c.put(w, provision.Act{Org: w.org, Cause: w.cause(), Member: w.one("bea@acme.com").ID}))
			w.wantState(g, directory.InvitationCancelled)
			w.wantEnd("invitation.cancelled", c.why, directory.CauseAdmin)
			w.settleAll()
			w.wantEnd("invitation.cancelled", c.why, directory.CauseAdmin) // once
		})
	}
}

func TestAnInvitationThatADirectoryTakesBackIsToldAsThat(t *testing.T) {
	w := newInviteWorld(t, pushedLimits(9, 9))
	w.push("bea")
	w.expect(w.one("bea@acme.com"), directory.StatusInvited, "viewer", "")
	w.replace("okta", "bea", person("bea").with(attrs{"active": false}))
	w.idle()
	w.wantEnd("invitation.cancelled", "was cancelled: ", directory.CauseSCIM)
}

func TestAFileThatAcceptsInvitationsIsToldAsThat(t *testing.T) {
	w := newInviteWorld(t, pushedLimits(9, 9))
	w.push("bea")
	w.activate(strings.Replace(pushedLimits(9, 9), "provisioning: invite", "provisioning: auto", 1))
	w.idle()
	w.wantEnd("invitation.accepted", "the organization's file made the person a member", directory.CausePolicy)
}

func TestAnEditTellsWhatItGaveAndGives(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.invite(provision.Invite{Email: "bea@acme.com", Role: "member", Access: directory.AccessCustom, Sets: []string{"secrets"}}).Invitation
	sets := []string{"tools"}
	_, err := w.engine.EditInvitation(t.Context(), w.on(g), provision.InvitationEdit{Sets: &sets})
	w.must(err)
	want := "now invited as member, with custom access by tools; before that, invited as member, with custom access by secrets"
	if notes := w.lastLine().Notes; len(notes) == 0 || notes[len(notes)-1] != want {
		t.Errorf("told as %q", notes)
	}
}

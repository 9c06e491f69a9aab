package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// needsApproval is invites where an admin approves each.
var needsApproval = strings.Replace(invites, "invitations: {", "invitations: {require_approval: true, ", 1)

// by is an act of another admin.
func (w *inviteWorld) by(actor string, g *directory.Grant) provision.InvitationAct {
	a := w.on(g)
	a.Cause.Actor = actor
	return a
}

// approve approves what an invitation gives now.
func (w *inviteWorld) approve(actor string, g *directory.Grant) (*directory.Grant, error) {
	return w.engine.ApproveInvitation(w.t.Context(), w.by(actor, g), provision.InvitationVersion(w.invitation(g)))
}

func (w *inviteWorld) editRole(actor string, g *directory.Grant, role string) {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	_, err := w.engine.EditInvitation(w.t.Context(), w.by(actor, g), provision.InvitationEdit{Role: &role})
	w.must(err)
}

func TestNobodyApprovesAnInvitationThatTheyAskedFor(t *testing.T) {
	w := withAdmin(t, needsApproval)
	g := w.invite(provision.Invite{Email: "bea@acme.com", Role: "viewer"}).Invitation
	_, err := w.approve("root@acme.com", g)
	w.wantKind(err, directory.Forbidden, "root@acme.com has asked for this invitation")
	w.wantState(g, directory.InvitationUnapproved)
	w.expect(w.one("bea@acme.com"), directory.StatusNone, "", "")
	_, err = w.approve("ann@acme.com", g)
	w.must(err)
	w.expect(w.one("bea@acme.com"), directory.StatusInvited, "viewer", "")
}

func TestAnApprovalIsOfWhatWasShown(t *testing.T) {
	w := withAdmin(t, needsApproval)
	g := w.invite(provision.Invite{Email: "bea@acme.com", Role: "viewer"}).Invitation
	shown := provision.InvitationVersion(g)
	w.mailed()
	w.editRole("root@acme.com", g, "admin")
	if mails := w.mailed(); len(mails) != 1 || !strings.Contains(mails[0].Text, "Role: admin") {
		t.Errorf("%d mails tell of the change", len(mails))
	}
	_, err := w.engine.ApproveInvitation(t.Context(), w.by("ann@acme.com", g), shown)
	w.wantKind(err, directory.Conflict, "has changed since it was shown")
	w.wantState(g, directory.InvitationUnapproved)
	w.editRole("root@acme.com", g, "viewer")
	_, err = w.engine.ApproveInvitation(t.Context(), w.by("ann@acme.com", g), shown)
	w.must(err)
	w.expect(w.one("bea@acme.com"), directory.StatusInvited, "viewer", "")
}

func TestAnInvitationThatChangesAfterItsApprovalWaitsForAnother(t *testing.T) {
	w := withAdmin(t, needsApproval)
	g := w.invite(provision.Invite{Email: "bea@acme.com", Role: "viewer"}).Invitation
	w.mailed()
	_, err := w.approve("ann@acme.com", g)
	w.must(err)
	first := w.link()
	w.editRole("bob@acme.com", g, "viewer") // which it is
	w.wantState(g, directory.InvitationPending)

	w.editRole("bob@acme.com", g, "admin")
	w.wantState(g, directory.InvitationUnapproved)
	if i := w.invitation(g).Invited; len(i.Links) != 0 || !i.Due.IsZero() {
		t.Errorf("while it waits it has %d links, and the worker looks at it at %s", len(i.Links), i.Due)
	}
	w.expect(w.one("bea@acme.com"), directory.StatusNone, "", "")
	if mails := w.mailed(); len(mails) != 1 || mails[0].To != "root@acme.com" || !strings.Contains(mails[0].Text, "Role: admin") {
		t.Errorf("%d mails ask anew", len(mails))
	}
	_, err = w.accept(first)
	w.wantKind(err, directory.Conflict, "You will get a new letter")
	for actor, words := range map[string]string{"root@acme.com": "asked for", "bob@acme.com": "changed"} {
		_, err = w.approve(actor, g)
		w.wantKind(err, directory.Forbidden, words)
	}
	w.pass(8 * 24 * time.Hour) // no reminder, and no end, while it waits
	w.wantState(g, directory.InvitationUnapproved)
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails are sent while it waits", n)
	}

	now, err := w.approve("ann@acme.com", g)
	w.must(err)
	if now.State != directory.InvitationPending || now.Invited.Resent != 1 {
		t.Errorf("it is %s, sent again %d times", now.State, now.Invited.Resent)
	}
	second := w.link()
	if _, err = w.accept(first); err == nil {
		t.Error("the first link works again")
	}
	m, err := w.accept(second)
	w.must(err)
	w.expect(m, directory.StatusActive, "admin", "")
}

package provision_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
)

// wantGives checks which role an invitation gives, and why it is not the one asked for.
func (w *inviteWorld) wantGives(g *directory.Grant, role, because string) {
	w.t.Helper()
	now := w.invitation(g)
	if got := now.InvitedRole(); got != role || now.Invited.Because != because {
		w.t.Errorf("the invitation gives %s because %q, want %s because %q", got, now.Invited.Because, role, because)
	}
}

func TestALetterAndItsPagePromiseNoMoreThanThePersonGets(t *testing.T) {
	w := newInviteWorld(t, invites)
	r := w.invite(provision.Invite{Email: "guest@elsewhere.net", Role: "admin"})
	g := r.Invitation
	if g.Role != "admin" || g.InvitedRole() != "viewer" {
		t.Errorf("the answer says %s, asked for %s", g.InvitedRole(), g.Role)
	}
	w.wantGives(g, "viewer", "guests are at most viewer")
	wantRole := func(want string) *mail.Message {
		t.Helper()
		mails := w.mailed()
		if len(mails) != 1 || !strings.Contains(mails[0].Text, want) || want != "admin" && strings.Contains(mails[0].Text, "admin") {
			t.Fatalf("want one letter about the role %s: %+v", want, mails)
		}
		return mails[0]
	}
	link := provision.InvitationLink(inMail.FindStringSubmatch(wantRole("viewer").Text)[1])
	found, err := w.engine.FollowLink(t.Context(), link, nil)
	w.must(err)
	if got := found.Invitation.InvitedRole(); got != "viewer" {
		t.Errorf("the page says %s", got)
	}

	// The limit goes, and a reminder says what it gives then; it comes back, and another role is asked for.
	w.activate(strings.Replace(invites, "guests: {max_role: viewer}", "guests: {max_role: admin}", 1))
	w.wantGives(g, "admin", "")
	w.now = w.now.Add(2 * time.Hour)
	_, err = w.engine.RemindInvitation(t.Context(), w.on(g))
	w.must(err)
	wantRole("admin")
	w.activate(invites)
	w.wantGives(g, "viewer", "guests are at most viewer")
	viewer := "viewer"
	_, err = w.engine.EditInvitation(t.Context(), w.on(g), provision.InvitationEdit{Role: &viewer})
	w.must(err)
	w.wantGives(g, "viewer", "")
}

func TestAnInvitationIsMailedWhenTheServerHasTakenItsLetter(t *testing.T) {
	w := newInviteWorld(t, invites)
	var down error = directory.Errorf(directory.Unavailable, "The mail server does not answer.")
	w.engine.Mail = func(context.Context, *mail.Message) error { return down }
	g := w.bea()
	wantLetter := func(state directory.MailState, tries int) {
		t.Helper()
		list, _, err := w.engine.ListMails(t.Context(), w.org, state, directory.NoID, 10)
		w.must(err)
		if n := len(list); n == 0 || list[n-1].ID != w.invitation(g).Invited.Letter || list[n-1].Tries != tries {
			t.Errorf("the invitation names the letter %s, and those that are %s are %+v", w.invitation(g).Invited.Letter, state, list)
		}
	}
	send := func() {
		t.Helper()
		w.now = w.now.Add(time.Hour + time.Minute)
		_, err := w.engine.SendMail(t.Context())
		w.must(err)
	}
	send()
	wantLetter(directory.MailQueued, 1)
	if at := w.invitation(g).Invited.Taken; !at.IsZero() {
		t.Errorf("mailed at %s by a server that is down", at)
	}
	down = nil
	send()
	wantLetter(directory.MailSent, 2)
	first := w.invitation(g).Invited.Taken
	if !first.Equal(w.now) {
		t.Errorf("mailed at %s, and the server took it at %s", first, w.now)
	}

	// A reminder that is refused leaves the first letter mailed; a new link takes its place.
	down = directory.Errorf(directory.Invalid, "550 no such user")
	_, err := w.engine.RemindInvitation(t.Context(), w.on(g))
	w.must(err)
	send()
	wantLetter(directory.MailFailed, 1)
	if now := w.invitation(g).Invited; !now.Taken.Equal(first) || now.Mailed != "550 no such user" {
		t.Errorf("mailed at %s, then %q", now.Taken, now.Mailed)
	}
	_, err = w.engine.ResendInvitation(t.Context(), w.on(g))
	w.must(err)
	if now := w.invitation(g).Invited; !now.Taken.IsZero() || now.Mailed != "" {
		t.Errorf("the new link is mailed at %s already, or refused: %q", now.Taken, now.Mailed)
	}
	wantLetter(directory.MailQueued, 0)
}

func TestAnInvitationToOutsideWhereNothingLimitsGuestsSaysSo(t *testing.T) {
	limited, unlimited := newInviteWorld(t, invites), newInviteWorld(t, strings.Replace(invites, "guests: {max_role: viewer}", "", 1))
	for _, c := range []struct {
		w     *inviteWorld
		email string
		want  bool
	}{{limited, "ext@elsewhere.net", false}, {unlimited, "ext@elsewhere.net", true}, {unlimited, "cid@acme.com", false}} {
		if r := c.w.invite(provision.Invite{Email: c.email, Role: "member"}); r.Code != provision.InviteSent || r.Unlimited != c.want {
			t.Errorf("%s is %s (%v), unlimited %t", c.email, r.Code, r.Problem, r.Unlimited)
		}
	}
}

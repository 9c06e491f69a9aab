package provision_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// limited is invites where few letters are sent a day.
var limited = strings.Replace(invites, "max_resends: 2", "max_resends: 5, max_per_day: 4, max_outside_per_day: 2", 1)

// several invites viewers, and says of each what became of it.
func (w *inviteWorld) several(in provision.Invites, emails ...string) string {
	w.t.Helper()
	for _, email := range emails {
		in.People = append(in.People, provision.Invite{Email: email, Role: "viewer"})
	}
	var codes []string
	for _, r := range w.inviteAll(in) {
		codes = append(codes, string(r.Code))
	}
	return strings.Join(codes, " ")
}

func (w *inviteWorld) wantTooMany(email, words string) {
	w.t.Helper()
	r := w.invite(provision.Invite{Email: email, Role: "viewer"})
	if r.Code != provision.InviteRefused || r.Problem.Kind != directory.TooMany || r.Problem.Field != "email" || !strings.Contains(r.Problem.Message, words) {
		w.t.Errorf("%s is %s: %+v, want a refusal with %q", email, r.Code, r.Problem, words)
	}
}

func TestStrangersAreSentFewInvitationsADay(t *testing.T) {
	w := newInviteWorld(t, limited)
	if got := w.several(provision.Invites{DryRun: true}, "a@one.example", "b@two.example", "c@three.example", "d@acme.com"); got != "invited invited refused invited" {
		t.Errorf("rehearsed: %s", got)
	}
	if got := w.several(provision.Invites{Atomic: true}, "a@one.example", "b@two.example", "c@three.example", "d@acme.com"); got != "not_done not_done refused not_done" {
		t.Errorf("all or nothing: %s", got)
	}
	if got := w.several(provision.Invites{}, "a@one.example", "b@two.example", "c@three.example", "d@acme.com"); got != "invited invited refused invited" {
		t.Errorf("invited: %s", got)
	}
	w.wantTooMany("c@three.example", "max_outside_per_day")
	if n := len(w.mailed()); n != 3 {
		t.Errorf("%d letters are sent, want 3", n)
	}
	if got := w.several(provision.Invites{}, "a@one.example"); got != "already_invited" { // which mails nothing
		t.Errorf("again: %s", got)
	}
	if got := w.several(provision.Invites{}, "e@acme.com", "f@acme.com", "g@acme.com", "h@acme.com"); got != "invited invited invited refused" {
		t.Errorf("of the organization's own: %s", got)
	}
	w.wantTooMany("h@acme.com", "max_per_day")
	w.now = w.now.Add(24 * time.Hour)
	if got := w.several(provision.Invites{}, "c@three.example", "h@acme.com"); got != "invited invited" {
		t.Errorf("the next day: %s", got)
	}
}

func TestADomainThatIsNotProvenIsAStrangers(t *testing.T) {
	w := newInviteWorld(t, limited)
	w.engine.Verified = func(_, domain string) bool { return domain == "acme.com" }
	if got := w.several(provision.Invites{}, "a@acme.org", "b@acme.org", "c@acme.org", "d@acme.com"); got != "invited invited refused invited" {
		t.Errorf("invited: %s", got)
	}
}

func TestEachLetterThatAnAdminSendsCounts(t *testing.T) {
	for _, policy := range []string{limited, strings.Replace(limited, "invitations: {", "invitations: {require_approval: true, ", 1)} {
		w := newInviteWorld(t, policy)
		g := w.invite(provision.Invite{Email: "a@one.example", Role: "viewer"}).Invitation
		if g.State == directory.InvitationUnapproved {
			_, err := w.approve("ann@acme.com", g)
			w.must(err)
		}
		w.now = w.now.Add(time.Hour)
		_, err := w.engine.RemindInvitation(t.Context(), w.on(g))
		w.must(err)
		w.now = w.now.Add(time.Hour)
		_, err = w.engine.RemindInvitation(t.Context(), w.on(g))
		w.wantKind(err, directory.TooMany, "max_outside_per_day")
		_, err = w.engine.ResendInvitation(t.Context(), w.on(g))
		w.wantKind(err, directory.TooMany, "max_outside_per_day")
		if now := w.invitation(g); now.Invited.Reminded != 1 || now.Invited.Resent != 0 {
			t.Errorf("reminded %d times, sent again %d times", now.Invited.Reminded, now.Invited.Resent)
		}
		if other := w.invite(provision.Invite{Email: "b@two.example", Role: "viewer"}); other.Code == provision.InviteAwaits {
			_, err = w.approve("ann@acme.com", other.Invitation)
			w.wantKind(err, directory.TooMany, "max_outside_per_day")
			w.wantState(other.Invitation, directory.InvitationUnapproved)
		} else if other.Code != provision.InviteRefused {
			t.Errorf("another is %s", other.Code)
		}
		w.pass(2 * 24 * time.Hour) // a reminder of the schedule
		_, err = w.engine.ResendInvitation(t.Context(), w.on(g))
		w.must(err)
	}
}

func TestCancellingAnInvitationIsNoWayToMailSomebodyAgainAndAgain(t *testing.T) {
	w := newInviteWorld(t, invites)
	again := func() {
		t.Helper()
		for n := range 3 {
			r := w.invite(provision.Invite{Email: "bob@private.example", Role: "viewer"})
			if r.Code != provision.InviteSent {
				t.Fatalf("the %d. time: %s, %v", n+1, r.Code, r.Problem)
			}
			_, err := w.engine.CancelInvitation(t.Context(), w.on(r.Invitation))
			w.must(err)
		}
		w.wantTooMany("Bob@private.example", "3 times within a day")
	}
	again()
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d letters with dead links are sent", n)
	}
	w.invite(provision.Invite{Email: "cid@private.example", Role: "viewer"})
	w.now = w.now.Add(25 * time.Hour)
	again()
}

func TestALargeImportOfTheOrganizationsOwnPeopleIsNotLimited(t *testing.T) {
	w := newInviteWorld(t, invites)
	var people, strangers []string
	for n := range provision.InvitesMost {
		people, strangers = append(people, fmt.Sprintf("p%d@acme.com", n)), append(strangers, fmt.Sprintf("p%d@elsewhere.example", n))
	}
	want := strings.TrimSpace(strings.Repeat("invited ", len(people)))
	for _, emails := range [][]string{people, strangers} {
		if got := w.several(provision.Invites{}, emails...); got != want {
			t.Errorf("invited: %s", got)
		}
	}
}

package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

const dayLong = 24 * time.Hour

// pushedLimits is limited, with a directory that invites, and other limits of a day.
func pushedLimits(own, outside int) string {
	return strings.NewReplacer("{id: okta, provider: okta}", "{id: okta, provider: okta, provisioning: invite}",
		"max_resends: 2", fmt.Sprintf("max_resends: 5, max_per_day: %d, max_outside_per_day: %d", own, outside)).Replace(invites)
}

// push has a directory invite people.
func (w *inviteWorld) push(names ...string) {
	w.t.Helper()
	for _, name := range names {
		w.create("okta", name, person(name))
	}
	w.group("okta", "Everyone", names...)
	w.idle()
}

// recipients are those of the letters that are sent now, in order.
func (w *inviteWorld) recipients() []string {
	w.t.Helper()
	to := []string{}
	for _, m := range w.mailed() {
		to = append(to, strings.TrimSuffix(m.To, "@acme.com"))
	}
	slices.Sort(to)
	return to
}

func (w *inviteWorld) wantSent(when string, names ...string) {
	w.t.Helper()
	if got := w.recipients(); strings.Join(got, " ") != strings.Join(names, " ") {
		w.t.Errorf("%s: mailed to %v, want %v", when, got, names)
	}
}

// pending returns the invitation of an address.
func (w *inviteWorld) pending(email string) *directory.Grant {
	w.t.Helper()
	var found *directory.Grant
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		list, err := tx.ListInvitations(w.org, "", store.Page{Limit: 99})
		for _, g := range list {
			if g.Invited.Email == email {
				found = g
			}
		}
		return err
	}))
	return found
}

func TestWhomADirectoryInvitesWaitsForADayWithRoom(t *testing.T) {
	w := newInviteWorld(t, pushedLimits(2, 2))
	today := w.now.Truncate(dayLong)
	w.push("a", "b", "c", "d", "e")
	list, _, err := w.engine.ListMails(t.Context(), w.org, directory.MailQueued, directory.NoID, 99)
	w.must(err)
	var waits []string
	for _, m := range list {
		if m.Waits != "" {
			waits = append(waits, m.Due.Format(time.DateOnly)+" "+m.Waits)
		}
	}
	const because = " max_per_day, the limit of a day, leaves no room"
	tomorrow, then := today.Add(dayLong).Format(time.DateOnly), today.Add(2*dayLong).Format(time.DateOnly)
	if want := []string{tomorrow + because, tomorrow + because, then + because}; !slices.Equal(waits, want) {
		t.Errorf("what waits is %q, want %q", waits, want)
	}
	w.wantTooMany("f@acme.com", "max_per_day") // an admin's letter would be one more today
	if n := len(w.recipients()); n != 2 {
		t.Errorf("%d letters are sent on the first day", n)
	}
	first := w.now
	for i, want := range []int{2, 1, 0} {
		w.now = first.Add(time.Duration(i+1) * dayLong)
		w.idle()
		var sent []string
		for _, m := range w.mailed() {
			if !strings.HasPrefix(m.Subject, "Reminder") {
				sent = append(sent, m.To)
			}
		}
		if len(sent) != want {
			t.Errorf("on day %d the letters to %v are sent, want %d", i+2, sent, want)
		}
		for _, to := range sent {
			g := w.pending(to)
			if left := g.Invited.Expires.Sub(w.now); left > 7*dayLong || left < 6*dayLong || g.State != directory.InvitationPending || g.Invited.Taken.IsZero() {
				t.Errorf("the link to %s works for %s more, and it is %s", to, left, g.State)
			}
		}
	}
}

func TestARemovedPersonsLetterThatWaitsIsNotSent(t *testing.T) {
	w := newInviteWorld(t, pushedLimits(1, 1))
	w.push("a", "b")
	w.recipients()
	w.delete("okta", "a")
	w.delete("okta", "b")
	w.pass(dayLong)
	w.wantSent("the next day")
}

func TestAnAdminsNewLinkTakesThePlaceOfOneThatWaits(t *testing.T) {
	w := newInviteWorld(t, pushedLimits(1, 1))
	w.push("a", "b")
	sent := w.recipients()
	late := "b@acme.com"
	if slices.Equal(sent, []string{"b"}) {
		late = "a@acme.com"
	}
	g := w.pending(late)
	w.activate(pushedLimits(2, 1))
	_, err := w.engine.ResendInvitation(t.Context(), w.on(g))
	w.must(err)
	w.wantSent("by hand", strings.TrimSuffix(late, "@acme.com"))
	w.pass(dayLong)
	w.wantSent("the next day")
}

func TestRemindersOfTheScheduleCountAndWait(t *testing.T) {
	w := newInviteWorld(t, strings.Replace(invites, "max_resends: 2", "max_resends: 2, max_outside_per_day: 2", 1))
	w.several(provision.Invites{}, "a@one.example", "b@two.example")
	w.mailed()
	w.pass(2*dayLong + time.Minute) // both are reminded
	if n := len(w.mailed()); n != 2 {
		t.Errorf("%d are reminded, want 2", n)
	}
	w.wantTooMany("c@three.example", "max_outside_per_day")

	w = newInviteWorld(t, strings.Replace(invites, "max_resends: 2", "max_resends: 2, max_outside_per_day: 3", 1))
	w.several(provision.Invites{}, "a@one.example", "b@two.example")
	w.mailed()
	w.now = w.now.Add(2*dayLong - time.Hour)
	w.several(provision.Invites{}, "c@three.example", "d@four.example")
	w.now = w.now.Add(2 * time.Hour)
	w.idle()
	if n := len(w.mailed()); n != 3 {
		t.Errorf("%d letters are sent, want two invitations and a reminder", n)
	}
	line := w.lastLine()
	if line.Kind != "invitation.reminded" || !strings.Contains(strings.Join(line.Notes, " "), "waits until") {
		t.Errorf("told as %+v", line)
	}
	w.pass(dayLong)
	if got := w.mailed(); len(got) != 1 || !strings.HasPrefix(got[0].Subject, "Reminder") {
		t.Errorf("the next day %d letters are sent, want the other reminder", len(got))
	}
}

func TestNoDayHasRoomForAStranger(t *testing.T) {
	w := newInviteWorld(t, pushedLimits(5, 0))
	w.engine.Verified = func(string, string) bool { return false }
	w.push("a")
	w.wantSent("at once")
	g := w.pending("a@acme.com")
	if g.State != directory.InvitationPending || g.Invited.Mailed != "no letter was sent: max_outside_per_day, the limit of a day, leaves no room" {
		t.Errorf("the invitation is %s: %q", g.State, g.Invited.Mailed)
	}
	w.pass(3 * dayLong)
	w.wantSent("when a reminder was due")
	if line := w.lastLine(); line.Kind != "invitation.not_reminded" {
		t.Errorf("told as %+v", line)
	}
}

func TestALetterThatIsNotSentGivesItsDayBack(t *testing.T) {
	w := newInviteWorld(t, pushedLimits(1, 1))
	tomorrow := w.now.Truncate(dayLong).Add(dayLong)
	w.push("a", "b", "c")
	if goes := w.pending("b@acme.com").Invited.Goes; !goes.Equal(tomorrow) {
		t.Fatalf("the letter to b goes out at %s", goes)
	}
	_, err := w.engine.ExtendInvitation(t.Context(), w.on(w.pending("b@acme.com")), w.now.Add(5*time.Hour))
	w.wantKind(err, directory.Invalid, "The letter with the link waits until "+tomorrow.Format(time.RFC3339))
	_, err = w.engine.RemindInvitation(t.Context(), w.on(w.pending("b@acme.com")))
	w.wantKind(err, directory.Conflict, "A letter to the person waits until "+tomorrow.Format(time.RFC3339))
	for _, email := range []string{"b@acme.com", "c@acme.com"} {
		_, err := w.engine.CancelInvitation(t.Context(), w.on(w.pending(email)))
		w.must(err)
	}
	w.create("okta", "d", person("d"))
	w.add("Everyone", "d")
	w.idle()
	if goes := w.pending("d@acme.com").Invited.Goes; !goes.Equal(tomorrow) {
		t.Errorf("the letter to d goes out at %s, want %s: nobody else's does any more", goes, tomorrow)
	}
}

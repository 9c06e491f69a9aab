package provision_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
)

// posted sends what waits, and returns to whom each letter with a subject went, in order of address.
func (w *world) posted(subject string) []string {
	w.t.Helper()
	to := []string{}
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		if m.Subject == subject {
			to = append(to, m.To)
		}
		return nil
	}
	_, err := w.engine.SendMail(w.t.Context())
	w.must(err)
	slices.Sort(to)
	return to
}

const (
	yourProject = "Acme Inc.: your access to the project alpha ends on 1 December 2026"
	theProject  = "Acme Inc.: the project alpha ends on 1 December 2026"
)

// warned is a world whose letters about the end of the project alpha wait.
func warned(t *testing.T) *world {
	w := permittedWorld(t)
	w.now = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	w.idle()
	return w
}

func TestWhoIsWarnedOfAnEndThatStaysIsTold(t *testing.T) {
	w := warned(t)
	if got := w.posted(yourProject); !slices.Equal(got, []string{"ann@acme.com", "bea@acme.com"}) {
		t.Errorf("people: %v", got)
	}
	w = warned(t)
	if got := w.posted(theProject); !slices.Equal(got, []string{"root@acme.com"}) {
		t.Errorf("admins: %v", got)
	}
}

func TestNobodyIsWarnedOfAnEndThatWasMovedMeanwhile(t *testing.T) {
	for name, happens := range map[string]func(*world){
		"extended": func(w *world) {
			_, err := w.engine.ExtendProject(t.Context(), w.org, "alpha", provision.Extension{Until: w.now.Add(60 * day)}, rootCause())
			w.must(err)
		},
		"ended early": func(w *world) {
			_, err := w.engine.EndProject(t.Context(), w.org, "alpha", rootCause())
			w.must(err)
		},
		"over by now": func(w *world) { w.now = w.now.Add(7 * day) },
	} {
		for _, subject := range []string{yourProject, theProject} {
			w := warned(t)
			happens(w)
			if got := w.posted(subject); len(got) != 0 {
				t.Errorf("%s: %q went to %v", name, subject, got)
			}
			if got := w.letters(mail.KindExpiring, "project/alpha/2026-12-01"); len(got) != 0 {
				t.Errorf("%s: there still are %v", name, got)
			}
		}
	}
}

func TestWhoHasLeftAProjectIsNotWarnedOfItsEnd(t *testing.T) {
	w := warned(t)
	w.act(w.engine.Suspend, w.of("okta", "bea"))
	if got := w.posted(yourProject); !slices.Equal(got, []string{"ann@acme.com"}) {
		t.Errorf("told %v", got)
	}
}

func TestNobodyIsWarnedOfAnApprovalThatWasTakenBack(t *testing.T) {
	for _, back := range []bool{false, true} {
		w := permittedWorld(t)
		r, err := w.ask("ann", "agents.create")
		w.must(err)
		ends := w.now.Add(30 * day)
		_, err = w.engine.ApproveRequest(t.Context(), w.org, r.ID, 30*day, rootCause())
		w.must(err)
		w.posted("")
		w.now = ends.Add(-6 * day)
		w.idle()
		want := []string{"ann@acme.com"}
		if back {
			_, err = w.engine.EndRequest(t.Context(), w.org, r.ID, rootCause())
			w.must(err)
			want = nil
		}
		if got := w.posted("Acme Inc.: your permission to use agents.create ends on " + ends.Format("2 January 2006")); !slices.Equal(got, want) {
			t.Errorf("taken back %v: told %v", back, got)
		}
	}
}

func TestAdminsAreNotAskedForWhatWasDecided(t *testing.T) {
	for _, decided := range []bool{false, true} {
		w := permittedWorld(t)
		r, err := w.ask("ann", "agents.create")
		w.must(err)
		want := []string{"root@acme.com"}
		if decided {
			_, err = w.engine.RefuseRequest(t.Context(), w.org, r.ID, rootCause())
			w.must(err)
			want = nil
		}
		if got := w.posted("ann waits for your approval at Acme Inc."); !slices.Equal(got, want) {
			t.Errorf("decided %v: asked %v", decided, got)
		}
	}
}

func TestALetterThatWaitsSaysWhatIsSoWhenItGoes(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	until, department := w.now.Add(20*day), "sales"
	_, err := w.engine.ExtendInvitation(t.Context(), w.on(g), until)
	w.must(err)
	_, err = w.engine.EditInvitation(t.Context(), w.on(g), provision.InvitationEdit{Department: &department})
	w.must(err)
	for _, m := range w.mailed() {
		for _, words := range []string{department, until.UTC().Format("2 January 2006")} {
			if m.To == g.Invited.Email && !strings.Contains(m.Text, words) {
				t.Errorf("%q is not in the letter:\n%s", words, m.Text)
			}
		}
	}
}

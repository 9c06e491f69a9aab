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

// lettersIn is a world with one letter in each state in which an admin may find one, by what is so of it.
func lettersIn(t *testing.T) (*glassWorld, map[string]*directory.Mail) {
	w := newGlassWorld(t)
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		switch m.To {
		case "failed@acme.com":
			return directory.Errorf(directory.Invalid, "550 no such mailbox")
		case "late@acme.com":
			return directory.Errorf(directory.Unavailable, "The mail server is down.")
		}
		return nil
	}
	day := approved("day@acme.com", "")
	day.Due, day.Waits = w.now.Add(24*time.Hour), "max_per_day, the limit of a day, leaves no room"
	soon := approved("soon@acme.com", "")
	soon.Due = w.now.Add(10 * time.Minute)
	w.queue(approved("sent@acme.com", ""), approved("failed@acme.com", ""), day, soon)
	w.mailAll(2)
	w.queue(approved("late@acme.com", "")) // the last, since a server that is down keeps all others waiting
	w.mailAll(3)
	letters := map[string]*directory.Mail{}
	list, _, err := w.engine.ListMails(t.Context(), w.org, "", directory.NoID, 10)
	w.must(err)
	for _, m := range list {
		letters[strings.TrimSuffix(m.To, "@acme.com")] = m
	}
	return w, letters
}

type mailAct func(*provision.Engine, context.Context, directory.OrgNum, directory.ID, directory.Cause) (*directory.Mail, error)

func TestWhichMailIsRetriedAndWhichIsDropped(t *testing.T) {
	const taken = "The mail server has taken the mail; it is not sent twice, and cannot be dropped."
	for name, test := range map[string]struct {
		act     mailAct
		kind    string
		refused map[string]string // by letter, what is said
		left    string
	}{
		"retry": {
			act: (*provision.Engine).RetryMail, kind: "mail.retried",
			refused: map[string]string{
				"sent": taken,
				"day":  "and is sent then: max_per_day, the limit of a day, leaves no room.",
				"soon": "The mail is not late: it is due at ",
			},
			left: "sent sent 1; failed queued 0 550 no such mailbox; day queued 0; soon queued 0; late queued 1 The mail server is down.",
		},
		"drop": {act: (*provision.Engine).DropMail, kind: "mail.dropped", refused: map[string]string{"sent": taken}, left: "sent sent 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w, letters := lettersIn(t)
			for _, of := range []string{"sent", "failed", "day", "soon", "late"} {
				m := letters[of]
				if _, err := test.act(w.engine, t.Context(), w.org+1, m.ID, rootCause()); directory.KindOf(err) != directory.NotFound {
					t.Errorf("%s, by another organization: %v", of, err)
				}
				got, err := test.act(w.engine, t.Context(), w.org, m.ID, rootCause())
				if words := test.refused[of]; words != "" {
					if directory.KindOf(err) != directory.Conflict || !strings.Contains(err.Error(), words) {
						t.Errorf("%s: got %v, want a conflict with %q", of, err, words)
					}
					continue
				}
				w.must(err)
				if got.To != m.To || got.Data != nil {
					t.Errorf("%s: the answer is %+v", of, got)
				}
				line := w.lastLine()
				if note := strings.Join(line.Notes, " "); line.Kind != test.kind || line.Cause.Actor != "root" || !strings.Contains(note, m.To) || !strings.HasSuffix(note, ": test") {
					t.Errorf("%s is told as %s: %q", of, line.Kind, note)
				}
			}
			if got := strings.ReplaceAll(strings.Join(w.states(), "; "), "@acme.com", ""); got != test.left {
				t.Errorf("there are %s, want %s", got, test.left)
			}
		})
	}
}

// After an outage nobody waits for the end of a pause of an hour.
func TestALateMailThatIsRetriedIsSentAtOnce(t *testing.T) {
	w, letters := lettersIn(t)
	var sent []string
	w.engine.Mail = func(_ context.Context, m *mail.Message) error { sent = append(sent, m.To); return nil }
	w.mailAll(3)
	_, err := w.engine.RetryMail(t.Context(), w.org, letters["late"].ID, rootCause())
	w.must(err)
	w.mailAll(2)
	if strings.Join(sent, " ") != "late@acme.com" {
		t.Errorf("mail went to %v", sent)
	}
	if got := strings.Join(w.states(), "; "); !strings.Contains(got, "late@acme.com sent 2") {
		t.Errorf("the tries are not counted: %s", got)
	}
}

func TestWhatWasDroppedIsNeitherSentNorInTheWayOfItsLike(t *testing.T) {
	w, letters := lettersIn(t)
	_, err := w.engine.DropMail(t.Context(), w.org, letters["late"].ID, rootCause())
	w.must(err)
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		if m.To == "late@acme.com" {
			t.Error("it is sent")
		}
		return nil
	}
	w.pass(2 * time.Hour)
	w.mailAll(1) // that of the next day
	w.queue(approved("late@acme.com", ""))
	if got := strings.Join(w.states(), "; "); !strings.HasSuffix(got, "late@acme.com queued 0") {
		t.Errorf("the same thing is not mailed anew: %s", got)
	}
}

// An invitation whose letter was dropped says so, and goes on as one whose letter the mail server did not take.
func TestAnInvitationSaysThatItsLetterWasDropped(t *testing.T) {
	for name, test := range map[string]struct {
		server error // what the mail server says; nil where it is not asked
		want   string
	}{
		"waiting":  {nil, "the letter was dropped: test"},
		"given up": {directory.Errorf(directory.Invalid, "550 no such mailbox"), "the letter was dropped: 550 no such mailbox"},
	} {
		w := newInviteWorld(t, invites)
		g := w.bea()
		if test.server != nil {
			w.engine.Mail = func(context.Context, *mail.Message) error { return test.server }
			_, err := w.engine.SendMail(t.Context())
			w.must(err)
		}
		_, err := w.engine.DropMail(t.Context(), w.org, g.Invited.Letter, rootCause())
		w.must(err)
		if now := w.invitation(g); now.State != directory.InvitationPending || now.Invited.Mailed != test.want {
			t.Errorf("%s: the invitation is %s: %q", name, now.State, now.Invited.Mailed)
		}
		w.mails, w.engine.Mail = nil, func(_ context.Context, m *mail.Message) error { w.mails = append(w.mails, m); return nil }
		_, err = w.engine.ResendInvitation(t.Context(), w.on(w.invitation(g)))
		w.must(err)
		if sent := w.mailed(); len(sent) != 1 || w.invitation(g).Invited.Mailed != "" {
			t.Errorf("%s: sending again sends %d letters, and the invitation says %q", name, len(sent), w.invitation(g).Invited.Mailed)
		}
	}
}

func TestALetterThatIsDroppedGivesItsDayBack(t *testing.T) {
	w := newInviteWorld(t, pushedLimits(1, 1))
	tomorrow := w.now.Truncate(dayLong).Add(dayLong)
	w.push("a", "b")
	g := w.pending("b@acme.com")
	if !g.Invited.Goes.Equal(tomorrow) {
		t.Fatalf("the letter to b goes out at %s", g.Invited.Goes)
	}
	_, err := w.engine.DropMail(t.Context(), w.org, g.Invited.Letter, rootCause())
	w.must(err)
	if goes := w.pending("b@acme.com").Invited.Goes; !goes.IsZero() {
		t.Errorf("the invitation of b still waits for %s", goes)
	}
	w.create("okta", "d", person("d"))
	w.add("Everyone", "d")
	w.idle()
	if goes := w.pending("d@acme.com").Invited.Goes; !goes.Equal(tomorrow) {
		t.Errorf("the letter to d goes out at %s, want %s: nobody else's does any more", goes, tomorrow)
	}
}

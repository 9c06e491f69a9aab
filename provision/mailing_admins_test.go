package provision_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// told returns how many letters went to an address whose subject or body has a text.
func (w *glassWorld) toldOf(to, text string) int {
	w.t.Helper()
	n := 0
	for _, m := range w.mails(to) {
		if strings.Contains(strings.ReplaceAll(m, "=\r\n", ""), text) {
			n++
		}
	}
	return n
}

func TestAdminsAreToldOfAThingOnceADay(t *testing.T) {
	w := newGlassWorld(t)
	about := mail.Notice{About: "the token soon expires", Text: "The token expires."}
	for range 3 {
		w.must(w.engine.TellAdmins(t.Context(), w.org, "token/1", about))
	}
	w.must(w.engine.TellAdmins(t.Context(), w.org, "token/2", about))
	w.mailAll(0)
	for _, to := range []string{"root@acme.com", "second@acme.com", "it@acme.com"} {
		if n := w.toldOf(to, "the token soon expires"); n != 2 {
			t.Errorf("%s was told %d times of two tokens", to, n)
		}
	}
	w.pass(24 * time.Hour)
	w.must(w.engine.TellAdmins(t.Context(), w.org, "token/1", about))
	w.mailAll(0)
	if n := w.toldOf("it@acme.com", "the token soon expires"); n != 3 {
		t.Errorf("a day later told %d times", n)
	}
}

func TestAdminsAreToldOfAHold(t *testing.T) {
	w := newGlassWorld(t)
	w.deactivate("root")
	w.deactivate("second")
	w.mailAll(0)
	for _, to := range []string{"second@acme.com", "it@acme.com"} {
		if n := w.toldOf(to, "The last active admin would go"); n != 1 {
			t.Errorf("%s was told %d times: %q", to, n, w.mails(to))
		}
	}
	if n := w.toldOf("root@acme.com", "The last active admin"); n != 0 {
		t.Error("somebody who is suspended was told")
	}
}

func TestWithoutAMailServerNoticesLeaveNothingBehind(t *testing.T) {
	w := newGlassWorld(t)
	w.engine.Mail = nil
	w.must(w.engine.TellAdmins(t.Context(), w.org, "token/1", mail.Notice{About: "a", Text: "b"}))
	w.mailAll(0)
	if got := w.states(); len(got) != 0 {
		t.Errorf("what the log says is listed, too: %v", got)
	}
}

func TestEverybodyIsWelcomedWhereTheFileSaysSo(t *testing.T) {
	policy := glass + "mail: {welcome: everybody, resources: [{name: Playbook, url: \"https://wiki.acme.com/p\"}]}\n" +
		"permission_sets: {tools: {ai_models: [claude-4, gpt-4], integrations: [github, slack], file_upload_limit: 500MB, agent_creation: admin_approval}}\n"
	policy = strings.Replace(policy, "role: member, department: engineering", "role: member, permission_sets: [tools], department: engineering", 1)
	w := newGlassWorld(t)
	w.mailAll(0)
	before := len(w.server.Mails())
	w.activate(policy)
	w.mailAll(0)
	if n := len(w.server.Mails()); n != before {
		t.Errorf("%d who were members before were welcomed", n-before)
	}
	w.create("okta", "ann", person("ann"))
	w.mailAll(1)
	if n := len(w.mails("ann@acme.com")); n != 0 {
		t.Errorf("ann was welcomed before her groups came")
	}
	w.group("okta", "Engineering", "ann")
	w.now = w.now.Add(11 * time.Minute)
	w.mailAll(0)
	m := strings.Join(w.mails("ann@acme.com"), "\n")
	for _, want := range []string{"Welcome to Acme Inc.", "claude-4, gpt-4", "use these integrations: github, slack", "500MB", "each after an admin", "run all agents", "https://wiki.acme.com/p"} {
		if !strings.Contains(strings.ReplaceAll(m, "=\r\n", ""), want) {
			t.Errorf("the welcome does not say %q:\n%s", want, m)
		}
	}
	w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
	w.replace("okta", "ann", person("ann"))
	w.mailAll(0)
	if n := len(w.mails("ann@acme.com")); n != 1 {
		t.Errorf("ann was welcomed %d times", n)
	}
	w.activate(strings.Replace(policy, "everybody,", "nobody,", 1))
	w.create("okta", "bob", person("bob"))
	w.group("okta", "Everyone", "bob")
	w.now = w.now.Add(11 * time.Minute)
	w.mailAll(0)
	if n := len(w.mails("bob@acme.com")); n != 0 {
		t.Errorf("bob got %d mails where nobody is welcomed", n)
	}
}

// Who asked to join is let in, and hears of it; the admins hear of the asking.
func TestWhoAsksToJoinIsToldToAdminsAndHearsOfTheApproval(t *testing.T) {
	w := newGlassWorld(t)
	ann := w.loginOf("okta", "ann")
	ann.Addresses[0].Value = "ann@acme.org"
	if r := w.signIn(ann); r.In() {
		t.Fatalf("let in as %+v", r)
	}
	w.signIn(ann)
	w.mailAll(0)
	if n := w.toldOf("it@acme.com", "ann waits for your approval"); n != 1 {
		t.Errorf("the help desk was told %d times: %q", n, w.mails("it@acme.com"))
	}
	w.act(w.engine.Approve, w.one("ann@acme.org"))
	w.mailAll(0)
	if n := w.toldOf("ann@acme.org", "You can sign in"); n != 1 || w.one("ann@acme.org").Status != directory.StatusActive {
		t.Errorf("ann was told %d times: %q", n, w.mails("ann@acme.org"))
	}
}

// What the mail server says of an invitation's letter stands at the invitation, and goes when a retry is taken.
func TestARefusedInvitationSaysWhatTheServerSaid(t *testing.T) {
	w := newInviteWorld(t, invites)
	w.engine.Mail = func(context.Context, *mail.Message) error {
		return directory.Errorf(directory.Invalid, "The mail server refuses the mail for good (550).")
	}
	g := w.bea()
	if left, err := w.engine.SendMail(t.Context()); left != 0 || err != nil {
		t.Fatalf("%d wait (%v)", left, err)
	}
	if now := w.invitation(g); now.State != directory.InvitationPending || now.Invited.Mailed != "The mail server refuses the mail for good (550)." {
		t.Errorf("the invitation is %+v", now.Invited)
	}
	if e := w.lastLine(); e.Kind != "invitation.undelivered" || e.Subjects[0].ID != g.Member {
		t.Errorf("told as %+v", e)
	}
	failed, _, err := w.engine.ListMails(t.Context(), w.org, directory.MailFailed, directory.NoID, 10)
	w.must(err)
	if len(failed) != 1 || failed[0].About != g.ID {
		t.Fatalf("the dead letters are %+v", failed)
	}
	sent := 0
	w.engine.Mail = func(context.Context, *mail.Message) error { sent++; return nil }
	_, err = w.engine.RetryMail(t.Context(), w.org, failed[0].ID, rootCause())
	w.must(err)
	if _, err := w.engine.SendMail(t.Context()); err != nil || sent != 1 || w.invitation(g).Invited.Mailed != "" {
		t.Errorf("after the retry %d were sent, and the invitation says %q (%v)", sent, w.invitation(g).Invited.Mailed, err)
	}
}

// A link that does not work any more is not mailed.
func TestALetterOfAnInvitationThatIsOverIsNotSent(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error {
		row, err := tx.Invitation(w.org, g.ID)
		if err != nil {
			return err
		}
		row.State = directory.InvitationCancelled
		return tx.PutGrants([]*directory.Grant{row})
	}))
	if sent := w.mailed(); len(sent) != 0 {
		t.Errorf("%d mails were sent", len(sent))
	}
}

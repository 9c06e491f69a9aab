package provision_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// invites is the policy of these tests: it has permission sets, caps, and a rule for a department.
var invites = acme + `
permission_sets: {tools: {integrations: [github]}, secrets: {integrations: [vault]}}
invitations: {expires: 7d, reminders: [2d, 5d], max_resends: 2}
`

// inviteRules are invites with more rules.
func inviteRules(rules string) string {
	return strings.Replace(invites, "  - {name: everyone,", rules+"  - {name: everyone,", 1)
}

// inviteWorld is a world whose mails are kept.
type inviteWorld struct {
	*world
	mails []*mail.Message
}

func newInviteWorld(t *testing.T, policy string) *inviteWorld {
	t.Helper()
	w := &inviteWorld{world: newWorld(t, policy)}
	w.engine.PlanKey = make([]byte, 32)
	w.engine.PublicURL = "https://usher.example"
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		w.mails = append(w.mails, m)
		return nil
	}
	return w
}

func (w *inviteWorld) cause() directory.Cause {
	return directory.Cause{Kind: directory.CauseAdmin, ID: "r1", Actor: "root@acme.com", Reason: "they start on Monday"}
}

func (w *inviteWorld) inviteAll(in provision.Invites) []provision.InviteResult {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	in.Org, in.Cause = w.org, w.cause()
	results, err := w.engine.Invite(w.t.Context(), in)
	w.must(err)
	return results
}

func (w *inviteWorld) invite(in provision.Invite) provision.InviteResult {
	w.t.Helper()
	return w.inviteAll(provision.Invites{People: []provision.Invite{in}})[0]
}

// bea is invited as a member of engineering.
func (w *inviteWorld) bea() *directory.Grant {
	w.t.Helper()
	r := w.invite(provision.Invite{Email: "Bea@acme.com", Role: "member", Department: "Eng", FirstName: "Bea", LastName: "Example"})
	if r.Code != provision.InviteSent {
		w.t.Fatalf("bea is %s: %v", r.Code, r.Problem)
	}
	return r.Invitation
}

func (w *inviteWorld) on(g *directory.Grant) provision.InvitationAct {
	return provision.InvitationAct{Org: w.org, Cause: w.cause(), ID: g.ID}
}

func (w *inviteWorld) invitation(g *directory.Grant) *directory.Grant {
	w.t.Helper()
	var now *directory.Grant
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		now, err = tx.Invitation(w.org, g.ID)
		return err
	}))
	return now
}

func (w *inviteWorld) wantState(g *directory.Grant, state string) {
	w.t.Helper()
	if now := w.invitation(g); now.State != state {
		w.t.Errorf("the invitation is %s, want %s", now.State, state)
	}
}

// mailed sends what waits, and returns the mails since the last time as "kind-ish subject → address".
func (w *inviteWorld) mailed() []*mail.Message {
	w.t.Helper()
	w.mails = nil
	_, err := w.engine.SendMail(w.t.Context())
	w.must(err)
	return w.mails
}

var inMail = regexp.MustCompile(`https://usher\.example/invitations/([A-Za-z0-9_-]+)`)

// link returns the hash of the secret in the one mail that has one since the last time.
func (w *inviteWorld) link() [32]byte {
	w.t.Helper()
	var found []string
	for _, m := range w.mailed() {
		if x := inMail.FindStringSubmatch(m.Text); x != nil {
			found = append(found, x[1])
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("%d mails have a link, want one", len(found))
	}
	return provision.InvitationLink(found[0])
}

// accept accepts by a code at the invited address.
func (w *inviteWorld) accept(link [32]byte) (*directory.Member, error) {
	w.t.Helper()
	if err := w.askInviteCode(link, "laptop", w.now.String()); err != nil {
		return nil, err
	}
	_, code := w.codeMail()
	r, err := w.enterInviteCode(link, code, "laptop")
	if err != nil {
		return nil, err
	}
	return r.Member, nil
}

func (w *inviteWorld) wantKind(err error, kind directory.Kind, words string) {
	w.t.Helper()
	if directory.KindOf(err) != kind || err == nil || !strings.Contains(err.Error(), words) {
		w.t.Errorf("got %v, want %s with %q", err, kind, words)
	}
}

func TestAnInvitedPersonIsMailedALinkAndAcceptsByIt(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	w.expect(w.one("bea@acme.com"), directory.StatusInvited, "member", "engineering")
	line := w.lastLine()
	if line.Kind != "invitation.sent" || line.Cause.Actor != "root@acme.com" || line.Cause.Reason == "" || len(line.Effects) == 0 {
		t.Errorf("told as %+v", line)
	}
	link := w.link()
	if to := w.mails[0].To; to != "Bea@acme.com" {
		t.Errorf("the mail is to %s", to)
	}
	open, err := w.engine.FollowLink(t.Context(), link, nil)
	if err != nil || open.State != provision.LinkWorks || open.Org != "acme" || open.Name != "Acme Inc." || open.Invitation.ID != g.ID {
		t.Errorf("the link leads to %+v, %v", open, err)
	}
	m, err := w.accept(link)
	w.must(err)
	w.expect(m, directory.StatusActive, "member", "engineering")
	if d := m.Decision; d.Name != "Bea Example" || d.Email != "Bea@acme.com" || m.Joined.IsZero() {
		t.Errorf("she is %q, %s, joined %s", d.Name, d.Email, m.Joined)
	}
	w.wantState(g, directory.InvitationAccepted)
	if n := w.told("invitation.accepted"); n != 1 {
		t.Errorf("told %d times", n)
	}
	if mails := w.mailed(); len(mails) != 1 || !strings.Contains(mails[0].Subject, "Welcome") && !strings.Contains(mails[0].Text, "elcome") {
		t.Errorf("%d mails greet her", len(mails))
	}
	_, err = w.accept(link)
	w.wantKind(err, directory.Conflict, "accepted")
	_, err = w.accept([32]byte{1})
	w.wantKind(err, directory.NotFound, "no invitation")
	w.settleAll()
	w.expect(w.one("bea@acme.com"), directory.StatusActive, "member", "engineering")
}

func TestNobodyIsInvitedTwice(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	again := w.invite(provision.Invite{Email: "bea@acme.com", Role: "admin"})
	if again.Code != provision.InviteInvited || again.Invitation.ID != g.ID {
		t.Errorf("again: %+v", again)
	}
	twice := w.inviteAll(provision.Invites{People: []provision.Invite{{Email: "cid@acme.com", Role: "viewer"}, {Email: "CID@acme.com", Role: "member"}}})
	if twice[0].Code != provision.InviteSent || twice[1].Code != provision.InviteInvited {
		t.Errorf("twice at once: %s, %s", twice[0].Code, twice[1].Code)
	}
	if n := len(w.members("cid@acme.com")); n != 1 {
		t.Errorf("%d people are cid", n)
	}
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	if r := w.invite(provision.Invite{Email: "ann@acme.com", Role: "admin"}); r.Code != provision.InviteMember || r.Member.Decision.Role != "viewer" {
		t.Errorf("a member: %+v", r)
	}
	w.act(w.engine.Suspend, w.one("ann@acme.com"))
	if r := w.invite(provision.Invite{Email: "ann@acme.com", Role: "admin"}); r.Code != provision.InviteRefused || !strings.Contains(r.Problem.Message, "reactivate") {
		t.Errorf("a suspended member: %+v", r)
	}
	w.create("okta", "dan", person("dan"))
	if r := w.invite(provision.Invite{Email: "dan@acme.com", Role: "admin"}); r.Code != provision.InviteRefused || !strings.Contains(r.Problem.Message, "directory") {
		t.Errorf("somebody of the directory whom no rule admits: %+v", r)
	}
	if mails := w.mailed(); len(mails) != 2 {
		t.Errorf("%d mails, want bea's and cid's", len(mails))
	}
}

func TestWhatIsWrongWithAnInvitationIsSaid(t *testing.T) {
	w := newInviteWorld(t, invites)
	for _, c := range []struct {
		in           provision.Invite
		field, words string
	}{
		{provision.Invite{Role: "member"}, "email", "no address"},
		{provision.Invite{Email: "bea", Role: "member"}, "email", "not an email address"},
		{provision.Invite{Email: "Bea <bea@acme.com>", Role: "member"}, "email", "not an email address"},
		{provision.Invite{Email: "bea@acme.com\r\nBcc: x@y.zz", Role: "member"}, "email", "not an email address"},
		{provision.Invite{Email: "bea@acme", Role: "member"}, "email", "not an email address"},
		{provision.Invite{Email: strings.Repeat("b", 250) + "@acme.com", Role: "member"}, "email", "too long"},
		{provision.Invite{Email: "bea@acme.com"}, "role", "viewer, member, admin"},
		{provision.Invite{Email: "bea@acme.com", Role: "owner"}, "role", `no role "owner"`},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Department: "Magic"}, "department", `"Magic"`},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Access: "some"}, "access", "full, limited or custom"},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Access: directory.AccessCustom}, "permission_sets", "at least one"},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Access: directory.AccessLimited, Sets: []string{"tools"}}, "permission_sets", "custom access"},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Sets: []string{"magic"}}, "permission_sets", `"magic"`},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Message: strings.Repeat("ä", 2001)}, "message", "2001"},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Message: "a\u202eb"}, "message", "cannot be shown"},
		{provision.Invite{Email: "bea@acme.com", Role: "member", FirstName: "Bea\n"}, "first_name", "cannot be shown"},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Manager: "BEA@acme.com"}, "manager_email", "own manager"},
		{provision.Invite{Email: "bea@acme.com", Role: "member", Lasts: time.Minute}, "expires", "1h"},
	} {
		r := w.invite(c.in)
		if r.Code != provision.InviteRefused || r.Problem.Field != c.field || !strings.Contains(r.Problem.Message, c.words) {
			t.Errorf("%+v: %s, %v, want %s with %q", c.in, r.Code, r.Problem, c.field, c.words)
		}
	}
	if n := len(w.members("bea@acme.com")); n != 0 || len(w.mailed()) != 0 {
		t.Errorf("%d people and %d mails came of it", n, len(w.mails))
	}
}

func TestADryRunAndOneThatIsAtomicLeaveNothingBehind(t *testing.T) {
	w := newInviteWorld(t, invites)
	good, bad := provision.Invite{Email: "bea@acme.com", Role: "member"}, provision.Invite{Email: "cid@acme.com", Role: "king"}
	codes := func(in provision.Invites) string {
		var list []string
		for _, r := range w.inviteAll(in) {
			list = append(list, string(r.Code))
		}
		return strings.Join(list, " ")
	}
	before := w.lastEntry()
	if got := codes(provision.Invites{People: []provision.Invite{good, bad}, DryRun: true}); got != "invited refused" {
		t.Errorf("dry: %s", got)
	}
	if got := codes(provision.Invites{People: []provision.Invite{good, bad}, Atomic: true}); got != "not_done refused" {
		t.Errorf("atomic: %s", got)
	}
	if w.lastEntry() != before || len(w.members("bea@acme.com")) != 0 || len(w.mailed()) != 0 {
		t.Error("something was left behind")
	}
	if got := codes(provision.Invites{People: []provision.Invite{good, bad}}); got != "invited refused" {
		t.Errorf("in earnest: %s", got)
	}
}

func TestAnInvitationWaitsForAnApproval(t *testing.T) {
	policy := strings.Replace(invites, "expires: 7d", "require_approval: true, expires: 7d", 1)
	w := newInviteWorld(t, policy)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "IT Admins", "ann")
	r := w.invite(provision.Invite{Email: "bea@acme.com", Role: "member"})
	if r.Code != provision.InviteAwaits {
		t.Fatalf("bea is %s", r.Code)
	}
	w.expect(w.one("bea@acme.com"), directory.StatusNone, "", "")
	if mails := w.mailed(); len(mails) != 1 || mails[0].To != "ann@acme.com" || !strings.Contains(mails[0].Text, "usher invitations approve") {
		t.Errorf("asked by %d mails", len(mails))
	}
	if again := w.invite(provision.Invite{Email: "bea@acme.com", Role: "admin"}); again.Code != provision.InviteInvited {
		t.Errorf("again: %s", again.Code)
	}
	for what, act := range map[string]func(context.Context, provision.InvitationAct) (*directory.Grant, error){
		"resent": w.engine.ResendInvitation, "reminded": w.engine.RemindInvitation,
	} {
		if _, err := act(t.Context(), w.on(r.Invitation)); directory.KindOf(err) != directory.Conflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	g, err := w.approve("ann@acme.com", r.Invitation)
	if err != nil || g.State != directory.InvitationPending {
		t.Fatalf("approved: %+v, %v", g, err)
	}
	w.expect(w.one("bea@acme.com"), directory.StatusInvited, "member", "")
	w.link()
	_, err = w.engine.RejectInvitation(t.Context(), w.on(r.Invitation))
	w.wantKind(err, directory.Conflict, "cannot be rejected")

	cid := w.invite(provision.Invite{Email: "cid@acme.com", Role: "member"})
	_, err = w.engine.RejectInvitation(t.Context(), w.on(cid.Invitation))
	w.must(err)
	w.wantState(cid.Invitation, directory.InvitationDeclined)
	if line := w.lastLine(); line.Kind != "invitation.rejected" || line.Cause.Reason == "" {
		t.Errorf("told as %+v", line)
	}
	if again := w.invite(provision.Invite{Email: "cid@acme.com", Role: "member"}); again.Code != provision.InviteAwaits || again.Member.ID != cid.Member.ID {
		t.Errorf("invited after a rejection: %s, the same person %t", again.Code, again.Member.ID == cid.Member.ID)
	}
}

func TestAResentInvitationHasANewLinkAndTheOldOneIsDead(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	first := w.link()
	for n := range 2 {
		w.pass(time.Hour)
		_, err := w.engine.ResendInvitation(t.Context(), w.on(g))
		w.must(err)
		if now := w.invitation(g); now.Invited.Resent != n+1 || !now.Invited.Expires.Equal(w.now.Add(7*24*time.Hour)) {
			t.Errorf("resent %d times, until %s", now.Invited.Resent, now.Invited.Expires)
		}
	}
	second := w.link() // the mail of the first resend was overtaken before it was sent
	_, err := w.accept(first)
	w.wantKind(err, directory.Conflict, "newer mail")
	_, err = w.engine.ResendInvitation(t.Context(), w.on(g))
	w.wantKind(err, directory.Conflict, "max_resends")
	_, err = w.accept(second)
	w.must(err)
	_, err = w.engine.ResendInvitation(t.Context(), w.on(g))
	w.wantKind(err, directory.Conflict, "was accepted")
}

func TestRemindersComeByTheScheduleAndByHandAndEveryLinkWorks(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	first := w.link()
	_, err := w.engine.RemindInvitation(t.Context(), w.on(g))
	w.wantKind(err, directory.Conflict, "can be sent from")
	w.pass(47 * time.Hour)
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails before the first reminder", n)
	}
	w.pass(time.Hour)
	w.link()
	w.pass(time.Hour)
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails after the first reminder", n)
	}
	_, err = w.engine.RemindInvitation(t.Context(), w.on(g))
	w.must(err)
	w.link()
	w.pass(3 * 24 * time.Hour)
	w.link()
	if now := w.invitation(g); now.Invited.Reminded != 3 || !now.Invited.Due.Equal(now.Invited.Expires) {
		t.Errorf("reminded %d times, due %s", now.Invited.Reminded, now.Invited.Due)
	}
	_, err = w.accept(first)
	w.must(err)
	w.mailed()
	w.pass(30 * 24 * time.Hour)
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails after she had come", n)
	}
}

// Nobody is written to at the weekend: what became due then is one reminder on Monday.
func TestRemindersWaitForTheHoursOfTheOrganization(t *testing.T) {
	w := newInviteWorld(t, strings.Replace(invites, "invitations: {", "invitations: {remind_at: 0 9 * * 1-5, ", 1))
	w.now = time.Date(2026, 10, 22, 16, 0, 0, 0, time.UTC) // a Thursday
	g := w.bea()
	w.link()
	monday := time.Date(2026, 10, 26, 9, 0, 0, 0, time.UTC)
	w.pass(monday.Add(-time.Minute).Sub(w.now))
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails before the hour", n)
	}
	if due := w.invitation(g).Invited.Due; !due.Equal(monday) {
		t.Errorf("due %s, want %s", due, monday)
	}
	w.pass(time.Minute)
	w.link()
	w.pass(time.Hour)
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails more", n)
	}
}

func TestAnInvitationExpiresAndIsOpenedAgainByANewLink(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	link := w.link()
	w.now = w.now.Add(7 * 24 * time.Hour) // the worker has not seen it yet
	_, err := w.accept(link)
	w.wantKind(err, directory.Conflict, "has expired")
	w.idle()
	w.wantState(g, directory.InvitationExpired)
	if m := w.one("bea@acme.com"); m.Status != directory.StatusNone {
		t.Errorf("she is %s", m.Status)
	}
	if line := w.lastLine(); line.Kind != "invitation.expired" || line.Cause.Kind != directory.CauseTime {
		t.Errorf("told as %+v", line)
	}
	_, err = w.accept(link)
	w.wantKind(err, directory.Conflict, "has expired")
	_, err = w.engine.ExtendInvitation(t.Context(), w.on(g), w.now.Add(time.Hour))
	w.wantKind(err, directory.Conflict, "send it again")
	_, err = w.engine.ResendInvitation(t.Context(), w.on(g))
	w.must(err)
	w.expect(w.one("bea@acme.com"), directory.StatusInvited, "member", "engineering")
	m, err := w.accept(w.link())
	w.must(err)
	w.expect(m, directory.StatusActive, "member", "engineering")
}

func TestAnExpiredInvitationIsNotOpenedBesideAnother(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	w.pass(8 * 24 * time.Hour)
	if r := w.invite(provision.Invite{Email: "bea@acme.com", Role: "viewer"}); r.Code != provision.InviteSent {
		t.Fatalf("invited anew: %s", r.Code)
	}
	_, err := w.engine.ResendInvitation(t.Context(), w.on(g))
	w.wantKind(err, directory.Conflict, "invited anew")
}

func TestAnInvitationIsExtended(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	link := w.link()
	for _, until := range []time.Time{w.now, w.now.Add(91 * 24 * time.Hour)} {
		_, err := w.engine.ExtendInvitation(t.Context(), w.on(g), until)
		w.wantKind(err, directory.Invalid, "nvitation")
	}
	_, err := w.engine.ExtendInvitation(t.Context(), w.on(g), w.now.Add(60*24*time.Hour))
	w.must(err)
	w.pass(59 * 24 * time.Hour)
	_, err = w.accept(link)
	w.must(err)
}

func TestAnInvitationIsEdited(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	link := w.link()
	role, department, custom, sets := "admin", "sales", directory.AccessCustom, []string{"tools"}
	_, err := w.engine.EditInvitation(t.Context(), w.on(g), provision.InvitationEdit{Role: &role, Department: &department, Access: &custom, Sets: &sets})
	w.must(err)
	w.expect(w.one("bea@acme.com"), directory.StatusInvited, "admin", "sales")
	king := "king"
	_, err = w.engine.EditInvitation(t.Context(), w.on(g), provision.InvitationEdit{Role: &king})
	w.wantKind(err, directory.Invalid, "king")
	m, err := w.accept(link)
	w.must(err)
	if d := m.Decision; d.Role != "admin" || !slices.Equal(d.PermissionSets, sets) {
		t.Errorf("she is %s with %v", d.Role, d.PermissionSets)
	}
	if r := d0(m, "permission_sets"); r.Source != directory.SourceInvitation || r.At != "acme.yaml:26" || !strings.Contains(r.Because, "root@acme.com") {
		t.Errorf("because %+v", r)
	}
	_, err = w.engine.EditInvitation(t.Context(), w.on(g), provision.InvitationEdit{Role: &role})
	w.wantKind(err, directory.Conflict, "was accepted")
}

// d0 returns the first reason of a field.
func d0(m *directory.Member, field string) directory.Reason {
	for _, r := range m.Decision.Reasons {
		if r.Field == field {
			return r
		}
	}
	return directory.Reason{}
}

func TestACancelledInvitationIsDead(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	link := w.link()
	_, err := w.engine.CancelInvitation(t.Context(), w.on(g))
	w.must(err)
	w.wantState(g, directory.InvitationCancelled)
	if m := w.one("bea@acme.com"); m.Status != directory.StatusNone {
		t.Errorf("she is %s", m.Status)
	}
	_, err = w.accept(link)
	w.wantKind(err, directory.Conflict, "taken back")
	_, err = w.engine.CancelInvitation(t.Context(), w.on(g))
	w.wantKind(err, directory.Conflict, "was cancelled")
	w.want(w.signIn(w.loginOf("okta", "bea")), provision.LoginNotPushed)
	unknown := provision.InvitationAct{Org: w.org, Cause: w.cause(), ID: directory.ID{1}}
	_, err = w.engine.CancelInvitation(t.Context(), unknown)
	w.wantKind(err, directory.NotFound, "no invitation")
}

func TestADeclinedInvitationIsOver(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	link := w.link()
	w.must(w.engine.DeclineInvitation(t.Context(), provision.Acceptance{Link: link, Request: "r3", Method: "link"}))
	w.wantState(g, directory.InvitationDeclined)
	_, err := w.accept(link)
	w.wantKind(err, directory.Conflict, "was declined")
}

func TestSuspendingAnInvitedPersonCancelsTheInvitation(t *testing.T) {
	for name, act := range map[string]func(*inviteWorld) actFunc{
		"suspended": func(w *inviteWorld) actFunc { return w.engine.Suspend },
		"removed":   func(w *inviteWorld) actFunc { return w.engine.Remove },
	} {
		t.Run(name, func(t *testing.T) {
			w := newInviteWorld(t, invites)
			g := w.bea()
			link := w.link()
			w.act(act(w), w.one("bea@acme.com"))
			w.wantState(g, directory.InvitationCancelled)
			_, err := w.accept(link)
			w.wantKind(err, directory.Conflict, "taken back")
		})
	}
}

func TestWhoIsInvitedAcceptsBySigningIn(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	link := w.link()
	r := w.want(w.login("okta", "bea"), provision.LoginJoined)
	w.expect(r.Member, directory.StatusActive, "member", "engineering")
	w.wantState(g, directory.InvitationAccepted)
	_, err := w.accept(link)
	w.wantKind(err, directory.Conflict, "has been accepted")
	if len(w.members("bea@acme.com")) != 1 {
		t.Error("she is more than one person")
	}
}

func TestAnExpiredInvitationLetsNobodySignIn(t *testing.T) {
	w := newInviteWorld(t, invites)
	w.bea()
	w.now = w.now.Add(8 * 24 * time.Hour) // the worker has not seen it yet
	if r := w.login("okta", "bea"); r.In() {
		t.Error("she is in")
	}
}

func TestWhoIsInvitedAcceptsByTheirDirectorysWordWhichThenCounts(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	w.create("okta", "bea", person("bea"))
	w.group("okta", "Everyone", "bea")
	m := w.one("bea@acme.com")
	if m.ID != g.Member {
		t.Fatal("she became a second person")
	}
	w.expect(m, directory.StatusActive, "viewer", "")
	w.wantState(g, directory.InvitationAccepted)
	w.delete("okta", "bea")
	w.idle()
	if m := w.one("bea@acme.com"); m.Status != directory.StatusSuspended {
		t.Errorf("let go by her directory she is %s", m.Status)
	}
}

func TestADirectoryThatLetsAnInvitedPersonGoCancelsTheInvitation(t *testing.T) {
	w := newInviteWorld(t, strings.Replace(invites, "{id: okta, provider: okta}", "{id: okta, provider: okta, provisioning: invite}", 1))
	g := w.bea()
	link := w.link()
	w.create("okta", "bea", person("bea"))
	if m := w.one("bea@acme.com"); m.Status != directory.StatusNone {
		t.Errorf("before a rule gives her a role she is %s", m.Status)
	}
	w.wantState(g, directory.InvitationPending)
	w.group("okta", "Everyone", "bea")
	w.expect(w.one("bea@acme.com"), directory.StatusInvited, "viewer", "")
	w.wantState(g, directory.InvitationPending)
	if n := len(w.mailed()); n != 0 {
		t.Errorf("she was mailed %d times more", n)
	}
	w.delete("okta", "bea")
	w.idle()
	w.wantState(g, directory.InvitationCancelled)
	_, err := w.accept(link)
	w.wantKind(err, directory.Conflict, "taken back")
	if m := w.one("bea@acme.com"); m.Status != directory.StatusNone {
		t.Errorf("she is %s", m.Status)
	}
}

func TestWhomADirectoryInvitesIsMailed(t *testing.T) {
	w := newInviteWorld(t, strings.Replace(invites, "{id: okta, provider: okta}", "{id: okta, provider: okta, provisioning: invite}", 1))
	w.create("okta", "bea", person("bea"))
	w.group("okta", "Everyone", "bea")
	link := w.link()
	if to := w.mails[0].To; to != "bea@acme.com" {
		t.Errorf("the mail is to %s", to)
	}
	open, err := w.engine.FollowLink(t.Context(), link, nil)
	w.must(err)
	w.settleAll()
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails after settling again", n)
	}
	m, err := w.accept(link)
	w.must(err)
	w.expect(m, directory.StatusActive, "viewer", "")
	role := "admin"
	_, err = w.engine.EditInvitation(t.Context(), w.on(open.Invitation), provision.InvitationEdit{Role: &role})
	w.wantKind(err, directory.Conflict, "cannot be edited")
}

func TestAPushedInvitationThatExpiresIsNotSentAnewByItself(t *testing.T) {
	w := newInviteWorld(t, strings.Replace(invites, "{id: okta, provider: okta}", "{id: okta, provider: okta, provisioning: invite}", 1))
	w.create("okta", "bea", person("bea"))
	w.group("okta", "Everyone", "bea")
	w.pass(8 * 24 * time.Hour)
	w.mailed()
	w.settleAll()
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails after it expired", n)
	}
	var g *directory.Grant
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		list, err := tx.ListInvitations(w.org, "", store.Page{Limit: 9})
		if len(list) != 1 {
			t.Fatalf("%d invitations", len(list))
		}
		g = list[0]
		return err
	}))
	w.wantState(g, directory.InvitationExpired)
	_, err := w.engine.ResendInvitation(t.Context(), w.on(g))
	w.must(err)
	m, err := w.accept(w.link())
	w.must(err)
	w.expect(m, directory.StatusActive, "viewer", "")
}

func TestCapsAndDenialsHoldForInvitations(t *testing.T) {
	w := newInviteWorld(t, inviteRules(`  - {name: sales are seen, when: "user.department == 'sales'", max_role: viewer, deny: {permission_sets: [secrets]}}
  - {name: engineers build, when: "user.department == 'engineering'", role: admin, department: sales, teams: [builders], permission_sets: [tools]}
`))
	sold := w.invite(provision.Invite{Email: "sol@acme.com", Role: "admin", Department: "sales", Sets: []string{"tools", "secrets"}})
	w.expect(sold.Member, directory.StatusInvited, "viewer", "sales")
	if got := sold.Member.Decision.PermissionSets; !slices.Equal(got, []string{"tools"}) {
		t.Errorf("the sets are %v", got)
	}
	if r := d0(sold.Member, "role"); r.Source != directory.SourceInvitation {
		t.Errorf("the role comes from %+v", r)
	}
	out := w.invite(provision.Invite{Email: "guest@elsewhere.net", Role: "admin"})
	w.expect(out.Member, directory.StatusInvited, "viewer", "")
	w.mailed()
	for access, want := range map[directory.Access]string{directory.AccessFull: "[builders] [tools]", directory.AccessLimited: "[] []", directory.AccessCustom: "[] [secrets]"} {
		in := provision.Invite{Email: string(access) + "@acme.com", Role: "member", Department: "engineering", Access: access}
		if access == directory.AccessCustom {
			in.Sets = []string{"secrets"}
		}
		r := w.invite(in)
		if r.Code != provision.InviteSent {
			t.Fatalf("%s: %v", access, r.Problem)
		}
		m, err := w.accept(w.link())
		w.must(err)
		d := m.Decision
		if got := fmt.Sprint(d.Teams, d.PermissionSets); got != want || d.Role != "member" || d.Department != "engineering" {
			t.Errorf("%s access: %s, role %s in %s, want %s", access, got, d.Role, d.Department, want)
		}
	}
}

func TestWhoIsAMemberAlreadyTakesAnInvitationOver(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	g := w.bea()
	link := w.link()
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	ann := w.one("ann@acme.com")
	m, err := w.engine.AcceptSignedIn(t.Context(), link, w.signedInAs("okta", "ann@acme.com", "bea@acme.com").Session, "r")
	w.must(err)
	if m.ID != ann.ID {
		t.Errorf("it is %s's", m.ID)
	}
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "viewer", "")
	var was []*directory.Member
	w.must(w.store.View(t.Context(), func(tx store.Tx) (err error) {
		was, err = tx.Members(w.org, []directory.ID{g.Member})
		return err
	}))
	if was[0].Merged != ann.ID || was[0].Status != directory.StatusRemoved {
		t.Errorf("who was invited is %s, merged into %s", was[0].Status, was[0].Merged)
	}
	if n := len(w.members("bea@acme.com")); n != 0 {
		t.Errorf("%d people are still bea", n)
	}
}

func TestNobodyAcceptsDuringALockdown(t *testing.T) {
	w := newInviteWorld(t, invites)
	w.bea()
	link := w.link()
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error {
		return tx.PutLockdown(&directory.Lockdown{Org: w.org, Since: w.now, Ended: w.now})
	}))
	_, err := w.accept(link)
	w.wantKind(err, directory.Unavailable, "at the moment")
}

func TestOneLinkIsAcceptedOnce(t *testing.T) {
	w := newInviteWorld(t, invites)
	w.bea()
	link := w.link()
	var codes [8]string
	for n := range codes {
		w.must(w.askInviteCode(link, fmt.Sprint(n), fmt.Sprint(n)))
		_, codes[n] = w.codeMail()
	}
	done := make(chan error, len(codes))
	for n, code := range codes {
		go func() {
			_, err := w.engine.EnterInviteCode(t.Context(), provision.EnterInviteCode{Link: link, Code: code, Browser: browser(fmt.Sprint(n))})
			done <- err
		}()
	}
	accepted := 0
	for range cap(done) {
		if err := <-done; err == nil {
			accepted++
		} else {
			w.wantKind(err, directory.Conflict, "has been accepted")
		}
	}
	if accepted != 1 {
		t.Errorf("accepted %d times", accepted)
	}
}

func TestManagersOfInvitationsAreMembers(t *testing.T) {
	w := newInviteWorld(t, invites)
	results := w.inviteAll(provision.Invites{People: []provision.Invite{
		{Email: "ann@acme.com", Role: "member", Manager: "Bob@acme.com"}, // who comes later in the same file
		{Email: "bob@acme.com", Role: "admin"},
	}})
	bob := results[1].Member.ID
	if got := results[0].Member.Decision.ManagerID; got != bob {
		t.Errorf("ann's manager is %s, want bob, %s", got, bob)
	}
	cid := w.invite(provision.Invite{Email: "cid@acme.com", Role: "member", Manager: "bob@acme.com"})
	dan := w.invite(provision.Invite{Email: "dan@acme.com", Role: "member", Manager: "nobody@acme.com"})
	if c, d := cid.Member.Decision, dan.Member.Decision; c.ManagerID != bob || !d.ManagerID.IsZero() || d.Manager != "nobody@acme.com" {
		t.Errorf("cid's manager is %s, dan's %s, %q", c.ManagerID, d.ManagerID, d.Manager)
	}
}

func TestInvitationsAreCounted(t *testing.T) {
	w := newInviteWorld(t, invites)
	g := w.bea()
	w.invite(provision.Invite{Email: "cid@acme.com", Role: "viewer"})
	w.invite(provision.Invite{Email: "dan@acme.com", Role: "viewer"})
	w.pass(8 * 24 * time.Hour) // all three expire
	_, err := w.engine.ResendInvitation(t.Context(), w.on(g))
	w.must(err)
	w.pass(30 * 24 * time.Hour) // into the next month, where she has expired again
	_, err = w.engine.ResendInvitation(t.Context(), w.on(g))
	w.must(err)
	w.invite(provision.Invite{Email: "eva@acme.com", Role: "viewer"})
	w.want(w.login("okta", "bea"), provision.LoginJoined)
	s, err := w.engine.SummarizeInvitations(t.Context(), w.org)
	w.must(err)
	last, before := s.Months[11], s.Months[10]
	got := fmt.Sprint(s.Total, s.States, s.Resent, s.ThisMonth, before.Invited, before.Accepted, last.Invited, last.Accepted, len(s.Months))
	if want := "4 map[accepted:1 expired:2 pending:1] 1 1 3 0 1 1 12"; got != want {
		t.Errorf("the summary is %s, want %s", got, want)
	}
	if len(s.Recent) != 4 || s.Recent[0].ID != g.ID {
		t.Errorf("of %d, %v was last", len(s.Recent), s.Recent[0])
	}
}

// The overview that customers know: 24 accepted, 4 pending, 2 expired, 3 sent again, 8 of this month.
func TestTheOverviewOfAMonthsInvitations(t *testing.T) {
	w := newInviteWorld(t, invites)
	w.now = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC)
	n := 0
	invite := func(come, resend bool) {
		t.Helper()
		n++
		address := fmt.Sprintf("p%d@acme.com", n)
		g := w.invite(provision.Invite{Email: address, Role: "member"}).Invitation
		link := w.link()
		if resend {
			_, err := w.engine.ResendInvitation(t.Context(), w.on(g))
			w.must(err)
			link = w.link()
		}
		if come {
			_, err := w.accept(link)
			w.must(err)
			w.mailed()
		}
	}
	for i := range 22 {
		invite(i < 20, i < 3)
	}
	w.pass(8 * 24 * time.Hour)
	w.mailed()
	w.now = time.Date(2026, 11, 9, 9, 0, 0, 0, time.UTC)
	for i := range 8 {
		invite(i < 4, false)
	}
	s, err := w.engine.SummarizeInvitations(t.Context(), w.org)
	w.must(err)
	want := map[string]int{directory.InvitationAccepted: 24, directory.InvitationPending: 4, directory.InvitationExpired: 2}
	if s.Total != 30 || !maps.Equal(s.States, want) || s.Resent != 3 || s.ThisMonth != 8 {
		t.Errorf("%+v", s)
	}
	if last := s.Months[len(s.Months)-2:]; last[0].Invited != 22 || last[0].Accepted != 20 || last[1].Invited != 8 || last[1].Accepted != 4 {
		t.Errorf("over time: %+v", last)
	}
	if len(s.Recent) == 0 || s.Recent[0].Invited.Email != "p30@acme.com" {
		t.Errorf("%d recent", len(s.Recent))
	}
}

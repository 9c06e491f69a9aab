package provision_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// byProvider is invites where Okta signs people of acme.com in.
var byProvider = strings.Replace(invites, "{id: okta, provider: okta}", `{id: okta, provider: okta, authority: [acme.com], saml: {metadata_url: "https://idp.example/okta"}}`, 1)

// outsider is somebody whom no provider signs in, and the link that they were mailed.
func (w *inviteWorld) outsider(email string) (*directory.Grant, [32]byte) {
	w.t.Helper()
	r := w.invite(provision.Invite{Email: email, Role: "viewer"})
	if r.Code != provision.InviteSent {
		w.t.Fatalf("%s is %s: %v", email, r.Code, r.Problem)
	}
	return r.Invitation, w.link()
}

func (w *inviteWorld) askInviteCode(link [32]byte, browserName, network string) error {
	w.now = w.now.Add(time.Second)
	_, err := w.engine.AskInviteCode(w.t.Context(), provision.AskInviteCode{
		Link: link, Request: "r-ask", Browser: browser(browserName), Network: network, Agent: "Firefox on Linux",
	})
	return err
}

// codeMail sends what waits, and returns the one mail with a code, and the code.
func (w *inviteWorld) codeMail() (*mail.Message, string) {
	w.t.Helper()
	var found *mail.Message
	for _, m := range w.mailed() {
		if !eight.MatchString(m.Text) {
			continue
		}
		if found != nil {
			w.t.Fatal("two mails have a code")
		}
		found = m
	}
	if found == nil {
		w.t.Fatal("no mail has a code")
	}
	return found, eight.FindString(found.Text)
}

// inviteCode asks for a code in the laptop, and returns it.
func (w *inviteWorld) inviteCode(link [32]byte) string {
	w.t.Helper()
	w.must(w.askInviteCode(link, "laptop", "192.0.2.1/32"))
	_, code := w.codeMail()
	return code
}

func (w *inviteWorld) enterInviteCode(link [32]byte, code, browserName string) (*provision.LoginResult, error) {
	w.now = w.now.Add(time.Second)
	return w.engine.EnterInviteCode(w.t.Context(), provision.EnterInviteCode{
		Link: link, Code: code, Request: "r-enter", Browser: browser(browserName), Agent: "Firefox on Linux",
	})
}

func TestAnOutsiderAcceptsByACodeAtTheInvitedAddress(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	g, link := w.outsider("Bob@private.example")
	found, err := w.engine.FollowLink(t.Context(), link, nil)
	if err != nil || found.State != provision.LinkWorks || found.Provider != "" || found.Inviter != "root@acme.com" || found.Vouched {
		t.Fatalf("the link leads to %+v, %v", found, err)
	}
	w.must(w.askInviteCode(link, "laptop", "192.0.2.1/32"))
	message, code := w.codeMail()
	if message.To != "Bob@private.example" || !strings.Contains(message.Text, "accept the invitation to Acme Inc.") || !strings.Contains(message.Text, "15 minutes") {
		t.Errorf("%s is mailed: %s", message.To, message.Text)
	}
	var backup bytes.Buffer
	if _, err := w.store.Backup(t.Context(), &backup); err != nil || bytes.Contains(backup.Bytes(), []byte(code)) {
		t.Errorf("the store holds the code (%v)", err)
	}
	_, err = w.enterInviteCode(link, code, "phone")
	w.wantKind(err, directory.Unauthenticated, "not the code")
	w.wantState(g, directory.InvitationPending)
	r, err := w.enterInviteCode(link, code[:4]+" "+code[4:], "laptop")
	w.must(err)
	if !r.In() || r.Session.Method != "code" || r.Session.Conn != 0 || r.Member.ID != g.Member || !w.signedIn(r) {
		t.Fatalf("let in as %+v", r)
	}
	w.expect(w.one("bob@private.example"), directory.StatusActive, "viewer", "")
	w.wantState(g, directory.InvitationAccepted)
	if line := w.lastLine(); line.Kind != "login" || line.Cause.ID != "r-enter" || strings.Contains(strings.Join(line.Notes, " "), "bob") {
		t.Errorf("told as %+v", line)
	}
	_, err = w.enterInviteCode(link, code, "laptop")
	w.wantKind(err, directory.Conflict, "has been accepted")
	if found, err = w.engine.FollowLink(t.Context(), link, r.Session); err != nil || found.State != provision.LinkAccepted || found.Invitation.Member != r.Member.ID {
		t.Errorf("afterwards the link leads to %+v, %v", found, err)
	}
}

func TestACodeForAnInvitationEndsAfterFiveTriesOrAQuarterOfAnHour(t *testing.T) {
	for wrongs, in := range map[int]bool{4: true, 5: false} {
		w := newInviteWorld(t, byProvider)
		g, link := w.outsider("bob@private.example")
		code := w.inviteCode(link)
		for n := range wrongs {
			_, err := w.enterInviteCode(link, fmt.Sprintf("%08d", n), "laptop")
			w.wantKind(err, directory.Unauthenticated, "not the code")
		}
		r, err := w.enterInviteCode(link, code, "laptop")
		if got := err == nil && r.In(); got != in {
			t.Errorf("after %d wrong codes the right one lets in: %v (%v)", wrongs, got, err)
		}
		if !in {
			w.wantState(g, directory.InvitationPending)
		}
	}
	for after, in := range map[time.Duration]bool{15*time.Minute - 2*time.Second: true, 15 * time.Minute: false} {
		w := newInviteWorld(t, byProvider)
		_, link := w.outsider("bob@private.example")
		code := w.inviteCode(link)
		w.now = w.now.Add(after)
		r, err := w.enterInviteCode(link, code, "laptop")
		if got := err == nil && r.In(); got != in {
			t.Errorf("after %s the code lets in: %v (%v)", after, got, err)
		}
	}
}

func TestCodesForOneInvitationAreLimited(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	_, link := w.outsider("bob@private.example")
	_, other := w.outsider("cid@private.example")
	for n := range 3 {
		w.must(w.askInviteCode(link, fmt.Sprint(n), "192.0.2.1/32"))
	}
	w.wantKind(w.askInviteCode(link, "more", "192.0.2.1/32"), directory.TooMany, "Wait")
	w.must(w.askInviteCode(link, "elsewhere", "198.51.100.1/32"))
	w.must(w.askInviteCode(other, "another's", "192.0.2.1/32"))
	if n := len(w.mailed()); n != 5 {
		t.Errorf("%d codes were mailed, want 5", n)
	}
	w.now = w.now.Add(15 * time.Minute)
	w.must(w.askInviteCode(link, "later", "192.0.2.1/32"))
}

func TestACodeThatIsEnteredTwiceAtOnceAcceptsOnce(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	_, link := w.outsider("bob@private.example")
	in := provision.EnterInviteCode{Link: link, Code: w.inviteCode(link), Browser: browser("laptop")}
	results := make(chan *provision.LoginResult, 8)
	for range cap(results) {
		go func() {
			r, err := w.engine.EnterInviteCode(t.Context(), in)
			if err != nil && directory.KindOf(err) != directory.Conflict && directory.KindOf(err) != directory.Unauthenticated {
				t.Error(err)
			}
			results <- r
		}()
	}
	n := 0
	for range cap(results) {
		if r := <-results; r != nil && r.In() {
			n++
		}
	}
	if list, _, err := w.engine.ListSessions(t.Context(), w.org, directory.NoID, nil, 10); err != nil || n != 1 || len(list) != 1 {
		t.Errorf("%d got in, with %d sessions (%v)", n, len(list), err)
	}
}

func TestWhoseCompanySignsThemInGetsNoCode(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	w.bea()
	link := w.link()
	if found, err := w.engine.FollowLink(t.Context(), link, nil); err != nil || found.Provider != "okta" {
		t.Errorf("the link leads to %+v, %v", found, err)
	}
	w.wantKind(w.askInviteCode(link, "laptop", "192.0.2.1/32"), directory.Forbidden, "Your company")
	_, err := w.enterInviteCode(link, "00000000", "laptop")
	w.wantKind(err, directory.Forbidden, "Your company")
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails", n)
	}
	w.engine.Verified = func(string, string) bool { return false } // who only claims a domain keeps nobody from a code
	w.must(w.askInviteCode(link, "laptop", "192.0.2.1/32"))
}

func TestACodeIsWorthNothingOnceTheInvitationIsOver(t *testing.T) {
	for name, end := range map[string]func(w *inviteWorld, g *directory.Grant){
		"cancelled": func(w *inviteWorld, g *directory.Grant) {
			_, err := w.engine.CancelInvitation(w.t.Context(), w.on(g))
			w.must(err)
		},
		"locked down": func(w *inviteWorld, _ *directory.Grant) {
			_, err := w.engine.Lockdown(w.t.Context(), w.org, true, w.cause())
			w.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newInviteWorld(t, byProvider)
			g, link := w.outsider("bob@private.example")
			code := w.inviteCode(link)
			end(w, g)
			if r, err := w.enterInviteCode(link, code, "laptop"); err == nil || r != nil {
				t.Errorf("let in as %+v", r)
			}
			w.must(w.store.View(t.Context(), func(tx store.Tx) error {
				members, err := tx.Members(w.org, []directory.ID{g.Member})
				if members[0].Status == directory.StatusActive {
					t.Error("the person is in")
				}
				return err
			}))
		})
	}
}

// signedInAs is Ann, whom Okta signs in and vouches for by these addresses.
func (w *inviteWorld) signedInAs(addresses ...string) *provision.LoginResult {
	w.t.Helper()
	w.want(w.login("okta", "ann"), provision.LoginKnown)
	in := w.loginOf("okta", "ann")
	in.Addresses = nil
	for _, a := range addresses {
		in.Addresses = append(in.Addresses, provision.LoginAddress{Value: a, Vouched: true})
	}
	r := w.signIn(in)
	if !r.In() {
		w.t.Fatalf("ann is %s", r.Code)
	}
	return r
}

func TestWhoIsSignedInAcceptsByAnAddressThatTheirProviderVouchesFor(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.want(w.login("okta", "ann"), provision.LoginKnown)
	g := w.bea()
	link := w.link()
	_, outside := w.outsider("ann@private.example")

	alone := w.signedInAs("ann@acme.com")
	_, err := w.engine.AcceptSignedIn(t.Context(), link, alone.Session, "r")
	w.wantKind(err, directory.Forbidden, "another address")

	both := w.signedInAs("ann@acme.com", "Bea@acme.com", "ann@private.example")
	_, err = w.engine.AcceptSignedIn(t.Context(), outside, both.Session, "r") // a domain for which the provider does not speak
	w.wantKind(err, directory.Forbidden, "another address")
	w.wantState(g, directory.InvitationPending)
	if found, err := w.engine.FollowLink(t.Context(), link, both.Session); err != nil || !found.Vouched {
		t.Errorf("the link leads to %+v, %v", found, err)
	}
	m, err := w.engine.AcceptSignedIn(t.Context(), link, both.Session, "r")
	w.must(err)
	if m.ID != both.Member.ID || len(w.everybody()) != 3 { // ann, whoever was merged into her, and the outsider
		t.Errorf("it is %s's of %d", m.ID, len(w.everybody()))
	}
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "viewer", "") // a directory speaks of her
	_, err = w.engine.AcceptSignedIn(t.Context(), link, both.Session, "r")
	w.wantKind(err, directory.Conflict, "has been accepted")
}

func TestTheAdminsHearOnceADayThatAnAddressIsToBeChanged(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.want(w.login("okta", "ann"), provision.LoginKnown)
	g, link := w.outsider("ann@private.example")
	ann := w.signedInAs("ann@acme.com")
	ask := func() []*mail.Message {
		t.Helper()
		w.must(w.engine.AskAddress(t.Context(), link, ann.Session, "r"))
		return w.mailed()
	}
	sent := ask()
	if len(sent) != 1 || sent[0].To != "root@acme.com" || !strings.Contains(sent[0].Text, "ann@private.example") || !strings.Contains(sent[0].Text, "ann@acme.com") {
		t.Fatalf("%d mails: %+v", len(sent), sent)
	}
	line := w.lastLine()
	if line.Kind != "invitation.address_asked" || !slices.ContainsFunc(line.Subjects, func(s directory.Subject) bool { return s.ID == g.Member }) || strings.Contains(strings.Join(line.Notes, " "), "@") {
		t.Errorf("told as %+v", line)
	}
	if n := len(ask()); n != 0 || w.lastLine().Seq != line.Seq {
		t.Errorf("the second time %d mails are sent", n)
	}
	w.wantState(g, directory.InvitationPending)
	w.now = w.now.Add(25 * time.Hour)
	ann = w.signedInAs("ann@acme.com")
	w.mailed()
	if n := len(ask()); n != 1 {
		t.Errorf("the next day %d mails are sent", n)
	}
}

// member is an outsider who has accepted by a code.
func (w *inviteWorld) member(email string) *provision.LoginResult {
	w.t.Helper()
	_, link := w.outsider(email)
	r, err := w.enterInviteCode(link, w.inviteCode(link), "laptop")
	w.must(err)
	w.mailed() // the welcome
	return r
}

func (w *inviteWorld) askCode(email string) {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	_, err := w.engine.AskCode(w.t.Context(), provision.AskCode{Email: email, Request: "r-ask", Browser: browser("laptop"), Network: email, Agent: "Firefox on Linux"})
	w.must(err)
}

func (w *inviteWorld) enterCode(email, code string) (*provision.LoginResult, error) {
	w.now = w.now.Add(time.Second)
	return w.engine.EnterCode(w.t.Context(), provision.EnterCode{Email: email, Code: code, Request: "r-enter", Browser: browser("laptop"), Agent: "Firefox on Linux"})
}

func TestWhoCameByAnInvitationSignsInByCode(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.member("bob@private.example")
	told := w.lastLine().Seq
	w.askCode(" BOB@private.example")
	message, code := w.codeMail()
	if message.To != "bob@private.example" || len(w.mails) != 1 || w.lastLine().Seq != told {
		t.Errorf("%d mails were sent, the code to %s, and the journal tells %+v", len(w.mails), message.To, w.lastLine())
	}
	_, err := w.enterCode("bob@private.example", "00000000")
	w.wantKind(err, directory.Unauthenticated, "not the code")
	if line := w.lastLine(); line.Kind != "login.code_wrong" {
		t.Errorf("a wrong code is told as %+v", line)
	}
	r, err := w.enterCode("bob@private.example", code)
	w.must(err)
	if !w.signedIn(r) || r.Member.ID != bob.Member.ID || r.Session.Method != "code" || w.lastLine().Kind != "login" {
		t.Errorf("let in as %+v, told as %+v", r, w.lastLine())
	}
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d alerts of an ordinary sign-in", n)
	}
}

func TestWhoHasNoSignInOfTheirOwnGetsNoCode(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.bea() // invited, and has not come
	w.mailed()
	w.member("bob@private.example")
	cid := w.member("cid@private.example")
	w.act(w.engine.Suspend, cid.Member)
	w.mailed()
	for _, email := range []string{"ann@acme.com", "bea@acme.com", "cid@private.example", "nobody@elsewhere.example"} {
		w.askCode(email)
		for _, m := range w.mailed() {
			t.Errorf("%s: %s is mailed %q", email, m.To, m.Subject)
		}
		_, err := w.enterCode(email, "00000000")
		w.wantKind(err, directory.Unauthenticated, "not the code")
	}
}

func TestWhoseCompanyGetsASignInUsesThat(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	w.member("bob@private.example")
	w.askCode("bob@private.example")
	_, code := w.codeMail()
	w.activate(strings.Replace(byProvider, "  - {domain: acme.org}", "  - {domain: acme.org}\n  - {domain: private.example}", 1))
	r, err := w.enterCode("bob@private.example", code)
	w.must(err)
	if r.In() || r.Code != provision.LoginElsewhere || r.Reference == "" {
		t.Errorf("let in as %+v", r)
	}
	if line, err := w.engine.Refusal(t.Context(), w.org, r.Reference); err != nil || !strings.Contains(line.Notes[0], "the connection okta") {
		t.Errorf("the reference leads to %+v, %v", line, err)
	}
	w.askCode("bob@private.example")
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails", n)
	}
}

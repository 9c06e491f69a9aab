package sso_test

import (
	"bytes"
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
)

// inviting is acme with one connection by which people of acme.com sign in.
var inviting = strings.NewReplacer(
	"label: Acme staff}", `label: Acme staff, authority: [acme.com], saml: {metadata_url: "https://idp.example/m"}}`,
	"  - {id: acme-keys, provider: generic, label: Acme keys}\n", "", "auto_invite: true, ", "",
	"- {id: acme-okta", "- {id: acme-keys",
).Replace(acme)

// inviteWorld is a world whose mails are kept.
type inviteWorld struct {
	*world
	mails []*mail.Message
	log   *bytes.Buffer
}

func newInviteWorld(t *testing.T, more string) *inviteWorld {
	t.Helper()
	w := &inviteWorld{world: newWorld(t), log: &bytes.Buffer{}}
	w.engine.PublicURL, w.engine.PlanKey = "https://usher.example", make([]byte, 32)
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		w.mails = append(w.mails, m)
		return nil
	}
	w.server.Log = slog.New(slog.NewTextHandler(w.log, nil))
	w.activate(inviting + more)
	return w
}

func (w *inviteWorld) mailed() []*mail.Message {
	w.t.Helper()
	w.mails = nil
	_, err := w.engine.SendMail(w.t.Context())
	w.must(err)
	return w.mails
}

var inviteLinks = regexp.MustCompile(`https://usher\.example(/invitations/[A-Za-z0-9_-]+)`)

// invite invites somebody, and returns the invitation and the path of the link that they are mailed.
func (w *inviteWorld) invite(address string) (*directory.Grant, string) {
	w.t.Helper()
	return w.inviteTo("acme", address)
}

func (w *inviteWorld) inviteTo(org, address string) (*directory.Grant, string) {
	w.t.Helper()
	results, err := w.engine.Invite(w.t.Context(), provision.Invites{
		Org: w.orgs[org], Cause: directory.Cause{Kind: directory.CauseAdmin, ID: "r", Actor: "root@acme.com", Reason: "they start on Monday"},
		People: []provision.Invite{{Email: address, Role: "viewer", FirstName: "Ann", Message: "Hi,\n<b>we</b> start on Monday."}},
	})
	w.must(err)
	if results[0].Code != provision.InviteSent {
		w.t.Fatalf("%s is %s: %v", address, results[0].Code, results[0].Problem)
	}
	return results[0].Invitation, w.link()
}

func (w *inviteWorld) link() string {
	w.t.Helper()
	for _, m := range w.mailed() {
		if found := inviteLinks.FindStringSubmatch(m.Text); found != nil {
			return found[1]
		}
	}
	w.t.Fatal("no mail has a link")
	return ""
}

// code asks for a code in a browser, and returns what is mailed.
func (w *inviteWorld) code(b *browser, path string) url.Values {
	w.t.Helper()
	b.post(path+"/code", nil).leads(path + "/code/enter")
	for _, m := range w.mailed() {
		if found := regexp.MustCompile(`\b\d{8}\b`).FindString(m.Text); found != "" {
			return url.Values{"code": {found}}
		}
	}
	w.t.Fatal("no code was mailed")
	return nil
}

func (w *inviteWorld) act(g *directory.Grant) provision.InvitationAct {
	return provision.InvitationAct{Org: w.orgs["acme"], ID: g.ID, Cause: directory.Cause{Kind: directory.CauseAdmin, ID: "r", Actor: "root@acme.com", Reason: "a test"}}
}

func TestAnOutsiderAcceptsByACode(t *testing.T) {
	w := newInviteWorld(t, "")
	_, path := w.invite("bob@private.example")
	b, other := w.browser(), w.browser()
	page := b.get(path).want(http.StatusOK, "root@acme.com invites bob@private.example to join Acme Inc. on Atlas.", "viewer", "&lt;b&gt;we&lt;/b&gt;", "Mail me a code")
	if c := page.header.Get("Cache-Control"); c != "no-store" || page.header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("the page is kept %q, and its address sent on %q", c, page.header.Get("Referrer-Policy"))
	}
	b.get(path + "/code/enter").leads(path) // nobody has asked yet
	code := w.code(b, path)
	b.get(path+"/code/enter").want(http.StatusOK, "bob@private.example")
	b.post(path+"/code/enter", url.Values{}).want(http.StatusUnprocessableEntity, "Enter the code")
	b.post(path+"/code/enter", url.Values{"code": {"00000000"}}).want(http.StatusUnprocessableEntity, "does not work")
	other.post(path+"/code/enter", code).leads(path)
	if b.signedIn() || len(w.entries("invitation.accepted")) != 0 {
		t.Fatal("accepted before the code was right")
	}
	b.post(path+"/code/enter", code).leads("/account/sign-in?return=%2Fwelcome")
	b.get("/account/sign-in?return=%2Fwelcome").want(http.StatusOK, "Later")
	if !b.signedIn() || len(w.entries("invitation.accepted")) != 1 || w.sessions("acme") != 1 {
		t.Error("the right code does not let in")
	}
	// The back button, the mail's link again, and the form again.
	for _, a := range []*answer{b.get(path), b.post(path+"/code/enter", code), b.post(path+"/code", nil), b.get(path + "/code/enter"), b.post(path, nil), b.post(path+"/decline", nil)} {
		b.follow(a).want(http.StatusOK, "Acme Inc.", "viewer")
	}
	other.get(path).want(http.StatusGone, "has been accepted", ">Sign in</a>")
	if strings.Contains(w.log.String(), strings.TrimPrefix(path, "/invitations/")) {
		t.Errorf("the log has the link:\n%s", w.log)
	}
}

func TestTermsComeBeforeTheWelcomeOfWhoAccepts(t *testing.T) {
	w := newInviteWorld(t, "terms: {version: \"2026-10\", text: Be kind.}\n")
	_, path := w.invite("bob@private.example")
	b := w.browser()
	page := b.follow(b.post(path+"/code/enter", w.code(b, path))).want(http.StatusOK, "Be kind.")
	back := html.UnescapeString(regexp.MustCompile(`name="return" value="([^"]*)"`).FindStringSubmatch(page.body)[1])
	b.post("/terms", url.Values{"version": {"2026-10"}, "return": {back}}).leads("/account/sign-in?return=%2Fwelcome")
	b.follow(b.get(path)).want(http.StatusOK, "viewer")
}

func TestAnInvitedPersonOfTheCompanyComesByItsProvider(t *testing.T) {
	w := newInviteWorld(t, "")
	_, path := w.invite("ann@acme.com")
	b, p := w.browser(), w.oidc["acme-keys"]
	page := b.get(path).want(http.StatusOK, "Continue with Acme staff")
	b.post(path+"/code", nil).leads(path) // no code for whoever has a provider
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d mails", n)
	}
	to := html.UnescapeString(regexp.MustCompile(`class="main" href="([^"]*)"`).FindStringSubmatch(page.body)[1])
	asked := p.asks(b.get(to))
	if asked.Get("login_hint") != "ann@acme.com" {
		t.Errorf("the provider is asked %v", asked)
	}
	b.get(p.answer(asked, "ann@acme.com")).leads(path)
	b.get(path).leads("/welcome")
	if len(w.entries("invitation.accepted")) != 1 || len(w.entries("login")) != 1 {
		t.Error("the sign-in itself accepts, and is told as that once")
	}
	b.get(path).leads("/welcome")
	w.browser().get(path).want(http.StatusGone, "has been accepted")
}

func TestAnInvitedPersonOfAnotherCompanyThatIsHereIsLedToItsProvider(t *testing.T) {
	w := newInviteWorld(t, "")
	w.engine.Declared = func(domain string) string { return map[string]string{"globex.com": "globex"}[domain] }
	_, path := w.invite("gus@globex.com")
	w.activate(strings.Replace(globex, "label: Globex staff}", `label: Globex staff, saml: {metadata_url: "https://idp.example/g"}}`, 1))
	b := w.browser()
	page := b.get(path).want(http.StatusOK, "Continue with Globex staff")
	b.post(path+"/code", nil).leads(path)
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d codes are mailed", n)
	}
	to := html.UnescapeString(regexp.MustCompile(`class="main" href="([^"]*)"`).FindStringSubmatch(page.body)[1])
	w.saml["globex-okta"].asks(b.get(to))
	if strings.Contains(to, "return=") {
		t.Errorf("it leads to %s, and back to what it cannot accept", to)
	}
	if len(w.entries("invitation.accepted")) != 0 {
		t.Error("the invitation is accepted")
	}
}

func TestWhoIsSignedInAsSomebodyElseSwitchesOrAsks(t *testing.T) {
	w := newInviteWorld(t, "")
	b, p := w.browser(), w.oidc["acme-keys"]
	_, mine := w.invite("ann@acme.com")
	p.signIn(b, "ann@acme.com", "").leads("/welcome")
	b.get(mine).leads("/welcome")
	w.mailed() // the welcome
	g, path := w.invite("ann@private.example")
	b.get(path).want(http.StatusForbidden, "This invitation is for another address", "ann@private.example", "ann@acme.com", "Switch account", "Ask for the address to be changed")
	b.post(path, nil).leads(path) // does not accept
	b.post(path+"/account", url.Values{"do": {"address"}}).want(http.StatusOK, "The administrators have been asked")
	mails := w.mailed()
	if len(mails) != 1 || mails[0].To != "it@acme.com" || !strings.Contains(mails[0].Text, "ann@private.example") {
		t.Errorf("%d mails: %v", len(mails), mails)
	}
	b.post(path+"/account", url.Values{"do": {"address"}}).want(http.StatusOK)
	b.post(path+"/account", url.Values{"do": {"whim"}}).want(http.StatusForbidden)
	if n := len(w.mailed()); n != 0 || len(w.entries("invitation.address_asked")) != 1 {
		t.Errorf("the second time %d mails are sent", n)
	}
	out := b.post(path+"/account", url.Values{"do": {"switch"}}).want(http.StatusSeeOther)
	u, err := url.Parse(out.location)
	w.must(err)
	b.get("/logout/done?state=" + u.Query().Get("state")).leads(path + "?fresh=1")
	b.get(path+"?fresh=1").want(http.StatusOK, "Mail me a code")
	b.follow(b.post(path+"/code/enter", w.code(b, path))).want(http.StatusOK)
	if len(w.entries("invitation.accepted")) != 2 || !b.signedIn() || w.sessions("acme") != 1 { // the first by ann's sign-in
		t.Errorf("%s accepted %d times, with %d sessions", g.ID, len(w.entries("invitation.accepted")), w.sessions("acme"))
	}
}

// Ann is a member by one address, is invited by another, and her provider vouches for both.
func TestAMemberAcceptsByAnotherAddressThatTheProviderVouchesFor(t *testing.T) {
	w := newInviteWorld(t, "")
	b, p := w.browser(), w.oidc["acme-keys"]
	w.invite("ann@acme.com")
	p.signIn(b, "ann@acme.com", "").leads("/welcome")
	w.mailed()
	_, path := w.invite("ann.lee@acme.com")
	b.get(path).want(http.StatusForbidden)
	p.claims["sub"] = "ann"
	b.get(p.answer(p.start(b, "?return="+path), "ann.lee@acme.com")).leads(path)
	b.get(path).want(http.StatusOK, "Accept as ")
	b.post(path, nil).leads("/welcome")
	b.post(path, nil).leads(path) // sent twice
	b.follow(b.get(path)).want(http.StatusOK, "viewer")
	if n := len(w.entries("invitation.accepted")); n != 2 { // the first by her sign-in
		t.Errorf("accepted %d times", n)
	}
}

// Whom a directory has pushed is a person of their own, whom an admin has to merge.
func TestTwoMembersAreNotMergedByAnInvitation(t *testing.T) {
	w := newInviteWorld(t, "")
	b, p := w.browser(), w.oidc["acme-keys"]
	w.invite("ann@acme.com")
	p.signIn(b, "ann@acme.com", "").leads("/welcome")
	w.mailed()
	w.activate(strings.Replace(inviting, "{id: acme-keys,", "{id: acme-keys, provisioning: invite, default_role: viewer,", 1))
	w.must(w.engine.Do(t.Context(), provision.Push{
		Org: w.orgs["acme"], Conn: w.conns["acme-keys"], Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "push"},
	}, func(f *facts.Writer) error {
		_, err := f.CreateUser(facts.UserInput{
			UserName: "bea@acme.com", ExternalID: "bea", Active: true,
			Body: []byte(`{"userName":"bea@acme.com","emails":[{"value":"bea@acme.com","primary":true}]}`),
		})
		return err
	}))
	path := w.link()
	p.claims["sub"] = "ann"
	b.get(p.answer(p.start(b, "?return="+path), "bea@acme.com")).leads(path)
	b.get(path).want(http.StatusOK, "Accept as ")
	b.post(path, nil).want(http.StatusConflict, "IT Service Desk").reference()
	if n := len(w.entries("invitation.accepted")); n != 1 { // ann's own, by her sign-in
		t.Errorf("accepted %d times", n)
	}
}

func TestLinksThatAreOverSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(w *inviteWorld, g *directory.Grant, path string)
		status int
		says   string
	}{
		"expired": {func(w *inviteWorld, _ *directory.Grant, _ string) { w.now = w.now.Add(100 * 24 * time.Hour) }, http.StatusGone, "has expired"},
		"cancelled": {func(w *inviteWorld, g *directory.Grant, _ string) {
			_, err := w.engine.CancelInvitation(w.t.Context(), w.act(g))
			w.must(err)
		}, http.StatusGone, "was taken back"},
		"changed, and to be approved": {func(w *inviteWorld, g *directory.Grant, _ string) {
			w.activate(inviting + "invitations: {require_approval: true}\n")
			role := "admin"
			_, err := w.engine.EditInvitation(w.t.Context(), w.act(g), provision.InvitationEdit{Role: &role})
			w.must(err)
		}, http.StatusGone, "You will get a new email with a link"},
		"replaced": {func(w *inviteWorld, g *directory.Grant, _ string) {
			_, err := w.engine.ResendInvitation(w.t.Context(), w.act(g))
			w.must(err)
		}, http.StatusGone, "newer link"},
		"declined": {func(w *inviteWorld, _ *directory.Grant, path string) {
			b := w.browser()
			b.get(path+"/decline").want(http.StatusOK, "Decline the invitation?")
			b.get(path).want(http.StatusOK)
			b.post(path+"/decline", nil).leads(path)
			b.post(path+"/decline", nil).leads(path)
		}, http.StatusGone, "was declined"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newInviteWorld(t, "")
			g, path := w.invite("bob@private.example")
			b := w.browser()
			code := w.code(b, path)
			c.end(w, g, path)
			b.get(path).want(c.status, c.says)
			for _, act := range []string{"", "/code", "/code/enter", "/account", "/decline"} {
				b.post(path+act, code).leads(path)
			}
			for _, act := range []string{"/code", "/code/enter", "/account", "/decline"} {
				b.get(path + act).leads(path)
			}
			if b.signedIn() || len(w.entries("invitation.accepted")) != 0 {
				t.Error("accepted all the same")
			}
		})
	}
	w := newInviteWorld(t, "")
	for _, path := range []string{"/invitations/x", "/invitations/" + strings.Repeat("A", 43), "/invitations/" + strings.Repeat("%2e", 43), "/invitations/" + strings.Repeat("A", 43) + "/decline"} {
		w.browser().get(path).want(http.StatusNotFound, "leads to no invitation").reference()
	}
}

func TestNobodyAcceptsWhileNobodyCanJoin(t *testing.T) {
	w := newInviteWorld(t, "")
	_, path := w.invite("bob@private.example")
	b := w.browser()
	code := w.code(b, path)
	_, err := w.engine.Lockdown(t.Context(), w.orgs["acme"], true, directory.Cause{Kind: directory.CauseAdmin, Actor: "root@acme.com", Reason: "a test"})
	w.must(err)
	b.post(path+"/code/enter", code).want(http.StatusForbidden, "Nobody new can join").reference()
	b.post(path+"/code", nil).want(http.StatusForbidden, "Nobody new can join").reference()
	if b.signedIn() {
		t.Error("somebody joined")
	}
}

func TestAskingForCodesOfAnInvitationIsLimited(t *testing.T) {
	w := newInviteWorld(t, "")
	_, path := w.invite("bob@private.example")
	b := w.browser()
	for range 3 {
		w.code(w.browser(), path)
	}
	b.post(path+"/code", nil).want(http.StatusTooManyRequests, "Too many tries", `href="`+path+`"`)
	for range 16 {
		b.post(path+"/code/enter", url.Values{"code": {"1"}})
	}
	b.post(path+"/code/enter", url.Values{"code": {"1"}}).want(http.StatusTooManyRequests)
}

func TestAnotherSiteAcceptsNoInvitation(t *testing.T) {
	w := newInviteWorld(t, "")
	_, path := w.invite("bob@private.example")
	b := w.browser()
	code := w.code(b, path)
	for _, act := range []string{"", "/code", "/code/enter", "/account", "/decline"} {
		b.do(http.MethodPost, path+act, code, "same-site").want(http.StatusForbidden).reference()
	}
	b.get(path).want(http.StatusOK)
}

func TestWhoCameByAnInvitationSignsInByCode(t *testing.T) {
	w := newInviteWorld(t, "")
	_, path := w.invite("bob@private.example")
	b := w.browser()
	b.follow(b.post(path+"/code/enter", w.code(b, path))).want(http.StatusOK)
	again := w.browser()
	again.post("/login", email("bob@private.example")).want(http.StatusNotFound, "/login/code?login_hint=bob%40private.example")
	again.get("/login/code?login_hint=bob%40private.example&return=/x").want(http.StatusOK, `value="bob@private.example"`)
	again.post("/login/code", url.Values{"email": {"bob@private.example"}, "return": {"/x"}}).leads("/login/code/enter")
	for _, m := range w.mailed() {
		if code := regexp.MustCompile(`\b\d{8}\b`).FindString(m.Text); code != "" {
			again.post("/login/code/enter", url.Values{"code": {code}}).leads("/x")
		}
	}
	if !again.signedIn() || w.sessions("acme") != 2 {
		t.Error("the code does not let in")
	}
}

func TestWhoIsInSeveralOrganizationsSignsInToTheOneThatTheyAskFor(t *testing.T) {
	w := newInviteWorld(t, "")
	for _, org := range []string{"acme", "globex"} {
		_, path := w.inviteTo(org, "bob@private.example")
		b := w.browser()
		b.follow(b.post(path+"/code/enter", w.code(b, path))).want(http.StatusOK)
		w.now = w.now.Add(time.Hour)
		page := w.browser().get(path).want(http.StatusGone, "/login/code?login_hint=bob%40private.example&amp;organization="+org)
		page.want(http.StatusGone, "has been accepted")
	}
	w.mailed()
	enter := func(b *browser, m *mail.Message, organization string) {
		code := regexp.MustCompile(`\b\d{8}\b`).FindString(m.Text)
		b.follow(b.post("/login/code/enter", url.Values{"code": {code}})).want(http.StatusOK)
		b.get("/welcome").want(http.StatusOK, organization)
		w.now = w.now.Add(time.Hour)
	}
	for n, want := range []string{"Acme Inc. (acme)", "Globex (globex)"} { // who asks for none gets a code of each
		b := w.browser()
		b.post("/login/code", url.Values{"email": {"bob@private.example"}}).leads("/login/code/enter")
		mails := w.mailed()
		if len(mails) != 2 || mails[n].Subject != "Your code for "+want {
			t.Fatalf("%d mails, want one of %s", len(mails), want)
		}
		name, _, _ := strings.Cut(want, " (")
		enter(b, mails[n], name)
	}
	for asked, want := range map[string]string{"acme": "Acme Inc.", "globex": "Globex", "initech": ""} {
		b := w.browser()
		b.get("/login/code?organization=" + asked).want(http.StatusOK)
		b.post("/login/code", url.Values{"email": {"bob@private.example"}, "organization": {asked}}).leads("/login/code/enter")
		mails := w.mailed()
		if want == "" {
			if len(mails) != 0 {
				t.Errorf("%s: %d mails", asked, len(mails))
			}
			continue
		}
		enter(b, mails[0], want)
	}
}

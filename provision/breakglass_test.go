package provision_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/outbox/mail/mailtest"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// glass is open with people who may break it.
var glass = strings.Replace(open, "name: Acme Inc.}", "name: Acme Inc., support: {name: IT Service Desk, email: it@acme.com}}", 1) +
	"break_glass: [{email: Root@acme.com}, {email: second@acme.com}]\n"

// glassWorld is a world in which root and second are members, with a mail server.
type glassWorld struct {
	*world
	server *mailtest.Server
	log    *bytes.Buffer
}

func newGlassWorld(t *testing.T) *glassWorld {
	t.Helper()
	w := &glassWorld{world: newWorld(t, glass), server: (&mailtest.Server{}).Start(t), log: &bytes.Buffer{}}
	w.engine.Log = slog.New(slog.NewTextHandler(w.log, nil))
	w.engine.Mail = w.sender().Send
	w.create("okta", "root", person("root"))
	w.create("okta", "second", person("second"))
	w.group("okta", "IT Admins", "root", "second")
	return w
}

func (w *glassWorld) sender() *mail.Sender {
	return &mail.Sender{
		Settings:  &config.Mail{SMTP: "smtp://" + w.server.Address, From: "Acme <usher@acme.com>", Timeout: 5 * time.Second},
		PublicURL: "https://usher.acme.com",
	}
}

// browser is the hash of the secret of a browser.
func browser(name string) [32]byte { return provision.TokenHash("secret of " + name) }

func (w *glassWorld) ask(email, browserName string) {
	w.t.Helper()
	w.askFrom("192.0.2.1/32", email, browserName)
}

func (w *glassWorld) askFrom(network, email, browserName string) {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	_, err := w.engine.AskCode(w.t.Context(), provision.AskCode{
		Email: email, Request: "request-ask", Browser: browser(browserName), Network: network, Agent: "Firefox on Linux",
	})
	w.must(err)
}

// mailAll sends what waits, and checks how much does still.
func (w *glassWorld) mailAll(left int) {
	w.t.Helper()
	n, err := w.engine.SendMail(w.t.Context())
	w.must(err)
	if n != left {
		w.t.Errorf("%d mails wait, want %d", n, left)
	}
}

var eight = regexp.MustCompile(`\b\d{8}\b`)

// mails returns the bodies of the mails to an address, as "subject: body".
func (w *glassWorld) mails(to string) []string {
	w.t.Helper()
	var found []string
	for _, m := range w.server.Mails() {
		if m.To != to {
			continue
		}
		message := m.Message(w.t)
		body, err := io.ReadAll(message.Body)
		w.must(err)
		found = append(found, message.Header.Get("Subject")+": "+string(body))
	}
	return found
}

// code returns the code of the latest mail to an address.
func (w *glassWorld) code(to string) string {
	w.t.Helper()
	list := w.mails(to)
	for _, m := range slices.Backward(list) {
		if found := eight.FindString(m); found != "" {
			return found
		}
	}
	w.t.Fatalf("no code was mailed to %s: %q", to, list)
	return ""
}

func (w *glassWorld) enter(email, code, browserName string) (*provision.LoginResult, error) {
	w.now = w.now.Add(time.Second)
	return w.engine.EnterCode(w.t.Context(), provision.EnterCode{Email: email, Code: code, Request: "request-enter", Browser: browser(browserName), Agent: "Firefox on Linux"})
}

// wrong checks that a code does not let in.
func (w *glassWorld) wrong(what, email, code, browserName string) {
	w.t.Helper()
	r, err := w.enter(email, code, browserName)
	if directory.KindOf(err) != directory.Unauthenticated || r != nil {
		w.t.Errorf("%s: %+v, %v", what, r, err)
	}
}

func TestSomebodyBreaksGlassAndEverybodyHearsOfIt(t *testing.T) {
	w := newGlassWorld(t)
	w.ask(" ROOT@acme.com ", "laptop")
	if n := len(w.server.Mails()); n > 0 {
		t.Fatalf("%d mails were sent before the answer", n)
	}
	w.mailAll(0)
	code := w.code("Root@acme.com")
	if n := len(w.mails("it@acme.com")); n != 1 || len(w.mails("second@acme.com")) != 1 {
		t.Errorf("of the asking %d heard at the help desk", n)
	}
	if e := w.lastLine(); e.Kind != "breakglass.asked" || e.Cause.ID != "request-ask" || e.Subjects[0].ID != w.one("root@acme.com").ID {
		t.Errorf("the asking is told as %+v", e)
	}
	r, err := w.enter("root@ACME.com", " "+code[:4]+" "+code[4:], "laptop")
	w.must(err)
	if !r.In() || r.Session.Method != "code" || r.Session.Conn != 0 || r.Member.ID != w.one("root@acme.com").ID || !w.signedIn(r) {
		t.Fatalf("let in as %+v", r)
	}
	if e := w.lastLine(); e.Kind != "breakglass.used" || e.Cause.ID != "request-enter" || e.Cause.Actor != "code" || e.Cause.Kind != directory.CauseLogin {
		t.Errorf("the use is told as %+v", e)
	}
	w.mailAll(0)
	for _, to := range []string{"it@acme.com", "second@acme.com"} {
		told := w.mails(to)
		if len(told) != 2 || !strings.Contains(told[0], "asked for") || !strings.Contains(told[1], "signed in") || !strings.Contains(told[1], "Root@acme.com") {
			t.Errorf("%s was told %q", to, told)
		}
		if eight.MatchString(strings.Join(told, "")) {
			t.Errorf("%s was told the code", to)
		}
	}
	if n := len(w.mails("Root@acme.com")); n != 1 {
		t.Errorf("root got %d mails, want the code alone", n)
	}
	if n := strings.Count(w.log.String(), "level=WARN"); n != 2 || strings.Contains(w.log.String(), code) {
		t.Errorf("the log has %d warnings:\n%s", n, w.log)
	}
	w.wrong("a code that was used", "root@acme.com", code, "laptop")
}

func TestACodeWorksInTheBrowserThatAskedAlone(t *testing.T) {
	w := newGlassWorld(t)
	w.ask("root@acme.com", "laptop")
	w.ask("root@acme.com", "mallory's")
	w.mailAll(0)
	var codes []string
	for _, m := range w.mails("Root@acme.com") {
		codes = append(codes, eight.FindString(m))
	}
	if len(codes) != 2 || codes[0] == codes[1] {
		t.Fatalf("the codes are %v", codes)
	}
	w.wrong("another browser", "root@acme.com", codes[0], "phone")
	w.wrong("the code of the first, in the second", "root@acme.com", codes[0], "mallory's")
	w.wrong("another address", "second@acme.com", codes[0], "laptop")
	r, err := w.enter("root@acme.com", codes[0], "laptop")
	w.must(err)
	if !r.In() {
		t.Errorf("in the browser that asked: %+v", r)
	}
}

func TestAWrongCodeCountsAndTheFifthEndsIt(t *testing.T) {
	for wrongs, in := range map[int]bool{4: true, 5: false} {
		w := newGlassWorld(t)
		w.ask("root@acme.com", "laptop")
		w.mailAll(0)
		code := w.code("Root@acme.com")
		for n := range wrongs {
			w.wrong("a wrong one", "root@acme.com", fmt.Sprintf("%08d", n), "laptop")
		}
		if n := w.told("breakglass.wrong"); n != wrongs {
			t.Errorf("%d wrong codes are told as %d", wrongs, n)
		}
		if r, err := w.enter("root@acme.com", code, "laptop"); (err == nil) != in || in != (r != nil && r.In()) {
			t.Errorf("after %d wrong ones: %+v, %v", wrongs, r, err)
		}
	}
}

func TestACodeWorksForTenMinutes(t *testing.T) {
	for after, in := range map[time.Duration]bool{10*time.Minute - 2*time.Second: true, 10 * time.Minute: false} {
		w := newGlassWorld(t)
		w.ask("root@acme.com", "laptop")
		w.mailAll(0)
		w.pass(after)
		if r, err := w.enter("root@acme.com", w.code("Root@acme.com"), "laptop"); (err == nil) != in || in != (r != nil && r.In()) {
			t.Errorf("after %s: %+v, %v", after, r, err)
		}
	}
}

func TestAnAddressGetsThreeCodesInAQuarterOfAnHour(t *testing.T) {
	w := newGlassWorld(t)
	for n := range 6 {
		w.ask("root@acme.com", fmt.Sprint(n))
	}
	w.mailAll(0)
	if n := len(w.mails("Root@acme.com")); n != 3 {
		t.Errorf("%d codes were sent, want 3", n)
	}
	w.ask("second@acme.com", "another's")
	w.mailAll(0)
	if w.code("second@acme.com") == "" {
		t.Error("one address keeps another from codes")
	}
	w.pass(15 * time.Minute)
	w.ask("root@acme.com", "later")
	w.mailAll(0)
	if all := strings.Join(w.mails("Root@acme.com"), "\n"); strings.Count(all, "Your code for") != 3*4 { // in subject, text and HTML
		t.Errorf("want three codes and one more:\n%s", all)
	}
	r, err := w.enter("root@acme.com", w.code("Root@acme.com"), "later")
	w.must(err)
	if !r.In() {
		t.Errorf("a quarter of an hour later: %+v", r)
	}
}

func TestAStrangerWhoAsksForCodesKeepsNobodyFromTheirs(t *testing.T) {
	w := newGlassWorld(t)
	for n := range 6 {
		w.askFrom("198.51.100.7/32", "root@acme.com", fmt.Sprint("stranger's ", n))
	}
	w.ask("root@acme.com", "root's")
	w.mailAll(0)
	r, err := w.enter("root@acme.com", w.code("Root@acme.com"), "root's")
	w.must(err)
	if !r.In() {
		t.Errorf("root does not get in: %+v", r)
	}
}

func TestFromManyNetworksAnAddressGetsTwentyCodesAndEachNetworkItsFirst(t *testing.T) {
	w := newGlassWorld(t)
	ask := func(times, networks, want int) {
		t.Helper()
		for n := range times * networks {
			w.askFrom(fmt.Sprintf("198.51.100.%d/32", n%networks), "root@acme.com", fmt.Sprint(networks, n))
		}
		w.mailAll(0)
		if n := len(w.mails("Root@acme.com")); n != want {
			t.Errorf("%d codes were sent, want %d", n, want)
		}
	}
	ask(3, 8, 20)
	ask(2, 30, 20+22)
	ask(1, 120, 100)
}

// Neither the answer nor what the store does for it says who is known.
func TestAskingIsAnsweredAlikeForEverybody(t *testing.T) {
	w := newGlassWorld(t)
	written := func(email string) (documents int) {
		w.ask(email, email)
		w.must(w.store.View(t.Context(), func(tx store.Tx) error {
			names, err := tx.ListDocuments("breakglass/")
			documents = len(names)
			return err
		}))
		return documents
	}
	a, b, c := written("root@acme.com"), written("nobody@elsewhere.example"), written("ann@acme.com")
	if a != 1 || b != 2 || c != 3 {
		t.Errorf("asking leaves %d, %d and %d documents", a, b, c)
	}
	told := w.lastLine().Seq
	w.mailAll(0)
	if n := w.told("breakglass.asked"); n != 1 || w.lastLine().Seq != told+1 {
		t.Errorf("%d askings are told", n)
	}
	for range 5 {
		w.wrong("of nobody", "nobody@elsewhere.example", "12345678", "nobody@elsewhere.example")
		w.wrong("of root", "root@acme.com", "1", "root@acme.com")
	}
	for _, email := range []string{"", "  ", strings.Repeat("a", 300) + "@acme.com"} {
		w.ask(email, "laptop")
	}
	w.mailAll(0)
	if n := len(w.server.Mails()); n != 3 {
		t.Errorf("%d mails were sent, want the code and two alerts", n)
	}
}

func TestOnlyAnActiveMemberWhoAloneHasTheAddressIsSentACode(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*glassWorld)
		why    string
	}{
		"suspended":        {func(w *glassWorld) { w.act(w.engine.Suspend, w.one("root@acme.com")) }, "the member is suspended"},
		"removed":          {func(w *glassWorld) { w.act(w.engine.Remove, w.one("root@acme.com")) }, "the member is removed"},
		"no member at all": {func(w *glassWorld) { w.activate(strings.Replace(glass, "Root@", "stranger@", 1)) }, "no member has the address"},
		"somebody else has the address too": {func(w *glassWorld) {
			w.act(w.engine.Suspend, w.one("root@acme.com"))
			w.engine.Verified = func(string, string) bool { return false }
			w.create("entra", "mallory", person("mallory").with(attrs{"emails": []attrs{{"value": "root@acme.com"}}}))
			w.activate(strings.Replace(glass, "{name: everyone,", "{name: all, when: 'true', guests: true, role: viewer}\n  - {name: everyone,", 1))
		}, "several members have the address"},
		"no mail server": {func(w *glassWorld) { w.engine.Mail = nil }, "usher.yaml names no mail server"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newGlassWorld(t)
			c.change(w)
			email := "root@acme.com"
			if name == "no member at all" {
				email = "stranger@acme.com"
			}
			w.ask(email, "laptop")
			w.mailAll(0)
			if e := w.lastLine(); e.Kind != "breakglass.asked" || !strings.Contains(e.Notes[0], c.why) {
				t.Errorf("told as %+v", e)
			}
			for _, m := range w.server.Mails() {
				if eight.Match(m.Data) {
					t.Errorf("a code was sent to %s", m.To)
				}
			}
			if !strings.Contains(w.log.String(), c.why) {
				t.Errorf("the log does not say why:\n%s", w.log)
			}
			problems, err := w.engine.BreakGlassProblems(t.Context())
			w.must(err)
			if !slices.ContainsFunc(problems, func(p directory.Problem) bool { return strings.Contains(p.Message, c.why) }) {
				t.Errorf("the problems are %v", problems)
			}
			w.wrong("a guess", email, "00000000", "laptop")
		})
	}
}

func TestWhoIsPutOutBetweenMailAndCodeDoesNotGetIn(t *testing.T) {
	for code, change := range map[provision.LoginCode]func(*glassWorld){
		provision.LoginSuspended: func(w *glassWorld) { w.act(w.engine.Suspend, w.one("root@acme.com")) },
		provision.LoginNoRule:    func(w *glassWorld) { w.activate(strings.Replace(glass, "{email: Root@acme.com}, ", "", 1)) },
	} {
		w := newGlassWorld(t)
		w.ask("root@acme.com", "laptop")
		w.mailAll(0)
		change(w)
		r, err := w.enter("root@acme.com", w.code("Root@acme.com"), "laptop")
		w.must(err)
		if r.In() || r.Token != "" || r.Code != code {
			t.Errorf("let in as %+v, want %s", r, code)
		}
		if line, err := w.engine.Refusal(t.Context(), w.org, r.Reference); err != nil || !strings.Contains(line.Notes[0], string(code)) {
			t.Errorf("the reference %q leads to %+v (%v)", r.Reference, line, err)
		}
	}
}

func TestGlassBreaksWhileNothingElseWorksAndItsSessionsEndAsOthersDo(t *testing.T) {
	w := newGlassWorld(t)
	in := func() *provision.LoginResult {
		t.Helper()
		w.pass(15 * time.Minute)
		w.ask("root@acme.com", "laptop")
		w.mailAll(0)
		r, err := w.enter("root@acme.com", w.code("Root@acme.com"), "laptop")
		w.must(err)
		if !w.signedIn(r) {
			t.Fatalf("let in as %+v", r)
		}
		return r
	}
	w.activate(strings.Replace(glass, "{id: okta, provider: okta}", "{id: okta, provider: okta, state: paused}", 1))
	before := in()
	w.now = w.now.Add(time.Second)
	if _, err := w.engine.Lockdown(t.Context(), w.org, true, rootCause()); err != nil {
		t.Fatal(err)
	}
	if w.signedIn(before) {
		t.Error("the lockdown left the session")
	}
	during := in()
	if list, _, err := w.engine.ListSessions(t.Context(), w.org, directory.NoID, nil, 10); err != nil || len(list) != 1 || list[0].Method != "code" {
		t.Errorf("the sessions are %+v (%v)", list, err)
	}
	w.now = w.now.Add(12 * time.Hour)
	if w.signedIn(during) {
		t.Error("the session outlives its idle limit")
	}
	last := in()
	w.act(w.engine.Suspend, w.one("root@acme.com"))
	if w.signedIn(last) {
		t.Error("the suspension left the session")
	}
}

func TestMailThatTheServerDoesNotTakeWaitsAndIsNotLost(t *testing.T) {
	w := newGlassWorld(t)
	w.server.Stop()
	w.ask("root@acme.com", "laptop")
	w.mailAll(3)
	// The process ends, and another one takes over.
	again := &provision.Engine{Store: w.store, Log: w.engine.Log, Now: w.engine.Now, Compile: w.engine.Compile, Mail: w.engine.Mail}
	w.engine = again
	w.mailAll(3)
	w.server.Start(t)
	w.now = w.now.Add(time.Minute)
	w.mailAll(0)
	if n := w.told("breakglass.asked"); n != 1 || len(w.server.Mails()) != 3 {
		t.Errorf("asked once, told %d times, and %d mails", n, len(w.server.Mails()))
	}
	r, err := w.enter("root@acme.com", w.code("Root@acme.com"), "laptop")
	w.must(err)
	if !r.In() {
		t.Errorf("let in as %+v", r)
	}
	w.server.Stop()
	w.mailAll(2) // the alerts of the use
	w.pass(23 * time.Hour)
	w.mailAll(2)
	w.server.Start(t)
	w.now = w.now.Add(time.Minute)
	w.mailAll(0)
	if n := len(w.mails("it@acme.com")); n != 2 {
		t.Errorf("the help desk got %d mails, want both", n)
	}
}

func TestACodeThatCouldNotBeSentInTimeIsNotSentAnyMore(t *testing.T) {
	w := newGlassWorld(t)
	w.server.Stop()
	w.ask("root@acme.com", "laptop")
	w.mailAll(3)
	w.pass(10 * time.Minute)
	w.server.Start(t)
	w.mailAll(0)
	if n := len(w.mails("Root@acme.com")); n > 0 {
		t.Errorf("%d codes came too late", n)
	}
	if n := len(w.mails("it@acme.com")); n != 1 {
		t.Errorf("the help desk got %d mails, want the alert all the same", n)
	}
}

func TestMailThatIsRefusedForGoodIsNotTriedAgain(t *testing.T) {
	w := newGlassWorld(t)
	w.server.Refuse = func(to string) error {
		if to == "it@acme.com" {
			return mailtest.Answer(550, "no such mailbox")
		}
		return nil
	}
	w.ask("root@acme.com", "laptop")
	w.mailAll(0)
	if !strings.Contains(w.log.String(), "level=ERROR") || len(w.mails("second@acme.com")) != 1 || w.code("Root@acme.com") == "" {
		t.Errorf("one refusal keeps others from their mail:\n%s", w.log)
	}
}

func TestTheStoreKnowsNoCode(t *testing.T) {
	w := newGlassWorld(t)
	w.ask("root@acme.com", "laptop")
	w.mailAll(0)
	var backup bytes.Buffer
	if _, err := w.store.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(backup.Bytes(), []byte(w.code("Root@acme.com"))) {
		t.Error("the store holds the code")
	}
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		waiting, err := tx.ListDocuments("breakglass/")
		if len(waiting) > 0 {
			t.Errorf("the store still holds %v, with what it takes to guess a code", waiting)
		}
		return err
	}))
}

func TestMailIsSentByItself(t *testing.T) {
	w := newGlassWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.engine.WorkMail(ctx) }()
	_, err := w.engine.AskCode(t.Context(), provision.AskCode{Email: "root@acme.com", Request: "r", Browser: browser("laptop")})
	w.must(err)
	for began := time.Now(); len(w.server.Mails()) < 3; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%d mails were sent, want 3", len(w.server.Mails()))
		}
	}
	stop()
	if err := <-done; err == nil {
		t.Error("the work ended before it was told to")
	}
}

// An organization whose file names another's people keeps nobody of the other from getting in.
func TestAnAddressThatTwoOrganizationsNameIsOfTheOneThatOwnsItsDomain(t *testing.T) {
	w := newGlassWorld(t)
	other := *w.world
	other.conns, other.ids = map[string]directory.ConnNum{}, map[string]directory.ID{}
	other.otherOrganization(strings.NewReplacer("id: acme,", "id: other,", "domain: acme.", "domain: other.", "id: okta,", "id: aaa-okta,", "id: entra,", "id: aaa-entra,").Replace(glass))
	other.create("aaa-okta", "root", person("root"))
	w.ask("root@acme.com", "laptop")
	w.mailAll(0)
	r, err := w.enter("root@acme.com", w.code("Root@acme.com"), "laptop")
	w.must(err)
	if !r.In() || r.Session.Org != w.org {
		t.Errorf("let in as %+v", r)
	}
	w.engine.Verified = func(string, string) bool { return false }
	w.ask("root@acme.com", "phone")
	w.mailAll(0)
	r, err = w.enter("root@acme.com", w.code("Root@acme.com"), "phone")
	w.must(err)
	if !r.In() || r.Session.Org != w.org {
		t.Errorf("where nobody owns the domain: let in as %+v", r)
	}
}

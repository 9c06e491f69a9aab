package provision_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// besideAcme is a second organization with a policy in the same store.
func (w *world) besideAcme(policy string) *world {
	w.t.Helper()
	other := *w
	other.conns, other.ids = map[string]directory.ConnNum{}, map[string]directory.ID{}
	other.otherOrganization(policy)
	return &other
}

// naming is the policy of an organization that names an address in break_glass.
func naming(domain, address string) string {
	return fmt.Sprintf(`
organization: {id: other, name: Other Inc.}
domains: [{domain: %s}]
connections: [{id: other-okta, provider: okta, default_role: viewer}]
roles: [{name: viewer}]
break_glass: [{email: %q}]
`, domain, address)
}

// codes sends what waits, and returns the codes that were mailed, by the subject of the mail.
func (w *inviteWorld) codes() map[string]string {
	w.t.Helper()
	codes := map[string]string{}
	for _, m := range w.mailed() {
		if code := eight.FindString(m.Text); code != "" {
			if codes[m.Subject] != "" {
				w.t.Errorf("%q is the subject of two codes", m.Subject)
			}
			codes[m.Subject] = code
		}
	}
	return codes
}

// Where nobody owns the domain of an address, to name it in a file keeps nobody else from being let in.
func TestNamingAnothersBreakGlassAddressKeepsNobodyOut(t *testing.T) {
	w := newGlassWorld(t)
	const email = "emergency@mail.example"
	w.activate(strings.Replace(glass, "{email: second@acme.com}", "{email: "+email+"}", 1))
	w.create("okta", "emergency", attrs{"userName": email, "externalId": "em", "displayName": "Emergency", "active": true})
	w.pin(w.of("okta", "emergency"), "admin", time.Time{})
	other := w.besideAcme(naming("other.example", email))
	told := len(w.server.Mails())
	w.ask(email, "laptop")
	w.mailAll(0)
	r, err := w.enter(email, w.code(email), "laptop")
	w.must(err)
	if !r.In() || r.Session.Org != w.org {
		t.Errorf("let in as %+v", r)
	}
	if n := len(w.mails(email)); n != 1 || told != 0 {
		t.Errorf("%d codes were mailed, want the one of acme", n)
	}
	if n := other.told("breakglass.asked"); n != 1 {
		t.Errorf("%d codes are told of as asked for, want acme's", n)
	}
}

func TestEachOrganizationOfAnAddressMailsItsOwnCode(t *testing.T) {
	const email = "bob@private.example"
	for into, from := range map[string]string{"acme": "Your code for Acme Inc. (acme)", "other": "Your code for Other Inc. (other)"} {
		t.Run(into, func(t *testing.T) {
			w := newInviteWorld(t, byProvider)
			bob := w.member(email)
			w.engine.Verified = func(_, domain string) bool { return domain == "acme.com" } // private.example is nobody's
			other := w.besideAcme(naming("private.example", email))
			other.create("other-okta", "bob", attrs{"userName": email, "externalId": "b", "displayName": "Bob", "active": true})
			w.mailed()
			w.askCode(email)
			codes := w.codes()
			if len(codes) != 2 {
				t.Fatalf("codes are mailed as %v", slices.Collect(maps.Keys(codes)))
			}
			_, err := w.enterCode(email, "00000000")
			w.wantKind(err, directory.Unauthenticated, "not the code")
			if n, glass := w.told("login.code_wrong"), w.told("breakglass.wrong"); n != 1 || glass != 1 {
				t.Errorf("a wrong code is told of %d times, and %d times as one of break glass", n, glass)
			}
			r, err := w.enterCode(email, codes[from])
			w.must(err)
			want := map[string]directory.OrgNum{"acme": w.org, "other": other.org}[into]
			if !r.In() || r.Session.Org != want || r.Member.Org != want || into == "acme" && r.Member.ID != bob.Member.ID {
				t.Errorf("let in as %+v", r)
			}
			for _, code := range codes {
				_, err := w.enterCode(email, code)
				w.wantKind(err, directory.Unauthenticated, "not the code")
			}
		})
	}
}

func TestWhoNamesAnOrganizationIsMailedItsCodeAlone(t *testing.T) {
	const email = "bob@private.example"
	w := newInviteWorld(t, byProvider)
	w.member(email)
	other := w.besideAcme(naming("private.example", email))
	other.create("other-okta", "bob", attrs{"userName": email, "externalId": "b", "displayName": "Bob", "active": true})
	w.mailed()
	for organization, want := range map[string]string{"acme": "Your code for Acme Inc.", "other": "Your code for Other Inc."} {
		_, err := w.engine.AskCode(t.Context(), provision.AskCode{Email: email, Browser: browser(organization), Network: organization, Organization: organization})
		w.must(err)
		if codes := w.codes(); len(codes) != 1 || codes[want] == "" {
			t.Errorf("of %s is mailed %v", organization, slices.Collect(maps.Keys(codes)))
		}
	}
}

// The five tries are those of all the codes together.
func TestSeveralCodesAreGuessedAtFiveTimesInAll(t *testing.T) {
	const email = "bob@private.example"
	w := newInviteWorld(t, byProvider)
	w.member(email)
	other := w.besideAcme(naming("private.example", email))
	other.create("other-okta", "bob", attrs{"userName": email, "externalId": "b", "displayName": "Bob", "active": true})
	w.mailed()
	w.askCode(email)
	codes := w.codes()
	if len(codes) != 2 {
		t.Fatalf("%d codes were mailed", len(codes))
	}
	for n := range 5 {
		_, err := w.enterCode(email, fmt.Sprintf("%08d", n))
		w.wantKind(err, directory.Unauthenticated, "not the code")
	}
	for from, code := range codes {
		if r, err := w.enterCode(email, code); err == nil {
			t.Errorf("after five wrong ones, %s lets in: %+v", from, r)
		}
	}
}

// What many networks have asked for leaves the first code of another.
func TestStrangersInManyNetworksKeepNobodyFromTheirCode(t *testing.T) {
	w := newGlassWorld(t)
	for round := range 3 {
		for n := range 21 {
			w.askFrom(fmt.Sprintf("198.51.100.%d/32", n/3), "root@acme.com", fmt.Sprint("stranger's ", round, n))
		}
		browserName := fmt.Sprint("root's ", round)
		w.askFrom("192.0.2.1/32", "root@acme.com", browserName)
		w.mailAll(0)
		r, err := w.enter("root@acme.com", w.code("Root@acme.com"), browserName)
		w.must(err)
		if !r.In() {
			t.Errorf("root does not get in: %+v", r)
		}
		w.pass(15 * time.Minute)
	}
}

// One site has 65,536 networks of 64 bits to ask from.
func TestTheNetworksOfOneSiteAskForThreeCodes(t *testing.T) {
	w := newGlassWorld(t)
	for n := range 8 {
		w.askFrom(fmt.Sprintf("2001:db8:1:%x::/64", n), "root@acme.com", fmt.Sprint(n))
	}
	w.mailAll(0)
	if n := len(w.mails("Root@acme.com")); n != 3 {
		t.Errorf("%d codes were sent, want 3", n)
	}
	w.askFrom("2001:db8:2::/64", "root@acme.com", "another site's")
	w.mailAll(0)
	if n := len(w.mails("Root@acme.com")); n != 4 {
		t.Errorf("%d codes were sent, want another site's too", n)
	}
}

// Whoever uses up the tries of a password keeps nobody from a code as well.
func TestWhoIsKeptFromTheirPasswordHasACode(t *testing.T) {
	const email = "bob@private.example"
	w := newInviteWorld(t, byProvider)
	w.setPassword(w.member(email), "battery staple")
	for range 10 {
		_, err := w.engine.EnterPassword(t.Context(), provision.EnterPassword{Email: email, Verify: func(context.Context, string) (bool, string, error) {
			return false, "", nil
		}})
		w.wantKind(err, directory.Unauthenticated, "did not work")
	}
	for n := range 21 {
		_, err := w.engine.AskCode(t.Context(), provision.AskCode{Email: email, Browser: browser(fmt.Sprint(n)), Network: fmt.Sprintf("198.51.100.%d/32", n/3)})
		w.must(err)
	}
	w.mailed()
	w.askCode(email)
	_, code := w.codeMail()
	r, err := w.enterCode(email, code)
	w.must(err)
	if !w.signedIn(r) {
		t.Errorf("let in as %+v", r)
	}
}

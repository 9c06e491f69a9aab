package provision_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// open is the policy of these tests: people of acme.com join by signing in, those of acme.org after an admin's approval, and
// those of acme.net not at all.
var open = strings.NewReplacer(
	"- {domain: acme.com}", "- {domain: acme.com, auto_invite: true, default_role: viewer, departments: {engineering: member}}",
	"- {domain: acme.org}", "- {domain: acme.org, require_admin_approval: true, default_role: viewer}\n  - {domain: acme.net, default_role: viewer}",
).Replace(acme)

// openWith is open with other settings of Okta's connection.
func openWith(settings string) string {
	return strings.Replace(open, "{id: okta, provider: okta}", "{id: okta, provider: okta, "+settings+"}", 1)
}

// loginOf is how somebody of acme.com signs in: the subject is the one of their SCIM record.
func (w *world) loginOf(conn, name string) provision.Login {
	return provision.Login{
		Org: w.org, Conn: w.conns[conn], Request: "request-login", Method: "oidc", Subject: "ext-" + name,
		Addresses: []provision.LoginAddress{{Value: name + "@acme.com", Vouched: true}}, Profile: directory.Profile{DisplayName: name},
		Agent: "Firefox on Linux",
	}
}

func (w *world) signIn(in provision.Login) *provision.LoginResult {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	r, err := w.engine.Login(w.t.Context(), in)
	w.must(err)
	if r.In() != (r.Token != "") || r.In() == (r.Code.Because() != "") || r.In() == (r.Reference != "") {
		w.t.Errorf("%s: in %v, token %q, because %q, reference %q", r.Code, r.In(), r.Token, r.Code.Because(), r.Reference)
	}
	return r
}

func (w *world) login(conn, name string) *provision.LoginResult {
	w.t.Helper()
	return w.signIn(w.loginOf(conn, name))
}

// want checks what became of a sign-in.
func (w *world) want(r *provision.LoginResult, code provision.LoginCode) *provision.LoginResult {
	w.t.Helper()
	if r.Code != code {
		w.t.Errorf("the sign-in was %s, want %s; %s", r.Code, code, strings.Join(w.lastLine().Notes, "; "))
	}
	return r
}

func (w *world) lastLine() *directory.Entry {
	w.t.Helper()
	var list []*directory.Entry
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		list, err = tx.ListEntries(0, 1, true)
		return err
	}))
	return list[0]
}

func (w *world) logins(member directory.ID) []*directory.Grant {
	w.t.Helper()
	var found []*directory.Grant
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		grants, err := tx.Grants(w.org, []directory.ID{member})
		found = slices.DeleteFunc(grants[0], func(g *directory.Grant) bool { return g.Kind != directory.GrantLogin })
		return err
	}))
	return found
}

func TestAFirstTimerJoinsByTheRuleOfTheirDomain(t *testing.T) {
	w := newWorld(t, open)
	in := w.loginOf("okta", "ann")
	in.Profile.Department = "Eng"
	r := w.want(w.signIn(in), provision.LoginJoined)
	w.expect(r.Member, directory.StatusActive, "member", "engineering")
	w.expect(w.want(w.login("okta", "bob"), provision.LoginJoined).Member, directory.StatusActive, "viewer", "")
	again := w.want(w.signIn(in), provision.LoginKnown)
	if again.Member.ID != r.Member.ID || again.Token == r.Token {
		t.Errorf("the second sign-in is of %s with token %s, the first of %s with %s", again.Member.ID, again.Token, r.Member.ID, r.Token)
	}
	if e := w.lastLine(); e.Kind != "login" || e.Conn != w.conns["okta"] || e.Cause.Actor != "oidc" || e.Cause.ID != "request-login" {
		t.Errorf("the sign-in is journalled as %+v", e)
	}
}

func TestASignInThatSaysNothingNewWritesNothingButTheSession(t *testing.T) {
	w := newWorld(t, open)
	r := w.login("okta", "ann")
	before, grants := w.byID(r.Member.ID), w.logins(r.Member.ID)
	w.login("okta", "ann")
	after := w.byID(r.Member.ID)
	if after.Entry == before.Entry {
		t.Error("the member's history does not tell of the second sign-in")
	}
	after.Entry = before.Entry
	if fmt.Sprintf("%+v", before) != fmt.Sprintf("%+v", after) || fmt.Sprintf("%+v", *grants[0].Login) != fmt.Sprintf("%+v", *w.logins(r.Member.ID)[0].Login) {
		t.Errorf("the second sign-in changed\n%+v\nto\n%+v", before, after)
	}
	if e := w.lastLine(); len(e.Attributes)+len(e.Effects)+len(e.Proof) > 0 {
		t.Errorf("the second sign-in is told as %+v", e)
	}
}

func TestWhoDoesNotGetInLeavesNothingBehindButTheEntry(t *testing.T) {
	for name, c := range map[string]struct {
		policy string
		change func(*provision.Login)
		code   provision.LoginCode
	}{
		"an unknown domain":            {open, addressed("ann@elsewhere.example", true), provision.LoginUnknownDomain},
		"no address at all":            {open, func(in *provision.Login) { in.Addresses = nil }, provision.LoginUnknownDomain},
		"an address not vouched for":   {open, addressed("ann@acme.com", false), provision.LoginUnvouched},
		"a domain that asks nobody in": {open, addressed("ann@acme.net", true), provision.LoginNotPushed},
		"a paused connection":          {openWith("state: paused"), nil, provision.LoginPaused},
		"nothing gives a role":         {strings.Replace(open, ", default_role: viewer, departments: {engineering: member}", "", 1), nil, provision.LoginNoRule},
		"on the ignore list":           {open, func(in *provision.Login) { in.Profile.UserName = "svc-backup" }, provision.LoginNoRule},
		"before the rollout":           {open + "rollout: [{from: 2027-01-01}]\n", nil, provision.LoginWaits},
		"the session is over already":  {open, func(in *provision.Login) { in.NotAfter = in.NotAfter.AddDate(2000, 0, 0) }, provision.LoginExpired},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.policy)
			in := w.loginOf("okta", "ann")
			if c.change != nil {
				c.change(&in)
			}
			r := w.want(w.signIn(in), c.code)
			if r.Member != nil || len(w.everybody()) != 0 {
				t.Errorf("the refusal made a member")
			}
			line, err := w.engine.Refusal(t.Context(), w.org, strings.ToLower(r.Reference))
			w.must(err)
			if line.Kind != "login.refused" || !strings.Contains(line.Notes[0], string(c.code)) || len(line.Values) == 0 {
				t.Errorf("the reference %s leads to %+v", r.Reference, line)
			}
			if _, err := w.engine.Refusal(t.Context(), w.org+1, r.Reference); directory.KindOf(err) != directory.NotFound {
				t.Errorf("another organization finds the refusal: %v", err)
			}
		})
	}
}

// addressed gives a sign-in one address.
func addressed(address string, vouched bool) func(*provision.Login) {
	return func(in *provision.Login) { in.Addresses = []provision.LoginAddress{{Value: address, Vouched: vouched}} }
}

func TestAReferenceWithASlipLeadsNowhere(t *testing.T) {
	w := newWorld(t, open)
	in := w.loginOf("okta", "ann")
	addressed("ann@elsewhere.example", true)(&in)
	reference := w.signIn(in).Reference
	for i := range reference {
		for _, c := range "0Z7K" {
			slip := reference[:i] + string(c) + reference[i+1:]
			if _, err := w.engine.Refusal(t.Context(), w.org, slip); slip != reference && directory.KindOf(err) != directory.NotFound {
				t.Errorf("%s was mistyped as %s, and found (%v)", reference, slip, err)
			}
		}
	}
}

func TestAFirstSignInMeetsTheMemberThatSCIMMade(t *testing.T) {
	for name, c := range map[string]struct {
		conn   string
		change func(*provision.Login)
		code   provision.LoginCode
	}{
		"by the same subject":               {"okta", func(in *provision.Login) { in.Addresses = nil }, provision.LoginKnown},
		"by address, of another subject":    {"okta", func(in *provision.Login) { in.Subject = "ann@acme.com" }, provision.LoginLinked},
		"by an alias":                       {"okta", func(in *provision.Login) { in.Subject = "s"; addressed("ANN@acme.org", true)(in) }, provision.LoginLinked},
		"by address, by another connection": {"entra", nil, provision.LoginLinked},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, open)
			w.create("okta", "ann", person("ann").with(attrs{"emails": []attrs{{"value": "ann@acme.org"}}}))
			w.group("okta", "Engineering", "ann")
			in := w.loginOf(c.conn, "ann")
			if c.change != nil {
				c.change(&in)
			}
			r := w.want(w.signIn(in), c.code)
			if r.Member.ID != w.of("okta", "ann").ID || len(w.everybody()) != 1 {
				t.Errorf("ann is %s, and signs in as %s of %d", w.of("okta", "ann").ID, r.Member.ID, len(w.everybody()))
			}
			w.expect(r.Member, directory.StatusActive, "member", "engineering", "platform")
			w.want(w.signIn(in), provision.LoginKnown)
		})
	}
}

func TestAnAddressThatIsNotVouchedForLinksNobody(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "IT Admins", "ann")
	in := w.loginOf("entra", "mallory")
	in.Profile.UserName = "ann@acme.com"
	in.Addresses = []provision.LoginAddress{{Value: "ann@acme.com"}, {Value: "mallory@acme.com", Vouched: true}}
	r := w.want(w.signIn(in), provision.LoginJoined)
	if r.Member.ID == w.of("okta", "ann").ID || len(w.members("ann@acme.com")) != 1 {
		t.Error("mallory is known as ann@acme.com")
	}
}

// Row 29 of the abuse catalogue.
func TestAProviderOfOneOrganizationMeetsNobodyOfAnother(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	other := *w
	other.conns = map[string]directory.ConnNum{}
	other.otherOrganization(strings.NewReplacer("id: acme,", "id: other,", "acme.", "other.", "id: okta,", "id: evil-okta,", "id: entra,", "id: evil-entra,").Replace(open))
	in := other.loginOf("evil-okta", "ann")
	r := other.want(other.signIn(in), provision.LoginUnknownDomain)
	if r.Member != nil || len(other.everybody()) != 0 || len(w.everybody()) != 1 {
		t.Error("the provider of the one speaks for the other")
	}
	in.Org = w.org // and not by naming it
	if _, err := w.engine.Login(t.Context(), in); directory.KindOf(err) != directory.NotFound {
		t.Errorf("a connection of another organization: %v", err)
	}
}

// otherOrganization makes a second organization on the same store.
func (w *world) otherOrganization(policy string) {
	w.t.Helper()
	p := compile(w.t, policy)
	w.must(w.store.Update(w.t.Context(), func(tx store.Tx) (err error) {
		if w.org, err = tx.PutOrganization("other"); err != nil {
			return err
		}
		for _, c := range p.Organization.Connections {
			if w.conns[c.ID], err = tx.PutConnection(w.org, c.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	w.activate(policy)
}

func TestADomainThatIsNotProvenLinksAndLetsInNobody(t *testing.T) {
	w := newWorld(t, open)
	w.engine.Verified = func(org, domain string) bool { return org == "acme" && domain != "acme.com" }
	w.create("okta", "ann", person("ann"))
	w.want(w.login("entra", "ann"), provision.LoginUnknownDomain)
	w.want(w.login("okta", "bob"), provision.LoginUnknownDomain)
	w.create("entra", "ann", person("ann"))
	if w.of("okta", "ann").ID == w.of("entra", "ann").ID {
		t.Error("a push was linked by an address of a domain that is not proven")
	}
	w.want(w.login("okta", "ann"), provision.LoginKnown) // by the subject, not by the address
}

func TestSuspendedAndRemovedPeopleDoNotGetInAlsoNotByAnAlias(t *testing.T) {
	for code, act := range map[provision.LoginCode]func(*world) actFunc{
		provision.LoginSuspended: func(w *world) actFunc { return w.engine.Suspend },
		provision.LoginRemoved:   func(w *world) actFunc { return w.engine.Remove },
	} {
		w := newWorld(t, open)
		w.create("okta", "ann", person("ann").with(attrs{"emails": []attrs{{"value": "ann@acme.org"}}}))
		w.group("okta", "Everyone", "ann")
		w.create("okta", "bob", person("bob"))
		w.add("Everyone", "bob")
		w.act(act(w), w.of("okta", "ann"))
		alias := w.loginOf("entra", "other")
		addressed("ann@acme.org", true)(&alias)
		both := w.loginOf("entra", "both")
		both.Addresses = []provision.LoginAddress{{Value: "bob@acme.com", Vouched: true}, {Value: "ann@acme.com", Vouched: true}}
		for _, in := range []provision.Login{w.loginOf("okta", "ann"), w.loginOf("entra", "ann"), alias, both} {
			r := w.want(w.signIn(in), code)
			if r.Member == nil || r.Member.ID != w.of("okta", "ann").ID {
				t.Errorf("%s: the refusal is of %+v", code, r.Member)
			}
		}
		if n := len(w.everybody()); n != 2 {
			t.Errorf("%s: %d people, want ann and bob", code, n)
		}
		w.act(w.engine.Reactivate, w.of("okta", "ann"))
		w.want(w.login("okta", "ann"), provision.LoginKnown)
	}
}

func TestALeaverWhoseDirectoryHasLetThemGoIsNotKeptInByASignIn(t *testing.T) {
	for name, c := range map[string]struct {
		subject string
		before  bool // ann has signed in before
		leave   func(*world)
	}{
		"deleted":                        {"ext-ann", true, func(w *world) { w.delete("okta", "ann") }},
		"deleted, another subject":       {"ann@acme.com", true, func(w *world) { w.delete("okta", "ann") }},
		"deleted, never signed in":       {"ext-ann", false, func(w *world) { w.delete("okta", "ann") }},
		"deleted, never, other subject":  {"ann@acme.com", false, func(w *world) { w.delete("okta", "ann") }},
		"inactive":                       {"ext-ann", true, func(w *world) { w.replace("okta", "ann", person("ann").with(attrs{"active": false})) }},
		"inactive, never, other subject": {"ann@acme.com", false, func(w *world) { w.replace("okta", "ann", person("ann").with(attrs{"active": false})) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, open)
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Everyone", "ann")
			in := w.loginOf("okta", "ann")
			in.Subject = c.subject
			if c.before {
				if !w.signIn(in).In() {
					t.Fatal("ann does not get in")
				}
			}
			c.leave(w)
			w.settleAll()
			w.want(w.signIn(in), provision.LoginSuspended)
			w.pass(100 * day) // the tombstone is gone
			in.Profile.Title = "Engineer"
			w.want(w.signIn(in), provision.LoginSuspended)
			if n := len(w.everybody()); n != 1 {
				t.Errorf("there are %d people, want the leaver", n)
			}
		})
	}
}

// TestALeaverIsNotKeptInByTheSignInsOfAnotherConnection: one connection pushes, people sign in by the other.
func TestALeaverIsNotKeptInByTheSignInsOfAnotherConnection(t *testing.T) {
	for name, leave := range map[string]func(*world){
		"deleted":  func(w *world) { w.delete("entra", "ann") },
		"inactive": func(w *world) { w.replace("entra", "ann", person("ann").with(attrs{"active": false})) },
	} {
		for _, before := range []bool{true, false} {
			w := newWorld(t, open)
			if before {
				w.login("okta", "ann")
			}
			w.create("entra", "ann", person("ann"))
			r := w.login("okta", "ann")
			leave(w)
			if w.signedIn(r) {
				t.Errorf("%s, signed in before the push %v: the session goes on", name, before)
			}
			w.want(w.login("okta", "ann"), provision.LoginSuspended)
			w.settleAll()
			w.expect(w.byID(r.Member.ID), directory.StatusSuspended, w.byID(r.Member.ID).Decision.Role, "")
			w.create("entra", "ann", person("ann"))
			w.want(w.login("okta", "ann"), provision.LoginKnown)
		}
	}
}

func TestWhoSignsInByAnotherConnectionStaysWhenTheirDirectoryIsRetired(t *testing.T) {
	w := newWorld(t, open)
	w.create("entra", "ann", person("ann"))
	r := w.login("okta", "ann")
	w.must(w.engine.Retire(t.Context(), w.org, "entra", rootCause()))
	w.idle()
	w.expect(w.byID(r.Member.ID), directory.StatusActive, "viewer", "")
	if !w.signedIn(r) {
		t.Error("ann was signed out")
	}
}

func TestADirectoryThatIsOnlyObservedTakesNobodysSignInAway(t *testing.T) {
	w := newWorld(t, strings.Replace(open, "{id: entra, provider: entra}", "{id: entra, provider: entra, state: observe}", 1))
	r := w.login("okta", "ann")
	w.create("entra", "ann", person("ann").with(attrs{"active": false}))
	w.settleAll()
	w.expect(w.byID(r.Member.ID), directory.StatusActive, "viewer", "")
	w.want(w.login("okta", "ann"), provision.LoginKnown)
}

func TestALeaverWhoSignedInBeforeTheyWerePushedIsNotKeptIn(t *testing.T) {
	w := newWorld(t, open)
	w.login("okta", "ann")
	w.create("okta", "ann", person("ann"))
	if n := len(w.everybody()); n != 1 {
		t.Fatalf("the push made %d people of one", n)
	}
	w.delete("okta", "ann")
	w.want(w.login("okta", "ann"), provision.LoginSuspended)
	w.create("okta", "ann", person("ann"))
	w.want(w.login("okta", "ann"), provision.LoginKnown)
}

func TestAPushMeetsWhoHasSignedInBefore(t *testing.T) {
	for name, c := range map[string]struct {
		conn  string
		about attrs
	}{
		"the same subject":                        {"okta", person("ann").with(attrs{"userName": "renamed@acme.com"})},
		"another subject, the same address":       {"okta", person("ann").with(attrs{"externalId": "other"})},
		"another connection, by address":          {"entra", person("ann").with(attrs{"externalId": "other"})},
		"another connection, without externalId":  {"entra", person("ann").with(attrs{"externalId": ""})},
		"the same subject, in any way of writing": {"okta", person("ann").with(attrs{"userName": "ANN@acme.com"})},
	} {
		w := newWorld(t, open)
		r := w.login("okta", "ann")
		w.create(c.conn, "ann", c.about)
		if m := w.of(c.conn, "ann"); m.ID != r.Member.ID || m.Status != directory.StatusActive {
			t.Errorf("%s: the push is of %s (%s), the sign-in of %s", name, m.ID, m.Status, r.Member.ID)
		}
	}
}

func TestAnAdminLetsInWhoHasToWaitForIt(t *testing.T) {
	w := newWorld(t, open)
	in := w.loginOf("okta", "ann")
	addressed("ann@acme.org", true)(&in)
	r := w.want(w.signIn(in), provision.LoginAwaiting)
	if r.Member.Status != directory.StatusNone || w.lastLine().Kind != "login.awaiting" {
		t.Errorf("ann is %s, told as %s", r.Member.Status, w.lastLine().Kind)
	}
	w.settleAll()
	w.want(w.signIn(in), provision.LoginAwaiting)
	if w.lastLine().Kind != "login.refused" || len(w.everybody()) != 1 {
		t.Errorf("the second try is told as %s, and there are %d people", w.lastLine().Kind, len(w.everybody()))
	}
	w.act(w.engine.Approve, r.Member)
	w.expect(w.byID(r.Member.ID), directory.StatusActive, "viewer", "")
	w.want(w.signIn(in), provision.LoginKnown)
	_, err := w.engine.Approve(t.Context(), provision.Act{Org: w.org, Member: r.Member.ID, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root"}})
	if directory.KindOf(err) != directory.Conflict {
		t.Errorf("approved twice: %v", err)
	}
}

func TestAnAdminWhoRemovesWhoWaitsRefusesThem(t *testing.T) {
	w := newWorld(t, open)
	in := w.loginOf("okta", "ann")
	addressed("ann@acme.org", true)(&in)
	w.act(w.engine.Remove, w.signIn(in).Member)
	w.want(w.signIn(in), provision.LoginRemoved)
}

func TestADirectorySparesTheApproval(t *testing.T) {
	w := newWorld(t, open)
	in := w.loginOf("okta", "ann")
	addressed("ann@acme.org", true)(&in)
	w.signIn(in)
	w.create("okta", "ann", person("ann").with(attrs{"userName": "ann@acme.org"}))
	w.want(w.signIn(in), provision.LoginKnown)
}

func TestSigningInAcceptsAnInvitationWhichGivesNothingOnceTheDirectoryHasLetThePersonGo(t *testing.T) {
	w := newWorld(t, openWith("provisioning: invite"))
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	if s := w.of("okta", "ann").Status; s != directory.StatusInvited {
		t.Fatalf("ann is %s", s)
	}
	r := w.want(w.login("okta", "ann"), provision.LoginJoined)
	if w.pendingInvitations(r.Member.ID) != 0 {
		t.Error("the invitation is still pending")
	}
	w.delete("okta", "ann")
	w.settleAll()
	w.want(w.login("okta", "ann"), provision.LoginSuspended)
}

func TestAnInvitationsRoleStaysWithWhoHasOnlySignedIn(t *testing.T) {
	w := newWorld(t, open)
	r := w.login("okta", "ann")
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error {
		return tx.PutGrants([]*directory.Grant{{
			ID: r.Member.ID, Org: w.org, Member: r.Member.ID, Kind: directory.GrantInvitation, Role: "member", State: directory.InvitationAccepted, Created: w.now,
		}})
	}))
	w.settleAll()
	w.expect(w.byID(r.Member.ID), directory.StatusActive, "member", "")
	w.create("okta", "ann", person("ann"))
	w.expect(w.byID(r.Member.ID), directory.StatusActive, "viewer", "")
}

func TestGroupsOfALoginCountOnlyWhereTheConnectionTakesThemFromLogins(t *testing.T) {
	for settings, role := range map[string]string{"groups_from: login": "admin", "groups_from: scim": "viewer"} {
		for _, pushed := range []bool{false, true} {
			w := newWorld(t, openWith(settings))
			if pushed {
				w.create("okta", "ann", person("ann"))
				w.group("okta", "Engineering", "ann") // which counts where the groups come from pushes
			}
			in := w.loginOf("okta", "ann")
			in.Groups, in.GroupsKnown = []string{"IT Admins", "Everyone"}, true
			want := role
			if pushed && role == "viewer" {
				want = "member"
			}
			r := w.signIn(in)
			if r.Member.Decision.Role != want {
				t.Errorf("%s, pushed %v: role %s, want %s", settings, pushed, r.Member.Decision.Role, want)
			}
			w.settleAll()
			if got := w.byID(r.Member.ID); got.Revision != r.Member.Revision {
				t.Errorf("%s, pushed %v: settling again changed %+v", settings, pushed, got.Decision)
			}
		}
	}
}

func TestGroupsThatAProviderDoesNotTellStayAsTheyWere(t *testing.T) {
	w := newWorld(t, openWith("groups_from: login"))
	in := w.loginOf("okta", "ann")
	in.Groups, in.GroupsKnown = []string{"Engineering"}, true
	w.expect(w.signIn(in).Member, directory.StatusActive, "member", "engineering", "platform")
	in.Groups, in.GroupsKnown = nil, false
	w.expect(w.signIn(in).Member, directory.StatusActive, "member", "engineering", "platform")
	in.GroupsKnown = true
	w.expect(w.signIn(in).Member, directory.StatusActive, "viewer", "")
}

func TestWhoLosesTheirGroupsAtTheProviderIsLetGoAndComesBackWithThem(t *testing.T) {
	w := newWorld(t, strings.Replace(openWith("groups_from: login"), ", default_role: viewer, departments: {engineering: member}", "", 1))
	in := w.loginOf("okta", "ann")
	in.Groups, in.GroupsKnown = []string{"Engineering"}, true
	first := w.want(w.signIn(in), provision.LoginJoined)
	in.Groups = nil
	w.want(w.signIn(in), provision.LoginSuspended)
	if _, _, err := w.engine.Session(t.Context(), first.Token); directory.KindOf(err) != directory.Unauthenticated {
		t.Errorf("the session of before: %v", err)
	}
	in.Groups = []string{"Engineering"}
	w.want(w.signIn(in), provision.LoginKnown)
}

func TestAnObservedConnectionShowsWhatWouldBeAndLetsNobodyIn(t *testing.T) {
	w := newWorld(t, openWith("state: observe"))
	r := w.want(w.login("okta", "ann"), provision.LoginObserved)
	if r.Member.Status != directory.StatusNone {
		t.Errorf("ann is %s", r.Member.Status)
	}
	would, err := w.engine.Observed(t.Context(), w.org, []directory.ID{r.Member.ID})
	w.must(err)
	if x := would[r.Member.ID]; x == nil || x.Status != directory.StatusActive || x.Decision.Role != "viewer" {
		t.Errorf("it shows %+v", x)
	}
	w.create("entra", "bob", person("bob"))
	w.group("entra", "Everyone", "bob")
	w.want(w.login("okta", "bob"), provision.LoginObserved)
	if s := w.of("entra", "bob").Status; s != directory.StatusActive {
		t.Errorf("bob is %s", s)
	}
	w.activate(open)
	w.want(w.login("okta", "ann"), provision.LoginJoined)
}

func TestAPausedConnectionLetsInItsMembersAndChangesNobody(t *testing.T) {
	w := newWorld(t, openWith("groups_from: login"))
	w.login("okta", "ann")
	w.activate(openWith("groups_from: login, state: paused"))
	in := w.loginOf("okta", "ann")
	in.Groups, in.GroupsKnown = []string{"IT Admins"}, true
	r := w.want(w.signIn(in), provision.LoginKnown)
	w.expect(r.Member, directory.StatusActive, "viewer", "")
	w.activate(openWith("groups_from: login"))
	w.expect(w.byID(r.Member.ID), directory.StatusActive, "admin", "")
}

func TestARetiredConnectionLetsInNobodyAndKeepsNobodyIn(t *testing.T) {
	w := newWorld(t, open)
	r := w.login("okta", "ann")
	w.must(w.engine.Retire(t.Context(), w.org, "okta", directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}))
	w.idle()
	if s := w.byID(r.Member.ID).Status; s != directory.StatusSuspended {
		t.Errorf("ann is %s", s)
	}
	w.want(w.login("okta", "ann"), provision.LoginRetired)
}

func TestAnswersAreTakenOnce(t *testing.T) {
	w := newWorld(t, open)
	state, assertion := provision.TokenHash("state"), provision.TokenHash("assertion")
	w.must(w.engine.PutRequest(t.Context(), &directory.Request{Kind: "state", Key: state, Expires: w.now.Add(time.Hour)}))
	in := w.loginOf("okta", "ann")
	in.Consume = []provision.Once{{Kind: "state", Key: state}, {Kind: "assertion", Key: assertion, Until: w.now.Add(time.Hour)}}
	w.want(w.signIn(in), provision.LoginJoined)
	w.want(w.signIn(in), provision.LoginReplayed)
	in.Consume = in.Consume[1:] // as a sign-in that begins at the provider
	w.want(w.signIn(in), provision.LoginReplayed)
	in.Consume = []provision.Once{{Kind: "state", Key: state}}
	w.want(w.signIn(in), provision.LoginExpired)
	late := provision.TokenHash("late")
	w.must(w.engine.PutRequest(t.Context(), &directory.Request{Kind: "state", Key: late, Expires: w.now.Add(time.Minute)}))
	w.now = w.now.Add(time.Minute)
	in.Consume[0].Key = late
	w.want(w.signIn(in), provision.LoginExpired)
}

func TestOfTwoAnswersAtOnceOneIsTaken(t *testing.T) {
	w := newWorld(t, open)
	in := w.loginOf("okta", "ann")
	in.Consume = []provision.Once{{Kind: "assertion", Key: provision.TokenHash("a"), Until: w.now.Add(time.Hour)}}
	codes := w.atOnce(slices.Repeat([]provision.Login{in}, 8))
	taken := slices.DeleteFunc(codes, func(c provision.LoginCode) bool { return c == provision.LoginReplayed })
	if len(taken) != 1 || taken[0] != provision.LoginJoined {
		t.Errorf("taken: %v", taken)
	}
}

// atOnce signs people in at the same time.
func (w *world) atOnce(list []provision.Login) []provision.LoginCode {
	w.t.Helper()
	codes := make([]provision.LoginCode, len(list))
	var wg sync.WaitGroup
	for i := range list {
		wg.Go(func() {
			r, err := w.engine.Login(context.Background(), list[i])
			if err != nil {
				w.t.Error(err)
				return
			}
			codes[i] = r.Code
		})
	}
	wg.Wait()
	return codes
}

func TestTwoHundredFirstSignInsAtOnceMakeTwoHundredMembers(t *testing.T) {
	w := newWorld(t, open)
	var list []provision.Login
	for i := range 200 {
		in := w.loginOf("okta", fmt.Sprint("person", i))
		list = append(list, in, in)
	}
	w.atOnce(list)
	all := w.everybody()
	if len(all) != 200 {
		t.Errorf("there are %d members", len(all))
	}
	for _, m := range all {
		if m.Status != directory.StatusActive || len(w.members(m.Decision.Email)) != 1 || len(w.logins(m.ID)) != 1 {
			t.Errorf("%s is %s, one of %d, with %d sign-ins", m.Decision.Email, m.Status, len(w.members(m.Decision.Email)), len(w.logins(m.ID)))
		}
	}
}

func TestAPushAndAFirstSignInAtTheSameMomentMakeOneMember(t *testing.T) {
	for i := range 20 {
		w := newWorld(t, open)
		name := "ann"
		in, about := w.input(person(name)), w.loginOf("okta", name)
		if i%2 == 1 {
			about.Subject = "another"
		}
		push := provision.Push{Org: w.org, Conn: w.conns["okta"], Cause: directory.Cause{Kind: directory.CauseSCIM}}
		var wg sync.WaitGroup
		wg.Go(func() {
			err := w.engine.Do(context.Background(), push, func(f *facts.Writer) error {
				_, err := f.CreateUser(in)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() { w.atOnce([]provision.Login{about}) })
		wg.Wait()
		if all := w.everybody(); len(all) != 1 || all[0].Status != directory.StatusActive || len(all[0].Users) != 1 || len(w.logins(all[0].ID)) != 1 {
			t.Fatalf("%d members: %+v", len(all), all[0])
		}
	}
}

func TestAmbiguousAddressesLinkNobody(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	w.create("okta", "bob", person("bob"))
	in := w.loginOf("entra", "ann")
	in.Addresses = append(in.Addresses, provision.LoginAddress{Value: "bob@acme.com", Vouched: true})
	w.want(w.signIn(in), provision.LoginAmbiguous)
}

func TestASecondSubjectWithTheSameAddressIsANewPerson(t *testing.T) {
	w := newWorld(t, open)
	first := w.login("okta", "ann")
	in := w.loginOf("okta", "ann")
	in.Subject = "another"
	if second := w.want(w.signIn(in), provision.LoginJoined); second.Member.ID == first.Member.ID {
		t.Error("two subjects of one provider are one member")
	}
}

func TestANewHireWithALeaversAddressGetsInAsThemselves(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.delete("okta", "ann")
	w.create("okta", "new ann", person("ann").with(attrs{"externalId": "ext-new"}))
	w.add("Everyone", "new ann")
	in := w.loginOf("okta", "ann")
	in.Subject = "ann@acme.com" // not the SCIM subject
	if r := w.want(w.signIn(in), provision.LoginLinked); r.Member.ID != w.of("okta", "new ann").ID {
		t.Error("the new hire is somebody else")
	}
	w.want(w.login("okta", "ann"), provision.LoginSuspended) // the leaver
}

func TestUnlinkTakesASignInAwayFromAMember(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	r := w.want(w.login("entra", "ann"), provision.LoginLinked)
	a := provision.Act{Org: w.org, Member: r.Member.ID, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}}
	_, err := w.engine.Unlink(t.Context(), a, w.conns["entra"])
	w.must(err)
	if _, _, err := w.engine.Session(t.Context(), r.Token); directory.KindOf(err) != directory.Unauthenticated {
		t.Errorf("the session that the sign-in began: %v", err)
	}
	apart := w.want(w.login("entra", "ann"), provision.LoginKnown)
	if apart.Member.ID == r.Member.ID {
		t.Error("the sign-in is still ann's")
	}
	w.merge(r.Member.ID, apart.Member.ID)
	if back := w.want(w.login("entra", "ann"), provision.LoginKnown); back.Member.ID != r.Member.ID {
		t.Error("the sign-in did not come along when the members were merged")
	}
}

func TestExplainTellsWhatSignInsSaid(t *testing.T) {
	w := newWorld(t, openWith("groups_from: login"))
	in := w.loginOf("okta", "ann")
	in.Groups, in.GroupsKnown = []string{"Engineering"}, true
	r := w.signIn(in)
	said := w.now
	for range 20 {
		w.signIn(in)
	}
	x, err := w.engine.Explain(t.Context(), w.org, r.Member.ID)
	w.must(err)
	if len(x.Accounts) != 1 || len(x.Grants) != 0 {
		t.Fatalf("it tells %+v and %+v", x.Accounts, x.Grants)
	}
	a := x.Accounts[0]
	if a.Connection != "okta" || a.Subject != "ext-ann" || !a.At.Equal(said) || a.Said.Kind != directory.CauseLogin || a.Said.ID != "request-login" ||
		a.Profile.Email() != "ann@acme.com" || len(a.Groups) != 1 || a.Groups[0].Name != "Engineering" || !a.Groups[0].At.Equal(said) {
		t.Errorf("it tells %+v", a)
	}
	if len(x.Journal) != 6 || !slices.ContainsFunc(x.Journal, func(l provision.JournalLine) bool { return len(l.Effects) > 0 }) {
		t.Errorf("of 21 sign-ins it tells %d", len(x.Journal))
	}
	w.create("okta", "ann", person("ann"))
	x, err = w.engine.Explain(t.Context(), w.org, r.Member.ID)
	w.must(err)
	if len(x.Accounts) != 2 || x.Accounts[0].Subject != "" || x.Accounts[1].Subject != "ext-ann" {
		t.Errorf("beside a record it tells %+v", x.Accounts)
	}
}

func TestThePastTellsWhatSignInsHadSaid(t *testing.T) {
	w := newWorld(t, openWith("groups_from: login"))
	in := w.loginOf("okta", "ann")
	in.Groups, in.GroupsKnown = []string{"Engineering"}, true
	r := w.signIn(in)
	then := w.now
	w.now = w.now.Add(day)
	in.Groups, in.Profile.Title = nil, "Director"
	w.signIn(in)
	for at, want := range map[time.Time]string{then: "Engineering", w.now: ""} {
		x, err := w.engine.Past(t.Context(), w.org, r.Member.ID, at)
		w.must(err)
		if len(x.Accounts) != 1 || x.Accounts[0].Said.Kind != "login" || (x.Accounts[0].Profile.Title == "") != (want != "") {
			t.Fatalf("at %s it tells %+v", at, x.Accounts)
		}
		got := ""
		for _, g := range x.Accounts[0].Groups {
			got += g.Name
		}
		if got != want {
			t.Errorf("at %s the groups were %q, want %q", at, got, want)
		}
	}
}

func TestALoginHeldByABrakeWaits(t *testing.T) {
	w := newWorld(t, openWith("groups_from: login")+"brakes: [{of: top_role_gains, window: 24h, floor: 1}]\n")
	admin := func(name string) provision.Login {
		in := w.loginOf("okta", name)
		in.Groups, in.GroupsKnown = []string{"IT Admins"}, true
		return in
	}
	w.want(w.signIn(admin("ann")), provision.LoginJoined) // the first admin
	w.want(w.signIn(admin("bob")), provision.LoginJoined)
	r := w.want(w.signIn(admin("eve")), provision.LoginHeld)
	if r.Member.Status != directory.StatusNone {
		t.Errorf("eve is %s", r.Member.Status)
	}
}

package provision_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// with is open with other settings of both connections.
func with(okta, entra string) string {
	return strings.NewReplacer("{id: okta, provider: okta}", "{id: okta, provider: okta"+okta+"}", "{id: entra, provider: entra}", "{id: entra, provider: entra"+entra+"}").Replace(open)
}

func (w *world) grantsOf(member directory.ID) []*directory.Grant {
	w.t.Helper()
	var found []*directory.Grant
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		grants, err := tx.Grants(w.org, []directory.ID{member})
		found = grants[0]
		return err
	}))
	return found
}

// afterwards are the policies under which a connection that observed may find itself.
func afterwards() map[string]string {
	return map[string]string{
		"observing still":                     with("", ", state: observe"),
		"paused":                              with("", ", state: paused"),
		"active, and another one has the say": with(", authority: [acme.com]", ""),
	}
}

func TestAConnectionThatObservesLinksNobodyToAMember(t *testing.T) {
	for name, policy := range afterwards() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, with("", ", state: observe"))
			w.create("okta", "root", person("root"))
			w.group("okta", "IT Admins", "root")
			root := w.of("okta", "root")
			w.want(w.signIn(w.stranger("root@acme.com")), provision.LoginObserved)
			if n := len(w.logins(root.ID)); n != 0 {
				t.Errorf("root has %d sign-ins", n)
			}
			w.activate(policy)
			if r := w.signIn(w.stranger("root@acme.com")); r.In() {
				t.Errorf("the stranger is in as %s", r.Member.Decision.Role)
			}
		})
	}
}

// Who tries to sign in while the connection observes takes nobody's place: not for a sign-in, and not for a push.
func TestNobodyLiesInWaitByAConnectionThatObserves(t *testing.T) {
	comes := map[string]func(*world) directory.ID{
		"signs in": func(w *world) directory.ID { return w.want(w.login("okta", "bob"), provision.LoginJoined).Member.ID },
		"is pushed": func(w *world) directory.ID {
			w.create("okta", "bob", person("bob"))
			return w.of("okta", "bob").ID
		},
	}
	for how, come := range comes {
		for name, policy := range afterwards() {
			t.Run(how+", "+name, func(t *testing.T) {
				w := newWorld(t, with("", ", state: observe"))
				mallory := w.want(w.signIn(w.stranger("bob@acme.com")), provision.LoginObserved).Member.ID
				w.activate(policy)
				if bob := come(w); bob == mallory {
					t.Error("bob is the member that mallory's sign-in made")
				}
				if r := w.signIn(w.stranger("bob@acme.com")); r.In() {
					t.Errorf("mallory is in as %s", r.Member.Decision.Email)
				}
			})
		}
	}
}

// The approval that an admin gave to an address is not that of whoever named it while the connection observed.
func TestNobodyIsApprovedByASignInThatWasObserved(t *testing.T) {
	w := newWorld(t, with("", ", state: observe"))
	in := w.stranger("bob@acme.org")
	mallory := w.want(w.signIn(in), provision.LoginObserved).Member.ID
	var awaiting int
	for _, g := range w.grantsOf(mallory) {
		if g.Kind == directory.GrantInvitation {
			awaiting++
		}
	}
	if line := w.lastLine(); awaiting != 0 || !strings.Contains(strings.Join(line.Notes, "; "), "an admin's approval") {
		t.Errorf("%d approvals are waited for; told as %v", awaiting, line.Notes)
	}
	w.activate(open)
	w.want(w.signIn(in), provision.LoginAwaiting)
}

// Whom an admin invites by the address is met by that address alone: neither the sign-in of before nor a push of the same
// subject under another address leads to them.
func TestAnObservedSignInDoesNotBecomeTheInvitedPerson(t *testing.T) {
	w := newInviteWorld(t, with("", ", state: observe"))
	mallory := w.want(w.signIn(w.stranger("bob@acme.com")), provision.LoginObserved).Member.ID
	invited := w.invite(provision.Invite{Email: "bob@acme.com", Role: "admin"}).Invitation
	if invited == nil {
		t.Fatal("bob is not invited")
	}
	w.activate(with(", authority: [acme.com]", ""))
	w.want(w.signIn(w.stranger("bob@acme.com")), provision.LoginUnvouched)
	w.create("entra", "mallory", person("mallory"))
	if m := w.of("entra", "mallory"); m.ID == invited.Member {
		t.Errorf("mallory is the invited person; the observed sign-in was of %s", mallory)
	}
}

func TestWhoWasObservedJoinsByTheirFirstSignInAfterwards(t *testing.T) {
	w := newWorld(t, with("", ", state: observe"))
	in := w.stranger("mallory@acme.com")
	in.Groups, in.GroupsKnown = []string{"Sales"}, true
	tried := w.want(w.signIn(in), provision.LoginObserved)
	w.want(w.signIn(in), provision.LoginObserved)
	if list := w.logins(tried.Member.ID); len(list) != 1 || !list[0].Login.Observed {
		t.Fatalf("recorded as %+v", list)
	}
	w.activate(open)
	if m := w.byID(tried.Member.ID); m.Status != directory.StatusNone {
		t.Errorf("who only tried is %s", m.Status)
	}
	r := w.want(w.signIn(in), provision.LoginJoined)
	if r.Member.ID != tried.Member.ID || !r.First || len(w.everybody()) != 1 {
		t.Errorf("%d people of one, first %v", len(w.everybody()), r.First)
	}
	if list := w.logins(r.Member.ID); len(list) != 1 || list[0].Login.Observed {
		t.Errorf("recorded as %+v", list)
	}
	if r := w.want(w.signIn(in), provision.LoginKnown); r.First {
		t.Error("the second sign-in counts as the first")
	}
}

// While a connection observes, its provider gives people who signed in before no address that they did not have.
func TestAConnectionThatObservesGivesNobodyAnotherAddress(t *testing.T) {
	w := newWorld(t, open)
	mallory := w.want(w.signIn(w.stranger("mallory@acme.com")), provision.LoginJoined).Member.ID
	w.activate(with("", ", state: observe"))
	w.want(w.signIn(w.stranger("bob@acme.com")), provision.LoginObserved)
	w.activate(open)
	if email := w.byID(mallory).Decision.Email; email != "mallory@acme.com" {
		t.Errorf("mallory is known as %s", email)
	}
	if bob := w.want(w.login("okta", "bob"), provision.LoginJoined); bob.Member.ID == mallory {
		t.Error("bob is linked to mallory")
	}
}

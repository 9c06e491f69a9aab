package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// hasTheSay is open where Okta has the authority for acme.com, and people of acme.net join without approval.
var hasTheSay = strings.Replace(openWith("authority: [acme.com]"), "{domain: acme.net, ", "{domain: acme.net, auto_invite: true, ", 1)

// stranger is somebody at Entra's door with addresses that Entra vouches for.
func (w *world) stranger(addresses ...string) provision.Login {
	in := w.loginOf("entra", "mallory")
	in.Addresses = nil
	for _, a := range addresses {
		in.Addresses = append(in.Addresses, provision.LoginAddress{Value: a, Vouched: true})
	}
	return in
}

func TestAnotherConnectionsDomainLinksNoStranger(t *testing.T) {
	w := newWorld(t, hasTheSay)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "IT Admins", "ann")
	ann := w.of("okta", "ann")
	for range 2 {
		r := w.want(w.signIn(w.stranger("ann@acme.com")), provision.LoginUnvouched)
		if r.Member != nil || !strings.Contains(strings.Join(w.lastLine().Notes, "; "), "the connection okta has the authority for acme.com") {
			t.Errorf("refused as %+v: %v", r, w.lastLine().Notes)
		}
	}
	if n := len(w.everybody()); n != 1 || len(w.logins(ann.ID)) != 0 {
		t.Errorf("%d people, and %d sign-ins of ann", n, len(w.logins(ann.ID)))
	}
	in := w.loginOf("okta", "ann")
	in.Subject = "another-name-of-ann"
	w.want(w.signIn(in), provision.LoginLinked)
}

func TestNobodyJoinsByAnotherConnectionsDomain(t *testing.T) {
	w := newWorld(t, hasTheSay)
	w.want(w.signIn(w.stranger("new@acme.com")), provision.LoginUnvouched)
	if len(w.everybody()) != 0 {
		t.Error("the refusal made a member")
	}
	w.want(w.login("okta", "new"), provision.LoginJoined)
	w.want(w.signIn(w.stranger("mallory@acme.net")), provision.LoginJoined) // nobody has the authority for acme.net
}

// An address that another connection answers for is not recorded either: the push that it belongs to would meet the stranger.
func TestAStrangerDoesNotLieInWaitWithAnotherConnectionsAddress(t *testing.T) {
	w := newWorld(t, hasTheSay)
	r := w.want(w.signIn(w.stranger("ann@acme.com", "mallory@acme.net")), provision.LoginJoined)
	if r.Member.Decision.Email != "mallory@acme.net" {
		t.Errorf("mallory is known as %s", r.Member.Decision.Email)
	}
	w.want(w.signIn(w.stranger("ann@acme.com", "mallory@acme.net")), provision.LoginKnown)
	w.want(w.signIn(w.stranger("ann@acme.com")), provision.LoginKnown)
	if w.byID(r.Member.ID).Decision.Email != "mallory@acme.net" {
		t.Error("mallory is known as ann since the second sign-in")
	}
	w.create("okta", "ann", person("ann"))
	if w.of("okta", "ann").ID == r.Member.ID {
		t.Error("ann's directory was linked to mallory")
	}
}

func TestWhoIsKnownToAConnectionStaysSo(t *testing.T) {
	t.Run("by a sign-in of before", func(t *testing.T) {
		w := newWorld(t, open)
		w.create("okta", "ann", person("ann"))
		in := w.loginOf("entra", "ann")
		in.Addresses = append(in.Addresses, provision.LoginAddress{Value: "ann@acme.org", Vouched: true})
		id := w.want(w.signIn(in), provision.LoginLinked).Member.ID
		before := w.logins(id)[0].Login.Profile.Emails
		w.activate(hasTheSay)
		w.want(w.signIn(in), provision.LoginKnown)
		if after := w.logins(id)[0].Login.Profile.Emails; !slices.Equal(before, after) {
			t.Errorf("the addresses were %v and are %v", before, after)
		}
	})
	t.Run("by a record of its directory", func(t *testing.T) {
		w := newWorld(t, hasTheSay)
		w.create("okta", "ann", person("ann"))
		w.create("entra", "ann", person("ann"))
		in := w.loginOf("entra", "ann")
		in.Subject = "another-name-of-ann"
		r := w.want(w.signIn(in), provision.LoginLinked)
		if r.Member.ID != w.of("okta", "ann").ID {
			t.Error("ann is two members")
		}
	})
}

func TestWhoIsOutStaysOutByAnotherConnectionsAddress(t *testing.T) {
	w := newWorld(t, hasTheSay)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.act(w.engine.Suspend, w.of("okta", "ann"))
	w.want(w.signIn(w.stranger("ann@acme.com", "mallory@acme.net")), provision.LoginSuspended)
}

func TestAPausedOrLockedDownConnectionLinksNoStranger(t *testing.T) {
	for code, close := range map[provision.LoginCode]func(*world){
		provision.LoginPaused: func(w *world) {
			w.activate(strings.Replace(open, "{id: entra, provider: entra}", "{id: entra, provider: entra, state: paused}", 1))
		},
		provision.LoginLockdown: func(w *world) {
			_, err := w.engine.Lockdown(w.t.Context(), w.org, true, rootCause())
			w.must(err)
		},
	} {
		t.Run(string(code), func(t *testing.T) {
			w := newWorld(t, open)
			w.create("okta", "ann", person("ann"))
			w.create("okta", "bob", person("bob"))
			w.want(w.login("entra", "bob"), provision.LoginLinked)
			w.now = w.now.Add(time.Second)
			close(w)
			ann := w.of("okta", "ann")
			r := w.want(w.signIn(w.stranger("ann@acme.com")), code)
			if r.In() || len(w.logins(ann.ID)) != 0 || w.byID(ann.ID).Status != directory.StatusActive {
				t.Errorf("a stranger is linked to ann, who is %s", w.byID(ann.ID).Status)
			}
			w.want(w.login("entra", "bob"), provision.LoginKnown)
		})
	}
}

package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// listed are the connections of the sessions that are listed of a member.
func (w *world) listed(member directory.ID) []string {
	w.t.Helper()
	list, _, err := w.engine.ListSessions(w.t.Context(), w.org, member, nil, 10)
	w.must(err)
	var names []string
	for _, s := range list {
		for name, num := range w.conns {
			if s.Conn == num {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func TestSessionsEndWithTheirConnection(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(*world)
		holds bool
	}{
		"retired": {func(w *world) { w.must(w.retire("entra")); w.idle() }, false},
		"taken out of the file": {func(w *world) {
			w.activate(strings.Replace(open, "  - {id: entra, provider: entra}\n", "", 1))
		}, false},
		"paused": {func(w *world) {
			w.activate(strings.Replace(open, "{id: entra, provider: entra}", "{id: entra, provider: entra, state: paused}", 1))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, open)
			w.create("okta", "ann", person("ann"))
			there, here := w.login("entra", "ann"), w.login("okta", "ann")
			if there.Member.ID != here.Member.ID {
				t.Fatal("ann is two members")
			}
			w.now = w.now.Add(time.Second)
			c.end(w)
			if got := w.signedIn(there); got != c.holds {
				t.Errorf("the session by the connection holds: %v, want %v", got, c.holds)
			}
			if !w.signedIn(here) {
				t.Error("the session by the other connection has ended too")
			}
			want := []string{"okta"}
			if c.holds {
				want = []string{"entra", "okta"}
			}
			if got := w.listed(here.Member.ID); !slices.Equal(got, want) {
				t.Errorf("sessions by %v are listed, want %v", got, want)
			}
			if w.byID(here.Member.ID).Status != directory.StatusActive {
				t.Error("ann is out")
			}
		})
	}
}

func TestRetiringTellsThatSessionsEnd(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	w.login("entra", "ann")
	w.must(w.retire("entra"))
	if e := w.lastLine(); e.Kind != "connection.retired" || !strings.Contains(strings.Join(e.Notes, "; "), "sessions that began by it have ended") {
		t.Errorf("it is told as %+v", e)
	}
}

// A session without a provider is of no connection, so that it ends with none.
func TestASessionByACodeOutlivesEveryConnection(t *testing.T) {
	w := newGlassWorld(t)
	w.ask("root@acme.com", "here")
	w.mailAll(0)
	r, err := w.enter("root@acme.com", w.code("Root@acme.com"), "here")
	w.must(err)
	w.must(w.retire("entra"))
	w.idle()
	if !w.signedIn(r) {
		t.Error("root is signed out")
	}
}

func TestOnlySessionsThatHoldAreCountedAsRevoked(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	w.login("entra", "ann")
	r := w.login("okta", "ann")
	w.must(w.retire("entra"))
	n, err := w.engine.RevokeSessions(t.Context(), w.org, r.Member.ID, rootCause())
	w.must(err)
	if n != 1 || !strings.HasPrefix(w.lastLine().Notes[0], "1 session ended") || w.sessionRows() != 0 {
		t.Errorf("%d sessions were revoked, %d are left; told as %v", n, w.sessionRows(), w.lastLine().Notes)
	}
	w.login("okta", "ann")
	w.now = w.now.Add(time.Second)
	_, err = w.engine.Lockdown(t.Context(), w.org, true, rootCause())
	w.must(err)
	told := w.lastLine().Seq
	n, err = w.engine.RevokeSessions(t.Context(), w.org, r.Member.ID, rootCause())
	w.must(err)
	if n != 0 || w.lastLine().Seq != told {
		t.Errorf("%d sessions were revoked after a lockdown had ended all", n)
	}
}

func TestAnAddressOfTwoMembersIsNotToldAsVerified(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	r := w.login("okta", "ann")
	verified := func() bool {
		w.t.Helper()
		in, err := w.engine.SessionByID(t.Context(), r.Session.ID())
		w.must(err)
		return in.EmailVerified
	}
	if !verified() {
		t.Fatal("the address of the only ann is not verified")
	}
	same := person("mallory").with(attrs{"emails": []attrs{{"value": "ANN@acme.com", "primary": true}}})
	w.create("okta", "mallory", same)
	w.group("okta", "Everyone", "mallory")
	if verified() {
		t.Error("an address that another active member has is told as verified")
	}
	w.replace("okta", "mallory", same.with(attrs{"active": false}))
	if !verified() {
		t.Error("the address of somebody who has left stands against ann")
	}
}

func TestApplicationsAreToldOfSessionsThatEndAtLarge(t *testing.T) {
	for name, end := range map[string]func(*world){
		"the connection is retired": func(w *world) { w.must(w.retire("entra")) },
		"the connection is out of the file": func(w *world) {
			w.activate(strings.Replace(open, "  - {id: entra, provider: entra}\n", "", 1))
		},
		"the limits are stricter": func(w *world) { w.activate(open + "sessions: {idle: 1h}\n") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, open)
			w.create("okta", "ann", person("ann"))
			r := w.login("entra", "ann")
			w.must(w.engine.PutCode(t.Context(), "code", &provision.Authorization{Session: r.Session.ID(), Client: "app"}))
			_, _, err := w.engine.SpendCode(t.Context(), "code", "token", time.Hour, func(*provision.Authorization) error { return nil })
			w.must(err)
			told := &provision.Departures{Engine: w.engine, Wants: func(string) bool { return true }}
			if n, err := told.Note(t.Context()); n != 0 || err != nil {
				t.Fatalf("%d departures before anybody left (%v)", n, err)
			}
			w.now = w.now.Add(2 * time.Hour)
			end(w)
			if n, err := told.Note(t.Context()); n != 1 || err != nil {
				t.Errorf("%d departures are noted, want one (%v)", n, err)
			}
		})
	}
}

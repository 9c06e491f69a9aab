package provision_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

func rootCause() directory.Cause {
	return directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}
}

// signedIn reports whether the token of a sign-in is that of a session.
func (w *world) signedIn(r *provision.LoginResult) bool {
	w.t.Helper()
	_, m, err := w.engine.Session(w.t.Context(), r.Token)
	if err != nil && directory.KindOf(err) != directory.Unauthenticated {
		w.t.Fatal(err)
	}
	if err == nil && m.ID != r.Member.ID {
		w.t.Errorf("the session is of %s, want %s", m.ID, r.Member.ID)
	}
	return err == nil
}

func TestASessionEndsByItsLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limits string
		notice time.Duration   // after which the provider wants the session to end
		uses   []time.Duration // from one to the next
		in     bool            // after the last of them
	}{
		"used all the time":             {"{idle: 1h, absolute: 1d}", 0, []time.Duration{50 * time.Minute, 50 * time.Minute, 50 * time.Minute}, true},
		"not used for too long":         {"{idle: 1h, absolute: 1d}", 0, []time.Duration{50 * time.Minute, time.Hour}, false},
		"used for too long":             {"{idle: 1h, absolute: 2h}", 0, []time.Duration{50 * time.Minute, 50 * time.Minute, 20 * time.Minute}, false},
		"without limits in the file":    {"", 0, []time.Duration{11 * time.Hour, 11 * time.Hour}, true},
		"overnight, without limits":     {"", 0, []time.Duration{12 * time.Hour}, false},
		"as long as the provider wants": {"", time.Hour, []time.Duration{59 * time.Minute, time.Minute}, false},
	} {
		policy := open
		if c.limits != "" {
			policy += "sessions: " + c.limits + "\n"
		}
		w := newWorld(t, policy)
		in := w.loginOf("okta", "ann")
		if c.notice > 0 {
			in.NotAfter = w.now.Add(time.Second + c.notice)
		}
		r := w.signIn(in)
		got := true
		for _, after := range c.uses {
			w.now = w.now.Add(after)
			got = w.signedIn(r)
		}
		if got != c.in {
			t.Errorf("%s: signed in %v, want %v", name, got, c.in)
		}
	}
}

func TestStricterLimitsHoldForSessionsThatAreThere(t *testing.T) {
	w := newWorld(t, open)
	r := w.login("okta", "ann")
	w.now = w.now.Add(2 * time.Hour)
	w.activate(open + "sessions: {idle: 1h}\n")
	if w.signedIn(r) {
		t.Error("the session holds by the limits of before")
	}
}

func TestTheUseOfASessionIsNotedOnceAMinute(t *testing.T) {
	w := newWorld(t, open)
	r := w.login("okta", "ann")
	for range 3 {
		w.now = w.now.Add(25 * time.Second)
		w.signedIn(r)
	}
	list, _, err := w.engine.ListSessions(t.Context(), w.org, r.Member.ID, nil, 10)
	w.must(err)
	if len(list) != 1 || !list[0].Seen.Equal(r.Session.Began.Add(75*time.Second)) || list[0].Agent != "Firefox on Linux" || list[0].Method != "oidc" {
		t.Errorf("the sessions are %+v", list)
	}
}

// Row 48 of the abuse catalogue, and what the store must not know.
func TestEachSignInHasATokenThatTheStoreDoesNotKnow(t *testing.T) {
	w := newWorld(t, open)
	a, b := w.login("okta", "ann"), w.login("okta", "ann")
	if a.Token == b.Token || len(a.Token) < 43 {
		t.Errorf("the tokens are %q and %q", a.Token, b.Token)
	}
	var backup bytes.Buffer
	if _, err := w.store.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(backup.Bytes(), []byte(a.Token)) {
		t.Error("the store holds the token")
	}
	for _, wrong := range []string{"", a.Token + "x", strings.ToLower(a.Token)} {
		if _, _, err := w.engine.Session(t.Context(), wrong); directory.KindOf(err) != directory.Unauthenticated {
			t.Errorf("the token %q: %v", wrong, err)
		}
	}
}

// Row 52 of the abuse catalogue.
func TestASessionOfOneOrganizationIsNoneOfAnother(t *testing.T) {
	w := newWorld(t, open)
	r := w.login("okta", "ann")
	if _, _, err := w.engine.SessionIn(t.Context(), w.org+1, r.Token); directory.KindOf(err) != directory.Unauthenticated {
		t.Errorf("at another organization: %v", err)
	}
	if _, _, err := w.engine.SessionIn(t.Context(), w.org, r.Token); err != nil {
		t.Error(err)
	}
	if err := w.engine.RevokeSession(t.Context(), w.org+1, r.Session.ID(), rootCause()); directory.KindOf(err) == directory.Internal || err == nil {
		t.Errorf("another organization revokes it: %v", err)
	}
	if !w.signedIn(r) {
		t.Error("another organization has ended it")
	}
}

func TestSessionsOfARestoredBackupAreVoid(t *testing.T) {
	w := newWorld(t, open)
	r := w.login("okta", "ann")
	var backup bytes.Buffer
	if _, err := w.store.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/usher.db"
	w.must(bolt.Restore(t.Context(), &backup, path, false))
	s, err := bolt.Open(path, bolt.Options{})
	w.must(err)
	t.Cleanup(func() { w.must(s.Close()) })
	w.engine.Store, w.store = s, s
	if w.signedIn(r) {
		t.Error("a session came back with the backup")
	}
	if list, _, err := w.engine.ListSessions(t.Context(), w.org, directory.NoID, nil, 10); err != nil || len(list) > 0 {
		t.Errorf("listed: %v (%v)", list, err)
	}
}

// Row 51 of the abuse catalogue.
func TestLaw6WhoeverLeavesIsSignedOutInTheSameTransaction(t *testing.T) {
	for name, leave := range map[string]func(*world){
		"inactive by SCIM":      func(w *world) { w.replace("okta", "ann", person("ann").with(attrs{"active": false})) },
		"deleted by SCIM":       func(w *world) { w.delete("okta", "ann") },
		"out of the last group": func(w *world) { w.remove("Everyone", "ann") },
		"the group is gone":     func(w *world) { w.deleteGroup("Everyone") },
		"suspended by an admin": func(w *world) { w.act(w.engine.Suspend, w.of("okta", "ann")) },
		"removed by an admin":   func(w *world) { w.act(w.engine.Remove, w.of("okta", "ann")) },
		"merged into another": func(w *world) {
			w.create("okta", "bob", person("bob"))
			w.merge(w.of("okta", "bob").ID, w.of("okta", "ann").ID)
		},
		"the membership is over": func(w *world) { w.group("okta", "Contractors", "ann"); w.pass(91 * day) },
		"by a policy":            func(w *world) { w.activate(strings.Replace(acme, "groups: [Everyone]", "groups: [Nobody]", 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, acme+"sessions: {absolute: 90d, idle: 90d}\n")
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Everyone", "ann")
			r, other := w.login("okta", "ann"), w.login("okta", "ann")
			if !w.signedIn(r) || !w.signedIn(other) {
				t.Fatal("ann is not signed in")
			}
			leave(w)
			if n := w.sessionRows(); n != 0 {
				t.Errorf("%d sessions are left", n)
			}
			if name == "merged into another" {
				return
			}
			if w.signedIn(r) || w.signedIn(other) {
				t.Error("ann is still signed in")
			}
			if e := w.entryWith("sessions ended"); e == nil || len(e.Effects) == 0 {
				t.Errorf("no entry tells that the sessions ended with the suspension")
			}
		})
	}
}

func (w *world) sessionRows() int {
	w.t.Helper()
	n := 0
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		list, err := tx.ListSessions(w.org, nil, 100)
		n = len(list)
		return err
	}))
	return n
}

// entryWith returns the last entry that has a note with a text, nil for none.
func (w *world) entryWith(text string) *directory.Entry {
	var found *directory.Entry
	for _, e := range w.entries() {
		if strings.Contains(strings.Join(e.Notes, "\n"), text) {
			found = e
		}
	}
	return found
}

func TestARoleThatChangesSignsNobodyOut(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	r := w.login("okta", "ann")
	w.group("okta", "Engineering", "ann")
	w.remove("Engineering", "ann")
	if !w.signedIn(r) {
		t.Error("ann was signed out")
	}
}

// TestAHeldSuspensionEndsSessionsButNotSignIn is law 8: the provider of somebody whose suspension waits in a hold decides.
func TestAHeldSuspensionEndsSessionsButNotSignIn(t *testing.T) {
	w := newWorld(t, open+"brakes: [{of: suspensions, window: 1h, floor: 2}]\n")
	var all []*provision.LoginResult
	for i := range 5 {
		name := fmt.Sprint("p", i)
		w.create("okta", name, person(name))
		all = append(all, w.login("okta", name))
	}
	for i := range 5 {
		name := fmt.Sprint("p", i)
		w.replace("okta", name, person(name).with(attrs{"active": false}))
	}
	for i, r := range all {
		if w.signedIn(r) {
			t.Errorf("p%d is still signed in", i)
		}
	}
	w.want(w.login("okta", "p0"), provision.LoginSuspended)
	in := w.want(w.login("okta", "p4"), provision.LoginKnown)
	if !w.signedIn(in) {
		t.Error("who waits in the hold does not get in")
	}
	holds := w.holds()
	if len(holds) != 1 {
		t.Fatalf("%d holds", len(holds))
	}
	row := w.heldRow(holds[0].ID, in.Member.ID)
	if row == nil || !row.SignedIn.Equal(w.now) {
		t.Errorf("the hold does not show the sign-in: %+v", row)
	}
	w.settleAll()
	if row = w.heldRow(holds[0].ID, in.Member.ID); row == nil || row.SignedIn.IsZero() || !w.signedIn(in) {
		t.Errorf("settling again took the evidence or the session away: %+v", row)
	}
	_, err := w.engine.ApproveHold(t.Context(), w.org, holds[0].ID, holds[0].Set, rootCause())
	w.must(err)
	w.idle()
	if w.signedIn(in) {
		t.Error("the suspension took effect, and the session goes on")
	}
	w.want(w.login("okta", "p4"), provision.LoginSuspended)
}

func (w *world) heldRow(hold, member directory.ID) *directory.HeldMember {
	w.t.Helper()
	var row *directory.HeldMember
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		rows, err := tx.HeldMembers(w.org, hold, []directory.ID{member})
		row = rows[0]
		return err
	}))
	return row
}

func TestTheLastAdminWhoIsHeldSignsInAnew(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "IT Admins", "ann")
	r := w.login("okta", "ann")
	w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
	if w.signedIn(r) {
		t.Error("the last admin is still signed in by the session of before")
	}
	r = w.want(w.login("okta", "ann"), provision.LoginKnown)
	if holds := w.holds(); len(holds) != 1 || !holds[0].SignedIn.Equal(w.now) || !w.signedIn(r) {
		t.Errorf("the holds are %+v", holds)
	}
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	w := newWorld(t, open)
	ann, again, bob := w.login("okta", "ann"), w.login("entra", "ann"), w.login("okta", "bob")
	list, last, err := w.engine.ListSessions(t.Context(), w.org, directory.NoID, nil, 2)
	w.must(err)
	rest, end, err := w.engine.ListSessions(t.Context(), w.org, directory.NoID, last, 2)
	w.must(err)
	if len(list) != 2 || len(rest) != 1 || end != nil || rest[0].Member != bob.Member.ID {
		t.Errorf("the pages have %d and %d", len(list), len(rest))
	}
	w.must(w.engine.RevokeSession(t.Context(), w.org, ann.Session.ID(), rootCause()))
	if e := w.lastLine(); e.Kind != "session.ended" || e.Cause.Actor != "root" || e.Subjects[0].ID != ann.Member.ID {
		t.Errorf("it is told as %+v", e)
	}
	if w.signedIn(ann) || !w.signedIn(again) || !w.signedIn(bob) {
		t.Error("not the one session was revoked")
	}
	if err := w.engine.RevokeSession(t.Context(), w.org, ann.Session.ID(), rootCause()); directory.KindOf(err) != directory.NotFound {
		t.Errorf("revoked again: %v", err)
	}
	n, err := w.engine.RevokeSessions(t.Context(), w.org, ann.Member.ID, rootCause())
	w.must(err)
	if n != 1 || w.signedIn(again) || !w.signedIn(bob) {
		t.Errorf("%d sessions of ann were revoked", n)
	}
	w.now = w.now.Add(time.Second)
	w.must(w.engine.EndAllSessions(t.Context(), w.org, rootCause()))
	if w.signedIn(bob) {
		t.Error("bob is still signed in")
	}
	if !w.signedIn(w.login("okta", "bob")) {
		t.Error("bob does not get in again")
	}
}

// Row 50 of the abuse catalogue.
func TestATokenIsNothingAfterSigningOut(t *testing.T) {
	w := newWorld(t, open)
	a, b := w.login("okta", "ann"), w.login("okta", "ann")
	for range 2 {
		w.must(w.engine.EndSession(t.Context(), a.Token, "request-out"))
	}
	if w.signedIn(a) || !w.signedIn(b) {
		t.Error("signing out in one browser is not of that browser alone")
	}
	if e := w.lastLine(); e.Kind != "session.ended" || e.Cause.ID != "request-out" {
		t.Errorf("it is told as %+v", e)
	}
}

func TestAProviderSignsItsOwnSessionsOut(t *testing.T) {
	w := newWorld(t, open)
	by := func(conn, who, index, name string) *provision.LoginResult {
		in := w.loginOf(conn, who)
		in.Index, in.Name = index, name
		return w.signIn(in)
	}
	all := []*provision.LoginResult{by("okta", "ann", "1", "ann"), by("okta", "ann", "2", "ann"), by("okta", "bob", "3", "bob"), by("entra", "ann", "1", "ann")}
	for _, c := range []struct {
		conn, index, name string
		left              string // whose sessions go on
	}{
		{"okta", "", "", "0123"},
		{"okta", "9", "", "0123"},
		{"okta", "1", "bob", "0123"},
		{"okta", "1", "ann", "123"},
		{"okta", "", "ann", "23"},
		{"entra", "1", "", "2"},
	} {
		in := w.logoutOf(c.conn, "message "+c.conn+c.index+c.name, c.name)
		if c.index != "" {
			in.Indexes = []string{c.index, c.index}
		}
		_, err := w.engine.EndProviderSessions(t.Context(), in)
		w.must(err)
		left := ""
		for i, r := range all {
			if w.signedIn(r) {
				left += fmt.Sprint(i)
			}
		}
		if left != c.left {
			t.Errorf("after %s signed out index %q of %q: %s go on, want %s", c.conn, c.index, c.name, left, c.left)
		}
	}
}

func (w *world) logoutOf(conn, message, name string) provision.ProviderLogout {
	return provision.ProviderLogout{
		Org: w.org, Conn: w.conns[conn], Name: name, Request: "r",
		Once: provision.Once{Kind: "logout", Key: provision.TokenHash(message), Until: w.now.Add(time.Hour)},
	}
}

// Rows 32 and 47 of the abuse catalogue.
func TestALogoutMessageCountsOnce(t *testing.T) {
	w := newWorld(t, open)
	in := w.loginOf("okta", "ann")
	in.Name = "ann"
	first := w.signIn(in)
	out := w.logoutOf("okta", "message", "ann")
	out.Indexes = []string{"of another session"} // a session without an index is meant by the name
	ended, err := w.engine.EndProviderSessions(t.Context(), out)
	w.must(err)
	if len(ended) != 1 || ended[0].Hash != first.Session.Hash || w.signedIn(first) {
		t.Errorf("%d sessions ended", len(ended))
	}
	second := w.signIn(in)
	if ended, err := w.engine.EndProviderSessions(t.Context(), out); directory.KindOf(err) != directory.Conflict || len(ended) > 0 || !w.signedIn(second) {
		t.Errorf("the same message again: %d sessions ended, %v", len(ended), err)
	}
}

func TestASessionEndsByItsID(t *testing.T) {
	w := newWorld(t, open)
	a, b := w.login("okta", "ann"), w.login("okta", "ann")
	for range 2 {
		w.must(w.engine.EndSessionByID(t.Context(), a.Session.ID(), "request-out"))
	}
	if w.signedIn(a) || !w.signedIn(b) {
		t.Error("not the one session ended")
	}
}

func TestALockdownEndsAllSessionsAndLetsNobodyJoin(t *testing.T) {
	w := newWorld(t, open)
	w.create("okta", "dan", person("dan"))
	ann := w.login("okta", "ann")
	w.now = w.now.Add(time.Second)
	_, err := w.engine.Lockdown(t.Context(), w.org, true, rootCause())
	w.must(err)
	if w.signedIn(ann) || w.lastLine().Kind != "lockdown.on" {
		t.Error("ann is still signed in")
	}
	if n, err := w.engine.CountEnded(t.Context(), w.org, nil); err != nil || n != 1 {
		t.Errorf("%d sessions were ended, want ann's (%v)", n, err)
	}
	if _, err := w.engine.Lockdown(t.Context(), w.org, true, rootCause()); directory.KindOf(err) != directory.Conflict {
		t.Errorf("locked down twice: %v", err)
	}
	w.want(w.login("okta", "bob"), provision.LoginLockdown)
	waits := w.loginOf("okta", "cat")
	addressed("cat@acme.org", true)(&waits)
	w.want(w.signIn(waits), provision.LoginLockdown)
	if !w.signedIn(w.want(w.login("okta", "ann"), provision.LoginKnown)) || !w.signedIn(w.want(w.login("okta", "dan"), provision.LoginKnown)) {
		t.Error("members do not get in while nobody joins")
	}
	if n := len(w.everybody()); n != 2 {
		t.Errorf("%d people, want ann and dan", n)
	}
	_, err = w.engine.Lockdown(t.Context(), w.org, false, rootCause())
	w.must(err)
	if w.signedIn(ann) {
		t.Error("a session came back with the end of the lockdown")
	}
	w.want(w.login("okta", "bob"), provision.LoginJoined)
	if l, err := w.engine.LockdownOf(t.Context(), w.org); err != nil || l.On() {
		t.Errorf("the lockdown is %+v (%v)", l, err)
	}
}

func TestWhatHasEndedIsClearedAway(t *testing.T) {
	w := newWorld(t, open)
	for i := range 300 {
		in := w.loginOf("okta", []string{"ann", "bob", "cat"}[i%3])
		in.Consume = []provision.Once{{Kind: "assertion", Key: provision.TokenHash(fmt.Sprint(i)), Until: w.now.Add(time.Hour)}}
		w.signIn(in)
	}
	rows := func() (int, int) {
		var sessions []*directory.Session
		var requests []*directory.Request
		w.must(w.store.View(t.Context(), func(tx store.Tx) (err error) {
			if sessions, err = tx.EndedSessions(w.now.Add(100*day), 1000); err != nil {
				return err
			}
			requests, err = tx.ExpiredRequests(w.now.Add(100*day), 1000)
			return err
		}))
		return len(sessions), len(requests)
	}
	w.pass(30 * time.Minute)
	if s, r := rows(); s != 300 || r != 300 {
		t.Errorf("%d sessions and %d requests are left too early", s, r)
	}
	for range 3 {
		w.pass(time.Hour)
	}
	if s, r := rows(); s != 300 || r != 0 {
		t.Errorf("%d sessions and %d requests are left after the requests expired", s, r)
	}
	for range 3 {
		w.pass(7 * day)
	}
	if s, r := rows(); s != 0 || r != 0 {
		t.Errorf("%d sessions and %d requests are left", s, r)
	}
}

func TestARequestIsShownAndTakenOnce(t *testing.T) {
	w := newWorld(t, open)
	key := provision.TokenHash("state")
	put := func() error {
		return w.engine.PutRequest(t.Context(), &directory.Request{Kind: "state", Key: key, Expires: w.now.Add(time.Minute), Data: []byte("/welcome")})
	}
	w.must(put())
	if err := put(); directory.KindOf(err) != directory.Conflict {
		t.Errorf("put twice: %v", err)
	}
	for range 2 {
		if r, err := w.engine.Request(t.Context(), "state", key); err != nil || string(r.Data) != "/welcome" {
			t.Errorf("shown: %+v (%v)", r, err)
		}
	}
	if _, err := w.engine.TakeRequest(t.Context(), "state", key); err != nil {
		t.Error(err)
	}
	if _, err := w.engine.TakeRequest(t.Context(), "state", key); directory.KindOf(err) != directory.NotFound {
		t.Errorf("taken twice: %v", err)
	}
	w.must(put())
	w.now = w.now.Add(time.Minute)
	if _, err := w.engine.Request(t.Context(), "state", key); directory.KindOf(err) != directory.NotFound {
		t.Errorf("shown although it has expired: %v", err)
	}
}

func (w *world) holds() []*directory.Hold {
	w.t.Helper()
	var list []*directory.Hold
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		list, err = tx.ListHolds(w.org)
		return err
	}))
	return list
}

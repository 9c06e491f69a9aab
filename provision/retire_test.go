package provision_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

func (w *world) retire(conn string) error {
	w.now = w.now.Add(time.Second)
	return w.engine.Retire(context.Background(), w.org, conn, directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "sold"})
}

// left counts the users and groups that a connection has.
func (w *world) left(conn string) (users, groups int) {
	w.t.Helper()
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		if users, err = tx.CountUsers(w.conns[conn]); err != nil {
			return err
		}
		groups, err = tx.CountGroups(w.conns[conn])
		return err
	}))
	return users, groups
}

// twoLines is a company in which ann comes by both connections, and bob and cleo by the second one alone.
func twoLines(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, acme)
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	for _, name := range []string{"ann", "bob", "cleo"} {
		w.create("entra", name, person(name).with(attrs{"externalId": "e-" + name}))
	}
	w.group("entra", "Engineering", "ann", "bob")
	w.group("entra", "Everyone", "ann", "bob", "cleo")
	w.idle()
	return w
}

func TestRetiringAConnectionTakesWhatItAloneGave(t *testing.T) {
	for _, state := range []string{"active", "paused", "observe"} {
		t.Run(state, func(t *testing.T) {
			w := twoLines(t)
			if state != "active" {
				w.activate(strings.Replace(acme, "{id: entra, provider: entra}", "{id: entra, provider: entra, state: "+state+"}", 1))
			}
			r, err := w.engine.Retirement(t.Context(), w.org, w.conns["entra"])
			w.must(err)
			if want := (provision.Retirement{Users: 3, Groups: 2, Alone: 2}); r != want {
				t.Errorf("the preview says %+v, want %+v", r, want)
			}
			w.must(w.retire("entra"))
			w.idle()
			if users, groups := w.left("entra"); users+groups > 0 {
				t.Errorf("%d users and %d groups are left", users, groups)
			}
			w.expect(w.one("root@acme.com"), directory.StatusActive, "admin", "")
			w.expect(w.one("ann@acme.com"), directory.StatusActive, "viewer", "")
			if m := w.one("bob@acme.com"); m.Status != directory.StatusSuspended || len(m.Users) > 0 {
				t.Errorf("bob is %s with records %v", m.Status, m.Users)
			}
			for _, e := range w.entries() {
				if e.Kind == "user.deleted" && (e.Cause.Actor != "root" || e.Cause.Reason != "sold") {
					t.Errorf("entry %d names %+v as its cause", e.Seq, e.Cause)
				}
			}
			if last := w.lastEntry(); w.jobs() > 0 {
				t.Errorf("after entry %d a job is left", last)
			}
		})
	}
}

func TestARetiredConnectionTakesNothing(t *testing.T) {
	w := twoLines(t)
	w.must(w.retire("entra"))
	push := func(f *facts.Writer) error {
		_, err := f.CreateUser(w.input(person("new")))
		return err
	}
	for range 2 { // while its job is under way, and afterwards
		if err := w.do("entra", push); directory.KindOf(err) != directory.Forbidden || !strings.Contains(err.Error(), "entra was retired on 2026-11-02") {
			t.Errorf("a push was answered with %v", err)
		}
		w.idle()
	}
	w.must(w.do("okta", push))
	if err := w.retire("entra"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("retired again: %v", err)
	}
	if err := w.retire("nowhere"); directory.KindOf(err) != directory.NotFound {
		t.Errorf("a connection that is not there: %v", err)
	}
}

// Whoever is beyond a brake waits, and stays as they are, also once the file has dropped the connection.
func TestRetiringStaysWithinTheBrakes(t *testing.T) {
	w := newWorld(t, braked)
	w.create("entra", "root", person("root"))
	w.group("entra", "IT Admins", "root")
	w.staff2("okta", 6)
	w.must(w.retire("okta"))
	w.idle()
	if users, _ := w.left("okta"); users > 0 {
		t.Errorf("%d users are left", users)
	}
	count := func() (active, suspended, waiting int) {
		for _, m := range w.everybody() {
			if m.Status == directory.StatusSuspended {
				suspended++
			}
			if m.Status == directory.StatusActive {
				active++
			}
			if len(m.Held) > 0 {
				waiting++
			}
		}
		return active, suspended, waiting
	}
	if active, suspended, waiting := count(); active != 5 || suspended != 2 || waiting != 4 {
		t.Errorf("%d are active, %d suspended and %d wait; want 5, 2 and 4", active, suspended, waiting)
	}
	w.activate(strings.Replace(braked, "  - {id: okta, provider: okta}\n", "", 1))
	if active, suspended, waiting := count(); active != 5 || suspended != 2 || waiting != 4 {
		t.Errorf("without the connection %d are active, %d suspended and %d wait; want 5, 2 and 4", active, suspended, waiting)
	}
	h := w.hold()
	_, err := w.engine.ApproveHold(t.Context(), w.org, h.ID, h.Set, directory.Cause{Kind: directory.CauseAdmin, Actor: "other"})
	w.must(err)
	w.idle()
	if active, suspended, waiting := count(); active != 1 || suspended != 6 || waiting != 0 {
		t.Errorf("approved, %d are active, %d suspended and %d wait; want 1, 6 and none", active, suspended, waiting)
	}
}

// staff2 makes people p0, p1, … who are all in Everyone, by one connection.
func (w *world) staff2(conn string, n int) {
	w.t.Helper()
	for _, name := range w.names(n) {
		w.create(conn, name, person(name))
	}
	w.group(conn, "Everyone", w.names(n)...)
	w.pass(40 * 24 * time.Hour) // what came before is forgotten
}

// A record that went while its connection was paused is kept until that ends. Retiring ends it.
func TestRetiringReleasesWhoWentWhileItWasPaused(t *testing.T) {
	w := twoLines(t)
	w.activate(strings.Replace(acme, "{id: entra, provider: entra}", "{id: entra, provider: entra, state: paused}", 1))
	w.delete("entra", "bob")
	w.idle()
	w.expect(w.one("bob@acme.com"), directory.StatusActive, "member", "engineering", "platform")
	w.must(w.retire("entra"))
	w.idle()
	if m := w.one("bob@acme.com"); m.Status != directory.StatusSuspended || len(m.Users) > 0 {
		t.Errorf("bob is %s with records %v", m.Status, m.Users)
	}
}

// A file that drops a connection by which people have come is refused, until the connection is retired.
func TestAConnectionWithPeopleIsNotDropped(t *testing.T) {
	w := twoLines(t)
	c := w.candidate(strings.Replace(acme, "  - {id: entra, provider: entra}\n", "", 1))
	refused := func(err error) {
		t.Helper()
		if directory.KindOf(err) != directory.Conflict || !strings.Contains(err.Error(), "acme.yaml:7:3") ||
			!strings.Contains(err.Error(), "`usher connections retire entra --organization acme --reason WHY`") {
			t.Errorf("the file that drops it: %v", err)
		}
	}
	_, err := w.engine.Plan(t.Context(), w.org, c, 0)
	refused(err)
	_, err = w.engine.Activate(t.Context(), w.org, c.Policy, c.Files, "test")
	refused(err)
	refused(w.engine.ActivateConnections(t.Context(), w.org, c.Policy, provision.WithConnections(w.candidate(acme).Files, c.Files), "test"))
	w.must(w.retire("entra"))
	w.idle()
	w.must(w.applyPlan(c, w.planOf(c)))
	w.idle()
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "viewer", "")
}

// A user who was pushed after the plan was made keeps the file from being applied.
func TestAConnectionThatGetsPeopleAfterThePlanIsNotDropped(t *testing.T) {
	w := company(t)
	c := w.candidate(strings.Replace(acme, "  - {id: entra, provider: entra}\n", "", 1))
	plan := w.planOf(c)
	w.create("entra", "late", person("late"))
	if err := w.applyPlan(c, plan); directory.KindOf(err) != directory.Conflict {
		t.Errorf("applied: %v", err)
	}
}

// errKilled ends a process in the middle of a job.
var errKilled = errors.New("killed")

// mortal is a store that lets so many updates through, and then none.
type mortal struct {
	store.Store
	updates int
}

func (m *mortal) Update(ctx context.Context, fn func(store.Tx) error) error {
	if m.updates--; m.updates < 0 {
		return errKilled
	}
	return m.Store.Update(ctx, fn)
}

// TestKilledWhileRetiring: the process ends after each of the job's transactions, and another goes on: in the end nothing
// is left, and everything is told once.
func TestKilledWhileRetiring(t *testing.T) {
	const crowd = 350
	path := filepath.Join(t.TempDir(), "usher.db")
	open := func() store.Store {
		s, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	w := newWorldOn(t, s, acme+"\nbrakes: [{of: suspensions, window: 1h, floor: 1000}]\n")
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	names := w.names(crowd)
	w.must(w.do("entra", func(f *facts.Writer) error {
		for _, name := range names {
			if _, err := f.CreateUser(w.input(person(name))); err != nil {
				return err
			}
		}
		_, err := f.CreateGroup(facts.GroupInput{DisplayName: "Everyone"}, values(names))
		return err
	}))
	w.idle()
	first := w.lastEntry()
	w.must(w.retire("entra"))
	kills := 0
	for done := false; !done; kills++ {
		w.must(s.Close())
		s = open()
		w.store = s
		w.engine = &provision.Engine{Store: &mortal{s, 1}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now }, Compile: w.engine.Compile}
		err := w.engine.Idle(t.Context())
		if done = err == nil; !done && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
	}
	defer func() { w.must(s.Close()) }()
	if users, groups := w.left("entra"); users+groups+w.jobs() > 0 || kills < 5 {
		t.Errorf("after %d kills %d users, %d groups and %d jobs are left", kills, users, groups, w.jobs())
	}
	told := map[string]int{}
	for _, e := range w.entries() {
		if e.Seq > first {
			told[e.Kind]++
		}
	}
	want := map[string]int{"connection.retired": 1, "user.deleted": crowd, "group.deleted": 1}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("the journal tells of %v, want %v", told, want)
	}
	for _, name := range names {
		if m := w.one(name + "@acme.com"); m.Status != directory.StatusSuspended {
			t.Fatalf("%s is %s", name, m.Status)
		}
	}
}

// values are the names by which a provider means people.
func values(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name + "@acme.com"
	}
	return out
}

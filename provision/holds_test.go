package provision_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// workforce makes many engineers at once.
func (w *world) workforce(n int) []string {
	w.t.Helper()
	names := w.names(n)
	w.must(w.do("okta", func(f *facts.Writer) error {
		for _, name := range names {
			u, err := f.CreateUser(w.input(person(name)))
			if err != nil {
				return err
			}
			w.ids["okta:"+name] = u.ID
		}
		return nil
	}))
	w.idle()
	w.group("okta", "Engineering", names...)
	w.idle()
	return names
}

func TestAThousandLeaversWaitInOneHoldAndAreWorkedOffByJobs(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	names := w.workforce(1000)
	w.bulk(false, names...)
	w.idle()
	h := w.hold()
	if h.Limit != 30 || h.Passed != 30 || h.Waiting != 970 { // 3 percent of 1001
		t.Errorf("%d pass, %d passed, %d wait; want 30, 30 and 970", h.Limit, h.Passed, h.Waiting)
	}
	if opened := w.kinds("hold.opened"); len(opened) != 1 {
		t.Errorf("%d holds were opened", len(opened))
	}
	_, err := w.engine.UndoHold(t.Context(), w.org, h.ID, nil, admin("alice"))
	w.must(err)
	w.idle()
	if h = w.hold(); h.Waiting != 1000 || h.Undo {
		t.Errorf("after undoing %d wait, undo %v", h.Waiting, h.Undo)
	}
	w.must(w.approve("alice"))
	if w.jobs() == 0 {
		t.Error("a thousand people were settled in one transaction")
	}
	w.idle()
	w.noHold()
	if suspended := strings.Count(w.standing(1000), "s"); suspended != 1000 {
		t.Errorf("%d are suspended, want all", suspended)
	}
	w.consistent()
}

func TestALargeGroupThatIsDeletedTakesEffectForHalfAtMost(t *testing.T) {
	w := newWorld(t, acme+"brakes: [{of: role_losses, window: 1h, percent: 100}]\n")
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	names := w.workforce(700)
	w.group("okta", "Everyone", names...)
	w.idle()
	w.deleteGroup("Engineering")
	w.idle()
	roles := w.roles(700)
	if lost, waiting := strings.Count(roles, "v"), strings.Count(roles, "m*"); lost > 350 || lost+waiting != 700 {
		t.Errorf("%d lost their role and %d wait, want at most half to lose it and everybody else to wait", lost, waiting)
	}
	if h := w.hold(); h.Kind != provision.BrakeGroupRemovals {
		t.Errorf("the hold is of %s", h.Kind)
	}
}

func TestHalfOfAGroupMayLeaveIt(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		w := newWorld(t, acme+"brakes: [{of: role_losses, window: 1h, percent: 100}, {of: group_removals, window: 1h, floor: 2, percent: 50}]\n")
		w.staff(20)
		if leaving := w.names(15); bulk {
			w.remove("Engineering", leaving...)
		} else {
			for _, name := range leaving {
				w.remove("Engineering", name)
			}
		}
		if roles := w.roles(20); strings.Count(roles, "v") != 10 || strings.Count(roles, "m*") != 5 {
			t.Errorf("at once %v: %s, want 10 of 20 to lose it and 5 to wait", bulk, roles)
		}
	}
}

func TestAHoldIsRemindedOfEachHourAndGrowsInTheJournalOnceAMinute(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(12)
	var log bytes.Buffer
	w.engine.Log = slog.New(slog.NewTextHandler(&log, nil))
	w.deactivate("p0", "p1", "p2")
	if !strings.Contains(log.String(), "a brake holds effects back") || !strings.Contains(log.String(), "1 person waits to be suspended") {
		t.Errorf("the log says nothing of the hold: %s", log.String())
	}
	for i := 3; i < 9; i++ { // a second each
		w.deactivate(fmt.Sprint("p", i))
	}
	w.pass(2 * time.Minute)
	w.deactivate("p9")
	w.see("journal", strings.Join(w.kinds("hold."), " "), "hold.opened hold.grew")
	reminders := func() int { return strings.Count(log.String(), "a hold is still open") }
	w.pass(30 * time.Minute)
	w.idle()
	if reminders() != 0 {
		t.Error("reminded before an hour was over")
	}
	w.pass(40 * time.Minute)
	restarted := *w // another process has the same store
	restarted.engine = &provision.Engine{Store: w.store, Log: w.engine.Log, Now: w.engine.Now, Compile: w.engine.Compile}
	restarted.idle()
	if reminders() != 1 {
		t.Errorf("reminded %d times after an hour, want once", reminders())
	}
	w.pass(time.Hour)
	if reminders() != 2 {
		t.Errorf("reminded %d times after two hours, want twice", reminders())
	}
}

func TestWhatBrakesCountedIsClearedAwayAfterAMonth(t *testing.T) {
	w := newWorld(t, acme)
	w.staff(8)
	w.deactivate("p0", "p1")
	_, err := w.engine.ExpectHold(t.Context(), w.org, provision.BrakeSuspensions, 3, w.now.Add(time.Hour), admin("alice"))
	w.must(err)
	left := func() (n int) {
		w.must(w.store.View(t.Context(), func(tx store.Tx) error {
			rows, err := tx.ListBraked(w.org, nil, 100)
			if err != nil {
				return err
			}
			expected, err := tx.ListExpectations(w.org)
			n = len(rows) + len(expected)
			return err
		}))
		return n
	}
	if left() != 3 {
		t.Fatalf("%d rows, want 3", left())
	}
	w.pass(29 * 24 * time.Hour)
	if left() != 2 {
		t.Errorf("%d rows after four weeks, want those of the people", left())
	}
	w.pass(3 * 24 * time.Hour)
	if left() != 0 {
		t.Errorf("%d rows after a month, want none", left())
	}
}

func TestAPlanShowsNothingOfWhatWaits(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(5)
	w.deactivate("p0", "p1", "p2")
	plan, err := w.engine.Plan(t.Context(), w.org, provision.Candidate{Policy: compile(t, braked)}, -1)
	w.must(err)
	if !plan.Empty() {
		t.Errorf("the plan of the policy in force changes %+v", plan.Rows)
	}
	if w.hold().Waiting != 1 {
		t.Error("planning changed the hold")
	}
	w.consistent()
}

func TestExplainNamesWhatWaits(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(5)
	w.deactivate("p0", "p1", "p2")
	m := w.of("okta", "p2")
	x, err := w.engine.Explain(t.Context(), w.org, m.ID)
	w.must(err)
	if len(x.Holds) != 1 || x.Holds[0].Kind != provision.BrakeSuspensions || x.Holds[0].Member != m.ID || len(x.Holds[0].Effects) != 1 {
		t.Errorf("the explanation names %+v", x.Holds)
	}
}

func TestTheRoomOfBrakes(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(5)
	room := func(kind string) (left int) {
		w.must(w.store.View(t.Context(), func(tx store.Tx) error {
			all, err := w.engine.BrakeRoom(tx, w.org, compile(t, braked))
			left = all[kind]
			return err
		}))
		return left
	}
	if room(provision.BrakeSuspensions) != 2 || room(provision.BrakeTopRoleGains) != 1 {
		t.Errorf("room for %d and %d, want 2 and 1", room(provision.BrakeSuspensions), room(provision.BrakeTopRoleGains))
	}
	w.deactivate("p0")
	_, err := w.engine.ExpectHold(t.Context(), w.org, provision.BrakeSuspensions, 30, w.now.Add(time.Hour), admin("alice"))
	w.must(err)
	if room(provision.BrakeSuspensions) != 31 {
		t.Errorf("room for %d, want 1 and the 30 that are expected", room(provision.BrakeSuspensions))
	}
}

// TestLaw10ChangesThatNoBrakeCountsAskNothingOfThem: whoever comes, and is told more about, costs no look at the brakes.
func TestLaw10ChangesThatNoBrakeCountsAskNothingOfThem(t *testing.T) {
	w, s, _ := countingWorld(t)
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	asked := func(what string, do func()) {
		do()
		if s.cost.Brakes != 0 {
			t.Errorf("%s asked the brakes %d times", what, s.cost.Brakes)
		}
	}
	asked("a new group", func() { w.group("okta", "Engineering") })
	asked("a new person", func() { w.create("okta", "ann", person("ann")) })
	asked("somebody who joins", func() { w.add("Engineering", "ann") })
	asked("another title", func() { w.replace("okta", "ann", person("ann").with(attrs{"title": "Engineer"})) })
	w.group("okta", "Lunch", "ann")
	asked("leaving a group that gives nothing", func() { w.remove("Lunch", "ann") })
}

// TestLaw8BrakesHoldUnderAnyInterleaving: whatever is pushed, one by one or many at once, no more people than the limit are
// suspended, lose their role or get the top role in any window, net of those who came back.
func TestLaw8BrakesHoldUnderAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, closed := freshWorldOf(t, rt, braked)
		defer closed()
		const n = 7
		w.staff(n)
		watch := newWatch(w, n)
		for range rapid.IntRange(1, 25).Draw(rt, "pushes") {
			who := rapid.SliceOfNDistinct(rapid.SampledFrom(w.names(n)), 1, n, rapid.ID[string]).Draw(rt, "who")
			switch rapid.SampledFrom([]string{"leave", "leave", "return", "no role", "role", "top", "no top", "time", "settle"}).Draw(rt, "what") {
			case "leave":
				w.bulk(false, who...)
			case "return":
				w.bulk(true, who...)
			case "no role":
				w.remove("Engineering", who...)
			case "role":
				w.add("Engineering", who...)
			case "top":
				w.add("IT Admins", who...)
			case "no top":
				w.remove("IT Admins", who...)
			case "time":
				w.pass(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute)
			case "settle":
				w.settleAll()
			}
			watch.look(rt)
		}
		w.consistent()
		w.settleAll()
		last := w.lastEntry()
		w.settleAll()
		if w.lastEntry() != last {
			rt.Error("settling twice changed something")
		}
	})
}

// watch sees who is what, step by step, and keeps of each effect when it took place.
type watch struct {
	w     *world
	n     int
	was   map[string]*directory.Member
	since map[string]map[string]time.Time // kind → person → when
	from  map[string]map[string]int       // kind → person → the rank before
}

// newWatch begins to see.
func newWatch(w *world, n int) *watch {
	v := &watch{w: w, n: n, was: map[string]*directory.Member{}, since: map[string]map[string]time.Time{}, from: map[string]map[string]int{}}
	for _, kind := range []string{provision.BrakeSuspensions, provision.BrakeRoleLosses, provision.BrakeTopRoleGains} {
		v.since[kind], v.from[kind] = map[string]time.Time{}, map[string]int{}
	}
	for _, name := range w.names(n) {
		v.was[name] = w.of("okta", name)
	}
	return v
}

func rank(m *directory.Member) int {
	for i, role := range []string{"viewer", "member", "admin"} {
		if m.Decision.Role == role {
			return i
		}
	}
	return -1
}

func (v *watch) look(rt *rapid.T) {
	for _, name := range v.w.names(v.n) {
		was, m := v.was[name], v.w.of("okta", name)
		v.was[name] = m
		active, before := m.Status == directory.StatusActive, was.Status == directory.StatusActive
		switch {
		case before && !active:
			v.since[provision.BrakeSuspensions][name] = v.w.now
		case active && before && rank(m) < rank(was):
			at := v.since[provision.BrakeRoleLosses][name]
			if from := v.from[provision.BrakeRoleLosses][name]; v.w.now.Sub(at) >= time.Hour || from < rank(was) {
				v.from[provision.BrakeRoleLosses][name] = rank(was)
			}
			v.since[provision.BrakeRoleLosses][name] = v.w.now
		}
		if active && rank(m) == 2 && (!before || rank(was) != 2) {
			v.since[provision.BrakeTopRoleGains][name] = v.w.now
		}
		if active {
			delete(v.since[provision.BrakeSuspensions], name)
		}
		if active && rank(m) >= v.from[provision.BrakeRoleLosses][name] {
			delete(v.since[provision.BrakeRoleLosses], name)
			delete(v.from[provision.BrakeRoleLosses], name)
		}
		if !active || rank(m) != 2 {
			delete(v.since[provision.BrakeTopRoleGains], name)
		}
	}
	for kind, limit := range map[string]int{provision.BrakeSuspensions: 2, provision.BrakeRoleLosses: 2, provision.BrakeTopRoleGains: 1} {
		window := time.Hour
		if kind == provision.BrakeTopRoleGains {
			window = 24 * time.Hour
		}
		n := 0
		for _, at := range v.since[kind] {
			if v.w.now.Sub(at) < window {
				n++
			}
		}
		if n > limit {
			rt.Fatalf("%d people within %s under the brake on %s, which lets %d pass", n, window, kind, limit)
		}
	}
}

// TestUndoKeepsTheLastAdmin: putting back those who gained the top role does not leave the organization without one.
func TestUndoKeepsTheLastAdmin(t *testing.T) {
	w := company(t)
	newcomers := []string{"n1", "n2", "n3", "n4", "n5"}
	for _, name := range newcomers {
		w.create("okta", name, person(name))
	}
	for _, name := range newcomers { // two pass, three wait
		w.add("IT Admins", name)
	}
	w.remove("IT Admins", "root")
	var id directory.ID
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		holds, err := tx.ListHolds(w.org)
		for _, h := range holds {
			if h.Kind == provision.BrakeTopRoleGains {
				id = h.ID
			}
		}
		return err
	}))
	_, err := w.engine.UndoHold(t.Context(), w.org, id, nil, directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"})
	w.must(err)
	w.idle()
	admins := 0
	for _, name := range append(newcomers, "root") {
		if m := w.one(name + "@acme.com"); m.Status == directory.StatusActive && m.Decision.Role == "admin" {
			admins++
		}
	}
	if admins != 1 {
		t.Errorf("%d admins are left, want one", admins)
	}
}

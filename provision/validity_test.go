package provision_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
)

// A plan ends when time alone changes what it shows, and says of whom and what.
func TestAPlanEndsWhenTimeChangesWhatItShows(t *testing.T) {
	swap := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(acme) }
	for name, tc := range map[string]struct {
		policy string
		before func(*world) // two hours before the plan
		ends   time.Duration
		what   string // empty when only the day ends it
	}{
		"nothing ends": {acme + "\n# other", func(w *world) { w.group("okta", "On Call", "ann") }, 24 * time.Hour, ""},
		"a membership": {
			swap("membership_for: 90d", "membership_for: 5h"), func(w *world) { w.group("okta", "Contractors", "eve") },
			3 * time.Hour, "the membership of eve@acme.com ends",
		},
		"what a rule gives": {
			swap("grant_for: 7d", "grant_for: 5h"), func(w *world) { w.group("okta", "On Call", "ann") },
			3 * time.Hour, "the role admin of ann@acme.com ends",
		},
		"a phase of the rollout": {
			swap("groups: [Everyone]", "groups: [New]") + "\nrollout: [{from: 2026-11-02T16:00:00Z, groups: [New]}]",
			func(w *world) { w.group("okta", "New", "eve") }, 5 * time.Hour, "a phase of the rollout begins for eve@acme.com",
		},
		"what is the same in both": {
			acme + "\n# other", func(w *world) { w.pin(w.one("bob@acme.com"), "viewer", w.now.Add(3*time.Hour)) },
			time.Hour, "the role viewer of bob@acme.com ends",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := company(t)
			begun := w.now
			tc.before(w)
			w.now = begun.Add(2 * time.Hour)
			c := w.candidate(tc.policy)
			plan := w.planOf(c)
			what := ""
			if plan.Ends != nil {
				what = plan.Ends.What
			}
			const pushes = time.Minute // the world's take seconds
			if off := w.now.Add(tc.ends).Sub(plan.ValidUntil).Abs(); what != tc.what || off > pushes {
				t.Errorf("the plan of %v is valid until %v, when %q; want %v and %q", w.now, plan.ValidUntil, what, tc.ends, tc.what)
			}
			w.now = plan.ValidUntil
			err := w.applyPlan(c, plan)
			if directory.KindOf(err) != directory.Conflict || !strings.Contains(err.Error(), tc.what) || !strings.Contains(err.Error(), "again") {
				t.Errorf("applying it then: %v", err)
			}
			w.now = plan.ValidUntil.Add(-time.Nanosecond)
			w.must(w.applyPlan(c, plan))
		})
	}
}

func TestTheEndOfAPlanIsSealed(t *testing.T) {
	w := company(t)
	w.group("okta", "On Call", "ann")
	c := w.candidate(strings.Replace(acme, "grant_for: 7d", "grant_for: 5h", 1))
	plan := w.planOf(c)
	plan.ValidUntil = plan.ValidUntil.Add(24 * time.Hour)
	w.now = w.now.Add(6 * time.Hour)
	if err := w.applyPlan(c, plan); directory.KindOf(err) != directory.Conflict || !strings.Contains(err.Error(), "changed since") {
		t.Errorf("a plan whose end was put off: %v", err)
	}
}

// TestWhatIsAppliedIsWhatWasShown: whatever ends or begins by itself, and whenever it is applied, a plan does what it
// shows or is refused; and while it is valid, and nobody was touched, it is not refused.
func TestWhatIsAppliedIsWhatWasShown(t *testing.T) {
	applied, ended := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorld(t, rt)
		defer done()
		hours := func(label string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(rt, label)) * time.Hour
		}
		begun := w.now
		names := []string{"root", "ann", "bob", "carl"}
		for _, name := range names {
			w.create("okta", name, person(name))
		}
		w.group("okta", "IT Admins", "root")
		for _, g := range []string{"Everyone", "Contractors", "On Call"} {
			w.pass(hours("before "+g, 10))
			w.group("okta", g, rapid.SliceOfNDistinct(rapid.SampledFrom(names[1:]), 0, 3, rapid.ID).Draw(rt, g)...)
		}
		if rapid.Bool().Draw(rt, "pinned") {
			w.pin(w.of("okta", "bob"), "member", w.now.Add(time.Hour+hours("pin", 30)))
		}
		text := strings.NewReplacer(
			"grant_for: 7d", fmt.Sprintf("grant_for: %dh", 1+hours("grant", 40)/time.Hour),
			"membership_for: 90d", fmt.Sprintf("membership_for: %dh", 1+hours("membership", 40)/time.Hour),
		).Replace(acme)
		if rapid.Bool().Draw(rt, "phases") {
			text += fmt.Sprintf("\nrollout: [{from: %s, groups: [Contractors]}]", begun.Add(hours("phase", 40)).Format(time.RFC3339))
		}
		c := w.candidate(text)
		plan := w.planOf(c)
		at := w.lastEntry()
		if w.now = w.now.Add(hours("later", 30)); rapid.Bool().Draw(rt, "the worker runs") {
			w.idle()
		}
		now := w.planOf(c)
		err := w.applyPlan(c, plan)
		switch {
		case err == nil:
			applied++
			if !maps.Equal(plan.Digests, now.Digests) {
				rt.Fatalf("applied at %v what was shown at %v as\n%v\nand is now\n%v", w.now, plan.At, lines(plan), lines(now))
			}
		case strings.Contains(err.Error(), "beyond a brake"):
		case directory.KindOf(err) != directory.Conflict:
			rt.Fatal(err)
		case w.now.Before(plan.ValidUntil):
			if w.lastEntry() == at {
				rt.Fatalf("refused at %v, though it is valid until %v and nobody was touched: %v", w.now, plan.ValidUntil, err)
			}
		default:
			ended++
		}
	})
	if applied == 0 || ended == 0 {
		t.Errorf("%d plans were applied and %d had ended: the test shows nothing", applied, ended)
	}
}

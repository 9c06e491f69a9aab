package provision_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// candidate compiles the text of a policy that may become the active one.
func (w *world) candidate(text string) provision.Candidate {
	w.t.Helper()
	return provision.Candidate{Policy: compile(w.t, text), Files: []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(text)}}}
}

func (w *world) planOf(c provision.Candidate) *provision.Plan {
	w.t.Helper()
	plan, err := w.engine.Plan(w.t.Context(), w.org, c, -1)
	w.must(err)
	return plan
}

func (w *world) applyPlan(c provision.Candidate, plan *provision.Plan) error {
	w.t.Helper()
	_, err := w.engine.Apply(context.Background(), w.org, c, plan, directory.Cause{Kind: directory.CauseAdmin, Actor: "root"}, 0)
	return err
}

// lines shows the rows of a plan shortly.
func lines(plan *provision.Plan) []string {
	var out []string
	for _, row := range plan.Rows {
		var who []string
		for _, person := range row.People {
			name, _, _ := strings.Cut(person.Name(), "@")
			who = append(who, name)
		}
		slices.Sort(who)
		out = append(out, fmt.Sprintf("%s %s→%s %s %s %s", row.Field, row.Before, row.After, row.Rule, row.At, strings.Join(who, " ")))
	}
	return out
}

// company is a world with a few people: an admin, two engineers, somebody whom no rule knows.
func company(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, acme)
	for _, name := range []string{"root", "ann", "bob", "eve"} {
		w.create("okta", name, person(name))
	}
	w.group("okta", "IT Admins", "root")
	w.group("okta", "Engineering", "ann", "bob")
	w.group("okta", "Leads", "ann")
	return w
}

func TestPlanTellsWhoGainsAndLosesWhatByWhichRule(t *testing.T) {
	w := company(t)
	text := strings.Replace(acme, "teams: [platform]}", "teams: [core]}\n  - {name: leads, groups: [Leads], role: admin}\n  - {name: all, groups: [Nobody], role: viewer}", 1)
	plan := w.planOf(w.candidate(text))
	want := []string{
		"teams →core engineers acme.yaml:18 ann bob",
		"teams platform→ engineers acme.yaml:18 ann bob",
		"role member→admin leads acme.yaml:19 ann",
	}
	if got := lines(plan); !slices.Equal(got, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c := plan.Counts; c.Changed != 2 || c.Gaining != 2 || c.Losing != 2 || c.Joining+c.Leaving != 0 || c.Unchanged != plan.People-2 {
		t.Errorf("counts %+v of %d people", c, plan.People)
	}
	if plan.Brakes[provision.BrakeTopRoleGains] != 1 {
		t.Errorf("brakes would count %v", plan.Brakes)
	}
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "member", "engineering", "platform")
}

func TestApplyDoesWhatThePlanShowsAndThenNothingIsLeft(t *testing.T) {
	w := company(t)
	c := w.candidate(strings.Replace(acme, "role: member, department: engineering, teams: [platform]", "role: viewer", 1))
	w.must(w.applyPlan(c, w.planOf(c)))
	w.idle()
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "viewer", "")
	if again := w.planOf(c); !again.Empty() {
		t.Errorf("the plan after applying: %v", lines(again))
	}
	w.create("okta", "zoe", person("zoe"))
	w.add("Engineering", "zoe")
	w.expect(w.one("zoe@acme.com"), directory.StatusActive, "viewer", "")
}

func TestApplyRefusesWhatThePlanDidNotShow(t *testing.T) {
	less := strings.Replace(acme, "role: member, department: engineering", "role: viewer, department: engineering", 1)
	for name, tc := range map[string]struct {
		meanwhile func(*world)
		refused   string // a part of the message; empty when it applies
	}{
		"nothing happened":                 {func(*world) {}, ""},
		"somebody touched, the same comes": {func(w *world) { w.replace("okta", "ann", person("ann").with(attrs{"title": "Lead"})) }, ""},
		"somebody joined a group that the candidate names": {
			func(w *world) { w.add("Engineering", "eve") }, "eve@acme.com",
		},
		"somebody left one": {func(w *world) { w.remove("Engineering", "bob") }, "bob@acme.com"},
		"somebody came":     {func(w *world) { w.create("okta", "new", person("new")); w.add("Engineering", "new") }, "new@acme.com"},
		"a group was renamed": {
			func(w *world) { w.rename("okta", "Engineering", "Ingenieure") }, "",
		},
		"a group was deleted":       {func(w *world) { w.deleteGroup("Engineering"); w.idle() }, "2 people were touched"},
		"another policy was active": {func(w *world) { w.activate(acme + "\n# again") }, "revision 1"},
		"an admin pinned one": {func(w *world) {
			w.pin(w.one("ann@acme.com"), "admin", w.now.AddDate(0, 1, 0))
		}, "ann@acme.com"},
	} {
		t.Run(name, func(t *testing.T) {
			w := company(t)
			c := w.candidate(less)
			plan := w.planOf(c)
			tc.meanwhile(w)
			err := w.applyPlan(c, plan)
			if tc.refused == "" && err != nil || tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)) {
				t.Errorf("applying: %v; want %q", err, tc.refused)
			}
			if err != nil {
				return
			}
			w.idle()
			if again := w.planOf(c); !again.Empty() {
				t.Errorf("the plan after applying: %v", lines(again))
			}
		})
	}
}

func TestApplyWantsTheFilesOfThePlan(t *testing.T) {
	w := company(t)
	plan := w.planOf(w.candidate(acme + "\n# one"))
	if err := w.applyPlan(w.candidate(acme+"\n# two"), plan); directory.KindOf(err) != directory.Conflict {
		t.Errorf("applying other files: %v", err)
	}
}

func TestAPlanKeepsTheLastAdmin(t *testing.T) {
	w := company(t)
	c := w.candidate(strings.Replace(acme, "  - {name: admins, groups: [IT Admins], role: admin}\n", "  - {name: admins, groups: [IT Admins], role: member}\n", 1))
	if plan := w.planOf(c); !plan.Empty() {
		t.Errorf("the plan would take the last admin away: %v", lines(plan))
	}
}

// policies are files between which the property tests go back and forth.
func policies() []string {
	swap := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(acme) }
	return []string{
		acme,
		swap("role: member, department: engineering, teams: [platform]", "role: viewer, teams: [core]"),
		swap("  - {name: everyone, groups: [Everyone], role: viewer}\n", ""),
		swap("role: admin}", "role: admin, teams: [it]}", "department: engineering", "department: sales"),
		swap("ignore: [{user_name: \"svc-*\"}]", "ignore: [{user_name: \"c*\"}]"),
		swap("groups: [Contractors], role: viewer", "groups: [Contractors], role: member"),
	}
}

// footprint is what everybody has, by address.
func (w *world) footprint(rt *rapid.T) map[string]string {
	out := map[string]string{}
	err := w.store.View(context.Background(), func(tx store.Tx) error {
		members, err := tx.ListMembers(w.org, store.Page{Limit: 100})
		for _, m := range members {
			d := m.Decision
			out[m.ID.String()] = fmt.Sprint(m.Status, d.Role, d.Department, d.Teams, d.PermissionSets, d.InScope, d.Active)
		}
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
	return out
}

// TestApplyAndRollBack: whatever was pushed, and whatever the policies say, a plan that was applied leaves nothing to
// change, and going back restores every member.
func TestApplyAndRollBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorld(t, rt)
		defer done()
		groups := []string{"Everyone", "Engineering", "IT Admins", "Contractors", "Partners"}
		names := []string{"root", "ann", "bob", "carl", "cleo"}
		for _, name := range names {
			w.create("okta", name, person(name))
		}
		for _, g := range groups {
			in := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, func(s string) string { return s }).Draw(rt, g)
			if g == "IT Admins" && !slices.Contains(in, "root") {
				in = append(in, "root")
			}
			w.group("okta", g, in...)
		}
		w.idle()
		for _, kind := range []string{provision.BrakeSuspensions, provision.BrakeRoleLosses, provision.BrakeTopRoleGains} {
			_, err := w.engine.ExpectHold(context.Background(), w.org, kind, 1000, w.now.AddDate(0, 0, 1), directory.Cause{Kind: directory.CauseAdmin, Actor: "root"})
			if err != nil {
				rt.Fatal(err)
			}
		}
		before := w.footprint(rt)
		c := w.candidate(rapid.SampledFrom(policies()).Draw(rt, "policy"))
		apply := func(c provision.Candidate) {
			plan := w.planOf(c)
			if err := w.applyPlan(c, plan); err != nil {
				rt.Fatal(err)
			}
			w.idle()
			if again := w.planOf(c); !again.Empty() {
				rt.Fatalf("the plan after applying: %v", lines(again))
			}
		}
		apply(c)
		back, err := w.engine.Revision(context.Background(), w.org, 1)
		if err != nil {
			rt.Fatal(err)
		}
		apply(back)
		for id, want := range before {
			if got := w.footprint(rt)[id]; got != want {
				rt.Fatalf("%s was %s and is %s", id, want, got)
			}
		}
	})
}

// TestApplyTakesAPlanOnlyAsItWasMade: whatever somebody changes of a saved plan, and wherever else it was made.
func TestApplyTakesAPlanOnlyAsItWasMade(t *testing.T) {
	less := strings.Replace(acme, "role: member, department: engineering", "role: viewer, department: engineering", 1)
	for name, tamper := range map[string]func(*provision.Plan){
		"the brakes":    func(p *provision.Plan) { p.Brakes = nil },
		"the digests":   func(p *provision.Plan) { clear(p.Digests) },
		"the position":  func(p *provision.Plan) { p.Position = 1 << 40 },
		"the base":      func(p *provision.Plan) { p.Base++ },
		"the instant":   func(p *provision.Plan) { p.At = p.At.Add(1) },
		"the seal":      func(p *provision.Plan) { p.Seal = "" },
		"another store": func(p *provision.Plan) { *p = *otherPlan(t, less) },
	} {
		t.Run(name, func(t *testing.T) {
			w := company(t)
			c := w.candidate(less)
			plan := w.planOf(c)
			tamper(plan)
			if err := w.applyPlan(c, plan); directory.KindOf(err) != directory.Conflict {
				t.Errorf("applying: %v", err)
			}
		})
	}
	w := company(t)
	c := w.candidate(less)
	plan := w.planOf(c)
	w.now = w.now.Add(25 * time.Hour)
	if err := w.applyPlan(c, plan); directory.KindOf(err) != directory.Conflict {
		t.Errorf("applying the plan of yesterday: %v", err)
	}
}

// otherPlan is the plan of a candidate on another store, where it changes nobody.
func otherPlan(t *testing.T, text string) *provision.Plan {
	t.Helper()
	w := newWorld(t, acme)
	w.engine.PlanKey = []byte("another")
	return w.planOf(w.candidate(text))
}

func TestAPlanTellsWhatTheSameNamesAllow(t *testing.T) {
	w := company(t)
	plan := w.planOf(w.candidate(strings.Replace(acme, "permissions: [agents.run]", "permissions: [agents.run, billing.manage]", 1)))
	want := []string{"role_permissions →admin   root", "role_permissions →member   ann bob"}
	if got := lines(plan); !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

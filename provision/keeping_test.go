package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// apply makes a text the active policy by a plan, and settles everybody.
func (w *world) apply(text string) {
	w.t.Helper()
	c := w.candidate(text)
	w.must(w.applyPlan(c, w.planOf(c)))
	w.idle()
}

func (w *world) dismiss() {
	w.t.Helper()
	_, err := w.engine.DismissHold(w.t.Context(), w.org, w.hold().ID, admin("alice"))
	w.must(err)
}

func (w *world) undo(spared ...directory.ID) {
	w.t.Helper()
	_, err := w.engine.UndoHold(w.t.Context(), w.org, w.hold().ID, spared, admin("alice"))
	w.must(err)
}

// edited returns the policy of the tests with brakes after a replacement.
func edited(old, text string) string { return strings.Replace(braked, old, text, 1) }

func TestTheSuspensionAloneWaits(t *testing.T) {
	const engineers = "groups: [Engineering], role: member, department: engineering, teams: [platform]}"
	for _, c := range []struct {
		name string
		wait func(*world) // brings p2 to wait for a suspension
		what func(*world)
	}{
		{"a pin reaches somebody who waits", deactivated, func(w *world) {
			w.pin(w.one("p2@acme.com"), "viewer", time.Time{})
			w.see("standing and role", w.standing(3)+" "+w.roles(3), "ssa* mmv*")
		}},
		{"a group that gives more reaches them", deactivated, func(w *world) {
			w.group("okta", "IT Admins too", "p2")
			w.apply(edited("groups: [IT Admins]", "groups: [IT Admins, IT Admins too]"))
			w.see("standing and role", w.standing(3)+" "+w.roles(3), "ssa* mma*")
		}},
		{"an applied policy reaches them", deactivated, func(w *world) {
			w.apply(edited(engineers, "groups: [Engineering], role: member, department: engineering, teams: [core]}"))
			w.expect(w.one("p2@acme.com"), directory.StatusActive, "member", "engineering", "core")
		}},
		{"an applied policy reaches those whose suspension was dismissed", func(w *world) { deactivated(w); w.dismiss() }, func(w *world) {
			w.apply(edited(engineers, "groups: [Engineering], role: viewer, department: engineering, teams: [core]}"))
			w.expect(w.one("p2@acme.com"), directory.StatusActive, "viewer", "engineering", "core")
			w.see("standing", w.standing(3), "ssa")
		}},
		{"who has no record left keeps what the policy still gives", deleted, func(w *world) {
			w.expect(w.member1("p2@acme.com"), directory.StatusActive, "member", "engineering", "platform")
			w.apply(edited(engineers, "groups: [Engineering], role: member, department: engineering}"))
			w.expect(w.member1("p2@acme.com"), directory.StatusActive, "member", "engineering")
		}},
		{"and loses a role that it does not give any more", deleted, func(w *world) {
			w.apply(edited(engineers, "groups: [Engineering], department: engineering, teams: [platform]}"))
			w.expect(w.member1("p2@acme.com"), directory.StatusActive, "viewer", "engineering", "platform")
		}},
		{"a role that is lost meanwhile is judged by its own brake", deactivated, func(w *world) {
			w.remove("Engineering", "p2")
			w.see("role", w.roles(3), "mmv*")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, braked)
			w.staff(3)
			c.wait(w)
			w.see("before", w.standing3(), "ssa")
			c.what(w)
			w.consistent()
		})
	}
}

func deactivated(w *world) { w.deactivate("p0", "p1", "p2") }

func deleted(w *world) {
	for _, name := range w.names(3) {
		w.delete("okta", name)
	}
}

// member1 returns the member of an address, who may have no record any more.
func (w *world) member1(address string) *directory.Member {
	w.t.Helper()
	all := w.members(address)
	if len(all) != 1 {
		w.t.Fatalf("%d members have the address %s, want one", len(all), address)
	}
	return all[0]
}

// standing3 says by address where the first three people stand.
func (w *world) standing3() string {
	w.t.Helper()
	var b strings.Builder
	for _, name := range w.names(3) {
		b.WriteString(string(w.member1(name + "@acme.com").Status)[:1])
	}
	return b.String()
}

func TestAGroupsHoldEndsWithTheRuleThatItKeeps(t *testing.T) {
	for _, dismissed := range []bool{false, true} {
		w := newWorld(t, edited("{of: role_losses, window: 1h, floor: 2}", "{of: role_losses, window: 1h, floor: 9}"))
		w.staff(6)
		w.remove("Engineering", "p0", "p1", "p2", "p3")
		w.see("roles", w.roles(6), "vvm*m*mm")
		if dismissed {
			w.dismiss()
		}
		w.apply(strings.Replace(edited("{of: role_losses, window: 1h, floor: 2}", "{of: role_losses, window: 1h, floor: 9}"),
			"  - {name: engineers, groups: [Engineering], role: member, department: engineering, teams: [platform]}\n", "", 1))
		w.see("roles without the rule", w.roles(6), "vvvvvv")
		w.noHold()
	}
}

func TestUndoBringsNobodyATopRoleUncounted(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(6)
	w.deactivate("p0", "p1", "p2") // p2 waits
	w.pass(time.Minute)
	w.group("okta", "Leads", "p0", "p1")
	w.apply(edited("groups: [IT Admins]", "groups: [IT Admins, Leads]"))
	w.see("suspended, and admins once they are back", w.standing(3)+" "+w.roles(3), "ssa* aam*")
	w.undo()
	w.see("back", w.standing(3)+" "+w.roles(3), "a*a*a* a*m*m*") // one more admin passes, the other waits
	kinds := map[string]int{}
	for _, h := range w.openHolds() {
		kinds[h.Kind] = h.Waiting
	}
	if kinds[provision.BrakeSuspensions] != 3 || kinds[provision.BrakeTopRoleGains] != 1 {
		t.Errorf("there wait %v, want 3 suspensions and 1 gain of the top role", kinds)
	}
	w.consistent()
}

func TestUndoPutsAdminsBackAsAdmins(t *testing.T) {
	policy := edited("window: 24h, floor: 1", "window: 24h, floor: 2")
	w := newWorld(t, policy)
	w.staff(3)
	w.group("okta", "Leads", "p0", "p1")
	w.apply(strings.Replace(policy, "groups: [IT Admins]", "groups: [IT Admins, Leads]", 1))
	w.pass(48 * time.Hour)
	w.deactivate("p0", "p1", "p2")
	w.undo()
	w.see("back", w.standing(3)+" "+w.roles(3), "a*a*a* a*a*m*")
}

func TestUndoLeavesOutWhoIsSpared(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(3)
	w.deactivate("p0", "p1", "p2")
	w.undo(w.one("p0@acme.com").ID)
	w.see("back", w.standing(3), "sa*a*")
	if h := w.hold(); h.Passed != 1 || h.Undo || len(h.Spared) != 0 {
		t.Errorf("%d passed, undoing %v, spared %v; want 1, false and nobody", h.Passed, h.Undo, h.Spared)
	}
	w.must(w.approve("bob"))
	w.see("approved", w.standing(3), "sss")
}

func TestAfterAnUndoNobodyIsExplainedAsSuspended(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(3)
	w.deactivate("p0", "p1", "p2")
	w.undo()
	for _, r := range w.one("p0@acme.com").Decision.Reasons {
		if r.Field == "status" {
			t.Errorf("an active member has the reason %q", r.Because)
		}
	}
}

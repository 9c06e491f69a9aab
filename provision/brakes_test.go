package provision_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// braked is the policy of the tests with brakes that few people trip.
const braked = acme + `
brakes:
  - {of: suspensions, window: 1h, floor: 2}
  - {of: role_losses, window: 1h, floor: 2}
  - {of: top_role_gains, window: 24h, floor: 1}
  - {of: group_removals, window: 1h, floor: 2}
`

// staff makes an admin and people p0, p1, … who are all in Everyone and Engineering.
func (w *world) staff(n int) {
	w.t.Helper()
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	names := w.names(n)
	for _, name := range names {
		w.create("okta", name, person(name))
	}
	w.group("okta", "Everyone", names...)
	w.group("okta", "Engineering", names...)
	w.pass(40 * 24 * time.Hour) // what came before is forgotten
}

func (w *world) names(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("p", i)
	}
	return names
}

func (w *world) deactivate(names ...string) {
	w.t.Helper()
	for _, name := range names {
		w.replace("okta", name, person(name).with(attrs{"active": false}))
	}
}

func (w *world) activateAgain(names ...string) {
	w.t.Helper()
	for _, name := range names {
		w.replace("okta", name, person(name))
	}
}

// standing says of each of the people p0, p1, … where they stand: "a" active, "s" suspended, "-" otherwise; and "*" who waits.
func (w *world) standing(n int) string {
	w.t.Helper()
	var b strings.Builder
	for _, name := range w.names(n) {
		m := w.of("okta", name)
		switch m.Status {
		case directory.StatusActive:
			b.WriteString("a")
		case directory.StatusSuspended:
			b.WriteString("s")
		default:
			b.WriteString("-")
		}
		if len(m.Held) > 0 {
			b.WriteString("*")
		}
	}
	return b.String()
}

// roles says which role each of the people has, by its first letter; and "*" who waits.
func (w *world) roles(n int) string {
	w.t.Helper()
	var b strings.Builder
	for _, name := range w.names(n) {
		m := w.of("okta", name)
		b.WriteString(m.Decision.Role[:1])
		if len(m.Held) > 0 {
			b.WriteString("*")
		}
	}
	return b.String()
}

func (w *world) see(what, got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func (w *world) openHolds() []*directory.Hold {
	w.t.Helper()
	var holds []*directory.Hold
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		holds, err = tx.ListHolds(w.org)
		return err
	}))
	return holds
}

// hold returns the only hold there is.
func (w *world) hold() *directory.Hold {
	w.t.Helper()
	holds := w.openHolds()
	if len(holds) != 1 {
		w.t.Fatalf("there are %d holds, want one", len(holds))
	}
	return holds[0]
}

func (w *world) noHold() {
	w.t.Helper()
	if holds := w.openHolds(); len(holds) != 0 {
		w.t.Errorf("there is a hold: %s", provision.HoldMessage(holds[0]))
	}
}

// consistent checks that a hold counts those who are in it, and that every one of them says so.
func (w *world) consistent() {
	w.t.Helper()
	w.must(w.store.View(context.Background(), func(tx store.Tx) error {
		holds, err := tx.ListHolds(w.org)
		if err != nil {
			return err
		}
		waiting := map[directory.ID][]string{}
		for _, h := range holds {
			if h.Kind == directory.HoldLastAdmin {
				waiting[h.Member] = append(waiting[h.Member], h.ID.String())
				continue
			}
			rows, err := tx.ListHeldMembers(w.org, h.ID, store.Page{Limit: 1000})
			if err != nil {
				return err
			}
			if len(rows) != h.Waiting {
				w.t.Errorf("the hold of %s says that %d wait, and %d do", h.Kind, h.Waiting, len(rows))
			}
			for _, row := range rows {
				waiting[row.Member] = append(waiting[row.Member], h.ID.String())
			}
		}
		members, err := tx.ListMembers(w.org, store.Page{Limit: 1000})
		for _, m := range members {
			got, want := slices.Sorted(slices.Values(m.Held)), slices.Sorted(slices.Values(waiting[m.ID]))
			if !slices.Equal(got, want) {
				w.t.Errorf("%s says %v, and waits in %v", m.Decision.Email, got, want)
			}
		}
		return err
	}))
}

func admin(name string) directory.Cause {
	return directory.Cause{Kind: directory.CauseAdmin, Actor: name, Reason: "test"}
}

func (w *world) approve(by string) error {
	w.t.Helper()
	h := w.hold()
	_, err := w.engine.ApproveHold(w.t.Context(), w.org, h.ID, h.Set, admin(by))
	return err
}

// bulk runs several changes in one transaction.
func (w *world) bulk(active bool, names ...string) {
	w.t.Helper()
	w.must(w.do("okta", func(f *facts.Writer) error {
		for _, name := range names {
			in := w.input(person(name).with(attrs{"active": active}))
			if _, err := f.ReplaceUser(w.ids["okta:"+name], facts.Match{}, in); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (w *world) kinds(prefix string) []string {
	w.t.Helper()
	var kinds []string
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		var after uint64
		for {
			entries, err := tx.ListEntries(after, 500, false)
			if err != nil || len(entries) == 0 {
				return err
			}
			for _, e := range entries {
				if after = e.Seq; strings.HasPrefix(e.Kind, prefix) {
					kinds = append(kinds, e.Kind)
				}
			}
		}
	}))
	return kinds
}

func TestBrakes(t *testing.T) {
	for _, c := range []struct {
		name string
		what func(w *world)
	}{
		{"suspensions by single pushes: two pass, the rest waits", func(w *world) {
			w.deactivate("p0", "p1", "p2", "p3")
			w.see("people", w.standing(5), "ssa*a*a")
			h := w.hold()
			if h.Kind != provision.BrakeSuspensions || h.Limit != 2 || h.Passed != 2 || h.Waiting != 2 || h.Cause.Actor != "okta" {
				w.t.Errorf("the hold is %+v", h)
			}
			w.expect(w.one("p2@acme.com"), directory.StatusActive, "member", "engineering", "platform")
		}},
		{"suspensions in one transaction", func(w *world) {
			w.bulk(false, w.names(5)...)
			w.see("people", w.standing(5), "ssa*a*a*")
		}},
		{"deleted people wait as well", func(w *world) {
			for _, name := range []string{"p0", "p1"} {
				w.delete("okta", name)
			}
			m := w.of("okta", "p2")
			w.delete("okta", "p2")
			w.expect(w.one("p2@acme.com"), directory.StatusActive, "member", "engineering", "platform")
			if held := w.one("p2@acme.com").Held; len(held) != 1 || m.ID != w.one("p2@acme.com").ID {
				w.t.Errorf("held in %v", held)
			}
		}},
		{"people who came back are not counted", func(w *world) {
			w.deactivate("p0", "p1")
			w.activateAgain("p0", "p1")
			w.deactivate("p2", "p3")
			w.see("people", w.standing(4), "aass")
			w.noHold()
		}},
		{"one person counts once, however often they go", func(w *world) {
			for range 4 {
				w.deactivate("p0")
				w.activateAgain("p0")
			}
			w.deactivate("p0", "p1")
			w.see("people", w.standing(2), "ss")
		}},
		{"the window slides", func(w *world) {
			w.deactivate("p0", "p1")
			w.pass(61 * time.Minute)
			w.deactivate("p2", "p3")
			w.see("people", w.standing(4), "ssss")
		}},
		{"while a run goes on everybody waits; after a quiet window newcomers pass again and the run still waits", func(w *world) {
			w.deactivate("p0", "p1", "p2")
			w.pass(50 * time.Minute)
			w.deactivate("p3")
			w.pass(50 * time.Minute)
			w.deactivate("p4")
			w.see("during the run", w.standing(6), "ssa*a*a*a")
			w.pass(61 * time.Minute)
			w.deactivate("p5")
			w.see("after it", w.standing(6), "ssa*a*a*s")
		}},
		{"losses of role", func(w *world) {
			w.remove("Engineering", "p0")
			w.pass(61 * time.Minute) // another window for the group's own brake
			w.deleteGroup("Engineering")
			w.see("roles", w.roles(5), "vvvm*m*")
			w.consistent()
		}},
		{"the top role: the first admins come at once, then one a day", func(w *world) {
			w.add("IT Admins", "p0", "p1", "p2")
			w.see("roles", w.roles(4), "am*m*m")
			h := w.hold()
			if h.Kind != provision.BrakeTopRoleGains || h.Limit != 1 || h.Waiting != 2 {
				w.t.Errorf("the hold is %+v", h)
			}
		}},
		{"somebody new with the top role is counted, and is no member until then", func(w *world) {
			w.add("IT Admins", "p0")
			w.create("okta", "new", person("new"))
			w.add("IT Admins", "new")
			m := w.one("new@acme.com")
			if m.Status != directory.StatusNone || len(m.Held) != 1 {
				w.t.Errorf("the new admin is %s, held in %v", m.Status, m.Held)
			}
			w.must(w.approve("alice"))
			w.expect(w.one("new@acme.com"), directory.StatusActive, "admin", "")
			w.noHold()
		}},
		{"people removed from one group keep what it gave", func(w *world) {
			w.remove("Engineering", "p0", "p1", "p2", "p3")
			w.see("roles", w.roles(5), "vvm*m*m")
			w.expect(w.one("p2@acme.com"), directory.StatusActive, "member", "engineering", "platform")
			h := w.hold()
			if h.Kind != provision.BrakeGroupRemovals || h.Name != "Engineering" || h.Waiting != 2 {
				w.t.Errorf("the hold is %+v", h)
			}
			w.add("Engineering", "p2", "p3")
			w.noHold()
			w.see("roles", w.roles(5), "vvmmm")
		}},
		{"leaving a group that gives nothing counts for nothing", func(w *world) {
			w.group("okta", "Lunch", w.names(6)...)
			w.deleteGroup("Lunch")
			w.noHold()
		}},
		{"an admin's act passes and counts for nothing", func(w *world) {
			for _, name := range w.names(4) {
				w.act(w.engine.Suspend, w.of("okta", name))
			}
			w.see("people", w.standing(4), "ssss")
			w.deactivate("p4")
			w.see("people", w.standing(5), "sssss")
		}},
		{"an admin suspends somebody who waits", func(w *world) {
			w.deactivate("p0", "p1", "p2", "p3")
			w.act(w.engine.Suspend, w.of("okta", "p2"))
			w.see("people", w.standing(4), "sssa*")
		}},
		{"facts that move back leave the hold, which closes", func(w *world) {
			w.deactivate("p0", "p1", "p2", "p3")
			w.activateAgain("p2")
			w.see("people", w.standing(4), "ssaa*")
			w.activateAgain("p3")
			w.noHold()
			w.see("journal", strings.Join(w.kinds("hold."), " "), "hold.opened hold.closed")
		}},
		{"approved: they go, and do not use up the room of others", func(w *world) {
			w.deactivate(w.names(5)...)
			w.must(w.approve("alice"))
			w.see("people", w.standing(5), "sssss")
			w.noHold()
			w.see("journal", strings.Join(w.kinds("hold."), " "), "hold.opened hold.approved hold.closed")
		}},
		{"an approval is of the set that was shown", func(w *world) {
			w.deactivate("p0", "p1", "p2")
			shown := w.hold()
			w.deactivate("p3")
			_, err := w.engine.ApproveHold(w.t.Context(), w.org, shown.ID, shown.Set, admin("alice"))
			if directory.KindOf(err) != directory.Conflict {
				w.t.Errorf("approved another set than was shown: %v", err)
			}
			w.see("people", w.standing(4), "ssa*a*")
			w.activateAgain("p3")
			_, err = w.engine.ApproveHold(w.t.Context(), w.org, shown.ID, shown.Set, admin("alice"))
			w.must(err) // the set is the same again
		}},
		{"nobody approves what they caused", func(w *world) {
			w.activate(strings.Replace(braked, "groups: [Engineering], role: member", "groups: [Engineering], role: viewer", 1))
			h := w.hold()
			if !slices.Equal(h.Actors, []string{"test"}) {
				w.t.Fatalf("the hold names %v as its cause", h.Actors)
			}
			if err := w.approve("test"); directory.KindOf(err) != directory.Forbidden {
				w.t.Errorf("approved by its cause: %v", err)
			}
			w.must(w.approve("alice"))
			w.see("roles", w.roles(5), "vvvvv")
		}},
		{"dismissed: they stay until the decision changes again", func(w *world) {
			w.deactivate("p0", "p1", "p2")
			_, err := w.engine.DismissHold(w.t.Context(), w.org, w.hold().ID, admin("alice"))
			w.must(err)
			w.noHold()
			w.settleAll()
			w.pass(2 * time.Hour)
			w.settleAll()
			w.see("dismissed", w.standing(3), "ssa")
			w.activateAgain("p2")
			w.deactivate("p2")
			w.see("decided anew", w.standing(3), "sss")
		}},
		{"undone, then mended at the provider", func(w *world) {
			w.deactivate(w.names(5)...)
			_, err := w.engine.UndoHold(w.t.Context(), w.org, w.hold().ID, nil, admin("alice"))
			w.must(err)
			w.see("undone", w.standing(5), "a*a*a*a*a*")
			w.expect(w.one("p0@acme.com"), directory.StatusActive, "member", "engineering", "platform")
			w.consistent()
			w.activateAgain(w.names(5)...)
			w.see("mended", w.standing(5), "aaaaa")
			w.noHold()
		}},
		{"who went in good order after the hold is not put back", func(w *world) {
			w.deactivate("p0", "p1", "p2")
			w.pass(2 * time.Hour)
			w.deactivate("p3")
			_, err := w.engine.UndoHold(w.t.Context(), w.org, w.hold().ID, nil, admin("alice"))
			w.must(err)
			w.see("undone", w.standing(5), "a*a*a*sa")
		}},
		{"undone, and approved after all", func(w *world) {
			w.remove("Engineering", "p0", "p1", "p2", "p3")
			_, err := w.engine.UndoHold(w.t.Context(), w.org, w.hold().ID, nil, admin("alice"))
			w.must(err)
			w.see("undone", w.roles(5), "m*m*m*m*m")
			w.expect(w.one("p0@acme.com"), directory.StatusActive, "member", "engineering", "platform")
			w.must(w.approve("alice"))
			w.see("approved", w.roles(5), "vvvvm")
		}},
		{"gains of the top role are undone", func(w *world) {
			w.add("IT Admins", "p0", "p1")
			_, err := w.engine.UndoHold(w.t.Context(), w.org, w.hold().ID, nil, admin("alice"))
			w.must(err)
			w.see("undone", w.roles(2), "m*m*")
			w.remove("IT Admins", "p0", "p1")
			w.see("mended", w.roles(2), "mm")
			w.noHold()
		}},
		{"what is expected passes, beside what passes anyway, until its time", func(w *world) {
			_, err := w.engine.ExpectHold(w.t.Context(), w.org, provision.BrakeSuspensions, 2, w.now.Add(3*time.Hour), admin("alice"))
			w.must(err)
			w.deactivate("p0")
			w.pass(2 * time.Hour)
			w.deactivate("p1", "p2", "p3", "p4")
			w.see("people", w.standing(5), "ssssa*")
		}},
		{"an expectation ends", func(w *world) {
			_, err := w.engine.ExpectHold(w.t.Context(), w.org, provision.BrakeSuspensions, 5, w.now.Add(time.Hour), admin("alice"))
			w.must(err)
			w.pass(time.Hour)
			w.deactivate("p0", "p1", "p2")
			w.see("people", w.standing(3), "ssa*")
		}},
		{"the last admin stays, and does not wait in a brake's hold", func(w *world) {
			w.deactivate("p0", "p1", "root")
			w.expect(w.one("root@acme.com"), directory.StatusActive, "admin", "")
			if h := w.hold(); h.Kind != directory.HoldLastAdmin {
				w.t.Errorf("held as %s", h.Kind)
			}
		}},
		{"a paused connection keeps who waits in the hold", func(w *world) {
			w.deactivate("p0", "p1", "p2")
			paused := strings.Replace(braked, "{id: okta, provider: okta}", "{id: okta, provider: okta, state: paused}", 1)
			w.activate(paused)
			w.must(w.approve("alice"))
			w.see("paused", w.standing(3), "ssa*")
			w.activate(braked)
			w.see("resumed", w.standing(3), "sss")
			w.noHold()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, braked)
			w.staff(6)
			c.what(w)
			w.consistent()
		})
	}
}

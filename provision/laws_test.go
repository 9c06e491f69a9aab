package provision_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// step is one push of one resource. Steps of one resource keep their order; steps of different ones may be interleaved.
type step struct {
	resource string
	what     string
	do       func(w *world) error
}

// history draws what happens to a few people and groups of both connections. Members are named by externalId, so that a
// push means the same whether the user is there yet or not.
func history(rt *rapid.T) [][]step {
	var all [][]step
	for _, conn := range []string{"okta", "entra"} {
		for _, name := range []string{"ann", "bob", "cid"} {
			if conn == "entra" && rapid.Bool().Draw(rt, "absent in entra") {
				continue
			}
			all = append(all, userHistory(rt, conn, name))
		}
		for _, group := range []string{"Everyone", "Engineering", "Contractors"} {
			all = append(all, groupHistory(rt, conn, group))
		}
	}
	return all
}

func userHistory(rt *rapid.T, conn, name string) []step {
	var out []step
	key := conn + ":" + name
	for i := range rapid.IntRange(1, 4).Draw(rt, "changes of "+key) {
		a := person(name).with(attrs{
			"externalId": "ext-" + name,
			"active":     rapid.Bool().Draw(rt, "active"),
			"department": rapid.SampledFrom([]string{"", "Eng", "sales", "unheard of"}).Draw(rt, "department"),
		})
		out = append(out, step{key, fmt.Sprint(key, " ", a["active"], " ", a["department"]), func(w *world) error {
			return w.do(conn, func(f *facts.Writer) error {
				if i == 0 {
					u, err := f.CreateUser(w.input(a))
					if err == nil {
						w.ids[key] = u.ID
					}
					return err
				}
				_, err := f.ReplaceUser(w.ids[key], facts.Match{}, w.input(a))
				return err
			})
		}})
	}
	return out
}

func groupHistory(rt *rapid.T, conn, group string) []step {
	key := conn + ":#" + group
	out := []step{{key, "create " + key, func(w *world) error {
		return w.do(conn, func(f *facts.Writer) error {
			g, err := f.CreateGroup(facts.GroupInput{DisplayName: group}, nil)
			if err == nil {
				w.ids[key] = g.ID
			}
			return err
		})
	}}}
	for range rapid.IntRange(0, 4).Draw(rt, "changes of "+key) {
		op := rapid.SampledFrom([]facts.MemberOpKind{facts.MemberAdd, facts.MemberAdd, facts.MemberRemove, facts.MemberReplace}).Draw(rt, "op")
		who := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ext-ann", "ext-bob", "ext-cid"}), 0, 3, rapid.ID[string]).Draw(rt, "members")
		out = append(out, step{key, fmt.Sprint(key, " ", string(op), " ", who), func(w *world) error {
			return w.do(conn, func(f *facts.Writer) error {
				_, err := f.ModifyGroup(w.ids[key], facts.Match{}, nil, []facts.MemberOp{{Op: op, Values: who}})
				return err
			})
		}})
	}
	return out
}

// interleave draws one order of all steps that keeps each resource's own.
func interleave(rt *rapid.T, label string, histories [][]step) []step {
	left := slices.Clone(histories)
	var out []step
	for len(left) > 0 {
		i := rapid.IntRange(0, len(left)-1).Draw(rt, label)
		out = append(out, left[i][0])
		if left[i] = left[i][1:]; len(left[i]) == 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return out
}

// verdict is what a decision says, without the words for it.
type verdict struct {
	InScope, Active  bool
	Role, Department string
	Teams            []string
	People           int
}

func (w *world) verdicts() map[string]verdict {
	w.t.Helper()
	out := map[string]verdict{}
	for _, name := range []string{"ann", "bob", "cid"} {
		found := w.members(name + "@acme.com")
		if len(found) == 0 {
			continue
		}
		d := found[0].Decision
		out[name] = verdict{d.InScope, d.Active, d.Role, d.Department, d.Teams, len(found)}
	}
	return out
}

func freshWorld(t *testing.T, rt *rapid.T) (*world, func()) { return freshWorldOf(t, rt, acme) }

func freshWorldOf(t *testing.T, rt *rapid.T, policy string) (*world, func()) {
	s, err := bolt.Open(filepath.Join(t.TempDir(), fmt.Sprintf("%d.db", rapid.Uint64().Draw(rt, "file"))), bolt.Options{})
	if err != nil {
		rt.Fatal(err)
	}
	return newWorldOn(t, s, policy), func() {
		if err := s.Close(); err != nil {
			rt.Error(err)
		}
	}
}

// TestLaw2OrderOfPushesDoesNotMatter: any interleaving that keeps each resource's own order reaches the same decisions,
// and settling everybody once more changes nothing.
func TestLaw2OrderOfPushesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		histories := history(rt)
		var first map[string]verdict
		for _, label := range []string{"one order", "another order"} {
			w, done := freshWorld(t, rt)
			var told []string
			for _, s := range interleave(rt, label, histories) {
				told = append(told, s.what)
				if err := s.do(w); err != nil {
					rt.Fatalf("%s: %v", s.what, err)
				}
			}
			w.idle()
			got := w.verdicts()
			if first == nil {
				first = got
			} else if diff := cmp.Diff(first, got); diff != "" {
				rt.Errorf("the order %q decides otherwise (-first +now):\n%s", told, diff)
			}
			last := w.lastEntry()
			w.settleAll()
			if w.lastEntry() != last {
				rt.Error("settling everybody a second time changed something")
			}
			done()
		}
	})
}

func (w *world) lastEntry() uint64 {
	w.t.Helper()
	var seq uint64
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		entries, err := tx.ListEntries(0, 1, true)
		if err == nil && len(entries) > 0 {
			seq = entries[0].Seq
		}
		return err
	}))
	return seq
}

// settleAll settles everybody, as a policy change does.
func (w *world) settleAll() {
	w.t.Helper()
	w.must(w.store.Update(w.t.Context(), func(tx store.Tx) error {
		return tx.PutJobs([]*directory.Job{{ID: directory.ID{1}, Kind: directory.JobSettleOrg, Org: w.org}})
	}))
	w.idle()
}

// TestLaw4ASourceTakesBackOnlyWhatItGave: whatever one connection pushes, the records of the other stay as they are, and
// so does everybody of whom only the other speaks.
func TestLaw4ASourceTakesBackOnlyWhatItGave(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorld(t, rt)
		defer done()
		w.create("okta", "ann", person("ann"))
		w.create("okta", "dan", person("dan"))
		w.group("okta", "Engineering", "ann", "dan")
		w.pin(w.one("ann@acme.com"), "admin", w.now.Add(365*day))
		before, records := w.one("dan@acme.com"), w.records()
		var theirs [][]step
		for _, name := range []string{"ann", "bob", "cid"} {
			theirs = append(theirs, userHistory(rt, "entra", name))
		}
		theirs = append(theirs, groupHistory(rt, "entra", "Engineering"), groupHistory(rt, "entra", "Contractors"))
		for _, s := range interleave(rt, "order", theirs) {
			if err := s.do(w); err != nil {
				rt.Fatalf("%s: %v", s.what, err)
			}
		}
		w.idle()
		if diff := cmp.Diff(records, w.records()); diff != "" {
			rt.Errorf("pushes of entra changed records of okta:\n%s", diff)
		}
		if diff := cmp.Diff(before, w.one("dan@acme.com")); diff != "" {
			rt.Errorf("pushes of entra changed somebody of whom only okta speaks:\n%s", diff)
		}
		if got := w.of("okta", "ann").Decision.Role; got != "admin" {
			rt.Errorf("a push took the pin away: the role is %q", got)
		}
	})
}

// records returns what is stored of Okta's users and groups.
func (w *world) records() []any {
	w.t.Helper()
	conn := w.conns["okta"]
	var out []any
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		out = nil
		users, err := tx.ListUsers(conn, store.Page{Limit: 100})
		if err != nil {
			return err
		}
		groups, err := tx.ListGroups(conn, store.Page{Limit: 100})
		if err != nil {
			return err
		}
		for _, u := range users {
			out = append(out, *u)
		}
		for _, g := range groups {
			children, err := tx.Children(conn, g.ID, directory.Child{}, 100)
			if err != nil {
				return err
			}
			out = append(out, *g, children)
		}
		return nil
	}))
	return out
}

// TestLaw7TheLastActiveAdminStays: once there is an active admin, whatever is pushed or done, there is one.
func TestLaw7TheLastActiveAdminStays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorld(t, rt)
		defer done()
		names := []string{"ann", "bob", "cid"}
		for _, n := range names {
			w.create("okta", n, person(n))
		}
		w.group("okta", "IT Admins", "ann")
		w.group("okta", "Everyone", names...)
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			name := rapid.SampledFrom(names).Draw(rt, "who")
			m := w.of("okta", name)
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				w.add("IT Admins", name)
			case 1:
				w.remove("IT Admins", name)
			case 2:
				w.replace("okta", name, person(name).with(attrs{"active": rapid.Bool().Draw(rt, "active")}))
			case 3:
				w.tryAct(rt, m, w.engine.Suspend)
			case 4:
				w.tryAct(rt, m, w.engine.Reactivate)
			case 5:
				w.tryAct(rt, m, w.engine.Remove)
			}
			if !w.hasAdmin() {
				rt.Fatal("nobody is an active admin any more")
			}
		}
	})
}

// tryAct does something by hand; what was done already is refused, and that is no finding.
func (w *world) tryAct(rt *rapid.T, m *directory.Member, fn actFunc) {
	_, err := fn(w.t.Context(), provision.Act{Org: w.org, Member: m.ID, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root"}})
	if err != nil && directory.KindOf(err) != directory.Conflict {
		rt.Fatal(err)
	}
}

func (w *world) hasAdmin() bool {
	w.t.Helper()
	var ids []directory.ID
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		var err error
		ids, err = tx.FindMembers(w.org, directory.Key{Attribute: directory.AttrRole, Value: "admin"}, directory.NoID, 1)
		return err
	}))
	return len(ids) > 0
}

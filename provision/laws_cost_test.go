package provision_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// countingWorld is a world that counts what its pushes cost, and the commits that reach the disk.
func countingWorld(t *testing.T) (w *world, s *counting, commits *int) {
	t.Helper()
	commits = new(int)
	b, err := bolt.Open(filepath.Join(t.TempDir(), "usher.db"), bolt.Options{Observe: func(int, time.Duration) { *commits++ }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	s = &counting{Store: b}
	return newWorldOn(t, s, acme), s, commits
}

// TestLaw10APushThatChangesNothingLeavesNoTrace: no row is written, no version grows, nothing is journalled, no job is
// enqueued and nothing is committed.
func TestLaw10APushThatChangesNothingLeavesNoTrace(t *testing.T) {
	w, s, commits := countingWorld(t)
	ann := person("ann").with(attrs{"department": "Eng", "manager": "ext-bob"})
	w.create("okta", "bob", person("bob"))
	w.create("okta", "ann", ann)
	w.group("okta", "Engineering", "ann", "bob")
	w.group("okta", "Everyone", "#Engineering", "nobody-yet")
	modify := func(group string, fn func(*directory.Group) (facts.GroupInput, error), op facts.MemberOpKind, members ...string) func() error {
		return func() error {
			return w.do("okta", func(f *facts.Writer) error {
				_, err := f.ModifyGroup(w.ids["okta:#"+group], facts.Match{}, fn, []facts.MemberOp{{Op: op, Values: w.values("okta", members)}})
				return err
			})
		}
	}
	same := func(g *directory.Group) (facts.GroupInput, error) {
		return facts.GroupInput{DisplayName: g.DisplayName, ExternalID: g.ExternalID, Body: g.Body}, nil
	}
	for _, push := range []struct {
		name string
		do   func() error
	}{
		{"a user is replaced by the same", func() error {
			return w.do("okta", func(f *facts.Writer) error {
				_, err := f.ReplaceUser(w.ids["okta:ann"], facts.Match{}, w.input(ann))
				return err
			})
		}},
		{"a user is changed to what they are", func() error {
			return w.do("okta", func(f *facts.Writer) error {
				f.Note("rewritten by the normalizer")
				_, err := f.ModifyUser(w.ids["okta:ann"], facts.Match{}, func(*directory.User) (facts.UserInput, error) { return w.input(ann), nil })
				return err
			})
		}},
		{"members are added who are there", modify("Engineering", nil, facts.MemberAdd, "ann", "bob")},
		{"a nested group is added that is there", modify("Everyone", nil, facts.MemberAdd, "#Engineering")},
		{"somebody unknown is added again", modify("Everyone", nil, facts.MemberAdd, "nobody-yet")},
		{"members are removed who are not there", modify("Everyone", nil, facts.MemberRemove, "ann", "nobody-else")},
		{"members are replaced by the same", modify("Engineering", nil, facts.MemberReplace, "bob", "ann")},
		{"a group is renamed to its name, and nobody added", modify("Engineering", same, facts.MemberAdd)},
	} {
		t.Run(push.name, func(t *testing.T) {
			rows, people, last, before := w.records(), w.everybody(), w.lastEntry(), *commits
			w.must(push.do())
			if s.cost.Writes > 0 {
				t.Errorf("%d writes of %d rows", s.cost.Writes, s.cost.RowsWritten)
			}
			if *commits != before {
				t.Error("something was committed")
			}
			if diff := cmp.Diff(rows, w.records()) + cmp.Diff(people, w.everybody()); diff != "" {
				t.Errorf("rows changed (-before +after):\n%s", diff)
			}
			if w.lastEntry() != last || w.jobs() > 0 {
				t.Errorf("the journal is at %d and was at %d; %d jobs wait", w.lastEntry(), last, w.jobs())
			}
		})
	}
}

func (w *world) jobs() int {
	w.t.Helper()
	n := 0
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		jobs, err := tx.ListJobs(100)
		n = len(jobs)
		return err
	}))
	return n
}

// TestLaw10CostFollowsTheChange: one person more in a group of 20,000, and one less, costs as many calls and as many rows
// as in a group of ten, whether the group is named by a rule or sits inside one that is.
func TestLaw10CostFollowsTheChange(t *testing.T) {
	w, s, _ := countingWorld(t)
	costs := map[string][]cost{}
	measure := func(what string, do func()) {
		do()
		if s.cost.Writes == 0 || w.jobs() > 0 {
			t.Errorf("%s wrote %d times and left %d jobs", what, s.cost.Writes, w.jobs())
		}
		costs[what] = append(costs[what], s.cost)
	}
	for i, size := range []int{10, 20_000} {
		// The windows of the brakes are empty again.
		w.pass(24 * time.Hour)
		name := func(n string) string { return fmt.Sprint(n, size) } // people of its own, who are in nothing else
		for _, n := range []string{"ann", "bob", "cid", "dan"} {
			w.create("okta", name(n), person(name(n)))
		}
		plain, inner := fmt.Sprintf("Plain %d", size), fmt.Sprintf("Inner %d", size)
		named := []string{"Engineering", "Contractors"}[i] // both are named by rules
		for _, group := range []string{plain, inner, named} {
			w.group("okta", group)
		}
		w.group("okta", fmt.Sprintf("Outer %d", size), "#"+inner)
		for _, group := range []string{plain, inner, named} {
			w.crowd(group, size)
		}
		for _, group := range []string{plain, inner} {
			kind := group[:5]
			measure("added to "+kind, func() { w.add(group, name("ann")) })
			measure("removed from "+kind, func() { w.remove(group, name("ann")) })
			measure("two of them added to "+kind, func() { w.add(group, name("ann"), name("bob")) })
			measure("added again to "+kind+", with another", func() { w.add(group, name("ann"), name("cid")) })
		}
		measure("added to a group of a rule", func() { w.add(named, name("dan")) })
		measure("removed from a group of a rule", func() { w.remove(named, name("dan")) })
	}
	for what, c := range costs {
		if diff := cmp.Diff(c[0], c[1]); diff != "" {
			t.Errorf("%s, in a group of 10 and of 20,000 (-10 +20,000):\n%s", what, diff)
		}
	}
}

// crowd gives a group members of Okta's who were there before anything is measured.
func (w *world) crowd(group string, size int) {
	w.t.Helper()
	conn, id := w.conns["okta"], w.ids["okta:#"+group]
	var ids directory.IDs
	for made := 0; made < size; {
		n := min(1000, size-made)
		users := make([]*directory.User, n)
		members := make([]*directory.Member, n)
		children := make([]directory.Child, n)
		for i := range n {
			users[i] = &directory.User{ID: ids.New(w.now), Conn: conn, Member: ids.New(w.now), Revision: 1, Active: true, UserName: "crowd"}
			members[i] = &directory.Member{ID: users[i].Member, Org: w.org, Status: directory.StatusNone, Users: []directory.UserRef{{Conn: conn, ID: users[i].ID}}}
			children[i] = directory.Child{Kind: directory.ChildUser, ID: users[i].ID}
		}
		made += n
		w.must(w.store.Update(w.t.Context(), func(tx store.Tx) error {
			groups, err := tx.Groups(conn, []directory.ID{id})
			if err != nil {
				return err
			}
			groups[0].Members += n
			if err := tx.PutGroups(groups); err != nil {
				return err
			}
			if err := tx.PutUsers(users); err != nil {
				return err
			}
			if err := tx.PutMembers(members); err != nil {
				return err
			}
			_, err = tx.AddEdges(conn, id, children)
			return err
		}))
	}
}

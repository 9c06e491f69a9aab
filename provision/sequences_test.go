package provision_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// TestOneTransactionOfManyOperationsIsTheirSequence: what a Bulk request says in one transaction comes to the same as what
// is said one by one. Whether somebody was active in between is the only thing that a single transaction cannot know.
func TestOneTransactionOfManyOperationsIsTheirSequence(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := drawSaid(rt, saidAnotherSubject)
		w, done := freshWorld(t, rt)
		one := w.sayInBatches(rt, all, func() int { return 1 })
		done()
		w, done = freshWorld(t, rt)
		many := w.sayInBatches(rt, all, func() int { return rapid.IntRange(1, 8).Draw(rt, "batch") })
		done()
		if diff := cmp.Diff(one, many); diff != "" {
			rt.Errorf("said together it comes to something else (-one by one +together):\n%s", diff)
		}
	})
}

func (w *world) sayInBatches(rt *rapid.T, all []said, size func() int) map[string]footing {
	w.t.Helper()
	ids := map[string]directory.ID{}
	for len(all) > 0 {
		n := min(size(), len(all))
		w.must(w.do("okta", func(f *facts.Writer) error {
			for _, s := range all[:n] {
				if err := w.say(f, ids, s); err != nil {
					return err
				}
			}
			return nil
		}))
		all = all[n:]
	}
	return w.settledFootings(rt)
}

// TestLaw2HoldsWithManagersAndNestedGroups: the order of pushes does not matter either where people are named by any of
// their names before they are there, as members and as managers, and groups are in groups.
func TestLaw2HoldsWithManagersAndNestedGroups(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		histories := sayings(drawSaid(rt, saidMembersAgain))
		var first map[string]footing
		for _, label := range []string{"one order", "another order"} {
			w, done := freshWorld(t, rt)
			w.ids = map[string]directory.ID{}
			for group := range nestable {
				w.group("okta", group)
				w.ids["#"+group] = w.ids["okta:#"+group]
			}
			for _, s := range interleave(rt, label, histories) {
				w.must(s.do(w))
			}
			got := w.settledFootings(rt)
			done()
			if first == nil {
				first = got
			} else if diff := cmp.Diff(first, got); diff != "" {
				rt.Errorf("another order decides otherwise:\n%s", diff)
			}
		}
	})
}

// sayings sorts what is said by the resource that it is about. People have their address from the beginning: a value
// that meant nobody when it was said does not mean whoever takes it later in one order only.
func sayings(all []said) [][]step {
	byResource := map[string]int{}
	var out [][]step
	for _, s := range all {
		resource := "#" + s.group
		if s.kind <= saidUserAgain {
			resource, s.email = s.who, "mail-"+s.who+"@acme.com"
		}
		i, ok := byResource[resource]
		if !ok {
			i = len(out)
			byResource[resource] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], step{resource, fmt.Sprintf("%+v", s), func(w *world) error {
			return w.do("okta", func(f *facts.Writer) error { return w.say(f, w.ids, s) })
		}})
	}
	return out
}

package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/provision"
)

// The pages of a plan use the same space: what it says of somebody is what is decided of them by themselves, whoever stood in
// their place on the page before.
func TestAPlanOfManyPagesSaysOfEachWhatIsTheirs(t *testing.T) {
	w := newWorld(t, acme)
	const people = 270
	in := map[string][]string{}
	names := make([]string, people)
	for i := range names {
		names[i] = fmt.Sprintf("p%03d", i)
		w.create("okta", names[i], person(names[i]).with(attrs{"active": i%7 != 3}))
		for group, every := range map[string]int{"Engineering": 2, "Leads": 5, "IT Admins": 90, "Everyone": 3} {
			if i%every == 0 {
				in[group] = append(in[group], names[i])
			}
		}
	}
	for group, members := range in {
		w.group("okta", group, members...)
	}
	for i := 4; i < people; i += 13 {
		_, err := w.engine.Pin(t.Context(), provision.Act{Org: w.org, Member: w.of("okta", names[i]).ID, Cause: rootCause()}, "viewer", time.Time{})
		w.must(err)
	}
	w.idle()
	c := w.candidate(strings.Replace(acme, "teams: [platform]}", "teams: [core]}\n  - {name: leads, groups: [Leads], teams: [leads]}", 1))
	plan := w.planOf(c)
	if plan.People < people || plan.Counts.Changed < people/3 || plan.Counts.Unchanged < people/3 {
		t.Fatalf("counts %+v of %d people", plan.Counts, plan.People)
	}
	want := map[string][]string{}
	for i, name := range names {
		if i%2 == 0 && i%7 != 3 {
			want["teams →core"] = append(want["teams →core"], name)
		}
	}
	for _, row := range plan.Rows {
		key := row.Field + " " + row.Before + "→" + row.After
		var got []string
		for _, p := range row.People {
			name, _, _ := strings.Cut(p.Name(), "@")
			got = append(got, name)
		}
		slices.Sort(got)
		if who, asked := want[key]; asked && !slices.Equal(got, who) {
			t.Errorf("%s: %d people %v, want %d", key, len(got), got, len(who))
		}
		delete(want, key)
	}
	for key := range want {
		t.Errorf("no row says %s", key)
	}
	for i, name := range names { // apply decides of everybody once more, by themselves
		w.replace("okta", name, person(name).with(attrs{"active": i%7 != 3, "nickName": "x"}))
	}
	w.must(w.applyPlan(c, plan))
	w.idle()
	if again := w.planOf(c); !again.Empty() {
		t.Errorf("after it was applied, it changes %+v", lines(again))
	}
}

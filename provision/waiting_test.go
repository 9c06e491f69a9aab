package provision_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

func TestAGroupCountsAMemberOnceWhoseExternalIDIsTheUserName(t *testing.T) {
	w := newWorld(t, acme)
	w.group("okta", "Engineering", "ann@acme.com")
	w.create("okta", "ann", person("ann").with(attrs{"externalId": "ann@acme.com"}))
	g, n := w.engineering()
	if g.Members != n {
		t.Errorf("the group says that it has %d members, and has %d", g.Members, n)
	}
}

func TestAMemberNamedBeforeTheUserMeansTheSameAsOneNamedAfter(t *testing.T) {
	for _, v := range []string{"ann.smith@acme.com", "ANN"} {
		a := attrs{"userName": "ann", "externalId": "x1", "displayName": "ann", "emails": []attrs{{"value": "ann.smith@acme.com", "type": "work"}}}
		w := newWorld(t, acme)
		w.group("okta", "Engineering", v)
		w.create("okta", "ann", a)
		w2 := newWorld(t, acme)
		w2.create("okta", "ann", a)
		w2.group("okta", "Engineering", v)
		if r1, r2 := w.of("okta", "ann").Decision.Role, w2.of("okta", "ann").Decision.Role; r1 != r2 {
			t.Errorf("%s: the role is %q when the group came first, %q when the user did", v, r1, r2)
		}
	}
}

func TestASharedAddressMeansTheActiveUser(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "old", attrs{"userName": "u1", "externalId": "x1", "emails": []attrs{{"value": "ann@acme.com"}}})
	w.replace("okta", "old", attrs{"userName": "u1", "externalId": "x1", "active": false, "emails": []attrs{{"value": "ann@acme.com"}}})
	w.create("okta", "new", attrs{"userName": "u2", "externalId": "x2", "emails": []attrs{{"value": "ann@acme.com"}}})
	w.group("okta", "Engineering", "ann@acme.com")
	if got := w.of("okta", "new").Decision.Role; got != "member" {
		t.Errorf("the leaver got the group: new has %q", got)
	}
}

func TestReportsFollowWhenTheManagerGoesOrIsSomebodyElse(t *testing.T) {
	for _, how := range []string{"delete", "rename", "merge"} {
		w := newWorld(t, acme)
		w.create("okta", "boss", person("boss"))
		w.create("okta", "ann", person("ann").with(attrs{"manager": "boss@acme.com"}))
		w.group("okta", "Everyone", "ann", "boss")
		switch how {
		case "delete":
			w.delete("okta", "boss")
		case "rename":
			w.replace("okta", "boss", person("boss").with(attrs{"userName": "chief@acme.com"}))
		case "merge":
			w.create("okta", "x", person("x"))
			w.merge(w.of("okta", "x").ID, w.of("okta", "boss").ID)
		}
		last := w.lastEntry()
		w.settleAll()
		if w.lastEntry() != last {
			t.Errorf("%s: the report was settled only by settling everybody", how)
		}
	}
}

func TestACycleOfFortyGroupsIsRefused(t *testing.T) {
	w := newWorld(t, acme)
	w.group("okta", "g0")
	for i := 1; i < 40; i++ {
		w.group("okta", fmt.Sprintf("g%d", i))
		w.add(fmt.Sprintf("g%d", i-1), fmt.Sprintf("#g%d", i))
	}
	err := w.do("okta", func(f *facts.Writer) error {
		_, err := f.ModifyGroup(w.ids["okta:#g39"], facts.Match{}, nil, []facts.MemberOp{{Op: facts.MemberAdd, Values: []string{w.ids["okta:#g0"].String()}}})
		return err
	})
	if err == nil {
		t.Error("the outermost group became a member of the innermost")
	}
}

// TestALadderOfNestedGroupsIsWalkedOnce: thirty floors of two groups, each containing both of the floor
// below, lead to the same people in a thousand million ways.
func TestALadderOfNestedGroupsIsWalkedOnce(t *testing.T) {
	w := newWorld(t, acme)
	w.group("okta", "a30")
	w.group("okta", "b30")
	for i := 29; i >= 0; i-- {
		for _, side := range []string{"a", "b"} {
			w.group("okta", fmt.Sprint(side, i), fmt.Sprint("#a", i+1), fmt.Sprint("#b", i+1))
		}
	}
	w.must(w.do("okta", func(f *facts.Writer) error {
		for i := range facts.InlineLimit + 1 {
			u, err := f.CreateUser(w.input(person(fmt.Sprint("u", i))))
			if err != nil {
				return err
			}
			w.ids[fmt.Sprint("okta:u", i)] = u.ID
		}
		return nil
	}))
	people := make([]string, facts.InlineLimit+1)
	for i := range people {
		people[i] = fmt.Sprint("u", i)
	}
	w.add("a30", people...)
	w.idle()
	w.rename("okta", "a0", "Engineering")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w.must(w.engine.Idle(ctx))
	w.expect(w.one("u7@acme.com"), directory.StatusActive, "member", "engineering", "platform")
}

package provision_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// told is what a Past says, in short lines.
type told struct {
	status   string
	policy   uint64
	values   []string // "role admin by pin", with the rule's name where there is one
	facts    []string // "title Engineer", "group Engineering"
	grants   []string
	next     string // the kind of the first entry after
	unknowns int
}

func tell(p *provision.Past) told {
	t := told{status: string(p.Status), unknowns: len(p.Unknown)}
	if p.Policy != nil {
		t.policy = p.Policy.Revision
	}
	for _, v := range p.Values {
		if v.Reason == nil || v.Field == "status" {
			continue
		}
		t.values = append(t.values, strings.TrimSpace(fmt.Sprintf("%s %s by %s %s", v.Field, v.Value, v.Reason.Source, v.Reason.Rule)))
	}
	for _, a := range p.Accounts {
		t.facts = append(t.facts, a.Connection+" "+cmp.Or(a.Profile.Title, "without title"))
		for _, g := range a.Groups {
			t.facts = append(t.facts, "group "+cmp.Or(g.Name, "deleted"))
		}
	}
	for _, g := range p.Grants {
		t.grants = append(t.grants, strings.TrimSpace(string(g.Kind)+" "+g.Role))
	}
	if len(p.Next) > 0 {
		t.next = p.Next[0].Kind
	}
	return t
}

// TestPastTellsWhatWasInForce: whatever happens afterwards, the question of what somebody was, and why, has the answer
// that it had then.
func TestPastTellsWhatWasInForce(t *testing.T) {
	withoutAdmins := strings.Replace(acme, "  - {name: admins, groups: [IT Admins], role: admin}\n", "", 1)
	tests := []struct {
		name          string
		before, after func(*world)
		want          told
	}{
		{
			"a pin that was lifted since",
			func(w *world) { w.pin(w.one("bob@acme.com"), "admin", time.Time{}) },
			func(w *world) { w.pin(w.one("bob@acme.com"), "", time.Time{}) },
			told{
				status: "active", policy: 1, values: []string{"role admin by pin", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"}, grants: []string{"pin admin"}, next: "member.pinned",
			},
		},
		{
			"a pin that had run out",
			func(w *world) {
				w.pin(w.one("bob@acme.com"), "admin", w.now.Add(time.Hour))
				w.pass(2 * time.Hour)
			},
			func(*world) {},
			told{
				status: "active", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"},
			},
		},
		{
			"a rule that was removed since",
			func(w *world) { w.add("IT Admins", "bob") },
			func(w *world) { w.activate(withoutAdmins) },
			told{
				status: "active", policy: 1, values: []string{"role admin by rule admins", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering", "group IT Admins"}, next: "member.changed",
			},
		},
		{
			"a group that was left since",
			func(*world) {},
			func(w *world) { w.remove("Engineering", "bob") },
			told{
				status: "active", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"}, next: "group.members",
			},
		},
		{
			"a group that was left together with others, and deleted",
			func(*world) {},
			func(w *world) {
				w.remove("Engineering", "bob", "ann")
				w.deleteGroup("Engineering")
			},
			told{
				status: "active", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group deleted"}, next: "member.changed",
			},
		},
		{
			"a group that was joined since",
			func(*world) {},
			func(w *world) { w.add("IT Admins", "bob") },
			told{
				status: "active", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"}, next: "group.members",
			},
		},
		{
			"another title since",
			func(*world) {},
			func(w *world) { w.replace("okta", "bob", person("bob").with(attrs{"title": "Director"})) },
			told{
				status: "active", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"}, next: "user.updated",
			},
		},
		{
			"removed by hand since",
			func(*world) {},
			func(w *world) { w.act(w.engine.Remove, w.one("bob@acme.com")) },
			told{
				status: "active", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"}, next: "member.removed",
			},
		},
		{
			"suspended by hand then, and reactivated since",
			func(w *world) { w.act(w.engine.Suspend, w.one("bob@acme.com")) },
			func(w *world) { w.act(w.engine.Reactivate, w.one("bob@acme.com")) },
			told{
				status: "suspended", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"}, grants: []string{"suspension"}, next: "member.reactivated",
			},
		},
		{
			"another policy then",
			func(w *world) { w.activate(acmeLater) },
			func(w *world) { w.activate(acme) },
			told{
				status: "active", policy: 2, values: []string{"role viewer by rule everyone", "department sales by rule engineers", "teams field by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"}, next: "member.changed",
			},
		},
		{
			"a person whom the provider has deleted since",
			func(*world) {},
			func(w *world) { w.delete("okta", "bob") },
			told{
				status: "active", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering"}, next: "user.deleted",
			},
		},
		{
			"a person whom the provider had deleted",
			func(w *world) { w.delete("okta", "bob") },
			func(w *world) { w.create("okta", "bob", person("bob")) },
			told{
				status: "suspended", policy: 1, next: "user.created",
			},
		},
		{
			"a record that was unlinked since",
			func(w *world) { w.create("entra", "bob", person("bob").with(attrs{"externalId": "entra-bob"})) },
			func(w *world) {
				w.act(func(ctx context.Context, a provision.Act) (*directory.Member, error) {
					return w.engine.Unlink(ctx, a, w.conns["entra"])
				}, w.one("bob@acme.com"))
			},
			told{
				status: "active", policy: 1, values: []string{"role member by rule engineers", "department engineering by rule engineers", "teams platform by rule engineers"},
				facts: []string{"okta Engineer", "group Everyone", "group Engineering", "entra without title"}, next: "member.unlinked",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, acme)
			for _, name := range []string{"root", "bob", "ann"} {
				w.create("okta", name, person(name).with(attrs{"title": "Engineer"}))
			}
			w.group("okta", "Everyone", "bob", "ann", "root")
			w.group("okta", "Engineering", "bob", "ann")
			w.group("okta", "IT Admins", "root")
			bob := w.one("bob@acme.com").ID
			w.pass(time.Hour)
			tt.before(w)
			w.idle()
			w.now = w.now.Add(time.Hour)
			at := w.now
			now, err := w.engine.Past(t.Context(), w.org, bob, at)
			w.must(err)
			w.now = w.now.Add(time.Hour)
			tt.after(w)
			w.idle()
			then, err := w.engine.Past(t.Context(), w.org, bob, at)
			w.must(err)

			got := tell(then)
			if diff := gocmp.Diff(tt.want, got, gocmp.AllowUnexported(told{})); diff != "" {
				t.Errorf("asked later (-want +got):\n%s", diff)
			}
			asked := tell(now)
			asked.next = tt.want.next
			for i := range asked.facts {
				if asked.facts[i] == "group Engineering" && slices.Contains(tt.want.facts, "group deleted") {
					asked.facts[i] = "group deleted"
				}
			}
			if diff := gocmp.Diff(tt.want, asked, gocmp.AllowUnexported(told{})); diff != "" {
				t.Errorf("asked then (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPastIsWhatWas: whatever is pushed, done by hand, or changed in the policy, the past of everybody at every instant is
// where they stood then.
func TestPastIsWhatWas(t *testing.T) {
	type moment struct {
		member directory.ID
		at     time.Time
		stood  standing
	}
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorld(t, rt)
		defer done()
		var moments []moment
		for _, s := range interleave(rt, "order", history(rt)) {
			if err := s.do(w); err != nil {
				rt.Fatalf("%s: %v", s.what, err)
			}
			if rapid.IntRange(0, 3).Draw(rt, "an admin acts") == 0 {
				w.anyAct(rt)
			}
			if rapid.IntRange(0, 9).Draw(rt, "the policy changes") == 0 {
				w.activate(rapid.SampledFrom([]string{acme, acmeInvites, acmeLater}).Draw(rt, "policy"))
			}
			for _, m := range w.everybody() {
				moments = append(moments, moment{m.ID, w.now, stands(m)})
			}
			w.now = w.now.Add(time.Second)
		}
		for range min(20, len(moments)) {
			m := moments[rapid.IntRange(0, len(moments)-1).Draw(rt, "moment")]
			p, err := w.engine.Past(t.Context(), w.org, m.member, m.at)
			if err != nil {
				rt.Fatal(err)
			}
			got := standing{"status": {string(p.Status)}}
			for _, v := range p.Values {
				if v.Reason != nil && v.Field != "status" && v.Field != "ends" && v.Field != "manager" {
					got[v.Field] = append(got[v.Field], v.Value)
				}
			}
			if diff := gocmp.Diff(m.stood, got); diff != "" {
				rt.Errorf("%s at %s (-stood +told):\n%s", m.member, m.at, diff)
			}
		}
	})
}

func TestPastSaysSinceWhenUntilWhenAndByWhom(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "root", person("root"))
	w.create("okta", "bob", person("bob"))
	w.group("okta", "IT Admins", "root")
	w.add("IT Admins", "bob")
	at := w.now.Add(time.Minute)
	w.pass(time.Hour)
	w.remove("IT Admins", "bob")

	p, err := w.engine.Past(t.Context(), w.org, w.of("okta", "bob").ID, at)
	w.must(err)
	i := slices.IndexFunc(p.Values, func(v provision.PastValue) bool { return v.Field == "role" })
	if i < 0 {
		t.Fatalf("no role in %+v", p.Values)
	}
	v := p.Values[i]
	if v.Value != "admin" || v.Reason.Rule != "admins" || !place.MatchString(v.Reason.At) || v.Reason.Because != `group "IT Admins" of okta` {
		t.Errorf("role %+v", v.Reason)
	}
	if v.Entry.Kind != "group.members" || v.Entry.Cause.ID == "" || v.Entry.Seq == 0 || v.Until == nil || v.Until.Cause.ID == v.Entry.Cause.ID {
		t.Errorf("since %+v until %+v", v.Entry, v.Until)
	}
	if g := p.Accounts[0].Groups[0]; g.Said == nil || g.Said.Cause.ID != v.Entry.Cause.ID || g.Doubt != "" {
		t.Errorf("group %+v", g)
	}
}

// TestPastSaysThatAValueStandsForAnotherReasonToday: a pin may be lifted while a rule gives the same.
func TestPastSaysThatAValueStandsForAnotherReasonToday(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "root", person("root"))
	w.create("okta", "bob", person("bob"))
	w.group("okta", "IT Admins", "root")
	w.group("okta", "Engineering", "bob")
	w.pin(w.one("bob@acme.com"), "admin", time.Time{})
	w.add("IT Admins", "bob")
	w.pin(w.one("bob@acme.com"), "", time.Time{})
	w.pass(time.Hour)

	p, err := w.engine.Past(t.Context(), w.org, w.one("bob@acme.com").ID, w.now)
	w.must(err)
	for _, v := range p.Values {
		if v.Field != "role" {
			continue
		}
		if v.Reason.Source != directory.SourcePin || v.Now == nil || v.Now.Rule != "admins" || v.Note == "" || len(p.Grants) != 0 {
			t.Errorf("role %+v, grants %+v", v, p.Grants)
		}
		return
	}
	t.Errorf("no role in %+v", p.Values)
}

// forgetful is a store of which all personal values were erased.
type forgetful struct{ store.Store }

func (f forgetful) View(ctx context.Context, fn func(store.Tx) error) error {
	return f.Store.View(ctx, func(tx store.Tx) error { return fn(forgetfulTx{tx}) })
}

type forgetfulTx struct{ store.Tx }

func (forgetfulTx) Details(seqs []uint64) ([]*directory.Detail, error) {
	return make([]*directory.Detail, len(seqs)), nil
}

func TestPastSaysWhatWasErased(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "bob", person("bob"))
	w.group("okta", "Engineering", "bob")
	w.group("okta", "Everyone", "bob", "root")
	at := w.now
	w.pass(time.Hour)
	w.remove("Engineering", "bob")
	w.engine.Store = forgetful{w.store}
	p, err := w.engine.Past(t.Context(), w.org, w.one("bob@acme.com").ID, at)
	w.must(err)
	unknown := map[string]bool{}
	for _, v := range p.Values {
		unknown[v.Field] = v.Unknown != ""
	}
	want := map[string]bool{"status": false, "role": false, "department": false, "teams": false, "name": true, "email": true, "title": true}
	if diff := gocmp.Diff(want, unknown); diff != "" {
		t.Errorf("what is not known (-want +got):\n%s", diff)
	}
	if len(p.Accounts) != 1 || !p.Accounts[0].Erased || p.Accounts[0].Profile.UserName != "" {
		t.Fatalf("%+v", p.Accounts)
	}
	doubts := map[string]bool{}
	for _, g := range p.Accounts[0].Groups {
		doubts[g.Name] = g.Doubt != ""
	}
	if diff := gocmp.Diff(map[string]bool{"Engineering": false, "Everyone": true}, doubts); diff != "" {
		t.Errorf("doubts (-want +got):\n%s", diff)
	}
}

func TestPastOfNobodyYetAndOfTheFuture(t *testing.T) {
	w := newWorld(t, acme)
	w.pass(time.Hour)
	early := w.now.Add(-30 * time.Minute)
	w.create("okta", "bob", person("bob"))
	w.group("okta", "Everyone", "bob")
	bob := w.one("bob@acme.com").ID
	p, err := w.engine.Past(t.Context(), w.org, bob, early)
	w.must(err)
	if p.Heard || p.Status != directory.StatusNone || len(p.Values)+len(p.Accounts) != 0 || p.Policy == nil || len(p.Next) == 0 {
		t.Errorf("%+v", p)
	}
	if p, err = w.engine.Past(t.Context(), w.org, bob, early.AddDate(-1, 0, 0)); err != nil || p.Policy != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := w.engine.Past(t.Context(), w.org, bob, w.now.Add(time.Hour)); directory.KindOf(err) != directory.Invalid {
		t.Errorf("the future is told: %v", err)
	}
}

func TestParsePast(t *testing.T) {
	now := time.Date(2027, 5, 3, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2027-05-02":                "2027-05-02T23:59:59Z",
		"2027-05-03":                "2027-05-03T12:00:00Z",
		"2027-05-04":                "2027-05-04T23:59:59Z", // which Past refuses
		"2027-05-03T10:00:00+02:00": "2027-05-03T08:00:00Z",
	} {
		if at, err := provision.ParsePast(text, now); err != nil || at.Format(time.RFC3339) != want {
			t.Errorf("%s is %s, %v; want %s", text, at, err, want)
		}
	}
	if _, err := provision.ParsePast("yesterday", now); directory.KindOf(err) != directory.Invalid {
		t.Error(err)
	}
}

func TestExplainUnderShowsTheDifferencesAndChangesNothing(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "root", person("root"))
	w.create("okta", "bob", person("bob"))
	w.group("okta", "IT Admins", "root")
	w.group("okta", "Engineering", "bob")
	before := len(w.entries())
	x, err := w.engine.ExplainUnder(t.Context(), w.org, w.one("bob@acme.com").ID, compile(t, acmeLater))
	w.must(err)
	var got []string
	for _, e := range x.Under.Effects {
		got = append(got, fmt.Sprintf("%s %s → %s, rule %s", e.Field, e.Before, e.After, e.Reason.Rule))
	}
	want := []string{"role member → viewer, rule engineers", "department engineering → sales, rule engineers", "teams platform → , rule engineers", "teams  → field, rule engineers"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	if x.Trace.Result.Decision.Role != "viewer" || x.Decision.Role != "member" || len(w.entries()) != before {
		t.Errorf("trace %+v, in force %+v, %d entries", x.Trace.Result.Decision, x.Decision, len(w.entries()))
	}
	w.expect(w.one("bob@acme.com"), directory.StatusActive, "member", "engineering", "platform")
}

func TestObservedPeopleAreShownWithWhatWouldHappen(t *testing.T) {
	observing := strings.Replace(acme, "{id: entra, provider: entra}", "{id: entra, provider: entra, state: observe}", 1)
	w := newWorld(t, observing)
	w.create("entra", "eva", person("eva"))
	w.create("okta", "root", person("root"))
	w.must(w.do("entra", func(f *facts.Writer) error {
		_, err := f.CreateGroup(facts.GroupInput{DisplayName: "Engineering"}, []string{w.ids["entra:eva"].String()})
		return err
	}))
	eva, root := w.of("entra", "eva"), w.of("okta", "root")
	would, err := w.engine.Observed(t.Context(), w.org, []directory.ID{root.ID, eva.ID})
	w.must(err)
	if len(would) != 1 || would[eva.ID] == nil || would[eva.ID].Status != directory.StatusActive || would[eva.ID].Decision.Role != "member" || len(would[eva.ID].Effects) == 0 {
		t.Errorf("%+v", would[eva.ID])
	}
	x, err := w.engine.Explain(t.Context(), w.org, eva.ID)
	w.must(err)
	if x.Would == nil || x.Would.Status != directory.StatusActive || x.Member.Status != directory.StatusNone {
		t.Errorf("%+v", x.Would)
	}

	// One who has joined stays as they are, and what would happen is still told.
	w.activate(acme)
	w.activate(observing)
	w.replace("entra", "eva", person("eva").with(attrs{"active": false}))
	would, err = w.engine.Observed(t.Context(), w.org, []directory.ID{eva.ID})
	w.must(err)
	if w.of("entra", "eva").Status != directory.StatusActive || would[eva.ID] == nil || would[eva.ID].Status != directory.StatusSuspended {
		t.Errorf("%+v", would[eva.ID])
	}
}

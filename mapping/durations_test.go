package mapping_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func TestGrantForEndsOnlyWhatTheRuleGives(t *testing.T) {
	p := compile(t, acme(staff(), config.Rule{Name: "launch week", Groups: groups("Launch"), GrantFor: 7 * day, Role: "admin", Spaces: []string{"launch"}, Department: "platform"}))
	person := ann("Staff", "Launch")

	first := p.Evaluate(person, noon)
	if first.Decision.Role != "admin" || !first.Next.Equal(noon.Add(7*day)) {
		t.Fatalf("role = %q, next = %v; want an admin for a week", first.Decision.Role, first.Next)
	}
	if r := reasonFor(t, first.Decision, "spaces", "launch"); !r.Until.Equal(noon.Add(7 * day)) {
		t.Errorf("the space ends %v; want in a week", r.Until)
	}
	if diff := cmp.Diff(map[string]time.Time{"launch week": noon}, first.Since); diff != "" {
		t.Errorf("since (-want +got):\n%s", diff)
	}

	person.Since = first.Since
	second := p.Evaluate(person, noon.Add(7*day-1))
	if second.Decision.Role != "admin" || !second.Next.Equal(noon.Add(7*day)) {
		t.Errorf("a moment before: role = %q, next = %v", second.Decision.Role, second.Next)
	}
	third := p.Evaluate(person, noon.Add(7*day))
	if d := third.Decision; d.Role != "member" || d.Spaces != nil || d.Department != "" || !d.Active || !third.Next.IsZero() {
		t.Errorf("after a week: %+v, next %v; want an active member without the space", d, third.Next)
	}
}

func TestMembershipForEndsTheMembership(t *testing.T) {
	p := compile(t, acme(staff(),
		config.Rule{Name: "contractors", Groups: groups("Contractors"), MembershipFor: 90 * day},
		config.Rule{Name: "interns", Groups: groups("Interns"), MembershipFor: 30 * day}))
	person := ann("Staff", "Contractors", "Interns")
	person.Since = map[string]time.Time{"contractors": noon.Add(-70 * day), "no such rule": noon}

	got := p.Evaluate(person, noon)
	end := noon.Add(20 * day)
	if d := got.Decision; !d.Active || !d.Ends.Equal(end) || !got.Next.Equal(end) {
		t.Errorf("active = %v, ends %v, next %v; want active until %v, the earlier end", d.Active, d.Ends, got.Next, end)
	}
	if diff := cmp.Diff(map[string]time.Time{"contractors": noon.Add(-70 * day), "interns": noon}, got.Since); diff != "" {
		t.Errorf("since (-want +got):\n%s", diff)
	}

	over := p.Evaluate(person, end).Decision
	if over.Active || !over.InScope || !over.Ends.Equal(end) {
		t.Errorf("at the end: active = %v, in scope = %v, ends %v", over.Active, over.InScope, over.Ends)
	}
	if r := reasonFor(t, over, "status", "suspended"); r.Source != directory.SourceEnded || r.Rule != "contractors" || r.At != "acme.yaml:110" {
		t.Errorf("reason = %+v; want ended by contractors", r)
	}
}

func TestLeavingAGroupDoesNotRestartItsDuration(t *testing.T) {
	p := compile(t, acme(staff(), config.Rule{Name: "contractors", Groups: groups("Contractors"), MembershipFor: 90 * day}))
	away := ann("Staff")
	away.Since = map[string]time.Time{"contractors": noon.Add(-80 * day)}
	got := p.Evaluate(away, noon)
	if !got.Decision.Ends.IsZero() || !got.Next.IsZero() {
		t.Errorf("ends %v, next %v; want no end while the rule does not match", got.Decision.Ends, got.Next)
	}
	back := ann("Staff", "Contractors")
	back.Since = got.Since
	if ends := p.Evaluate(back, noon.Add(day)).Decision.Ends; !ends.Equal(noon.Add(10 * day)) {
		t.Errorf("ends %v; want 90 days after the first match", ends)
	}
}

func TestAnIgnoredPersonKeepsDurations(t *testing.T) {
	org := acme(staff(), config.Rule{Name: "contractors", Groups: groups("Contractors"), MembershipFor: 90 * day})
	org.Ignore = []config.Ignore{{At: at(70), UserName: "ann@*"}}
	person := ann("Contractors")
	person.Since = map[string]time.Time{"contractors": noon}
	if got := compile(t, org).Evaluate(person, noon); !got.Since["contractors"].Equal(noon) {
		t.Errorf("since = %v; want it kept", got.Since)
	}
}

func TestNextIsTheEarliestInstant(t *testing.T) {
	p := compile(t, acme(staff(), config.Rule{Name: "launch", Groups: groups("Launch"), GrantFor: 7 * day, Spaces: []string{"launch"}}))
	if got := p.Evaluate(ann("Staff"), noon).Next; !got.IsZero() {
		t.Errorf("next = %v; want never", got)
	}
	person := with(ann("Staff", "Launch"), pin("admin", noon.Add(3*day)))
	if got := p.Evaluate(person, noon).Next; !got.Equal(noon.Add(3 * day)) {
		t.Errorf("next = %v; want when the pin expires", got)
	}
}

func TestAValueGivenForGoodDoesNotEnd(t *testing.T) {
	p := compile(t, acme(
		config.Rule{Name: "launch", Groups: groups("Launch"), GrantFor: 7 * day, Spaces: []string{"launch"}},
		config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member", Spaces: []string{"launch"}}))
	if r := reasonFor(t, p.Evaluate(ann("Staff", "Launch"), noon).Decision, "spaces", "launch"); !r.Until.IsZero() {
		t.Errorf("the space ends %v; want never, since staff have it too", r.Until)
	}
}

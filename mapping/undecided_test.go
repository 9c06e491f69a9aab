package mapping_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// broken fails for everybody whose employeeNumber is not a number.
const broken = `int(user.employeeNumber) > 100`

func TestWhatCannotBeDecidedDoesNotChange(t *testing.T) {
	inForce := func(role string) *directory.Decision {
		return &directory.Decision{InScope: role != "", Active: role != "", Role: role, Reasons: []directory.Reason{{Field: "role", Value: role, Source: directory.SourceRule}}}
	}
	undecided := config.Rule{Name: "seniors", When: broken, Role: "lead"}
	lowly := config.Rule{Name: "juniors", When: broken, Role: "viewer"}
	member := config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member"}
	tests := []struct {
		name     string
		rules    []config.Rule
		fallback string
		current  *directory.Decision
		want     string
	}{
		{"a new person gets nothing of it", []config.Rule{undecided}, "", nil, ""},
		{"a new person gets what is certain", []config.Rule{undecided, member}, "", nil, "member"},
		{"the role in force stays", []config.Rule{undecided}, "", inForce("lead"), "lead"},
		{"and is not lowered to what is certain", []config.Rule{undecided, member}, "", inForce("lead"), "lead"},
		{"a role in force that it cannot have given goes down to what it can", []config.Rule{undecided}, "", inForce("admin"), "lead"},
		{"a lower role in force is not raised", []config.Rule{undecided}, "", inForce("viewer"), "viewer"},
		{"what is certain still raises", []config.Rule{undecided, member}, "", inForce("viewer"), "member"},
		{"the default in force stays", []config.Rule{lowly}, "member", inForce("member"), "member"},
		{"the role in force stays over a default", []config.Rule{lowly}, "member", inForce("viewer"), "viewer"},
		{"a new person gets the lower of the rule's role and the default", []config.Rule{lowly}, "member", nil, "viewer"},
		{"a new person gets the default where the rule would give more", []config.Rule{undecided}, "member", nil, "member"},
		{"a person out of scope stays there", []config.Rule{undecided}, "", inForce(""), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			org := acme(tt.rules...)
			org.Connections[0].DefaultRole = tt.fallback
			p := compile(t, org)
			person := ann("Staff")
			person.Current = tt.current
			got := p.Evaluate(person, noon)
			if got.Decision.Role != tt.want || len(got.Problems) != 1 {
				t.Fatalf("role = %q, problems %q; want %q and the problem", got.Decision.Role, got.Problems, tt.want)
			}
			person.Current, person.Since = &got.Decision, got.Since
			if diff := cmp.Diff(got, p.Evaluate(person, noon)); diff != "" {
				t.Errorf("evaluating again changes (-first +second):\n%s", diff)
			}
		})
	}
}

func TestUndecidableLists(t *testing.T) {
	p := compile(t, acme(staff(), config.Rule{Name: "seniors", When: broken, Teams: []string{"a", "b"}, PermissionSets: []string{"tools"}, Department: "platform"}))
	person := ann("Staff")
	person.Current = &directory.Decision{Role: "member", Teams: []string{"b", "other"}, Department: "platform"}
	got := p.Evaluate(person, noon).Decision
	if !cmp.Equal(got.Teams, []string{"b"}) || got.PermissionSets != nil || got.Department != "platform" {
		t.Errorf("teams %q, sets %q, department %q; want only b and platform, as before", got.Teams, got.PermissionSets, got.Department)
	}
	for field, value := range map[string]string{"teams": "b", "department": "platform"} {
		if r := reasonFor(t, got, field, value); r.Source != directory.SourceCondition || r.Rule != "seniors" {
			t.Errorf("reason for %s = %+v; want the condition of seniors", field, r)
		}
	}
}

func TestAnUndecidableRuleLeavesTheDepartmentAlone(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "seniors", When: broken, Department: "platform"}, config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member", Department: "engineering"}))
	person := ann("Staff")
	if got := p.Evaluate(person, noon).Decision.Department; got != "engineering" {
		t.Errorf("a new person's department = %q; want engineering, which is certain", got)
	}
	person.Current = &directory.Decision{Role: "member", Department: "Führung"}
	if got := p.Evaluate(person, noon).Decision.Department; got != "Führung" {
		t.Errorf("department = %q; want it as it was", got)
	}
}

func TestAnUndecidableDenialDenies(t *testing.T) {
	p := compile(t, acme(
		config.Rule{Name: "staff", Groups: groups("Staff"), Role: "admin", Teams: []string{"money"}},
		config.Rule{Name: "watched", When: broken, MaxRole: "member", Deny: config.Deny{Teams: []string{"money"}}}))
	person := ann("Staff")
	person.Current = &directory.Decision{Role: "admin", Teams: []string{"money"}}
	got := p.Evaluate(person, noon).Decision
	if got.Role != "member" || got.Teams != nil {
		t.Errorf("role %q, teams %q; want capped and denied", got.Role, got.Teams)
	}
	if r := reasonFor(t, got, "role", "member"); r.Source != directory.SourceCap || r.Rule != "watched" {
		t.Errorf("reason = %+v; want the cap of watched", r)
	}
}

func TestUndecidableDurations(t *testing.T) {
	p := compile(t, acme(staff(),
		config.Rule{Name: "trial", When: broken, MembershipFor: 30 * day},
		config.Rule{Name: "launch", When: broken, GrantFor: 30 * day, Teams: []string{"launch"}}))
	person := ann("Staff")
	person.Current = &directory.Decision{Role: "member", Teams: []string{"launch"}}
	if got := p.Evaluate(person, noon); !got.Decision.Ends.IsZero() || got.Since != nil || got.Decision.Teams != nil {
		t.Errorf("ends %v, since %v, teams %q; want no duration started, and nothing kept of a rule that never matched", got.Decision.Ends, got.Since, got.Decision.Teams)
	}
	person.Since = map[string]time.Time{"trial": noon.Add(-10 * day), "launch": noon.Add(-10 * day)}
	person.Current.Ends = noon.Add(20 * day)
	if got := p.Evaluate(person, noon).Decision; !got.Ends.Equal(noon.Add(20*day)) || len(got.Teams) != 1 {
		t.Errorf("ends %v, teams %q; want the end and the team that are in force", got.Ends, got.Teams)
	}
	if got := p.Evaluate(person, noon.Add(20*day)).Decision; got.Active || got.Teams != nil {
		t.Errorf("active %v, teams %q; want both ended", got.Active, got.Teams)
	}
}

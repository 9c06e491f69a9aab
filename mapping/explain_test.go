package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

func TestExplain(t *testing.T) {
	org := acme(
		config.Rule{Name: "directors", Groups: groups("Engineering"), When: `user.title.startsWith("Director") && inGroup("Sales")`, Role: "admin"},
		config.Rule{Name: "engineers", Groups: groups("Engineering", "id:7"), ExceptGroups: groups("Contractors"), Role: "lead", Teams: []string{"platform"}, Department: "platform"},
		config.Rule{Name: "entra only", Connections: []string{"acme-entra"}, Role: "admin"},
		config.Rule{Name: "trial", Groups: groups("Engineering"), MaxRole: "member", Deny: config.Deny{Teams: []string{"platform"}}, MembershipFor: 10 * day},
		config.Rule{Name: "over", Groups: groups("Engineering"), GrantFor: day, Role: "admin"},
		config.Rule{Name: "seniors", Groups: groups("Engineering"), When: broken, Role: "admin"},
		config.Rule{Name: "unasked", Groups: groups("Nobody"), When: broken, Role: "admin"},
	)
	org.Connections[0].DefaultRole = "viewer"
	org.Ignore = []config.Ignore{{At: at(70), UserName: "svc-*"}}
	person := department(ann("Engineering"), "Catering")
	person.Accounts[0].Groups[0].Via = "Makers"
	person.Accounts[0].Profile.Title = "Director of Sales"
	person.Accounts = append(person.Accounts, record("acme-okta", "svc-ann@acme.com"))
	person.Since = map[string]time.Time{"over": noon.Add(-2 * day)}
	trace := compile(t, org).Explain(person, noon)

	want := []mapping.RuleTrace{
		{Rule: "directors", At: "acme.yaml:100", Because: []string{
			`✓ groups: asks for "Engineering"; is in "Engineering" through "Makers"`,
			`✗ when: user.title.startsWith("Director") && inGroup("Sales") did not hold (user.title is "Director of Sales"; is not in "Sales")`,
		}},
		{Rule: "engineers", At: "acme.yaml:110", Matched: true, Because: []string{
			`✓ groups: asks for "Engineering", "id:7"; is in "Engineering" through "Makers"`,
			`✓ except_groups: "Contractors"; is in none of them`,
		}, Gave: []string{"role lead", "department platform", "team platform"}},
		{Rule: "entra only", At: "acme.yaml:120", Because: []string{"✗ connections: asks for acme-entra; the record is of acme-okta"}},
		{Rule: "trial", At: "acme.yaml:130", Matched: true, Because: []string{`✓ groups: asks for "Engineering"; is in "Engineering" through "Makers"`}, Gave: []string{
			"at most role member", "no team platform", "membership until 2026-03-12T12:00:00Z",
		}},
		{Rule: "over", At: "acme.yaml:140", Matched: true, Because: []string{
			`✓ groups: asks for "Engineering"; is in "Engineering" through "Makers"`, "grant_for: what the rule gives ended on 2026-03-01T12:00:00Z",
		}},
		{Rule: "seniors", At: "acme.yaml:150", Because: []string{
			`✓ groups: asks for "Engineering"; is in "Engineering" through "Makers"`,
			`✗ when: int(user.employeeNumber) > 100 failed: type conversion error from 'string' to 'int' (user.employeeNumber is "")`,
			"undecided: what the person has of it stays, nothing is added, and caps and denials count",
		}, Error: "type conversion error from 'string' to 'int'"},
		{Rule: "unasked", At: "acme.yaml:160", Because: []string{
			`✗ groups: asks for "Nobody"; is in "Engineering"`, "· when: int(user.employeeNumber) > 100 does not matter, since the rule fails above",
		}},
	}
	if diff := cmp.Diff(want, trace.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}

	var steps []string
	for _, s := range trace.Steps {
		steps = append(steps, strings.Join(append([]string{s.Field, s.Value, string(s.Reason.Source)}, s.Beaten...), " | "))
	}
	wantSteps := []string{
		"account | svc-ann@acme.com of acme-okta | ignored",
		"profile | acme-okta | directory",
		"department_text | Catering | directory",
		"role | lead | rule | role viewer from connection_default (acme.yaml:20)",
		"role | member | max_role | role lead from rule engineers (acme.yaml:110)",
		"department | platform | rule",
		"teams |  | deny | teams platform from rule engineers (acme.yaml:110)",
		"ends |  | rule",
	}
	if diff := cmp.Diff(wantSteps, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestExplainNamesTheConnectionWhereThereAreSeveralRecords(t *testing.T) {
	p := compile(t, acme(staff()))
	person := &mapping.Person{Accounts: []mapping.Account{record("acme-entra", "ann@acme.com"), record("acme-okta", "ann@acme.com", "B", "A")}}
	want := []string{`✗ acme-okta: groups: asks for "Staff"; is in "A", "B"`, `✗ acme-entra: groups: asks for "Staff"; is in no group`}
	if diff := cmp.Diff(want, p.Explain(person, noon).Rules[0].Because); diff != "" {
		t.Errorf("because (-want +got):\n%s", diff)
	}
}

func TestExplainPeopleToWhomNoRuleApplies(t *testing.T) {
	p := compile(t, acme(staff()))
	gone := p.Explain(&mapping.Person{}, noon)
	if diff := cmp.Diff([]string{"there is no directory record that could match"}, gone.Rules[0].Because); diff != "" {
		t.Errorf("because (-want +got):\n%s", diff)
	}
	guest := p.Explain(&mapping.Person{Accounts: []mapping.Account{record("acme-okta", "eve@partner.example", "Staff")}}, noon)
	if r := guest.Rules[0]; !r.Matched || len(r.Gave) > 0 || !strings.Contains(r.Because[1], "not for guests") {
		t.Errorf("rule = %+v; want it matched, giving nothing to a guest", r)
	}
	two := &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "ann@acme.com"), record("acme-entra", "ann@acme.com", "Staff")}}
	two.Accounts[0].Profile.Active = false
	if s := p.Explain(two, noon).Steps[0]; s.Field != "account" || s.Value != "ann@acme.com of acme-okta" || s.Reason.Source != directory.SourceInactive {
		t.Errorf("step = %+v; want the inactive record named", s)
	}
	org := acme(staff())
	org.Ignore = []config.Ignore{{At: at(70), UserName: "svc-*"}}
	service := compile(t, org).Explain(&mapping.Person{Accounts: []mapping.Account{record("acme-okta", "svc-1@acme.com", "Staff")}}, noon)
	if r := service.Rules[0]; r.Matched || !strings.Contains(r.Because[0], "ignore list") || service.Result.Decision.Name != "Ann Lee" {
		t.Errorf("rule = %+v; want it not looked at, and the name still known", r)
	}
}

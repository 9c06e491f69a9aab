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

// What a condition reads of a custom schema is shown like any other attribute, as it was written and each once.
func TestExplainShowsTheCustomAttributesThatAConditionReads(t *testing.T) {
	const urn = "urn:acme:2.0:User"
	body := `{"` + urn + `":{"costCode":"FIN-1","floor":3,"site":{"city":"Bonn"},"tags":["a","b"],"long":["` + strings.Repeat("x", 200) + `"]}}`
	ext := `user.ext["` + urn + `"]`
	for when, want := range map[string]string{
		ext + `.costCode.startsWith("HR-") || ` + ext + `.costCode == "x"`: ext + `.costCode is "FIN-1"`,
		ext + `["COSTCODE"] == "x"`:                                        ext + `.COSTCODE is "FIN-1"`,
		ext + `.floor > 3`:                                                 ext + `.floor is 3`,
		ext + `.site.city == "Mainz" && user.title == ""`:                  `user.title is ""; ` + ext + `.site.city is "Bonn"`,
		ext + `.tags.exists(t, t == "c")`:                                  ext + `.tags is ["a","b"]`,
		ext + `.tags[0] == "c"`:                                            ext + `.tags is ["a","b"]`,
		ext + `.never == "c"`:                                              ext + `.never is absent`,
		`has(` + ext + `.never)`:                                           ext + `.never is absent`,
		`user.ext["urn:other"].costCode == "x"`:                            `user.ext["urn:other"].costCode is absent`,
		`user.ext.other.x == "y"`:                                          `user.ext["other"].x is absent`,
		`user.ext["urn:other"]["two words"] == "y"`:                        `user.ext["urn:other"]["two words"] is absent`,
		`"x" in user.ext["urn:other"]`:                                     `user.ext["urn:other"] is absent`,
		`"x" in user.ext`:                                                  `user.ext has "` + urn + `"`,
		`user.ext["` + urn + `"][user.title + "x"] == "no"`:                `user.title is ""; ` + ext + ` is {"costCode":"FIN-1","floor":3,"long":["`,
	} {
		t.Run(when, func(t *testing.T) {
			p := compile(t, acme(config.Rule{Name: "finance", When: when, Role: "member"}))
			a := record("acme-okta", "ann@acme.com")
			a.Body = []byte(body)
			got := p.Explain(&mapping.Person{Accounts: []mapping.Account{a}}, noon).Rules[0].Because[0]
			want := `✗ when: ` + when + ` did not hold (` + want
			if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ")") || strings.Count(got, " is ")+strings.Count(got, " has ") != strings.Count(want, " is ")+strings.Count(want, " has ") {
				t.Errorf("because %s\nwant    %s)", got, want)
			}
			if len(got) > len(want)+300 {
				t.Errorf("a value of %d bytes is shown whole", len(got)-len(want))
			}
		})
	}
}

package mapping_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// parse compiles a file that must have no problem.
func parse(t testing.TB, text string) *mapping.Policy {
	t.Helper()
	org, problems := config.ParseOrganization("acme.yaml", []byte(text), config.Options{})
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	return compile(t, org)
}

const tested = `organization: {id: acme}
domains: [{domain: acme.com, default_role: viewer}]
connections: [{id: acme-okta}, {id: acme-entra}]
departments: [{name: engineering, match: [Eng]}]
permission_sets:
  tools: {ai_models: [gpt-4], file_upload_limit: 100MB, agent_creation: admin_approval}
  more: {ai_models: [claude-4], agent_creation: true}
rollout: [{from: 2026-06-01, groups: [Engineering]}]
rules:
  - {name: engineers, groups: [Engineering], role: member, department: engineering, teams: [eng], permission_sets: [tools, more]}
  - {name: contractors, groups: ["id:00g7"], max_role: viewer, deny: {teams: [eng]}}
  - {name: leads, when: 'user.title == "Lead" && user.ext["urn:acme:user"].level == 3 && connection == "acme-entra"', role: admin}
  - {name: old hands, when: 'user.employeeNumber == "7" && user.manager == "b1" && "lead" in user.roles && user.email == "a@acme.com"', spaces: [lounge]}
tests:
`

func TestTestsOfAFile(t *testing.T) {
	for _, tt := range []struct {
		name, test string
		want       []string // the differences
	}{
		{"everything as expected", `{groups: [engineering], user: {userName: ann@acme.com, department: ENG}, expect: {member: true, active: true, role: member,
			department: engineering, teams: [eng], permission_sets: [more, tools], spaces: [], projects: [], absent: {spaces: [lounge]},
			access: {ai_models: [gpt-4, claude-4], file_upload_limit: 100 MB, agent_creation: true}}}`, nil},
		{"somebody without a name is of the first domain", `{expect: {member: true, role: viewer}}`, nil},
		{"a guest is out of scope", `{user: {userName: eve@example.org}, groups: [Engineering], expect: {member: false, role: "", teams: []}}`, nil},
		{"an inactive record", `{user: {active: false}, expect: {member: true, active: false}}`, nil},
		{"attributes as SCIM nests them", `{user: {name: {givenName: A}, roles: [{value: lead}], emails: [{value: a@acme.com, primary: true}], manager: {value: b1},
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {employeeNumber: 7}, phoneNumbers: []}, expect: {spaces: [lounge]}}`, nil},
		{"attributes as conditions name them", `{user: {roles: [lead], email: a@acme.com, manager: b1, employeeNumber: "7"}, expect: {spaces: [lounge]}}`, nil},
		{"a custom schema in another connection", `{connection: acme-entra, user: {title: Lead, "urn:acme:user": {level: 3}}, expect: {role: admin}}`, nil},
		{"a group by its id", `{groups: [Engineering, "id:00g7"], expect: {role: viewer, teams: []}}`, nil},
		{"before the phase of a rollout", `{groups: [Engineering], at: 2026-05-31, expect: {waits: true, member: true}}`, nil},
		{"on the day of the phase", `{groups: [Engineering], at: 2026-06-01, expect: {waits: false}}`, nil},
		{
			"another role", `{groups: [Engineering], expect: {role: admin}}`,
			[]string{`role is member, not admin (rule engineers (acme.yaml:10): group "Engineering" of acme-okta)`},
		},
		{
			"a capped role", `{groups: [Engineering, "id:00g7"], expect: {role: member}}`,
			[]string{`role is viewer, not member (max role of rule contractors (acme.yaml:11): group "id:00g7" of acme-okta)`},
		},
		{"no department at all", `{expect: {department: engineering}}`, []string{`department is none, not engineering (nothing gives another)`}},
		{"a list with more and less", `{groups: [Engineering], expect: {permission_sets: [tools], projects: [alpha]}}`, []string{
			`permission_sets is [more, tools], not [tools] (more: rule engineers (acme.yaml:10): group "Engineering" of acme-okta)`,
			`projects is [], not [alpha] (alpha: no matching rule gives it)`,
		}},
		{
			"a denied team", `{groups: [Engineering, "id:00g7"], expect: {teams: [eng]}}`,
			[]string{`teams is [], not [eng] (eng: deny of rule contractors (acme.yaml:11): group "id:00g7" of acme-okta)`},
		},
		{
			"something that should be absent", `{groups: [Engineering], expect: {absent: {teams: [eng]}}}`,
			[]string{`teams is with eng, not without eng (rule engineers (acme.yaml:10): group "Engineering" of acme-okta)`},
		},
		{"values of permission sets", `{groups: [Engineering], expect: {access: {ai_models: [gpt-4], agent_creation: false}}}`, []string{
			`access to agent_creation is true, not false (from more)`,
			`access to ai_models is [claude-4, gpt-4], not [gpt-4] (from more, tools)`,
		}},
		{
			"no permission set at all", `{expect: {access: {file_upload_limit: 1GB}}}`,
			[]string{`access to file_upload_limit is none, not 1GB (no permission set of the person has it)`},
		},
		{
			"out of scope", `{user: {userName: eve@example.org}, expect: {member: true}}`,
			[]string{`member is false, not true (no rule, invitation or default gives a role)`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report := parse(t, tested+"  - "+strings.Replace(tt.test, "{", "{name: it, ", 1)).Test(nil)
			var got []string
			for i := range report.Tests[0].Differences {
				got = append(got, report.Tests[0].Differences[i].String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if passed := tt.want == nil; report.Tests[0].Passed != passed || report.Passed+report.Failed != 1 || (report.Failed == 0) != passed {
				t.Errorf("%d passed and %d failed", report.Passed, report.Failed)
			}
		})
	}
}

func TestOnlySomeTestsAreRun(t *testing.T) {
	p := parse(t, tested+`  - {name: an engineer, groups: [Engineering], expect: {role: member}}
  - {name: somebody, expect: {role: admin}}
`)
	report := p.Test(regexp.MustCompile("engineer"))
	if len(report.Tests) != 1 || report.Tests[0].Name != "an engineer" || report.Passed != 1 || report.Tests[0].At != "acme.yaml:15" {
		t.Errorf("ran %+v", report.Tests)
	}
	want := []mapping.UntestedRule{}
	for i, name := range []string{"contractors", "leads", "old hands"} {
		want = append(want, mapping.UntestedRule{Rule: name, At: "acme.yaml:1" + string(rune('1'+i)), Position: directory.Position{File: "acme.yaml", Line: 11 + i, Column: 5}})
	}
	if diff := cmp.Diff(want, report.Unexercised); diff != "" {
		t.Errorf("not exercised by any test of the file (-want +got):\n%s", diff)
	}
}

func TestAPolicyWhoseTestsFailIsNotAdmissible(t *testing.T) {
	good := parse(t, tested+"  - {name: somebody, expect: {role: viewer}}\n")
	if problems := mapping.Admissible(good); problems != nil {
		t.Errorf("refused: %v", problems)
	}
	bad := parse(t, tested+"  - name: somebody\n    expect: {role: admin}\n")
	problems := mapping.Admissible(bad)
	if len(problems) != 1 || !directory.Failed(problems) || problems[0].Position.String() != "acme.yaml:16:20" || !strings.Contains(problems[0].Message, `test "somebody" fails: role is viewer, not admin`) {
		t.Errorf("problems = %v; want an error where the role is expected", problems)
	}
}

func TestExamplesPassTheirTests(t *testing.T) {
	for _, name := range []string{"acme", "minimal"} {
		text, err := os.ReadFile("../examples/" + name + "/organizations/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		p := parse(t, string(text))
		if problems := append(mapping.Admissible(p), p.Lint(noon)...); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		if report := p.Test(nil); report.Passed == 0 || len(report.Unexercised) > 0 {
			t.Errorf("%s: %d tests pass, and none exercises %v", name, report.Passed, report.Unexercised)
		}
	}
}

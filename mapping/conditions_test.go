package mapping_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

const urn = "urn:acme:params:scim:badge"

func TestConditions(t *testing.T) {
	person := ann("Engineering", "All")
	a := &person.Accounts[0]
	a.Profile.Title, a.Profile.Department = "Director of Sales", "Sales"
	a.Profile.Emails = []directory.Email{{Value: "ann@acme.com"}, {Value: "ann@acme.de", Primary: true}}
	a.Profile.Roles = []string{"approver"}
	a.Groups[1].Names = []string{"everybody"} // renamed, still bound
	a.Body = json.RawMessage(`{"userName":"ann@acme.com","` + urn + `":{"level":3,"tags":["vip"],"keys":[{"door":"A"},{}],"site":{"city":"Bonn"},"gone":null}}`)
	tests := []struct {
		when string
		want bool
	}{
		{`true`, true},
		{`user.title.startsWith("Director") && inGroup("engineering")`, true},
		{`user.title.matches("^Dir.*Sales$")`, true},
		{`inGroup("Everybody")`, true},
		{`inGroup("All")`, false},
		{`inGroup(user.department)`, false},
		{`"All" in groups`, true},
		{`connection == "acme-okta" && user.active`, true},
		{`user.email == "ann@acme.de"`, true},
		{`user.emails.exists(e, e.endsWith("@acme.com"))`, true},
		{`"approver" in user.roles && size(user.entitlements) == 0`, true},
		{`user.costCenter == "" && user.manager == ""`, true},
		{`has(user.title) && !has(user.nickName)`, true},
		{`user.ext["` + urn + `"]["level"] == 3`, true},
		{`user.ext["` + urn + `"].level > 2`, true},
		{`user.ext["` + strings.ToUpper(urn) + `"]["LEVEL"] == 3`, true},
		{`user.ext["` + urn + `"].tags.exists(t, t == "vip")`, true},
		{`user.ext["` + urn + `"].site.city == "Bonn" && user.ext["` + urn + `"].site.street == ""`, true},
		{`user.ext["` + urn + `"].keys.exists(k, k.door == "A") && user.ext["` + urn + `"].keys.exists(k, k.door == "")`, true},
		{`has(user.ext.other) || user.ext["` + urn + `"].site == user.ext`, false},
		{`user.ext["` + urn + `"].gone == "" && user.ext["` + urn + `"].never == ""`, true},
		{`user.ext["urn:other"]["x"] == ""`, true},
		{`"level" in user.ext["` + urn + `"] && !("x" in user.ext["` + urn + `"]) && !("urn:other" in user.ext)`, true},
		{`has(user.ext["` + urn + `"].level) && !has(user.ext["` + urn + `"].x) && !has(user.ext["urn:other"].x)`, true},
		{`user.ext["` + urn + `"].visits > 2`, false},
		{`user.ext["` + urn + `"].remote == true`, false},
		{`user.ext["` + urn + `"].ratio > 0.5`, false},
		{`user.ext["` + urn + `"].sites.exists(s, s == "Bonn")`, false},
		{`user.ext["` + urn + `"].home.floor == 0`, true},
	}
	for _, tt := range tests {
		t.Run(tt.when, func(t *testing.T) {
			org := acme(config.Rule{Name: "r", When: tt.when, Role: "member"})
			org.Connections[0].Extensions = []config.Extension{{URN: urn, Attributes: []config.ExtensionAttribute{
				{Name: "visits", Type: "integer"},
				{Name: "remote", Type: "boolean"},
				{Name: "ratio", Type: "decimal"},
				{Name: "sites", Type: "string", MultiValued: true},
				{Name: "home", Type: "complex", Attributes: []config.ExtensionAttribute{{Name: "floor", Type: "integer"}}},
			}}}
			got := compile(t, org).Evaluate(person, noon)
			if got.Decision.InScope != tt.want || len(got.Problems) > 0 {
				t.Errorf("held = %v, problems %q; want %v", got.Decision.InScope, got.Problems, tt.want)
			}
		})
	}
}

func TestConditionMistakes(t *testing.T) {
	tests := []struct {
		name, when   string
		line, column int
		message, fix string
	}{
		{"unknown attribute", `user.active && user.titel == "x"`, 101, 31, `column 21: user has no attribute "titel"`, `"title"`},
		{"unknown attribute in has", `has(user.tittle)`, 101, 20, `no attribute "tittle"`, `"title"`},
		{"unknown variable", `usr.title == "x"`, 101, 11, `undeclared reference to 'usr'`, "user, groups, connection"},
		{"unknown function", `ingroup("x")`, 101, 18, `undeclared reference to 'ingroup'`, "inGroup(name)"},
		{"wrong argument", `inGroup(5)`, 101, 18, "inGroup", ""},
		{"wrong type", `user.title == 5`, 101, 22, "(string, int)", ""},
		{"second line", "user.active &&\nuser.titel == \"x\"", 102, 16, "line 2, column 6", `"title"`},
		{"syntax", `user.title ==`, 101, 24, "Syntax error", ""},
		{"not a bool", `user.title`, 101, 11, "gives a string, not a bool", "compare"},
		{"not surely a bool", `user.ext["x"]["y"]`, 101, 11, "gives a dyn, not a bool", "compare"},
		{"regular expression", `user.title.matches("[a")`, 101, 30, "missing closing ]", "RE2"},
		{"too long", `user.title == "` + strings.Repeat("x", 2048) + `"`, 101, 11, "2064 characters long", "split"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := mapping.Compile(acme(config.Rule{Name: "r", When: tt.when, Role: "member"}))
			if len(problems) != 1 {
				t.Fatalf("problems = %v; want one", problems)
			}
			p := problems[0]
			if p.File != "acme.yaml" || p.Line != tt.line || p.Column != tt.column {
				t.Errorf("at %s; want line %d, column %d", p.Position, tt.line, tt.column)
			}
			if !strings.Contains(p.Message, tt.message) || !strings.Contains(p.Fix, tt.fix) {
				t.Errorf("message %q, fix %q; want %q and %q", p.Message, p.Fix, tt.message, tt.fix)
			}
		})
	}
}

func TestAConditionThatCostsTooMuchIsUndecided(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "r", When: `user.emails.all(a, user.emails.all(b, a == b || a != b))`, Role: "member"}))
	person := ann()
	for i := range 200 {
		person.Accounts[0].Profile.Emails = append(person.Accounts[0].Profile.Emails, directory.Email{Value: fmt.Sprintf("ann%d@acme.com", i)})
	}
	got := p.Evaluate(person, noon)
	if len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "costs more than the limit") || got.Decision.InScope {
		t.Errorf("problems = %q, in scope = %v; want the cost reported and nothing given", got.Problems, got.Decision.InScope)
	}
}

func TestProblemsNameNoValueOfThePerson(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "r", When: `int(user.employeeNumber) > 100`, Role: "member"}))
	person := ann()
	person.Accounts[0].Profile.EmployeeNumber = "secret-7"
	got := p.Evaluate(person, noon)
	if len(got.Problems) != 1 || strings.Contains(got.Problems[0], "secret") || !strings.Contains(got.Problems[0], "acme.yaml:100") {
		t.Errorf("problems = %q; want the rule's place and no value", got.Problems)
	}
	trace := p.Explain(person, noon).Rules[0]
	if trace.Error == "" || !strings.Contains(strings.Join(trace.Because, "\n"), "secret-7") {
		t.Errorf("trace = %+v; want the error and the value that was seen", trace)
	}
}

func TestReasonsNameNoValueOfThePerson(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "r", When: `user.title.startsWith("Dir")`, Role: "member", Teams: []string{"x"}}))
	person := department(ann(), "Catering")
	person.Accounts[0].Profile.Title = "Director of Secrets"
	for _, r := range p.Evaluate(person, noon).Decision.Reasons {
		for _, value := range []string{"Secrets", "Catering", "ann", "Lee"} {
			if strings.Contains(r.Because+r.Value, value) {
				t.Errorf("reason %+v names %s", r, value)
			}
		}
	}
}

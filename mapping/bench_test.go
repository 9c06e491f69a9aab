package mapping_test

import (
	"fmt"
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/mapping"
)

// conditionShapes are conditions as companies write them. Each takes a number, so that no two rules are alike.
var conditionShapes = []string{
	`user.title.startsWith("Director %d") && inGroup("Group %[1]d")`,
	`user.department == "Department %d" || inGroup("Group %[1]d")`,
	`user.costCenter.matches("^4%d[0-9]+$")`,
	`user.division in ["Division %d", "Division 0%[1]d"] && !inGroup("Contractors")`,
	`user.emails.exists(e, e.endsWith("@branch%d.acme.com"))`,
}

// hundredRules is a policy of 100 rules: every second has a condition, and every fifth of those a group beside it.
func hundredRules(b *testing.B) *mapping.Policy {
	rules := make([]config.Rule, 100)
	for i := range rules {
		r := config.Rule{Name: fmt.Sprintf("rule %d", i), Role: "member", Teams: []string{fmt.Sprintf("team %d", i%20)}}
		if i%2 == 0 || i%5 == 0 {
			r.Groups = groups(fmt.Sprintf("Group %d", i))
		}
		if i%2 == 1 {
			r.When = fmt.Sprintf(conditionShapes[i/2%len(conditionShapes)], i)
		}
		rules[i] = r
	}
	return compile(b, acme(rules...))
}

// groupRules is a policy of n rules that ask for one group each.
func groupRules(b *testing.B, n int) *mapping.Policy {
	rules := make([]config.Rule, n)
	for i := range rules {
		rules[i] = config.Rule{Name: fmt.Sprintf("rule %d", i), Groups: groups(fmt.Sprintf("Group %d", i)), Role: "member", Teams: []string{fmt.Sprintf("team %d", i%20)}}
	}
	return compile(b, acme(rules...))
}

// evaluating measures the decision about one person, who is in five groups that rules ask for.
func evaluating(b *testing.B, p *mapping.Policy) {
	person := benchmarkPerson()
	person.Accounts[0].Profile.CostCenter, person.Accounts[0].Profile.Division = "4130", "Division 7"
	b.ReportAllocs()
	for b.Loop() {
		if got := p.Evaluate(person, noon); got.Decision.Role != "member" || len(got.Problems) > 0 {
			b.Fatalf("decision = %+v, problems %v", got.Decision, got.Problems)
		}
	}
}

func BenchmarkEvaluate100Rules(b *testing.B) {
	evaluating(b, hundredRules(b))
}

func BenchmarkEvaluateGroupRules(b *testing.B) {
	for _, n := range []int{20, 2000} {
		b.Run(fmt.Sprintf("%d rules", n), func(b *testing.B) { evaluating(b, groupRules(b, n)) })
	}
}

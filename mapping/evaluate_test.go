package mapping_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// thirtyRules is a policy of ordinary size.
func thirtyRules(b *testing.B, conditions int) *mapping.Policy {
	var rules []config.Rule
	for i := range 30 {
		r := config.Rule{Name: fmt.Sprintf("rule %d", i), Groups: groups(fmt.Sprintf("Group %d", i)), Role: "member", Teams: []string{fmt.Sprintf("team%d", i)}}
		if i < conditions {
			r.Groups, r.When = nil, fmt.Sprintf(`user.title.startsWith("Director") && inGroup("Group %d")`, i)
		}
		rules = append(rules, r)
	}
	return compile(b, acme(rules...))
}

func benchmarkPerson() *mapping.Person {
	person := department(ann("Group 4", "Group 9", "Group 14", "Group 19", "Other"), "R&D")
	person.Accounts[0].Profile.Title = "Director of Sales"
	person.Accounts[0].Profile.Emails = []directory.Email{{Value: "ann@acme.com", Primary: true}}
	return person
}

func BenchmarkEvaluate(b *testing.B) {
	for _, conditions := range []int{0, 3} {
		b.Run(fmt.Sprintf("30 rules, %d conditions", conditions), func(b *testing.B) {
			p, person := thirtyRules(b, conditions), benchmarkPerson()
			b.ReportAllocs()
			for b.Loop() {
				if got := p.Evaluate(person, noon); got.Decision.Role != "member" {
					b.Fatalf("decision = %+v", got.Decision)
				}
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	p, person := thirtyRules(b, 3), benchmarkPerson()
	b.ReportAllocs()
	for b.Loop() {
		if got := p.Explain(person, noon); len(got.Rules) != 30 {
			b.Fatalf("%d rules explained", len(got.Rules))
		}
	}
}

func TestAPolicyIsSafeForConcurrentUse(t *testing.T) {
	p := compile(t, acme(
		config.Rule{Name: "directors", When: `user.title.startsWith("Director") && inGroup("Staff")`, Role: "admin"},
		config.Rule{Name: "badge", When: `user.ext["` + urn + `"].level == 3`, Teams: []string{"vault"}}))
	person := ann("Staff")
	person.Accounts[0].Profile.Title = "Director of Sales"
	person.Accounts[0].Body = []byte(`{"` + urn + `":{"level":3}}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got := p.Evaluate(person, noon).Decision; got.Role != "admin" || len(got.Teams) != 1 {
					t.Errorf("role %q, teams %q; want an admin with the vault", got.Role, got.Teams)
				}
			}
		})
	}
	wg.Wait()
}

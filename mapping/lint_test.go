package mapping_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// useless finds the rule that a warning says is without effect.
var useless = regexp.MustCompile(`^rule (r\d+) (can never match|adds nothing|repeats)`)

// A rule that lint calls useless can be removed, and nobody's decision changes.
func TestLintIsRightAboutUselessRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		org, person := anyOrganization(t), anyPerson(t)
		p, problems := mapping.Compile(org)
		if p == nil {
			t.Fatalf("compile: %v", problems)
		}
		want := p.Evaluate(person, noon).Decision
		for _, problem := range p.Lint(noon) {
			found := useless.FindStringSubmatch(problem.Message)
			if found == nil {
				continue
			}
			less := *org
			less.Rules = slices.DeleteFunc(slices.Clone(org.Rules), func(r config.Rule) bool { return r.Name == found[1] })
			without, problems := mapping.Compile(&less)
			if without == nil {
				t.Fatalf("compile: %v", problems)
			}
			got := without.Evaluate(person, noon).Decision
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(directory.Decision{}, "Reasons")); diff != "" {
				t.Fatalf("%s\nand yet without it the decision differs (-with +without):\n%s", problem.Message, diff)
			}
		}
	})
}

// What lint calls a role that never counts is nobody's role by that rule.
func TestLintIsRightAboutRolesThatNeverCount(t *testing.T) {
	never := regexp.MustCompile(`^the role \w+ of rule (r\d+) never counts`)
	rapid.Check(t, func(t *rapid.T) {
		org, person := anyOrganization(t), anyPerson(t)
		for i := range org.Rules {
			org.Rules[i].When = rapid.SampledFrom([]string{"true", `user.title == "x"`, `inGroup("D") && user.title == "x"`}).Draw(t, "when")
		}
		p, problems := mapping.Compile(org)
		if p == nil {
			t.Fatalf("compile: %v", problems)
		}
		d := p.Evaluate(person, noon).Decision
		for _, problem := range p.Lint(noon) {
			found := never.FindStringSubmatch(problem.Message)
			if found != nil && slices.ContainsFunc(d.Reasons, func(r directory.Reason) bool {
				return r.Field == "role" && r.Source == directory.SourceRule && r.Rule == found[1]
			}) {
				t.Fatalf("%s\nand yet the person has it: %+v", problem.Message, d.Reasons)
			}
		}
	})
}

package examples_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/app"
)

// Whoever starts with an example starts with a file that is right: nothing to warn of, every test passes, every rule is
// exercised by one.
func TestTheExamplesCheckCleanAndTestEveryRule(t *testing.T) {
	for _, example := range []struct {
		name         string
		rules, lines int // at least so many rules, at most so many lines
	}{{"acme", 30, 1000}, {"company", 10, 250}, {"minimal", 1, 10}} {
		t.Run(example.name, func(t *testing.T) {
			configuration, problems := app.ReadConfiguration(filepath.Join(example.name, "usher.yaml"), "")
			if len(configuration.Policies) != 1 || configuration.Policies[0].Policy == nil {
				t.Fatalf("there is no policy: %v", problems)
			}
			policy := configuration.Policies[0].Policy
			if n := len(policy.Organization.Rules); n < example.rules {
				t.Errorf("it has %d rules, want %d at least", n, example.rules)
			}
			if n := strings.Count(string(configuration.Policies[0].Files[0].Text), "\n"); n > example.lines {
				t.Errorf("it has %d lines, want %d at most", n, example.lines)
			}
			for _, p := range append(problems, policy.Lint(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))...) {
				t.Error(p)
			}
			report := policy.Test(nil)
			for _, test := range report.Tests {
				for _, d := range test.Differences {
					t.Errorf("%s: test %q: %s", test.At, test.Name, d.String())
				}
			}
			for _, r := range report.Unexercised {
				t.Errorf("%s: no test exercises the rule %q", r.At, r.Rule)
			}
		})
	}
}

package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// TestReport is what became of the tests of a file.
type TestReport struct {
	Tests       []TestResult   `json:"tests"`
	Passed      int            `json:"passed"`
	Failed      int            `json:"failed"`
	Unexercised []UntestedRule `json:"unexercised"` // rules that match nobody in any test of the file, whichever were run
}

// TestResult is what became of one test.
type TestResult struct {
	Name        string             `json:"name"`
	At          string             `json:"at"` // file:line
	Passed      bool               `json:"passed"`
	Differences []TestDifference   `json:"differences,omitempty"`
	Position    directory.Position `json:"-"`
}

// TestDifference is one thing that came out otherwise than expected.
type TestDifference struct {
	directory.Position        // of what is expected
	Field              string `json:"field"`
	Want               string `json:"want"`
	Got                string `json:"got"`
	Because            string `json:"because,omitempty"` // what gave what came out
}

// String says a difference on one line.
func (d *TestDifference) String() string {
	text := fmt.Sprintf("%s is %s, not %s", d.Field, d.Got, d.Want)
	if d.Because != "" {
		text += " (" + d.Because + ")"
	}
	return text
}

// UntestedRule is a rule that no test exercises.
type UntestedRule struct {
	Rule     string             `json:"rule"`
	At       string             `json:"at"` // file:line
	Position directory.Position `json:"-"`
}

// test is a test with its person.
type test struct {
	*config.Test
	person Person
	at     time.Time
}

// someDay is the instant of tests that name none. It is fixed, so that a test passes tomorrow if it passes today.
func someDay() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// Test runs the tests of the file whose names match, all of them where the expression is nil.
func (p *Policy) Test(run *regexp.Regexp) TestReport {
	report := TestReport{Tests: []TestResult{}, Unexercised: []UntestedRule{}}
	matched := make([]bool, len(p.rules))
	for i := range p.tests {
		t := &p.tests[i]
		trace := p.Explain(&t.person, t.at)
		for j := range trace.Rules {
			matched[j] = matched[j] || trace.Rules[j].Matched
		}
		if run != nil && !run.MatchString(t.Name) {
			continue
		}
		result := TestResult{Name: t.Name, At: t.At.Rule(), Position: t.At, Differences: t.differences(p, &trace.Result)}
		if result.Passed = len(result.Differences) == 0; result.Passed {
			report.Passed++
		} else {
			report.Failed++
		}
		report.Tests = append(report.Tests, result)
	}
	for i, r := range p.rules {
		if !matched[i] {
			report.Unexercised = append(report.Unexercised, UntestedRule{Rule: r.Name, At: r.at, Position: r.At})
		}
	}
	return report
}

// Admissible returns an error for each test of the file that fails. A policy with one never becomes active.
func Admissible(p *Policy) []directory.Problem {
	var problems []directory.Problem
	for _, t := range p.Test(nil).Tests {
		if t.Passed {
			continue
		}
		lines := make([]string, len(t.Differences))
		for i := range t.Differences {
			lines[i] = t.Differences[i].String()
		}
		problems = append(problems, directory.Problem{
			Position: t.Differences[0].Position, Severity: directory.SeverityError,
			Message: fmt.Sprintf("test %q fails: %s", t.Name, strings.Join(lines, "; ")),
			Fix:     "correct the rules, or what the test expects; `usher test` shows it",
		})
	}
	return problems
}

// tests makes the people of the tests, and checks that what is expected of them can be.
func (c *compiler) tests() {
	for i := range c.org.Tests {
		conf := &c.org.Tests[i]
		connection := conf.Connection
		if connection == "" && len(c.org.Connections) > 0 {
			connection = c.org.Connections[0].ID
		}
		if conf.Connection != "" && c.policy.connections[conf.Connection] == nil {
			c.fail(conf.Places.Of("connection", conf.At), hint("connections", conf.Connection, c.connectionIDs()), "test %s: there is no connection %q", conf.Name, conf.Connection)
		}
		t := test{Test: conf, at: conf.Instant, person: Person{Accounts: []Account{c.madeUp(conf, connection)}}}
		if t.at.IsZero() {
			t.at = someDay()
		}
		c.expectations(conf)
		c.policy.tests = append(c.policy.tests, t)
	}
}

// expectations reports names in an expectation that the file does not have.
func (c *compiler) expectations(t *config.Test) {
	x, where := &t.Expect, "test "+t.Name
	if x.Role != nil {
		c.role(x.Places.Of(fieldRole, x.At), where, *x.Role)
	}
	if x.Department != nil {
		c.department(x.Places.Of(fieldDepartment, x.At), where, *x.Department)
	}
	c.setsKnown(x.Places, x.At, where, x.Lists[fieldPermissionSets])
	c.setsKnown(x.Absent.Places, x.At, "absent of "+where, x.Absent.PermissionSets)
	known := c.policy.permissionNames()
	for _, v := range x.Access {
		if !slices.Contains(known, v.Name) {
			c.fail(v.At, hint("permissions of the permission sets", v.Name, known), "%s: no permission set has a permission %q", where, v.Name)
		}
	}
}

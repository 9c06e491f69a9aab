package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// tested is the result of running the tests of files.
type tested struct {
	OK            bool                 `json:"ok"`
	Passed        int                  `json:"passed"`
	Failed        int                  `json:"failed"`
	Organizations []testedOrganization `json:"organizations"`
}

// testedOrganization is what became of one organization's tests.
type testedOrganization struct {
	Organization string `json:"organization"`
	Rules        int    `json:"rules"`
	mapping.TestReport
}

func (p *program) test() *cobra.Command {
	var values, run, junit string
	c := p.printing(&cobra.Command{
		Use: "test [FILE...]", Short: "Run the tests of a mapping",
		Long: "Runs the tests that organizations' files hold under `tests`, and shows for each that fails what came out instead, and by which rule. " +
			"Rules that no test exercises are listed. The exit code is 2 when a test fails.",
		Example: "  usher test\n  usher test organizations/acme.yaml --run contractor --junit tests.xml",
		RunE: func(_ *cobra.Command, files []string) error {
			only, err := regexp.Compile(run)
			if err != nil {
				return usagef("--run %q is no regular expression: %v", run, err)
			}
			if len(files) == 0 {
				files = []string{operatorFile}
			}
			result := tested{Organizations: []testedOrganization{}}
			for _, file := range files {
				if err := result.add(file, values, only); err != nil {
					return err
				}
			}
			if run != "" && result.Passed+result.Failed == 0 {
				return directory.Errorf(directory.NotFound, "No test has a name that fits --run %q", run)
			}
			if junit != "" {
				if err := result.writeJUnit(junit); err != nil {
					return err
				}
			}
			return p.showTested(&result)
		},
	})
	c.Flags().StringVar(&values, "values", "", "a `file` with ids and addresses per environment, for ${value:NAME}")
	c.Flags().StringVar(&run, "run", "", "run only the tests whose names fit this regular `expression`")
	c.Flags().StringVar(&junit, "junit", "", "write the results to a `file` in the form of JUnit too")
	return grouped(groupChange, c)
}

// add runs the tests of one file with those that it names. A file that cannot be used has no tests to run.
func (t *tested) add(path, values string, only *regexp.Regexp) error {
	path, err := configurationFile(path)
	if err != nil {
		return err
	}
	configuration, problems := app.ReadConfiguration(path, values)
	if directory.Failed(problems) || len(configuration.Policies) == 0 {
		return &app.ProblemsError{Path: path, Problems: problems}
	}
	for _, policy := range configuration.Policies {
		o := testedOrganization{
			Organization: policy.Organization, Rules: len(policy.Policy.Organization.Rules), TestReport: policy.Policy.Test(only),
		}
		o.place(path)
		t.Organizations = append(t.Organizations, o)
		t.Passed += o.Passed
		t.Failed += o.Failed
	}
	t.OK = t.Failed == 0
	return nil
}

// place names files as they are reached from the working directory.
func (o *testedOrganization) place(path string) {
	there := func(at directory.Position) directory.Position {
		return placed(path, directory.Problem{Position: at}).Position
	}
	for i := range o.Tests {
		t := &o.Tests[i]
		t.Position = there(t.Position)
		t.At = t.Position.Rule()
		for j := range t.Differences {
			t.Differences[j].Position = there(t.Differences[j].Position)
		}
	}
	for i := range o.Unexercised {
		o.Unexercised[i].Position = there(o.Unexercised[i].Position)
		o.Unexercised[i].At = o.Unexercised[i].Position.Rule()
	}
}

func (p *program) showTested(t *tested) error {
	if p.json {
		if err := printJSON(p.out, t); err != nil {
			return err
		}
	} else if _, err := fmt.Fprint(p.out, clean(t.String())); err != nil {
		return err
	}
	if !t.OK {
		return findings{}
	}
	return nil
}

// String shows the results for people: a line for each test, what differs, the rules that no test exercises, and counts.
func (t *tested) String() string {
	var b strings.Builder
	rules, unexercised := 0, 0
	for i := range t.Organizations {
		o := &t.Organizations[i]
		if len(t.Organizations) > 1 {
			fmt.Fprintf(&b, "%s\n", o.Organization)
		}
		for j := range o.Tests {
			describeTest(&b, &o.Tests[j])
		}
		rules += o.Rules
		unexercised += len(o.Unexercised)
	}
	if unexercised > 0 {
		b.WriteString("No test exercises\n")
	}
	for i := range t.Organizations {
		for _, r := range t.Organizations[i].Unexercised {
			fmt.Fprintf(&b, "      rule %s (%s)\n", r.Rule, r.At)
		}
	}
	fmt.Fprintf(&b, "%d passed, %d failed, %d of %s not exercised\n", t.Passed, t.Failed, unexercised, count(rules, "rule"))
	return b.String()
}

func describeTest(b *strings.Builder, t *mapping.TestResult) {
	if t.Passed {
		fmt.Fprintf(b, "ok    %s\n", t.Name)
		return
	}
	fmt.Fprintf(b, "FAIL  %s (%s)\n", t.Name, t.At)
	for i := range t.Differences {
		d := &t.Differences[i]
		fmt.Fprintf(b, "      %s: %s\n      - %s\n      + %s\n", d.Position, d.Field, d.Want, d.Got)
		if d.Because != "" {
			fmt.Fprintf(b, "        %s\n", d.Because)
		}
	}
}

// The form of results that JUnit made common.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes the results for the systems that run tests.
func (t *tested) writeJUnit(path string) error {
	all := junitSuites{Tests: t.Passed + t.Failed, Failures: t.Failed}
	for i := range t.Organizations {
		o := &t.Organizations[i]
		suite := junitSuite{Name: o.Organization, Tests: len(o.Tests), Failures: o.Failed}
		for j := range o.Tests {
			result := &o.Tests[j]
			c := junitCase{Class: o.Organization, Name: result.Name, File: result.Position.File, Line: result.Position.Line}
			if !result.Passed {
				c.Failure = &junitFailure{Message: result.Differences[0].String()}
				for k := range result.Differences {
					c.Failure.Text += result.Differences[k].Position.String() + ": " + result.Differences[k].String() + "\n"
				}
			}
			suite.Cases = append(suite.Cases, c)
		}
		all.Suites = append(all.Suites, suite)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append([]byte(xml.Header), append(text, '\n')...), 0o644); err != nil {
		return &directory.Error{Kind: directory.Invalid, Message: "The results cannot be written", Err: err}
	}
	return nil
}

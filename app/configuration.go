package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// Configuration is a configuration that was read and compiled.
type Configuration struct {
	Operator *config.Operator // nil when an organization's file was read by itself
	Policies []Policy         // of the organizations that could be read, in the order of their files' names
}

// Policy is one organization's file, compiled.
type Policy struct {
	Organization string
	Policy       *mapping.Policy        // nil when a problem keeps it from being used
	Files        []directory.PolicyFile // all that it takes to read it again
}

// ReadConfiguration reads usher.yaml and the organizations' files, or one organization's file, and compiles every policy.
// It returns every problem of every file. The values file, which may be "", supplies ids and addresses per environment.
func ReadConfiguration(path, values string) (*Configuration, []directory.Problem) {
	var options config.Options
	var problems []directory.Problem
	if values != "" {
		options.Values, problems = config.LoadValues(values)
	}
	loaded, more := config.Load(path, options)
	problems = append(problems, more...)
	c := &Configuration{Operator: loaded.Operator}
	for _, organization := range loaded.Organizations {
		files := loaded.Files[organization.ID]
		policy, more := mapping.Compile(organization)
		problems = append(problems, config.Excerpts(notSaid(problems, more), files)...)
		c.Policies = append(c.Policies, Policy{Organization: organization.ID, Policy: policy, Files: files})
	}
	return c, config.Sort(problems)
}

// notSaid leaves out problems at places where reading the file found an error already.
func notSaid(said, more []directory.Problem) []directory.Problem {
	return slices.DeleteFunc(more, func(p directory.Problem) bool {
		return slices.ContainsFunc(said, func(q directory.Problem) bool {
			return q.Severity == directory.SeverityError && q.Line > 0 && q.Position == p.Position
		})
	})
}

// compile turns the stored text of a policy into a policy.
func compile(files []directory.PolicyFile) (*mapping.Policy, error) {
	organization, problems := config.ParseFiles(files)
	if !directory.Failed(problems) && organization != nil {
		policy, more := mapping.Compile(organization)
		if policy != nil {
			return policy, nil
		}
		problems = append(problems, more...)
	}
	return nil, &ProblemsError{Problems: problems}
}

// ProblemsError says that a configuration cannot be used, and all that is wrong with it.
type ProblemsError struct {
	Path     string
	Problems []directory.Problem
}

// Error returns the number of errors and the first of them.
func (e *ProblemsError) Error() string {
	errors := 0
	first := ""
	for _, p := range e.Problems {
		if p.Severity != directory.SeverityError {
			continue
		}
		if errors++; errors == 1 {
			first = fmt.Sprintf("%s: %s", p.Position, p.Message)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "The configuration %s has %d errors", e.Path, errors)
	if errors == 1 {
		b.Reset()
		fmt.Fprintf(&b, "The configuration %s has an error", e.Path)
	}
	if first != "" {
		b.WriteString(": " + first)
	}
	return strings.ReplaceAll(b.String(), "  ", " ")
}

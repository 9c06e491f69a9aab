package app

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/outbox/mail"
)

// Configuration is a configuration that was read and compiled.
type Configuration struct {
	Operator *config.Operator // nil when an organization's file was read by itself
	// OperatorReads is true when the operator's file itself has no error.
	OperatorReads bool
	Policies      []Policy // of the organizations that could be read, in the order of their files' names

	loaded *config.Loaded
}

// AbsentSecrets warns of each secret that is not where usher.yaml says it is.
func (c *Configuration) AbsentSecrets() []directory.Problem { return c.loaded.AbsentSecrets() }

// Policy is one organization's file, compiled.
type Policy struct {
	Organization string
	Policy       *mapping.Policy        // nil when a problem keeps it from being used
	Files        []directory.PolicyFile // all that it takes to read it again

	disputed bool // another file claims what it claims, too
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
	c := &Configuration{loaded: loaded, Operator: loaded.Operator, OperatorReads: loaded.Operator != nil && !slices.ContainsFunc(problems, func(p directory.Problem) bool {
		return p.Severity == directory.SeverityError && (p.File == "" || filepath.Base(p.File) == filepath.Base(path))
	})}
	for _, organization := range loaded.Organizations {
		files := loaded.Files[organization.ID]
		policy, more := mapping.Compile(organization)
		more = append(more, mail.Check(organization.Letters.Templates)...)
		problems = append(problems, config.Excerpts(notSaid(problems, more), files)...)
		c.Policies = append(c.Policies, Policy{
			Organization: organization.ID, Policy: policy, Files: files, disputed: slices.Contains(loaded.Disputed, organization.At.File),
		})
	}
	return c, config.Sort(problems)
}

// withoutDecisions returns connections as a file has them, with what decides about people as it is in force: that waits
// with the rest of the file.
func withoutDecisions(changed, inForce []config.Connection) []config.Connection {
	out := slices.Clone(changed)
	for i := range out {
		out[i].DefaultRole, out[i].Authority = "", nil
		if k := slices.IndexFunc(inForce, func(c config.Connection) bool { return c.ID == out[i].ID }); k >= 0 {
			out[i].DefaultRole, out[i].Authority = inForce[k].DefaultRole, inForce[k].Authority
		}
	}
	return out
}

// readAdmissible is ReadConfiguration for a server: a policy whose tests fail is one that cannot be used, and so is one of
// a file that has an error, or claims what another file claims. Each keeps no other organization's from being used.
func readAdmissible(path, values string) (*Configuration, []directory.Problem) {
	c, problems := ReadConfiguration(path, values)
	for i := range c.Policies {
		p := &c.Policies[i]
		if p.Policy == nil {
			continue
		}
		if p.disputed || hasError(problems, p.Files) {
			p.Policy = nil
			continue
		}
		if failing := mapping.Admissible(p.Policy); len(failing) > 0 {
			problems = append(problems, config.Excerpts(failing, p.Files)...)
			p.Policy = nil
		}
	}
	return c, config.Sort(problems)
}

// hasError reports whether a problem with one of some files is an error.
func hasError(problems []directory.Problem, files []directory.PolicyFile) bool {
	return slices.ContainsFunc(problems, func(p directory.Problem) bool {
		return p.Severity == directory.SeverityError && slices.ContainsFunc(files, func(f directory.PolicyFile) bool { return f.Name == p.File })
	})
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
	policy, problems := compileAll(files)
	if policy == nil {
		return nil, &ProblemsError{Problems: problems}
	}
	return policy, nil
}

// compileAll turns the text of a policy into a policy, and tells every problem with it. The policy is nil when a problem
// is an error.
func compileAll(files []directory.PolicyFile) (*mapping.Policy, []directory.Problem) {
	var main, changed []directory.PolicyFile
	for _, f := range files {
		if f.Connections {
			changed = append(changed, f)
		} else {
			main = append(main, f)
		}
	}
	organization, problems := config.ParseFiles(main)
	if directory.Failed(problems) || organization == nil {
		return nil, problems
	}
	if len(changed) > 0 {
		other, more := config.ParseFiles(changed)
		if directory.Failed(more) || other == nil {
			return nil, more
		}
		organization.Connections = withoutDecisions(other.Connections, organization.Connections)
	}
	policy, more := mapping.Compile(organization)
	more = append(more, mail.Check(organization.Letters.Templates)...)
	return policy, config.Sort(append(problems, config.Excerpts(notSaid(problems, more), files)...))
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

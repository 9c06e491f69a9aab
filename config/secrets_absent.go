package config

import (
	"fmt"

	"github.com/mixus/usher/directory"
)

// keptSecret is a secret of usher.yaml with the place that the file names for it.
type keptSecret struct {
	at           directory.Position
	name, source string
}

// AbsentSecrets warns of each secret that is not where usher.yaml says it is: a variable that is empty, a file that cannot
// be read. No more than warnings, because a configuration is also checked where its secrets are not.
func (l *Loaded) AbsentSecrets() []directory.Problem {
	if l.Operator == nil {
		return nil
	}
	secrets := NewSecrets(l.Operator, l.Dir)
	var problems []directory.Problem
	for _, k := range l.kept {
		if _, err := secrets.Read(fmt.Sprintf("the secret %q", k.name), k.source); err != nil {
			problems = append(problems, directory.Problem{
				Position: k.at, Severity: directory.SeverityWarning, Message: err.Error(),
				Fix: "see to it where usher serves; --without-secrets leaves this out where the secrets are not",
			})
		}
	}
	problems = Sort(problems)
	excerpts(problems, l.file)
	return problems
}

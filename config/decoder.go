package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
)

// decoder reads the nodes of one file and collects what is wrong with them.
type decoder struct {
	src        *source
	options    Options
	problems   []directory.Problem
	secrets    []reference       // ${secret:NAME}, in order of appearance
	kept       []keptSecret      // where usher.yaml says that secrets are
	used       map[string]string // the values of --values that the file uses
	included   []directory.PolicyFile
	otherFiles []*source // of the files it names
}

// reference is a name used at a place.
type reference struct {
	at   directory.Position
	name string
}

// spot says which key a value belongs to, for messages.
type spot struct {
	key     string // empty for the file itself
	example string // YAML of a good value
	inside  bool   // an item of the key's list
}

// String names the spot in messages.
func (s spot) String() string {
	switch {
	case s.key == "":
		return "the file"
	case s.inside:
		return fmt.Sprintf("an item of %q", s.key)
	}
	return fmt.Sprintf("%q", s.key)
}

// item is the spot of an element of a list.
func (s spot) item(example string) spot { return spot{key: s.key, example: example, inside: true} }

func (d *decoder) fail(at directory.Position, message, fix string) {
	d.problems = append(d.problems, *failure(at, message, fix))
}

func (d *decoder) warn(at directory.Position, message, fix string) {
	d.problems = append(d.problems, directory.Problem{Position: at, Severity: directory.SeverityWarning, Message: message, Fix: fix})
}

// wrong reports a value of another kind than its key takes.
func (d *decoder) wrong(n *node, s spot, want string) {
	if n.broken {
		return // it is reported already
	}
	if n.kind == isNull {
		d.fail(n.at, fmt.Sprintf("%s has no value; it takes %s", s, want), s.write("or leave the key out"))
		return
	}
	fix := s.write("")
	if (n.kind == isNumber || n.kind == isBoolean) && want == "a text" {
		fix = fmt.Sprintf("write it in quotes: %q", n.text)
	}
	d.fail(n.at, fmt.Sprintf("%s is %s; it takes %s", s, n.kind, want), fix)
}

// write makes the fix that shows the key's example.
func (s spot) write(or string) string {
	switch {
	case s.example == "" && s.inside:
		return "write it out, or leave it out"
	case s.example == "":
		return strings.TrimPrefix(or, "or ")
	case s.inside || s.key == "":
		return "write for example " + s.example
	}
	fix := "write for example " + s.key + ": " + s.example
	if or != "" {
		fix += ", " + or
	}
	return fix
}

// finish returns the problems in the order of their places, each once, with excerpts.
func (d *decoder) finish() []directory.Problem {
	problems := Sort(d.problems)
	excerpts(problems, append(d.otherFiles, d.src)...)
	return problems
}

// excerpts fills in the lines around each place.
func excerpts(problems []directory.Problem, sources ...*source) {
	byName := make(map[string]*source, len(sources))
	for _, s := range sources {
		byName[s.name] = s
	}
	for i := range problems {
		if s := byName[problems[i].File]; s != nil && problems[i].Excerpt == "" {
			problems[i].Excerpt = s.excerpt(problems[i].Position)
		}
	}
}

// Sort orders problems by file and place, drops repetitions, and cuts what nobody would read.
func Sort(problems []directory.Problem) []directory.Problem {
	slices.SortStableFunc(problems, func(a, b directory.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Message, b.Message))
	})
	problems = slices.CompactFunc(problems, func(a, b directory.Problem) bool {
		return a.Position == b.Position && a.Message == b.Message
	})
	if len(problems) > maxProblems {
		more := len(problems) - maxProblems
		problems = append(problems[:maxProblems:maxProblems], directory.Problem{
			Position: directory.Position{File: problems[maxProblems].File}, Severity: directory.SeverityError,
			Message: fmt.Sprintf("and %d more problems", more), Fix: "fix the ones above first",
		})
	}
	return problems
}

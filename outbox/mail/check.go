package mail

import (
	"fmt"
	htmltemplate "html/template"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"
	"text/template/parse"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Check returns what is wrong with an organization's own templates. One that passes can be filled in, whatever the letter.
func Check(own []config.MailTemplate) []directory.Problem {
	var problems []directory.Problem
	for i := range own {
		problems = append(problems, checkOne(&own[i])...)
	}
	return problems
}

func checkOne(t *config.MailTemplate) []directory.Problem {
	k, known := kindOf(strings.TrimSuffix(t.Name, path.Ext(t.Name)))
	if !known {
		fix := "the letters are " + strings.Join(Kinds(), ", ")
		if near := config.Nearest(strings.TrimSuffix(t.Name, path.Ext(t.Name)), Kinds()); near != "" {
			fix = "name it " + near + path.Ext(t.Name)
		}
		return []directory.Problem{problem(t.At, fmt.Sprintf("there is no letter for the template %q", t.Name), fix)}
	}
	trees, err := parsed(t)
	if err != nil {
		return []directory.Problem{placed(t, err)}
	}
	c := &checker{template: t, fields: fieldsOf(reflect.TypeOf(k.empty()))}
	for _, name := range slices.Sorted(keys(trees)) {
		c.tree = trees[name]
		c.node(trees[name].Root)
	}
	if len(c.problems) > 0 {
		return c.problems
	}
	for _, example := range []func() values{k.full, k.bare} {
		v := example()
		*v.letter() = Letter{ID: "m", To: "ann@acme.com", Organization: "Acme Inc.", PublicURL: "https://usher.acme.com"}
		if _, err := write(k.name, v, []config.MailTemplate{*t}); err != nil {
			return []directory.Problem{placed(t, err)}
		}
	}
	return nil
}

func keys(trees map[string]*parse.Tree) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range trees {
			if !yield(name) {
				return
			}
		}
	}
}

// parsed returns the parts of a template, and of none that usher has.
func parsed(t *config.MailTemplate) (map[string]*parse.Tree, error) {
	trees := map[string]*parse.Tree{}
	if path.Ext(t.Name) == ".html" {
		set, err := htmltemplate.New(t.Name).Parse(t.Text)
		if err != nil {
			return nil, err
		}
		for _, one := range set.Templates() {
			trees[one.Name()] = one.Tree
		}
		return trees, nil
	}
	set, err := texttemplate.New(t.Name).Parse(t.Text)
	if err != nil {
		return nil, err
	}
	for _, one := range set.Templates() {
		trees[one.Name()] = one.Tree
	}
	return trees, nil
}

func problem(at directory.Position, message, fix string) directory.Problem {
	return directory.Problem{Position: at, Severity: directory.SeverityError, Message: message, Fix: fix}
}

// place is where the template packages say that something is wrong.
var place = regexp.MustCompile(`template: ?[^:]*:(\d+)(?::(\d+))?: `)

// placed makes a problem of what the template packages say.
func placed(t *config.MailTemplate, err error) directory.Problem {
	at, text := t.At, err.Error()
	if found := place.FindStringSubmatchIndex(text); found != nil {
		at.Line, _ = strconv.Atoi(text[found[2]:found[3]])
		if found[4] >= 0 {
			column, _ := strconv.Atoi(text[found[4]:found[5]])
			at.Column = column + 1 // they count from 0
		}
		text = text[found[1]:]
	}
	return problem(at, "the template cannot be filled in: "+oneLine(text), "see docs/mapping.md under Mail for what templates may use")
}

// fieldsOf returns the names that a template may use of a letter: its fields and methods, and those of the items of its
// lists.
func fieldsOf(t reflect.Type) []string {
	var names []string
	for i := range t.NumMethod() {
		if m := t.Method(i); m.Type.NumIn() == 1 && m.Type.NumOut() == 1 {
			names = append(names, m.Name)
		}
	}
	for _, f := range reflect.VisibleFields(t.Elem()) {
		if f.Anonymous {
			continue
		}
		names = append(names, f.Name)
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
			for _, inner := range reflect.VisibleFields(f.Type.Elem()) {
				names = append(names, inner.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(slices.DeleteFunc(names, func(n string) bool { return n == "Token" || n == "ID" || n == "Message" }))
}

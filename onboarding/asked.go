package onboarding

import (
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Source is what asks something of a member: the line of the file, and through what the member is meant.
type Source struct {
	At       string // file:line
	Because  string // "everybody", "department engineering", …
	Required bool
}

// asked returns what is asked of a member: the steps in the order of the file, then the modules in order of the trainings,
// those that are required first.
func (p *Plan) asked(d *directory.Decision) []Step {
	var out []Step
	for i := range p.steps {
		s := &p.steps[i]
		if because, meant := p.meant(&s.For, d); meant {
			out = append(out, Step{
				ID: s.ID, Title: s.Title, Minutes: s.Minutes, Link: s.Link, Items: s.Items, Required: true,
				Sources: []Source{{At: s.At.Rule(), Because: because, Required: true}},
			})
		}
	}
	steps, places := len(out), map[string]int{}
	for i := range p.training {
		t := &p.training[i]
		because, meant := p.trained(t, d)
		if !meant {
			continue
		}
		for _, name := range t.Required {
			out = p.module(out, places, name, Source{At: t.Places.Item("required_modules", name, t.At).Rule(), Because: because, Required: true})
		}
		for _, name := range t.Optional {
			out = p.module(out, places, name, Source{At: t.Places.Item("optional_modules", name, t.At).Rule(), Because: because})
		}
	}
	slices.SortStableFunc(out[steps:], func(a, b Step) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return out
}

// module adds a source of a module, which stands behind the steps and once. Places says where those stand that are there.
func (p *Plan) module(out []Step, places map[string]int, name string, from Source) []Step {
	i, there := places[name]
	if !there {
		s := Step{ID: name, Module: true, Title: config.TitleOf(name)}
		if m := p.modules[name]; m != nil {
			s.Minutes, s.Link = m.Minutes, m.Link
			if m.Title != "" {
				s.Title = m.Title
			}
		}
		out, i = append(out, s), len(out)
		places[name] = i
	}
	s := &out[i]
	if !slices.Contains(s.Sources, from) { // named twice in one list
		s.Sources = append(s.Sources, from)
	}
	s.Required = s.Required || from.Required
	return out
}

// meant reports whether a step is asked of a member, and through what: each list that is there has to name them.
func (p *Plan) meant(f *config.OnboardingFor, d *directory.Decision) (string, bool) {
	because := ""
	meets := func(names []string, noun string, has func(string) bool) bool {
		if len(names) == 0 {
			return true
		}
		i := slices.IndexFunc(names, has)
		if i < 0 {
			return false
		}
		if because != "" {
			because += ", "
		}
		because += noun + " " + names[i]
		return true
	}
	if !meets(f.Roles, "role", func(name string) bool { return d.Role == name }) ||
		!meets(f.Departments, "department", func(name string) bool { return p.in(d, name) }) ||
		!meets(f.Teams, "team", func(name string) bool { return slices.Contains(d.Teams, name) }) {
		return "", false
	}
	if because == "" {
		because = "everybody"
	}
	return because, true
}

// trained reports whether a training is for a member, and through what: a team, a department or a permission set.
func (p *Plan) trained(t *config.Training, d *directory.Decision) (string, bool) {
	for _, name := range t.Names() {
		switch {
		case slices.Contains(d.Teams, name):
			return "team " + name, true
		case p.in(d, name):
			return "department " + name, true
		case slices.Contains(d.PermissionSets, name):
			return "permission set " + name, true
		}
	}
	return "", false
}

package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/config"
)

// Matching says what a rule makes of a person at an instant: whether it counts for them, why, and what it gives. It is
// false for a rule that does not match them, and for one whose condition failed.
func (p *Policy) Matching(person *Person, at time.Time, name string) (RuleTrace, bool) {
	e := evaluation{policy: p, person: person, at: at, room: &room{}}
	if e.gather() != nil {
		return RuleTrace{}, false
	}
	e.profile()
	e.match()
	e.keepTime()
	for i := range e.matches {
		m := &e.matches[i]
		if m.Name != name || m.undecided {
			continue
		}
		rt := RuleTrace{Rule: m.Name, At: m.at, Because: []string{m.reason()}}
		m.explain(&rt, &e)
		return rt, true
	}
	return RuleTrace{}, false
}

// RolesPermitting returns the roles that have a permission, by themselves or through the roles they include.
func (p *Policy) RolesPermitting(permission string) []string {
	var names []string
	for i := range p.Organization.Roles {
		if r := p.roles[p.Organization.Roles[i].Name]; r != nil && slices.Contains(r.permissions, permission) {
			names = append(names, r.Name)
		}
	}
	return names
}

// SetsGiving returns the permission sets that hold a value of a name, beside those in which it withholds.
func (p *Policy) SetsGiving(value string) []string {
	var names []string
	for i := range p.Organization.PermissionSets {
		set := &p.Organization.PermissionSets[i]
		if slices.ContainsFunc(set.Values, func(v config.PermissionValue) bool {
			return v.Name == value && !v.Value.Withholds()
		}) {
			names = append(names, set.Name)
		}
	}
	return names
}

// Vocabulary returns the words that the file uses for one kind of thing, in its order: role, permission, rule, team,
// permission_set or department.
func (p *Policy) Vocabulary(kind string) []string {
	var words []string
	o := p.Organization
	switch kind {
	case "role":
		for i := range o.Roles {
			words = append(words, o.Roles[i].Name)
		}
	case "permission":
		for i := range o.Roles {
			words = append(words, o.Roles[i].Permissions...)
		}
		for i := range o.PermissionSets {
			for _, v := range o.PermissionSets[i].Values {
				words = append(words, v.Name)
			}
		}
	case "rule":
		for i := range o.Rules {
			words = append(words, o.Rules[i].Name)
		}
	case "team":
		for i := range o.Rules {
			words = append(words, o.Rules[i].Teams...)
		}
	case "permission_set":
		for i := range o.PermissionSets {
			words = append(words, o.PermissionSets[i].Name)
		}
	case "department":
		for i := range o.Departments {
			words = append(words, o.Departments[i].Name)
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(words, func(w string) bool {
		again := seen[w]
		seen[w] = true
		return again
	})
}

// Suggest says which word of a kind is meant by one that the file does not have, or which there are.
func (p *Policy) Suggest(kind, word string) string {
	known := p.Vocabulary(kind)
	if near := config.Nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "the policy has none"
	}
	return "there are " + strings.Join(known[:min(len(known), 12)], ", ")
}

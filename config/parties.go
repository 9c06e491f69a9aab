package config

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mixus/usher/directory"
)

// finishAccess orders what is shared and checks the names in it: each once, and each of somebody.
func finishAccess(d *decoder, o *Organization) {
	byName := func(a, b Shared) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortStableFunc(o.SharedAgents, byName)
	slices.SortStableFunc(o.SharedIntegrations, byName)
	uniqueBy(d, "project", o.Projects, func(v Project) (string, directory.Position) { return v.Name, v.At })
	uniqueBy(d, "space", o.Spaces, func(v Space) (string, directory.Position) { return v.Name, v.At })
	uniqueBy(d, "shared agent", o.SharedAgents, func(v Shared) (string, directory.Position) { return v.Name, v.At })
	uniqueBy(d, "shared integration", o.SharedIntegrations, func(v Shared) (string, directory.Position) { return v.Name, v.At })
	checkGiven(d, o)

	p := partiesOf(o)
	for i := range o.Projects {
		m := &o.Projects[i].Members
		for _, name := range m.Departments {
			p.department(d, m.Places.Item("departments", name, m.At), name)
		}
		for _, name := range m.Teams {
			p.team(d, m.Places.Item("teams", name, m.At), name)
		}
	}
	for i := range o.Spaces {
		for _, a := range o.Spaces[i].Access {
			p.any(d, a.At, a.Of)
		}
	}
	for _, s := range slices.Concat(o.SharedAgents, o.SharedIntegrations) {
		for _, name := range s.Access {
			p.any(d, s.Places.Item("access", name, s.At), name)
		}
		for _, l := range s.Levels {
			if !slices.Contains(s.Access, l.Of) {
				p.any(d, l.At, l.Of)
			}
		}
	}
}

// checkGiven reports projects and spaces that a rule gives or denies and the file does not have, once it has any.
func checkGiven(d *decoder, o *Organization) {
	var projects, spaces []string
	for i := range o.Projects {
		projects = append(projects, o.Projects[i].Name)
	}
	for i := range o.Spaces {
		spaces = append(spaces, o.Spaces[i].Name)
	}
	check := func(noun, key string, known, given []string, places Places, at directory.Position) {
		for _, name := range given {
			if len(known) > 0 && !slices.Contains(known, name) {
				d.fail(places.Item(key, name, at), fmt.Sprintf("there is no %s %q", noun, short(name)), didYouMean(name, known, "add it to "+key+" of the file"))
			}
		}
	}
	for i := range o.Rules {
		r := &o.Rules[i]
		check("project", "projects", projects, r.Projects, r.Places, r.At)
		check("space", "spaces", spaces, r.Spaces, r.Places, r.At)
		check("space", "spaces", spaces, r.Deny.Spaces, r.Deny.Places, r.At)
	}
}

func didYouMean(name string, known []string, otherwise string) string {
	if near := Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return otherwise
}

// parties are the names by which access speaks of people: departments in every spelling, and the teams that rules give.
type parties struct {
	departments, teams []string
	folded             map[string]bool // of departments
}

func partiesOf(o *Organization) parties {
	p := parties{folded: map[string]bool{}}
	for i := range o.Departments {
		p.departments = append(p.departments, o.Departments[i].Name)
		for _, spelling := range append([]string{o.Departments[i].Name}, o.Departments[i].Match...) {
			p.folded[normalize(spelling)] = true
		}
	}
	for i := range o.Rules {
		p.teams = append(p.teams, o.Rules[i].Teams...)
	}
	return p
}

func (p *parties) department(d *decoder, at directory.Position, name string) {
	if !p.folded[normalize(name)] {
		d.fail(at, fmt.Sprintf("there is no department %q", short(name)), didYouMean(name, p.departments, "add it to departments"))
	}
}

func (p *parties) team(d *decoder, at directory.Position, name string) {
	if !slices.Contains(p.teams, name) {
		d.fail(at, fmt.Sprintf("no rule gives a team %q", short(name)), didYouMean(name, p.teams, "give it by a rule with teams"))
	}
}

func (p *parties) any(d *decoder, at directory.Position, name string) {
	if !p.folded[normalize(name)] && !slices.Contains(p.teams, name) {
		d.fail(at, fmt.Sprintf("there is neither a department nor a team %q", short(name)), didYouMean(name, slices.Concat(p.departments, p.teams), "add it to departments, or give the team by a rule"))
	}
}

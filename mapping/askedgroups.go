package mapping

import (
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// askedGroup is one place in the file that asks for a group.
type askedGroup struct {
	at          directory.Position
	by          string // rule engineers
	name, id    string // as written; one of them is empty
	connections []string
}

// askedGroups returns every place that asks for a group, in the order of the file.
func (p *Policy) askedGroups() []askedGroup {
	var all []askedGroup
	add := func(by string, connections []string, selectors []config.Selector) {
		for _, s := range selectors {
			all = append(all, askedGroup{at: s.At, by: by, name: s.Name, id: s.ID, connections: connections})
		}
	}
	for _, r := range p.rules {
		by := "rule " + r.Name
		add(by, r.Connections, r.Groups)
		add(by, r.Connections, r.ExceptGroups)
		if r.condition == nil {
			continue
		}
		for _, g := range r.condition.mentions.inGroup {
			all = append(all, askedGroup{
				at: r.WhenPlace(g.line, g.column), by: by, name: g.name, connections: r.Connections,
			})
		}
	}
	for i := range p.rollout {
		add(p.rollout[i].String(), nil, p.rollout[i].Groups)
	}
	return all
}

// looksAt reports whether a place asks for groups of a connection.
func (a *askedGroup) looksAt(connection string) bool {
	return len(a.connections) == 0 || slices.Contains(a.connections, connection)
}

// words turns the name of a field into words.
func words(field string) string {
	if field == fieldPermissionSets {
		return "permission sets"
	}
	return field
}

package access

import (
	"cmp"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// Using is the question whether a member may use an item of a permission set's list, such as a model.
func Using(list, item string) Question {
	kind, level := listKind(list)
	verb := "use"
	if level != levelUse {
		verb = "read"
	}
	return Question{Action: noun(kind) + "." + verb, Resource: Resource{Thing: Thing{Type: kind, ID: item}}}
}

// ActionOf returns the action that a permission set's level is about: agents.create of agent_creation. What is an action
// already stays as it is.
func ActionOf(value string) string { return valueAction(value) }

// LevelOf returns the name of the permission set's level that an action is about.
func LevelOf(action string) string {
	if action == valueAction("agent_creation") {
		return "agent_creation"
	}
	return action
}

// ValuesOf returns the values of a member's permission sets, merged, with what was given by hand: those of Of. Who is no
// active member has none.
func (p *Policy) ValuesOf(m *directory.Member, at time.Time, grants ...*directory.Grant) []Value {
	if standing(m, at) != "" {
		return nil
	}
	e := evaluation{policy: p, member: m, at: at, path: p.departmentPath(m.Decision.Department), given: holding(grants, at)}
	return e.merged()
}

// InDepartment reports whether a member is in a department, or in one below it. It goes by any spelling of its name.
func (p *Policy) InDepartment(m *directory.Member, department string) bool {
	return slices.Contains(p.departmentPath(m.Decision.Department), cmp.Or(p.departments[normalize(department)], department))
}

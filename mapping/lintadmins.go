package mapping

import (
	"fmt"
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// admins reports a file by which nobody becomes an admin. A file of nothing but permission sets is no policy yet.
func (l *linter) admins() {
	org := l.policy.Organization
	if len(org.Roles) == 0 || len(org.Rules)+len(org.Connections)+len(org.Domains) == 0 {
		return
	}
	if len(l.adminRules()) == 0 && !l.policy.topByDefault() {
		top := l.topRole()
		l.warn(top.At, "give the role by a rule, for example {groups: [IT Admins], role: "+top.Name+"}, or pin it to somebody by hand",
			"nobody becomes %s, the highest role, by this file: no rule, department table or default gives it", top.Name)
	}
}

func (l *linter) topRole() *config.Role {
	roles := l.policy.Organization.Roles
	return &roles[len(roles)-1]
}

// adminRules returns the rules that can make somebody an admin: those that give the highest role, can match, and are
// under no cap that all their people share.
func (l *linter) adminRules() []int {
	top := len(l.policy.Organization.Roles) - 1
	caps := func(r *rule) bool { return r.maxRole != nil && r.maxRole.rank < top }
	var all []int
	for i, r := range l.policy.rules {
		if r.role == nil || r.role.rank < top || l.selections[i].never != "" || caps(r) {
			continue
		}
		if !l.covering(i, func(j int, _ bool) bool { return caps(l.policy.rules[j]) }) {
			all = append(all, i)
		}
	}
	return all
}

// topByDefault reports whether people get the highest role without any rule.
func (p *Policy) topByDefault() bool { return p.byDefault(p.TopRole()) }

// byDefault reports whether people get a role without any rule.
func (p *Policy) byDefault(role string) bool {
	for i := range p.Organization.Domains {
		d := &p.Organization.Domains[i]
		if d.DefaultRole == role || slices.ContainsFunc(d.Departments, func(row config.DepartmentRole) bool { return row.Role == role }) {
			return true
		}
	}
	return slices.ContainsFunc(p.Organization.Connections, func(c config.Connection) bool { return c.DefaultRole == role })
}

// tests reports expectations that hold whatever the rules say, and groups that are likely misspelt.
func (l *linter) tests() {
	byText := l.policy.asksForGroupNames()
	names := l.policy.writtenGroupNames()
	for i := range l.policy.tests {
		t := l.policy.tests[i].Test
		for _, list := range listsOf(&directory.Decision{}) {
			known := l.policy.given(list.field)
			for _, name := range absentFrom(&t.Expect.Absent, list.field) {
				if !slices.Contains(known, name) {
					l.warn(t.Expect.Absent.Places.Item(list.field, name, t.At), hint(words(list.field), name, known),
						"test %s: no rule gives %q, so that it is always absent", t.Name, name)
				}
			}
		}
		for _, g := range t.Groups {
			_, asked := l.policy.selectors.names[directory.Fold(g)]
			if near := config.Nearest(g, names); !asked && !byText && near != "" {
				l.warn(t.Places.Item("groups", g, t.At), fmt.Sprintf("did you mean %q?", near), "test %s: no rule asks for a group %q", t.Name, g)
			}
		}
	}
}

// given returns what the rules give of a list, each name once.
func (p *Policy) given(field string) []string {
	var all []string
	for _, r := range p.rules {
		switch field {
		case fieldTeams:
			all = append(all, r.Teams...)
		case fieldPermissionSets:
			all = append(all, r.PermissionSets...)
		case fieldSpaces:
			all = append(all, r.Spaces...)
		case fieldProjects:
			all = append(all, r.Projects...)
		}
	}
	return sorted(all)
}

// asksForGroupNames reports whether a condition looks at the names of groups itself.
func (p *Policy) asksForGroupNames() bool {
	return slices.ContainsFunc(p.rules, func(r *rule) bool { return r.condition != nil && r.condition.mentions.groups })
}

// writtenGroupNames returns the names of groups as rules and phases write them.
func (p *Policy) writtenGroupNames() []string {
	var names []string
	for _, asked := range p.askedGroups() {
		if asked.name != "" {
			names = append(names, asked.name)
		}
	}
	return sorted(names)
}

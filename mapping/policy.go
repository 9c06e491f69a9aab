// Package mapping turns an organization's file into decisions about people. It is pure: no clock, no store, no network.
//
//	config.Organization ── Compile ──▶ Policy ── Evaluate(person, at) ──▶ Result: decision, reasons, next instant
//	                          │                ├─ Explain(person, at) ───▶ Trace: every rule, every choice, the same Result
//	                          │                ├─ Test(run) ─────────────▶ TestReport: the file's own tests, and rules without one
//	                          │                └─ Lint(at), LintAgainst ─▶ what the file alone, or beside what was pushed, shows to be a mistake
//	                          └─▶ problems, all of them, with positions
//
// An evaluation goes one way: the accounts that count, the profile, the rules that match, when what they give ends, then
// department, role, lists and status, each with the reasons that are stored with it. Explain is the same evaluation with
// a recorder, so that the two cannot disagree.
//
// What cannot be decided does not change: a rule whose condition fails keeps for a person what the decision in force
// has of it, gives nothing new, and still denies and caps.
package mapping

import (
	"slices"

	"github.com/mixus/usher/config"
)

// Policy is a compiled organization file. It is immutable and safe for concurrent use.
type Policy struct {
	Organization *config.Organization

	roles       map[string]*role
	departments departments
	sets        map[string]*config.PermissionSet
	connections map[string]*connection
	domains     map[string]*domain
	rules       []*rule
	open        []int           // the rules to test on everybody, by their place in rules
	asking      [][]int         // number of a selector → the rules that ask for it under groups
	askedTexts  []*askedText    // the attributes for whose values the other rules ask
	durations   map[string]bool // names of rules with membership_for or grant_for
	selectors   selectors
	ignore      []ignore
	guestCap    *role
	rollout     []phase // in the order of their instants
	tests       []test
}

// connection is a connection with its place in the file and what absent custom attributes of its users are.
type connection struct {
	*config.Connection
	order       int
	defaultRole *role
	zeros       zeros
}

// Connection returns the settings of a connection, nil when the file has none of that id.
func (p *Policy) Connection(id string) *config.Connection {
	if c := p.connections[id]; c != nil {
		return c.Connection
	}
	return nil
}

// AuthorityFor returns the connection that has the authority for a folded mail domain, nil where none has.
func (p *Policy) AuthorityFor(domain string) *config.Connection {
	for i := range p.Organization.Connections {
		if c := &p.Organization.Connections[i]; slices.Contains(c.Authority, domain) {
			return c
		}
	}
	return nil
}

// GroupNames returns the folded names by which rules and inGroup literals ask for groups, sorted.
func (p *Policy) GroupNames() []string {
	names := make([]string, 0, len(p.selectors.names))
	for name := range p.selectors.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Names reports whether a folded name is one of GroupNames.
func (p *Policy) Names(folded string) bool {
	_, ok := p.selectors.names[folded]
	return ok
}

// Owns reports whether the organization owns a folded mail domain.
func (p *Policy) Owns(domain string) bool { return p.domains[domain] != nil }

// Domain returns the settings of a folded mail domain, nil when the file does not have it.
func (p *Policy) Domain(name string) *config.Domain {
	if d := p.domains[name]; d != nil {
		return d.Domain
	}
	return nil
}

// Role returns a role's settings, and false when the file has none of that name.
func (p *Policy) Role(name string) (*config.Role, bool) {
	if r := p.roles[name]; r != nil {
		return r.Role, true
	}
	return nil, false
}

// RolePermissions returns what a role permits, by itself and through the roles it includes, sorted.
func (p *Policy) RolePermissions(name string) []string {
	if r := p.roles[name]; r != nil {
		return slices.Clone(r.permissions)
	}
	return nil
}

// RoleRank returns a role's rank, counting from 0 for the lowest, and -1 for a role that the file does not have.
func (p *Policy) RoleRank(name string) int {
	if r := p.roles[name]; r != nil {
		return r.rank
	}
	return -1
}

// TopRole returns the name of the highest-ranked role, "" when there are no roles.
func (p *Policy) TopRole() string {
	if n := len(p.Organization.Roles); n > 0 {
		return p.Organization.Roles[n-1].Name
	}
	return ""
}

// PermissionSet returns a permission set, and false when the file has none of that name.
func (p *Policy) PermissionSet(name string) (*config.PermissionSet, bool) {
	s := p.sets[name]
	return s, s != nil
}

// DepartmentPath returns the names of a department and of the departments above it, the outermost first, and nil for a
// department that the file does not have.
func (p *Policy) DepartmentPath(name string) []string {
	d := p.departments.named[normalize(name)]
	if d == nil {
		return nil
	}
	path := make([]string, 0, len(d.above)+1)
	for _, up := range slices.Backward(d.above) {
		path = append(path, up.Name)
	}
	return append(path, d.Name)
}

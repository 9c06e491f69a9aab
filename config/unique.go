package config

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mixus/usher/directory"
)

// uniqueBy reports items of a list that mean the same as an earlier one.
func uniqueBy[T any](d *decoder, noun string, items []T, identity func(T) (string, directory.Position)) {
	first := make(map[string]directory.Position, len(items))
	for _, item := range items {
		id, at := identity(item)
		if id == "" {
			continue
		}
		if before, twice := first[id]; twice {
			d.fail(at, fmt.Sprintf("the %s %q is there already, in %s", noun, short(id), before.Rule()), "keep one of them, or rename one")
			continue
		}
		first[id] = at
	}
}

// finishOrganization fills in what follows from the file's other parts and checks what must be unique in it.
func finishOrganization(d *decoder, _ *node, o *Organization) {
	if o.Name == "" {
		o.Name = o.ID
	}
	if len(o.Roles) == 0 {
		o.Roles = StandardRoles()
		for i := range o.Roles {
			o.Roles[i].At = o.At
		}
	}
	o.Sessions.fill()
	o.Invitations.fill()
	nameRules(o)
	slices.SortStableFunc(o.PermissionSets, func(a, b PermissionSet) int { return cmp.Compare(a.Name, b.Name) })
	uniqueBy(d, "domain", o.Domains, func(v Domain) (string, directory.Position) { return v.Domain, v.At })
	uniqueBy(d, "connection", o.Connections, func(v Connection) (string, directory.Position) { return v.ID, v.At })
	uniqueBy(d, "role", o.Roles, func(v Role) (string, directory.Position) { return v.Name, v.At })
	uniqueBy(d, "rule", o.Rules, func(v Rule) (string, directory.Position) { return v.Name, v.At })
	uniqueBy(d, "permission set", o.PermissionSets, func(v PermissionSet) (string, directory.Position) { return v.Name, v.At })
	uniqueBy(d, "test", o.Tests, func(v Test) (string, directory.Position) { return v.Name, v.At })
	uniqueBy(d, "phase", o.Rollout, func(v Phase) (string, directory.Position) { return v.Name, v.At })
	uniqueBy(d, "break-glass address", o.BreakGlass, func(v BreakGlass) (string, directory.Position) { return directory.Fold(v.Email), v.At })
	for _, c := range o.Connections {
		uniqueBy(d, "extension", c.Extensions, func(v Extension) (string, directory.Position) { return directory.Fold(v.URN), v.At })
		for _, e := range c.Extensions {
			uniqueBy(d, "attribute", e.Attributes, func(v ExtensionAttribute) (string, directory.Position) { return directory.Fold(v.Name), v.At })
		}
	}
	uniqueSpellings(d, o.Departments)
	uniqueAuthority(d, o.Connections)
	finishAccess(d, o)
	finishOnboarding(d, o)
}

// nameRules names rules that have no name by their place.
func nameRules(o *Organization) {
	taken := make(map[string]bool, len(o.Rules))
	for _, r := range o.Rules {
		taken[r.Name] = true
	}
	for i := range o.Rules {
		r := &o.Rules[i]
		if r.Name != "" {
			continue
		}
		r.Name = fmt.Sprintf("rule at line %d", r.At.Line)
		if taken[r.Name] {
			r.Name = fmt.Sprintf("rule at line %d, column %d", r.At.Line, r.At.Column)
		}
		taken[r.Name] = true
	}
}

// uniqueSpellings reports a spelling that would mean two departments.
func uniqueSpellings(d *decoder, departments []Department) {
	type owner struct {
		name string
		at   directory.Position
	}
	owners := map[string]owner{}
	for _, department := range departments {
		own := map[string]bool{}
		for _, spelling := range append([]string{department.Name}, department.Match...) {
			folded := normalize(spelling)
			if folded == "" || own[folded] {
				continue
			}
			own[folded] = true
			if o, taken := owners[folded]; taken {
				d.fail(department.Places.Item("match", spelling, department.At), fmt.Sprintf("%q means the department %q already, in %s", short(spelling), o.name, o.at.Rule()), "leave it with one of the two")
				continue
			}
			owners[folded] = owner{department.Name, department.At}
		}
	}
}

// uniqueAuthority reports a domain for which two connections would decide.
func uniqueAuthority(d *decoder, connections []Connection) {
	owners := map[string]string{}
	for _, c := range connections {
		for _, domain := range c.Authority {
			if other, taken := owners[domain]; taken && other != c.ID {
				d.fail(c.Places.Item("authority", domain, c.At), fmt.Sprintf("the connection %q has authority over %s, and so has %q", c.ID, domain, other), "name the domain in one of them")
			}
			owners[domain] = c.ID
		}
	}
}

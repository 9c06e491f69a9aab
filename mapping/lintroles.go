package mapping

import (
	"fmt"
	"slices"

	"github.com/mixus/usher/config"
)

// roles reports roles that nobody has, and a file by which nobody stays an admin. Before the first member there is
// nothing to say.
func (x *pushed) roles() {
	total := 0
	for _, n := range x.directory.Members {
		total += n
	}
	roles := x.policy.Organization.Roles
	if total == 0 || len(roles) == 0 {
		return
	}
	for i := range roles {
		if r := &roles[i]; x.directory.Members[r.Name] == 0 && r.Name != x.policy.TopRole() {
			x.unused(r)
		}
	}
	if reason := x.noAdmin(); reason != "" {
		top := x.topRole()
		x.warn(top.At, "check the groups of the rules that give it, or pin it to somebody by hand", "nobody would be %s: %s", top.Name, reason)
	}
}

// unused reports a role that nobody has, with the rules that give it. What a default gives is for those whom no rule
// matches, and what another role includes is for those who have that one: nobody need have it.
func (x *pushed) unused(r *config.Role) {
	if x.policy.byDefault(r.Name) {
		return
	}
	var rules []*rule
	empty := true
	for _, rule := range x.policy.rules {
		if rule.Role == r.Name {
			rules = append(rules, rule)
			empty = empty && len(rule.groups) > 0 && !x.populated(rule)
		}
	}
	if len(rules) == 0 {
		if !slices.ContainsFunc(x.policy.Organization.Roles, func(other config.Role) bool { return slices.Contains(other.Includes, r.Name) }) {
			x.warn(r.At, "remove the role, or give it by a rule", "nobody has the role %s, and no rule or default gives it", r.Name)
		}
		return
	}
	give := "rule " + placedNames(rules) + " gives it"
	if len(rules) > 1 {
		give = "rules " + placedNames(rules) + " give it"
	}
	if empty {
		x.warn(r.At, "check which groups are asked for, or remove the role together with what gives it", "nobody has the role %s: %s, and nobody is in the groups asked for", r.Name, give)
		return
	}
	x.warn(r.At, fmt.Sprintf("see with `usher who --rule %q` who matches, and correct what is asked for", rules[0].Name),
		"nobody has the role %s: %s, but nobody matches, or who does has another role", r.Name, give)
}

// placedNames lists rules with their places.
func placedNames(rules []*rule) string {
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = r.Name + " (" + r.at + ")"
	}
	return listed(names, 8)
}

// noAdmin says why nobody would have the highest role, as far as groups and pins tell; "" when somebody may. A rule
// with a condition, a default and a department table may always find somebody.
func (x *pushed) noAdmin() string {
	if x.directory.Pinned[x.policy.TopRole()] > 0 || x.policy.topByDefault() {
		return ""
	}
	rules := x.adminRules()
	if len(rules) == 0 {
		return "no rule, department table or default gives the role, and it is pinned to nobody"
	}
	var giving []*rule
	for _, i := range rules {
		r := x.policy.rules[i]
		if len(r.groups) == 0 || x.populated(r) {
			return ""
		}
		giving = append(giving, r)
	}
	return "nobody is in the groups of " + placedNames(giving)
}

// populated reports whether a group that a rule asks for has members.
func (x *pushed) populated(r *rule) bool {
	for _, s := range r.Groups {
		asked := askedGroup{name: s.Name, id: s.ID, connections: r.Connections}
		if slices.ContainsFunc(x.find(&asked), func(g pushedGroup) bool { return g.Members > 0 }) {
			return true
		}
	}
	return false
}

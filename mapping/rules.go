package mapping

import (
	"cmp"
	"slices"

	"github.com/mixus/usher/config"
)

// rule is a rule with its references resolved.
type rule struct {
	*config.Rule
	at        string // file:line
	groups    []selector
	except    []selector
	condition *condition // nil for a rule without "when"
	bare      bool       // there is a condition, and nothing else
	role      *role
	maxRole   *role
	dept      *department
}

// rules checks the rules of the file and compiles their selectors and conditions.
func (c *compiler) rules() {
	c.policy.durations = map[string]bool{}
	names := seen{}
	for i := range c.org.Rules {
		conf := &c.org.Rules[i]
		c.again(names, "rule", conf.Name, conf.Name, conf.At)
		where := "rule " + conf.Name
		r := &rule{Rule: conf, at: conf.At.Rule()}
		r.role = c.role(conf.Places.Of("role", conf.At), where, conf.Role)
		r.maxRole = c.role(conf.Places.Of("max_role", conf.At), "max_role of "+where, conf.MaxRole)
		r.dept = c.department(conf.Places.Of("department", conf.At), where, conf.Department)
		c.setsKnown(conf.Places, conf.At, where, conf.PermissionSets)
		c.setsKnown(conf.Deny.Places, conf.At, "deny of "+where, conf.Deny.PermissionSets)
		c.ruleSelectors(r)
		c.ruleEffects(r)
		c.policy.rules = append(c.policy.rules, r)
	}
}

func (c *compiler) ruleSelectors(r *rule) {
	if len(r.Groups) == 0 && len(r.ExceptGroups) == 0 && len(r.Connections) == 0 && r.When == "" {
		c.fail(r.At, `say whom it means with groups, when, connections or except_groups; write when: "true" for everybody`,
			"rule %s has no selector and would match everybody", r.Name)
	}
	for _, id := range r.Connections {
		if c.policy.connections[id] == nil {
			c.fail(r.Places.Item("connections", id, r.At), hint("connections", id, c.connectionIDs()), "rule %s: there is no connection %q", r.Name, id)
		}
	}
	r.groups = c.selectorsOf(r, r.Groups)
	r.except = c.selectorsOf(r, r.ExceptGroups)
	if r.When != "" {
		r.condition = c.condition(r.Rule)
		r.bare = r.condition != nil && len(r.Groups)+len(r.ExceptGroups)+len(r.Connections) == 0
	}
}

func (c *compiler) selectorsOf(r *rule, conf []config.Selector) []selector {
	var all []selector
	for _, s := range conf {
		if s.Name == "" && s.ID == "" {
			c.fail(cmp.Or(s.At, r.At), "name the group, or write id: and its externalId", "rule %s asks for a group without a name", r.Name)
			continue
		}
		all = append(all, c.policy.selectors.add(s))
	}
	return all
}

// ruleEffects checks that a rule does something, and its durations.
func (c *compiler) ruleEffects(r *rule) {
	if r.MembershipFor < 0 {
		c.fail(r.Places.Of("membership_for", r.At), "write a duration such as 90d", "membership_for of rule %s is not positive", r.Name)
	}
	if r.GrantFor < 0 {
		c.fail(r.Places.Of("grant_for", r.At), "write a duration such as 7d", "grant_for of rule %s is not positive", r.Name)
	}
	if r.MembershipFor > 0 || r.GrantFor > 0 {
		c.policy.durations[r.Name] = true
	}
	gives := r.Role != "" || r.Department != "" || len(r.Teams)+len(r.PermissionSets)+len(r.Spaces)+len(r.Projects) > 0
	switch {
	case !gives && r.MaxRole == "" && r.MembershipFor == 0 && len(r.Deny.PermissionSets)+len(r.Deny.Teams)+len(r.Deny.Spaces) == 0:
		c.warn(r.At, "add role, department, teams, permission_sets, spaces, projects, max_role, deny or membership_for, or remove the rule",
			"rule %s gives nothing and takes nothing", r.Name)
	case !gives && r.GrantFor > 0:
		c.warn(r.Places.Of("grant_for", r.At), "remove grant_for; a cap or denial never expires", "rule %s has grant_for, and gives nothing that could end", r.Name)
	}
}

// index notes which rules ask for which group or text, so that an evaluation tests only rules that can match.
func (p *Policy) index() {
	p.asking = make([][]int, p.selectors.count)
	for i, r := range p.rules {
		if len(r.groups) == 0 && !p.askForTexts(i, r) {
			p.open = append(p.open, i)
		}
		for _, s := range r.groups {
			p.asking[s.number] = append(p.asking[s.number], i)
		}
	}
}

// allows reports whether a rule counts records of a connection.
func (r *rule) allows(connection string) bool {
	return len(r.Connections) == 0 || slices.Contains(r.Connections, connection)
}

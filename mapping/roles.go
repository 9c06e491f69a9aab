package mapping

import (
	"slices"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// role is a role with its rank, 0 for the lowest, and everything it permits.
type role struct {
	*config.Role
	rank        int
	permissions []string // of included roles too, sorted
}

// roles checks the roles of the file and adds up what each permits.
func (c *compiler) roles() {
	c.policy.roles = make(map[string]*role, len(c.org.Roles))
	names := seen{}
	for i := range c.org.Roles {
		conf := &c.org.Roles[i]
		if !c.again(names, "role", conf.Name, conf.Name, conf.At) {
			c.policy.roles[conf.Name] = &role{Role: conf, rank: i}
		}
	}
	for i := range c.org.Roles {
		conf := &c.org.Roles[i]
		for _, name := range conf.Includes {
			c.role(conf.Places.Item("includes", name, conf.At), "includes of role "+conf.Name, name)
		}
	}
	done := map[*role]bool{}
	for i := range c.org.Roles {
		if r := c.policy.roles[c.org.Roles[i].Name]; r != nil {
			c.include(r, nil, done)
		}
	}
}

// include adds up a role's permissions, those of included roles first. The path is how it was reached.
func (c *compiler) include(r *role, path []string, done map[*role]bool) {
	if i := slices.Index(path, r.Name); i >= 0 {
		c.fail(r.At, "remove one of the includes", "roles include each other in a circle: %s", strings.Join(append(path[i:], r.Name), " → "))
		return
	}
	if done[r] {
		return
	}
	r.permissions = slices.Clone(r.Permissions)
	for _, name := range r.Includes {
		if included := c.policy.roles[name]; included != nil {
			c.include(included, append(path, r.Name), done)
			r.permissions = append(r.permissions, included.permissions...)
		}
	}
	slices.Sort(r.permissions)
	r.permissions = slices.Compact(r.permissions)
	done[r] = true
}

// role finds the role that a part of the file refers to, and reports an unknown one. It returns nil for none.
func (c *compiler) role(at directory.Position, where, name string) *role {
	if name == "" {
		return nil
	}
	r := c.policy.roles[name]
	if r == nil {
		c.fail(at, hint("roles", name, c.policy.roleNames()), "%s: there is no role %q", where, name)
	}
	return r
}

// lower returns the role of lower rank.
func lower(a, b *role) *role {
	if b.rank < a.rank {
		return b
	}
	return a
}

// roleNames returns the names of the roles, the lowest first.
func (p *Policy) roleNames() []string {
	names := make([]string, len(p.Organization.Roles))
	for i := range names {
		names[i] = p.Organization.Roles[i].Name
	}
	return names
}

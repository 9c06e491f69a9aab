package mapping

import (
	"cmp"
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Compile checks references, types and conditions of an organization file, all at once, and returns the policy when no
// problem is an error. Problems are in the order of the file.
func Compile(org *config.Organization) (*Policy, []directory.Problem) {
	c := compiler{org: org, policy: &Policy{Organization: org}}
	c.roles()
	c.departments()
	c.permissionSets()
	c.connections()
	c.domains()
	c.guests()
	c.ignore()
	c.rules()
	c.rollout()
	c.tests()
	slices.SortStableFunc(c.problems, func(a, b directory.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if directory.Failed(c.problems) {
		return nil, c.problems
	}
	c.policy.index()
	return c.policy, c.problems
}

// compiler fills a policy and collects what is wrong. Each step leaves the policy fit for the steps after it, whatever
// it found.
type compiler struct {
	org         *config.Organization
	policy      *Policy
	problems    []directory.Problem
	environment *cel.Env // made when the first condition needs it
}

func (c *compiler) fail(at directory.Position, fix, format string, args ...any) {
	c.report(directory.SeverityError, at, fix, format, args...)
}

func (c *compiler) warn(at directory.Position, fix, format string, args ...any) {
	c.report(directory.SeverityWarning, at, fix, format, args...)
}

func (c *compiler) report(s directory.Severity, at directory.Position, fix, format string, args ...any) {
	c.problems = append(c.problems, directory.Problem{Position: at, Severity: s, Message: fmt.Sprintf(format, args...), Fix: fix})
}

// seen remembers where names were first used.
type seen map[string]directory.Position

// again reports a name that is used a second time, and an empty one.
func (c *compiler) again(names seen, kind, key, written string, at directory.Position) bool {
	if key == "" {
		c.fail(at, "give it a name", "this %s has no name", kind)
		return true
	}
	if first, ok := names[key]; ok {
		c.fail(at, "rename or remove one of them", "%s %q is there twice; the first is at %s", kind, written, first)
		return true
	}
	names[key] = at
	return false
}

// connections checks the connections of the file.
func (c *compiler) connections() {
	c.policy.connections = make(map[string]*connection, len(c.org.Connections))
	ids, authority := seen{}, map[string]string{}
	for i := range c.org.Connections {
		conf := &c.org.Connections[i]
		if c.again(ids, "connection", conf.ID, conf.ID, conf.At) {
			continue
		}
		conn := &connection{Connection: conf, order: i, zeros: zeroValues(conf.Extensions)}
		conn.defaultRole = c.role(conf.Places.Of("default_role", conf.At), "default_role of connection "+conf.ID, conf.DefaultRole)
		c.policy.connections[conf.ID] = conn
		for _, d := range conf.Authority {
			if other, ok := authority[d]; ok && other != conf.ID {
				c.fail(conf.Places.Item("authority", d, conf.At), "leave the domain with one of them", "connections %s and %s both have authority for %s", other, conf.ID, d)
			}
			authority[d] = conf.ID
			if !c.owns(d) {
				c.warn(conf.Places.Item("authority", d, conf.At), hint("domains", d, c.domainNames()), "connection %s has authority for %s, which is not one of the organization's domains", conf.ID, d)
			}
		}
	}
}

func (c *compiler) connectionIDs() []string {
	var ids []string
	for i := range c.org.Connections {
		ids = append(ids, c.org.Connections[i].ID)
	}
	return ids
}

func (c *compiler) owns(domain string) bool { return slices.Contains(c.domainNames(), domain) }

func (c *compiler) domainNames() []string {
	var names []string
	for i := range c.org.Domains {
		names = append(names, c.org.Domains[i].Domain)
	}
	return names
}

// guests checks the limit for people outside the owned domains.
func (c *compiler) guests() {
	if g := c.org.Guests; g != nil {
		c.policy.guestCap = c.role(g.Places.Of("max_role", g.At), "max_role of guests", g.MaxRole)
	}
}

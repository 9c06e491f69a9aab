package mapping

import (
	"cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// domain is a domain that the organization owns, with its table from department to role.
type domain struct {
	*config.Domain
	order       int
	defaultRole *role
	table       map[string]tableRow // by normalized department
}

// tableRow is one line of a domain's table.
type tableRow struct {
	at         directory.Position
	department string
	role       *role
	spelling   bool // stands under a department's name because it was written with another spelling of it
}

// domains checks the domains of the file.
func (c *compiler) domains() {
	c.policy.domains = make(map[string]*domain, len(c.org.Domains))
	names := seen{}
	for i := range c.org.Domains {
		conf := &c.org.Domains[i]
		if c.again(names, "domain", directory.Fold(conf.Domain), conf.Domain, conf.At) {
			continue
		}
		d := &domain{Domain: conf, order: i, table: make(map[string]tableRow, len(conf.Departments))}
		d.defaultRole = c.role(conf.Places.Of("default_role", conf.At), "default_role of domain "+conf.Domain, conf.DefaultRole)
		c.table(d)
		c.policy.domains[directory.Fold(conf.Domain)] = d
	}
}

// table fills a domain's table. A line counts for the text it was written with and for the department which that text
// means, where that department has no line of its own.
func (c *compiler) table(d *domain) {
	lines := seen{}
	for _, line := range d.Departments {
		key := normalize(line.Department)
		if c.again(lines, "department of domain "+d.Domain.Domain, key, line.Department, line.At) {
			continue
		}
		row := tableRow{at: line.At, department: line.Department}
		row.role = c.role(cmp.Or(line.RoleAt, line.At), "departments of domain "+d.Domain.Domain, line.Role)
		if row.role == nil {
			if line.Role == "" {
				c.fail(line.At, "name a role", "department %q of domain %s has no role", line.Department, d.Domain.Domain)
			}
			continue
		}
		d.table[key] = row
		c.tableSpelling(d, key, row)
	}
}

func (c *compiler) tableSpelling(d *domain, key string, row tableRow) {
	dep := c.policy.departments.spellings[key]
	if dep == nil || normalize(dep.Name) == key {
		return
	}
	named := normalize(dep.Name)
	other, taken := d.table[named]
	switch {
	case !taken || other.spelling && other.role.rank == row.role.rank:
		row.spelling = true
		d.table[named] = row
	case other.spelling:
		c.fail(row.at, "keep one line, with the department's name", "%q and %q both mean department %s, and give different roles", other.department, row.department, dep.Name)
	}
}

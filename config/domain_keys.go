package config

import (
	"cmp"
	"fmt"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// domainTable is the table of a domain: an item of "domains", and alone the file that customers keep for one domain.
func domainTable() *object[Domain] {
	return &object[Domain]{
		name: "domain", noun: "a domain", doc: "A mail domain that the organization owns.",
		keys: []key[Domain]{
			in("domain", domainName(), func(d *Domain) *string { return &d.Domain }, "The domain, without @.", "acme.com").must(),
			in("auto_invite", boolean(), func(d *Domain) *bool { return &d.AutoInvite }, "Whether people of this domain may join by signing in.", "true"),
			in("default_role", nameText(), func(d *Domain) *string { return &d.DefaultRole }, "The role of people whom no rule gives one.", "member"),
			in("require_admin_approval", boolean(), func(d *Domain) *bool { return &d.RequireAdminApproval }, "Whether an admin lets each of them in.", "false"),
			in("departments", departmentRoles(), func(d *Domain) *[]DepartmentRole { return &d.Departments },
				"The role that each department gives where no rule gives one.", "{engineering: member, leadership: admin, interns: viewer}").orBlank(),
		},
		start:  func(at directory.Position) Domain { return Domain{At: at} },
		places: func(d *Domain) *Places { return &d.Places },
		finish: func(d *decoder, n *node, domain *Domain) {
			if isPublicMail(domain.Domain) {
				d.fail(n.get("domain").at, publicMailIsNobodys(domain.Domain), publicMailFix)
			}
		},
	}
}

func departmentRoles() value[[]DepartmentRole] {
	role := nameText()
	table := mapOf(func(d *decoder, key, n *node) (DepartmentRole, bool) {
		name, ok := role.read(d, n, spot{key: key.text, example: "member"})
		return DepartmentRole{At: key.at, RoleAt: n.at, Department: key.text, Role: name}, ok
	}, func(a, b DepartmentRole) int {
		return cmp.Or(cmp.Compare(normalize(a.Department), normalize(b.Department)), cmp.Compare(a.Department, b.Department))
	}, func(*definitions) *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }, "a mapping from department to role")
	read := table.read
	table.read = func(d *decoder, n *node, s spot) ([]DepartmentRole, bool) {
		rows, ok := read(d, n, s)
		for i := 1; i < len(rows); i++ {
			if a, b := rows[i-1], rows[i]; normalize(a.Department) == normalize(b.Department) {
				d.fail(later(a.At, b.At), fmt.Sprintf("the departments %q and %q are the same: case and outer space do not count", a.Department, b.Department), "keep one of them")
			}
		}
		return rows, ok
	}
	return table
}

// later returns the place that comes second in its file.
func later(a, b directory.Position) directory.Position {
	if a.Line > b.Line || a.Line == b.Line && a.Column > b.Column {
		return a
	}
	return b
}

// domainsFile is the key that names a file of domains.
func domainsFile(domain *object[Domain]) key[Organization] {
	path := filePath()
	return key[Organization]{
		name: "domains_file", example: "domain.json", schema: path.schema,
		doc: "A file with one domain, or a list of domains, beside this one.",
		read: func(d *decoder, n *node, o *Organization) {
			name, ok := path.read(d, n, spot{key: "domains_file", example: "domain.json"})
			if !ok {
				return
			}
			d.include(n, name, func(d *decoder, root *node) {
				items := []*node{root}
				if root.kind == isList {
					items = root.items
				}
				for _, item := range items {
					if got, ok := domain.read(d, item, spot{key: "domains_file"}); ok {
						o.Domains = append(o.Domains, got)
					}
				}
			})
		},
	}
}

package mapping

import (
	"strings"

	"github.com/mixus/usher/directory"
)

// fallback chooses the role of a person to whom no rule gives one: an accepted invitation's, else that of the domain's
// department table, else the domain's default, else the connection's. Guests have invitations only.
func (e *evaluation) fallback(department *choice) choice {
	var chosen choice
	consider := func(option choice) {
		switch {
		case option.role == nil:
		case chosen.role == nil:
			chosen = option
		default:
			e.beat(&chosen, &option)
		}
	}
	consider(e.invitationRole())
	if e.decision().Guest {
		return chosen
	}
	consider(e.departmentRole(department))
	for _, d := range e.domains {
		consider(roleFrom(d.defaultRole, directory.SourceDomainDefault, d.At, "address in ", d.Domain.Domain))
	}
	for i := range e.giving {
		if c := e.giving[i].connection; c != nil {
			consider(roleFrom(c.defaultRole, directory.SourceConnectionDefault, c.At, e.giving[i].what(), c.ID))
		}
	}
	return chosen
}

// roleFrom is the choice of a role, none for nil. The words for why are joined only when they are needed.
func roleFrom(r *role, source directory.Source, at directory.Position, because ...string) choice {
	if r == nil {
		return choice{}
	}
	return choice{value: r.Name, role: r, reason: directory.Reason{
		Field: fieldRole, Value: r.Name, Source: source, At: at.Rule(), Because: strings.Join(because, ""),
	}}
}

func (e *evaluation) invitationRole() choice {
	g := e.invited()
	if g == nil {
		return choice{}
	}
	r := e.policy.roles[g.Role]
	if r == nil {
		if g.Role != "" {
			e.problem("an invitation names the role %q, which the policy does not have; it is not applied", g.Role)
		}
		return choice{}
	}
	c := roleFrom(r, directory.SourceInvitation, r.At, byHand("invited", g))
	c.reason.Until = g.Ends
	return c
}

// departmentRole looks the department up in the tables of the person's domains: the department itself, then those above
// it, then the directory's own text.
func (e *evaluation) departmentRole(department *choice) choice {
	keys := make([]string, 0, 4)
	if dep := e.policy.departments.named[normalize(department.value)]; dep != nil {
		keys = append(keys, normalize(dep.Name))
		for _, up := range dep.above {
			keys = append(keys, normalize(up.Name))
		}
	}
	if s := department.reason.Source; s == "" || s == directory.SourceDirectory {
		keys = append(keys, e.key)
	}
	for _, d := range e.domains {
		for _, key := range keys {
			if row, ok := d.table[key]; ok {
				return roleFrom(row.role, directory.SourceDomainDepartments, row.at, "department ", row.department, " in the table of ", d.Domain.Domain)
			}
		}
	}
	return choice{}
}

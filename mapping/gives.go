package mapping

import (
	"slices"

	"github.com/mixus/usher/directory"
)

// StillGives reports whether what gave a value, by its stored reason, can still give it under this policy: the role, or
// the permission set, exists, and a rule that gave it is still there and still does. A role has to come from the same rule;
// a value of a list may come from any.
func (p *Policy) StillGives(r *directory.Reason) bool {
	switch r.Field {
	case fieldRole:
		if p.roles[r.Value] == nil {
			return false
		}
	case fieldPermissionSets:
		if p.sets[r.Value] == nil {
			return false
		}
	}
	if r.Source != directory.SourceRule {
		return true
	}
	return slices.ContainsFunc(p.rules, func(rule *rule) bool {
		switch r.Field {
		case fieldRole:
			return rule.Name == r.Rule && rule.Role == r.Value
		case fieldDepartment:
			return rule.dept != nil && rule.dept.Name == r.Value
		case fieldTeams:
			return slices.Contains(rule.Teams, r.Value)
		case fieldPermissionSets:
			return slices.Contains(rule.PermissionSets, r.Value)
		case fieldSpaces:
			return slices.Contains(rule.Spaces, r.Value)
		case fieldProjects:
			return slices.Contains(rule.Projects, r.Value)
		}
		return false
	})
}

// LowestRole returns the name of the lowest role, "" for a file without roles.
func (p *Policy) LowestRole() string {
	if len(p.Organization.Roles) == 0 {
		return ""
	}
	return p.Organization.Roles[0].Name
}

package provision

import (
	"reflect"
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// The fields of effects that stand in plans alone: what people have keeps its name and allows something else.
const (
	fieldSetValues       = "permission_set_values"
	fieldRolePermissions = "role_permissions"
)

// allowed is what differs between two policies in what the same names allow.
type allowed struct {
	sets, roles map[string]bool
}

// allowedOtherwise compares what permission sets and roles allow under two policies.
func allowedOtherwise(was, is *mapping.Policy) *allowed {
	a := &allowed{sets: map[string]bool{}, roles: map[string]bool{}}
	if was == nil {
		return a
	}
	for i := range is.Organization.PermissionSets {
		set := &is.Organization.PermissionSets[i]
		if before, ok := was.PermissionSet(set.Name); ok && !reflect.DeepEqual(valuesOf(before), valuesOf(set)) {
			a.sets[set.Name] = true
		}
	}
	for i := range is.Organization.Roles {
		name := is.Organization.Roles[i].Name
		if _, ok := was.Role(name); ok && !slices.Equal(was.RolePermissions(name), is.RolePermissions(name)) {
			a.roles[name] = true
		}
	}
	return a
}

func valuesOf(set *config.PermissionSet) map[string]directory.Value {
	values := make(map[string]directory.Value, len(set.Values))
	for i := range set.Values {
		values[set.Values[i].Name] = set.Values[i].Value
	}
	return values
}

// effects returns what a person keeps by name, and what allows something else then.
func (a *allowed) effects(before, after *directory.Member) []directory.Effect {
	if before == nil || before.Status != directory.StatusActive || after.Status != directory.StatusActive {
		return nil
	}
	var out []directory.Effect
	if role := after.Decision.Role; role == before.Decision.Role && a.roles[role] {
		out = append(out, directory.Effect{Field: fieldRolePermissions, After: role})
	}
	for _, set := range after.Decision.PermissionSets {
		if a.sets[set] && slices.Contains(before.Decision.PermissionSets, set) {
			out = append(out, directory.Effect{Field: fieldSetValues, After: set})
		}
	}
	return out
}

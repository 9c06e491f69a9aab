package config

import (
	"fmt"
	"slices"
	"strings"
)

// The scopes of a permission: on what of its kind it may be done. Each includes ScopeOwn, ScopeShared includes
// ScopePublic, and ScopeAll is meant where none is written.
const (
	ScopeOwn    = "own"    // what belongs to the person
	ScopePublic = "public" // what is there for everybody
	ScopeShared = "shared" // what is shared with the person
	ScopeAll    = "all"
)

func scopes() []string { return []string{ScopeOwn, ScopePublic, ScopeShared, ScopeAll} }

// SplitPermission returns the action and the scope of a role's permission such as conversations.view.shared.
func SplitPermission(permission string) (action, scope string) {
	if i := strings.LastIndexByte(permission, '.'); i > 0 && slices.Contains(scopes(), permission[i+1:]) {
		return permission[:i], permission[i+1:]
	}
	return permission, ScopeAll
}

// checkPermissions warns of permissions of a role that end in something like a scope. Taken as an action, which nobody
// asks for, they would give nothing.
func checkPermissions(d *decoder, r *Role) {
	for _, permission := range r.Permissions {
		parts := strings.Split(permission, ".")
		last := parts[len(parts)-1]
		if near := Nearest(last, scopes()); len(parts) > 2 && near != "" && near != last {
			d.warn(r.Places.Item("permissions", permission, r.At), fmt.Sprintf("%q ends in no scope", short(permission)),
				"write "+strings.TrimSuffix(permission, last)+near+", if that is meant")
		}
	}
}

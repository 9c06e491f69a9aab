package provider

import (
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// claimNames lists the claims that there can be, for the discovery document.
func claimNames() []string {
	return []string{
		"iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "org", "connection", "name", "given_name", "family_name",
		"email", "email_verified", "role", "department", "teams", "permissions", "permission_sets", "permission_values",
	}
}

// claims says of a person what the scopes ask for. A value that there is not is left out; a list is there when it is empty.
func claims(in *provision.SignedIn, scopes []string) map[string]any {
	d := &in.Member.Decision
	out := map[string]any{"sub": in.Member.ID.String(), "org": in.Organization}
	set := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	set("connection", in.Connection)
	if slices.Contains(scopes, oidc.ScopeProfile) {
		set("name", d.Name)
		set("given_name", in.GivenName)
		set("family_name", in.FamilyName)
	}
	if slices.Contains(scopes, oidc.ScopeEmail) && d.Email != "" {
		out["email"], out["email_verified"] = d.Email, in.EmailVerified
	}
	if slices.Contains(scopes, scopeAccess) {
		set("role", d.Role)
		set("department", d.Department)
		out["teams"], out["permissions"], out["permission_sets"] = list(d.Teams), list(in.Permissions), list(d.PermissionSets)
		values := make(map[string]directory.Value, len(in.Access))
		for _, v := range in.Access {
			values[v.Name] = v.Value
		}
		out["permission_values"] = values
	}
	return out
}

// list returns a list that is written as one when it is empty.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

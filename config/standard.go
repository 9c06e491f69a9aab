package config

// StandardRoles are the roles of an organization whose file declares none: viewer, member and admin, each with the
// permissions of those before it.
func StandardRoles() []Role {
	return []Role{
		{Name: "viewer", Permissions: []string{"conversations.view.shared", "knowledge_bases.read.public"}},
		{Name: "member", Includes: []string{"viewer"}, Permissions: []string{"agents.create", "agents.edit.own", "agents.run.shared", "files.upload", "conversations.join.shared"}},
		{Name: "admin", Includes: []string{"member"}, Permissions: []string{"members.manage", "billing.manage", "sso.configure", "analytics.view"}},
	}
}

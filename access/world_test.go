package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// file is an organization that uses every source of access.
const file = `organization: {id: acme}
departments:
  - {name: engineering, match: [Eng]}
  - {name: platform, parent: engineering}
  - {name: marketing}
  - {name: sales}
  - {name: support}
  - {name: leadership}
  - {name: interns}
roles:
  - {name: viewer, permissions: [conversations.view.shared, knowledge_bases.read.public]}
  - name: member
    includes: [viewer]
    permissions: [agents.run.own, agents.edit.own, files.upload, agents.create]
  - {name: admin, includes: [member], permissions: [agents.edit, models.use, billing.manage]}
rules:
  - {name: all, when: "true", teams: [launch]}
permission_sets:
  marketing_team: {ai_models: [gpt-4, claude-3], integrations: [email, salesforce], agent_creation: true, file_upload_limit: 100MB, knowledge_base_access: [marketing]}
  finance_team: {ai_models: [claude-4], agent_creation: admin_approval, file_upload_limit: 500MB, regions: [eu], export: true}
  audit: {agent_creation: false}
projects:
  - name: alpha
    members: {departments: [Eng], teams: [launch], people: [Ann@acme.com]}
    agents: [code_reviewer]
    integrations: [github]
    from: 2026-03-01
    duration: 10d
spaces:
  - name: marketing
    access: {marketing: full, leadership: view, sales: [guidelines], interns: none}
    agents: [content_creator]
    files: [guidelines, assets]
    conversations: [strategy]
shared_agents:
  customer_support_bot:
    access: [support, sales, leadership]
    permissions: {support: full, sales: run_only, leadership: view_only, interns: none}
shared_integrations:
  salesforce:
    access: [sales, marketing, support]
    data_scope: {sales: full_access, marketing: read_leads, support: read_customers}
`

func parse(t testing.TB) *config.Organization {
	t.Helper()
	o, problems := config.ParseOrganization("acme.yaml", []byte(file), config.Options{})
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	return o
}

// person makes an active member; each value is "field value", and has a reason by a rule of its own.
func person(values ...[2]string) *directory.Member {
	m := &directory.Member{ID: directory.ID{15: 1}, Status: directory.StatusActive}
	d := &m.Decision
	d.InScope, d.Active, d.Email, d.Aliases = true, true, "ann@acme.com", []string{"ann@acme.com"}
	for i, v := range values {
		switch v[0] {
		case "role":
			d.Role = v[1]
		case "department":
			d.Department = v[1]
		case "teams":
			d.Teams = append(d.Teams, v[1])
		case "permission_sets":
			d.PermissionSets = append(d.PermissionSets, v[1])
		case "spaces":
			d.Spaces = append(d.Spaces, v[1])
		case "projects":
			d.Projects = append(d.Projects, v[1])
		}
		d.Reasons = append(d.Reasons, directory.Reason{
			Field: v[0], Value: v[1], Source: directory.SourceRule, Rule: "rule " + v[1], At: "acme.yaml:" + string(rune('1'+i)), Because: "made up",
		})
	}
	for _, list := range []*[]string{&d.Teams, &d.PermissionSets, &d.Spaces, &d.Projects} {
		slices.Sort(*list)
	}
	return m
}

// somebodyElse is person with another address.
func somebodyElse(values ...[2]string) *directory.Member {
	m := person(values...)
	m.ID, m.Decision.Email, m.Decision.Aliases = directory.ID{15: 2}, "bob@acme.com", []string{"bob@acme.com"}
	return m
}

func on(action, kind, id string) access.Question {
	return access.Question{Action: action, Resource: access.Resource{Thing: access.Thing{Type: kind, ID: id}}}
}

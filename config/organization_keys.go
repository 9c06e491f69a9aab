package config

import (
	"time"

	"github.com/mixus/usher/directory"
)

// organizationTable is the table of an organization file.
func organizationTable() *object[Organization] {
	sets := permissionSets()
	domain := domainTable()
	return &object[Organization]{
		name: "file", noun: "an organization file",
		doc: "One customer: who its people are, who may join, and what each group gives. The order of keys carries no meaning.",
		keys: []key[Organization]{
			in("$schema", anyText(), func(*Organization) *string { return new(string) }, "The JSON Schema of this file, for editors.", "usher.schema.json"),
			{
				name: "organization", doc: "Who this file is about.", example: "{id: acme, name: Acme Inc.}", required: true,
				schema: identityTable().value().schema,
				read: func(d *decoder, n *node, o *Organization) {
					if got, ok := identityTable().read(d, n, spot{key: "organization", example: "{id: acme}"}); ok {
						o.At, o.ID, o.Name, o.Support = got.At, got.ID, got.Name, got.Support
					}
				},
			},
			in("domains", listOf(domain.value(), "a list of domains"), func(o *Organization) *[]Domain { return &o.Domains },
				"The mail domains that the organization owns, and what people of each get when they join by signing in.", "[{domain: acme.com, auto_invite: true, default_role: member}]").orBlank(),
			domainsFile(domain),
			in("connections", listOf(connectionTable().value(), "a list of connections"), func(o *Organization) *[]Connection { return &o.Connections },
				"The identity providers. The earlier one's profile of a person wins where no authority says otherwise.", "[{id: acme-okta, provider: okta}]").orBlank(),
			in("departments", listOf(departmentTable().value(), "a list of departments"), func(o *Organization) *[]Department { return &o.Departments },
				"The departments, with the spellings that directories use for them.", "[{name: engineering, match: [Eng, \"R&D\"]}]").orBlank(),
			in("roles", listOf(roleTable().value(), "a list of roles"), func(o *Organization) *[]Role { return &o.Roles },
				"The roles; a later one ranks higher. Without this key: viewer, member and admin.", "[{name: viewer}, {name: member, includes: [viewer]}]").orBlank(),
			in("rules", listOf(ruleTable().value(), "a list of rules"), func(o *Organization) *[]Rule { return &o.Rules },
				"What people get. Every matching rule counts.", "[{name: engineers, groups: [Engineering], role: member}]").orBlank(),
			in("permission_sets", sets, func(o *Organization) *[]PermissionSet { return &o.PermissionSets },
				"Named sets of values that rules give.", "{engineering_tools: {ai_models: [claude-4], file_upload_limit: 500MB}}").orBlank(),
			permissionSetsFile(sets),
			in("projects", listOf(projectTable().value(), "a list of projects"), func(o *Organization) *[]Project { return &o.Projects },
				"Work for a time, with its members and what they use.", "[{name: alpha, members: {departments: [engineering]}, agents: [code_reviewer]}]").orBlank(),
			in("spaces", listOf(spaceTable().value(), "a list of spaces"), func(o *Organization) *[]Space { return &o.Spaces },
				"The rooms of teams, and who may do what in them.", "[{name: marketing, access: {marketing: full, leadership: view}}]").orBlank(),
			sharedAgentsKey(), sharedIntegrationsKey(), sharingFile(),
			in("ignore", listOf(ignoreTable().value(), "a list of patterns"), func(o *Organization) *[]Ignore { return &o.Ignore },
				"Directory records that never become members, such as service accounts.", "[{user_name: \"svc-*\"}]").orBlank(),
			in("guests", guestsTable(), func(o *Organization) **Guests { return &o.Guests },
				"People outside the owned domains. They join only by a rule with guests: true.", "{max_role: viewer}").orBlank(),
			in("break_glass", listOf(breakGlassTable().value(), "a list of people"), func(o *Organization) *[]BreakGlass { return &o.BreakGlass },
				"People who can sign in when no provider answers.", "[{email: root@acme.com}]").orBlank(),
			in("brakes", listOf(brakeTable().value(), "a list of brakes"), func(o *Organization) *[]Brake { return &o.Brakes },
				"How many people a change may touch before the rest waits for an admin.", "[{of: suspensions, window: 1h, floor: 10, percent: 3, ceiling: 50}]").orBlank(),
			in("tests", listOf(testTable().value(), "a list of tests"), func(o *Organization) *[]Test { return &o.Tests },
				"Made-up people and what must become of them under this file.", "[{name: an engineer is a member, groups: [Engineering], expect: {role: member}}]").orBlank(),
			in("policy", policyTable().value(), func(o *Organization) *PolicySettings { return &o.Policy },
				"How a changed file takes effect.", "{apply: on_start}").orBlank(),
			in("rollout", listOf(phaseTable().value(), "a list of phases"), func(o *Organization) *[]Phase { return &o.Rollout },
				"Who comes in when, in steps. Whom no step that has begun admits waits; who has joined already is unaffected.", "[{name: core team, from: 2026-03-01, groups: [Core]}]").orBlank(),
			in("sessions", sessionsTable().value(), func(o *Organization) *Sessions { return &o.Sessions },
				"How long people stay signed in.", "{idle: 12h, absolute: 7d}").orBlank(),
			in("invitations", invitationsTable().value(), func(o *Organization) *Invitations { return &o.Invitations },
				"How people are invited.", "{require_approval: true, expires: 7d, reminders: [2d, 5d]}").orBlank(),
			in("terms", termsTable().value(), func(o *Organization) *Terms { return &o.Terms },
				"What everybody who joins accepts once, and again when the version changes.", `{version: "2027-01", url: "https://acme.com/terms"}`).orBlank(),
			in("onboarding", onboardingTable().value(), func(o *Organization) *Onboarding { return &o.Onboarding },
				"What is asked of people who are new.", "{steps: [{id: account, minutes: 2}], training_file: training.json}").orBlank(),
			in("mail", lettersTable().value(), func(o *Organization) *Letters { return &o.Letters },
				"How the organization's mail reads.", "{templates: letters}").orBlank(),
			in("logo", logoAddress(), func(o *Organization) *string { return &o.Logo },
				"The picture on the pages for people: an https address, or a path below public_url that the proxy in front serves.", "https://cdn.acme.com/logo.svg"),
		},
		start:  func(at directory.Position) Organization { return Organization{At: at} },
		places: func(o *Organization) *Places { return &o.Places },
		finish: finishOrganization,
	}
}

// identityTable is the table of the key "organization".
func identityTable() *object[Organization] {
	return &object[Organization]{
		name: "organization", noun: `"organization"`, doc: "Who the file is about.",
		keys: []key[Organization]{
			in("id", identifier(), func(o *Organization) *string { return &o.ID },
				"The id by which commands and URLs know the organization. It never changes.", "acme").must(),
			in("name", nameText(), func(o *Organization) *string { return &o.Name }, "The name that people read.", "Acme Inc."),
			in("support", supportTable().value(), func(o *Organization) *Support { return &o.Support }, "Whom an employee turns to.", "{name: IT Service Desk, email: it@acme.com}"),
		},
		start: func(at directory.Position) Organization { return Organization{At: at} },
	}
}

func supportTable() *object[Support] {
	return &object[Support]{
		name: "support", noun: `"support"`, doc: "Whom an employee turns to.",
		keys: []key[Support]{
			in("name", nameText(), func(s *Support) *string { return &s.Name }, "Who helps.", "IT Service Desk"),
			in("email", emailAddress(), func(s *Support) *string { return &s.Email }, "Their address.", "it@acme.com"),
			in("url", webURL(), func(s *Support) *string { return &s.URL }, "Their page.", "https://help.acme.com"),
		},
	}
}

func policyTable() *object[PolicySettings] {
	return &object[PolicySettings]{
		name: "policy", noun: `"policy"`, doc: "How a changed file takes effect.",
		keys: []key[PolicySettings]{
			in("apply", oneOf("on_start"), func(p *PolicySettings) *string { return &p.Apply },
				"on_start applies a changed file when the server starts, within the brakes. Without it, `usher apply` does.", "on_start"),
		},
	}
}

func phaseTable() *object[Phase] {
	return &object[Phase]{
		name: "phase", noun: "a phase", doc: "One step of a rollout.",
		keys: []key[Phase]{
			in("name", nameText(), func(p *Phase) *string { return &p.Name }, "What people read.", "core team"),
			in("from", instant(), func(p *Phase) *time.Time { return &p.From }, "When the step begins.", "2026-03-01").must(),
			in("groups", someOf(selector(), "a list of group names"), func(p *Phase) *[]Selector { return &p.Groups }, "Whose turn it is; without it, everybody's.", "[Core]"),
		},
		start:  func(at directory.Position) Phase { return Phase{At: at} },
		places: func(p *Phase) *Places { return &p.Places },
	}
}

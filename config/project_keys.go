package config

import (
	"time"

	"github.com/mixus/usher/directory"
)

func projectTable() *object[Project] {
	names := func(noun string) value[[]string] { return listOf(nameText(), noun) }
	return &object[Project]{
		name: "project", noun: "a project", doc: "Work for a time. Its members may do everything with what it has, until it ends by itself.",
		keys: []key[Project]{
			in("name", nameText(), func(p *Project) *string { return &p.Name }, "The name by which rules give it.", "alpha").must(),
			in("members", projectMembersTable().value(), func(p *Project) *ProjectMembers { return &p.Members }, "Who is in it, beside those to whom a rule gives it.", "{departments: [engineering, product]}"),
			in("agents", names("a list of agents"), func(p *Project) *[]string { return &p.Agents }, "Its agents.", "[code_reviewer]"),
			in("integrations", names("a list of integrations"), func(p *Project) *[]string { return &p.Integrations }, "Its integrations.", "[github, slack]"),
			in("files", names("a list of files"), func(p *Project) *[]string { return &p.Files }, "Its files and folders.", "[specs, designs]"),
			in("knowledge_bases", names("a list of knowledge bases"), func(p *Project) *[]string { return &p.KnowledgeBases }, "Its parts of the knowledge base.", "[alpha]"),
			in("from", instant(), func(p *Project) *time.Time { return &p.From }, "When it begins; without it, it has begun.", "2026-03-01"),
			in("duration", duration(), func(p *Project) *time.Duration { return &p.Duration }, "How long it lasts, counted from the beginning.", "26w"),
			in("ends", instant(), func(p *Project) *time.Time { return &p.Ends }, "When it ends, in place of a duration. From then on it gives nothing.", "2026-09-01"),
			in("warn", duration(), func(p *Project) *time.Duration { return &p.Warn }, "How long before its end its people and the admins are told of it by mail; 7d without it.", "14d"),
		},
		start:  func(at directory.Position) Project { return Project{At: at} },
		places: func(p *Project) *Places { return &p.Places },
		finish: func(d *decoder, n *node, p *Project) {
			long, ends := n.get("duration"), n.get("ends")
			switch {
			case long != nil && ends != nil:
				d.fail(long.at, "a project ends after its duration or at an instant, and this one says both", "remove duration or ends")
			case long != nil && n.get("from") == nil:
				d.fail(long.at, "a duration needs a beginning to count from", "add from: 2026-03-01, or write ends: 2026-09-01 in its place")
			case ends != nil && !p.Ends.IsZero() && !p.Ends.After(p.From):
				d.fail(ends.at, "the project ends before it begins", "correct from or ends")
			}
		},
	}
}

func projectMembersTable() *object[ProjectMembers] {
	return &object[ProjectMembers]{
		name: "project_members", noun: "the members of a project", doc: "Who is in a project. Whom any of the lists names is in it.",
		keys: []key[ProjectMembers]{
			in("departments", listOf(nameText(), "a list of departments"), func(m *ProjectMembers) *[]string { return &m.Departments }, "Everybody of these departments, and of those below them.", "[engineering, product]"),
			in("teams", listOf(nameText(), "a list of teams"), func(m *ProjectMembers) *[]string { return &m.Teams }, "Everybody of these teams.", "[platform]"),
			in("people", listOf(emailAddress(), "a list of addresses"), func(m *ProjectMembers) *[]string { return &m.People }, "These people.", "[ann@acme.com]"),
		},
		start:  func(at directory.Position) ProjectMembers { return ProjectMembers{At: at} },
		places: func(m *ProjectMembers) *Places { return &m.Places },
	}
}

package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// Project is a project of the organization's file, as it stands.
type Project struct {
	Name   string     `json:"name"`
	State  string     `json:"state" enum:"coming,running,ended"`
	At     string     `json:"at" doc:"The line of the file."`
	From   *time.Time `json:"from,omitempty"`
	Until  *time.Time `json:"until,omitempty" doc:"When it ends; absent for never."`
	Filed  *time.Time `json:"file_says,omitempty" doc:"When the file says that it ends."`
	Moved  *MovedEnd  `json:"moved,omitempty" doc:"Who has said otherwise."`
	Warn   string     `json:"warn" doc:"How long before its end its people are told of it."`
	People *int       `json:"people,omitempty" doc:"How many active members are in it; where one project is asked for."`
	Who    []string   `json:"who,omitempty" nullable:"false" doc:"The first hundred of them."`

	Agents         []string `json:"agents" nullable:"false"`
	Integrations   []string `json:"integrations" nullable:"false"`
	Files          []string `json:"files" nullable:"false"`
	KnowledgeBases []string `json:"knowledge_bases" nullable:"false"`
}

// MovedEnd says who has moved the end of a project, and why.
type MovedEnd struct {
	By     string     `json:"by"`
	Reason string     `json:"reason"`
	At     time.Time  `json:"at"`
	Was    *time.Time `json:"was,omitempty" doc:"When it would have ended."`
}

// ExtendProjectBody says until when a project lasts, or how much longer.
type ExtendProjectBody struct {
	ReasonBody
	Until *time.Time `json:"until,omitempty" doc:"When the project ends: later than it does now. Either this or for."`
	For   string     `json:"for,omitempty" maxLength:"20" doc:"How much longer it lasts than it does now, such as 30d; from now on where it has ended."`
}

// extension reads what is asked for.
func (b *ExtendProjectBody) extension() (provision.Extension, error) {
	var by provision.Extension
	switch {
	case (b.Until == nil || b.Until.IsZero()) == (b.For == ""):
		return by, invalid("until", "Say until when the project lasts, or for how much longer: either until or for.")
	case b.For != "":
		length, err := config.ParseDuration(b.For)
		if err != nil || length <= 0 {
			return by, invalid("for", "Say how much longer the project lasts, such as 30d.")
		}
		by.For = length
	default:
		by.Until = *b.Until
	}
	return by, nil
}

// OneProject is the path of one project.
type OneProject struct {
	InOrganization
	Project string `path:"project" maxLength:"200" doc:"The project's name in the file."`
}

type projectAct[B any] struct {
	OneProject
	Body B
}

// namedInProject is how many people of a project are named.
const namedInProject = 100

func (s *Server) projects(api huma.API) {
	const path = "/organizations/{organization}/projects"
	handle(s, api, get(path, "list-projects", ScopeMembersRead, "List projects", "Lists the projects of the organization's file in force, and when each ends."),
		func(ctx context.Context, in *InOrganization) (*answer[Page[Project]], error) {
			page := Page[Project]{Items: []Project{}}
			org, err := s.num(ctx, in.Organization)
			if err != nil {
				return nil, err
			}
			rows, err := s.Engine.Projects(ctx, org)
			for i := range rows {
				page.Items = append(page.Items, projectView(&rows[i], s.Now()))
			}
			return found(page, err)
		})
	handle(s, api, get(path+"/{project}", "get-project", ScopeMembersRead, "Get a project", "With the people who are in it."),
		func(ctx context.Context, in *OneProject) (*answer[Project], error) {
			return found(s.oneProject(ctx, in))
		})
	projectVerb(s, api, "extend", "Extend a project", "Makes the project end later than it does now, until an instant or for a time longer. What admins say counts in place of the file, until they say something else.",
		func(ctx context.Context, org directory.OrgNum, name string, why directory.Cause, b *ExtendProjectBody) (*provision.Project, error) {
			by, err := b.extension()
			if err != nil {
				return nil, err
			}
			return s.Engine.ExtendProject(ctx, org, name, by, why)
		})
	projectVerb(s, api, "end", "End a project", "Ends it now: what it gives ends at once.",
		func(ctx context.Context, org directory.OrgNum, name string, why directory.Cause, _ *ReasonBody) (*provision.Project, error) {
			return s.Engine.EndProject(ctx, org, name, why)
		})
}

func projectVerb[B any, P interface {
	*B
	given() (string, error)
}](s *Server, api huma.API, name, summary, detail string, do func(context.Context, directory.OrgNum, string, directory.Cause, P) (*provision.Project, error),
) {
	handle(s, api, post("/organizations/{organization}/projects/{project}/"+name, name+"-project", ScopeMembersWrite, summary, detail),
		func(ctx context.Context, in *projectAct[B]) (*answer[Project], error) {
			why := cause(ctx)
			var err error
			if why.Reason, err = P(&in.Body).given(); err != nil {
				return nil, err
			}
			org, err := s.num(ctx, in.Organization)
			if err != nil {
				return nil, err
			}
			p, err := do(ctx, org, in.Project, why, &in.Body)
			if err != nil {
				return nil, err
			}
			return found(projectView(p, s.Now()), nil)
		})
}

func (s *Server) oneProject(ctx context.Context, in *OneProject) (Project, error) {
	org, err := s.num(ctx, in.Organization)
	if err != nil {
		return Project{}, err
	}
	p, err := s.Engine.OneProject(ctx, org, in.Project)
	if err != nil {
		return Project{}, err
	}
	view := projectView(p, s.Now())
	n := 0
	view.Who = []string{}
	err = s.Engine.ProjectPeople(ctx, org, in.Project, func(m *directory.Member) {
		if n++; n <= namedInProject {
			view.Who = append(view.Who, m.Decision.Email)
		}
	})
	view.People = &n
	return view, err
}

func projectView(p *provision.Project, now time.Time) Project {
	view := Project{
		Name: p.Name, State: p.State(now), At: p.At.Rule(), From: instant(p.From), Until: instant(p.Until), Filed: instant(p.End()), Warn: config.FormatDuration(p.Warning()),
		Agents: list(p.Agents), Integrations: list(p.Integrations), Files: list(p.Files), KnowledgeBases: list(p.KnowledgeBases),
	}
	if m := p.Moved; m != nil {
		view.Moved = &MovedEnd{By: m.Cause.Actor, Reason: m.Cause.Reason, At: m.At, Was: instant(m.Was)}
	}
	return view
}

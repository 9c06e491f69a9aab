package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/onboarding"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// OnboardingStanding is how far a member is with what is asked of who is new.
type OnboardingStanding struct {
	ID          string     `json:"id"`
	Email       string     `json:"email"`
	Name        string     `json:"name"`
	Status      string     `json:"status"`
	Department  string     `json:"department"`
	Joined      *time.Time `json:"joined,omitempty"`
	State       string     `json:"state" enum:"nothing_asked,not_begun,under_way,complete" doc:"It stays complete when more is asked later."`
	Done        int        `json:"done" doc:"How many of the required steps and modules are done."`
	Total       int        `json:"total" doc:"How many are required."`
	Percent     int        `json:"percent"`
	MinutesLeft int        `json:"minutes_left" doc:"Of the required ones."`
	Completed   *time.Time `json:"completed,omitempty" doc:"When everything that was required was done."`
	Badge       *Badge     `json:"badge,omitempty" doc:"Once everything is done, where the organization has a badge."`
}

// Badge is what somebody gets who has done everything.
type Badge struct {
	Name  string `json:"name"`
	Image string `json:"image,omitempty" doc:"An https address, or a path below the address of this server."`
}

// OnboardingStep is something that is asked of a member, or offered.
type OnboardingStep struct {
	ID       string       `json:"id" doc:"The id of the step, or the name of the module; what is reported."`
	Kind     string       `json:"kind" enum:"step,module"`
	Title    string       `json:"title"`
	Minutes  int          `json:"minutes,omitempty"`
	Link     string       `json:"link,omitempty"`
	Items    []string     `json:"items,omitempty" nullable:"false" doc:"What it consists of."`
	Required bool         `json:"required"`
	Done     bool         `json:"done"`
	DoneAt   *time.Time   `json:"done_at,omitempty"`
	By       string       `json:"reported_by,omitempty" doc:"Who reported it; absent where usher saw it itself."`
	New      bool         `json:"new,omitempty" doc:"Whether it is asked since everything was complete."`
	Sources  []StepSource `json:"sources" nullable:"false" doc:"The lines of the file that ask for it, and through what the member is meant."`
}

// StepSource is what asks something of a member.
type StepSource struct {
	At       string `json:"at" doc:"The line of the file."`
	Because  string `json:"because" doc:"Through what the member is meant: everybody, a role, department, team or permission set."`
	Required bool   `json:"required"`
}

// MemberOnboarding is how far a member is, step by step.
type MemberOnboarding struct {
	OnboardingStanding
	Steps []OnboardingStep `json:"steps" nullable:"false" doc:"Steps in the order of the file, then required modules, then optional ones."`
}

// OnboardingSummary counts how far the active members of an organization are.
type OnboardingSummary struct {
	NotBegun    int                    `json:"not_begun"`
	UnderWay    int                    `json:"under_way"`
	Complete    int                    `json:"complete"`
	Active      int                    `json:"active" doc:"How many members are active; of some of them nothing may be asked."`
	Declared    int                    `json:"declared" doc:"How many steps and modules the organization's file can ask of somebody."`
	Departments []OnboardingDepartment `json:"departments" nullable:"false"`
	Steps       []OnboardingStepCount  `json:"steps" nullable:"false" doc:"Required ones first, each the slowest first."`
}

// OnboardingDepartment counts the people of one department.
type OnboardingDepartment struct {
	Department string `json:"department" doc:"Empty for those without a department."`
	NotBegun   int    `json:"not_begun"`
	UnderWay   int    `json:"under_way"`
	Complete   int    `json:"complete"`
}

// OnboardingStepCount is how many have done a step, and how long it takes.
type OnboardingStepCount struct {
	ID       string  `json:"id"`
	Kind     string  `json:"kind" enum:"step,module"`
	Title    string  `json:"title"`
	Required bool    `json:"required" doc:"Whether it is required of at least one member."`
	Asked    int     `json:"asked" doc:"Of how many it is asked."`
	Done     int     `json:"done" doc:"How many have done it."`
	Hours    float64 `json:"mean_hours" doc:"From joining until it is done, or until now where it is not."`
}

type onboardingFilter struct {
	InOrganization
	Paging
	Incomplete bool   `query:"incomplete" doc:"Only those who have not completed everything."`
	Department string `query:"department" maxLength:"200" doc:"Only those of this department."`
}

// OneStep is the path of one step of a member.
type OneStep struct {
	OneMember
	Step string `path:"step" maxLength:"200" doc:"The id of the step, or the name of the module."`
}

// StepBody says when a step was done.
type StepBody struct {
	At time.Time `json:"at,omitzero" doc:"When it was done; now without it."`
}

type stepReport struct {
	OneStep
	Body *StepBody
}

func (s *Server) onboarding(api huma.API) {
	handle(s, api, get("/organizations/{organization}/onboarding", "list-onboarding", ScopeMembersRead, "Who is where in the onboarding",
		"Lists the active members of whom anything is asked, in the order in which they were first seen. A page may hold fewer than limit while there is a next one."),
		func(ctx context.Context, in *onboardingFilter) (*answer[Page[OnboardingStanding]], error) {
			return found(s.listOnboarding(ctx, in))
		})
	handle(s, api, get("/organizations/{organization}/onboarding/summary", "summarize-onboarding", ScopeMembersRead, "Summarize the onboarding",
		"Counts the active members by how far they are, by department, and how many have done each step."),
		func(ctx context.Context, in *InOrganization) (*answer[OnboardingSummary], error) {
			return found(s.summarizeOnboarding(ctx, in.Organization))
		})
	handle(s, api, get("/organizations/{organization}/members/{member}/onboarding", "get-member-onboarding", ScopeMembersRead, "How far a member is in the onboarding",
		"Lists what is asked of a member and why, what of it is done, and what is left."),
		func(ctx context.Context, in *OneMember) (*answer[MemberOnboarding], error) {
			return s.onboardingOf(ctx, *in, func(a provision.Act) (*onboarding.Progress, error) { return s.Engine.Onboarding(ctx, a.Org, a.Member) })
		})
	step := "/organizations/{organization}/members/{member}/onboarding/{step}"
	handle(s, api, post(step, "report-step", ScopeMembersWrite, "Report a step of the onboarding",
		"Says that a member has done a step or a module. Reporting it again changes nothing; of several reports the earliest counts. The step \"account\" is done by itself."),
		func(ctx context.Context, in *stepReport) (*answer[MemberOnboarding], error) {
			var at time.Time
			if in.Body != nil {
				at = in.Body.At
			}
			return s.onboardingOf(ctx, in.OneMember, func(a provision.Act) (*onboarding.Progress, error) {
				return s.Engine.ReportStep(ctx, a, in.Step, at)
			})
		})
	handle(s, api, route{
		method: http.MethodDelete, path: step, id: "take-back-step", scope: ScopeMembersWrite, status: http.StatusOK, summary: "Take back a step of the onboarding",
		detail: "Says that a member has not done a step or a module after all. Where it is required, they have not completed everything any more.",
	}, func(ctx context.Context, in *OneStep) (*answer[MemberOnboarding], error) {
		return s.onboardingOf(ctx, in.OneMember, func(a provision.Act) (*onboarding.Progress, error) {
			return s.Engine.TakeBackStep(ctx, a, in.Step)
		})
	})
}

// onboardingOf does something for a member, and answers with how far they are then.
func (s *Server) onboardingOf(ctx context.Context, at OneMember, do func(provision.Act) (*onboarding.Progress, error)) (*answer[MemberOnboarding], error) {
	t, err := s.target(ctx, at)
	if err != nil {
		return nil, err
	}
	p, err := do(provision.Act{Org: t.org, Member: t.member.ID, Cause: cause(ctx)})
	if err != nil {
		return nil, err
	}
	view := MemberOnboarding{OnboardingStanding: standingView(t.member, p), Steps: []OnboardingStep{}}
	for i := range p.Steps {
		view.Steps = append(view.Steps, stepView(&p.Steps[i]))
	}
	return &answer[MemberOnboarding]{Body: view}, nil
}

func standingView(m *directory.Member, p *onboarding.Progress) OnboardingStanding {
	view := OnboardingStanding{
		ID: m.ID.String(), Email: m.Decision.Email, Name: m.Decision.Name, Status: string(m.Status), Department: m.Decision.Department, Joined: instant(m.Joined),
		State: string(p.State), Done: p.Done, Total: p.Total, Percent: p.Percent(), MinutesLeft: p.MinutesLeft, Completed: instant(p.Completed),
	}
	if p.Badge != nil {
		view.Badge = &Badge{Name: p.Badge.Name, Image: p.Badge.Image}
	}
	return view
}

func stepView(s *onboarding.Step) OnboardingStep {
	view := OnboardingStep{
		ID: s.ID, Kind: stepKind(s.Module), Title: s.Title, Minutes: s.Minutes, Link: s.Link, Items: s.Items, Required: s.Required,
		Done: s.Done, DoneAt: instant(s.DoneAt), By: s.By, New: s.New, Sources: []StepSource{},
	}
	for _, from := range s.Sources {
		view.Sources = append(view.Sources, StepSource(from))
	}
	return view
}

func stepKind(module bool) string {
	if module {
		return "module"
	}
	return "step"
}

func (s *Server) listOnboarding(ctx context.Context, in *onboardingFilter) (Page[OnboardingStanding], error) {
	page := Page[OnboardingStanding]{Items: []OnboardingStanding{}}
	after, err := in.after()
	if err != nil {
		return page, err
	}
	org, err := s.numberOf(ctx, in.Organization)
	if err != nil {
		return page, err
	}
	got, err := s.Engine.ListOnboarding(ctx, org, provision.OnboardingFilter{Incomplete: in.Incomplete, Department: in.Department}, after, in.Limit)
	if err != nil {
		return page, err
	}
	for _, o := range got.People {
		page.Items = append(page.Items, standingView(o.Member, o.Progress))
	}
	if !got.Next.IsZero() {
		page.Next = cursor(got.Next[:])
	}
	return page, nil
}

// numberOf returns the number of an organization that the caller may know of.
func (s *Server) numberOf(ctx context.Context, organization string) (num directory.OrgNum, err error) {
	err = s.view(ctx, organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	return num, err
}

func (s *Server) summarizeOnboarding(ctx context.Context, organization string) (OnboardingSummary, error) {
	view := OnboardingSummary{Departments: []OnboardingDepartment{}, Steps: []OnboardingStepCount{}}
	org, err := s.numberOf(ctx, organization)
	if err != nil {
		return view, err
	}
	sum, err := s.Engine.SummarizeOnboarding(ctx, org)
	if err != nil {
		return view, err
	}
	view.NotBegun, view.UnderWay, view.Complete = sum.NotBegun, sum.UnderWay, sum.Complete
	view.Active, view.Declared = sum.Active, sum.Declared
	for _, d := range sum.Departments {
		view.Departments = append(view.Departments, OnboardingDepartment{Department: d.Department, NotBegun: d.NotBegun, UnderWay: d.UnderWay, Complete: d.Complete})
	}
	for _, k := range sum.Steps {
		view.Steps = append(view.Steps, OnboardingStepCount{
			ID: k.ID, Kind: stepKind(k.Module), Title: k.Title, Required: k.Required, Asked: k.Asked, Done: k.Done, Hours: float64(k.Mean.Round(36*time.Second)) / float64(time.Hour),
		})
	}
	return view, nil
}

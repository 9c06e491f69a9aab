package api

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// maxPolicyBody is the largest body of a request about a policy, in bytes: a saved plan holds a line for each person whom
// it changes.
const maxPolicyBody = 64 << 20

// namedInRow is how many people a row of a plan names unless the request says otherwise.
const namedInRow = 5

// Waiting is a policy that the server has read from its configuration and that is not in force yet.
type Waiting struct {
	Candidate provision.Candidate   `json:"-"`
	Since     time.Time             `json:"since" doc:"When the server read it."`
	Why       string                `json:"why" doc:"Why it is not in force, and what to do."`
	Counts    *provision.PlanCounts `json:"counts,omitempty" doc:"What applying it would change, once that is known."`
}

// FileRead is an organization's file as the server read it last.
type FileRead struct {
	Name    string    `json:"name" doc:"Its path, as the server is given it."`
	Read    time.Time `json:"read" doc:"When the server read it."`
	Changed bool      `json:"changed" doc:"Whether the file, or one that it names, is another on the server's disk by now."`
}

// OnlyConnections follows the name of a file of which only the settings of connections are in force.
const OnlyConnections = " (only its connections)"

// PolicyFile is one file of a policy.
type PolicyFile struct {
	Name string `json:"name" minLength:"1" maxLength:"1024" doc:"The file's name, as messages show it. The first file is the organization's; the others are those it names."`
	Text string `json:"text" doc:"The whole text."`
}

// CandidateBody says which policy is meant.
type CandidateBody struct {
	Files    []PolicyFile `json:"files,omitempty" nullable:"false" maxItems:"100" doc:"The files of the policy."`
	Revision uint64       `json:"revision,omitempty" doc:"Or a revision that was active before. Without either, what waits in the server's configuration."`
}

// PlanBody asks for a plan.
type PlanBody struct {
	CandidateBody
	People *int `json:"people,omitempty" minimum:"-1" doc:"How many people each row names, -1 for all; 5 without it."`
}

// ApplyBody applies a plan.
type ApplyBody struct {
	CandidateBody
	Plan   provision.Plan `json:"plan" doc:"The plan, as it was answered."`
	Reason string         `json:"reason,omitempty" doc:"Why; it is kept with the policy and in the journal. One line, of at most 500 characters."`
}

// Applied is what applying came to.
type Applied struct {
	Policy
	Unchanged bool `json:"unchanged,omitempty" doc:"The candidate was in force already: nothing was changed, and this is its revision."`
}

// PolicyText is one revision with its text.
type PolicyText struct {
	Policy
	Texts []PolicyFile `json:"texts" nullable:"false"`
}

type candidateIn[B any] struct {
	InOrganization
	Body B
}

type oneRevision struct {
	InOrganization
	Revision uint64 `path:"revision" minimum:"1" doc:"The number of the revision."`
}

func (s *Server) policy(api huma.API) {
	plan := post("/organizations/{organization}/policy/plan", "plan-policy", ScopePolicyRead, "Plan a policy",
		"Evaluates a candidate against everybody and answers who would gain and lose what, and by which rule. It changes nothing.")
	plan.maxBody = maxPolicyBody
	handle(s, api, plan, func(ctx context.Context, in *candidateIn[PlanBody]) (*answer[*provision.Plan], error) {
		org, c, _, err := s.candidate(ctx, in.Organization, &in.Body.CandidateBody)
		if err != nil {
			return nil, err
		}
		named := namedInRow
		if in.Body.People != nil {
			named = *in.Body.People
		}
		return found(s.Engine.Plan(ctx, org, c, named))
	})
	apply := post("/organizations/{organization}/policy/apply", "apply-policy", ScopePolicyWrite, "Apply a plan",
		"Makes the candidate the active policy, exactly as the plan shows it: it is refused when what it would change differs by now, when it is no longer valid, or when its totals are beyond a brake.")
	apply.maxBody = maxPolicyBody
	handle(s, api, apply, func(ctx context.Context, in *candidateIn[ApplyBody]) (*answer[Applied], error) {
		return found(s.apply(ctx, in))
	})
	handle(s, api, get("/organizations/{organization}/policies/{revision}", "get-policy", ScopePolicyRead, "Get a policy", "Answers one revision with its whole text."),
		func(ctx context.Context, in *oneRevision) (*answer[PolicyText], error) {
			var view PolicyText
			err := s.view(ctx, in.Organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
				active, err := tx.ActivePolicy(org)
				if err != nil {
					return err
				}
				row, err := tx.Policy(org, in.Revision)
				if errors.Is(err, store.ErrNotFound) {
					return directory.Errorf(directory.NotFound, "There is no revision %d of the policy.", in.Revision)
				}
				if err != nil {
					return err
				}
				view = PolicyText{Policy: policyView(row, active), Texts: []PolicyFile{}}
				for _, f := range row.Files {
					name := f.Name
					if f.Connections {
						name += OnlyConnections
					}
					view.Texts = append(view.Texts, PolicyFile{Name: name, Text: string(f.Text)})
				}
				return nil
			})
			return found(view, err)
		})
}

func (s *Server) apply(ctx context.Context, in *candidateIn[ApplyBody]) (Applied, error) {
	org, c, rollback, err := s.candidate(ctx, in.Organization, &in.Body.CandidateBody)
	if err != nil {
		return Applied{}, err
	}
	why := cause(ctx)
	if why.Reason, err = reasonOf(in.Body.Reason); err != nil {
		return Applied{}, err
	}
	row, err := s.Engine.Apply(ctx, org, c, &in.Body.Plan, why, rollback)
	var changed *provision.ChangedError
	if errors.As(err, &changed) {
		return Applied{}, directory.Errorf(directory.Conflict, "%s", changed.Error())
	}
	if err != nil {
		return Applied{}, err
	}
	if row.Revision == in.Body.Plan.Base {
		return Applied{Policy: policyView(row, row.Revision), Unchanged: true}, nil
	}
	if s.Applied != nil {
		if err := s.Applied(ctx, in.Organization); err != nil {
			return Applied{}, err
		}
	}
	return Applied{Policy: policyView(row, row.Revision)}, nil
}

// candidate finds the policy that a request means, compiled, and the revision that it goes back to, if it does.
func (s *Server) candidate(ctx context.Context, organization string, in *CandidateBody) (directory.OrgNum, provision.Candidate, uint64, error) {
	var org directory.OrgNum
	var active uint64
	none := provision.Candidate{}
	err := s.view(ctx, organization, func(tx store.Tx, _ *names, num directory.OrgNum) (err error) {
		org = num
		active, err = tx.ActivePolicy(num)
		return err
	})
	switch {
	case err != nil:
		return 0, none, 0, err
	case len(in.Files) > 0 && in.Revision > 0:
		return 0, none, 0, invalid("revision", "Give either files or a revision.")
	case in.Revision > 0:
		c, err := s.Engine.Revision(ctx, org, in.Revision)
		return org, c, in.Revision, err
	case len(in.Files) > 0:
		c, err := s.compiled(ctx, organization, in.Files)
		return org, c, 0, err
	}
	if s.Waiting != nil {
		if waiting := s.Waiting(organization); waiting != nil {
			return org, waiting.Candidate, 0, nil
		}
	}
	c, err := s.Engine.Revision(ctx, org, active)
	return org, c, 0, err
}

// mainFile returns the name of the organization's file in the policy in force.
func (s *Server) mainFile(ctx context.Context, organization string) (string, error) {
	name := ""
	err := s.view(ctx, organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
		active, err := tx.ActivePolicy(org)
		if err != nil || active == 0 {
			return err
		}
		row, err := tx.Policy(org, active)
		if err == nil && len(row.Files) > 0 {
			name = row.Files[0].Name
		}
		return err
	})
	return name, err
}

// asKnown names a file as the policy in force does, so that a file sent from its own folder is the same as that which
// the operator's file names from another.
func asKnown(known, first, name string) string {
	if known == "" || path.Base(known) != path.Base(first) || path.IsAbs(name) || strings.HasPrefix(name, "(") {
		return name
	}
	if beside, ok := strings.CutPrefix(name, path.Dir(first)+"/"); ok {
		name = beside
	}
	return path.Join(path.Dir(known), name)
}

// compiled compiles files that a request has brought along. What is wrong with them is told with its place.
func (s *Server) compiled(ctx context.Context, organization string, in []PolicyFile) (provision.Candidate, error) {
	if s.Compile == nil {
		return provision.Candidate{}, directory.Errorf(directory.Unavailable, "This server reads no policies.")
	}
	known, err := s.mainFile(ctx, organization)
	if err != nil {
		return provision.Candidate{}, err
	}
	files := make([]directory.PolicyFile, len(in))
	for i, f := range in {
		files[i] = directory.PolicyFile{Name: asKnown(known, in[0].Name, f.Name), Text: []byte(f.Text)}
	}
	policy, problems := s.Compile(files)
	failing := false
	if policy != nil {
		tests := mapping.Admissible(policy)
		failing, problems = len(tests) > 0, append(problems, tests...)
	}
	if policy == nil || failing {
		p := &Problem{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Kind: directory.Invalid.String(),
			Detail: "The policy cannot be used.", Field: "files",
		}
		for _, problem := range problems {
			if problem.Severity == directory.SeverityError {
				p.Errors = append(p.Errors, problem.String())
			}
		}
		if len(p.Errors) > 0 {
			p.Detail = "The policy cannot be used: " + p.Errors[0]
		}
		return provision.Candidate{}, p
	}
	if id := policy.Organization.ID; id != organization {
		return provision.Candidate{}, invalid("files", "The file is of the organization %q, not of %q.", id, organization)
	}
	return provision.Candidate{Policy: policy, Files: files}, nil
}

// Status is how the whole of usher stands.
type Status struct {
	Version       string               `json:"version"`
	Organizations []OrganizationStatus `json:"organizations" nullable:"false"`
	Problems      []string             `json:"problems" nullable:"false" doc:"What is wrong with the configuration as it was read last; what was in force before stays."`
	Warnings      []string             `json:"warnings" nullable:"false" doc:"What the configuration as it was read last is warned of, such as letters whose links nobody else can open."`
}

// OrganizationStatus is how one organization stands.
type OrganizationStatus struct {
	Organization
	Waiting   *Waiting  `json:"waiting,omitempty" doc:"A changed policy that is not in force yet."`
	File      *FileRead `json:"file,omitempty" doc:"The organization's file as the server read it last; absent where no server runs."`
	Approvals int       `json:"approvals" doc:"How many people asked to join by signing in and wait for an administrator's approval. Counted up to 1000."`
	Requests  int       `json:"requests" doc:"How many permissions members asked for and nobody has answered yet."`
	Lockdown  *Lockdown `json:"lockdown,omitempty" doc:"The lockdown, while it is on."`
	Mail      MailCount `json:"mail" doc:"The letters that somebody may have to see to."`

	Findings []SignInFinding `json:"findings" nullable:"false" doc:"What somebody should see to of how people sign in: providers, certificates, domains that are not proven."`
}

func (s *Server) status(api huma.API) {
	type all struct{}
	handle(s, api, get("/status", "get-status", ScopePolicyRead, "See how everything stands",
		"Answers which policies are in force, what waits, and what is wrong with the configuration."),
		func(ctx context.Context, _ *all) (*answer[Status], error) {
			page, err := s.listOrganizations(ctx)
			if err != nil {
				return nil, err
			}
			view := Status{Version: s.Version, Organizations: []OrganizationStatus{}, Problems: []string{}, Warnings: []string{}}
			for _, o := range page.Items {
				line := OrganizationStatus{Organization: o}
				if s.Waiting != nil {
					line.Waiting = s.Waiting(o.ID)
				}
				if s.File != nil {
					line.File = s.File(o.ID)
				}
				if err := s.addSignIn(ctx, &line); err != nil {
					return nil, err
				}
				if err := s.addMail(ctx, &line); err != nil {
					return nil, err
				}
				view.Organizations = append(view.Organizations, line)
			}
			if s.Problems != nil && callerOf(ctx).Org == 0 {
				for _, p := range s.Problems() {
					if p.Severity == directory.SeverityError {
						view.Problems = append(view.Problems, p.String())
					} else {
						p.Excerpt = ""
						view.Warnings = append(view.Warnings, p.String())
					}
				}
				slices.Sort(view.Problems)
				slices.Sort(view.Warnings)
			}
			return found(view, err)
		})
}

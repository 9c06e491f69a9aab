package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// CheckBody brings the files to check.
type CheckBody struct {
	Files []PolicyFile `json:"files" nullable:"false" minItems:"1" maxItems:"100" doc:"The files of the policy, the organization's first."`
}

// Checked is what a check found.
type Checked struct {
	Problems []Finding `json:"problems" nullable:"false" doc:"Errors keep the policy from becoming active, warnings do not; in the order of the files."`
}

// Finding is one thing that is wrong with a file: where, what, and what to do about it.
type Finding struct {
	File     string             `json:"file,omitempty"`
	Line     int                `json:"line,omitempty" doc:"Counts from 1; absent when unknown."`
	Column   int                `json:"column,omitempty" doc:"Counts from 1; absent when unknown."`
	Severity directory.Severity `json:"severity" enum:"error,warning"`
	Message  string             `json:"message"`
	Fix      string             `json:"fix,omitempty"`
	Excerpt  string             `json:"excerpt,omitempty" doc:"The lines around it, with a caret below the column."`
}

func findings(problems []directory.Problem) []Finding {
	all := make([]Finding, len(problems))
	for i, p := range problems {
		all[i] = Finding{p.File, p.Line, p.Column, p.Severity, p.Message, p.Fix, p.Excerpt}
	}
	return all
}

// Problem returns the finding as the rest of usher knows it.
func (f *Finding) Problem() directory.Problem {
	return directory.Problem{
		Position: directory.Position{File: f.File, Line: f.Line, Column: f.Column}, Severity: f.Severity, Message: f.Message, Fix: f.Fix, Excerpt: f.Excerpt,
	}
}

func (s *Server) checks(api huma.API) {
	check := post("/organizations/{organization}/policy/check", "check-policy", ScopePolicyRead, "Check a policy",
		"Reads and compiles files, runs their tests, and says what does not fit: within the file, and between it and what the providers have pushed. It changes nothing.")
	check.maxBody = maxPolicyBody
	handle(s, api, check, func(ctx context.Context, in *candidateIn[CheckBody]) (*answer[Checked], error) {
		problems, err := s.check(ctx, in.Organization, in.Body.Files)
		return found(Checked{Problems: findings(problems)}, err)
	})
}

func (s *Server) check(ctx context.Context, organization string, in []PolicyFile) ([]directory.Problem, error) {
	if s.Compile == nil {
		return nil, directory.Errorf(directory.Unavailable, "This server reads no policies.")
	}
	var org directory.OrgNum
	err := s.view(ctx, organization, func(_ store.Tx, _ *names, num directory.OrgNum) error {
		org = num
		return nil
	})
	if err != nil {
		return nil, err
	}
	files := make([]directory.PolicyFile, len(in))
	for i, f := range in {
		files[i] = directory.PolicyFile{Name: f.Name, Text: []byte(f.Text)}
	}
	policy, problems := s.Compile(files)
	if policy == nil {
		return problems, nil
	}
	if id := policy.Organization.ID; id != organization {
		return nil, invalid("files", "The file is of the organization %q, not of %q.", id, organization)
	}
	pushed, err := s.Engine.Directory(ctx, org)
	if err != nil {
		return nil, err
	}
	var lines []directory.Problem
	err = s.view(ctx, organization, func(tx store.Tx, _ *names, org directory.OrgNum) (err error) {
		lines, err = provision.ConnectionProblems(tx, org, policy.Organization)
		return err
	})
	if err != nil {
		return nil, err
	}
	problems = append(problems, lines...)
	now := s.Now().UTC()
	problems = append(problems, mapping.Admissible(policy)...)
	problems = append(problems, policy.Lint(now)...)
	return config.Excerpts(append(problems, policy.LintAgainst(&pushed, now)...), files), nil
}

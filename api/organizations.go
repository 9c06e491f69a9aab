package api

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Organization is one customer.
type Organization struct {
	ID     string  `json:"id" doc:"The id in its file."`
	Name   string  `json:"name,omitempty" doc:"The name that people know."`
	Policy *Policy `json:"policy,omitempty" doc:"The policy in force; absent before the first."`
	Jobs   int     `json:"jobs" doc:"Work that waits: large changes that are still being carried out. Counted up to 1000."`
	Holds  int     `json:"holds" doc:"Effects that wait for somebody's decision."`
}

// Policy is one revision of an organization's file.
type Policy struct {
	Revision  uint64    `json:"revision" doc:"Counts the policies that were active."`
	Hash      string    `json:"hash" doc:"SHA-256 over the files, in hexadecimal."`
	Files     []string  `json:"files" nullable:"false" doc:"The names of the files."`
	Actor     string    `json:"actor" doc:"Who activated it."`
	Activated time.Time `json:"activated" doc:"When it was activated."`
	Active    bool      `json:"active" doc:"Whether it is in force."`
	Reason    string    `json:"reason,omitempty" doc:"Why it was applied, as its actor said."`
	Rollback  uint64    `json:"rollback,omitempty" doc:"The revision that it goes back to."`
	Settings  bool      `json:"settings,omitempty" doc:"Only the connections' settings differ from the revision before."`
}

// maxJobs is how many waiting jobs are counted.
const maxJobs = 1000

func (s *Server) organizations(api huma.API) {
	type all struct{}
	handle(s, api, get("/organizations", "list-organizations", ScopePolicyRead, "List organizations",
		"Lists the organizations that the caller may know of, in order of id."),
		func(ctx context.Context, _ *all) (*answer[Page[Organization]], error) {
			return found(s.listOrganizations(ctx))
		})
	handle(s, api, get("/organizations/{organization}", "get-organization", ScopePolicyRead, "Get an organization", ""),
		func(ctx context.Context, in *InOrganization) (*answer[Organization], error) {
			var o Organization
			err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) (err error) {
				o, err = s.organization(tx, n, org)
				return err
			})
			return found(o, err)
		})
	handle(s, api, get("/organizations/{organization}/policies", "list-policies", ScopePolicyRead, "List policies",
		"Lists every policy that was active, the newest first."),
		func(ctx context.Context, in *InOrganization) (*answer[Page[Policy]], error) {
			page := Page[Policy]{Items: []Policy{}}
			err := s.view(ctx, in.Organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
				active, err := tx.ActivePolicy(org)
				if err != nil {
					return err
				}
				rows, err := tx.ListPolicies(org)
				for _, row := range rows {
					page.Items = append(page.Items, policyView(row, active))
				}
				return err
			})
			return found(page, err)
		})
}

func (s *Server) listOrganizations(ctx context.Context) (Page[Organization], error) {
	page := Page[Organization]{Items: []Organization{}}
	err := s.Store.View(ctx, func(tx store.Tx) error {
		n, err := readNames(tx)
		if err != nil {
			return err
		}
		for _, num := range n.orgs {
			if !callerOf(ctx).Sees(num) {
				continue
			}
			o, err := s.organization(tx, n, num)
			if err != nil {
				return err
			}
			page.Items = append(page.Items, o)
		}
		return nil
	})
	slices.SortFunc(page.Items, func(a, b Organization) int { return cmp.Compare(a.ID, b.ID) })
	return page, err
}

func (s *Server) organization(tx store.Tx, n *names, org directory.OrgNum) (Organization, error) {
	o := Organization{ID: n.org[org]}
	revision, err := tx.ActivePolicy(org)
	if err != nil {
		return o, err
	}
	if revision > 0 {
		row, err := tx.Policy(org, revision)
		if err != nil {
			return o, err
		}
		view := policyView(row, revision)
		o.Policy = &view
		if p, err := s.Engine.Policy(tx, org); err == nil && p != nil && p.Organization != nil {
			o.Name = p.Organization.Name
		}
	}
	jobs, err := tx.ListJobs(maxJobs)
	for _, j := range jobs {
		if j.Org == org {
			o.Jobs++
		}
	}
	holds, held := tx.ListHolds(org)
	o.Holds = len(holds)
	return o, errors.Join(err, held)
}

func policyView(p *directory.Policy, active uint64) Policy {
	view := Policy{
		Revision: p.Revision, Hash: p.Hash, Files: []string{}, Actor: p.Actor, Activated: p.Activated, Active: p.Revision == active,
		Reason: p.Reason, Rollback: p.Rollback, Settings: p.Settings,
	}
	for _, f := range p.Files {
		view.Files = append(view.Files, f.Name)
	}
	return view
}

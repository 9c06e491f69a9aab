package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Domain is a mail domain of an organization's file, and whether it is the organization's own.
type Domain struct {
	Domain  string       `json:"domain"`
	State   string       `json:"state" enum:"declared,proven,missing,unproven,taken" doc:"Whose it is: declared in usher.yaml, proven by its DNS record, proven while the record is missing for some days, unproven, or another organization's. In the last two, nobody joins and nobody is met by its addresses."`
	Owned   bool         `json:"owned" doc:"Whether people join, and are met, by its addresses."`
	Joining string       `json:"joining" enum:"at once,after approval,no" doc:"What the file says of people who sign in for the first time and whom no directory has told of."`
	Record  DomainRecord `json:"record" doc:"The DNS record that proves the domain."`
	Proven  *time.Time   `json:"proven,omitempty" doc:"Since when it is proven."`
	Checked *time.Time   `json:"checked,omitempty" doc:"When the record was looked for last."`
	Lapses  *time.Time   `json:"lapses,omitempty" doc:"When the proof ends, unless the record comes back."`
	Problem string       `json:"problem,omitempty" doc:"What to know of it and what to do; absent when all is well."`
}

// DomainRecord is a DNS record.
type DomainRecord struct {
	Name  string `json:"name"`
	Type  string `json:"type" enum:"TXT"`
	Value string `json:"value"`
}

type oneDomain struct {
	InOrganization
	Domain string `path:"domain" maxLength:"253" doc:"The domain, as the organization's file has it."`
}

func (s *Server) domains(api huma.API) {
	handle(s, api, get("/organizations/{organization}/domains", "list-domains", ScopePolicyRead, "List domains",
		"Lists the mail domains of the organization's policy in force: whether each is the organization's own, and the DNS record that proves it."),
		func(ctx context.Context, in *InOrganization) (*answer[Page[Domain]], error) {
			page := Page[Domain]{Items: []Domain{}}
			org, err := s.owner(ctx, in.Organization)
			if err != nil {
				return nil, err
			}
			rows, err := s.Engine.Domains(ctx, org)
			if err != nil {
				return nil, err
			}
			for i := range rows {
				view, err := s.domainView(ctx, in.Organization, &rows[i])
				if err != nil {
					return nil, err
				}
				page.Items = append(page.Items, view)
			}
			return found(page, nil)
		})
	handle(s, api, route{
		method: http.MethodPost, path: "/organizations/{organization}/domains/{domain}/verify", id: "verify-domain", scope: ScopePolicyWrite,
		summary: "Prove a domain", detail: "Looks for the domain's DNS record now, and keeps the proof. The record has to stay: it is looked for again every day.",
	}, func(ctx context.Context, in *oneDomain) (*answer[Domain], error) {
		org, err := s.owner(ctx, in.Organization)
		if err != nil {
			return nil, err
		}
		row, err := s.Engine.VerifyDomain(ctx, org, in.Domain, cause(ctx))
		if err != nil {
			return nil, err
		}
		return found(s.domainView(ctx, in.Organization, row))
	})
}

// owner returns the number of an organization, where it is known which domains are declared.
func (s *Server) owner(ctx context.Context, organization string) (directory.OrgNum, error) {
	var num directory.OrgNum
	err := s.view(ctx, organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	if err == nil && s.Engine.Declared == nil {
		err = directory.Errorf(directory.Unavailable, "Only the running server knows which domains usher.yaml declares; start `usher serve` first.")
	}
	return num, err
}

func (s *Server) domainView(ctx context.Context, organization string, d *provision.Domain) (Domain, error) {
	view := Domain{
		Domain: d.Domain, State: string(d.State), Owned: d.Owned(), Joining: "no", Record: DomainRecord{Name: d.Name, Type: "TXT", Value: d.Value},
		Proven: instant(d.Proven), Checked: instant(d.Checked), Lapses: instant(d.Lapses), Problem: d.Problem,
	}
	err := s.view(ctx, organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
		policy, err := s.Engine.Policy(tx, org)
		if err != nil {
			return err
		}
		view.Joining = joiningBy(policy.Domain(d.Domain))
		return nil
	})
	return view, err
}

func joiningBy(d *config.Domain) string {
	switch {
	case d == nil || !d.AutoInvite && !d.RequireAdminApproval:
		return "no"
	case d.RequireAdminApproval:
		return "after approval"
	}
	return "at once"
}

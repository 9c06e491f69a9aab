package api

import (
	"context"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// maxAwaiting is how many people who wait for an approval are counted.
const maxAwaiting = 1000

// addSignIn says of an organization how signing in stands: who waits for an approval, whether it is locked down, and what
// somebody should see to.
func (s *Server) addSignIn(ctx context.Context, o *OrganizationStatus) error {
	if err := s.addAwaiting(ctx, o); err != nil {
		return err
	}
	o.Findings = []SignInFinding{}
	var org directory.OrgNum
	var mine map[string]bool
	err := s.view(ctx, o.ID, func(_ store.Tx, n *names, num directory.OrgNum) error {
		org, mine = num, map[string]bool{}
		for name, row := range n.conns {
			mine[name] = row.Org == num
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.SignIn != nil {
		o.Findings = append(o.Findings, slices.DeleteFunc(s.SignIn.Findings(s.Now()), func(f SignInFinding) bool { return !mine[f.Connection] })...)
	}
	if s.Engine.Declared == nil || o.Policy == nil {
		return nil
	}
	domains, err := s.Engine.Domains(ctx, org)
	for i := range domains {
		if text := domains[i].Problem; text != "" {
			o.Findings = append(o.Findings, SignInFinding{Weight: "warning", Text: text})
		}
	}
	return err
}

// addAwaiting counts who waits for an approval and what members asked for, and says whether the organization is locked down.
func (s *Server) addAwaiting(ctx context.Context, o *OrganizationStatus) error {
	in := &memberFilter{Status: statusAwaiting}
	after := directory.NoID
	for walked := 0; walked < walkMost && o.Approvals < maxAwaiting; walked += walkRows {
		var rows []*directory.Member
		err := s.view(ctx, o.ID, func(tx store.Tx, _ *names, org directory.OrgNum) error {
			l, err := tx.Lockdown(org)
			if err != nil {
				return err
			}
			if o.Lockdown = nil; l.On() {
				view := lockdownView(l)
				o.Lockdown = &view
			}
			if o.Requests, err = provision.WaitingRequests(tx, org); err != nil {
				return err
			}
			rows, err = in.rows(tx, org, after)
			return err
		})
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			after = rows[len(rows)-1].ID
		}
		full := len(rows) == walkRows
		o.Approvals += len(slices.DeleteFunc(rows, func(m *directory.Member) bool { return !awaits(m) }))
		if !full {
			break
		}
	}
	o.Approvals = min(o.Approvals, maxAwaiting)
	return nil
}

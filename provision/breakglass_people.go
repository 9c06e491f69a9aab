package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// glassMember returns the member whom an organization lets in by a code at a folded address, or says why nobody: they have
// to be named, be active already, and alone have the address. Breaking glass makes nobody a member, and gives nobody a role.
func (e *Engine) glassMember(tx store.Tx, org directory.OrgNum, policy *mapping.Policy, email string) (*directory.Member, string, error) {
	if glassAddress(policy, email) == "" {
		return nil, "break_glass does not name the address", nil
	}
	ids, err := tx.FindMembers(org, directory.Key{Attribute: directory.AttrEmail, Value: email}, directory.NoID, 10)
	if err != nil {
		return nil, "", err
	}
	rows, err := tx.Members(org, ids)
	if err != nil {
		return nil, "", err
	}
	rows = slices.DeleteFunc(rows, func(m *directory.Member) bool { return m == nil || m.Status == directory.StatusNone })
	switch {
	case len(rows) == 0:
		return nil, "no member has the address", nil
	case len(rows) > 1:
		return nil, "several members have the address", nil
	case rows[0].Status != directory.StatusActive:
		return nil, "the member is " + string(rows[0].Status), nil
	}
	return rows[0], "", nil
}

// glassAddress returns a folded address as break_glass has it, "" where it does not.
func glassAddress(policy *mapping.Policy, email string) string {
	for _, b := range policy.Organization.BreakGlass {
		if directory.Fold(b.Email) == email {
			return b.Email
		}
	}
	return ""
}

// BreakGlassProblems tells of the people named by break_glass who could not get in, and why.
func (e *Engine) BreakGlassProblems(ctx context.Context) ([]directory.Problem, error) {
	orgs, err := e.withPolicy(ctx)
	if err != nil {
		return nil, err
	}
	var problems []directory.Problem
	err = e.Store.View(ctx, func(tx store.Tx) error {
		problems = nil
		for _, name := range slices.Sorted(maps.Keys(orgs)) {
			policy, err := e.Policy(tx, orgs[name])
			if err != nil {
				return err
			}
			for _, b := range policy.Organization.BreakGlass {
				m, why, err := e.glassMember(tx, orgs[name], policy, directory.Fold(b.Email))
				if err != nil {
					return err
				}
				if m != nil && e.Mail == nil {
					why = NoMailServer
				}
				if why != "" {
					problems = append(problems, directory.Problem{
						Position: b.At, Severity: directory.SeverityWarning, Message: fmt.Sprintf("%s: %s cannot break glass: %s", name, b.Email, why),
						Fix: "name an active member who alone has the address, and say in usher.yaml under mail how a code is sent",
					})
				}
			}
		}
		return nil
	})
	return problems, err
}

package provision

import (
	"context"
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// kindTermsAccepted is the kind of entry about terms that somebody has accepted.
const kindTermsAccepted = "terms.accepted"

// TermsDue is what a member has to accept.
type TermsDue struct {
	Terms  config.Terms
	Before string // the version that they accepted last; "" for none
}

// TermsDue returns the terms that a member has to accept, nil when nothing is due: there are none, or the version in force
// was accepted. What was accepted stays so while the member is suspended or removed, and afterwards.
func (e *Engine) TermsDue(ctx context.Context, org directory.OrgNum, member directory.ID) (*TermsDue, error) {
	var due *TermsDue
	err := e.Store.View(ctx, func(tx store.Tx) error {
		due = nil
		policy, err := e.Policy(tx, org)
		if err != nil || !policy.Organization.Terms.Any() {
			return err
		}
		accepted, err := acceptedTerms(tx, org, member)
		if err != nil || accepted != nil && accepted.Version == policy.Organization.Terms.Version {
			return err
		}
		due = &TermsDue{Terms: policy.Organization.Terms}
		if accepted != nil {
			due.Before = accepted.Version
		}
		return nil
	})
	return due, err
}

// AcceptTerms notes that a member has accepted a version of the terms: the one that they were shown. It is a Conflict when
// another is in force by now. Accepting twice changes nothing.
func (e *Engine) AcceptTerms(ctx context.Context, org directory.OrgNum, member directory.ID, version, request string) error {
	cause := directory.Cause{Kind: directory.CauseLogin, ID: request}
	return e.update(ctx, org, cause, func(s *settlement) error {
		if inForce := s.policy.Organization.Terms.Version; version == "" || version != inForce {
			return directory.Errorf(directory.Conflict, "The terms have changed meanwhile. Read them again.")
		}
		m, err := s.existing(member)
		if err != nil {
			return err
		}
		accepted, err := acceptedTerms(s.tx, org, member)
		if err != nil || accepted != nil && accepted.Version == version {
			return err
		}
		if accepted == nil {
			accepted = &directory.Grant{ID: s.engine.ids.New(s.now), Org: org, Member: member, Kind: directory.GrantTerms, Actor: "the member"}
		}
		accepted.Version, accepted.Created = version, s.now
		if err := s.tx.PutGrants([]*directory.Grant{accepted}); err != nil {
			return err
		}
		if err := s.tellMember(m, kindTermsAccepted, "version "+version); err != nil {
			return err
		}
		return s.noteAccount(m)
	})
}

// acceptedTerms returns what a member has accepted last, nil for nothing.
func acceptedTerms(tx store.Grants, org directory.OrgNum, member directory.ID) (*directory.Grant, error) {
	grants, err := tx.Grants(org, []directory.ID{member})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(grants[0], func(g *directory.Grant) bool { return g.Kind == directory.GrantTerms })
	if i < 0 {
		return nil, nil
	}
	return grants[0][i], nil
}

// tellMember journals something about a member from which nothing follows for them.
func (s *settlement) tellMember(m *directory.Member, kind string, notes ...string) error {
	entry := s.newEntry(kind)
	entry.Notes = notes
	p := &pending{entry: entry}
	p.about(directory.SubjectMember, m.ID, &m.Entry)
	if err := s.append([]*pending{p}); err != nil {
		return err
	}
	return s.tx.PutMembers([]*directory.Member{m})
}

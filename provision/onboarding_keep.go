package provision

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/onboarding"
)

// noteAccount notes, as somebody signs in or accepts the terms, that they have their account.
func (s *settlement) noteAccount(m *directory.Member) error {
	file := s.policy.Organization
	if !file.Onboarding.Any() {
		return nil
	}
	o, err := readOnboardee(s.tx, s.policy, m)
	if err != nil {
		return err
	}
	step := ""
	if o.progress.Step(config.AccountStep) != nil && !o.kept(config.AccountStep) {
		o.account(file.Terms.Any(), s.now)
		if _, done := o.record.Done[config.AccountStep]; done {
			step = config.AccountStep
		}
	}
	return s.advance(o, step)
}

// advance keeps that a step was done, "" for none that was not before, and what follows from it.
func (s *settlement) advance(o *onboardee, step string) error {
	o.judge()
	var entries []*pending
	if step != "" {
		entries = append(entries, s.stepEntry(o, kindStepDone, "the step "+step+" is done"))
	}
	if o.record.Completed.IsZero() && o.progress.State == onboarding.Complete {
		o.record.Completed = o.progress.Completed
		entry, err := s.completedEntry(o)
		if err != nil {
			return err
		}
		entries = append(entries, entry)
	}
	return s.keepOnboarding(o, entries...)
}

// keepOnboarding writes what a member has done, and the entries that say so; without any, nothing has changed.
func (s *settlement) keepOnboarding(o *onboardee, entries ...*pending) error {
	if len(entries) == 0 {
		return nil
	}
	if o.grant == nil {
		o.grant = &directory.Grant{
			ID: s.engine.ids.New(s.now), Org: s.org, Member: o.member.ID, Kind: directory.GrantOnboarding, Actor: "the member", Created: s.now,
		}
	}
	o.grant.Onboarding = o.record
	if err := s.tx.PutGrants([]*directory.Grant{o.grant}); err != nil {
		return err
	}
	if err := s.append(entries); err != nil {
		return err
	}
	return s.tx.PutMembers([]*directory.Member{o.member})
}

func (s *settlement) stepEntry(o *onboardee, kind, note string) *pending {
	p := &pending{entry: s.newEntry(kind)}
	p.entry.Notes = []string{note}
	p.about(directory.SubjectMember, o.member.ID, &o.member.Entry)
	return p
}

// completedEntry tells that a member has completed everything, with who it is for whoever congratulates.
func (s *settlement) completedEntry(o *onboardee) (*pending, error) {
	p := s.stepEntry(o, kindOnboarded, fmt.Sprintf("everything that is required is done: %d of %d", o.progress.Done, o.progress.Total))
	if b := o.progress.Badge; b != nil {
		p.entry.Notes = append(p.entry.Notes, "badge "+b.Name)
	}
	// Under a name of its own: the values of "name" and "email" are those that changed.
	text, err := json.Marshal(struct {
		Email string `json:"email,omitempty"`
		Name  string `json:"name,omitempty"`
	}{o.member.Decision.Email, o.member.Decision.Name})
	if err != nil {
		return nil, err
	}
	p.say([]directory.DetailValue{{Attribute: attributeOnboarded, After: text}})
	return p, nil
}

// joinOnboarding makes what a member has done that of another, who is the same person. The earliest report of each step counts.
func (s *settlement) joinOnboarding(from, to directory.ID) error {
	grants, err := s.tx.Grants(s.org, []directory.ID{from, to})
	if err != nil {
		return err
	}
	of := func(grants []*directory.Grant) *directory.Grant {
		if i := slices.IndexFunc(grants, func(g *directory.Grant) bool { return g.Kind == directory.GrantOnboarding }); i >= 0 {
			return grants[i]
		}
		return nil
	}
	theirs, own := of(grants[0]), of(grants[1])
	if theirs == nil {
		return nil
	}
	if err := s.tx.DeleteGrants([]*directory.Grant{theirs}); err != nil {
		return err
	}
	if own == nil {
		joined := *theirs
		joined.ID, joined.Member = s.engine.ids.New(s.now), to
		return s.tx.PutGrants([]*directory.Grant{&joined})
	}
	joined := own.Onboarding.Clone()
	if !joined.Join(theirs.Onboarding) {
		return nil
	}
	own.Onboarding = joined
	return s.tx.PutGrants([]*directory.Grant{own})
}

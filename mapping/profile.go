package mapping

import (
	"cmp"
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// profile takes the person's profile from the account that has the say, and says whose word counts for status.
func (e *evaluation) profile() {
	d := e.decision()
	if len(e.counted) == 0 {
		e.lastKnown()
		return
	}
	chosen := &e.giving[0]
	for i := range e.counted {
		if a := &e.counted[i]; a.connection != nil && e.speaksFor(a.connection.Connection) {
			chosen, e.authority = a, a.Connection
			break
		}
	}
	p := &chosen.Profile
	d.Email, d.Name, d.Title, d.Manager, e.text = p.Email(), p.Name(), p.Title, p.Manager, p.Department
	e.key = normalize(e.text)
	if e.trace != nil {
		e.explainProfile(chosen)
	}
	d.Invite = !slices.ContainsFunc(e.counted, func(a account) bool {
		return a.Login || a.connection == nil || a.connection.Provisioning != config.ProvisioningInvite
	})
	d.Aliases = make([]string, 0, 4)
	for i := range e.counted {
		p := &e.counted[i].Profile
		e.address(p.UserName)
		for _, m := range p.Emails {
			e.address(m.Value)
		}
	}
	e.addresses()
}

// lastKnown keeps the profile of a person about whom no directory says anything any more.
func (e *evaluation) lastKnown() {
	if was := e.before(); !e.invitedProfile() && was != nil {
		d := e.decision()
		d.Email, d.Name, d.Title, d.Manager = was.Email, was.Name, was.Title, was.Manager
	}
	e.addresses()
}

// address adds an alias, and the owned domain by which it is one.
func (e *evaluation) address(text string) {
	d := e.policy.domains[directory.EmailDomain(text)]
	if d == nil {
		return
	}
	e.decision().Aliases = append(e.decision().Aliases, directory.FoldAddress(text))
	if !slices.Contains(e.domains, d) {
		e.domains = append(e.domains, d)
	}
}

// addresses completes aliases and domains, and says who is a guest.
func (e *evaluation) addresses() {
	d := e.decision()
	e.address(d.Email)
	if d.Email != "" {
		d.Aliases = append(d.Aliases, directory.FoldAddress(d.Email))
	}
	slices.Sort(d.Aliases)
	if d.Aliases = slices.Compact(d.Aliases); len(d.Aliases) == 0 {
		d.Aliases = nil
	}
	first := e.policy.domains[directory.EmailDomain(d.Email)]
	place := func(d *domain) int {
		if d == first {
			return -1
		}
		return d.order
	}
	slices.SortFunc(e.domains, func(a, b *domain) int { return cmp.Compare(place(a), place(b)) })
	d.Guest = len(e.policy.domains) > 0 && len(e.domains) == 0
}

// speaksFor reports whether a connection has authority for one of the person's domains.
func (e *evaluation) speaksFor(c *config.Connection) bool {
	for _, authority := range c.Authority {
		for i := range e.counted {
			p := &e.counted[i].Profile
			if directory.EmailDomain(p.UserName) == authority {
				return true
			}
			for _, m := range p.Emails {
				if directory.EmailDomain(m.Value) == authority {
					return true
				}
			}
		}
	}
	return false
}

// active reports whether the directories say that the person is active.
func (e *evaluation) active() bool {
	if len(e.counted) == 0 {
		return e.invited() != nil
	}
	return slices.ContainsFunc(e.counted, func(a account) bool {
		return a.Profile.Active && (e.authority == "" || a.Connection == e.authority)
	})
}

package provision

import (
	"github.com/mixus/usher/directory"
)

// invitation keeps the invitation of a person in step with their status: one pending row while they are invited,
// cancelled when they are let go before they accepted, accepted when they became a member without it.
func (s *settlement) invitation(p *loaded, status directory.Status, d *directory.Decision) error {
	var pending *directory.Grant
	for _, g := range p.person.Grants {
		if g.Kind == directory.GrantInvitation && g.State == directory.InvitationPending {
			pending = g
		}
	}
	switch {
	case status == directory.StatusInvited && pending == nil:
		return s.tx.PutGrants([]*directory.Grant{{
			ID: s.engine.ids.New(s.now), Org: s.org, Member: p.member.ID, Kind: directory.GrantInvitation,
			Role: d.Role, State: directory.InvitationPending, Actor: s.cause.Actor, Reason: "provisioning: invite", Created: s.now,
		}})
	case status == directory.StatusInvited || pending == nil:
		return nil
	case status == directory.StatusActive:
		pending.State = directory.InvitationAccepted
	default:
		pending.State = directory.InvitationCancelled
	}
	return s.tx.PutGrants([]*directory.Grant{pending})
}

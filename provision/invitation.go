package provision

import (
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// invitation keeps the invitations of a person in step with their status: one is pending while they are invited, cancelled
// when they are let go before they accepted, accepted when they became a member without it.
func (s *settlement) invitation(p *loaded, status directory.Status, d *directory.Decision) error {
	was := p.member.Status
	if was == directory.StatusInvited && status == directory.StatusActive {
		if err := s.welcome(p.member.ID, d); err != nil {
			return err
		}
	}
	open := openInvitation(p.person.Grants)
	switch {
	case status == directory.StatusInvited && open == nil && was != directory.StatusInvited:
		return s.inviteByPush(p, d)
	case open == nil:
		return nil
	case status == directory.StatusInvited:
		return s.promise(open, d)
	case status == directory.StatusActive && open.State == directory.InvitationPending:
		return s.end(open, directory.InvitationAccepted, s.whoMade())
	case status == directory.StatusNone && s.staysOpen(p, open):
		return nil
	}
	return s.end(open, directory.InvitationCancelled, s.whoPutOut(status, d))
}

// promise notes at an invitation which role it gives, and why, where that is another than it asks for.
func (s *settlement) promise(open *directory.Grant, d *directory.Decision) error {
	i := open.Invited
	gives, because := "", ""
	if d.Role != open.Role {
		gives = d.Role
		because = whyRole(d)
	}
	if i == nil || i.Gives == gives && i.Because == because {
		return nil
	}
	i.Gives, i.Because = gives, because
	return s.tx.PutGrants([]*directory.Grant{open})
}

// whyRole says in words what has decided the role: a limit, where one has lowered what was given.
func whyRole(d *directory.Decision) string {
	for _, r := range slices.Backward(d.Reasons) {
		if r.Field == "role" && r.Value == d.Role {
			return r.Because
		}
	}
	return ""
}

// staysOpen reports whether an invitation stays open although its person is not invited now: it waits for an approval; or an
// admin has invited them, and their provider, who has them active, has not said yet what gives them a role.
func (s *settlement) staysOpen(p *loaded, open *directory.Grant) bool {
	switch {
	case len(mapping.ByHand(p.person.Grants, s.now)) > 0:
		return false
	case len(p.person.Accounts) == 0:
		return open.State == directory.InvitationUnapproved
	}
	return p.present() && open.Invited != nil && !open.Invited.Auto
}

// invitedManager finds the member whom an invitation names as the manager, also one who is invited at the same time.
func (s *settlement) invitedManager(d *directory.Decision, member directory.ID) error {
	if id, now := s.invitees[directory.FoldAddress(d.Manager)]; now && id != member {
		d.ManagerID = id
		return nil
	}
	holders, err := s.holders(d.Manager)
	if err == nil && len(holders) == 1 && holders[0].ID != member {
		d.ManagerID = holders[0].ID
	}
	return err
}

// openInvitation returns the invitation that somebody may still accept, nil for none.
func openInvitation(grants []*directory.Grant) *directory.Grant {
	i := slices.IndexFunc(grants, isOpen)
	if i < 0 {
		return nil
	}
	return grants[i]
}

func isOpen(g *directory.Grant) bool {
	return g.Kind == directory.GrantInvitation && (g.State == directory.InvitationPending || g.State == directory.InvitationUnapproved)
}

// close ends an invitation, and writes it. Its links lead nowhere any more, and the worker looks at it no more.
func (s *settlement) close(g *directory.Grant, state string) error {
	g.State = state
	if g.Invited != nil {
		g.Invited.Closed, g.Invited.Due, g.Invited.Links = s.now, time.Time{}, nil
		if err := s.returnTurn(g.Invited); err != nil {
			return err
		}
	}
	return s.tx.PutGrants([]*directory.Grant{g})
}

// inviteByPush invites somebody whom a connection with "provisioning: invite" has pushed.
func (s *settlement) inviteByPush(p *loaded, d *directory.Decision) error {
	g := &directory.Grant{
		ID: s.engine.ids.New(s.now), Org: s.org, Member: p.member.ID, Kind: directory.GrantInvitation, Role: d.Role,
		Actor: s.cause.Actor, Reason: "provisioning: invite", Created: s.now,
		Invited: &directory.Invitation{Email: d.Email, FirstName: d.Name, Department: d.Department, Auto: true, Pushed: true},
	}
	return s.issueInTurn(g)
}

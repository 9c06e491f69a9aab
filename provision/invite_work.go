package provision

import (
	"context"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// invitationsTended is how many invitations one step of the worker looks at.
const invitationsTended = 50

// tendInvitations sends the reminders that are due, and ends the invitations that have expired. It reports whether there may
// be more.
func (e *Engine) tendInvitations(ctx context.Context) (bool, error) {
	now := e.Now().UTC()
	byOrg := map[directory.OrgNum][]directory.ID{}
	n := 0
	err := e.Store.View(ctx, func(tx store.Tx) error {
		due, err := tx.DueInvitations(now, invitationsTended)
		for _, g := range due {
			byOrg[g.Org] = append(byOrg[g.Org], g.ID)
		}
		n = len(due)
		return err
	})
	if err != nil {
		return false, err
	}
	for org, ids := range byOrg {
		err := e.update(ctx, org, directory.Cause{Kind: directory.CauseTime}, func(s *settlement) error {
			for _, id := range ids {
				if err := s.tend(id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return n == invitationsTended, nil
}

// tend does to one invitation what is due now.
func (s *settlement) tend(id directory.ID) error {
	g, err := s.tx.Invitation(s.org, id)
	if err != nil || g.Invited == nil || g.Invited.Due.IsZero() || g.Invited.Due.After(s.now) {
		return err
	}
	s.outcomes = nil
	clear(s.settled)
	i := g.Invited
	switch {
	case g.State != directory.InvitationPending:
		i.Due = time.Time{}
		return s.tx.PutGrants([]*directory.Grant{g})
	case !i.Expires.After(s.now):
		if err := s.close(g, directory.InvitationExpired); err != nil {
			return err
		}
		return s.turned(g, "invitation.expired", "nobody has accepted the invitation, and it has expired")
	}
	sent := i.Step
	s.schedule(g)
	if i.Step == sent { // the organization's reminders have changed
		return s.tx.PutGrants([]*directory.Grant{g})
	}
	return s.remindInTurn(g)
}

// untilInvitation returns how long it is until an invitation is due, and false when none is.
func (e *Engine) untilInvitation(tx store.Tx) (time.Duration, bool, error) {
	at, ok, err := tx.NextInvitation()
	return max(0, at.Sub(e.Now())), ok, err
}

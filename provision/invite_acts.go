package provision

import (
	"context"
	"errors"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// InvitationAct is what an admin does to an invitation.
type InvitationAct struct {
	Org   directory.OrgNum
	Cause directory.Cause // Kind admin; Actor is set
	ID    directory.ID
}

// remindEvery is the least time between two mails of one invitation that an admin asks for.
const remindEvery = time.Hour

// RejectInvitation declines to send an invitation that waits for an approval.
func (e *Engine) RejectInvitation(ctx context.Context, a InvitationAct) (*directory.Grant, error) {
	return e.steer(ctx, a, "invitation.rejected", func(s *settlement, g *directory.Grant) (string, error) {
		if g.State != directory.InvitationUnapproved {
			return "", inState(g, "rejected")
		}
		return "the invitation was not approved", s.close(g, directory.InvitationDeclined)
	})
}

// ResendInvitation sends a new link, and makes those of before lead nowhere. An invitation that has expired is open again: it
// waits for an approval, where the organization wants one by now and nobody has approved what it gives.
func (e *Engine) ResendInvitation(ctx context.Context, a InvitationAct) (*directory.Grant, error) {
	return e.steer(ctx, a, "invitation.resent", func(s *settlement, g *directory.Grant) (string, error) {
		if g.State != directory.InvitationPending && g.State != directory.InvitationExpired {
			return "", inState(g, "sent again")
		}
		if most := s.policy.Organization.Invitations.MaxResends; g.Invited.Resent >= most {
			return "", directory.Errorf(directory.Conflict,
				"This invitation was sent again %d times, which is as often as the organization's file allows (max_resends). Cancel it and invite the person anew.", g.Invited.Resent)
		}
		if g.State == directory.InvitationExpired {
			if err := s.stillWanted(g); err != nil {
				return "", err
			}
			if s.policy.Organization.Invitations.RequireApproval && !g.Invited.Auto && g.Invited.Approved == "" {
				if err := s.unapproved(g); err != nil {
					return "", err
				}
				return "the invitation waits for an approval", s.tx.PutGrants([]*directory.Grant{g})
			}
		}
		if err := s.countLetter(g); err != nil {
			return "", err
		}
		g.Invited.Resent++
		return "a new link was sent; those of before work no more", s.issue(g)
	})
}

// stillWanted refuses to open an invitation of somebody who is a member, or is invited otherwise.
func (s *settlement) stillWanted(g *directory.Grant) error {
	holders, err := s.holders(g.Invited.Email)
	if err != nil {
		return err
	}
	known, problem, err := s.known(holders)
	switch {
	case err != nil:
		return err
	case problem != nil && !g.Invited.Pushed:
		return problem
	case known != nil && (known.Code == InviteMember || known.Invitation != nil):
		return directory.Errorf(directory.Conflict, "Since this invitation expired the person has become a member, or was invited anew.")
	}
	return nil
}

// RemindInvitation mails the person again. The links of before go on working.
func (e *Engine) RemindInvitation(ctx context.Context, a InvitationAct) (*directory.Grant, error) {
	return e.steer(ctx, a, "invitation.reminded", func(s *settlement, g *directory.Grant) (string, error) {
		if g.State != directory.InvitationPending {
			return "", inState(g, "reminded of")
		}
		if s.waits(g.Invited) {
			return "", directory.Errorf(directory.Conflict,
				"A letter to the person waits until %s: %s. `usher invitations resend` sends one now.", clock(g.Invited.Goes), s.limitWords(g.Invited.Email))
		}
		if last := g.Invited.Touched; s.now.Before(last.Add(remindEvery)) {
			return "", directory.Errorf(directory.Conflict,
				"The last letter to the person is of %s; a further reminder can be sent from %s on.", clock(last), clock(last.Add(remindEvery)))
		}
		if err := s.countLetter(g); err != nil {
			return "", err
		}
		return "the person was reminded", s.reminder(g)
	})
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// reminder mails a further link of a pending invitation.
func (s *settlement) reminder(g *directory.Grant) error {
	g.Invited.Reminded++
	g.Invited.Touched = s.now
	return s.send(g, mail.KindReminder)
}

// ExtendInvitation makes a pending invitation end at another instant. Its links go on working until then.
func (e *Engine) ExtendInvitation(ctx context.Context, a InvitationAct, until time.Time) (*directory.Grant, error) {
	return e.steer(ctx, a, "invitation.extended", func(s *settlement, g *directory.Grant) (string, error) {
		until := until.UTC()
		switch {
		case g.State != directory.InvitationPending:
			return "", inState(g, "extended")
		case !until.After(s.now):
			return "", wrong("until", "The invitation would end at %s, which is past.", clock(until))
		case s.waits(g.Invited) && !until.After(g.Invited.Goes):
			return "", wrong("until", "The letter with the link waits until %s; the invitation cannot end before that.", clock(g.Invited.Goes))
		case until.After(s.now.Add(config.MostInvitation)):
			return "", wrong("until", "An invitation may last for %s from now on; this is until %s.", config.FormatDuration(config.MostInvitation), clock(until))
		}
		g.Invited.Expires = until
		s.schedule(g)
		if err := s.prolong(g); err != nil {
			return "", err
		}
		return "the invitation ends at " + clock(until), s.tx.PutGrants([]*directory.Grant{g})
	})
}

// CancelInvitation takes an open invitation back.
func (e *Engine) CancelInvitation(ctx context.Context, a InvitationAct) (*directory.Grant, error) {
	return e.steer(ctx, a, "invitation.cancelled", func(s *settlement, g *directory.Grant) (string, error) {
		if !isOpen(g) {
			return "", inState(g, "cancelled")
		}
		return "the invitation was cancelled", s.close(g, directory.InvitationCancelled)
	})
}

// inState refuses what cannot be done to an invitation any more, or not yet.
func inState(g *directory.Grant, done string) error {
	state := map[string]string{
		directory.InvitationUnapproved: "waits for an approval",
		directory.InvitationPending:    "was sent, and waits for the person",
		directory.InvitationAccepted:   "was accepted",
		directory.InvitationSpent:      "was accepted",
		directory.InvitationDeclined:   "was declined",
		directory.InvitationExpired:    "has expired; send it again",
		directory.InvitationCancelled:  "was cancelled",
		directory.InvitationAwaiting:   "is somebody's who asked to join by signing in; see `usher members list --status awaiting`",
	}[g.State]
	return directory.Errorf(directory.Conflict, "This invitation cannot be %s: it %s.", done, state)
}

// steer changes an invitation, settles the person and journals both, in one transaction.
func (e *Engine) steer(ctx context.Context, a InvitationAct, kind string, change func(*settlement, *directory.Grant) (string, error)) (*directory.Grant, error) {
	var changed *directory.Grant
	err := e.update(ctx, a.Org, a.Cause, func(s *settlement) error {
		g, err := invitationOf(s.tx, s.org, a.ID)
		if errors.Is(err, store.ErrNotFound) {
			return directory.Errorf(directory.NotFound, "There is no invitation %s in this organization.", a.ID)
		}
		if err != nil {
			return err
		}
		s.byHand = true
		note, err := change(s, g)
		if err != nil {
			return err
		}
		if err := s.turned(g, kind, note); err != nil {
			return err
		}
		changed, err = s.tx.Invitation(s.org, g.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// turned settles the person of an invitation that changed, and journals it.
func (s *settlement) turned(g *directory.Grant, kind, note string) error {
	if err := s.settle([]*facts.Touch{{Member: g.Member}}); err != nil {
		return err
	}
	o := s.settled[g.Member]
	o.notes = append(o.notes, note)
	return s.journal(map[directory.ID]string{g.Member: kind})
}

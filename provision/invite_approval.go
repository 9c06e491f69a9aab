package provision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// InvitationVersion names what an invitation gives, and to whom: whoever approves it says which version they were shown.
func InvitationVersion(g *directory.Grant) string {
	i := g.Invited
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", i.Email, g.Role, i.Department, i.Access, i.Sets))
	return hex.EncodeToString(sum[:8])
}

// ApproveInvitation sends an invitation that waits for an approval. Version is the one that was shown; when the invitation
// gives something else by now it is a Conflict. Nobody approves what they have asked for, or changed, themselves.
func (e *Engine) ApproveInvitation(ctx context.Context, a InvitationAct, version string) (*directory.Grant, error) {
	return e.steer(ctx, a, "invitation.approved", func(s *settlement, g *directory.Grant) (string, error) {
		switch {
		case g.State != directory.InvitationUnapproved:
			return "", inState(g, "approved")
		case s.cause.Actor == g.Actor:
			return "", directory.Errorf(directory.Forbidden, "%s has asked for this invitation; somebody else has to approve it.", g.Actor)
		case slices.Contains(g.Invited.Editors, s.cause.Actor):
			return "", directory.Errorf(directory.Forbidden, "%s has changed this invitation; somebody else has to approve it.", s.cause.Actor)
		case version != InvitationVersion(g):
			return "", directory.Errorf(directory.Conflict,
				"The invitation has changed since it was shown; look at it again with `usher invitations show %s`, and approve what it shows then.", g.ID)
		}
		if err := s.countLetter(g); err != nil {
			return "", err
		}
		if !g.Invited.Sent.IsZero() { // it was approved before, and changed since
			g.Invited.Resent++
		}
		g.Invited.Approved = s.cause.Actor
		return "the invitation was approved, and sent", s.issue(g)
	})
}

// InvitationEdit says what of an invitation becomes different; nil leaves it as it is.
type InvitationEdit struct {
	Role, Department *string
	Access           *directory.Access
	Sets             *[]string
}

// EditInvitation changes what an open invitation gives. Its links go on working, unless an admin has to approve it: then it
// waits for that, again if need be, and its links lead nowhere.
func (e *Engine) EditInvitation(ctx context.Context, a InvitationAct, edit InvitationEdit) (*directory.Grant, error) {
	return e.steer(ctx, a, "invitation.edited", func(s *settlement, g *directory.Grant) (string, error) {
		switch {
		case !isOpen(g):
			return "", inState(g, "edited")
		case g.Invited.Pushed:
			return "", directory.Errorf(directory.Conflict, "A directory asked for this invitation, so that its rules decide; `usher members pin` gives another role.")
		}
		was, before := InvitationVersion(g), inviteNote(g)
		if problem := s.edit(g, edit); problem != nil {
			return "", problem
		}
		if InvitationVersion(g) != was {
			if err := s.edited(g); err != nil {
				return "", err
			}
		}
		note := "now " + inviteNote(g)
		if before != inviteNote(g) {
			note += "; before that, " + before
		}
		return note, s.tx.PutGrants([]*directory.Grant{g})
	})
}

// edited notes who has changed what an invitation gives, and asks for an approval of that where one is needed.
func (s *settlement) edited(g *directory.Grant) error {
	i := g.Invited
	if !slices.Contains(i.Editors, s.cause.Actor) {
		i.Editors = append(i.Editors, s.cause.Actor)
	}
	i.Approved = ""
	if g.State == directory.InvitationPending && !s.policy.Organization.Invitations.RequireApproval {
		return nil
	}
	return s.unapproved(g)
}

// unapproved has an invitation wait for an approval. Its links lead nowhere.
func (s *settlement) unapproved(g *directory.Grant) error {
	i := g.Invited
	g.State, i.Links, i.Due, i.Closed = directory.InvitationUnapproved, nil, time.Time{}, time.Time{}
	return s.askForApproval(g, 1)
}

func (s *settlement) edit(g *directory.Grant, edit InvitationEdit) *directory.Error {
	i := g.Invited
	i.Gives, i.Because = "", ""
	if edit.Role != nil {
		if problem := s.checkRole(*edit.Role); problem != nil {
			return problem
		}
		g.Role = *edit.Role
	}
	if edit.Department != nil {
		i.Department = ""
		if problem := s.nameDepartment(i, *edit.Department); problem != nil {
			return problem
		}
	}
	if edit.Sets != nil {
		i.Sets = slices.Compact(slices.Sorted(slices.Values(*edit.Sets)))
		if edit.Access == nil && len(i.Sets) > 0 {
			i.Access = directory.AccessCustom
		}
	}
	if edit.Access != nil {
		if i.Access = *edit.Access; i.Access != directory.AccessCustom && edit.Sets == nil {
			i.Sets = nil
		}
	}
	return s.checkAccess(i)
}

package provision

import (
	"context"
	"errors"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// OpenInvitation is what a link leads to, for the page that shows it.
type OpenInvitation struct {
	Org        string // the organization's id
	OrgNum     directory.OrgNum
	Name       string // the organization's name
	Invitation *directory.Grant
}

// InvitationByLink returns the invitation to which a link leads, by the hash of its secret. It consumes nothing. Its error is
// NotFound for a link that is unknown, and Conflict, with words for the person, for one that works no more.
func (e *Engine) InvitationByLink(ctx context.Context, hash [32]byte) (*OpenInvitation, error) {
	var open *OpenInvitation
	err := e.Store.View(ctx, func(tx store.Tx) error {
		g, err := e.workingLink(tx, hash)
		if err != nil {
			return err
		}
		r, err := e.active(tx, g.Org)
		if err != nil {
			return err
		}
		open = &OpenInvitation{Org: r.org, OrgNum: g.Org, Name: r.policy.Organization.Name, Invitation: g}
		return nil
	})
	return open, err
}

// workingLink returns the pending invitation of a link.
func (e *Engine) workingLink(tx store.Tx, hash [32]byte) (*directory.Grant, error) {
	g, err := linked(tx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil, directory.Errorf(directory.NotFound, "This link leads to no invitation. Open the link of the mail once more, as a whole.")
	}
	if err != nil {
		return nil, err
	}
	switch {
	case g.State == directory.InvitationExpired, g.State == directory.InvitationPending && !g.Invited.Expires.After(e.Now()):
		return nil, directory.Errorf(directory.Conflict, "This invitation has expired. Ask whoever invited you for a new one.")
	case g.State == directory.InvitationPending && !g.Invited.HasLink(hash):
		return nil, directory.Errorf(directory.Conflict, "A newer mail has taken this link's place. Open the link of the latest mail.")
	case g.State == directory.InvitationAccepted, g.State == directory.InvitationSpent:
		return nil, directory.Errorf(directory.Conflict, "This invitation has been accepted. Sign in to go on.")
	case g.State != directory.InvitationPending:
		return nil, directory.Errorf(directory.Conflict, "This invitation was taken back. Ask whoever invited you.")
	}
	return g, nil
}

// Acceptance is somebody's yes to an invitation.
type Acceptance struct {
	Link    [32]byte     // the hash of the link's secret
	Request string       // the id of the HTTP request, for the journal
	Method  string       // how the person showed who they are: "code", "password", "saml", …
	Address string       // of which the person has shown that it is theirs
	Member  directory.ID // who is signed in already; zero for nobody
}

// AcceptInvitation accepts an invitation for somebody who has shown that the invited address is theirs. A person who is a
// member already stays one person: the invitation becomes theirs. The error is Forbidden for the wrong address.
func (e *Engine) AcceptInvitation(ctx context.Context, a Acceptance) (*directory.Member, error) {
	var member *directory.Member
	err := e.answer(ctx, a, func(s *settlement, g *directory.Grant) error {
		touched := []*facts.Touch{{Member: g.Member}}
		if !a.Member.IsZero() && a.Member != g.Member {
			if err := s.handOver(g, a.Member); err != nil {
				return err
			}
			touched = append(touched, &facts.Touch{Member: a.Member})
		}
		s.close(g, directory.InvitationAccepted)
		if err := s.tx.PutGrants([]*directory.Grant{g}); err != nil {
			return err
		}
		if err := s.settle(touched); err != nil {
			return err
		}
		o := s.settled[g.Member]
		o.notes = append(o.notes, "the invitation of "+g.Created.Format("2006-01-02")+" was accepted, the person having shown who they are by "+a.Method)
		member = o.member
		return s.journal(map[directory.ID]string{g.Member: "invitation.accepted"})
	})
	return member, err
}

// DeclineInvitation notes that the person does not want to come. It needs only the link: whoever has it could also have
// thrown the mail away.
func (e *Engine) DeclineInvitation(ctx context.Context, a Acceptance) error {
	return e.byLink(ctx, a, func(s *settlement, g *directory.Grant) error {
		s.close(g, directory.InvitationDeclined)
		if err := s.tx.PutGrants([]*directory.Grant{g}); err != nil {
			return err
		}
		return s.turned(g, "invitation.declined", "the person declined")
	})
}

// byLink runs fn with the invitation of a link that works, in its organization.
func (e *Engine) byLink(ctx context.Context, a Acceptance, fn func(*settlement, *directory.Grant) error) error {
	open, err := e.InvitationByLink(ctx, a.Link)
	if err != nil {
		return err
	}
	cause := directory.Cause{Kind: directory.CauseLogin, ID: a.Request, Actor: a.Method}
	return e.update(ctx, open.OrgNum, cause, func(s *settlement) error {
		g, err := e.workingLink(s.tx, a.Link)
		if err != nil {
			return err
		}
		return fn(s, g)
	})
}

// answer is byLink for somebody who may accept.
func (e *Engine) answer(ctx context.Context, a Acceptance, fn func(*settlement, *directory.Grant) error) error {
	return e.byLink(ctx, a, func(s *settlement, g *directory.Grant) error {
		if directory.FoldAddress(a.Address) != directory.FoldAddress(g.Invited.Email) {
			return directory.Errorf(directory.Forbidden, "This invitation is for another address. Sign in with the address that was invited, or ask for the address to be changed.")
		}
		lockdown, err := s.tx.Lockdown(s.org)
		if err != nil {
			return err
		}
		if lockdown.On() {
			return directory.Errorf(directory.Unavailable, "Nobody can join at the moment. Try again later, or ask whoever invited you.")
		}
		return fn(s, g)
	})
}

// handOver makes an invitation that of a member who goes by the invited address too; who was invited becomes part of them.
func (s *settlement) handOver(g *directory.Grant, to directory.ID) error {
	if _, err := s.existing(to); err != nil {
		return err
	}
	placeholder, err := s.existing(g.Member)
	if err != nil {
		return err
	}
	if len(placeholder.Users) > 0 || !placeholder.Joined.IsZero() {
		return directory.Errorf(directory.Conflict, "The invited person and the one who is signed in are two members. Ask an admin to merge them.")
	}
	if err := s.tx.DeleteGrants([]*directory.Grant{g}); err != nil {
		return err
	}
	placeholder.Merged = to
	g.Member = to
	return s.tx.PutMembers([]*directory.Member{placeholder})
}

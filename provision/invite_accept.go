package provision

import (
	"context"
	"errors"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// LinkState says what a link of an invitation is good for.
type LinkState string

// The states of a link.
const (
	LinkWorks      LinkState = "works"
	LinkExpired    LinkState = "expired"
	LinkReplaced   LinkState = "replaced" // a newer mail has a link that works
	LinkAccepted   LinkState = "accepted"
	LinkDeclined   LinkState = "declined"
	LinkCancelled  LinkState = "cancelled"
	LinkUnapproved LinkState = "unapproved" // what it gives has changed since it was sent, and waits for an approval
)

// LinkedInvitation is what a link leads to, for the page that shows it.
type LinkedInvitation struct {
	State      LinkState
	Org        string // the organization's id
	OrgNum     directory.OrgNum
	Name       string // the organization's name
	Invitation *directory.Grant
	Inviter    string // an admin's address; "" where no admin invites
	Provider   string // the connection by which the person signs in, which may be another organization's; "" where they accept by a mailed code
	Vouched    bool   // the provider of whoever is signed in vouches for the invited address, so that they accept at once
}

// FollowLink returns the invitation to which a link leads, whatever has become of it, by the hash of its secret. It consumes
// nothing. Held is the session of the browser that follows it, nil for none. Its error is NotFound for a link that is
// unknown.
func (e *Engine) FollowLink(ctx context.Context, hash [32]byte, held *directory.Session) (*LinkedInvitation, error) {
	var found *LinkedInvitation
	err := e.Store.View(ctx, func(tx store.Tx) error {
		g, err := linked(tx, hash)
		if err != nil {
			return noLink(err)
		}
		s, err := e.settlement(tx, g.Org, directory.Cause{})
		if err != nil {
			return err
		}
		found = &LinkedInvitation{
			State: s.linkState(g, hash), Org: s.orgName, OrgNum: s.org, Name: s.policy.Organization.Name, Invitation: g, Inviter: inviter(g),
		}
		if found.Provider, err = s.inviteProvider(g); err != nil || held == nil {
			return err
		}
		found.Vouched, err = s.vouched(held, g.Invited.Email)
		return err
	})
	return found, err
}

// noLink is the error of a link to which there is no invitation.
func noLink(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return directory.Errorf(directory.NotFound, "This link leads to no invitation. Open the link of the mail once more, as a whole.")
	}
	return err
}

// linkState says what the link of a secret with this hash is good for now.
func (s *settlement) linkState(g *directory.Grant, hash [32]byte) LinkState {
	switch g.State {
	case directory.InvitationPending:
		switch {
		case !g.Invited.Expires.After(s.now):
			return LinkExpired
		case !g.Invited.HasLink(hash):
			return LinkReplaced
		}
		return LinkWorks
	case directory.InvitationExpired:
		return LinkExpired
	case directory.InvitationAccepted, directory.InvitationSpent:
		return LinkAccepted
	case directory.InvitationDeclined:
		return LinkDeclined
	case directory.InvitationUnapproved:
		return LinkUnapproved
	}
	return LinkCancelled
}

// refusal is the error for a link that does not work, nil for one that does.
func (l LinkState) refusal() error {
	switch l {
	case LinkWorks:
		return nil
	case LinkExpired:
		return directory.Errorf(directory.Conflict, "This invitation has expired. Ask whoever invited you for a new one.")
	case LinkReplaced:
		return directory.Errorf(directory.Conflict, "A newer mail has taken this link's place. Open the link of the latest mail.")
	case LinkAccepted:
		return directory.Errorf(directory.Conflict, "This invitation has been accepted. Sign in to go on.")
	case LinkDeclined:
		return directory.Errorf(directory.Conflict, "This invitation was declined. If you want to come after all, ask whoever invited you for a new one.")
	case LinkUnapproved:
		return directory.Errorf(directory.Conflict, "This invitation has changed, and is being looked at again. You will get a new letter.")
	case LinkCancelled:
	}
	return directory.Errorf(directory.Conflict, "This invitation was taken back. Ask whoever invited you.")
}

// workingLink returns the pending invitation of a link.
func (s *settlement) workingLink(hash [32]byte) (*directory.Grant, error) {
	g, err := linked(s.tx, hash)
	if err != nil {
		return nil, noLink(err)
	}
	return g, s.linkState(g, hash).refusal()
}

// inviteProvider returns the connection by which somebody accepts an invitation, "" where no provider signs them in.
func (s *settlement) inviteProvider(g *directory.Grant) (string, error) {
	rows, err := s.tx.Members(s.org, []directory.ID{g.Member})
	if err != nil || rows[0] == nil {
		return "", err
	}
	grants, err := s.tx.Grants(s.org, []directory.ID{g.Member})
	if err != nil {
		return "", err
	}
	c, err := s.providerOf(rows[0], grants[0], g.Invited.Email)
	if err != nil || c == nil {
		return "", err
	}
	return c.ID, nil
}

// Acceptance is somebody's yes to an invitation.
type Acceptance struct {
	Link    [32]byte     // the hash of the link's secret
	Request string       // the id of the HTTP request, for the journal
	Method  string       // how the person showed who they are: "code", "password", "saml", …
	Member  directory.ID // who is signed in already; zero for nobody
}

// accepted accepts an invitation for somebody who has shown that the invited address is theirs, settles them and journals it.
// A person who is a member already stays one person: the invitation becomes theirs.
func (s *settlement) accepted(g *directory.Grant, a Acceptance) (*directory.Member, error) {
	touched := []*facts.Touch{{Member: g.Member}}
	if !a.Member.IsZero() && a.Member != g.Member {
		if err := s.handOver(g, a.Member); err != nil {
			return nil, err
		}
		touched = append(touched, &facts.Touch{Member: a.Member})
	}
	if err := s.close(g, directory.InvitationAccepted); err != nil {
		return nil, err
	}
	if err := s.settle(touched); err != nil {
		return nil, err
	}
	o := s.settled[g.Member]
	o.notes = append(o.notes, "the invitation of "+g.Created.Format("2006-01-02")+" was accepted, the person having shown who they are by "+a.Method)
	return o.member, s.journal(map[directory.ID]string{g.Member: "invitation.accepted"})
}

// DeclineInvitation notes that the person does not want to come. It needs only the link: whoever has it could also have
// thrown the mail away.
func (e *Engine) DeclineInvitation(ctx context.Context, a Acceptance) error {
	return e.byLink(ctx, a, func(s *settlement, g *directory.Grant) error {
		if err := s.close(g, directory.InvitationDeclined); err != nil {
			return err
		}
		return s.turned(g, "invitation.declined", "the person declined")
	})
}

// byLink runs fn with the invitation of a link that works, in its organization.
func (e *Engine) byLink(ctx context.Context, a Acceptance, fn func(*settlement, *directory.Grant) error) error {
	found, err := e.FollowLink(ctx, a.Link, nil)
	if err == nil {
		err = found.State.refusal()
	}
	if err != nil {
		return err
	}
	cause := directory.Cause{Kind: directory.CauseLogin, ID: a.Request, Actor: a.Method}
	return e.update(ctx, found.OrgNum, cause, func(s *settlement) error {
		g, err := s.workingLink(a.Link)
		if err != nil {
			return err
		}
		return fn(s, g)
	})
}

func anotherAddress() error {
	return directory.Errorf(directory.Forbidden, "This invitation is for another address. Sign in with the address that was invited, or ask for the address to be changed.")
}

// letsJoin is an Unavailable error while nobody can join.
func (s *settlement) letsJoin() error {
	lockdown, err := s.tx.Lockdown(s.org)
	if err == nil && lockdown.On() {
		err = directory.Errorf(directory.Unavailable, "Nobody can join at the moment. Try again later, or ask whoever invited you.")
	}
	return err
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
	if err := s.joinOnboarding(placeholder.ID, to); err != nil {
		return err
	}
	placeholder.Merged = to
	g.Member = to
	return s.tx.PutMembers([]*directory.Member{placeholder})
}

package provision

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// AcceptSignedIn accepts an invitation for whoever is signed in, where their provider vouches for the invited address. They
// stay one person: the invitation becomes theirs. The error is Forbidden for everybody else, and Unauthenticated where the
// session has ended.
func (e *Engine) AcceptSignedIn(ctx context.Context, link [32]byte, held *directory.Session, request string) (*directory.Member, error) {
	a := Acceptance{Link: link, Request: request, Method: held.Method, Member: held.Member}
	var member *directory.Member
	err := e.byLink(ctx, a, func(s *settlement, g *directory.Grant) error {
		if _, _, err := e.session(s.tx, held.Hash); err != nil { // it may have ended since the browser asked
			return err
		}
		vouched, err := s.vouched(held, g.Invited.Email)
		if err != nil {
			return err
		}
		if !vouched {
			return anotherAddress()
		}
		if err := s.letsJoin(); err != nil {
			return err
		}
		member, err = s.accepted(g, a)
		return err
	})
	return member, err
}

// vouched reports whether the provider by which a session began has vouched for an address of the person, and may speak for
// it (law 5): the domain is the organization's own, and no other connection has the say for it.
func (s *settlement) vouched(held *directory.Session, address string) (bool, error) {
	domain := directory.EmailDomain(address)
	c := s.connection(held.Conn)
	if held.Org != s.org || c == nil || !letsIn(c) || !s.owns(domain) {
		return false, nil
	}
	if has := s.policy.AuthorityFor(domain); has != nil && has.ID != c.ID {
		return false, nil
	}
	grants, err := s.tx.Grants(s.org, []directory.ID{held.Member})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(grants[0], func(g *directory.Grant) bool {
		return g.IsLogin(held.Conn) && hasAddress(&g.Login.Profile, address)
	}), nil
}

// An invitation's address is asked to be changed once in so long.
const (
	requestAddress   = "invitation.address"
	addressAskedOnce = 24 * time.Hour
)

// AskAddress tells the admins that somebody who is signed in by another address holds the link of an invitation, and asks for
// its address to be changed: of one invitation, once a day. It changes nothing about the invitation.
func (e *Engine) AskAddress(ctx context.Context, link [32]byte, held *directory.Session, request string) error {
	return e.byLink(ctx, Acceptance{Link: link, Request: request, Method: held.Method}, func(s *settlement, g *directory.Grant) error {
		if held.Org != s.org {
			return anotherAddress()
		}
		if _, _, err := e.session(s.tx, held.Hash); err != nil {
			return err
		}
		key := TokenHash(g.ID.String())
		row, err := s.tx.Request(requestAddress, key)
		if err == nil && row.Expires.After(s.now) {
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := putRequest(s.tx, requestAddress, key, s.now.Add(addressAskedOnce), nil); err != nil {
			return err
		}
		invited, err := s.existing(g.Member)
		if err != nil {
			return err
		}
		asking, err := s.existing(held.Member)
		if err != nil {
			return err
		}
		if err := s.tellAdmins(mail.KindAddress, g.ID, "address", addressNotice(g, asking)); err != nil {
			return err
		}
		return s.tellMember(invited, "invitation.address_asked", "the member "+asking.ID.String()+" has the link, and asks for the invitation's address to be changed")
	})
}

func addressNotice(g *directory.Grant, asking *directory.Member) mail.Notice {
	return mail.Notice{
		About: "somebody asks for the address of an invitation to be changed",
		Text: "The invitation of " + g.Invited.Email + " was opened by " + oneLine(asking.Decision.Email) +
			", who is signed in, and asks for it to be sent to that address instead. Nothing was changed.",
		Advice: []string{
			"Ask them whether both addresses are theirs.",
			"If so, take the invitation back: `usher invitations cancel " + g.ID.String() + " --reason WHY`.",
			"Give the member what it was to give, the role " + g.InvitedRole() + ": `usher members pin " + asking.ID.String() + " --role ROLE --reason WHY`.",
		},
	}
}

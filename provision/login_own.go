package provision

import (
	"errors"
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// ownSignIn returns nil for a member who may sign in by something of their own: an ordinary mailed code, a password, a
// passkey. It is a Forbidden error, with words for the journal, for everybody else: who is not active, who did not come by
// an invitation, and whom a provider signs in. A lockdown and a paused connection leave in whoever is active, as they do at
// a provider's sign-in.
func (s *settlement) ownSignIn(member *directory.Member) error {
	switch member.Status {
	case directory.StatusActive:
	case directory.StatusNone:
		return directory.Errorf(directory.Forbidden, "the person is no member")
	case directory.StatusInvited, directory.StatusSuspended, directory.StatusRemoved:
		return directory.Errorf(directory.Forbidden, "the member is %s", member.Status)
	}
	grants, err := s.tx.Grants(s.org, []directory.ID{member.ID})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(grants[0], cameBy) {
		return directory.Errorf(directory.Forbidden, "the member did not come by an invitation")
	}
	if c := s.providerOf(member, grants[0], member.Decision.Email); c != nil {
		return directory.Errorf(directory.Forbidden, "the connection %s signs the member in", c.ID)
	}
	return nil
}

// ownSession lets somebody in who has shown who they are by something of their own, where ownSignIn lets them, and journals
// it. A refusal is no error: it is in the journal, and in the result.
func (s *settlement) ownSession(m *directory.Member, method, agent string) (*LoginResult, error) {
	result := &LoginResult{Code: LoginKnown, Member: m}
	err := s.ownSignIn(m)
	if directory.KindOf(err) == directory.Forbidden {
		switch result.Code = out(m.Status); {
		case result.Code != "":
		case m.Status != directory.StatusActive:
			result.Code = LoginNoRule
		default:
			result.Code = LoginElsewhere
		}
		err = s.tellMember(m, kindRefused, "refused: "+string(result.Code)+": the "+method+" was right, but "+publicMessage(err))
		if err != nil {
			return nil, err
		}
		return result, s.refer(m, result)
	}
	if err != nil {
		return nil, err
	}
	notes, err := s.openSession(m, &Login{Org: s.org, Method: method, Fresh: true, Agent: agent}, result)
	if err != nil {
		return nil, err
	}
	return result, s.tellMember(m, kindLogin, append([]string{"signed in by " + method + ", without any provider"}, notes...)...)
}

// refer gives a refusal the reference of the member's last entry, which tells of it.
func (s *settlement) refer(m *directory.Member, result *LoginResult) error {
	entry, err := s.entry(m.Entry)
	if err == nil && entry != nil {
		result.Reference = Reference(entry)
	}
	return err
}

func publicMessage(err error) string {
	var public *directory.Error
	if errors.As(err, &public) {
		return public.Message
	}
	return "it cannot be told"
}

// providerOf returns the connection that signs somebody of an address in, nil when none does: that of the address's domain,
// or one that has a record of them or has signed them in.
func (s *settlement) providerOf(m *directory.Member, grants []*directory.Grant, address string) *config.Connection {
	if c := s.signsIn(address); c != nil {
		return c
	}
	known := m.Users
	for _, g := range grants {
		if g.HasSignedIn() {
			known = append(slices.Clip(known), g.User)
		}
	}
	for _, ref := range known {
		if c := s.connection(ref.Conn); c != nil && letsIn(c) {
			return c
		}
	}
	return nil
}

// cameBy reports whether a grant is an invitation by which its person has come.
func cameBy(g *directory.Grant) bool {
	return g.Kind == directory.GrantInvitation && (g.State == directory.InvitationAccepted || g.State == directory.InvitationSpent)
}

// signsIn returns a connection that signs people of an address's domain in, nil when none does: it is the one that has the
// say for the domain, else the first of the organization's, where the organization has proven that the domain is its own.
func (s *settlement) signsIn(address string) *config.Connection {
	domain := directory.EmailDomain(address)
	if !s.owns(domain) {
		return nil
	}
	if c := s.policy.AuthorityFor(domain); c != nil && letsIn(c) {
		return c
	}
	for i := range s.policy.Organization.Connections {
		if c := &s.policy.Organization.Connections[i]; letsIn(c) {
			return c
		}
	}
	return nil
}

// letsIn reports whether people sign in by a connection. One that only observes lets nobody in.
func letsIn(c *config.Connection) bool {
	return (c.SAML != nil || c.OIDC != nil) && c.State != config.StateObserve
}

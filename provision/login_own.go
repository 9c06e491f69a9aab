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
	c, err := s.providerOf(member, grants[0], member.Decision.Email)
	switch {
	case err != nil || c == nil:
		return err
	case s.policy.Connection(c.ID) == nil:
		return directory.Errorf(directory.Forbidden, "another organization here owns the domain of the member's address, and signs its people in")
	}
	return directory.Errorf(directory.Forbidden, "the connection %s signs the member in", c.ID)
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
// one that has a record of them or has signed them in, or that of another organization here whose the domain is.
func (s *settlement) providerOf(m *directory.Member, grants []*directory.Grant, address string) (*config.Connection, error) {
	if domain := directory.EmailDomain(address); s.owns(domain) {
		if c := signsIn(s.policy, domain); c != nil {
			return c, nil
		}
	}
	known := m.Users
	for _, g := range grants {
		if g.HasSignedIn() {
			known = append(slices.Clip(known), g.User)
		}
	}
	for _, ref := range known {
		if c := s.connection(ref.Conn); c != nil && letsIn(c) {
			return c, nil
		}
	}
	return s.companyOf(address)
}

// cameBy reports whether a grant is an invitation by which its person has come.
func cameBy(g *directory.Grant) bool {
	return g.Kind == directory.GrantInvitation && (g.State == directory.InvitationAccepted || g.State == directory.InvitationSpent)
}

package provision

import (
	"maps"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// kindCodeWrong is the kind of entry about a wrong code of somebody who signs in by codes.
const kindCodeWrong = "login.code_wrong"

// codeFor finds whom an address lets in by a mailed code, nil for nobody: who breaks glass, else a member who signs in by
// something of their own.
func (e *Engine) codeFor(tx store.Tx, ask *askedCode) (*glass, error) {
	at, err := e.glassOf(tx, ask.Email)
	if err != nil || at != nil && at.member != nil {
		return at, err
	}
	own, err := e.ownOf(tx, ask)
	if err != nil || own == nil {
		return at, err
	}
	return own, nil
}

// ownOf finds the member who signs in by codes at an address, nil for none. Of several organizations it is the one that was
// asked for, else the one that the person joined last.
func (e *Engine) ownOf(tx store.Tx, ask *askedCode) (*glass, error) {
	orgs, err := tx.Organizations()
	if err != nil {
		return nil, err
	}
	var latest *glass
	for _, name := range slices.Sorted(maps.Keys(orgs)) {
		active, err := tx.ActivePolicy(orgs[name])
		if err != nil {
			return nil, err
		}
		if active == 0 || ask.Organization != "" && ask.Organization != name {
			continue
		}
		s, err := e.settlement(tx, orgs[name], directory.Cause{})
		if err != nil {
			return nil, err
		}
		m, err := s.ownMember(ask.Email)
		if err != nil {
			return nil, err
		}
		if m != nil && (latest == nil || m.Joined.After(latest.member.Joined)) {
			latest = &glass{org: s.org, name: name, policy: s.policy, member: m, own: true}
		}
	}
	return latest, nil
}

// ownMember returns the one member of a folded address, where ownSignIn lets them, nil otherwise.
func (s *settlement) ownMember(email string) (*directory.Member, error) {
	holders, err := s.holders(email)
	if err != nil {
		return nil, err
	}
	holders = slices.DeleteFunc(holders, func(m *directory.Member) bool {
		return m.Status == directory.StatusNone || directory.FoldAddress(m.Decision.Email) != email
	})
	if len(holders) != 1 {
		return nil, nil
	}
	err = s.ownSignIn(holders[0])
	if directory.KindOf(err) == directory.Forbidden {
		return nil, nil
	}
	return holders[0], err
}

// ownCode lets somebody in whose code is right, unless they are not to get in by now.
func (s *settlement) ownCode(in *EnterCode, email string, member directory.ID) (*LoginResult, error) {
	m, err := s.existing(member)
	if err != nil {
		return nil, err
	}
	if directory.FoldAddress(m.Decision.Email) != email {
		return nil, nil // the address was the person's no more
	}
	return s.ownSession(m, methodCode, in.Agent)
}

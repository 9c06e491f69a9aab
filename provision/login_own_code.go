package provision

import (
	"maps"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// kindCodeWrong is the kind of entry about a wrong code of somebody who signs in by codes.
const kindCodeWrong = "login.code_wrong"

// glass is an organization into which the code of an address leads, or which names it in break_glass.
type glass struct {
	org    directory.OrgNum
	name   string
	policy *mapping.Policy
	member *directory.Member // nil where nobody is let in
	why    string            // nobody is
	own    bool              // the member signs in by codes always, and breaks no glass
	owner  bool              // the address's domain is the organization's
}

// codesFor finds the organizations into which an address leads by a mailed code; where there are none, those that name it in
// break_glass and let nobody in. Of those that name it, one that owns its domain comes before those that do not, so that
// nobody is drawn to another by its file.
func (e *Engine) codesFor(tx store.Tx, ask *askedCode) ([]*glass, error) {
	orgs, err := tx.Organizations()
	if err != nil {
		return nil, err
	}
	var found []*glass
	for _, name := range slices.Sorted(maps.Keys(orgs)) {
		if ask.Organization != "" && ask.Organization != name {
			continue
		}
		at, err := e.codeIn(tx, orgs[name], ask.Email)
		if err != nil {
			return nil, err
		}
		if at != nil {
			found = append(found, at)
		}
	}
	if slices.ContainsFunc(found, func(at *glass) bool { return !at.own && at.owner }) {
		found = slices.DeleteFunc(found, func(at *glass) bool { return !at.own && !at.owner })
	}
	if slices.ContainsFunc(found, func(at *glass) bool { return at.member != nil }) {
		found = slices.DeleteFunc(found, func(at *glass) bool { return at.member == nil })
	}
	return found, nil
}

// codeIn finds whom an organization lets in by a code at an address: who breaks glass, else a member who signs in by
// something of their own. It is nil where there is no such member, and break_glass does not name the address.
func (e *Engine) codeIn(tx store.Tx, org directory.OrgNum, email string) (*glass, error) {
	if active, err := tx.ActivePolicy(org); err != nil || active == 0 {
		return nil, err
	}
	s, err := e.settlement(tx, org, directory.Cause{})
	if err != nil {
		return nil, err
	}
	at := &glass{org: org, name: s.orgName, policy: s.policy, owner: s.owns(directory.EmailDomain(email))}
	if at.member, at.why, err = e.glassMember(tx, org, s.policy, email); err != nil || at.member != nil {
		return at, err
	}
	own, err := s.ownMember(email)
	switch {
	case err != nil:
		return nil, err
	case own != nil:
		at.member, at.why, at.own = own, "", true
	case glassAddress(s.policy, email) == "":
		return nil, nil
	}
	return at, nil
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

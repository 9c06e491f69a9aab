package provision

import (
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// valid says what decides whether sessions of an organization still hold.
type valid struct {
	engine   *Engine
	policy   *mapping.Policy
	conns    map[directory.ConnNum]string
	closed   map[directory.ConnNum]bool // of the connections that were asked about
	lockdown *directory.Lockdown
	epoch    uint64
	now      time.Time
}

func (e *Engine) validity(tx store.Tx, org directory.OrgNum) (*valid, error) {
	active, err := e.active(tx, org)
	if err != nil {
		return nil, err
	}
	lockdown, err := tx.Lockdown(org)
	if err != nil {
		return nil, err
	}
	epoch, err := tx.Epoch()
	return &valid{
		engine: e, policy: active.policy, conns: active.conns, closed: map[directory.ConnNum]bool{}, lockdown: lockdown, epoch: epoch, now: e.Now().UTC(),
	}, err
}

// holds reports whether a session still holds: by the limits in force now, not by those of when it began, and while nobody
// has ended the connection by which it began, or what let the person in without one.
func (v *valid) holds(tx store.Tx, s *directory.Session) (bool, error) {
	limits := &v.policy.Organization.Sessions
	if s.Epoch != v.epoch || v.lockdown.Over(s) ||
		!v.now.Before(s.Ends) || !v.now.Before(s.Began.Add(limits.Absolute)) || !v.now.Before(s.Seen.Add(limits.Idle)) {
		return false, nil
	}
	if s.Conn == 0 {
		return v.ownHolds(tx, s)
	}
	closed, err := v.isClosed(tx, s.Conn)
	return !closed, err
}

// ownHolds reports whether whoever signed in without a provider would be let in so now.
func (v *valid) ownHolds(tx store.Tx, session *directory.Session) (bool, error) {
	s, err := v.engine.settlement(tx, session.Org, directory.Cause{})
	if err != nil {
		return false, err
	}
	members, err := tx.Members(s.org, []directory.ID{session.Member})
	if err != nil || members[0] == nil {
		return false, err
	}
	switch err := s.ownSignIn(members[0]); {
	case err == nil:
		return true, nil
	case directory.KindOf(err) != directory.Forbidden:
		return false, err
	}
	if session.Method != methodCode {
		return false, nil
	}
	return s.breaksGlass(members[0])
}

// breaksGlass reports whether a member is let in by a break-glass code, at any of their addresses.
func (s *settlement) breaksGlass(m *directory.Member) (bool, error) {
	for _, b := range s.policy.Organization.BreakGlass {
		found, _, err := s.engine.glassMember(s.tx, s.org, s.policy, directory.Fold(b.Email))
		if err != nil || found != nil && found.ID == m.ID {
			return err == nil, err
		}
	}
	return false, nil
}

// isClosed reports whether a connection was retired, or is not in the policy in force any more: what its provider said of
// anybody counts for nothing then. A paused one is not closed.
func (v *valid) isClosed(tx store.Tx, c directory.ConnNum) (bool, error) {
	closed, known := v.closed[c]
	if known {
		return closed, nil
	}
	row, known, err := tx.Connection(v.conns[c])
	if err != nil {
		return false, err
	}
	v.closed[c] = !known || !row.Retired.IsZero() || v.policy.Connection(v.conns[c]) == nil
	return v.closed[c], nil
}

// part parts sessions into those that hold and those that are over.
func (v *valid) part(tx store.Tx, rows []*directory.Session) (hold, over []*directory.Session, err error) {
	for _, s := range rows {
		holds, err := v.holds(tx, s)
		if err != nil {
			return nil, nil, err
		}
		if holds {
			hold = append(hold, s)
		} else {
			over = append(over, s)
		}
	}
	return hold, over, nil
}

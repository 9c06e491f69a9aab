package provision

import (
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// tally is how far one brake of a kind and scope has counted.
type tally struct {
	brake config.Brake
	limit int
	count int  // in the window, this transaction included; up to one beyond the limit
	added int  // by this transaction
	exact bool // the limit is worked out; before, it is the floor
}

// expected is an expectation that has not ended, with the people whom it has let pass.
type expected struct {
	*directory.Expectation
	count int
}

// going reports whether people came to wait so lately that whoever comes now belongs to the same run.
func (r *run) going(now time.Time) bool {
	if r.hold == nil {
		return false
	}
	return now.Sub(r.hold.Joined) < r.hold.Window
}

// runKey names a run.
type runKey struct {
	kind  string
	scope directory.ID
}

// count takes the tallies of a run.
func (s *settlement) count(r *run) error {
	for _, b := range brakesOf(s.policy, r.kind) {
		n, err := s.tx.CountBraked(s.org, r.kind, r.scope, s.now.Add(-b.Window), b.Floor+1)
		if err != nil {
			return err
		}
		r.tallies = append(r.tallies, tally{brake: b, limit: b.Floor, count: n})
	}
	return nil
}

// full returns the first brake of a run that lets nobody more pass, nil when all do. A limit is worked out only once the
// floor does not do.
func (s *settlement) full(r *run) (*tally, error) {
	for i := range r.tallies {
		t := &r.tallies[i]
		if t.count >= t.limit && !t.exact {
			if err := s.workOut(r, t); err != nil {
				return nil, err
			}
		}
		if t.count >= t.limit {
			return t, nil
		}
	}
	return nil, nil
}

// workOut makes the limit and the count of a brake exact.
func (s *settlement) workOut(r *run, t *tally) error {
	since := s.now.Add(-t.brake.Window)
	people, enough := 0, 0
	var err error
	if r.kind == BrakeGroupRemovals {
		if people, err = s.stillIn(r.scope); err != nil {
			return err
		}
		// Of the group as it was, with those whom the brake counts: c are too many of (people + c) from here on.
		if share := t.brake.Percent / 100; share < 1 {
			enough = max(t.brake.Floor, int(share*float64(people)/(1-share)))
		} else {
			enough = max(t.brake.Floor, peopleCounted)
		}
	} else {
		if people, err = activeMembers(s.tx, s.org, peopleNeeded(&t.brake)); err != nil {
			return err
		}
		enough = limitOf(&t.brake, people)
	}
	n, err := s.tx.CountBraked(s.org, r.kind, r.scope, since, enough+1)
	if err != nil {
		return err
	}
	if r.kind == BrakeGroupRemovals {
		people += n
	}
	t.limit, t.count, t.exact = limitOf(&t.brake, people), n+t.added, true
	return nil
}

// stillIn returns how many people were in a group when this transaction began.
func (s *settlement) stillIn(group directory.ID) (int, error) {
	g, err := s.leftGroup(group)
	if err != nil || g == nil {
		return s.brakes.leaving[group], err
	}
	return g.Members + s.brakes.leaving[group], nil
}

// leftGroup returns a group that people left, as this transaction leaves it, nil when it was deleted.
func (s *settlement) leftGroup(id directory.ID) (*directory.Group, error) {
	if s.writer != nil && s.leftConn == s.writer.Conn {
		return s.writer.Group(id)
	}
	rows, err := s.tx.Groups(s.leftConn, []directory.ID{id})
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

package provision

import (
	"math"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// peopleCounted is how many active members are counted for a share of them. An organization that has more, and a brake
// without a ceiling, gets the share of so many.
const peopleCounted = 100_000

// brakeKinds are the kinds of brake, in the order in which people see them.
func brakeKinds() []string {
	return []string{BrakeSuspensions, BrakeRoleLosses, BrakeTopRoleGains, BrakeGroupRemovals}
}

// defaultBrakes are those of a policy that names none of their kind.
func defaultBrakes() []config.Brake {
	return []config.Brake{
		{Of: BrakeSuspensions, Window: time.Hour, Floor: 10, Percent: 3, Ceiling: 50},
		{Of: BrakeRoleLosses, Window: time.Hour, Floor: 10, Percent: 3, Ceiling: 50},
		{Of: BrakeTopRoleGains, Window: 24 * time.Hour, Floor: 2},
		{Of: BrakeGroupRemovals, Window: time.Hour, Floor: 10, Percent: 50},
	}
}

// brakesOf returns the brakes of a kind.
func brakesOf(policy *mapping.Policy, kind string) []config.Brake {
	for _, all := range [][]config.Brake{policy.Organization.Brakes, defaultBrakes()} {
		var found []config.Brake
		for i := range all {
			if all[i].Of == kind {
				found = append(found, all[i])
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// limitOf returns how many of so many people pass a brake: the floor always, above it the share, up to the ceiling.
func limitOf(b *config.Brake, people int) int {
	share := int(b.Percent * float64(people) / 100)
	switch {
	case b.Percent == 0:
		share = b.Ceiling
	case b.Ceiling > 0:
		share = min(share, b.Ceiling)
	}
	return max(b.Floor, share)
}

// peopleNeeded is how many people a brake has to know of for its limit to be exact: beyond the ceiling, more do not matter.
func peopleNeeded(b *config.Brake) int {
	if b.Percent == 0 {
		return 0
	}
	if b.Ceiling == 0 {
		return peopleCounted
	}
	return min(peopleCounted, int(math.Ceil(float64(b.Ceiling)*100/b.Percent)))
}

// activePage is how many ids one step of counting reads.
const activePage = 1000

// activeMembers counts the active members of an organization, up to a number.
func activeMembers(tx store.Tx, org directory.OrgNum, limit int) (int, error) {
	key := directory.Key{Attribute: directory.AttrStatus, Value: string(directory.StatusActive)}
	n := 0
	var after directory.ID
	for n < limit {
		size := min(activePage, limit-n)
		ids, err := tx.FindMembers(org, key, after, size)
		if err != nil {
			return 0, err
		}
		if n += len(ids); len(ids) < size {
			break
		}
		after = ids[len(ids)-1]
	}
	return n, nil
}

// run is what a transaction knows of one kind of brake and one scope.
type run struct {
	kind    string
	scope   directory.ID
	hold    *directory.Hold // that is open; nil for none
	tallies []tally
	special []*expected
}

// braking is what a settlement knows of brakes and holds. It is read when the first effect asks for it.
type braking struct {
	holds    map[directory.ID]*directory.Hold // nil until they were read
	changed  map[directory.ID]bool            // holds to be written
	said     []said                           // what happened to holds in this transaction
	runs     map[runKey]*run
	hadAdmin *bool                              // whether there was an active admin before this transaction
	undoing  map[directory.ID]*directory.Braked // people who are being put back as they were
	leaving  map[directory.ID]int               // group → people of this transaction who left it
}

// said is something that happened to a hold, for the journal and the log.
type said struct {
	kind string // of the entry
	hold *directory.Hold
}

// run reads what there is of a kind and scope, once in a transaction.
func (s *settlement) run(kind string, scope directory.ID) (*run, error) {
	k := runKey{kind, scope}
	if r := s.brakes.runs[k]; r != nil {
		return r, nil
	}
	holds, err := s.holds()
	if err != nil {
		return nil, err
	}
	r := &run{kind: kind, scope: scope}
	for _, h := range holds {
		if h.Kind == kind && h.Scope == scope && h.State == directory.HoldOpen {
			r.hold = h
		}
	}
	expectations, err := s.tx.ListExpectations(s.org)
	if err != nil {
		return nil, err
	}
	for _, x := range expectations {
		if x.Kind != kind || !x.Until.After(s.now) {
			continue
		}
		n, err := s.tx.CountBraked(s.org, kind, x.ID, time.Time{}, x.Count)
		if err != nil {
			return nil, err
		}
		r.special = append(r.special, &expected{x, n})
	}
	if err := s.count(r); err != nil {
		return nil, err
	}
	if s.brakes.runs == nil {
		s.brakes.runs = map[runKey]*run{}
	}
	s.brakes.runs[k] = r
	return r, nil
}

// BrakeRoom returns how many people more pass now, for each kind of brake that counts over the whole organization.
func (e *Engine) BrakeRoom(tx store.Tx, org directory.OrgNum, policy *mapping.Policy) (map[string]int, error) {
	s := &settlement{engine: e, tx: tx, now: e.Now().UTC(), org: org, policy: policy}
	room := map[string]int{}
	for _, kind := range []string{BrakeSuspensions, BrakeRoleLosses, BrakeTopRoleGains} {
		r, err := s.run(kind, directory.NoID)
		if err != nil {
			return nil, err
		}
		for i := range r.tallies {
			t := &r.tallies[i]
			if err := s.workOut(r, t); err != nil {
				return nil, err
			}
			if left := max(0, t.limit-t.count); i == 0 || left < room[kind] {
				room[kind] = left
			}
		}
		if r.going(s.now) {
			room[kind] = 0
		}
		for _, x := range r.special {
			room[kind] += max(0, x.Count-x.count)
		}
	}
	return room, nil
}

package provision

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// The times of holds.
const (
	usualOver  = 30 * 24 * time.Hour // the usual rate is the average over so long; counted people are kept for it
	usualMost  = 1000                // people counted for the usual rate
	grewEvery  = time.Minute         // the journal says that a hold grew no more often
	remindTime = time.Hour           // the log reminds of an open hold so often
	actorsMost = 16                  // people whom a hold names as its cause
)

// open gives a run a hold, unless it has one.
func (s *settlement) open(r *run, full *tally) error {
	if r.hold != nil {
		return nil
	}
	n, err := s.tx.CountBraked(s.org, r.kind, r.scope, s.now.Add(-usualOver), usualMost)
	if err != nil {
		return err
	}
	before := max(0, n-full.count)
	r.hold = &directory.Hold{
		ID: s.engine.ids.New(s.now), Org: s.org, Kind: r.kind, Scope: r.scope, Cause: s.cause, Created: s.now,
		Limit: full.limit, Window: full.brake.Window, Passed: full.count,
		Usual: float64(before) / (float64(usualOver) / float64(full.brake.Window)),
	}
	if !r.scope.IsZero() {
		if r.hold.Name, err = s.leftName(r.scope); err != nil {
			return err
		}
	}
	s.brakes.holds[r.hold.ID] = r.hold
	s.holdChanged(r.hold)
	return nil
}

// leftName names a group that people left, by its id where it was deleted.
func (s *settlement) leftName(id directory.ID) (string, error) {
	g, err := s.leftGroup(id)
	if err != nil || g != nil {
		if g != nil {
			return g.DisplayName, nil
		}
		return "", err
	}
	if s.writer != nil {
		for _, c := range s.writer.Changes() {
			if c.Group != nil && c.Group.ID == id {
				return c.Group.DisplayName, nil
			}
		}
	}
	return id.String(), nil
}

// join has a person wait in the open hold of an effect's kind and scope.
func (s *settlement) join(o *outcome, p *loaded, w *wait, undone *directory.Braked) (*staying, error) {
	r, err := s.run(w.kind, w.scope)
	if err != nil {
		return nil, err
	}
	h := r.hold
	if h == nil {
		return nil, nil // closed since it was decided to put people back
	}
	row := &directory.HeldMember{
		Org: s.org, Hold: h.ID, Member: p.member.ID, Effects: w.effects, Digest: w.digest, Since: s.now, Cause: s.cause, Undone: undone != nil,
	}
	if undone == nil {
		h.Joined = s.now
		if actor := actorOf(s.cause); actor != "" && !slices.Contains(h.Actors, actor) && len(h.Actors) < actorsMost {
			h.Actors = append(h.Actors, actor)
		}
		o.notes = append(o.notes, "held: "+holdWhat(w.kind)+" waits in the hold "+h.ID.String())
	} else {
		row.Cause = undone.Cause
		o.notes = append(o.notes, "put back as before the hold "+h.ID.String()+", in which "+holdWhat(w.kind)+" waits now")
	}
	h.Waiting++
	xorSet(h, row)
	s.holdChanged(h)
	o.changed, o.tell = true, true
	o.signOut = o.signOut || w.kind == BrakeSuspensions
	return &staying{h, heldReason(h)}, s.tx.PutHeldMembers([]*directory.HeldMember{row})
}

// leaveHold takes a person out of a hold: the effect took place, or is wanted no more.
func (s *settlement) leaveHold(k *keptBack) error {
	if s.dry {
		return nil
	}
	k.hold.Waiting--
	xorSet(k.hold, k.row)
	s.holdChanged(k.hold)
	return s.tx.DeleteHeldMembers([]*directory.HeldMember{k.row})
}

// forget deletes the dismissals of effects that are wanted no more, or are others by now.
func (s *settlement) forget(p *loaded, o *outcome, dismissed []*directory.Grant) error {
	if len(dismissed) == 0 || s.dry {
		return nil
	}
	o.changed = true
	p.person.Grants = slices.DeleteFunc(p.person.Grants, func(g *directory.Grant) bool { return slices.Contains(dismissed, g) })
	return s.tx.DeleteGrants(dismissed)
}

func (s *settlement) holdChanged(h *directory.Hold) {
	if s.brakes.changed == nil {
		s.brakes.changed = map[directory.ID]bool{}
	}
	s.brakes.changed[h.ID] = true
}

// uncount takes back what the brakes have counted of a person and what was reversed since.
func (s *settlement) uncount(o *outcome) error {
	if s.dry || o.before == nil || !s.mayReverse(o) {
		return nil
	}
	rows, err := s.tx.BrakedOf(s.org, o.member.ID)
	if err != nil || len(rows) == 0 {
		return err
	}
	gone := slices.DeleteFunc(rows, func(b *directory.Braked) bool { return !s.reversed(b, o.member) })
	return s.tx.DeleteBraked(gone)
}

// mayReverse reports whether something changed that can make up for what a brake counted: somebody got back, or gave up the top role.
func (s *settlement) mayReverse(o *outcome) bool {
	top := s.policy.TopRole()
	return slices.ContainsFunc(o.effects, func(f directory.Effect) bool {
		switch f.Field {
		case "status":
			return f.After == string(directory.StatusActive) && !o.before.Joined.IsZero() || f.Before == string(directory.StatusActive) && o.before.Decision.Role == top
		case "role":
			return f.Before == top && top != "" || s.policy.RoleRank(f.After) > s.policy.RoleRank(f.Before) && o.before.Status == directory.StatusActive
		case "ends", "manager":
			return false
		}
		return f.After != "" && o.before.Status == directory.StatusActive
	})
}

// reversed reports whether what a brake counted of a member is as it was before.
func (s *settlement) reversed(b *directory.Braked, m *directory.Member) bool {
	active := m.Status == directory.StatusActive
	switch b.Kind {
	case BrakeSuspensions:
		return active
	case BrakeTopRoleGains:
		return !active || m.Decision.Role != s.policy.TopRole()
	}
	if !active {
		return false
	}
	for i := range b.Effects {
		f := &b.Effects[i]
		if f.Before == "" {
			continue
		}
		switch f.Field {
		case "role":
			if s.policy.RoleRank(m.Decision.Role) < s.policy.RoleRank(f.Before) {
				return false
			}
		case "department":
			if b.Kind == BrakeGroupRemovals && m.Decision.Department != f.Before {
				return false
			}
		default:
			list := listOf(&m.Decision, f.Field)
			if b.Kind == BrakeGroupRemovals && list != nil && !slices.Contains(*list, f.Before) {
				return false
			}
		}
	}
	return true
}

// writeHolds writes whom the brakes have counted, and the holds that changed, with their entries.
func (s *settlement) writeHolds() error {
	if err := s.writeCounted(); err != nil {
		return err
	}
	var ids []directory.ID
	for id := range s.brakes.changed {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b directory.ID) int { return bytes.Compare(a[:], b[:]) })
	var entries []*pending
	for _, id := range ids {
		h := s.brakes.holds[id]
		if h.Waiting == 0 && !h.Undo {
			entries = append(entries, s.holdEntry("hold.closed", h, closedNote(h)))
			if err := s.tx.DeleteHold(s.org, id); err != nil {
				return err
			}
			continue
		}
		if h.Told.IsZero() {
			h.Told, h.Remind = s.now, s.now.Add(remindTime)
			entries = append(entries, s.holdEntry("hold.opened", h, append([]string{HoldMessage(h)}, HoldAdvice(h)...)...))
			if err := s.mailHold(h); err != nil {
				return err
			}
		} else if h.Joined.Equal(s.now) && s.now.Sub(h.Told) >= grewEvery {
			h.Told = s.now
			entries = append(entries, s.holdEntry("hold.grew", h, fmt.Sprintf("%s wait now", people(h.Waiting))))
		}
		if err := s.tx.PutHold(h); err != nil {
			return err
		}
	}
	s.brakes.changed = nil
	if len(entries) == 0 {
		return nil
	}
	return s.append(entries)
}

func (s *settlement) writeCounted() error {
	var rows []*directory.Braked
	for _, o := range s.outcomes {
		for _, k := range o.counted {
			effects := append(slices.Clone(o.earlier[k]), o.effects...)
			row := &directory.Braked{
				Org: s.org, Kind: k.kind, Scope: k.scope, Member: o.member.ID, At: s.now, Effects: effects, Cause: s.cause,
			}
			if k.kind == BrakeSuspensions {
				row.Role = o.before.Decision.Role
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return s.tx.PutBraked(rows)
}

// holdEntry makes an entry about a hold.
func (s *settlement) holdEntry(kind string, h *directory.Hold, notes ...string) *pending {
	e := s.newEntry(kind)
	e.Notes = append([]string{"hold " + h.ID.String()}, notes...)
	s.brakes.said = append(s.brakes.said, said{kind, h})
	return &pending{entry: e}
}

package provision

import (
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// keepLastAdmin is law 7: an effect that would leave the organization without an active admin is held. The facts are
// recorded; the member stays active and keeps the top role until another admin is there. It returns the ids of the holds
// that the member has afterwards.
func (s *settlement) keepLastAdmin(o *outcome, p *loaded, d *directory.Decision, status *directory.Status) ([]string, error) {
	top := s.policy.TopRole()
	was := p.before
	if top == "" || !s.wasAdmin(was) {
		return nil, s.endHolds(p.member)
	}
	if *status == directory.StatusActive && d.Role == top {
		return nil, s.endHolds(p.member)
	}
	another, err := s.anotherAdmin(p.member.ID)
	if err != nil {
		return nil, err
	}
	if another {
		return nil, s.endHolds(p.member)
	}
	wanted := directory.Member{Status: *status, Decision: *d}
	effects, _ := compare(was, &wanted)
	*status = directory.StatusActive
	d.Role, d.InScope, d.Active = top, true, true
	d.Reasons = slices.DeleteFunc(slices.Clone(d.Reasons), func(r directory.Reason) bool { return r.Field == "role" || r.Field == "status" })
	d.Reasons = append(d.Reasons, directory.Reason{
		Field: "role", Value: top, Source: directory.SourceLastAdmin, Because: "the last active admin stays until there is another",
	})
	held, _, err := s.holdsByKind(p.member)
	if err != nil || len(held) > 0 {
		return held, err
	}
	h := &directory.Hold{
		ID: s.engine.ids.New(s.now), Org: s.org, Kind: directory.HoldLastAdmin, Member: p.member.ID,
		Effects: effects, Cause: s.cause, Created: s.now,
	}
	s.held = append(s.held, h)
	o.changed, o.tell = true, true
	o.signOut = wanted.Status != directory.StatusActive
	o.notes = append(o.notes, "held: the last active admin stays; make somebody else admin, and this takes effect by itself")
	if s.brakes.holds != nil {
		s.brakes.holds[h.ID] = h
	}
	if err := s.mailHold(h); err != nil {
		return nil, err
	}
	return []string{h.ID.String()}, s.tx.PutHold(h)
}

// wasAdmin reports whether a member, as stored, is an active admin: under this policy, or under the one before, whose top
// role this one does not have.
func (s *settlement) wasAdmin(m *directory.Member) bool {
	if m == nil || m.Status != directory.StatusActive || m.Decision.Role == "" {
		return false
	}
	return m.Decision.Role == s.policy.TopRole() || m.Decision.Role == s.formerTop
}

// adminsLast puts the active admins behind everybody else, so that one who goes finds the one who comes in the same
// transaction.
func (s *settlement) adminsLast(people []*loaded) {
	rank := func(p *loaded) int {
		if s.wasAdmin(p.before) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(people, func(a, b *loaded) int { return rank(a) - rank(b) })
}

// anotherAdmin reports whether somebody else is an active admin, counting what this transaction has decided so far.
func (s *settlement) anotherAdmin(than directory.ID) (bool, error) {
	for id, o := range s.settled {
		if id != than && o.member.Status == directory.StatusActive && o.member.Decision.Role == s.policy.TopRole() {
			return true, nil
		}
	}
	for _, role := range []string{s.policy.TopRole(), s.formerTop} {
		if found, err := s.undecidedWith(role, than); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// undecidedWith reports whether somebody else, of whom this transaction has not decided, is active with a role.
func (s *settlement) undecidedWith(role string, than directory.ID) (bool, error) {
	var after directory.ID
	for role != "" {
		ids, err := s.tx.FindMembers(s.org, directory.Key{Attribute: directory.AttrRole, Value: role}, after, 16)
		if err != nil || len(ids) == 0 {
			return false, err
		}
		for _, id := range ids {
			if _, decided := s.settled[id]; !decided && id != than {
				return true, nil
			}
			after = id
		}
	}
	return false, nil
}

// holdsByKind splits the holds that a member is in: that of the last admin, and those of brakes. Those that are closed are
// in neither.
func (s *settlement) holdsByKind(m *directory.Member) (lastAdmin, brakes []string, err error) {
	if len(m.Held) == 0 {
		return nil, nil, nil
	}
	holds, err := s.holds()
	if err != nil {
		return nil, nil, err
	}
	for _, text := range m.Held {
		id, _ := directory.ParseID(text)
		switch h := holds[id]; {
		case h == nil:
		case h.Kind == directory.HoldLastAdmin:
			lastAdmin = append(lastAdmin, text)
		default:
			brakes = append(brakes, text)
		}
	}
	return lastAdmin, brakes, nil
}

// endHolds takes back the holds of the last admin whose effects came about, or need not.
func (s *settlement) endHolds(m *directory.Member) error {
	held, _, err := s.holdsByKind(m)
	if err != nil {
		return err
	}
	for _, text := range held {
		if id, ok := directory.ParseID(text); ok {
			if err := s.tx.DeleteHold(s.org, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// releaseAdmins settles again those whose effect was held for want of another admin, once this transaction has made one.
func (s *settlement) releaseAdmins() error {
	top := s.policy.TopRole()
	gained := slices.ContainsFunc(s.outcomes, func(o *outcome) bool {
		was := o.before != nil && o.before.Status == directory.StatusActive && o.before.Decision.Role == top
		return !was && o.member.Status == directory.StatusActive && o.member.Decision.Role == top && !o.lastAdmin
	})
	if top == "" || !gained {
		return nil
	}
	holds, err := s.tx.ListHolds(s.org)
	if err != nil {
		return err
	}
	var again []*facts.Touch
	for _, h := range holds {
		if _, done := s.settled[h.Member]; !done && h.Kind == directory.HoldLastAdmin {
			again = append(again, &facts.Touch{Member: h.Member})
		}
	}
	return s.settle(again)
}

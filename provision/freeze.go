package provision

import (
	"slices"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// freeze leaves a person as they are while a connection that speaks of them is paused, or observed. Nothing that
// providers say takes effect until the connection's state changes, and then everybody is settled; what an admin does by
// hand takes effect at once.
func (s *settlement) freeze(o *outcome, p *loaded) error {
	m := p.member
	o.changed = o.changed || !m.Due.IsZero()
	m.Due = time.Time{}
	d := m.Decision
	byHand := mapping.ByHand(p.person.Grants, s.now)
	d.Reasons = slices.DeleteFunc(slices.Clone(d.Reasons), func(r directory.Reason) bool {
		return r.Field == "status" && r.Source == directory.SourceManual
	})
	d.Reasons = append(d.Reasons, byHand...)
	d.Active = d.InScope && !slices.ContainsFunc(d.Reasons, func(r directory.Reason) bool { return r.Field == "status" })
	status := nextStatus(m, &d, p)
	if status == m.Status {
		return nil
	}
	held, err := s.keepLastAdmin(o, p, &d, &status)
	if err != nil {
		return err
	}
	o.lastAdmin = len(held) > 0
	_, waits, err := s.holdsByKind(m) // they wait until the connection's state changes
	if err != nil {
		return err
	}
	held = append(held, waits...)
	if status == directory.StatusInvited || m.Status == directory.StatusInvited {
		if err := s.invitation(p, status, &d); err != nil {
			return err
		}
	}
	s.stand(m, status)
	m.Status, m.Held, m.Decision = status, held, d
	o.effects, o.values = compare(p.before, m)
	o.changed = true
	m.Revision++
	m.Modified = s.now
	return nil
}

// frozen reports whether what a connection's provider says takes no effect for now.
func (s *settlement) frozen(c directory.ConnNum) bool {
	if c == s.retiring {
		return false
	}
	settings := s.connection(c)
	return settings == nil || settings.State == config.StatePaused || settings.State == config.StateObserve
}

package mapping

import "github.com/mixus/usher/directory"

// capped lowers a role to the lowest max_role of the rules that count. A rule whose condition failed caps too: what
// cannot be decided is denied.
func (e *evaluation) capped(c choice) choice {
	var lowest *match
	e.each(func(m *match) {
		if m.maxRole != nil && (lowest == nil || m.maxRole.rank < lowest.maxRole.rank) {
			lowest = m
		}
	})
	if lowest == nil {
		return c
	}
	return e.lowered(c, lowest.maxRole, directory.Reason{Source: directory.SourceCap, Rule: lowest.Name, At: lowest.at, Because: lowest.reason()})
}

// guestCapped lowers a guest's role to what the organization allows guests.
func (e *evaluation) guestCapped(c choice) choice {
	limit := e.policy.guestCap
	if limit == nil || !e.decision().Guest {
		return c
	}
	return e.lowered(c, limit, directory.Reason{
		Source: directory.SourceGuest, At: e.policy.Organization.Guests.At.Rule(), Because: "guests are at most " + limit.Name,
	})
}

func (e *evaluation) lowered(c choice, limit *role, r directory.Reason) choice {
	if c.role.rank <= limit.rank {
		return c
	}
	r.Field, r.Value = fieldRole, limit.Name
	now := choice{value: limit.Name, role: limit, reason: r}
	e.beat(&now, &c)
	e.step(now.step(fieldRole))
	return now
}

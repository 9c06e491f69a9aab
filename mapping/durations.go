package mapping

import (
	"maps"
	"time"

	"github.com/mixus/usher/directory"
)

// keepTime remembers when rules with a duration first matched, and ends what they give.
func (e *evaluation) keepTime() {
	if len(e.policy.durations) == 0 {
		return
	}
	since := make(map[string]time.Time, len(e.person.Since))
	maps.Copy(since, e.person.Since)
	maps.DeleteFunc(since, func(rule string, _ time.Time) bool { return !e.policy.durations[rule] })
	for i := range e.matches {
		e.keepTimeOf(&e.matches[i], since)
	}
	if len(since) > 0 {
		e.result.Since = since
	}
}

func (e *evaluation) keepTimeOf(m *match, since map[string]time.Time) {
	if m.GrantFor <= 0 && m.MembershipFor <= 0 {
		return
	}
	start, started := since[m.Name]
	if !started {
		if m.undecided {
			m.gives = m.gives && m.GrantFor <= 0 // it never matched, so nothing in force is of it
			return
		}
		if !m.gives && m.MembershipFor <= 0 {
			return
		}
		start = e.at
		since[m.Name] = start
	}
	if m.GrantFor > 0 {
		m.until = start.Add(m.GrantFor)
		m.gives = m.gives && e.at.Before(m.until)
		if m.gives {
			e.soon(m.until)
		}
	}
	if m.MembershipFor > 0 {
		m.end = start.Add(m.MembershipFor)
	}
}

// end returns the rule that ends the membership the earliest, nil for none, and notes the end. One whose condition
// failed ends nothing that was not to end then anyway.
func (e *evaluation) end() *match {
	var first *match
	e.each(func(m *match) {
		if m.end.IsZero() {
			return
		}
		if m.undecided && (e.before() == nil || e.before().Ends.IsZero() || m.end.Before(e.before().Ends)) {
			return
		}
		if first == nil || m.end.Before(first.end) {
			first = m
		}
	})
	if first != nil {
		e.decision().Ends = first.end
		e.soon(first.end)
	}
	return first
}

// ended adds the reason why the membership has ended, and reports whether it has.
func (e *evaluation) ended() bool {
	m := e.end()
	if m == nil {
		return false
	}
	over := !e.at.Before(m.end)
	r := directory.Reason{Rule: m.Name, At: m.at, Because: m.reason(), Until: m.end, Source: directory.SourceRule, Field: fieldEnds}
	if over {
		r.Field, r.Value, r.Source = fieldStatus, string(directory.StatusSuspended), directory.SourceEnded
	}
	e.step(Step{Field: r.Field, Value: r.Value, Reason: r})
	return over
}

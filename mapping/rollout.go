package mapping

import (
	"slices"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// phase is a step of a rollout with its groups resolved.
type phase struct {
	*config.Phase
	groups []selector
}

// rollout checks the phases of the rollout and puts them in the order of their instants.
func (c *compiler) rollout() {
	for i := range c.org.Rollout {
		conf := &c.org.Rollout[i]
		p := phase{Phase: conf}
		for _, s := range conf.Groups {
			p.groups = append(p.groups, c.policy.selectors.add(s))
		}
		c.policy.rollout = append(c.policy.rollout, p)
	}
	slices.SortStableFunc(c.policy.rollout, func(a, b phase) int { return a.From.Compare(b.From) })
}

// admits reports whether it is the turn of a person once the phase has begun.
func (p *phase) admits(e *evaluation) bool {
	return len(p.groups) == 0 || slices.ContainsFunc(e.giving, func(a account) bool { return a.groups.hasAny(p.groups) })
}

// rollout lets a person wait whom no phase admits yet. Who comes by an invitation alone is asked by name, and waits for
// nothing.
func (e *evaluation) rollout() {
	d := e.decision()
	if len(e.policy.rollout) == 0 || !d.InScope || len(e.counted) == 0 {
		return
	}
	first := slices.IndexFunc(e.policy.rollout, func(p phase) bool { return p.admits(e) })
	if first >= 0 && !e.policy.rollout[first].From.After(e.at) {
		return
	}
	d.Waits = true
	r := directory.Reason{
		Field: fieldRollout, Value: waits, Source: directory.SourceRollout, At: e.policy.rollout[0].At.Rule(),
		Because: "who has not joined yet waits: no phase admits the person",
	}
	if first >= 0 {
		p := &e.policy.rollout[first]
		r.At, r.Until, r.Because = p.At.Rule(), p.From, "who has not joined yet waits for "+p.String()
		e.soon(p.From)
	}
	e.step(Step{Field: r.Field, Value: r.Value, Reason: r})
}

// String names a phase in reasons and problems: the phase core team of 2027-01-10.
func (p *phase) String() string {
	text := "the phase "
	if p.Name != "" {
		text += p.Name + " "
	}
	return text + "of " + instant(p.From)
}

// instant shows a time as files write it, to the day where it is midnight.
func instant(t time.Time) string {
	layout := time.RFC3339
	if t.Equal(t.Truncate(24 * time.Hour)) {
		layout = time.DateOnly
	}
	return t.UTC().Format(layout)
}

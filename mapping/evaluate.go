package mapping

import (
	"fmt"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// Evaluate decides for one person at an instant. It is a function: no clock, no history beyond its arguments, and the
// order of accounts, groups and grants does not matter.
func (p *Policy) Evaluate(person *Person, at time.Time) Result {
	r := rooms.Get().(*room)
	defer rooms.Put(r)
	return p.evaluate(person, at, nil, r)
}

// evaluation is one run of Evaluate or Explain.
type evaluation struct {
	policy *Policy
	person *Person
	at     time.Time
	trace  *Trace // nil for Evaluate
	room   *room

	counted   []account // those that are not ignored, in the order of connections
	giving    []account // those of counted to which rules apply: the active ones, where there are any
	authority string    // the connection whose word counts alone; "" for none
	domains   []*domain // owned domains of the person's addresses, the one of Email first
	text, key string    // the department as the directory has it, and normalized
	matches   []match   // in the order of the file
	looks     []look    // every rule tested on every account, for the trace
	result    Result
}

func (p *Policy) evaluate(person *Person, at time.Time, trace *Trace, r *room) Result {
	e := evaluation{policy: p, person: person, at: at, trace: trace, room: r}
	e.decision().Reasons = r.reasons[:0]
	e.decide()
	e.ownReasons()
	return e.result
}

func (e *evaluation) decide() {
	ignored := e.gather()
	if e.trace != nil {
		e.explainAccounts()
		defer e.explainRules()
	}
	e.profile()
	if ignored != nil {
		e.keepTime()
		e.manual()
		e.stop(directory.StatusNone, directory.SourceIgnored, ignored.at.Rule(), "every directory record is on the ignore list")
		return
	}
	e.match()
	e.keepTime()
	department := e.department()
	e.role(&department)
	e.step(department.step(fieldDepartment))
	e.lists()
	e.status()
	e.approval()
	e.rollout()
}

// decision is the decision in the making.
func (e *evaluation) decision() *directory.Decision { return &e.result.Decision }

// before is the decision in force, nil for nobody yet.
func (e *evaluation) before() *directory.Decision { return e.person.Current }

// reason adds a stored reason.
func (e *evaluation) reason(r directory.Reason) {
	e.result.Decision.Reasons = append(e.result.Decision.Reasons, r)
}

// ownReasons takes the reasons out of the room: they are those in force, mostly, and else a copy.
func (e *evaluation) ownReasons() {
	d, was := e.decision(), e.before()
	e.room.reasons = d.Reasons
	switch {
	case len(d.Reasons) == 0:
		d.Reasons = nil
	case was != nil && directory.EqualReasons(d.Reasons, was.Reasons):
		d.Reasons = slices.Clip(was.Reasons)
	default:
		d.Reasons = slices.Clone(d.Reasons)
	}
}

// step adds a choice: its reason to the decision, and all of it to the trace.
func (e *evaluation) step(s Step) {
	if s.Reason.Source != "" {
		e.reason(s.Reason)
	}
	if e.trace != nil && (s.Reason.Source != "" || s.Value != "") {
		e.trace.Steps = append(e.trace.Steps, s)
	}
}

// problem reports something that could not be decided, once.
func (e *evaluation) problem(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(e.result.Problems, text) {
		e.result.Problems = append(e.result.Problems, text)
	}
}

// soon notes an instant at which the decision can change by itself. Those that are past or zero cannot change it.
func (e *evaluation) soon(t time.Time) {
	if t.After(e.at) && (e.result.Next.IsZero() || t.Before(e.result.Next)) {
		e.result.Next = t
	}
}

// grants returns the unexpired grants of a kind, the latest first, and notes when they expire.
func (e *evaluation) grants(kind directory.GrantKind) []*directory.Grant {
	all := unexpired(e.person.Grants, kind, e.at)
	for _, g := range all {
		e.soon(g.Ends)
	}
	return all
}

// unexpired returns the grants of a kind that hold at an instant, the latest first.
func unexpired(grants []*directory.Grant, kind directory.GrantKind, at time.Time) []*directory.Grant {
	var all []*directory.Grant
	for _, g := range grants {
		if g.Kind == kind && (g.Ends.IsZero() || g.Ends.After(at)) {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b *directory.Grant) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return slices.Compare(b.ID[:], a.ID[:])
	})
	return all
}

// accepted returns the accepted invitation that still counts: it is spent once a directory record is linked.
func (e *evaluation) accepted() *directory.Grant {
	if e.recorded() {
		return nil
	}
	for _, g := range e.grants(directory.GrantInvitation) {
		if g.State == directory.InvitationAccepted {
			return g
		}
	}
	return nil
}

// recorded reports whether a directory speaks of the person, beside what was said when they signed in.
func (e *evaluation) recorded() bool {
	return slices.ContainsFunc(e.person.Accounts, func(a Account) bool { return !a.Login })
}

package onboarding

import (
	"slices"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Step is something that is asked of a member, or offered.
type Step struct {
	ID       string // of the step, or the name of the module
	Module   bool   // a training module
	Title    string
	Minutes  int
	Link     string // an https address; "" for none
	Items    []string
	Required bool
	Sources  []Source // never empty

	Done   bool
	DoneAt time.Time // zero while it is not done
	By     string    // who reported it; "" for usher itself
	New    bool      // asked after the member had completed everything
}

// State is how far a member is.
type State string

// The states of an onboarding.
const (
	NothingAsked State = "nothing_asked" // nothing is required of the member
	NotBegun     State = "not_begun"
	UnderWay     State = "under_way"
	Complete     State = "complete"
)

// Progress is how far a member is with what is asked of them.
type Progress struct {
	State       State
	Steps       []Step
	Done, Total int // of the required ones
	MinutesLeft int // of the required ones
	Completed   time.Time
	Badge       *config.Badge // nil while it is not complete, or where there is none
}

// Percent is how much of what is required is done: 0 to 100, and 100 only when all of it is.
func (p *Progress) Percent() int {
	if p.Total == 0 {
		return 0
	}
	return 100 * p.Done / p.Total
}

// Step returns the step of an id, nil when it is not asked of the member.
func (p *Progress) Step(id string) *Step {
	i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Steps[i]
}

// Progress says how far a member is who has done what a record says. Who has completed everything stays so when more is asked
// later; what they have not to do any more counts no more.
func (p *Plan) Progress(d *directory.Decision, record *directory.Onboarding) *Progress {
	out := &Progress{Steps: p.asked(d), Completed: record.Completed}
	last, begun := time.Time{}, false
	for i := range out.Steps {
		s := &out.Steps[i]
		done, is := record.Done[s.ID]
		s.Done, s.DoneAt, s.By = is, done.At, done.By
		s.New = !is && s.Required && !record.Completed.IsZero()
		begun = begun || is
		if !s.Required {
			continue
		}
		out.Total++
		if !is {
			out.MinutesLeft += s.Minutes
			continue
		}
		out.Done++
		if done.At.After(last) {
			last = done.At
		}
	}
	all := out.Total > 0 && out.Done == out.Total
	switch {
	case out.Completed.IsZero() && all:
		out.Completed = last
		fallthrough
	case !out.Completed.IsZero():
		out.State = Complete
		if p.badge.Name != "" {
			out.Badge = &p.badge
		}
	case out.Total == 0:
		out.State = NothingAsked
	case begun:
		out.State = UnderWay
	default:
		out.State = NotBegun
	}
	return out
}

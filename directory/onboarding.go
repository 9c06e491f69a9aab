package directory

import (
	"maps"
	"time"
)

// Onboarding is what a person has done of what is asked of who is new.
type Onboarding struct {
	Done      map[string]StepDone `json:"done,omitempty"`     // by the id of a step, or the name of a module
	Completed time.Time           `json:"completed,omitzero"` // when everything that was required was done; zero before
}

// StepDone says when a step was done, and who reported it.
type StepDone struct {
	At time.Time `json:"at"`
	By string    `json:"by,omitempty"` // the token's name, or the administrator; "" for what usher saw itself
}

// Note notes that a step was done. Of several reports the earliest counts. It reports whether anything changed.
func (o *Onboarding) Note(step string, done StepDone) bool {
	if known, again := o.Done[step]; again && !done.At.Before(known.At) {
		return false
	}
	if o.Done == nil {
		o.Done = map[string]StepDone{}
	}
	o.Done[step] = done
	return true
}

// Join adds what another row says of the same person. It reports whether anything changed.
func (o *Onboarding) Join(other *Onboarding) bool {
	changed := false
	for step, done := range other.Done {
		changed = o.Note(step, done) || changed
	}
	if c := other.Completed; !c.IsZero() && (o.Completed.IsZero() || c.Before(o.Completed)) {
		o.Completed, changed = c, true
	}
	return changed
}

// Clone returns a copy that shares nothing.
func (o *Onboarding) Clone() *Onboarding {
	c := *o
	c.Done = maps.Clone(o.Done)
	return &c
}

package provision_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// Law 10: a policy that is in force already makes no revision, no journal entry and no job.
func TestApplyingWhatIsInForceChangesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		candidate func(*world) provision.Candidate
		same      bool
	}{
		"the same text":     {func(w *world) provision.Candidate { return w.candidate(acme) }, true},
		"another comment":   {func(w *world) provision.Candidate { return w.candidate(acme + "\n# other") }, false},
		"its own revision":  {func(w *world) provision.Candidate { return w.revision(1) }, true},
		"other connections": {func(w *world) provision.Candidate { return w.candidateWith(acme, labelled()) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := company(t)
			w.idle()
			c := tc.candidate(w)
			plan := w.planOf(c)
			if plan.Same != tc.same {
				t.Errorf("the plan says same = %t", plan.Same)
			}
			last, active := w.lastEntry(), w.active()
			row, err := w.engine.Apply(t.Context(), w.org, c, plan, directory.Cause{Kind: directory.CauseAdmin, Actor: "root"}, 0)
			w.must(err)
			if changed := row.Revision != active || w.lastEntry() != last || w.active() != active || w.jobs() > 0; changed == tc.same {
				t.Errorf("revision %d was in force and %d is, entry %d was the last and %d is, %d jobs", active, w.active(), last, w.lastEntry(), w.jobs())
			}
		})
	}
}

// A rollback's text is a change for whoever applies the file again, and so is going back.
func TestGoingBackAndApplyingAgainAreChanges(t *testing.T) {
	w := company(t)
	file := w.candidate(acme + "\n# other")
	w.must(w.applyPlan(file, w.planOf(file)))
	for i, c := range []provision.Candidate{w.revision(1), file} {
		w.must(w.applyPlan(c, w.planOf(c)))
		if want := uint64(3 + i); w.active() != want {
			t.Errorf("revision %d is in force, want %d", w.active(), want)
		}
	}
}

// labelled is the policy of the tests with other settings of a connection.
func labelled() string {
	return strings.Replace(acme, "{id: okta, provider: okta}", "{id: okta, provider: okta, label: Staff}", 1)
}

// candidateWith is a policy with the connections of another.
func (w *world) candidateWith(text, connections string) provision.Candidate {
	c := w.candidate(text)
	other := w.candidate(connections)
	c.Files = provision.WithConnections(c.Files, other.Files)
	c.Policy.Organization.Connections = other.Policy.Organization.Connections
	return c
}

func (w *world) revision(n uint64) provision.Candidate {
	w.t.Helper()
	c, err := w.engine.Revision(w.t.Context(), w.org, n)
	w.must(err)
	return c
}

func (w *world) active() uint64 {
	w.t.Helper()
	row, err := w.engine.ActiveRow(w.t.Context(), w.org)
	w.must(err)
	return row.Revision
}

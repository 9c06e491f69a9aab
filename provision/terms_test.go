package provision_test

import (
	"slices"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// dueTerms returns the version that a member has to accept, and the one before, "-" where nothing is due.
func (w *world) dueTerms(m *directory.Member) string {
	w.t.Helper()
	due, err := w.engine.TermsDue(w.t.Context(), w.org, m.ID)
	w.must(err)
	if due == nil {
		return "-"
	}
	return due.Before + ">" + due.Terms.Version
}

func (w *world) acceptTerms(m *directory.Member, version string) error {
	return w.engine.AcceptTerms(w.t.Context(), w.org, m.ID, version, "request-terms")
}

const terms2027 = "terms: {version: '2027-01', url: 'https://acme.com/terms'}\n"

func TestTermsAreAcceptedOnceAndAgainWhenTheyChange(t *testing.T) {
	w := newWorld(t, open)
	ann := w.login("okta", "ann").Member
	if got := w.dueTerms(ann); got != "-" {
		t.Errorf("without terms: %s", got)
	}
	w.activate(open + terms2027)
	if got := w.dueTerms(ann); got != ">2027-01" {
		t.Errorf("at first: %s", got)
	}
	for _, version := range []string{"", "2026-01", "2028-01"} {
		if err := w.acceptTerms(ann, version); directory.KindOf(err) != directory.Conflict {
			t.Errorf("version %q: %v", version, err)
		}
	}
	w.must(w.acceptTerms(ann, "2027-01"))
	told := w.lastLine()
	if told.Kind != "terms.accepted" || told.Cause.ID != "request-terms" || !slices.Contains(told.Notes, "version 2027-01") || told.Subjects[0].ID != ann.ID {
		t.Errorf("told as %+v", told)
	}
	if got := w.dueTerms(ann); got != "-" {
		t.Errorf("once accepted: %s", got)
	}
	w.must(w.acceptTerms(ann, "2027-01"))
	if again := w.lastLine(); again.Seq != told.Seq {
		t.Errorf("accepting twice is told twice: %+v", again)
	}
	w.activate(open + "terms: {version: '2028-01', text: Be kind.}\n")
	if got := w.dueTerms(ann); got != "2027-01>2028-01" {
		t.Errorf("once they have changed: %s", got)
	}
	w.must(w.acceptTerms(ann, "2028-01"))
	if got := w.dueTerms(ann); got != "-" {
		t.Errorf("accepted again: %s", got)
	}
	if bob := w.login("okta", "bob").Member; w.dueTerms(bob) != ">2028-01" {
		t.Error("what ann has accepted counts for bob")
	}
}

func TestAcceptedTermsSurviveLeavingAndChangeNothingElse(t *testing.T) {
	w := newWorld(t, open+terms2027)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Engineering", "ann")
	w.login("okta", "ann")
	before := w.of("okta", "ann")
	w.must(w.acceptTerms(before, "2027-01"))
	if after := w.of("okta", "ann"); !after.Decision.Equal(&before.Decision) || after.Revision != before.Revision {
		t.Error("accepting terms changed what ann is")
	}
	for name, out := range map[string]func(){
		"suspended":            func() { w.act(w.engine.Suspend, before); w.act(w.engine.Reactivate, before) },
		"removed":              func() { w.act(w.engine.Remove, before); w.act(w.engine.Reactivate, before) },
		"let go by the source": func() { w.delete("okta", "ann"); w.pass(60 * day); w.create("okta", "ann", person("ann")) },
	} {
		out()
		m := w.of("okta", "ann")
		if got := w.dueTerms(m); m.ID != before.ID || got != "-" {
			t.Errorf("%s and back: %s, the same member %v", name, got, m.ID == before.ID)
		}
	}
}

func TestTermsAreForMembersAlone(t *testing.T) {
	w := newWorld(t, open+terms2027)
	err := w.acceptTerms(&directory.Member{ID: directory.ID{1}}, "2027-01")
	if directory.KindOf(err) != directory.NotFound {
		t.Errorf("somebody who is not there: %v", err)
	}
	a, b := w.login("okta", "ann").Member, w.login("okta", "bob").Member
	_, err = w.engine.Merge(t.Context(), provision.Act{Org: w.org, Member: a.ID, Cause: rootCause()}, b.ID)
	w.must(err)
	if err := w.acceptTerms(b, "2027-01"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("somebody who was merged into another: %v", err)
	}
}

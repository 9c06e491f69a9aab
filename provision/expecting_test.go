package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

func TestWhatIsExpectedIsWithdrawn(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(6)
	expect := func(kind string, count int, by string) error {
		_, err := w.engine.ExpectHold(t.Context(), w.org, kind, count, w.now.Add(3*time.Hour), admin(by))
		return err
	}
	w.must(expect(provision.BrakeSuspensions, 2, "alice"))
	w.must(expect(provision.BrakeSuspensions, 3, "alice"))
	w.must(expect(provision.BrakeRoleLosses, 1, "alice"))
	w.deactivate("p0")
	w.must(expect(provision.BrakeSuspensions, 0, "bob"))
	w.pass(2 * time.Hour)
	w.deactivate("p1", "p2", "p3")
	w.see("people", w.standing(4), "sssa*")
	if err := expect(provision.BrakeSuspensions, 0, "bob"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("withdrawing nothing: %v; want a conflict", err)
	}

	var told []*directory.Entry
	for _, e := range w.entries() {
		if e.Kind == "hold.expected" {
			told = append(told, e)
		}
	}
	if len(told) != 4 {
		t.Fatalf("%d entries, want those of three expectations and of what was withdrawn", len(told))
	}
	last := told[3]
	if last.Cause.Actor != "bob" || len(last.Notes) != 2 {
		t.Errorf("entry %+v; want one of bob about two expectations", last)
	}
	for i, want := range []string{"withdrawn by bob: 2 people more", "withdrawn by bob: 3 people more"} {
		if !slices.ContainsFunc(last.Notes, func(note string) bool {
			return strings.HasPrefix(note, want) && strings.HasSuffix(note, "as alice had said")
		}) {
			t.Errorf("note %d %q is not there: %q", i, want, last.Notes)
		}
	}
}

func TestAnExpectationOfTooManyOrForTooLongIsRefused(t *testing.T) {
	w := newWorld(t, braked)
	before := len(w.entries())
	for name, x := range map[string]struct {
		count int
		ends  time.Duration
	}{
		"more people than there are": {1_000_001, time.Hour},
		"fewer than nobody":          {-1, time.Hour},
		"beyond a month":             {1, 31*24*time.Hour + time.Second},
		"past":                       {1, 0},
	} {
		_, err := w.engine.ExpectHold(t.Context(), w.org, provision.BrakeSuspensions, x.count, w.now.Add(x.ends), admin("alice"))
		if directory.KindOf(err) != directory.Invalid {
			t.Errorf("%s: %v; want it refused", name, err)
		}
	}
	_, err := w.engine.ExpectHold(t.Context(), w.org, provision.BrakeSuspensions, 1_000_000, w.now.Add(31*24*time.Hour), admin("alice"))
	w.must(err)
	if n := len(w.entries()) - before; n != 1 {
		t.Errorf("%d entries, want that of the one that was taken", n)
	}
}

// What somebody loses names what gave it and for what, whether that was a rule or a hold that was undone.
func TestALossSaysWhatItCameFrom(t *testing.T) {
	w := newWorld(t, braked)
	w.staff(4)
	lost := func() directory.Reason {
		t.Helper()
		all := w.entries()
		for i := len(all) - 1; i >= 0; i-- {
			for _, f := range all[i].Effects {
				if f.Field == "teams" && f.Before == "platform" && f.After == "" {
					return *f.Reason
				}
			}
		}
		t.Fatal("nobody has lost the team")
		return directory.Reason{}
	}
	w.remove("Engineering", "p0", "p1", "p2")
	if r := lost(); r.Source != directory.SourceNoLonger || r.Rule != "engineers" || r.Because != `until then: group "Engineering" of okta` {
		t.Errorf("after leaving the group: %+v", r)
	}
	_, err := w.engine.UndoHold(t.Context(), w.org, w.hold().ID, nil, admin("alice"))
	w.must(err)
	w.expect(w.one("p0@acme.com"), directory.StatusActive, "member", "engineering", "platform")
	w.delete("okta", "p0")
	if r := lost(); r.Source != directory.SourceNoLonger || r.Rule != "" || r.Because != "nothing gives it any more; it stood because of a hold: put back as it was before the hold" {
		t.Errorf("after a hold was undone: %+v", r)
	}
}

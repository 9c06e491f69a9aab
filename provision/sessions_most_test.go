package provision_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mixus/usher/provision"
)

func TestASessionKnowsWhenItsPersonSignedInAtTheProvider(t *testing.T) {
	w := newWorld(t, open)
	for name, c := range map[string]struct {
		ago   time.Duration // 0 when the provider does not say
		fresh bool
		want  time.Duration

		unknown bool // it is not made up
	}{
		"it says":                      {ago: 10 * time.Hour, want: 10 * time.Hour},
		"it does not say":              {unknown: true},
		"asked for the credentials":    {ago: time.Second, fresh: true, want: time.Second},
		"its clock is ahead of ours":   {ago: -time.Minute},
		"asked, and it does not say":   {fresh: true},
		"its clock is ahead, and anew": {ago: -time.Minute, fresh: true},
	} {
		in := w.loginOf("okta", "ann")
		in.Fresh = c.fresh
		if c.ago != 0 {
			in.SignedIn = w.now.Add(time.Second - c.ago)
		}
		got := w.signIn(in).Session
		if got.SignedIn.IsZero() != c.unknown {
			t.Errorf("%s: signed in at %s", name, got.SignedIn)
		}
		if ago := got.Began.Sub(got.SignedIn); !c.unknown && ago != c.want || got.Fresh != c.fresh {
			t.Errorf("%s: signed in %s before the session began, fresh %v; want %s, %v", name, ago, got.Fresh, c.want, c.fresh)
		}
	}
}

func TestOfAHundredSessionsTheOneUsedLongestAgoMakesRoom(t *testing.T) {
	w := newWorld(t, open)
	other := w.login("okta", "bob")
	first, idle := w.login("okta", "ann"), w.login("okta", "ann")
	w.pass(2 * time.Minute)
	if !w.signedIn(first) { // which is a use of it
		t.Fatal("the first session does not hold")
	}
	const note = "1 session ended: more than 100 of one member"
	sessions := func() int {
		list, _, err := w.engine.ListSessions(t.Context(), w.org, first.Member.ID, nil, 1000)
		w.must(err)
		return len(list)
	}
	for range 98 {
		w.login("okta", "ann")
	}
	if n := sessions(); n != 100 || slices.Contains(w.lastLine().Notes, note) {
		t.Fatalf("%d sessions of 100; the journal says %q", n, w.lastLine().Notes)
	}
	last := w.login("okta", "ann")
	if notes := w.lastLine().Notes; !slices.Contains(notes, note) {
		t.Errorf("the journal says %q", notes)
	}
	if n := sessions(); n != 100 || w.signedIn(idle) {
		t.Errorf("%d sessions; the one used longest ago holds: %v", n, w.signedIn(idle))
	}
	for name, r := range map[string]*provision.LoginResult{"the oldest": first, "the newest": last, "somebody else's": other} {
		if !w.signedIn(r) {
			t.Errorf("%s ended", name)
		}
	}
}

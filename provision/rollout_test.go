package provision_test

import (
	"testing"
	"time"

	"github.com/mixus/usher/directory"
)

// The world begins on 2 November 2026.
const phases = acme + `
rollout:
  - {name: champions, from: 2026-11-01, groups: [Champions]}
  - {name: all, from: 2026-11-10}
`

func TestARolloutLetsPeopleInWhenTheirPhaseBegins(t *testing.T) {
	w := newWorld(t, phases)
	w.create("okta", "ann", person("ann"))
	w.create("okta", "bob", person("bob"))
	w.group("okta", "Engineering", "ann", "bob")
	w.group("okta", "Champions", "ann")
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "member", "engineering", "platform")
	waiting := w.one("bob@acme.com")
	w.expect(waiting, directory.StatusNone, "member", "engineering", "platform")
	if want := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC); !waiting.Due.Equal(want) || !waiting.Decision.Waits {
		t.Errorf("waits = %v, due %v; want %v", waiting.Decision.Waits, waiting.Due, want)
	}

	w.pass(8 * 24 * time.Hour)
	w.expect(w.one("bob@acme.com"), directory.StatusActive, "member", "engineering", "platform")
	if m := w.one("bob@acme.com"); m.Decision.Waits {
		t.Error("a person whose phase has begun still waits")
	}
}

func TestARolloutLeavesAloneWhoHasJoined(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "bob", person("bob"))
	w.group("okta", "Engineering", "bob")
	w.activate(phases)
	w.expect(w.one("bob@acme.com"), directory.StatusActive, "member", "engineering", "platform")
	w.replace("okta", "bob", person("bob").with(attrs{"active": false}))
	w.expect(w.one("bob@acme.com"), directory.StatusSuspended, "member", "engineering", "platform")
	w.replace("okta", "bob", person("bob"))
	w.expect(w.one("bob@acme.com"), directory.StatusActive, "member", "engineering", "platform")
}

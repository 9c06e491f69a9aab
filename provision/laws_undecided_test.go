package provision_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
)

// numbered is a policy whose conditions fail for everybody whose employeeNumber is not a number: one gives, one gives by
// a group too, one denies.
const numbered = `
organization: {id: acme, name: Acme Inc.}
domains: [{domain: acme.com}]
connections: [{id: okta, provider: okta}]
departments: [{name: engineering}, {name: sales}]
roles: [{name: viewer}, {name: member, includes: [viewer]}, {name: admin, includes: [member]}]
rules:
  - {name: staff, groups: [Everyone], role: viewer, teams: [lobby]}
  - {name: veterans, when: int(user.employeeNumber) < 100, role: member, department: engineering, teams: [founders]}
  - {name: night shift, groups: [Night Shift], when: int(user.employeeNumber) % 2 == 0, spaces: [night]}
  - {name: newcomers, when: int(user.employeeNumber) >= 1000, role: viewer, deny: {teams: [lobby]}}
`

func numberOf(name, number string) attrs {
	return person(name).with(attrs{enterprise: attrs{"employeeNumber": number}})
}

// TestLaw9WhatCannotBeDecidedDoesNotChange: a push after which conditions fail leaves the person as they are, says so in
// its journal entry and in the log, with the rule's line; saying it once is enough; and a later push that can be decided
// takes effect.
func TestLaw9WhatCannotBeDecidedDoesNotChange(t *testing.T) {
	w := newWorld(t, numbered)
	var log bytes.Buffer
	w.engine.Log = slog.New(slog.NewTextHandler(&log, nil))
	w.create("okta", "ann", numberOf("ann", "42"))
	w.group("okta", "Everyone", "ann")
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "member", "engineering", "founders", "lobby")
	if log.Len() > 0 {
		t.Fatalf("something could not be decided: %s", &log)
	}

	w.replace("okta", "ann", numberOf("ann", "A-42"))
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "member", "engineering", "founders")
	entry := w.entries()[len(w.entries())-1]
	for _, at := range []string{"veterans (acme.yaml:9)", "newcomers (acme.yaml:11)"} {
		said := func(n string) bool { return strings.Contains(n, at) }
		if !slices.ContainsFunc(entry.Notes, said) || !strings.Contains(log.String(), at) {
			t.Errorf("the rule %s is not reported:\n%+v\n%s", at, entry, &log)
		}
	}
	if strings.Contains(log.String()+strings.Join(entry.Notes, ""), "A-42") {
		t.Errorf("the person's value is told: %q\n%s", entry.Notes, &log)
	}
	if lost := slices.IndexFunc(entry.Effects, func(e directory.Effect) bool { return e.Field == "teams" }); lost < 0 || entry.Effects[lost].Reason.Source != directory.SourceDeny {
		t.Errorf("a denial that cannot be decided does not say that it denies: %+v", entry.Effects)
	}

	last := w.lastEntry()
	w.settleAll()
	if w.lastEntry() != last {
		t.Error("what could not be decided is journalled again, though nothing was said since")
	}

	w.replace("okta", "ann", numberOf("ann", "142"))
	w.expect(w.one("ann@acme.com"), directory.StatusActive, "viewer", "", "lobby")
}

// TestLaw9ANewPersonGetsNothingUndecided: and what they get nothing of is reported with them.
func TestLaw9ANewPersonGetsNothingUndecided(t *testing.T) {
	w := newWorld(t, numbered)
	w.create("okta", "bob", numberOf("bob", "none yet"))
	w.expect(w.one("bob@acme.com"), directory.StatusNone, "", "")
	if e := w.entries()[len(w.entries())-1]; !slices.ContainsFunc(e.Notes, func(n string) bool { return strings.Contains(n, "veterans (acme.yaml:9)") }) {
		t.Errorf("nothing is said of the rule: %+v", e)
	}
	w.replace("okta", "bob", numberOf("bob", "none so far"))
	if e := w.entries()[len(w.entries())-1]; !slices.ContainsFunc(e.Notes, func(n string) bool { return strings.Contains(n, "veterans (acme.yaml:9)") }) {
		t.Errorf("nothing is said of the rule when it fails again: %+v", e)
	}
}

// TestLaw9GainsNothingAndLosesOnlyByDenial: whatever numbers are pushed in whatever order, a push that makes the conditions
// fail gives nothing, and takes nothing but what an undecided denial denies.
func TestLaw9GainsNothingAndLosesOnlyByDenial(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorldOf(t, rt, numbered)
		defer done()
		w.create("okta", "ann", numberOf("ann", "7"))
		w.group("okta", "Everyone")
		w.group("okta", "Night Shift")
		for range rapid.IntRange(1, 8).Draw(rt, "pushes") {
			group := rapid.SampledFrom([]string{"Everyone", "Night Shift", ""}).Draw(rt, "group")
			if group != "" && rapid.Bool().Draw(rt, "joins") {
				w.add(group, "ann")
			} else if group != "" {
				w.remove(group, "ann")
			}
			w.replace("okta", "ann", numberOf("ann", rapid.SampledFrom([]string{"7", "500", "2000", "x"}).Draw(rt, "number")))
			before := w.one("ann@acme.com")
			w.replace("okta", "ann", numberOf("ann", rapid.SampledFrom([]string{"?", "VII", ""}).Draw(rt, "no number")))
			after := w.one("ann@acme.com")
			got := []any{after.Status, after.Decision.Role, after.Decision.Department, after.Decision.Spaces, without(after.Decision.Teams, "lobby")}
			want := []any{before.Status, before.Decision.Role, before.Decision.Department, before.Decision.Spaces, without(before.Decision.Teams, "lobby")}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("conditions that fail changed (-before +after):\n%s\nreasons %+v", diff, after.Decision.Reasons)
			}
			if slices.Contains(after.Decision.Teams, "lobby") {
				rt.Fatal("a denial that cannot be decided does not deny")
			}
		}
	})
}

func without(list []string, value string) []string {
	return append([]string{}, slices.DeleteFunc(slices.Clone(list), func(v string) bool { return v == value })...)
}

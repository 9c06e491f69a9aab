package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
)

// removals is the policy of the tests with a brake on leaving groups alone, and a group that gives a team and no more.
var removals = strings.Replace(acme, "  - {name: admins,", "  - {name: squad, groups: [Squad], teams: [core]}\n  - {name: admins,", 1) + `
brakes:
  - {of: suspensions, window: 1h, percent: 100}
  - {of: role_losses, window: 1h, percent: 100}
  - {of: group_removals, window: 1h, floor: 2}
`

// TestLaw8LeavingAGroupIsBrakedUnderAnyInterleaving: however people are taken out of a group, and put back, one by one or
// many at once, no more of them than the limit lose what it gives in any window, net of those who got it back; and whoever
// is out of the group and not in a hold does not have it.
func TestLaw8LeavingAGroupIsBrakedUnderAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, closed := freshWorldOf(t, rt, removals)
		defer closed()
		const n = 6
		w.staff(n)
		w.group("okta", "Squad", w.names(n)...)
		w.pass(40 * 24 * time.Hour)
		in := map[string]bool{}
		had := map[string]bool{}
		active := map[string]bool{}
		lost := map[string]time.Time{}
		for _, name := range w.names(n) {
			in[name], had[name], active[name] = true, true, true
		}
		for range rapid.IntRange(1, 25).Draw(rt, "pushes") {
			who := rapid.SliceOfNDistinct(rapid.SampledFrom(w.names(n)), 1, n, rapid.ID[string]).Draw(rt, "who")
			switch what := rapid.SampledFrom([]string{"out", "out", "in", "leave", "return", "time", "settle"}).Draw(rt, "what"); what {
			case "out", "in":
				if what == "out" {
					w.remove("Squad", who...)
				} else {
					w.add("Squad", who...)
				}
				for _, name := range who {
					in[name] = what == "in"
				}
			case "leave":
				w.bulk(false, who...)
			case "return":
				w.bulk(true, who...)
			case "time":
				w.pass(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute)
			case "settle":
				w.settleAll()
			}
			recent := 0
			for _, name := range w.names(n) {
				m := w.of("okta", name)
				has := slices.Contains(m.Decision.Teams, "core")
				stays := active[name] && m.Status == directory.StatusActive
				switch {
				case stays && had[name] && !has:
					lost[name] = w.now
				case has && m.Status == directory.StatusActive:
					delete(lost, name)
				}
				if has && !in[name] && len(m.Held) == 0 && m.Status == directory.StatusActive {
					rt.Fatalf("%s is out of the group, waits in no hold, and still has what it gave", name)
				}
				if !has && in[name] && m.Status == directory.StatusActive {
					rt.Fatalf("%s is in the group, and does not have what it gives", name)
				}
				had[name], active[name] = has, m.Status == directory.StatusActive
				if at, ok := lost[name]; ok && w.now.Sub(at) < time.Hour {
					recent++
				}
			}
			if recent > 2 {
				rt.Fatalf("%d people lost within an hour what the group gave; 2 may", recent)
			}
		}
		w.consistent()
	})
}

package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// phased is an organization with two phases to come and one that has begun.
func phased(phases ...config.Phase) *config.Organization {
	org := acme(staff())
	org.Rollout = phases
	return org
}

func TestARolloutAdmitsInPhases(t *testing.T) {
	p := compile(t, phased(
		config.Phase{At: at(92), From: noon.Add(20 * day)},
		config.Phase{At: at(90), Name: "champions", From: noon.Add(-day), Groups: groups("Champions")},
		config.Phase{At: at(91), Name: "leads", From: noon.Add(10 * day), Groups: groups("Leads", "id:7")}))
	for _, tt := range []struct {
		name     string
		in       []string
		day      int
		waits    bool
		until    int // days until the phase that admits
		reasonAt string
	}{
		{"a phase that has begun", []string{"Staff", "Champions"}, 0, false, 0, ""},
		{"a phase to come", []string{"Staff", "Leads"}, 0, true, 10, "acme.yaml:91"},
		{"the day of the phase", []string{"Staff", "Leads"}, 10, false, 0, ""},
		{"the phase for everybody", []string{"Staff"}, 10, true, 20, "acme.yaml:92"},
		{"everybody's day", []string{"Staff"}, 20, false, 0, ""},
		{"out of scope, so that there is nothing to wait for", nil, 0, false, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := noon.Add(time.Duration(tt.day) * day)
			got := p.Evaluate(ann(tt.in...), now)
			if got.Decision.Waits != tt.waits {
				t.Fatalf("waits = %v; want %v", got.Decision.Waits, tt.waits)
			}
			if !tt.waits {
				if !got.Next.IsZero() {
					t.Errorf("next = %v; want nothing to change by itself", got.Next)
				}
				return
			}
			until := noon.Add(time.Duration(tt.until) * day)
			r := reasonFor(t, got.Decision, "rollout", "waits")
			if !got.Next.Equal(until) || !r.Until.Equal(until) || r.At != tt.reasonAt || r.Source != directory.SourceRollout {
				t.Errorf("next = %v, reason %+v; want %v", got.Next, r, until)
			}
			if !got.Decision.InScope || got.Decision.Role != "member" {
				t.Errorf("%+v; want the rest decided as if there were no rollout", got.Decision)
			}
		})
	}
}

func TestWhomNoPhaseAdmitsWaitsWithoutAnEnd(t *testing.T) {
	p := compile(t, phased(config.Phase{At: at(90), From: noon.Add(-day), Groups: groups("Champions")}))
	got := p.Evaluate(ann("Staff"), noon)
	if r := reasonFor(t, got.Decision, "rollout", "waits"); !got.Decision.Waits || !got.Next.IsZero() || !strings.Contains(r.Because, "no phase admits") {
		t.Errorf("waits = %v, next = %v, because %q", got.Decision.Waits, got.Next, r.Because)
	}
}

func TestWhoIsInvitedByNameDoesNotWait(t *testing.T) {
	p := compile(t, phased(config.Phase{At: at(90), From: noon.Add(day)}))
	person := ann()
	person.Accounts = nil
	person.Grants = append(person.Grants, invitation("member", directory.InvitationAccepted))
	if got := p.Evaluate(person, noon); got.Decision.Waits || !got.Decision.InScope {
		t.Errorf("%+v; want a member by invitation who does not wait", got.Decision)
	}
}

package onboarding_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/onboarding"
)

const file = `
organization: {id: acme}
departments: [{name: engineering, match: [Eng]}, {name: platform, parent: engineering}, {name: marketing}]
rules: [{name: a, when: "true", teams: [search, launch_team], permission_sets: [tools]}]
permission_sets: {tools: {agent_creation: true}}
onboarding:
  steps:
    - {id: account, minutes: 2}
    - {id: profile, title: Your profile, minutes: 3, link: https://app.acme.com/profile, items: [Photo]}
    - {id: keys, minutes: 5, for: {roles: [admin]}}
    - {id: meet, minutes: 5, for: {departments: [Eng], teams: [search]}}
  training:
    engineering_team: {required_modules: [github, docs, github], optional_modules: [deploy]}
    marketing_team: {optional_modules: [docs]}
    launch_team: {required_modules: [launch]}
    tools: {required_modules: [deploy]}
  modules: {github: {title: Working with GitHub, minutes: 10, link: "https://learn.acme.com/github"}, docs: {minutes: 7}}
  badge: {name: Onboarded, image: /badge.svg}
`

func plan(t *testing.T, text string) *onboarding.Plan {
	t.Helper()
	o, problems := config.ParseOrganization("acme.yaml", []byte(text), config.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return onboarding.Compile(o)
}

// lines shows what is asked of somebody.
func lines(p *onboarding.Progress) []string {
	var out []string
	for i := range p.Steps {
		s := &p.Steps[i]
		line := s.ID
		if !s.Required {
			line += "?"
		}
		if s.Done {
			line += " done"
		}
		if s.New {
			line += " new"
		}
		for _, from := range s.Sources {
			line += fmt.Sprintf(" (%s: %s)", from.At, from.Because)
		}
		out = append(out, line)
	}
	return out
}

func TestWhatIsAskedAndWhy(t *testing.T) {
	p := plan(t, file)
	for name, c := range map[string]struct {
		who  directory.Decision
		want []string
	}{
		"nobody in particular": {directory.Decision{}, []string{"account (acme.yaml:8: everybody)", "profile (acme.yaml:9: everybody)"}},
		"an engineer": {directory.Decision{Department: "engineering"}, []string{
			"account (acme.yaml:8: everybody)", "profile (acme.yaml:9: everybody)",
			"github (acme.yaml:13: department engineering)", "docs (acme.yaml:13: department engineering)", "deploy? (acme.yaml:13: department engineering)",
		}},
		"an admin of a department below, in the team": {directory.Decision{Role: "admin", Department: "platform", Teams: []string{"search"}, PermissionSets: []string{"tools"}}, []string{
			"account (acme.yaml:8: everybody)", "profile (acme.yaml:9: everybody)", "keys (acme.yaml:10: role admin)",
			"meet (acme.yaml:11: department Eng, team search)", "github (acme.yaml:13: department engineering)",
			"docs (acme.yaml:13: department engineering)", "deploy (acme.yaml:13: department engineering) (acme.yaml:16: permission set tools)",
		}},
		"in the team, elsewhere": {directory.Decision{Department: "Marketing", Teams: []string{"search"}}, []string{
			"account (acme.yaml:8: everybody)", "profile (acme.yaml:9: everybody)", "docs? (acme.yaml:14: department marketing)",
		}},
		"the team as it is written": {directory.Decision{Teams: []string{"launch_team"}}, []string{
			"account (acme.yaml:8: everybody)", "profile (acme.yaml:9: everybody)", "launch (acme.yaml:15: team launch_team)",
		}},
		"a department that the file does not have": {directory.Decision{Department: "sales"}, []string{"account (acme.yaml:8: everybody)", "profile (acme.yaml:9: everybody)"}},
	} {
		if diff := cmp.Diff(c.want, lines(p.Progress(&c.who, &directory.Onboarding{}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	engineer := p.Progress(&directory.Decision{Department: "Eng"}, &directory.Onboarding{})
	if s := engineer.Step("github"); s == nil || s.Title != "Working with GitHub" || s.Minutes != 10 || s.Link == "" || !s.Module {
		t.Errorf("github: %+v", s)
	}
	if s := engineer.Step("deploy"); s.Title != "Deploy" || s.Minutes != 0 || s.Link != "" {
		t.Errorf("deploy: %+v", s)
	}
	if engineer.Step("magic") != nil {
		t.Error("a step that is not asked")
	}
}

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// did is a record of steps, each done an hour after the one before.
func did(steps ...string) *directory.Onboarding {
	o := &directory.Onboarding{}
	for i, s := range steps {
		o.Note(s, directory.StepDone{At: noon.Add(time.Duration(i) * time.Hour), By: "atlas"})
	}
	return o
}

func TestProgress(t *testing.T) {
	p := plan(t, file)
	engineer := &directory.Decision{Department: "engineering"}
	for _, c := range []struct {
		record                *directory.Onboarding
		state                 onboarding.State
		done, total, min, per int
	}{
		{did(), onboarding.NotBegun, 0, 4, 22, 0},
		{did("deploy"), onboarding.UnderWay, 0, 4, 22, 0},
		{did("account", "github"), onboarding.UnderWay, 2, 4, 10, 50},
		{did("account", "github", "magic"), onboarding.UnderWay, 2, 4, 10, 50},
		{did("account", "profile", "docs"), onboarding.UnderWay, 3, 4, 10, 75},
		{did("account", "profile", "docs", "github"), onboarding.Complete, 4, 4, 0, 100},
	} {
		got := p.Progress(engineer, c.record)
		if got.State != c.state || got.Done != c.done || got.Total != c.total || got.MinutesLeft != c.min || got.Percent() != c.per {
			t.Errorf("%v: %s, %d of %d, %d minutes, %d %%", c.record.Done, got.State, got.Done, got.Total, got.MinutesLeft, got.Percent())
		}
		if complete := c.state == onboarding.Complete; complete != (got.Badge != nil) || complete == got.Completed.IsZero() {
			t.Errorf("%v: badge %v, completed %s", c.record.Done, got.Badge, got.Completed)
		}
	}
	all := p.Progress(engineer, did("account", "profile", "docs", "github", "deploy"))
	if want := noon.Add(3 * time.Hour); !all.Completed.Equal(want) {
		t.Errorf("completed %s, want %s, when the last required one was done", all.Completed, want)
	}
}

func TestMoreIsAskedOfWhoHasCompletedEverything(t *testing.T) {
	p := plan(t, file)
	record := did("account", "profile")
	record.Completed = noon
	got := p.Progress(&directory.Decision{Department: "marketing", Role: "admin"}, record)
	if got.State != onboarding.Complete || got.Badge == nil || !got.Completed.Equal(noon) || got.Percent() != 66 {
		t.Errorf("%+v", got)
	}
	var fresh []string
	for i := range got.Steps {
		if got.Steps[i].New {
			fresh = append(fresh, got.Steps[i].ID)
		}
	}
	if !slices.Equal(fresh, []string{"keys"}) {
		t.Errorf("new are %v", fresh)
	}
}

func TestNothingIsAsked(t *testing.T) {
	p := plan(t, "organization: {id: acme}\n")
	got := p.Progress(&directory.Decision{}, did("account"))
	if p.Any() || got.State != onboarding.NothingAsked || got.Percent() != 0 || len(got.Steps) != 0 || got.Badge != nil {
		t.Errorf("%+v", got)
	}
}

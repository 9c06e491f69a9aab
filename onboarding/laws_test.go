package onboarding_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/onboarding"
)

var (
	someNames   = []string{"engineering", "platform", "sales"}
	someModules = []string{"m1", "m2", "m3"}
	someSteps   = []string{"account", "profile", "team"}
)

func some(t *rapid.T, label string, of []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 3, rapid.ID[string]).Draw(t, label)
}

func anyFile(t *rapid.T) *config.Organization {
	o := &config.Organization{Departments: []config.Department{{Name: "engineering"}, {Name: "platform", Parent: "engineering"}, {Name: "sales"}}}
	line := 0
	place := func() directory.Position { line++; return directory.Position{File: "acme.yaml", Line: line} }
	for _, id := range some(t, "steps", someSteps) {
		o.Onboarding.Steps = append(o.Onboarding.Steps, config.OnboardingStep{
			At: place(), ID: id, Minutes: rapid.IntRange(0, 9).Draw(t, "minutes"),
			For: config.OnboardingFor{Departments: some(t, "departments", someNames), Teams: some(t, "teams", someNames)},
		})
	}
	for _, of := range some(t, "trainings", []string{"engineering_team", "platform", "sales_team"}) {
		required := some(t, "required", someModules)
		optional := slices.DeleteFunc(some(t, "optional", someModules), func(m string) bool { return slices.Contains(required, m) })
		o.Onboarding.Training = append(o.Onboarding.Training, config.Training{At: place(), Of: of, Required: required, Optional: optional})
	}
	return o
}

func anyDecision(t *rapid.T) *directory.Decision {
	return &directory.Decision{
		Department: rapid.SampledFrom(append([]string{""}, someNames...)).Draw(t, "department"),
		Teams:      some(t, "in teams", someNames), PermissionSets: some(t, "with sets", someNames),
	}
}

type report struct {
	step string
	at   time.Time
}

func anyReports(t *rapid.T) []report {
	var out []report
	for _, step := range rapid.SliceOfN(rapid.SampledFrom(slices.Concat(someSteps, someModules, []string{"gone"})), 0, 8).Draw(t, "reports") {
		out = append(out, report{step, noon.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "hour")) * time.Hour)})
	}
	return out
}

func recordOf(reports []report) *directory.Onboarding {
	o := &directory.Onboarding{}
	for _, r := range reports {
		o.Note(r.step, directory.StepDone{At: r.at})
	}
	return o
}

func TestProgressIsNeverMoreThanAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := recordOf(anyReports(t))
		if rapid.Bool().Draw(t, "completed before") {
			record.Completed = noon
		}
		p := onboarding.Compile(anyFile(t)).Progress(anyDecision(t), record)
		percent := p.Percent()
		switch {
		case p.Done > p.Total, percent < 0, percent > 100, p.MinutesLeft < 0:
			t.Fatalf("%d of %d, %d %%, %d minutes", p.Done, p.Total, percent, p.MinutesLeft)
		case (percent == 100) != (p.Total > 0 && p.Done == p.Total):
			t.Fatalf("%d %% for %d of %d", percent, p.Done, p.Total)
		case percent == 100 && (p.State != onboarding.Complete || p.MinutesLeft != 0):
			t.Fatalf("all is done, and it is %s with %d minutes", p.State, p.MinutesLeft)
		}
	})
}

func TestOrderOfReportsDoesNotMatterAndTwiceIsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reports := anyReports(t)
		want := recordOf(reports)
		shuffled := rapid.Permutation(slices.Concat(reports, reports)).Draw(t, "order")
		if diff := cmp.Diff(want, recordOf(shuffled)); diff != "" {
			t.Fatalf("another order, and twice:\n%s", diff)
		}
		half := rapid.IntRange(0, len(reports)).Draw(t, "half")
		one, two := recordOf(reports[:half]), recordOf(reports[half:])
		other := two.Clone()
		if other.Join(one); len(want.Done) > 0 {
			if diff := cmp.Diff(want, other); diff != "" {
				t.Fatalf("two rows of one person:\n%s", diff)
			}
		}
		again := other.Clone()
		if again.Join(one) || again.Join(two) {
			t.Fatal("joining twice changes something")
		}
	})
}

// asked is what is asked of somebody: by id, whether it is required, and the lines that ask for it.
func asked(o *config.Organization, d *directory.Decision) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	p := onboarding.Compile(o).Progress(d, &directory.Onboarding{})
	for i := range p.Steps {
		lines := map[string]bool{}
		for _, from := range p.Steps[i].Sources {
			lines[from.At] = from.Required
		}
		out[p.Steps[i].ID] = lines
	}
	return out
}

func TestRemovingASourceRemovesExactlyIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, d := anyFile(t), anyDecision(t)
		if len(o.Onboarding.Training) == 0 {
			return
		}
		want := asked(o, d)
		i := rapid.IntRange(0, len(o.Onboarding.Training)-1).Draw(t, "which")
		gone := o.Onboarding.Training[i].At.Rule()
		o.Onboarding.Training = slices.Delete(slices.Clone(o.Onboarding.Training), i, i+1)
		for _, lines := range want {
			delete(lines, gone)
		}
		maps.DeleteFunc(want, func(_ string, lines map[string]bool) bool { return len(lines) == 0 })
		if diff := cmp.Diff(want, asked(o, d)); diff != "" {
			t.Fatalf("without %s (-want +got):\n%s", gone, diff)
		}
		p := onboarding.Compile(o).Progress(d, &directory.Onboarding{})
		for i := range p.Steps {
			if s := &p.Steps[i]; s.Required != slices.Contains(slices.Collect(maps.Values(want[s.ID])), true) {
				t.Fatalf("%s is required: %v, by %v", s.ID, s.Required, s.Sources)
			}
		}
	})
}

package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
)

// Customers' file of trainings is taken as it is: alone, and by the organization that names it.
func TestCustomersTrainingFile(t *testing.T) {
	text, err := os.ReadFile("testdata/training.json")
	if err != nil {
		t.Fatal(err)
	}
	o, problems := config.ParseOrganization("training.json", text, config.Options{})
	if len(problems) > 0 || len(o.Onboarding.Training) != 2 {
		t.Fatalf("%+v\n%s", o, render(problems))
	}
	engineering := o.Onboarding.Training[0]
	if engineering.Of != "engineering_team" || engineering.At.Rule() != "training.json:6" || len(engineering.Required) != 3 || len(engineering.Optional) != 2 ||
		engineering.Places.Item("required_modules", "github_integration", engineering.At).Rule() != "training.json:7" {
		t.Errorf("%+v", engineering)
	}

	dir := folder(t, `
-- usher.yaml --
listen: ":9090"
-- organizations/acme.yaml --
organization: {id: acme}
departments: [{name: Engineering}]
onboarding:
  training: {platform_team: {required_modules: [on_call]}, engineering_team: {required_modules: [on_call]}}
  training_file: training.json
rules: [{name: a, when: "true", teams: [platform], permission_sets: [tools]}]
permission_sets: {tools: {agent_creation: true}}
-- organizations/unused.json --
{"sales_team": {"optional_modules": ["crm"]}}
-- organizations/training.json --
`+string(text))
	loaded, problems := config.Load(filepath.Join(dir, "usher.yaml"), config.Options{})
	want := `organizations/training.json:2:3: warning: the training "marketing_team" is nobody's: there is no team, department or permission set of that name, also without _team behind it
organizations/training.json:6:3: error: the training "engineering_team" is there already, in organizations/acme.yaml:4
organizations/unused.json:1:1: warning: no organization trains anybody by these modules
`
	if diff := cmp.Diff(want, summary(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if len(loaded.Organizations) != 1 || len(loaded.Organizations[0].Onboarding.Training) != 4 || len(loaded.Files["acme"]) != 2 {
		t.Errorf("%d organizations, files %v", len(loaded.Organizations), loaded.Files)
	}
}

func TestTitlesAreMadeOfIDs(t *testing.T) {
	for id, want := range map[string]string{"github_integration": "Github integration", "account": "Account", "first-step": "First step", "_": "_", "été_x": "Été x"} {
		if got := config.TitleOf(id); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

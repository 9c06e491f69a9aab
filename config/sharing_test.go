package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
)

// Customers' file of what is shared is taken as it is: alone, and by the organization that names it.
func TestCustomersSharingFile(t *testing.T) {
	text, err := os.ReadFile("testdata/resource-sharing.json")
	if err != nil {
		t.Fatal(err)
	}
	o, problems := config.ParseOrganization("resource-sharing.json", text, config.Options{})
	if len(problems) > 0 || len(o.SharedAgents) != 1 || len(o.SharedIntegrations) != 1 {
		t.Fatalf("%+v\n%s", o, render(problems))
	}
	bot := o.SharedAgents[0]
	if bot.Name != "customer_support_bot" || bot.At.Rule() != "resource-sharing.json:3" || len(bot.Levels) != 3 || bot.Levels[1].Of != "sales" || bot.Levels[1].Level != config.LevelRun {
		t.Errorf("%+v", bot)
	}

	dir := folder(t, `
-- usher.yaml --
listen: ":9090"
-- organizations/acme.yaml --
organization: {id: acme}
departments: [{name: support}, {name: sales}, {name: marketing}, {name: leadership}]
sharing_file: resource-sharing.json
shared_agents: {bot: {access: [sales], permissions: {sales: full}}, customer_support_bot: {access: [sales], permissions: {sales: full}}}
-- organizations/unused.json --
{"shared_agents": {}}
-- organizations/resource-sharing.json --
`+string(text))
	loaded, problems := config.Load(filepath.Join(dir, "usher.yaml"), config.Options{})
	want := `organizations/resource-sharing.json:3:5: error: the shared agent "customer_support_bot" is there already, in organizations/acme.yaml:4
organizations/unused.json:1:1: warning: no organization shares these agents and integrations
`
	if diff := cmp.Diff(want, summary(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if len(loaded.Organizations) != 1 || len(loaded.Organizations[0].SharedAgents) != 3 || len(loaded.Files["acme"]) != 2 {
		t.Errorf("%d organizations, files %v", len(loaded.Organizations), loaded.Files)
	}
}

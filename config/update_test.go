package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// The file that customers have, as it is.
const marketingUpdate = `{
  "operation": "update_permissions",
  "filter": {
    "department": "marketing",
    "role": "member"
  },
  "changes": {
    "add_integrations": ["instagram", "tiktok"],
    "ai_model_access": ["gpt-4", "claude-3"],
    "file_upload_limit": "200MB"
  }
}
`

func TestUpdateOfCustomers(t *testing.T) {
	u, problems := config.ParseUpdate("update.json", []byte(marketingUpdate))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := directory.Permission{
		Set: map[string]directory.Value{"ai_models": directory.ListValue("gpt-4", "claude-3"), "file_upload_limit": directory.SizeValue(200e6)},
		Add: map[string]directory.Value{"integrations": directory.ListValue("instagram", "tiktok")},
	}
	if diff := cmp.Diff(want, u.Changes); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(u.Filter.Departments, []string{"marketing"}) || !slices.Equal(u.Filter.Roles, []string{"member"}) {
		t.Errorf("filter %+v", u.Filter)
	}
}

func TestUpdatesThatAreWrong(t *testing.T) {
	edit := func(from, to string) string {
		if !strings.Contains(marketingUpdate, from) {
			t.Fatal(from)
		}
		return strings.Replace(marketingUpdate, from, to, 1)
	}
	for name, tt := range map[string]struct{ text, at, says string }{
		"a misspelt change":       {edit("add_integrations", "add_integration"), "update.json:8:5", `write "add_integrations"`},
		"a misspelt filter":       {edit(`"department"`, `"departmnt"`), "update.json:4:5", `write "department"`},
		"another operation":       {edit("update_permissions", "update_permission"), "update.json:2:16", "update_permissions"},
		"a limit without a unit":  {edit(`"200MB"`, "200"), "update.json:10:26", "write 200MB"},
		"a limit that is no size": {edit("200MB", "large"), "update.json:10:26", "not a size"},
		"nothing to change":       {`{"operation": "update_permissions", "filter": {"role": "member"}, "changes": {}}`, "update.json:1:", "changes"},
		"nobody in particular":    {`{"operation": "update_permissions", "filter": {}, "changes": {"agent_creation": true}}`, "update.json:1:", "everybody or nobody"},
		"no filter":               {`{"operation": "update_permissions", "changes": {"agent_creation": true}}`, "update.json:1:", `needs "filter"`},
		"added and removed":       {edit(`"file_upload_limit": "200MB"`, `"remove_integrations": ["tiktok"]`), "update.json:7:", `"tiktok" is both added and removed`},
		"set and added to":        {edit(`"file_upload_limit": "200MB"`, `"add_ai_models": ["x"]`), "update.json:7:", "the whole list in ai_model_access"},
		"an unknown level":        {edit(`"file_upload_limit": "200MB"`, `"agent_creation": "maybe"`), "update.json:10:23", "admin_approval"},
		"no JSON":                 {`{"operation": `, "update.json:1:", ""},
		"a list":                  {`[]`, "update.json:1:", "a mapping"},
		"nothing":                 {``, "update.json", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := config.ParseUpdate("update.json", []byte(tt.text))
			if !directory.Failed(problems) {
				t.Fatal("it passes")
			}
			if text := problems[0].String(); !strings.HasPrefix(text, tt.at) || !strings.Contains(text, tt.says) {
				t.Errorf("says %s", text)
			}
		})
	}
}

func FuzzUpdate(f *testing.F) {
	f.Add([]byte(marketingUpdate))
	f.Add([]byte("operation: update_permissions\nfilter: {emails: [ann@acme.com]}\nchanges: {remove_ai_models: [x]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		u, problems := config.ParseUpdate("update.json", text)
		if u == nil && !directory.Failed(problems) {
			t.Error("nothing was read, and nothing is wrong")
		}
	})
}

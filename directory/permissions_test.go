package directory_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
)

func TestPermissionIsReadAsItWasWritten(t *testing.T) {
	want := directory.Permission{
		Update: directory.ID{1},
		Set: map[string]directory.Value{
			"file_upload_limit": directory.SizeValue(1500e6), "odd": directory.SizeValue(1<<30 + 1), "agent_creation": directory.LevelValue("admin_approval"),
			"export": directory.LevelValue("true"), "import": directory.LevelValue("false"), "ai_models": directory.ListValue(),
		},
		Add: map[string]directory.Value{"integrations": directory.ListValue("tiktok", "instagram")},
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got directory.Permission
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Set["ai_models"].List) == 0 {
		got.Set["ai_models"] = directory.ListValue()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", text, diff)
	}
	for _, bad := range []string{`{"set": {"a": 7}}`, `{"set": {"a": [1]}}`, `{"set": {"a": {}}}`, `{"set": {"a": null}}`} {
		if err := json.Unmarshal([]byte(bad), new(directory.Permission)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

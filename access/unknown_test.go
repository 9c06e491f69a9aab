package access_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func TestAMisspeltActionIsNamedWithTheNearest(t *testing.T) {
	p := access.Compile(parse(t))
	byHand := &directory.Grant{Kind: directory.GrantPermission, Permission: &directory.Permission{Set: map[string]directory.Value{"video_limit": directory.SizeValue(1)}}}
	for _, tt := range []struct {
		asks  access.Question
		given []*directory.Grant
		says  string // "" for nothing
	}{
		{on("files.uplod", "file", "x"), nil, "did you mean files.upload?"},
		{on("integrations.usee", "integration", "github"), nil, "did you mean integrations.use?"},
		{on("raed", "knowledge_base", "public"), nil, "did you mean read?"},
		{on("billing.mange", "", ""), nil, "did you mean billing.manage?"},
		{on("rockets.launch", "rocket", "1"), nil, "roles and permission sets name agents."},
		{on("files.upload", "file", "x"), nil, ""},
		{on("agents.edit", "integration", "salesforce"), nil, ""},
		{on("read", "knowledge_base", "public"), nil, ""},
		{on("regions.use", "regions", "mars"), nil, ""},
		{on("video_limit", "", ""), nil, `no action "video_limit"`},
		{on("video_limit", "", ""), []*directory.Grant{byHand}, ""},
	} {
		got := p.Unknown(tt.asks, tt.given...)
		if (got == "") != (tt.says == "") || !strings.Contains(got, tt.says) {
			t.Errorf("%s of %d grants: %q, want %q", tt.asks.Action, len(tt.given), got, tt.says)
		}
	}
}

func TestEveryPropertyThatIsReadIsNamed(t *testing.T) {
	values := map[string]any{"shared": true, "public": true, "visibility": "public", "size": 7.0}
	none, _ := access.ResourceOf("file", "f", nil)
	for _, name := range access.ResourceProperties() {
		value, odd := values[name]
		if !odd {
			value = "x"
		}
		if got, err := access.ResourceOf("file", "f", map[string]any{name: value}); err != nil || got == none {
			t.Errorf("%s is not read: %+v, %v", name, got, err)
		}
	}
}

func TestAListOfActionsSaysHowManyItLeavesOut(t *testing.T) {
	text := "organization: {id: acme}\nroles: [{name: admin, permissions: ["
	for i := range 15 {
		text += fmt.Sprintf("area%02d.manage, ", i)
	}
	o, problems := config.ParseOrganization("acme.yaml", []byte(text+"]}]\n"), config.Options{})
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	got := access.Compile(o).Unknown(on("rockets.launch", "rocket", "1"))
	if !strings.HasSuffix(got, "area10.manage, area11.manage and 3 more.") {
		t.Error(got)
	}
}

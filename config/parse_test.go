package config_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// mustParse parses a file that is right.
func mustParse(t *testing.T, name, text string) *config.Organization {
	t.Helper()
	o, problems := config.ParseOrganization(name, []byte(text), config.Options{})
	if directory.Failed(problems) {
		t.Fatalf("%s", render(problems))
	}
	return o
}

var ignorePositions = cmpopts.IgnoreTypes(directory.Position{}, config.Places{})

func TestConnectionDefaults(t *testing.T) {
	o := mustParse(t, "a.yaml", "organization: {id: a}\nconnections: [{id: a-one}]\n")
	want := config.Connection{ID: "a-one", Provider: "generic", State: config.StateActive, Provisioning: config.ProvisioningAuto, GroupsFrom: "scim"}
	if diff := cmp.Diff(want, o.Connections[0], ignorePositions); diff != "" {
		t.Error(diff)
	}
	if o.Name != "a" || len(o.Roles) != 3 || o.Roles[2].Name != "admin" {
		t.Errorf("name %q and roles %v; want the id and the standard roles", o.Name, o.Roles)
	}
}

func TestRuleIsReadWhole(t *testing.T) {
	o := mustParse(t, "organizations/a.yaml", `organization: {id: a}
rules:
  - name: directors
    groups: [Engineering, "id: 00g1a2b3", " Sales "]
    when: |
      user.title == "Director" &&
        inGroup("Engineering")
    role: admin
    membership_for: 90d
  - {role: member}
  - {role: viewer}
  - when: "inGroup(\"A\")"
    role: viewer
`)
	rule := o.Rules[0]
	at := func(line, column int) directory.Position {
		return directory.Position{File: "organizations/a.yaml", Line: line, Column: column}
	}
	want := config.Rule{
		At: at(3, 5), Name: "directors",
		Groups: []config.Selector{{At: at(4, 14), Name: "Engineering"}, {At: at(4, 27), ID: "00g1a2b3"}, {At: at(4, 43), Name: "Sales"}},
		When:   "user.title == \"Director\" &&\n  inGroup(\"Engineering\")", WhenAt: at(6, 7),
		Role: "admin", MembershipFor: 90 * 24 * time.Hour,
	}
	if diff := cmp.Diff(want, rule, cmpopts.IgnoreTypes(config.Places{}), cmpopts.IgnoreFields(config.Rule{}, "WhenRaw")); diff != "" {
		t.Error(diff)
	}
	if rule.Places["role"] != at(8, 11) || rule.Places.Item("groups", "Sales", at(1, 1)) != at(4, 43) || rule.Places.Of("teams", at(1, 1)) != at(1, 1) {
		t.Errorf("its values stand at %v", rule.Places)
	}
	if o.Rules[1].Name != "rule at line 10" || o.Rules[2].Name != "rule at line 11" {
		t.Errorf("unnamed rules are called %q and %q", o.Rules[1].Name, o.Rules[2].Name)
	}
	if o.Rules[3].WhenAt != at(12, 12) {
		t.Errorf("a quoted condition starts at %v", o.Rules[3].WhenAt)
	}
}

func TestUnnamedRulesOnOneLineDiffer(t *testing.T) {
	o := mustParse(t, "a.json", `{"organization":{"id":"a"},"rules":[{"role":"member"},{"role":"admin"}]}`)
	if o.Rules[0].Name == o.Rules[1].Name {
		t.Errorf("both rules are called %q", o.Rules[0].Name)
	}
}

func TestSameFileAsYAMLAndJSONWithByteOrderMark(t *testing.T) {
	yaml := mustParse(t, "a", "organization: {id: a, name: Ä}\r\nrules:\r\n  - {name: r, groups: [G], role: member}\r\n")
	json := mustParse(t, "a", "\ufeff{\"organization\": {\"id\": \"a\", \"name\": \"\\u00c4\"},\n\t\"rules\": [{\"name\": \"r\", \"groups\": [\"G\"], \"role\": \"member\"}]}")
	if diff := cmp.Diff(yaml, json, ignorePositions); diff != "" {
		t.Error(diff)
	}
	if json.At != (directory.Position{File: "a", Line: 1, Column: 18}) {
		t.Errorf("behind a byte order mark the organization is at %v", json.At)
	}
}

func TestCustomersFilesLoadAsTheyAre(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	o := mustParse(t, "organizations/domain.json", read("domain.json"))
	wantDomain := config.Domain{
		Domain: "northwind.example", AutoInvite: true, DefaultRole: "member",
		Departments: []config.DepartmentRole{{Department: "board", Role: "admin"}, {Department: "design", Role: "member"}, {Department: "trainees", Role: "viewer"}},
	}
	if diff := cmp.Diff([]config.Domain{wantDomain}, o.Domains, ignorePositions); diff != "" || o.ID != "northwind" || len(o.Roles) != 3 {
		t.Errorf("organization %q with %d roles and domains\n%s", o.ID, len(o.Roles), diff)
	}

	o = mustParse(t, "organizations/permission-sets.json", read("permission-sets.json"))
	got, err := json.Marshal(o.PermissionSets[1])
	if err != nil || o.PermissionSets[0].Name != "design_team" {
		t.Fatalf("sets %v, %v", o.PermissionSets, err)
	}
	for _, want := range []string{`"legal_team"`, `"admin_approval"`, `"1GB"`, `["docusign"]`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the set %s has no %s", got, want)
		}
	}
}

func TestMergeKeysKeepWhatTheMappingSays(t *testing.T) {
	o := mustParse(t, "a.yaml", `organization: {id: a}
rules:
  - &engineers {name: engineers, groups: [Engineering], role: member}
  - {<<: *engineers, name: leads, role: admin}
`)
	want := config.Rule{Name: "leads", Role: "admin", Groups: o.Rules[0].Groups}
	if diff := cmp.Diff(want, o.Rules[1], ignorePositions); diff != "" {
		t.Error(diff)
	}
}

func TestManyProblemsComeAtOnceInOrder(t *testing.T) {
	text := "organization: {id: a}\nrules:\n" + strings.Repeat("  - {grops: [A], role: [b], grant_for: soon}\n", 50)
	_, problems := config.ParseOrganization("a.yaml", []byte(text), config.Options{})
	if len(problems) != 150 {
		t.Fatalf("found %d problems, want 150", len(problems))
	}
	for i, p := range problems {
		if want := 3 + i/3; p.Line != want {
			t.Fatalf("problem %d is in line %d, want %d", i, p.Line, want)
		}
	}
}

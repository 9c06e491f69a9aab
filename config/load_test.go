package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// folder writes the files of an archive into a folder of the test.
func folder(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// summary is one line for each problem.
func summary(problems []directory.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s: %s: %s\n", p.Position, p.Severity, p.Message)
	}
	return b.String()
}

func TestExamplesLoadWithoutAProblem(t *testing.T) {
	for _, name := range []string{"acme", "minimal"} {
		loaded, problems := config.Load("../examples/"+name+"/usher.yaml", config.Options{})
		if len(problems) > 0 || len(loaded.Organizations) != 1 || loaded.Organizations[0].ID != name {
			t.Errorf("%s: %d organizations\n%s", name, len(loaded.Organizations), render(problems))
		}
		if want := filepath.Join("..", "examples", name, "data"); loaded.Operator.Data != want {
			t.Errorf("%s: the data are in %s, want %s", name, loaded.Operator.Data, want)
		}
		if loaded.Operator.PublicURL != "http://127.0.0.1:8080" || loaded.Operator.Listen != config.DefaultListen {
			t.Errorf("%s: listens on %s as %s", name, loaded.Operator.Listen, loaded.Operator.PublicURL)
		}
	}
}

func TestLoadFindsEveryProblemOfEveryFile(t *testing.T) {
	dir := folder(t, `
-- usher.yaml --
lisen: 127.0.0.1:8080
secrets:
  acme: {okta: "${env:OKTA}"}
  acmi: {okta: "${env:OKTA}"}
-- organizations/acme.yaml --
organization: {id: acme}
domains: [{domain: acme.com}]
connections:
  - id: acme-okta
    oidc: {issuer: "https://acme.okta.com", client_id: a, client_secret: "${secret:okta}"}
  - id: acme-two
    oidc: {issuer: "https://acme.okta.com", client_id: a, client_secret: "${secret:oktaa}"}
rules: [{grops: [A]}]
-- organizations/broken.yml --
organization: [
-- organizations/other.json --
{"organization": {"id": "acme"}, "domains": [{"domain": "ACME.com"}],
 "connections": [{"id": "acme-okta"}]}
-- organizations/sets.json --
{"marketing": {"ai_models": ["gpt-4"]}}
`)
	loaded, problems := config.Load(filepath.Join(dir, "usher.yaml"), config.Options{})
	want := `organizations/acme.yaml:7:74: error: usher.yaml does not say where the secret "oktaa" of "acme" comes from
organizations/acme.yaml:8:10: error: a rule has no key "grops"
organizations/broken.yml:1:15: error: this cannot be read: sequence end token ']' not found
organizations/other.json:1:18: error: the organization "acme" is there already, in organizations/acme.yaml:1
organizations/other.json:1:46: error: the domain "acme.com" is there already, in organizations/acme.yaml:2
organizations/other.json:2:18: error: the connection "acme-okta" is there already, in organizations/acme.yaml:4
organizations/sets.json:1:1: warning: no organization uses these permission sets
usher.yaml:1:1: error: usher.yaml has no key "lisen"
`
	if diff := cmp.Diff(want, summary(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if len(loaded.Organizations) != 2 {
		t.Errorf("%d organizations were read", len(loaded.Organizations))
	}
}

func TestOrganizationTakesOtherFilesIn(t *testing.T) {
	dir := folder(t, `
-- usher.yaml --
listen: ":9090"
-- shared/sets.json --
{"marketing": {"ai_models": ["gpt-4"]}}
-- organizations/domain.json --
{"domain": "acme.com", "default_role": "member"}
-- organizations/acme.yaml --
organization: {id: acme}
permission_sets_file: ../shared/sets.json
domains_file: domain.json
connections: [{id: "${value:okta}"}]
permission_sets: {sales: {agent_creation: true}}
-- organizations/bad.yaml --
organization: {id: bad}
permission_sets_file: ../../etc/sets.json
domains_file: none.json
`)
	loaded, problems := config.Load(filepath.Join(dir, "usher.yaml"), config.Options{Values: map[string]string{"okta": "acme-okta", "unused": "x"}})
	want := `organizations/bad.yaml:2:23: error: "../etc/sets.json" cannot be read: it lies outside the folder of the configuration
organizations/bad.yaml:3:15: error: "organizations/none.json" cannot be read: there is no such file
`
	if diff := cmp.Diff(want, summary(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	acme := loaded.Organizations[0]
	if len(loaded.Organizations) != 2 || len(acme.PermissionSets) != 2 || len(acme.Domains) != 1 || acme.Connections[0].ID != "acme-okta" {
		t.Fatalf("read %+v", loaded.Organizations)
	}
	if at := acme.PermissionSets[0].At.Rule(); at != "shared/sets.json:1" {
		t.Errorf("the set of the other file is at %s", at)
	}
	names := ""
	for _, f := range loaded.Files["acme"] {
		names += f.Name + " "
	}
	if names != "organizations/acme.yaml organizations/domain.json shared/sets.json (values) " {
		t.Errorf("the files of the organization are %s", names)
	}
	again, problems := config.ParseFiles(loaded.Files["acme"])
	if diff := cmp.Diff(acme, again); diff != "" || len(problems) > 0 {
		t.Errorf("read again from the stored files it differs: %v\n%s", problems, diff)
	}
	if strings.Contains(string(loaded.Files["acme"][3].Text), "unused") {
		t.Error("a value that the organization does not use is kept with it")
	}
}

func TestLoadTakesASingleFile(t *testing.T) {
	dir := folder(t, `
-- organizations/acme.yaml --
organization: {id: acme}
permission_sets_file: sets.json
-- organizations/sets.json --
{"marketing": {"ai_models": ["gpt-4"], "agent_creation": "admin_approval"}}
-- organizations/domain.json --
{"domain": "company.com"}
-- server.yaml --
public_url: http://127.0.0.1:8080
-- empty/usher.yaml --
listen: ":0"
`)
	for name, want := range map[string]string{
		"organizations/acme.yaml": "acme", "organizations/sets.json": "sets", "organizations/domain.json": "company",
	} {
		loaded, problems := config.Load(filepath.Join(dir, name), config.Options{})
		if len(problems) > 0 || loaded.Operator != nil || len(loaded.Organizations) != 1 || loaded.Organizations[0].ID != want {
			t.Errorf("%s: %+v\n%s", name, loaded, render(problems))
		}
	}
	loaded, problems := config.Load(filepath.Join(dir, "server.yaml"), config.Options{})
	if loaded.Operator == nil || len(loaded.Organizations) != 3-1 || directory.Failed(problems) {
		t.Errorf("a server's file of another name: %d organizations\n%s", len(loaded.Organizations), render(problems))
	}
	_, problems = config.Load(filepath.Join(dir, "empty", "usher.yaml"), config.Options{})
	if got := summary(problems); got != "usher.yaml:1:1: error: there is no organization file\n" {
		t.Errorf("without organizations: %s", got)
	}
	_, problems = config.Load(filepath.Join(dir, "none.yaml"), config.Options{})
	if len(problems) != 1 || problems[0].Message != "the file cannot be read: there is no such file" {
		t.Errorf("without a file: %s", render(problems))
	}
}

func TestExcerptsOfOtherProblems(t *testing.T) {
	files := []directory.PolicyFile{{Name: "organizations/acme.yaml", Text: []byte("organization: {id: acme}\nrules:\n  - {role: admn}\n")}}
	problems := config.Excerpts([]directory.Problem{{
		Position: directory.Position{File: "organizations/acme.yaml", Line: 3, Column: 12}, Severity: directory.SeverityError, Message: "there is no role admn",
	}}, files)
	want := "    2 | rules:\n    3 |   - {role: admn}\n      |            ^"
	if diff := cmp.Diff(want, problems[0].Excerpt); diff != "" {
		t.Error(diff)
	}
}

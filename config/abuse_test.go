package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// A filter that says nothing would mean everybody; one that is empty in parts says nothing there.
func TestAFilterThatSaysNothingInAnyWayIsRefused(t *testing.T) {
	for _, filter := range []string{
		`{}`, `null`, `[]`, `""`, `"all"`, `{"department": []}`, `{"department": ""}`, `{"department": " "}`, `{"department": [""]}`, `{"department": null}`,
		`{"role": []}`, `{"role": null}`, `{"team": []}`, `{"team": [" "]}`, `{"emails": []}`, `{"emails": [""]}`, `{"emails": "*"}`,
		`{"role": "member", "department": []}`, `{"role": "member", "emails": null}`, `{"role": "member", "role": "admin"}`, `{"Role": "member"}`, `{"roles": ["member"]}`,
	} {
		text := `{"operation": "update_permissions", "filter": ` + filter + `, "changes": {"agent_creation": true}}`
		if u, problems := config.ParseUpdate("u.json", []byte(text)); !directory.Failed(problems) {
			t.Errorf("the filter %s means %+v", filter, u.Filter)
		}
	}
}

// What is shown on the pages of people leads to https addresses alone.
func TestLinksOfTheOnboardingLeadNowhereElse(t *testing.T) {
	for _, link := range []string{
		"javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\\tscript:alert(1)", "data:text/html,x", "vbscript:x", "http://app.acme.com/", "//evil.example/",
		"https:/evil.example", "https:evil.example", "https://", "https:///x", "https://user:pass@app.acme.com/", "https://app.ac\\nme.com/", "ftp://acme.com", "https://ac me.com/", "https://app.acme.com\\\\@evil.example/",
	} {
		for _, text := range []string{
			`steps: [{id: profile, link: "%s"}]`, `training: {sales_team: {required_modules: [m]}}, modules: {m: {link: "%s"}}`, `steps: [{id: profile}], badge: {name: X, image: "%s"}`,
		} {
			file := "organization: {id: acme}\ndepartments: [{name: sales}]\nonboarding: {" + fmt.Sprintf(text, link) + "}\n"
			_, problems := config.ParseOrganization("acme.yaml", []byte(file), config.Options{})
			if !directory.Failed(problems) {
				t.Errorf("%s passes", strings.TrimSpace(strings.Split(file, "\n")[2]))
			}
		}
	}
}

// What is asked of people is judged for each of them at every page, so that there is an end to how much there can be.
func TestThereIsAnEndToWhatIsAskedOfPeople(t *testing.T) {
	list := func(n int, of string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, of+", ", i)
		}
		return strings.TrimSuffix(b.String(), ", ")
	}
	for name, tt := range map[string]struct {
		onboarding string
		says       string
	}{
		"as many steps as can be":   {"{steps: [" + list(100, "{id: s%d}") + "]}", ""},
		"one step more":             {"{steps: [" + list(101, "{id: s%d}") + "]}", "101 steps, and can have 100"},
		"as many modules as can be": {"{training: {sales_team: {required_modules: [" + list(600, "m%d") + "], optional_modules: [" + list(400, "o%d") + "]}}}", ""},
		"one module more":           {"{training: {sales_team: {required_modules: [" + list(601, "m%d") + "], optional_modules: [" + list(400, "o%d") + "]}}}", "1001 modules"},
		"very many":                 {"{steps: [" + list(30_000, "{id: s%d}") + "], training: {sales_team: {required_modules: [" + list(60_000, "m%d") + "]}}}", "30000 steps"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, problems := config.ParseOrganization("acme.yaml", []byte("organization: {id: acme}\ndepartments: [{name: sales}]\nonboarding: "+tt.onboarding+"\n"), config.Options{})
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			said := fmt.Sprint(problems)
			if tt.says == "" && directory.Failed(problems) || !strings.Contains(said, tt.says) || len(problems) > 10 {
				t.Errorf("%d problems: %.300s", len(problems), said)
			}
		})
	}
}

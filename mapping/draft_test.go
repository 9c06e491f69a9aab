package mapping_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// drafted compiles a draft and runs its tests.
func drafted(t interface{ Fatalf(string, ...any) }, text []byte) *mapping.Policy {
	org, problems := config.ParseOrganization("acme.yaml", text, config.Options{})
	if directory.Failed(problems) {
		t.Fatalf("%v\n%s", problems, text)
	}
	policy, problems := mapping.Compile(org)
	if directory.Failed(problems) {
		t.Fatalf("%v\n%s", problems, text)
	}
	if failing := mapping.Admissible(policy); len(failing) > 0 {
		t.Fatalf("%v\n%s", failing, text)
	}
	return policy
}

func TestADraftSaysWhatWasSeenAndMakesNobodyAdmin(t *testing.T) {
	d := mapping.Draft{
		ID: "acme", Name: "Acme & Sons: Inc.", From: "acme-okta",
		Domains: []mapping.Counted{{Text: "acme.com", Count: 40}, {Text: "gmail.com", Count: 9}, {Text: "partner.example", Count: 1}},
		Connections: []config.Connection{{
			ID: "acme-okta", Label: "Acme staff", Provider: "okta", State: config.StateObserve, DefaultRole: "viewer",
			OIDC: map[string]any{"issuer": "https://acme.okta.com", "client_id": "x", "client_secret": "${secret:okta}"},
		}},
		Departments: []mapping.Counted{{Text: "Engineering", Count: 3}, {Text: "ENGINEERING ", Count: 20}, {Text: "R&D", Count: 2}},
		Groups: []mapping.DraftGroup{
			{Name: "IT Admins", Members: 2, Connections: []string{"acme-okta"}},
			{Name: "Engineering", Members: 30, Connections: []string{"acme-okta"}},
			{Name: "Sales", ExternalID: "00g1", Repeated: true, Members: 1, Connections: []string{"acme-okta"}},
			{Name: "Sales", ExternalID: "00g2", Repeated: true, Connections: []string{"acme-okta"}},
		},
	}
	text := string(d.File())
	policy := drafted(t, []byte(text))
	for _, want := range []string{
		"  - domain: acme.com  # 40 people\n",
		"# seen too, and not taken for yours: gmail.com, 9 people\n",
		"# seen too, and not taken for yours: partner.example, 1 person\n",
		"name: ENGINEERING  # 23 people",
		"  - name: Engineering  # 30 members of acme-okta\n    groups: [Engineering]\n    role: member\n",
		"role: member  # the name suggests administrators",
		`groups: ["id:00g1"]`,
		"name: Sales (2)",
		"name: somebody in Engineering is a member",
	} {
		if want == "name: Sales (2)" {
			want = `name: "Sales (2)"`
		}
		if !strings.Contains(text, want) {
			t.Errorf("the draft does not say %q:\n%s", want, text)
		}
	}
	for i := range policy.Organization.Rules {
		if r := &policy.Organization.Rules[i]; r.Role != "member" {
			t.Errorf("rule %s gives the role %q", r.Name, r.Role)
		}
	}
	if len(policy.Organization.Tests) != 2 {
		t.Errorf("%d tests, want one for each group that a person of a test can be in by name", len(policy.Organization.Tests))
	}
	if c := policy.Connection("acme-okta"); c.State != config.StateObserve || c.OIDC["client_secret"] != "${secret:okta}" || c.DefaultRole != "viewer" {
		t.Errorf("the connection is %+v", c)
	}
}

// TestADraftOfAnythingCompiles: whatever names directories have, the draft is a file whose tests pass.
func TestADraftOfAnythingCompiles(t *testing.T) {
	text := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"true", "no", "id:x", "id:", "${secret:a}", " a ", "a: b", "# c", "a\nb", "null", "-", "1e3", "*x", "&x", "É", "e\u0301", `"`, `\`, "\u2028"}),
		rapid.StringN(150, 300, -1),
	)
	rapid.Check(t, func(rt *rapid.T) {
		d := mapping.Draft{
			ID: "acme", Name: text.Draw(rt, "name"), From: text.Draw(rt, "from"),
			Connections: []config.Connection{{ID: "okta", Provider: "okta", State: config.StateObserve}, {ID: "entra", Provider: "entra", State: config.StateActive}},
		}
		domain := rapid.SampledFrom([]string{"acme.com", "gmail.com", "localhost", "ä.example", "a_b.com", "x y"})
		for _, name := range rapid.SliceOfNDistinct(domain, 0, 4, rapid.ID).Draw(rt, "domains") {
			d.Domains = append(d.Domains, mapping.Counted{Text: name, Count: 1})
		}
		for range rapid.IntRange(0, 4).Draw(rt, "departments") {
			d.Departments = append(d.Departments, mapping.Counted{Text: text.Draw(rt, "department"), Count: rapid.IntRange(0, 9).Draw(rt, "people")})
		}
		for _, name := range rapid.SliceOfNDistinct(text, 0, 5, directory.Fold).Draw(rt, "groups") {
			d.Groups = append(d.Groups, mapping.DraftGroup{
				Name: name, ExternalID: text.Draw(rt, "externalId"), ID: directory.ID{1}, Repeated: rapid.Bool().Draw(rt, "repeated"),
				Members: rapid.IntRange(0, 9).Draw(rt, "members"), Connections: []string{rapid.SampledFrom([]string{"okta", "entra"}).Draw(rt, "connection")},
			})
		}
		drafted(rt, d.File())
	})
}

func TestTheMinimalFileCompiles(t *testing.T) {
	text := mapping.Minimal("no", "acme.com")
	if policy := drafted(t, text); policy.Organization.ID != "no" || !policy.Owns("acme.com") {
		t.Errorf("%+v", policy.Organization)
	}
	if n := strings.Count(string(text), "\n"); n > 10 {
		t.Errorf("%d lines, want ten at most", n)
	}
}

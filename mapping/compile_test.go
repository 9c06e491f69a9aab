package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

func TestMistakesInAFile(t *testing.T) {
	rule := func(change func(*config.Rule)) func(*config.Organization) {
		return func(o *config.Organization) { change(&o.Rules[0]) }
	}
	tests := []struct {
		name    string
		change  func(*config.Organization)
		line    int
		message string
		fix     string
	}{
		{"unknown role of a rule", rule(func(r *config.Rule) { r.Role = "memebr" }), 100, `rule staff: there is no role "memebr"`, `did you mean "member"?`},
		{"unknown role far from all", rule(func(r *config.Rule) { r.Role = "emperor" }), 100, `there is no role "emperor"`, "the roles are viewer, member, lead, admin"},
		{"unknown max_role", rule(func(r *config.Rule) { r.MaxRole = "Admin2" }), 100, "max_role of rule staff", `"admin"`},
		{"unknown department of a rule", rule(func(r *config.Rule) { r.Department = "enginering" }), 100, `no department "enginering"`, `"engineering"`},
		{"a spelling instead of a department's name", rule(func(r *config.Rule) { r.Department = "R&D" }), 100, `no department "R&D"`, "engineering"},
		{"unknown permission set", rule(func(r *config.Rule) { r.PermissionSets = []string{"tool"} }), 100, `no permission set "tool"`, `"tools"`},
		{"unknown permission set in deny", rule(func(r *config.Rule) { r.Deny.PermissionSets = []string{"finnance"} }), 100, "deny of rule staff", `"finance"`},
		{"unknown connection of a rule", rule(func(r *config.Rule) { r.Connections = []string{"acme-octa"} }), 100, `no connection "acme-octa"`, `"acme-okta"`},
		{"a rule without a selector", rule(func(r *config.Rule) { r.Groups = nil }), 100, "would match everybody", `when: "true"`},
		{"a selector without a name", rule(func(r *config.Rule) { r.Groups = append(r.Groups, config.Selector{}) }), 100, "without a name", "externalId"},
		{"membership_for that is not positive", rule(func(r *config.Rule) { r.MembershipFor = -time.Hour }), 100, "membership_for", "90d"},
		{"grant_for that is not positive", rule(func(r *config.Rule) { r.GrantFor = -1 }), 100, "grant_for", "7d"},
		{"a rule without a name", rule(func(r *config.Rule) { r.Name = "" }), 100, "this rule has no name", "name"},
		{"two rules of one name", func(o *config.Organization) { o.Rules[1].Name = "staff" }, 110, `rule "staff" is there twice; the first is at acme.yaml:100:5`, "rename"},
		{"two roles of one name", func(o *config.Organization) { o.Roles[3].Name = "viewer" }, 43, `role "viewer" is there twice`, ""},
		{"two connections of one id", func(o *config.Organization) { o.Connections[1].ID = "acme-okta" }, 25, `connection "acme-okta" is there twice`, ""},
		{"two permission sets of one name", func(o *config.Organization) { o.PermissionSets[1].Name = "tools" }, 55, `permission set "tools" is there twice`, ""},
		{"a value twice in a permission set", func(o *config.Organization) { o.PermissionSets[1].Values[1].Name = "ai_models" }, 57, `"ai_models" is there twice`, ""},
		{"two domains of one name", func(o *config.Organization) { o.Domains[1].Domain = "acme.com" }, 15, `domain "acme.com" is there twice`, ""},
		{"two departments of one name", func(o *config.Organization) { o.Departments[1].Name = "ENGINEERING" }, 31, "is there twice", ""},
		{"unknown include", func(o *config.Organization) { o.Roles[1].Includes = []string{"veiwer"} }, 41, "includes of role member", `"viewer"`},
		{"roles in a circle", func(o *config.Organization) { o.Roles[0].Includes = []string{"lead"} }, 40, "viewer → lead → member → viewer", "remove"},
		{"unknown parent", func(o *config.Organization) { o.Departments[0].Parent = "plattform" }, 30, "parent of department engineering", `"platform"`},
		{"departments in a circle", func(o *config.Organization) { o.Departments[0].Parent = "platform" }, 30, "engineering → platform → engineering", "remove"},
		{"a spelling of two departments", func(o *config.Organization) { o.Departments[2].Match = []string{" r&d"} }, 32, `" r&d" means both department engineering (acme.yaml:30:5) and department Führung`, "one of them"},
		{"a spelling that is another's name", func(o *config.Organization) { o.Departments[0].Match = []string{"Platform"} }, 30, `"Platform" means both department platform`, ""},
		{"unknown default_role of a domain", func(o *config.Organization) { o.Domains[0].DefaultRole = "vewer" }, 10, "default_role of domain acme.com", `"viewer"`},
		{"unknown role in a domain's table", func(o *config.Organization) {
			o.Domains[0].Departments = []config.DepartmentRole{{At: at(12), Department: "x", Role: "vewer"}}
		}, 12, "departments of domain acme.com", `"viewer"`},
		{"two spellings with two roles in a domain's table", func(o *config.Organization) {
			o.Domains[0].Departments = []config.DepartmentRole{{At: at(12), Department: "eng", Role: "viewer"}, {At: at(13), Department: "r&d", Role: "member"}}
		}, 13, `"eng" and "r&d" both mean department engineering`, ""},
		{"unknown default_role of a connection", func(o *config.Organization) { o.Connections[0].DefaultRole = "adm" }, 20, "default_role of connection acme-okta", `"admin"`},
		{"authority twice", func(o *config.Organization) {
			o.Connections[0].Authority, o.Connections[1].Authority = []string{"acme.com"}, []string{"acme.com"}
		}, 25, "both have authority for acme.com", ""},
		{"unknown max_role of guests", func(o *config.Organization) { o.Guests = &config.Guests{At: at(60), MaxRole: "guest"} }, 60, "max_role of guests", "viewer"},
		{"ignore without a pattern", func(o *config.Organization) { o.Ignore = []config.Ignore{{At: at(70)}} }, 70, "ignore everybody", "user_name"},
		{"values of different kinds", func(o *config.Organization) { o.PermissionSets[1].Values[1].Value = directory.LevelValue("true") }, 57, `is a boolean or level, and a size at acme.yaml:52:5`, "same kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			org := acme(staff(), config.Rule{Name: "second", Groups: groups("Second"), Role: "viewer"})
			tt.change(org)
			p, problems := mapping.Compile(org)
			if p != nil {
				t.Error("a policy came out although there is an error")
			}
			if len(problems) != 1 {
				t.Fatalf("problems = %v; want one", problems)
			}
			got := problems[0]
			if got.File != "acme.yaml" || got.Line != tt.line || got.Severity != directory.SeverityError {
				t.Errorf("%s at %s; want an error at line %d", got.Severity, got.Position, tt.line)
			}
			if !strings.Contains(got.Message, tt.message) || !strings.Contains(got.Fix, tt.fix) || got.Fix == "" {
				t.Errorf("message %q, fix %q; want %q and %q", got.Message, got.Fix, tt.message, tt.fix)
			}
		})
	}
}

func TestWarningsDoNotStopAPolicy(t *testing.T) {
	org := acme(
		config.Rule{Name: "idle", Groups: groups("Staff")},
		config.Rule{Name: "cap", Groups: groups("Staff"), MaxRole: "member", GrantFor: time.Hour})
	org.Connections[0].Authority = []string{"acme.co"}
	p, problems := mapping.Compile(org)
	if p == nil || len(problems) != 3 {
		t.Fatalf("policy %v, problems %v; want a policy and three warnings", p != nil, problems)
	}
	for i, want := range []string{"acme.co", "gives nothing and takes nothing", "nothing that could end"} {
		if problems[i].Severity != directory.SeverityWarning || !strings.Contains(problems[i].Message, want) {
			t.Errorf("problem %d = %v; want a warning about %q", i, problems[i], want)
		}
	}
}

func TestEveryProblemIsReportedInTheOrderOfTheFile(t *testing.T) {
	org := acme(config.Rule{Name: "a", Groups: groups("x"), Role: "x", MaxRole: "y", Department: "z", When: "nothing"})
	org.Roles[0].Includes = []string{"lead"}
	org.Domains[1].DefaultRole = "nobody"
	_, problems := mapping.Compile(org)
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if diff := cmp.Diff([]int{15, 40, 100, 100, 100, 101}, lines); diff != "" {
		t.Errorf("lines of the problems (-want +got):\n%s\n%v", diff, problems)
	}
}

func TestWhatAPolicyKnows(t *testing.T) {
	p := compile(t, acme(
		config.Rule{Name: "a", Groups: groups("Zebra", "id:7"), ExceptGroups: groups("ants"), Role: "viewer"},
		config.Rule{Name: "b", When: `inGroup("Bees") || inGroup(user.title) || user.title.matches("x")`, Role: "viewer"}))

	if diff := cmp.Diff([]string{"ants", "bees", "zebra"}, p.GroupNames()); diff != "" {
		t.Errorf("group names (-want +got):\n%s", diff)
	}
	if !p.Names("bees") || p.Names("7") || p.Names("Zebra") {
		t.Error("Names does not agree with GroupNames")
	}
	if !p.Owns("acme.de") || p.Owns("acme.fr") {
		t.Error("Owns does not know the domains")
	}
	if p.TopRole() != "admin" || p.RoleRank("viewer") != 0 || p.RoleRank("admin") != 3 || p.RoleRank("nobody") != -1 {
		t.Errorf("top role %q, ranks %d, %d, %d", p.TopRole(), p.RoleRank("viewer"), p.RoleRank("admin"), p.RoleRank("nobody"))
	}
	if r, ok := p.Role("lead"); !ok || r.At.Line != 42 {
		t.Errorf("role lead = %v, %v", r, ok)
	}
	if _, ok := p.Role("nobody"); ok {
		t.Error("there is a role nobody")
	}
	if diff := cmp.Diff([]string{"approve", "join", "manage", "read", "run"}, p.RolePermissions("admin")); diff != "" {
		t.Errorf("permissions of admin (-want +got):\n%s", diff)
	}
	if c := p.Connection("acme-entra"); c == nil || c.At.Line != 25 || p.Connection("other") != nil {
		t.Errorf("connection acme-entra = %v", c)
	}
	if s, ok := p.PermissionSet("tools"); !ok || s.At.Line != 50 {
		t.Errorf("permission set tools = %v, %v", s, ok)
	}
	if diff := cmp.Diff([]string{"engineering", "platform"}, p.DepartmentPath("Platform")); diff != "" || p.DepartmentPath("none") != nil {
		t.Errorf("department path (-want +got):\n%s", diff)
	}
}

func TestMergedPermissions(t *testing.T) {
	got := compile(t, acme()).MergedPermissions([]string{"finance", "tools", "no such set"})
	want := []mapping.ValueWithSource{
		{Name: "agents", Value: directory.LevelValue("admin_approval"), From: []string{"finance"}},
		{
			Name: "ai_models", Value: directory.ListValue("claude-3", "gpt-4"), From: []string{"tools", "finance"},
			Items: []mapping.ItemSource{{Item: "claude-3", From: []string{"finance"}}, {Item: "gpt-4", From: []string{"tools", "finance"}}},
		},
		{Name: "upload", Value: directory.SizeValue(100), From: []string{"tools"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
}

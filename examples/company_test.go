package examples_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// company is what examples/company says.
type company struct {
	*testing.T
	policy *mapping.Policy
	access *access.Policy
	now    time.Time
}

func newCompany(t *testing.T) *company {
	t.Helper()
	configuration, problems := app.ReadConfiguration(filepath.Join("company", "usher.yaml"), "")
	for _, p := range problems {
		t.Error(p)
	}
	if len(configuration.Policies) != 1 || configuration.Policies[0].Policy == nil {
		t.Fatal("there is no policy")
	}
	policy := configuration.Policies[0].Policy
	return &company{T: t, policy: policy, access: access.Compile(policy.Organization), now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)}
}

// hire returns the member that a record of the directory makes.
func (c *company) hire(title, department string, groups ...string) *directory.Member {
	c.Helper()
	a := mapping.Account{Connection: "company-okta", Profile: directory.Profile{UserName: "ann@company.com", Active: true, Title: title, Department: department}}
	for i, g := range groups {
		a.Groups = append(a.Groups, mapping.Group{ID: directory.ID{byte(i + 1)}, Name: g, Names: []string{directory.Fold(g)}})
	}
	result := c.policy.Evaluate(&mapping.Person{Accounts: []mapping.Account{a}}, c.now)
	return &directory.Member{ID: directory.ID{1}, Decision: result.Decision, Status: directory.StatusActive}
}

// may asks whether a member may do something, and with how much of the data.
func (c *company) may(m *directory.Member, action, kind, id string) (bool, string) {
	answer := c.access.Can(m, access.Question{Action: action, Resource: access.Resource{Thing: access.Thing{Type: kind, ID: id}}}, c.now)
	return answer.Allowed, fmt.Sprint(answer.Data)
}

func (c *company) want(who string, m *directory.Member, allowed bool, action, kind, id string) {
	c.Helper()
	if got, _ := c.may(m, action, kind, id); got != allowed {
		c.Errorf("%s, %s of %s %s: %t, want %t", who, action, kind, id, got, allowed)
	}
}

func TestCompanyGivesEachPostItsRole(t *testing.T) {
	c := newCompany(t)
	for _, post := range []struct{ title, group, role, department string }{
		{"CEO", "", "admin", "executive"},
		{"CTO", "", "admin", "executive"},
		{"CMO", "", "admin", "executive"},
		{"Tech Lead", "Engineering", "admin", "engineering"},
		{"Senior Engineer", "Engineering", "member", "engineering"},
		{"Junior Engineer", "Engineering", "member", "engineering"},
		{"Director", "Marketing", "admin", "marketing"},
		{"Manager", "Marketing", "member", "marketing"},
		{"Content Creator", "Marketing", "member", "marketing"},
		{"Director", "Sales", "admin", "sales"},
		{"Account Manager", "Sales", "member", "sales"},
		{"Sales Development", "Sales", "member", "sales"},
	} {
		d := c.hire(post.title, "", post.group).Decision
		if d.Role != post.role || d.Department != post.department {
			t.Errorf("%s of %s is %s in %s, want %s in %s", post.title, post.group, d.Role, d.Department, post.role, post.department)
		}
	}
}

func TestCompanyKnowsTheRolesInFull(t *testing.T) {
	c := newCompany(t)
	members := map[string]*directory.Member{
		"admin": c.hire("CEO", ""), "member": c.hire("", ""), "viewer": c.hire("", "interns"),
	}
	lists := map[string][]string{
		"viewer": {"conversations.view", "files.view", "knowledge_bases.read", "notifications.receive"},
		"member": {
			"agents.create", "tools.use", "files.upload", "conversations.join", "conversations.comment",
			"knowledge_bases.edit", "spaces.join",
		},
		"admin": {
			"billing.manage", "subscriptions.manage", "members.invite", "members.remove", "sso.configure", "security.configure",
			"analytics.view", "reports.view", "models.use", "integrations.use", "integrations.configure", "connections.manage", "policies.manage", "models.manage",
		},
	}
	order := []string{"viewer", "member", "admin"}
	for rank, role := range order {
		var has []string
		for _, p := range c.access.Of(members[role], c.now).Permissions {
			has = append(has, p.Action)
		}
		for other, name := range order {
			for _, action := range lists[name] {
				if got := slices.Contains(has, action); got != (other <= rank) {
					t.Errorf("%s has %s: %t", role, action, got)
				}
			}
		}
	}
}

func TestCompanyHasTeamsAcrossDepartments(t *testing.T) {
	c := newCompany(t)
	for team, of := range map[string]map[string]int{
		"Product Launch": {"product": 3, "engineering": 4, "marketing": 2, "sales": 2},
		"Platform":       {"engineering": 6, "devops": 2, "product": 1},
		"Analytics":      {"data science": 3, "engineering": 2, "business": 2},
	} {
		for department, n := range of {
			for range n {
				d := c.hire("", department, team).Decision
				if !slices.Equal(d.Teams, []string{directory.Fold(team)}) || d.Department != department || d.Role != "member" {
					t.Errorf("somebody of %s in %s: %s in %q, teams %q", department, team, d.Role, d.Department, d.Teams)
				}
			}
		}
	}
}

func TestCompanyOpensProjectAlphaForSixMonths(t *testing.T) {
	c := newCompany(t)
	for _, department := range []string{"engineering", "product", "design", "devops"} {
		m := c.hire("", department)
		c.want(department, m, true, "run", "agent", "development_assistant")
		c.want(department, m, true, "run", "agent", "code_reviewer")
		for _, integration := range []string{"github", "slack", "figma"} {
			c.want(department, m, true, "use", "integration", integration)
		}
		for _, file := range []string{"project docs", "specs", "designs"} {
			c.want(department, m, true, "edit", "file", file)
		}
	}
	c.want("sales", c.hire("", "sales"), false, "run", "agent", "code_reviewer")
	engineer := c.hire("", "engineering")
	for _, at := range []struct {
		now  time.Time
		open bool
	}{
		{time.Date(2026, 11, 1, 23, 59, 59, 0, time.UTC), false},
		{time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), true},
		{time.Date(2027, 5, 2, 23, 59, 59, 0, time.UTC), true},
		{time.Date(2027, 5, 3, 0, 0, 0, 0, time.UTC), false},
	} {
		c.now = at.now
		c.want(at.now.String(), engineer, at.open, "run", "agent", "code_reviewer")
	}
}

func TestCompanyOpensTheMarketingSpace(t *testing.T) {
	c := newCompany(t)
	marketing, leadership := c.hire("", "", "Marketing"), c.hire("", "leadership")
	leadership.Decision.Role = "member" // for what the space gives beside the role
	launch, finance := c.hire("", "product", "Product Launch"), c.hire("", "", "Finance")
	for _, agent := range []string{"content_creator", "social_media_manager"} {
		c.want("marketing", marketing, true, "run", "agent", agent)
		c.want("leadership", leadership, true, "view", "agent", agent)
		c.want("leadership", leadership, false, "run", "agent", agent)
		c.want("finance", finance, false, "view", "agent", agent)
	}
	for _, integration := range []string{"social_platforms", "email_tools"} {
		c.want("marketing", marketing, true, "use", "integration", integration)
	}
	for _, chat := range []string{"strategy", "campaigns", "analytics"} {
		c.want("marketing", marketing, true, "join", "conversation", chat)
		c.want("leadership", leadership, true, "view", "conversation", chat)
		c.want("finance", finance, false, "view", "conversation", chat)
	}
	for _, base := range []string{"marketing playbooks", "templates"} {
		c.want("marketing", marketing, true, "read", "knowledge_base", base)
		c.want("finance", finance, false, "read", "knowledge_base", base)
	}
	c.want("marketing", marketing, true, "edit", "file", "brand guidelines")
	c.want("the launch team", launch, true, "view", "file", "brand guidelines")
	c.want("the launch team", launch, false, "view", "file", "campaign assets")
	c.want("sales", c.hire("", "", "Sales"), true, "view", "file", "campaign assets")
}

func TestCompanySharesAsItsFileSays(t *testing.T) {
	c := newCompany(t)
	support, sales, leadership, finance := c.hire("", "support"), c.hire("", "", "Sales"), c.hire("", "leadership"), c.hire("", "", "Finance")
	leadership.Decision.Role = "member"
	const bot = "customer_support_bot"
	c.want("support", support, true, "edit", "agent", bot)
	c.want("sales", sales, true, "run", "agent", bot)
	c.want("sales", sales, false, "edit", "agent", bot)
	c.want("leadership", leadership, true, "view", "agent", bot)
	c.want("leadership", leadership, false, "run", "agent", bot)
	c.want("finance", finance, false, "view", "agent", bot)
	marketing := c.hire("", "marketing")
	for _, reads := range []struct {
		who              string
		m                *directory.Member
		data             string
		leads, customers bool
	}{{"sales", sales, "[]", true, true}, {"marketing", marketing, "[read_leads]", true, false}, {"support", support, "[read_customers]", false, true}} {
		if allowed, data := c.may(reads.m, "use", "integration", "salesforce"); !allowed || data != reads.data {
			t.Errorf("%s uses salesforce: %t, %s, want %s", reads.who, allowed, data, reads.data)
		}
		for data, want := range map[string]bool{"leads": reads.leads, "customers": reads.customers} {
			for _, verb := range []string{"use", "read"} {
				q := access.Question{Action: verb, Resource: access.Resource{Thing: access.Thing{Type: "integration", ID: "salesforce"}, Data: data}}
				if a := c.access.Can(reads.m, q, c.now); a.Allowed != want {
					t.Errorf("%s may %s the %s of salesforce: %t, %s", reads.who, verb, data, a.Allowed, a.Why)
				}
			}
		}
	}
	c.want("design", c.hire("", "design"), false, "use", "integration", "salesforce")
	c.want("the CEO", c.hire("CEO", ""), true, "use", "integration", "salesforce")
}

func TestCompanyGivesThePermissionSetsOfItsFile(t *testing.T) {
	c := newCompany(t)
	marketing, finance := c.hire("", "", "Marketing"), c.hire("", "", "Finance")
	for _, kb := range []string{"marketing", "public"} {
		c.want("marketing", marketing, true, "read", "knowledge_base", kb)
	}
	for _, kb := range []string{"finance", "executive"} {
		c.want("finance", finance, true, "read", "knowledge_base", kb)
		c.want("marketing", marketing, false, "read", "knowledge_base", kb)
	}
	for _, m := range []struct {
		who                string
		m                  *directory.Member
		model, integration string
	}{{"marketing", marketing, "claude-3", "analytics"}, {"finance", finance, "claude-4", "quickbooks"}} {
		c.want(m.who, m.m, true, "use", "model", "gpt-4")
		c.want(m.who, m.m, true, "use", "model", m.model)
		c.want(m.who, m.m, true, "use", "integration", m.integration)
		c.want(m.who, m.m, false, "use", "model", "another")
		c.want(m.who, m.m, false, "use", "integration", "another")
	}
	upload := access.Question{Action: "files.upload", Resource: access.Resource{Size: 200e6}}
	if c.access.Can(marketing, upload, c.now).Allowed || !c.access.Can(finance, upload, c.now).Allowed {
		t.Error("200 MB are too much for marketing, and not for finance")
	}
	create := access.Question{Action: "agents.create"}
	if !c.access.Can(marketing, create, c.now).Allowed {
		t.Error("marketing may create agents")
	}
	if a := c.access.Can(finance, create, c.now); a.Allowed || !a.Approval {
		t.Errorf("finance may create agents with an approval only: %+v", a)
	}
}

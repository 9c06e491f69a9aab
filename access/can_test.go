package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
)

func TestWhatAMemberMayDo(t *testing.T) {
	p := access.Compile(parse(t))
	role := func(name string) [2]string { return [2]string{"role", name} }
	in := func(name string) [2]string { return [2]string{"department", name} }
	set := func(name string) [2]string { return [2]string{"permission_sets", name} }
	q := func(action, kind, id string, change func(*access.Resource)) access.Question {
		question := on(action, kind, id)
		change(&question.Resource)
		return question
	}
	const yes, no = true, false
	for _, tt := range []struct {
		name   string
		member *directory.Member
		asks   access.Question
		may    bool
		source string // kind name
		why    string
	}{
		{"a role's permission", person(role("admin")), on("billing.manage", "", ""), yes, "role admin", "acme.yaml:15"},
		{"of an included role", person(role("admin")), on("files.upload", "file", "x"), yes, "role member", "by rule rule admin"},
		{"nobody's permission", person(role("member")), on("billing.manage", "", ""), no, "", "nothing gives billing.manage"},
		{"a word that the file does not know", person(role("admin")), on("rockets.launch", "rocket", "1"), no, "", "nothing in the organization's file speaks of rockets.launch"},
		{"one's own", person(role("member")), q("agents.edit", "agent", "a", func(r *access.Resource) { r.Owner = "ANN@acme.com" }), yes, "role member", ""},
		{"one's own, by id", person(role("member")), q("agents.edit", "agent", "a", func(r *access.Resource) { r.Owner = directory.ID{15: 1}.String() }), yes, "role member", ""},
		{"somebody else's", person(role("member")), q("agents.edit", "agent", "a", func(r *access.Resource) { r.Owner = "bob@acme.com" }), no, "", "own only, and this belongs to somebody else"},
		{"nobody's", person(role("member")), on("agents.edit", "agent", "a"), no, "", "own only, and nothing says that this is theirs"},
		{"the wider scope of a higher role", person(role("admin")), q("agents.edit", "agent", "a", func(r *access.Resource) { r.Owner = "bob@acme.com" }), yes, "role admin", ""},
		{"what is shared", person(role("viewer")), q("conversations.view", "conversation", "c", func(r *access.Resource) { r.Shared = true }), yes, "role viewer", ""},
		{"what is not", person(role("viewer")), on("conversations.view", "conversation", "c"), no, "", "on what is shared only"},
		{"what is public", person(role("viewer")), on("knowledge_bases.read", "knowledge_base", "public"), yes, "role viewer", ""},
		{"a verb alone", person(role("viewer")), on("read", "knowledge_base", "public"), yes, "role viewer", ""},
		{"a verb on another kind of thing", person(role("admin")), on("agents.edit", "integration", "salesforce"), no, "", "agents.edit is done on an agent, and this is an integration"},

		{"a model of a set", person(role("viewer"), set("marketing_team")), on("models.use", "model", "gpt-4"), yes, "permission_set marketing_team", "acme.yaml:19"},
		{"a model of none", person(role("viewer"), set("marketing_team")), on("models.use", "model", "claude-4"), no, "", "nothing gives models.use on model claude-4"},
		{"a list of the customer's own", person(set("finance_team")), on("regions.use", "regions", "eu"), yes, "permission_set finance_team", ""},
		{"a level of the customer's own", person(set("finance_team")), on("export", "", ""), yes, "permission_set finance_team", ""},
		{"a set's approval beats the role", person(role("member"), set("finance_team")), on("agents.create", "", ""), no, "permission_set finance_team", "says admin_approval"},
		{"the most permissive of two sets counts", person(role("viewer"), set("finance_team"), set("marketing_team")), on("agents.create", "", ""), yes, "permission_set marketing_team", ""},
		{"a set's no beats the role", person(role("member"), set("audit")), on("agents.create", "", ""), no, "permission_set audit", "says no"},
		{"a small file", person(role("viewer"), set("marketing_team")), q("files.upload", "file", "f", func(r *access.Resource) { r.Size = 100e6 }), yes, "permission_set marketing_team", ""},
		{"too large a file, for the role too", person(role("member"), set("marketing_team")), q("files.upload", "file", "f", func(r *access.Resource) { r.Size = 100e6 + 1 }), no, "permission_set marketing_team", "allows 100MB at the most"},
		{"the larger of two limits", person(role("member"), set("finance_team"), set("marketing_team")), q("files.upload", "file", "f", func(r *access.Resource) { r.Size = 300e6 }), yes, "role member", ""},

		{"a project by department", somebodyElse(in("engineering")), on("agents.run", "agent", "code_reviewer"), yes, "project alpha", ""},
		{"a project by the department above", somebodyElse(in("platform")), on("integrations.use", "integration", "github"), yes, "project alpha", "by rule rule platform"},
		{"a project by team", somebodyElse([2]string{"teams", "launch"}), on("agents.run", "agent", "code_reviewer"), yes, "project alpha", ""},
		{"a project by address", person(), on("agents.run", "agent", "code_reviewer"), yes, "project alpha", ""},
		{"a project by rule", somebodyElse([2]string{"projects", "alpha"}), on("projects.view", "project", "alpha"), yes, "project alpha", ""},
		{"not in the project", somebodyElse(in("sales")), on("agents.run", "agent", "code_reviewer"), no, "", ""},

		{"a space in full", person(in("marketing")), on("files.edit", "file", "assets"), yes, "space marketing", ""},
		{"a space to view", person(in("leadership")), on("files.view", "file", "assets"), yes, "space marketing", ""},
		{"no more than view", person(in("leadership")), on("files.edit", "file", "assets"), no, "", ""},
		{"one thing of a space", person(in("sales")), on("files.view", "file", "guidelines"), yes, "space marketing", ""},
		{"no other thing of it", person(in("sales")), on("files.view", "file", "assets"), no, "", ""},
		{"not the space itself", person(in("sales")), on("spaces.view", "space", "marketing"), no, "", ""},
		{"by default nothing", person(in("support")), on("spaces.view", "space", "marketing"), no, "", "nothing gives spaces.view on space marketing"},
		{"a space by rule", person(in("support"), [2]string{"spaces", "marketing"}), on("spaces.join", "space", "marketing"), yes, "space marketing", ""},
		{"closed to a department, whatever rule gives it", person(in("interns"), [2]string{"spaces", "marketing"}), on("spaces.view", "space", "marketing"), no, "space marketing", "is closed to interns"},
		{"what lies in a space, as the application says", person(in("leadership")), q("conversations.view", "conversation", "c9", func(r *access.Resource) { r.Space = "marketing" }), yes, "space marketing", ""},

		{"an agent in full", person(in("support")), on("agents.edit", "agent", "customer_support_bot"), yes, "shared_agent customer_support_bot", ""},
		{"an agent to run", person(in("sales")), on("agents.run", "agent", "customer_support_bot"), yes, "shared_agent customer_support_bot", ""},
		{"and not to view", person(in("sales")), on("agents.view", "agent", "customer_support_bot"), no, "", ""},
		{"an agent to view", person(in("leadership")), on("agents.view", "agent", "customer_support_bot"), yes, "shared_agent customer_support_bot", ""},
		{"and not to run", person(in("leadership")), on("agents.run", "agent", "customer_support_bot"), no, "", ""},
		{"an agent denied, to an admin too", person(role("admin"), in("interns")), on("agents.edit", "agent", "customer_support_bot"), no, "shared_agent customer_support_bot", "is closed to interns"},
		{"all the data", person(in("sales")), q("integrations.write", "integration", "salesforce", func(r *access.Resource) { r.Data = "orders" }), yes, "shared_integration salesforce", ""},
		{"some data", person(in("marketing")), q("integrations.read", "integration", "salesforce", func(r *access.Resource) { r.Data = "leads" }), yes, "shared_integration salesforce", ""},
		{"no other data", person(in("marketing")), q("integrations.read", "integration", "salesforce", func(r *access.Resource) { r.Data = "customers" }), no, "", ""},
		{"nothing to write", person(in("marketing")), on("integrations.write", "integration", "salesforce"), no, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := p.Can(tt.member, tt.asks, noon)
			source := strings.TrimSpace(got.Source.Kind + " " + got.Source.Name)
			if got.Allowed != tt.may || source != tt.source || !strings.Contains(got.Why, tt.why) || got.Why == "" {
				t.Errorf("answers %v by %q: %s\nwant %v by %q: …%s…", got.Allowed, source, got.Why, tt.may, tt.source, tt.why)
			}
		})
	}
}

func TestADataScopeStaysWhoeverElseGivesTheIntegration(t *testing.T) {
	p := access.Compile(parse(t))
	m := person([2]string{"department", "marketing"}, [2]string{"permission_sets", "marketing_team"})
	got := p.Can(m, on("integrations.use", "integration", "salesforce"), noon)
	if !got.Allowed || len(got.Data) != 1 || got.Data[0] != "read_leads" || len(got.Also) != 1 {
		t.Errorf("answer %+v; want yes, for reading leads only, by two sources", got)
	}
	if got := p.Can(person([2]string{"permission_sets", "marketing_team"}), on("integrations.use", "integration", "salesforce"), noon); !got.Allowed || got.Data != nil {
		t.Errorf("answer %+v to somebody with whom nobody shares it; want yes, without a limit", got)
	}
}

func TestARuleThatDeniesASpaceBeatsTheDepartment(t *testing.T) {
	p := access.Compile(parse(t))
	m := person([2]string{"department", "marketing"})
	m.Decision.Reasons = append(m.Decision.Reasons, directory.Reason{Field: "spaces", Value: "marketing", Source: directory.SourceDeny, Rule: "contractors", At: "acme.yaml:99"})
	got := p.Can(m, on("spaces.view", "space", "marketing"), noon)
	if got.Allowed || got.Source != (access.Source{Kind: access.KindRule, Name: "contractors", At: "acme.yaml:99"}) {
		t.Errorf("answer %+v; want no, by rule contractors", got)
	}
	if got := p.Can(m, on("files.edit", "file", "assets"), noon); got.Allowed {
		t.Errorf("what lies in the space is open: %+v", got)
	}
}

func TestAccessEndsByItself(t *testing.T) {
	p := access.Compile(parse(t))
	project := on("agents.run", "agent", "code_reviewer")
	ends := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	m := person([2]string{"role", "admin"}, [2]string{"department", "engineering"})
	for _, tt := range []struct {
		at  time.Time
		may bool
	}{{time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC), false}, {noon, true}, {ends.Add(-1), true}, {ends, false}, {ends.Add(day), false}} {
		if got := p.Can(m, project, tt.at); got.Allowed != tt.may {
			t.Errorf("at %v the project answers %v, want %v", tt.at, got.Allowed, tt.may)
		}
	}
	if got := p.Can(m, project, noon); !got.Until.Equal(ends) {
		t.Errorf("the yes ends %v, want %v", got.Until, ends)
	}
	m.Decision.Reasons[0].Until = noon.Add(day)
	if p.Can(m, on("billing.manage", "", ""), noon.Add(day)).Allowed {
		t.Error("a role that has ended is in force still")
	}
	m.Decision.Ends = noon.Add(time.Hour)
	if got := p.Can(m, project, noon.Add(time.Hour)); got.Allowed || got.Source.Kind != access.KindStatus {
		t.Errorf("answer %+v after the membership has ended", got)
	}
	m.Status = directory.StatusSuspended
	if got := p.Can(m, project, noon); got.Allowed || !strings.Contains(got.Why, "suspended") {
		t.Errorf("answer %+v to somebody suspended", got)
	}
}

func TestPropertiesOfAResource(t *testing.T) {
	r, err := access.ResourceOf("file", "f", map[string]any{"ownerID": "ann@acme.com", "shared": true, "visibility": "public", "size": "1.5 GiB", "space": "s", "project": "p", "data": "d", "color": 7})
	if err != nil || r.Owner != "ann@acme.com" || !r.Shared || !r.Public || r.Size != 3<<29 || r.Space != "s" || r.Project != "p" || r.Data != "d" {
		t.Errorf("%+v, %v", r, err)
	}
	for _, size := range []any{"large", true, -1.0, 1e30} {
		if _, err := access.ResourceOf("file", "f", map[string]any{"size": size}); directory.KindOf(err) != directory.Invalid {
			t.Errorf("size %v: %v", size, err)
		}
	}
}

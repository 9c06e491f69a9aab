package mapping_test

import (
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

func TestRoleSources(t *testing.T) {
	members := config.Rule{Name: "members", Groups: groups("Staff"), Role: "member"}
	leads := config.Rule{Name: "leads", Groups: groups("Leads"), Role: "lead"}
	capped := config.Rule{Name: "contractors", Groups: groups("Contractors"), MaxRole: "viewer"}
	withDefaults := func(o *config.Organization) {
		o.Domains[0].DefaultRole = "viewer"
		o.Domains[0].Departments = []config.DepartmentRole{{At: at(11), Department: "engineering", Role: "member"}, {At: at(12), Department: "Night shift", Role: "lead"}}
		o.Connections[0].DefaultRole = "lead"
	}
	tests := []struct {
		name   string
		change func(*config.Organization)
		person *mapping.Person
		role   string
		source directory.Source
		at     string
	}{
		{"the highest-ranked matching rule wins, whatever the order", nil, ann("Leads", "Staff"), "lead", directory.SourceRule, "acme.yaml:110"},
		{"one matching rule", nil, ann("Staff"), "member", directory.SourceRule, "acme.yaml:100"},
		{"a pin beats rules and caps", nil, with(ann("Staff", "Contractors"), pin("admin", time.Time{})), "admin", directory.SourcePin, "acme.yaml:43"},
		{"a pin can lower", nil, with(ann("Leads"), pin("viewer", time.Time{})), "viewer", directory.SourcePin, "acme.yaml:40"},
		{"an expired pin does not count", nil, with(ann("Staff"), pin("admin", noon)), "member", directory.SourceRule, "acme.yaml:100"},
		{"the later of two pins counts", nil, with(ann("Staff"), pin("admin", time.Time{}), later(pin("lead", time.Time{}))), "lead", directory.SourcePin, "acme.yaml:42"},
		{"a cap lowers what a rule gives", nil, ann("Leads", "Contractors"), "viewer", directory.SourceCap, "acme.yaml:120"},
		{"an accepted invitation of a person without records", nil, with(&mapping.Person{}, invitation("lead", directory.InvitationAccepted)), "lead", directory.SourceInvitation, "acme.yaml:42"},
		{"an accepted invitation is spent once a record is linked", withDefaults, with(ann(), invitation("admin", directory.InvitationAccepted)), "viewer", directory.SourceDomainDefault, "acme.yaml:10"},
		{"the domain's table by department", withDefaults, department(ann(), "Eng"), "member", directory.SourceDomainDepartments, "acme.yaml:11"},
		{"the domain's table by the department above", withDefaults, department(ann(), "Platform"), "member", directory.SourceDomainDepartments, "acme.yaml:11"},
		{"the domain's table by free text", withDefaults, department(ann(), " night SHIFT"), "lead", directory.SourceDomainDepartments, "acme.yaml:12"},
		{"a rule beats the domain's table", withDefaults, department(ann("Staff"), "Night shift"), "member", directory.SourceRule, "acme.yaml:100"},
		{"the domain's default", withDefaults, department(ann(), "Catering"), "viewer", directory.SourceDomainDefault, "acme.yaml:10"},
		{"the connection's default where the domain has none", func(o *config.Organization) { o.Connections[0].DefaultRole = "viewer" }, ann(), "viewer", directory.SourceConnectionDefault, "acme.yaml:20"},
		{"a cap lowers a default too", func(o *config.Organization) { o.Connections[0].DefaultRole = "admin" }, ann("Contractors"), "viewer", directory.SourceCap, "acme.yaml:120"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			org := acme(members, leads, capped)
			if tt.change != nil {
				tt.change(org)
			}
			got := compile(t, org).Evaluate(tt.person, noon).Decision
			if got.Role != tt.role || !got.InScope {
				t.Fatalf("role = %q, in scope %v; want %q in scope\nreasons: %+v", got.Role, got.InScope, tt.role, got.Reasons)
			}
			if r := reasonFor(t, got, "role", tt.role); r.Source != tt.source || r.At != tt.at || r.Because == "" {
				t.Errorf("reason = %+v; want source %s at %s, and why", r, tt.source, tt.at)
			}
		})
	}
}

func TestNobodyGetsInWithoutARole(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "platform", Groups: groups("Platform"), Teams: []string{"platform"}}))
	for _, person := range []*mapping.Person{ann(), ann("Platform")} {
		got := p.Evaluate(person, noon).Decision
		if got.InScope || got.Active || got.Role != "" {
			t.Errorf("decision = %+v; want out of scope", got)
		}
		if r := reasonFor(t, got, "status", "none"); r.Source != directory.SourceNoRule {
			t.Errorf("reason = %+v; want no_rule", r)
		}
	}
}

func TestAPendingInvitationGivesNothing(t *testing.T) {
	p := compile(t, acme())
	for _, state := range []string{directory.InvitationPending, directory.InvitationCancelled} {
		got := p.Evaluate(with(&mapping.Person{}, invitation("lead", state)), noon).Decision
		if got.InScope || got.Active {
			t.Errorf("invitation %s: decision = %+v; want out of scope", state, got)
		}
	}
}

func TestARoleThatThePolicyLacksIsReported(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "members", Groups: groups("Staff"), Role: "member"}))
	got := p.Evaluate(with(ann("Staff"), pin("owner", time.Time{})), noon)
	if got.Decision.Role != "member" || len(got.Problems) != 1 {
		t.Errorf("role = %q, problems %q; want member, and the pin reported", got.Decision.Role, got.Problems)
	}
	got = p.Evaluate(with(&mapping.Person{}, invitation("owner", directory.InvitationAccepted)), noon)
	if got.Decision.InScope || len(got.Problems) == 0 {
		t.Errorf("in scope %v, problems %q; want out of scope, and the invitation reported", got.Decision.InScope, got.Problems)
	}
}

func TestACapNeverExpires(t *testing.T) {
	p := compile(t, acme(
		config.Rule{Name: "leads", Groups: groups("Leads"), Role: "lead"},
		config.Rule{Name: "trial", Groups: groups("Trial"), Role: "viewer", MaxRole: "member", GrantFor: day},
	))
	person := ann("Leads", "Trial")
	person.Since = map[string]time.Time{"trial": noon.Add(-100 * day)}
	if got := p.Evaluate(person, noon).Decision; got.Role != "member" {
		t.Errorf("role = %q; want member, capped long after grant_for is over", got.Role)
	}
}

func with(p *mapping.Person, grants ...*directory.Grant) *mapping.Person {
	p.Grants = append(p.Grants, grants...)
	return p
}

func later(g *directory.Grant) *directory.Grant {
	g.Created = g.Created.Add(time.Hour)
	return g
}

func department(p *mapping.Person, text string) *mapping.Person {
	p.Accounts[0].Profile.Department = text
	return p
}

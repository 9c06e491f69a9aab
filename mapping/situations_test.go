package mapping_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// situationsPolicy is an ordinary policy: staff, engineers, contractors, a launch, and partners from outside.
func situationsPolicy(t *testing.T) *mapping.Policy {
	org := acme(
		config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member"},
		config.Rule{Name: "engineers", Groups: groups("Engineering"), Role: "lead", Department: "engineering", Teams: []string{"platform"}, PermissionSets: []string{"tools", "finance"}},
		config.Rule{Name: "directors", When: `user.title.startsWith("Director")`, Role: "admin"},
		config.Rule{Name: "contractors", Groups: groups("Contractors"), MaxRole: "member", Deny: config.Deny{PermissionSets: []string{"finance"}}, MembershipFor: 90 * day},
		config.Rule{Name: "launch", Groups: groups("Launch"), Role: "admin", GrantFor: 7 * day},
		config.Rule{Name: "partners", Groups: groups("Partners"), Guests: true, Role: "member"},
	)
	org.Domains[0].DefaultRole = "viewer"
	org.Connections[1].Authority = []string{"acme.de"}
	org.Ignore = []config.Ignore{{At: at(70), UserName: "svc-*"}}
	org.Guests = &config.Guests{At: at(75), MaxRole: "viewer"}
	return compile(t, org)
}

// Everyday situations of a company, in plain words, as far as they are a matter of the policy alone.
func TestSituations(t *testing.T) {
	profile := func(p *mapping.Person, change func(*directory.Profile)) *mapping.Person {
		change(&p.Accounts[0].Profile)
		return p
	}
	inGroup := func(g mapping.Group) *mapping.Person {
		p := ann()
		p.Accounts[0].Groups = []mapping.Group{g}
		return p
	}
	removal := &directory.Grant{ID: id("removal"), Kind: directory.GrantRemoval, Actor: "it@acme.com", Created: noon.Add(-day)}
	tests := []struct {
		name   string
		person *mapping.Person
		want   directory.Decision
	}{
		{
			"two groups with two roles: the higher one", ann("Staff", "Engineering"),
			directory.Decision{InScope: true, Active: true, Role: "lead", Department: "engineering", Teams: []string{"platform"}, PermissionSets: []string{"finance", "tools"}},
		},
		{
			"a contractor who is also an engineer is capped, denied, and leaves after 90 days", ann("Engineering", "Contractors"),
			directory.Decision{InScope: true, Active: true, Role: "member", Department: "engineering", Teams: []string{"platform"}, PermissionSets: []string{"tools"}, Ends: noon.Add(90 * day)},
		},
		{
			"a group renamed in the directory keeps matching", inGroup(mapping.Group{ID: id("g"), Name: "Makers", Names: []string{"staff"}}),
			directory.Decision{InScope: true, Active: true, Role: "member"},
		},
		{
			"a group deleted and recreated is another group until somebody rebinds it", inGroup(mapping.Group{ID: id("new"), Name: "Staff"}),
			directory.Decision{InScope: true, Active: true, Role: "viewer"},
		},
		{
			"nested groups count", inGroup(mapping.Group{ID: id("g"), Name: "Staff", Names: []string{"staff"}, Via: "Berlin"}),
			directory.Decision{InScope: true, Active: true, Role: "member"},
		},
		{"no group at all: the domain's default", ann(), directory.Decision{InScope: true, Active: true, Role: "viewer"}},
		{
			"one person in two connections has what both give", &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "ann@acme.com", "Staff"), record("acme-entra", "ann@acme.com", "Engineering")}},
			directory.Decision{InScope: true, Active: true, Role: "lead", Department: "engineering", Teams: []string{"platform"}, PermissionSets: []string{"finance", "tools"}},
		},
		{
			"two owned domains: the connection with authority for one decides", &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "ann@acme.com", "Staff"), inactiveRecord("acme-entra", "ann@acme.de")}},
			directory.Decision{InScope: true, Role: "member"},
		},
		{
			"surname and address changed: the groups still decide", profile(ann("Staff"), func(p *directory.Profile) { p.UserName, p.DisplayName = "ann.kim@acme.com", "Ann Kim" }),
			directory.Decision{InScope: true, Active: true, Role: "member"},
		},
		{
			"the manager as pushed, known or not", profile(ann("Staff"), func(p *directory.Profile) { p.Manager = "00u-not-there-yet" }),
			directory.Decision{InScope: true, Active: true, Role: "member", Manager: "00u-not-there-yet"},
		},
		{"the department as free text", department(ann("Staff"), "r&d "), directory.Decision{InScope: true, Active: true, Role: "member", Department: "engineering"}},
		{
			"a title decides", profile(ann("Staff"), func(p *directory.Profile) { p.Title = "Director of Sales" }),
			directory.Decision{InScope: true, Active: true, Role: "admin", Title: "Director of Sales"},
		},
		{"an admin for a week, on the first day", ann("Staff", "Launch"), directory.Decision{InScope: true, Active: true, Role: "admin"}},
		{"an admin for a week, on the eighth day", launchedOn(noon.Add(-7 * day)), directory.Decision{InScope: true, Active: true, Role: "member"}},
		{"removed by hand and pushed again: stays removed", with(ann("Staff"), removal), directory.Decision{InScope: true, Role: "member"}},
		{
			"suspended by the provider keeps the role for coming back", profile(ann("Staff"), func(p *directory.Profile) { p.Active = false }),
			directory.Decision{InScope: true, Role: "member"},
		},
		{"back with an unexpired pin", with(ann("Staff"), pin("admin", noon.Add(day))), directory.Decision{InScope: true, Active: true, Role: "admin"}},
		{"back after the pin expired: rules only", with(ann("Staff"), pin("admin", noon.Add(-day))), directory.Decision{InScope: true, Active: true, Role: "member"}},
		{
			"a guest of another company by a rule for guests", &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "eve@partner.example", "Partners", "Engineering")}},
			directory.Decision{InScope: true, Active: true, Role: "viewer", Guest: true},
		},
		{
			"a guest without a rule for guests", &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "eve@partner.example", "Staff")}},
			directory.Decision{Guest: true},
		},
		{"a service account", &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "svc-backup@acme.com", "Engineering")}}, directory.Decision{}},
	}
	p := situationsPolicy(t)
	// What the profile says is tested elsewhere.
	shown := cmpopts.IgnoreFields(directory.Decision{}, "Email", "Aliases", "Name", "Reasons")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.Evaluate(tt.person, noon)
			if len(got.Problems) > 0 {
				t.Errorf("problems: %q", got.Problems)
			}
			if diff := cmp.Diff(tt.want, got.Decision, shown); diff != "" {
				t.Errorf("decision (-want +got):\n%s\nreasons: %+v", diff, got.Decision.Reasons)
			}
		})
	}
}

func inactiveRecord(connection, userName string) mapping.Account {
	a := record(connection, userName)
	a.Profile.Active = false
	return a
}

func launchedOn(t time.Time) *mapping.Person {
	p := ann("Staff", "Launch")
	p.Since = map[string]time.Time{"launch": t}
	return p
}

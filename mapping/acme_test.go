package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// noon is the instant of most tests.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func at(line int) directory.Position {
	return directory.Position{File: "acme.yaml", Line: line, Column: 5}
}

func groups(names ...string) []config.Selector {
	all := make([]config.Selector, len(names))
	for i, n := range names {
		if id, ok := strings.CutPrefix(n, "id:"); ok {
			all[i] = config.Selector{At: at(1), ID: id}
		} else {
			all[i] = config.Selector{At: at(1), Name: n}
		}
	}
	return all
}

// acme is an organization with two domains, two connections and four roles, and no rules yet. Rules get lines from 100 on.
func acme(rules ...config.Rule) *config.Organization {
	for i := range rules {
		rules[i].At = at(100 + 10*i)
		rules[i].WhenAt = directory.Position{File: "acme.yaml", Line: 101 + 10*i, Column: 11}
	}
	return &config.Organization{
		At: at(1), ID: "acme",
		Domains: []config.Domain{
			{At: at(10), Domain: "acme.com"},
			{At: at(15), Domain: "acme.de"},
		},
		Connections: []config.Connection{
			{At: at(20), ID: "acme-okta", Provisioning: config.ProvisioningAuto},
			{At: at(25), ID: "acme-entra", Provisioning: config.ProvisioningAuto},
		},
		Departments: []config.Department{
			{At: at(30), Name: "engineering", Match: []string{"Eng", "R&D"}},
			{At: at(31), Name: "platform", Parent: "engineering"},
			{At: at(32), Name: "Führung", Match: []string{"leadership"}},
		},
		Roles: []config.Role{
			{At: at(40), Name: "viewer", Permissions: []string{"read"}},
			{At: at(41), Name: "member", Includes: []string{"viewer"}, Permissions: []string{"run", "join"}},
			{At: at(42), Name: "lead", Includes: []string{"member"}, Permissions: []string{"approve"}},
			{At: at(43), Name: "admin", Includes: []string{"member", "lead"}, Permissions: []string{"manage", "join"}},
		},
		PermissionSets: []config.PermissionSet{
			{At: at(50), Name: "tools", Values: []config.PermissionValue{
				{At: at(51), Name: "ai_models", Value: directory.ListValue("gpt-4")},
				{At: at(52), Name: "upload", Value: directory.SizeValue(100)},
			}},
			{At: at(55), Name: "finance", Values: []config.PermissionValue{
				{At: at(56), Name: "ai_models", Value: directory.ListValue("claude-3", "gpt-4")},
				{At: at(57), Name: "upload", Value: directory.SizeValue(50)},
				{At: at(58), Name: "agents", Value: directory.LevelValue("admin_approval")},
			}},
		},
		Rules: rules,
	}
}

// compile compiles an organization that must have no problem.
func compile(t testing.TB, org *config.Organization) *mapping.Policy {
	t.Helper()
	p, problems := mapping.Compile(org)
	for _, problem := range problems {
		t.Errorf("compile: %s", problem)
	}
	if p == nil {
		t.FailNow()
	}
	return p
}

// ann is an active person of acme.com in one connection.
func ann(inGroups ...string) *mapping.Person {
	return &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "ann@acme.com", inGroups...)}}
}

// record is an active directory record.
func record(connection, userName string, inGroups ...string) mapping.Account {
	a := mapping.Account{
		Connection: connection,
		User:       id(connection + userName),
		Profile:    directory.Profile{UserName: userName, DisplayName: "Ann Lee", Active: true},
	}
	for _, name := range inGroups {
		a.Groups = append(a.Groups, group(name))
	}
	return a
}

func group(name string) mapping.Group {
	return mapping.Group{ID: id(name), Name: name, Names: []string{directory.Fold(name)}}
}

// id makes a stable id out of a text.
func id(text string) directory.ID {
	var out directory.ID
	for i := range len(text) {
		out[i%len(out)] = out[i%len(out)]*31 + text[i]
	}
	return out
}

func pin(role string, ends time.Time) *directory.Grant {
	return &directory.Grant{ID: id("pin" + role), Kind: directory.GrantPin, Role: role, Actor: "it@acme.com", Reason: "covers for Bob", Created: noon.Add(-day), Ends: ends}
}

func invitation(role, state string) *directory.Grant {
	return &directory.Grant{ID: id("invitation" + role), Kind: directory.GrantInvitation, Role: role, State: state, Actor: "it@acme.com", Created: noon.Add(-day)}
}

// reasonFor returns the last reason of a field and value.
func reasonFor(t testing.TB, d directory.Decision, field, value string) directory.Reason {
	t.Helper()
	for i := len(d.Reasons) - 1; i >= 0; i-- {
		if r := d.Reasons[i]; r.Field == field && r.Value == value {
			return r
		}
	}
	t.Fatalf("there is no reason for %s %q among %+v", field, value, d.Reasons)
	return directory.Reason{}
}

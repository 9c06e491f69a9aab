package mapping_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

var (
	someRoles  = []string{"", "viewer", "member", "lead", "admin"}
	someGroups = []string{"A", "B", "C", "D"}
	someWhens  = []string{"", "", `user.title == "x"`, `inGroup("D")`, broken}
)

// anyOrganization draws an organization with up to eight rules of every kind.
func anyOrganization(t *rapid.T) *config.Organization {
	var rules []config.Rule
	for i := range rapid.IntRange(0, 8).Draw(t, "rules") {
		rules = append(rules, anyRule(t, i))
	}
	org := acme(rules...)
	org.Domains[0].DefaultRole = rapid.SampledFrom(someRoles).Draw(t, "domain default")
	org.Connections[0].DefaultRole = rapid.SampledFrom(someRoles).Draw(t, "connection default")
	if rapid.Bool().Draw(t, "table") {
		org.Domains[0].Departments = []config.DepartmentRole{{At: at(11), Department: "engineering", Role: "lead"}}
	}
	if rapid.Bool().Draw(t, "authority") {
		org.Connections[1].Authority = []string{"acme.com"}
	}
	if rapid.Bool().Draw(t, "guest cap") {
		org.Guests = &config.Guests{At: at(60), MaxRole: "member"}
	}
	if rapid.Bool().Draw(t, "ignore") {
		org.Ignore = []config.Ignore{{At: at(70), UserName: "ann1@*"}}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "phases") {
		org.Rollout = append(org.Rollout, config.Phase{
			At: at(80 + i), From: noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "from")) * day), Groups: groups(some(t, "phase", someGroups...)...),
		})
	}
	return org
}

// some draws up to two of a few names.
func some(t *rapid.T, label string, of ...string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 2, rapid.ID[string]).Draw(t, label)
}

func anyRule(t *rapid.T, i int) config.Rule {
	r := config.Rule{
		Name: fmt.Sprintf("r%d", i), When: rapid.SampledFrom(someWhens).Draw(t, "when"), Guests: rapid.Bool().Draw(t, "guests"),
		Groups: groups(some(t, "groups", someGroups...)...), ExceptGroups: groups(some(t, "except", someGroups...)...),
		Role: rapid.SampledFrom(someRoles).Draw(t, "role"), MaxRole: rapid.SampledFrom([]string{"", "", "viewer", "member", "lead"}).Draw(t, "max_role"),
		Department: rapid.SampledFrom([]string{"", "", "engineering", "platform"}).Draw(t, "department"),
		Teams:      some(t, "teams", "t1", "t2", "t3"), PermissionSets: some(t, "sets", "tools", "finance"),
		Spaces: some(t, "spaces", "s1", "s2"), Projects: some(t, "projects", "p1", "p2"),
		Deny: config.Deny{Teams: some(t, "deny", "t1", "t2", "t3")},
	}
	if len(r.Groups)+len(r.ExceptGroups) == 0 && r.When == "" {
		r.When = "true"
	}
	if rapid.Bool().Draw(t, "ends") {
		r.MembershipFor = time.Duration(rapid.IntRange(0, 5).Draw(t, "membership")) * day
		r.GrantFor = time.Duration(rapid.IntRange(0, 5).Draw(t, "grant")) * day
	}
	return r
}

// anyPerson draws a person with up to three records, grants, and a decision in force.
func anyPerson(t *rapid.T) *mapping.Person {
	p := &mapping.Person{}
	for i := range rapid.IntRange(0, 3).Draw(t, "accounts") {
		a := record(rapid.SampledFrom([]string{"acme-okta", "acme-entra", "retired"}).Draw(t, "connection"), fmt.Sprintf("ann%d@%s", i,
			rapid.SampledFrom([]string{"acme.com", "acme.de", "partner.example"}).Draw(t, "domain")),
			rapid.SliceOfNDistinct(rapid.SampledFrom(someGroups), 0, 4, rapid.ID[string]).Draw(t, "in")...)
		a.Profile.Active = rapid.Bool().Draw(t, "active")
		a.Profile.Title = rapid.SampledFrom([]string{"", "x"}).Draw(t, "title")
		a.Profile.EmployeeNumber = rapid.SampledFrom([]string{"", "7", "700"}).Draw(t, "number")
		a.Profile.Department = rapid.SampledFrom([]string{"", "Eng", "Catering"}).Draw(t, "text")
		p.Accounts = append(p.Accounts, a)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "grants") {
		p.Grants = append(p.Grants, &directory.Grant{
			ID:    id(fmt.Sprint("grant", i)),
			Kind:  rapid.SampledFrom([]directory.GrantKind{directory.GrantPin, directory.GrantSuspension, directory.GrantRemoval, directory.GrantInvitation}).Draw(t, "kind"),
			Role:  rapid.SampledFrom(someRoles).Draw(t, "granted"),
			State: directory.InvitationAccepted, Actor: "it", Created: noon.Add(-day),
			Ends: rapid.SampledFrom([]time.Time{{}, noon.Add(-day), noon.Add(day)}).Draw(t, "ends"),
		})
	}
	if rapid.Bool().Draw(t, "member already") {
		p.Current = &directory.Decision{
			InScope: true, Active: true, Role: rapid.SampledFrom(someRoles).Draw(t, "role in force"), Email: "ann0@acme.com",
			Department: rapid.SampledFrom([]string{"", "platform", "Führung"}).Draw(t, "department in force"),
			Teams:      []string{"t1", "t2"}, PermissionSets: []string{"tools"},
		}
		p.Since = map[string]time.Time{"r0": noon.Add(-2 * day), "r1": noon.Add(-4 * day), "gone": noon}
	}
	return p
}

// Law 2: settling twice changes nothing.
func TestEvaluatingTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, person := anyPolicy(t), anyPerson(t)
		first := p.Evaluate(person, noon)
		person.Current, person.Since = stored(t, first.Decision), first.Since
		second := p.Evaluate(person, noon)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("the second evaluation differs (-first +second):\n%s", diff)
		}
		if !first.Decision.Equal(&second.Decision) {
			t.Fatal("the decisions are not Equal")
		}
	})
}

// stored takes a decision through the form in which it is kept.
func stored(t *rapid.T, d directory.Decision) *directory.Decision {
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back directory.Decision
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return &back
}

// Law 2: a decision is a function of what is known, not of the order in which it is told.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, person := anyPolicy(t), anyPerson(t)
		first := p.Evaluate(person, noon)
		shuffle := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		shuffle.Shuffle(len(person.Accounts), func(i, j int) {
			person.Accounts[i], person.Accounts[j] = person.Accounts[j], person.Accounts[i]
		})
		shuffle.Shuffle(len(person.Grants), func(i, j int) { person.Grants[i], person.Grants[j] = person.Grants[j], person.Grants[i] })
		for _, a := range person.Accounts {
			shuffle.Shuffle(len(a.Groups), func(i, j int) { a.Groups[i], a.Groups[j] = a.Groups[j], a.Groups[i] })
		}
		if diff := cmp.Diff(first, p.Evaluate(person, noon)); diff != "" {
			t.Fatalf("shuffled facts decide differently (-first +shuffled):\n%s", diff)
		}
	})
}

// Law 2: nothing changes by itself before Next.
func TestNothingChangesBeforeNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, person := anyPolicy(t), anyPerson(t)
		first := p.Evaluate(person, noon)
		person.Current, person.Since = &first.Decision, first.Since
		until := first.Next
		if until.IsZero() {
			until = noon.Add(10000 * day)
		} else if !until.After(noon) {
			t.Fatalf("next is %v, which is not after %v", until, noon)
		}
		second := p.Evaluate(person, until.Add(-1))
		if diff := cmp.Diff(first.Decision, second.Decision); diff != "" {
			t.Fatalf("the decision changed before %v (-first +second):\n%s", first.Next, diff)
		}
	})
}

// Law 3: every value that a decision gives has its reason, and so has every person who is kept out.
func TestEveryValueHasAReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyPolicy(t).Evaluate(anyPerson(t), noon).Decision
		need := func(field, value string) {
			if value != "" && !slices.ContainsFunc(d.Reasons, func(r directory.Reason) bool {
				return r.Field == field && r.Value == value && r.Because != "" && r.Source != directory.SourceDeny
			}) {
				t.Fatalf("%s %q has no reason: %+v", field, value, d.Reasons)
			}
		}
		need("role", d.Role)
		need("department", d.Department)
		for field, list := range map[string][]string{"teams": d.Teams, "permission_sets": d.PermissionSets, "spaces": d.Spaces, "projects": d.Projects} {
			if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
				t.Fatalf("%s = %q; want it sorted and without duplicates", field, list)
			}
			for _, v := range list {
				need(field, v)
			}
		}
		stopped := slices.ContainsFunc(d.Reasons, func(r directory.Reason) bool { return r.Field == "status" })
		if d.Active == stopped || d.Active && !d.InScope {
			t.Fatalf("active = %v, in scope = %v, reasons %+v", d.Active, d.InScope, d.Reasons)
		}
	})
}

// Law 9: a condition that fails gives nobody what they did not have.
func TestAFailedConditionAddsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		org, person := anyOrganization(t), anyPerson(t)
		for i := range org.Rules {
			org.Rules[i].When, org.Rules[i].Deny = broken, config.Deny{}
		}
		for i := range person.Accounts {
			person.Accounts[i].Profile.EmployeeNumber = "none"
		}
		was := person.Current
		if was == nil {
			was = &directory.Decision{}
		}
		p, problems := mapping.Compile(org)
		if p == nil {
			t.Fatalf("compile: %v", problems)
		}
		d := p.Evaluate(person, noon).Decision
		for _, team := range append(append(d.Teams, d.PermissionSets...), append(d.Spaces, d.Projects...)...) {
			if !slices.Contains(was.Teams, team) && !slices.Contains(was.PermissionSets, team) {
				t.Fatalf("%q was given by a rule that failed", team)
			}
		}
	})
}

// Explain and Evaluate cannot disagree.
func TestExplainDecidesAsEvaluateDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, person := anyPolicy(t), anyPerson(t)
		trace := p.Explain(person, noon)
		if diff := cmp.Diff(p.Evaluate(person, noon), trace.Result); diff != "" {
			t.Fatalf("the trace's result differs (-evaluate +explain):\n%s", diff)
		}
		if len(trace.Rules) != len(p.Organization.Rules) {
			t.Fatalf("%d of %d rules are explained", len(trace.Rules), len(p.Organization.Rules))
		}
		for _, r := range trace.Rules {
			if r.At == "" || len(r.Because) == 0 {
				t.Fatalf("rule %+v is not explained", r)
			}
		}
	})
}

func anyPolicy(t *rapid.T) *mapping.Policy {
	p, problems := mapping.Compile(anyOrganization(t))
	if p == nil {
		t.Fatalf("compile: %v", problems)
	}
	return p
}

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

func staff() config.Rule {
	return config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member"}
}

func TestARuleMatchesOneAccountEntirely(t *testing.T) {
	both := config.Rule{Name: "senior engineers", Groups: groups("Engineering"), When: `user.title == "Senior"`, Role: "lead"}
	p := compile(t, acme(staff(), both))
	person := &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "ann@acme.com", "Staff", "Engineering"), record("acme-entra", "ann@acme.com")}}
	person.Accounts[1].Profile.Title = "Senior"
	if got := p.Evaluate(person, noon).Decision.Role; got != "member" {
		t.Errorf("role = %q; want member: the group is of one record, the title of the other", got)
	}
	person.Accounts[0].Profile.Title = "Senior"
	if got := p.Evaluate(person, noon).Decision.Role; got != "lead" {
		t.Errorf("role = %q; want lead: one record has both", got)
	}
}

func TestConnectionsRestrictARule(t *testing.T) {
	r := staff()
	r.Connections = []string{"acme-entra"}
	p := compile(t, acme(r))
	if got := p.Evaluate(ann("Staff"), noon).Decision; got.InScope {
		t.Errorf("a group of acme-okta matched a rule for acme-entra: %+v", got.Reasons)
	}
	person := &mapping.Person{Accounts: []mapping.Account{record("acme-entra", "ann@acme.com", "Staff")}}
	if got := p.Evaluate(person, noon).Decision; got.Role != "member" {
		t.Errorf("role = %q; want member", got.Role)
	}
}

func TestExceptGroupsLooksAtTheSameAccount(t *testing.T) {
	r := staff()
	r.ExceptGroups = groups("Contractors")
	p := compile(t, acme(r))
	person := &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "ann@acme.com", "Staff"), record("acme-entra", "ann@acme.com", "Contractors")}}
	if got := p.Evaluate(person, noon).Decision.Role; got != "member" {
		t.Errorf("role = %q; want member by acme-okta", got)
	}
	if got := p.Evaluate(ann("Staff", "Contractors"), noon).Decision; got.InScope {
		t.Errorf("an account in an excepted group matched: %+v", got.Reasons)
	}
}

func TestGroupsAreFoundByNameBindingAndID(t *testing.T) {
	uuid := "018f3c2a-5d1e-7c3a-9b1f-2f6f5a1e0c77"
	scimID, _ := directory.ParseID(uuid)
	p := compile(t, acme(config.Rule{Name: "staff", Groups: groups("Engineering", "id:00g1a2b3", "id:"+uuid), Role: "member"}))
	tests := []struct {
		name  string
		group mapping.Group
		want  bool
	}{
		{"the name in any case", mapping.Group{Name: "ENGINEERING", Names: []string{"engineering"}}, true},
		{"renamed, still bound to the name", mapping.Group{Name: "Makers", Names: []string{"engineering"}}, true},
		{"another group that took over the name unbound", mapping.Group{Name: "Engineering", Names: nil}, false},
		{"the externalId", mapping.Group{Name: "x", ExternalID: "00g1a2b3"}, true},
		{"the externalId in another case", mapping.Group{Name: "x", ExternalID: "00G1A2B3"}, false},
		{"the SCIM id", mapping.Group{Name: "x", ID: scimID}, true},
		{"inherited through nesting", mapping.Group{Name: "Engineering", Names: []string{"engineering"}, Via: "Platform"}, true},
		{"another group", mapping.Group{Name: "Sales", Names: []string{"sales"}, ExternalID: "00g"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			person := ann()
			person.Accounts[0].Groups = []mapping.Group{tt.group}
			got := p.Evaluate(person, noon).Decision
			if got.InScope != tt.want {
				t.Fatalf("in scope = %v; want %v", got.InScope, tt.want)
			}
			if !tt.want {
				return
			}
			because := reasonFor(t, got, "role", "member").Because
			if !strings.Contains(because, tt.group.Name) || !strings.Contains(because, tt.group.Via) || !strings.Contains(because, "acme-okta") {
				t.Errorf("because %s; want group, connection and way there named", because)
			}
		})
	}
}

func TestTwoConnections(t *testing.T) {
	two := func() *mapping.Person {
		p := &mapping.Person{Accounts: []mapping.Account{record("acme-entra", "ann@acme.com", "Staff"), record("acme-okta", "ann@acme.com", "Staff")}}
		p.Accounts[0].Profile.Title, p.Accounts[1].Profile.Title = "of entra", "of okta"
		return p
	}
	entraHasTheSay := func(o *config.Organization) { o.Connections[1].Authority = []string{"acme.com"} }
	inactive := func(p *mapping.Person, i int) *mapping.Person { p.Accounts[i].Profile.Active = false; return p }
	tests := []struct {
		name   string
		change func(*config.Organization)
		person *mapping.Person
		active bool
		title  string
	}{
		{"the profile of the first connection in the file", nil, two(), true, "of okta"},
		{"active while one record is", nil, inactive(two(), 1), true, "of entra"},
		{"inactive when all are", nil, inactive(inactive(two(), 0), 1), false, "of okta"},
		{"the profile of the connection with authority", entraHasTheSay, two(), true, "of entra"},
		{"its word alone keeps the person out", entraHasTheSay, inactive(two(), 0), false, "of entra"},
		{"its word alone keeps the person in", entraHasTheSay, inactive(two(), 1), true, "of entra"},
		{"authority for another domain is none", func(o *config.Organization) { o.Connections[1].Authority = []string{"acme.de"} }, inactive(two(), 0), true, "of okta"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			org := acme(staff())
			if tt.change != nil {
				tt.change(org)
			}
			got := compile(t, org).Evaluate(tt.person, noon).Decision
			if got.Active != tt.active || got.Title != tt.title || got.Role != "member" {
				t.Errorf("active = %v, title = %q, role = %q; want %v, %q, member", got.Active, got.Title, got.Role, tt.active, tt.title)
			}
			if !tt.active {
				if r := reasonFor(t, got, "status", "suspended"); r.Source != directory.SourceInactive {
					t.Errorf("reason = %+v; want inactive", r)
				}
			}
		})
	}
}

func TestAnInactiveRecordGivesNothingBesideAnActiveOne(t *testing.T) {
	p := compile(t, acme(staff(), config.Rule{Name: "admins", Groups: groups("Admins"), Role: "admin"}))
	person := &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "ann@acme.com", "Admins"), record("acme-entra", "ann@acme.com", "Staff")}}
	person.Accounts[0].Profile.Active = false
	if got := p.Evaluate(person, noon).Decision; got.Role != "member" || !got.Active {
		t.Errorf("role = %q, active = %v; want member by the record that is left", got.Role, got.Active)
	}
	person.Accounts = person.Accounts[:1]
	if got := p.Evaluate(person, noon).Decision; got.Role != "admin" || got.Active {
		t.Errorf("role = %q, active = %v; want a suspended admin, so that coming back changes nothing else", got.Role, got.Active)
	}
}

func TestAliasesAreTheAddressesInOwnedDomains(t *testing.T) {
	p := compile(t, acme(staff()))
	person := ann("Staff")
	person.Accounts[0].Profile.Emails = []directory.Email{{Value: "Ann@ACME.de", Primary: true}, {Value: "ann@home.example"}}
	got := p.Evaluate(person, noon).Decision
	if diff := cmp.Diff([]string{"ann@acme.com", "ann@acme.de"}, got.Aliases); diff != "" || got.Email != "Ann@ACME.de" {
		t.Errorf("email %q, aliases (-want +got):\n%s", got.Email, diff)
	}
	person.Accounts[0].Profile.Emails[0].Primary, person.Accounts[0].Profile.Emails[1].Primary = false, true
	got = p.Evaluate(person, noon).Decision
	if diff := cmp.Diff([]string{"ann@acme.com", "ann@acme.de", "ann@home.example"}, got.Aliases); diff != "" || got.Guest {
		t.Errorf("guest %v, aliases (-want +got):\n%s", got.Guest, diff)
	}
}

func TestTheDomainOfTheEmailComesFirst(t *testing.T) {
	org := acme()
	org.Domains[0].DefaultRole, org.Domains[1].DefaultRole = "viewer", "lead"
	person := ann()
	person.Accounts[0].Profile.Emails = []directory.Email{{Value: "ann@acme.de", Primary: true}}
	if got := compile(t, org).Evaluate(person, noon).Decision.Role; got != "lead" {
		t.Errorf("role = %q; want lead, the default of acme.de", got)
	}
}

func TestGuests(t *testing.T) {
	org := func(maxRole string) *config.Organization {
		o := acme(staff(),
			config.Rule{Name: "partners", Groups: groups("Partners"), Guests: true, Role: "lead", Teams: []string{"partners"}},
			config.Rule{Name: "watched", Groups: groups("Watched"), Deny: config.Deny{Teams: []string{"partners"}}, MaxRole: "viewer"})
		o.Connections[0].DefaultRole, o.Domains[0].DefaultRole = "member", "member"
		if maxRole != "" {
			o.Guests = &config.Guests{At: at(60), MaxRole: maxRole}
		}
		return o
	}
	guest := func(in ...string) *mapping.Person {
		return &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "eve@partner.example", in...)}}
	}
	t.Run("no default and no rule for staff counts", func(t *testing.T) {
		got := compile(t, org("")).Evaluate(guest("Staff"), noon).Decision
		if got.InScope || !got.Guest {
			t.Errorf("in scope %v, guest %v; want a guest out of scope", got.InScope, got.Guest)
		}
	})
	t.Run("a rule for guests counts", func(t *testing.T) {
		got := compile(t, org("")).Evaluate(guest("Partners", "Staff"), noon).Decision
		if got.Role != "lead" || !got.Guest || len(got.Teams) != 1 {
			t.Errorf("role %q, guest %v, teams %q; want lead, guest, partners", got.Role, got.Guest, got.Teams)
		}
	})
	t.Run("the cap for guests", func(t *testing.T) {
		got := compile(t, org("viewer")).Evaluate(guest("Partners"), noon).Decision
		if r := reasonFor(t, got, "role", "viewer"); got.Role != "viewer" || r.Source != directory.SourceGuest || r.At != "acme.yaml:60" {
			t.Errorf("role %q, reason %+v; want viewer by the rule for guests", got.Role, r)
		}
	})
	t.Run("the cap for guests is none for staff", func(t *testing.T) {
		if got := compile(t, org("viewer")).Evaluate(ann("Partners"), noon).Decision; got.Role != "lead" || got.Guest {
			t.Errorf("role %q, guest %v; want lead, no guest", got.Role, got.Guest)
		}
	})
	t.Run("caps and denials of every rule count for guests", func(t *testing.T) {
		if got := compile(t, org("")).Evaluate(guest("Partners", "Watched"), noon).Decision; got.Role != "viewer" || got.Teams != nil {
			t.Errorf("role %q, teams %q; want viewer without teams", got.Role, got.Teams)
		}
	})
	t.Run("nobody is a guest where no domain is owned", func(t *testing.T) {
		o := org("viewer")
		o.Domains = nil
		if got := compile(t, o).Evaluate(guest("Staff"), noon).Decision; got.Role != "member" || got.Guest {
			t.Errorf("role %q, guest %v; want member, no guest", got.Role, got.Guest)
		}
	})
}

func TestIgnoredRecords(t *testing.T) {
	org := acme(staff())
	org.Ignore = []config.Ignore{
		{At: at(70), UserName: "SVC-*"},
		{At: at(71), Email: "*+bot@*.com"},
		{At: at(72), ExternalID: "test-*-x", Group: "Robots"},
		{At: at(73), Group: "Mail*boxes"},
	}
	p := compile(t, org)
	tests := []struct {
		name    string
		change  func(*mapping.Account)
		ignored string
	}{
		{"by userName without regard to case", func(a *mapping.Account) { a.Profile.UserName = "svc-Backup@acme.com" }, "acme.yaml:70"},
		{"by address", func(a *mapping.Account) {
			a.Profile.Emails = []directory.Email{{Value: "x@y"}, {Value: "a+bot@acme.com"}}
		}, "acme.yaml:71"},
		{"every pattern of an entry has to match", func(a *mapping.Account) { a.Profile.ExternalID = "test-1-x" }, ""},
		{"and then does", func(a *mapping.Account) {
			a.Profile.ExternalID = "test-1-x"
			a.Groups = append(a.Groups, group("robots"))
		}, "acme.yaml:72"},
		{"by group", func(a *mapping.Account) { a.Groups = append(a.Groups, group("Mail (shared) boxes")) }, "acme.yaml:73"},
		{"a pattern without a star is exact", func(a *mapping.Account) { a.Groups = append(a.Groups, group("Robots 2")) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			person := ann("Staff")
			tt.change(&person.Accounts[0])
			got := p.Evaluate(person, noon).Decision
			if got.InScope == (tt.ignored != "") {
				t.Fatalf("in scope = %v", got.InScope)
			}
			if tt.ignored != "" {
				if r := reasonFor(t, got, "status", "none"); r.Source != directory.SourceIgnored || r.At != tt.ignored {
					t.Errorf("reason = %+v; want ignored by %s", r, tt.ignored)
				}
			}
		})
	}
	t.Run("another record still counts", func(t *testing.T) {
		person := &mapping.Person{Accounts: []mapping.Account{record("acme-okta", "svc-ann@acme.com", "Staff"), record("acme-entra", "ann@acme.com")}}
		if got := p.Evaluate(person, noon).Decision; got.InScope || len(got.Aliases) != 1 {
			t.Errorf("in scope %v, aliases %q; want nothing of the ignored record", got.InScope, got.Aliases)
		}
	})
}

func TestWithoutRecords(t *testing.T) {
	org := acme()
	org.Domains[0].DefaultRole = "viewer"
	p := compile(t, org)
	was := &directory.Decision{Email: "Ann@acme.com", Aliases: []string{"ann@acme.com", "ann@acme.de"}, Name: "Ann Lee", Title: "Cook", Manager: "m-1"}
	t.Run("an accepted invitation keeps the person active", func(t *testing.T) {
		person := with(&mapping.Person{Current: was}, invitation("lead", directory.InvitationAccepted))
		got := p.Evaluate(person, noon).Decision
		if !got.Active || got.Role != "lead" || got.Guest || got.Email != was.Email {
			t.Errorf("decision = %+v; want an active lead", got)
		}
	})
	t.Run("otherwise the person is inactive and keeps name and address", func(t *testing.T) {
		got := p.Evaluate(&mapping.Person{Current: was}, noon).Decision
		if got.Active || got.Name != was.Name || got.Title != was.Title || got.Manager != was.Manager || !cmp.Equal(got.Aliases, []string{"ann@acme.com"}) {
			t.Errorf("decision = %+v; want inactive with the last known profile", got)
		}
		if r := reasonFor(t, got, "status", "suspended"); r.Source != directory.SourceInactive {
			t.Errorf("reason = %+v; want inactive", r)
		}
	})
}

func TestInviteWhenEveryConnectionInvites(t *testing.T) {
	org := acme(staff())
	org.Connections[1].Provisioning = config.ProvisioningInvite
	p := compile(t, org)
	person := &mapping.Person{Accounts: []mapping.Account{record("acme-entra", "ann@acme.com", "Staff")}}
	if !p.Evaluate(person, noon).Decision.Invite {
		t.Error("a person of an inviting connection alone is not invited")
	}
	person.Accounts = append(person.Accounts, record("acme-okta", "ann@acme.com"))
	if p.Evaluate(person, noon).Decision.Invite {
		t.Error("a person whom another connection makes a member is invited")
	}
}

func TestByHand(t *testing.T) {
	p := compile(t, acme(staff()))
	grant := func(kind directory.GrantKind, ends time.Time) *directory.Grant {
		return &directory.Grant{ID: id(string(kind)), Kind: kind, Actor: "it@acme.com", Reason: "lost her badge", Created: noon.Add(-day), Ends: ends}
	}
	tests := []struct {
		name   string
		grant  *directory.Grant
		active bool
		status directory.Status
	}{
		{"suspended for good", grant(directory.GrantSuspension, time.Time{}), false, directory.StatusSuspended},
		{"suspended until tomorrow", grant(directory.GrantSuspension, noon.Add(day)), false, directory.StatusSuspended},
		{"suspended until now", grant(directory.GrantSuspension, noon), true, ""},
		{"removed, and pushed again", grant(directory.GrantRemoval, time.Time{}), false, directory.StatusRemoved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.Evaluate(with(ann("Staff"), tt.grant), noon)
			if got.Decision.Active != tt.active || !got.Decision.InScope {
				t.Fatalf("active = %v, in scope = %v", got.Decision.Active, got.Decision.InScope)
			}
			if tt.active {
				return
			}
			r := reasonFor(t, got.Decision, "status", string(tt.status))
			if r.Source != directory.SourceManual || !strings.Contains(r.Because, "it@acme.com") || !strings.Contains(r.Because, "lost her badge") {
				t.Errorf("reason = %+v; want the admin and what they wrote", r)
			}
			if !got.Next.Equal(tt.grant.Ends) {
				t.Errorf("next = %v; want %v", got.Next, tt.grant.Ends)
			}
		})
	}
}

func TestTwoGroupsOfOneName(t *testing.T) {
	p := compile(t, acme(staff()))
	nested, direct := group("Staff"), group("STAFF")
	nested.Via, nested.ID, direct.ID = "Berlin", id("1"), id("2")
	person := ann()
	for _, in := range [][]mapping.Group{{nested, direct}, {direct, nested}} {
		person.Accounts[0].Groups = in
		if r := reasonFor(t, p.Evaluate(person, noon).Decision, "role", "member"); r.Because != `group "STAFF" of acme-okta` {
			t.Errorf("because %s; want the direct group named, whatever the order", r.Because)
		}
	}
}

func TestReasonsOfRulesWithoutGroups(t *testing.T) {
	p := compile(t, acme(
		config.Rule{Name: "insiders", ExceptGroups: groups("Contractors", "id:9"), Role: "member"},
		config.Rule{Name: "okta", Connections: []string{"acme-okta"}, Role: "lead"}))
	want := map[string]string{"insiders": `not in "Contractors", "id:9"`, "okta": "a record of acme-okta"}
	for _, r := range p.Explain(ann(), noon).Steps[1:] {
		if r.Field == "role" && (r.Reason.Because != want["okta"] || len(r.Beaten) != 1) {
			t.Errorf("step = %+v; want the rule okta over insiders", r)
		}
	}
	person := &mapping.Person{Accounts: []mapping.Account{record("acme-entra", "ann@acme.com")}}
	if r := reasonFor(t, p.Evaluate(person, noon).Decision, "role", "member"); r.Because != want["insiders"] {
		t.Errorf("because %s; want %s", r.Because, want["insiders"])
	}
}

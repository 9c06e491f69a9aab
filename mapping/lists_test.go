package mapping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func TestListsAreUnitedWithoutWhatIsDenied(t *testing.T) {
	p := compile(t, acme(
		config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member", Teams: []string{"all", "chat"}, PermissionSets: []string{"tools"}},
		config.Rule{Name: "finance", Groups: groups("Finance"), Teams: []string{"money", "chat"}, PermissionSets: []string{"finance", "tools"}, Spaces: []string{"ledger"}, Projects: []string{"q3"}},
		config.Rule{Name: "contractors", Groups: groups("Contractors"), Deny: config.Deny{PermissionSets: []string{"finance"}, Teams: []string{"money", "unheard-of"}, Spaces: []string{"ledger"}}},
	))
	got := p.Evaluate(ann("Finance", "Contractors", "Staff"), noon).Decision
	if diff := cmp.Diff([]string{"all", "chat"}, got.Teams); diff != "" {
		t.Errorf("teams (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"tools"}, got.PermissionSets); diff != "" {
		t.Errorf("permission sets (-want +got):\n%s", diff)
	}
	if got.Spaces != nil || len(got.Projects) != 1 || got.Projects[0] != "q3" {
		t.Errorf("spaces = %q, projects = %q; want none and q3", got.Spaces, got.Projects)
	}

	chat := reasonFor(t, got, "teams", "chat")
	if want := `group "Staff" of acme-okta; also by finance`; chat.Rule != "staff" || chat.Because != want {
		t.Errorf("reason for chat = %+v; want rule staff because %s", chat, want)
	}
	denied := reasonFor(t, got, "permission_sets", "finance")
	if denied.Source != directory.SourceDeny || denied.Rule != "contractors" || denied.At != "acme.yaml:120" {
		t.Errorf("reason for finance = %+v; want denied by contractors at acme.yaml:120", denied)
	}
	for _, r := range got.Reasons {
		if r.Value == "unheard-of" {
			t.Errorf("a denial of what nobody gives is a reason: %+v", r)
		}
	}
}

func TestAContractorWhoIsAlsoAnEngineer(t *testing.T) {
	engineers := config.Rule{Name: "engineers", Groups: groups("Engineering"), ExceptGroups: groups("Contractors"), Role: "lead", Teams: []string{"platform"}}
	contractors := config.Rule{Name: "contractors", Groups: groups("Contractors"), Role: "viewer"}
	p := compile(t, acme(engineers, contractors))
	got := p.Evaluate(ann("Engineering", "Contractors"), noon).Decision
	if got.Role != "viewer" || got.Teams != nil {
		t.Errorf("role = %q, teams = %q; want a viewer without teams", got.Role, got.Teams)
	}
}

func TestDepartmentSources(t *testing.T) {
	org := acme(
		config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member"},
		config.Rule{Name: "tools", Groups: groups("Tools"), Department: "Platform"},
		config.Rule{Name: "research", Groups: groups("Research"), Department: "engineering"},
	)
	tests := []struct {
		name   string
		groups []string
		text   string
		want   string
		source directory.Source
	}{
		{"the first matching rule of the file that sets it", []string{"Staff", "Research", "Tools"}, "leadership", "platform", directory.SourceRule},
		{"a rule beats the directory's text", []string{"Staff", "Research"}, "leadership", "engineering", directory.SourceRule},
		{"the directory's text by another spelling", []string{"Staff"}, "  r&d ", "engineering", directory.SourceDirectory},
		{"the directory's text by name", []string{"Staff"}, "PLATFORM", "platform", directory.SourceDirectory},
		{"decomposed letters are composed", []string{"Staff"}, "FU\u0308HRUNG", "Führung", directory.SourceDirectory},
		{"unknown text is not used", []string{"Staff"}, "Catering", "", directory.SourceDirectory},
	}
	p := compile(t, org)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.Evaluate(department(ann(tt.groups...), tt.text), noon).Decision
			if got.Department != tt.want {
				t.Fatalf("department = %q; want %q", got.Department, tt.want)
			}
			if r := reasonFor(t, got, "department", tt.want); r.Source != tt.source || r.Because == "" {
				t.Errorf("reason = %+v; want source %s, and why", r, tt.source)
			}
		})
	}
	for _, r := range p.Evaluate(ann("Staff"), noon).Decision.Reasons {
		if r.Field == "department" {
			t.Errorf("a person of whose department nothing is said has a reason for it: %+v", r)
		}
	}
}

package mapping_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// asked is an invitation as an admin sends it.
func asked(state string, change func(*directory.Invitation)) *directory.Grant {
	g := invitation("lead", state)
	g.Invited = &directory.Invitation{Email: "Zoe@acme.com", FirstName: "Zoe", Department: "Eng", Access: directory.AccessFull}
	if change != nil {
		change(g.Invited)
	}
	return g
}

func TestWhatAnInvitationGivesAndWhen(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member", At: at(100)}))
	nothing := func(g *directory.Grant) *mapping.Person { return with(&mapping.Person{}, g) }
	for name, c := range map[string]struct {
		person *mapping.Person
		want   string // role, department, invited, active
	}{
		"pending":                     {nothing(asked(directory.InvitationPending, nil)), "lead engineering true true"},
		"accepted":                    {nothing(asked(directory.InvitationAccepted, nil)), "lead engineering false true"},
		"waiting for an approval":     {nothing(asked(directory.InvitationUnapproved, nil)), "  false false"},
		"expired":                     {nothing(asked(directory.InvitationExpired, nil)), "  false false"},
		"cancelled":                   {nothing(asked(directory.InvitationCancelled, nil)), "  false false"},
		"declined":                    {nothing(asked(directory.InvitationDeclined, nil)), "  false false"},
		"spent":                       {nothing(asked(directory.InvitationSpent, nil)), "  false false"},
		"let go by a directory since": {nothing(asked(directory.InvitationPending, func(i *directory.Invitation) { i.Pushed = true })), "  false false"},
	} {
		d := p.Evaluate(c.person, noon).Decision
		if got := fmt.Sprint(d.Role, " ", d.Department, " ", d.Invite, " ", d.Active); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	waits := p.Evaluate(nothing(asked(directory.InvitationUnapproved, nil)), noon).Decision
	if waits.Email != "Zoe@acme.com" || waits.Name != "Zoe" {
		t.Errorf("who waits for an approval is known as %q, %q", waits.Email, waits.Name)
	}
}

func TestAPendingInvitationGivesNothingToWhoIsAMember(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member", At: at(100)}))
	before := p.Evaluate(ann("Staff"), noon).Decision
	after := p.Evaluate(with(ann("Staff"), asked(directory.InvitationPending, nil)), noon).Decision
	if !before.Equal(&after) {
		t.Errorf("with it: %+v, without: %+v", after, before)
	}
}

func TestASetThatIsGoneIsNotGivenAndReported(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member", At: at(100)}))
	r := p.Evaluate(with(&mapping.Person{}, asked(directory.InvitationAccepted, func(i *directory.Invitation) {
		i.Access, i.Sets = directory.AccessCustom, []string{"gone"}
	})), noon)
	if len(r.Decision.PermissionSets) > 0 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], `"gone"`) {
		t.Errorf("given %v, problems %v", r.Decision.PermissionSets, r.Problems)
	}
}

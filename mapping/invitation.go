package mapping

import (
	"slices"

	"github.com/mixus/usher/directory"
)

// invited returns the invitation that counts: the accepted one, until a directory speaks of the person; else, of somebody
// about whom nobody says anything, the one that waits for them. What a provider's push asked for counts for as long as the
// provider has the person.
func (e *evaluation) invited() *directory.Grant {
	if g := e.accepted(); g != nil || e.recorded() || len(e.counted) > 0 {
		return g
	}
	for _, g := range e.grants(directory.GrantInvitation) {
		if g.State == directory.InvitationPending && g.Invited != nil && !g.Invited.Pushed {
			return g
		}
	}
	return nil
}

// invitedProfile takes the profile of somebody of whom no provider speaks from their invitation, also from one that has to be
// approved yet: so the same address is not invited twice, and the person is met when they come.
func (e *evaluation) invitedProfile() bool {
	g := e.invited()
	for _, one := range e.grants(directory.GrantInvitation) {
		if g == nil && one.State == directory.InvitationUnapproved {
			g = one
		}
	}
	if g == nil || g.Invited == nil {
		return false
	}
	d := e.decision()
	d.Email, d.Name, d.Manager = g.Invited.Email, g.Invited.Name(), g.Invited.Manager
	d.Invite = g.State == directory.InvitationPending
	return true
}

// invitedAccount is what rules see of somebody of whom no provider speaks: what the invitation says. Rules cap and deny what
// it gives; with full access they also give teams, permission sets, spaces and projects. The role is the invitation's.
func (e *evaluation) invitedAccount() {
	g := e.invited()
	if len(e.counted) > 0 || g == nil || g.Invited == nil {
		return
	}
	i := g.Invited
	e.giving = []account{{invited: true, Account: &Account{Login: true, Profile: directory.Profile{
		UserName: i.Email, DisplayName: i.Name(), GivenName: i.FirstName, FamilyName: i.LastName, Department: i.Department, Active: true,
		Emails: []directory.Email{{Value: i.Email, Primary: true}},
	}}}}
}

// invitedDepartments has rules see the department of the invitation in what was said at signing in, where that names none: who
// accepts by their provider gets what they were invited to.
func (e *evaluation) invitedDepartments() {
	g := e.accepted()
	if g == nil || g.Invited == nil || g.Invited.Department == "" {
		return
	}
	e.giving = slices.Clone(e.giving) // the counted ones stay as they are
	for i := range e.giving {
		if a := &e.giving[i]; !a.invited && a.Profile.Department == "" {
			said := *a.Account
			said.Profile.Department = g.Invited.Department
			e.giving[i].Account = &said
		}
	}
}

// byInvitation reports whether a rule matched what an invitation says.
func (m *match) byInvitation() bool { return m.account != nil && m.account.invited }

// opens reports whether rules give anything to an account: to an invitation that has full access, as to any other.
func (e *evaluation) opens(a *account) bool {
	if !a.invited {
		return true
	}
	access := e.invited().Invited.Access
	return access == "" || access == directory.AccessFull
}

// invitedDepartment is the department of the invitation, for somebody whose directories name none.
func (e *evaluation) invitedDepartment() choice {
	g := e.invited()
	if g == nil || g.Invited == nil || g.Invited.Department == "" {
		return choice{}
	}
	text := g.Invited.Department
	dep := e.policy.departments.spellings[normalize(text)]
	if dep == nil {
		return choice{}
	}
	return choice{value: dep.Name, reason: directory.Reason{
		Field: fieldDepartment, Value: dep.Name, Source: directory.SourceInvitation, At: dep.At.Rule(), Because: byHand("invited", g),
	}}
}

// invitedSets adds the permission sets that the invitation names to what the rules give.
func (e *evaluation) invitedSets(gifts []gift) []gift {
	g := e.invited()
	if g == nil || g.Invited == nil || g.Invited.Access != directory.AccessCustom {
		return gifts
	}
	for _, name := range g.Invited.Sets {
		set, known := e.policy.PermissionSet(name)
		if !known {
			e.problem("an invitation names the permission set %q, which the policy does not have; it is not given", name)
			continue
		}
		by := directory.Reason{Field: fieldPermissionSets, Value: name, Source: directory.SourceInvitation, At: set.At.Rule(), Because: byHand("invited", g), Until: g.Ends}
		i := slices.IndexFunc(gifts, func(other gift) bool { return other.value == name })
		if i < 0 {
			gifts = append(gifts, gift{value: name, invited: &by, until: g.Ends})
			continue
		}
		gifts[i].others = append(gifts[i].others, "an invitation")
		if g.Ends.IsZero() || !gifts[i].until.IsZero() && g.Ends.After(gifts[i].until) {
			gifts[i].until = g.Ends
		}
	}
	return gifts
}

// DepartmentNamed returns the one name of a department that is written by its name or a spelling of it.
func (p *Policy) DepartmentNamed(text string) (string, bool) {
	dep := p.departments.spellings[normalize(text)]
	if dep == nil {
		return "", false
	}
	return dep.Name, true
}

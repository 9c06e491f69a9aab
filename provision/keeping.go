package provision

import (
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// keep takes an effect back out of a decision: what is in force stays.
func (s *settlement) keep(w *wait, p *loaded, was *directory.Member, d *directory.Decision, status *directory.Status) {
	switch w.kind {
	case BrakeSuspensions:
		s.stayIn(p, was, d)
		*status = was.Status
	case BrakeTopRoleGains:
		if was == nil || was.Status != directory.StatusActive {
			if was == nil {
				was = &directory.Member{Status: directory.StatusNone}
			}
			*status = was.Status
			d.Active = false
			if !visible(was) {
				return
			}
		}
		keepValue(d, &was.Decision, "role", was.Decision.Role)
	case BrakeRoleLosses:
		keepValue(d, &was.Decision, "role", was.Decision.Role)
	default:
		for i := range w.effects {
			keepValue(d, &was.Decision, w.effects[i].Field, w.effects[i].Before)
		}
	}
}

// stayIn keeps somebody in who would be suspended. The suspension alone waits: what today's facts and policy say of a
// person goes on to take effect. Where they say nothing, because no directory record is left or no rule gives a role, the
// person keeps what they had, as far as the policy can still give it.
func (s *settlement) stayIn(p *loaded, was *directory.Member, d *directory.Decision) {
	d.Reasons = slices.DeleteFunc(slices.Clone(d.Reasons), func(r directory.Reason) bool { return r.Field == "status" })
	gone := len(p.person.Accounts) == 0
	if d.Role == "" {
		s.keepRole(&was.Decision, d)
		gone = true
	}
	if gone {
		if d.Department == "" {
			s.keepGiven(&was.Decision, d, "department", was.Decision.Department)
		}
		for _, field := range []string{"teams", "permission_sets", "spaces", "projects"} {
			for _, value := range *listOf(&was.Decision, field) {
				s.keepGiven(&was.Decision, d, field, value)
			}
		}
	}
	if d.Email == "" {
		of := &was.Decision
		d.Email, d.Aliases, d.Name, d.Title = of.Email, of.Aliases, of.Name, of.Title
		d.Manager, d.ManagerID, d.Guest = of.Manager, of.ManagerID, of.Guest
	}
	d.InScope, d.Active = true, true
}

// keepRole keeps the role in force, or the lowest one when the policy cannot give that any more.
func (s *settlement) keepRole(was, d *directory.Decision) {
	if s.keepGiven(was, d, "role", was.Role) {
		return
	}
	d.Role = s.policy.LowestRole()
	d.Reasons = append(d.Reasons, directory.Reason{
		Field: "role", Value: d.Role, Source: directory.SourceHeld,
		Because: "what gave the role " + was.Role + " is not in the policy any more; the lowest role stays while the suspension waits",
	})
}

// keepGiven keeps a value in force where the policy can still give it, and reports whether it can.
func (s *settlement) keepGiven(was, d *directory.Decision, field, value string) bool {
	if value == "" || !s.canGive(was, field, value) {
		return false
	}
	keepValue(d, was, field, value)
	return true
}

// canGive reports whether the policy can still give a value of a decision in force from where it came.
func (s *settlement) canGive(was *directory.Decision, field, value string) bool {
	r := find(was.Reasons, field, value)
	if r == nil {
		r = &directory.Reason{Field: field, Value: value}
	}
	return s.policy.StillGives(r)
}

// keepValue keeps one value of the decision in force, with its reasons.
func keepValue(d, was *directory.Decision, field, value string) {
	single := func(of *string) {
		*of = value
		d.Reasons = slices.DeleteFunc(slices.Clone(d.Reasons), func(r directory.Reason) bool { return r.Field == field })
		for _, r := range was.Reasons {
			if r.Field == field {
				d.Reasons = append(d.Reasons, r)
			}
		}
	}
	switch field {
	case "role":
		single(&d.Role)
	case "department":
		single(&d.Department)
	default:
		list := listOf(d, field)
		if list == nil || slices.Contains(*list, value) {
			return
		}
		*list = append(slices.Clone(*list), value)
		slices.Sort(*list)
		for _, r := range was.Reasons {
			if r.Field == field && r.Value == value {
				d.Reasons = append(slices.Clone(d.Reasons), r)
			}
		}
	}
}

// listOf returns a list of a decision by the name of its field, nil for what is no list.
func listOf(d *directory.Decision, field string) *[]string {
	switch field {
	case "teams":
		return &d.Teams
	case "permission_sets":
		return &d.PermissionSets
	case "spaces":
		return &d.Spaces
	case "projects":
		return &d.Projects
	}
	return nil
}

func withoutHeld(reasons []directory.Reason) []directory.Reason {
	return slices.DeleteFunc(slices.Clone(reasons), func(r directory.Reason) bool { return r.Field == fieldHeld })
}

// restored returns a member as before what a brake has counted.
func restored(m *directory.Member, counted *directory.Braked) *directory.Member {
	n := *m
	d := &n.Decision
	d.Reasons = withoutHeld(d.Reasons)
	if counted.Role != "" && d.Role != counted.Role { // what became of it meanwhile is judged as it would be of an active member
		d.Role = counted.Role
		d.Reasons = append(d.Reasons, putBack("role", counted.Role))
	}
	effects := counted.Effects
	for i := len(effects) - 1; i >= 0; i-- {
		f := &effects[i]
		switch f.Field {
		case "status":
			n.Status = directory.Status(f.Before)
			active := n.Status == directory.StatusActive
			d.Active, d.InScope = active, active || d.InScope
		case "role":
			d.Role = f.Before
		case "department":
			d.Department = f.Before
		case "ends":
			d.Ends, _ = time.Parse(time.RFC3339, f.Before) // the zero instant for none
		case "manager":
			d.ManagerID, _ = directory.ParseID(f.Before)
		default:
			restoreList(d, f)
		}
		if f.Before != "" && f.Field != "status" {
			d.Reasons = append(d.Reasons, putBack(f.Field, f.Before))
		}
	}
	return &n
}

func putBack(field, value string) directory.Reason {
	return directory.Reason{Field: field, Value: value, Source: directory.SourceHeld, Because: "put back as it was before the hold"}
}

func restoreList(d *directory.Decision, f *directory.Effect) {
	list := listOf(d, f.Field)
	if list == nil {
		return
	}
	out := slices.DeleteFunc(slices.Clone(*list), func(v string) bool { return v == f.After })
	if f.Before != "" && !slices.Contains(out, f.Before) {
		out = append(out, f.Before)
	}
	slices.Sort(out)
	*list = out
}

package provision

import (
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// keep takes an effect back out of a decision: what is in force stays.
func (s *settlement) keep(w *wait, was *directory.Member, d *directory.Decision, status *directory.Status) {
	switch w.kind {
	case BrakeSuspensions:
		s.keepAll(was, d)
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

// keepAll keeps the whole decision in force but for what the person is called.
func (s *settlement) keepAll(was *directory.Member, d *directory.Decision) {
	now := *d
	*d = was.Decision
	d.Reasons = withoutHeld(was.Decision.Reasons)
	if now.Email != "" {
		d.Email, d.Aliases, d.Name, d.Title = now.Email, now.Aliases, now.Name, now.Title
		d.Manager, d.ManagerID, d.Guest = now.Manager, now.ManagerID, now.Guest
	}
	d.InScope, d.Active = true, true
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

// restored returns a member as before some effects, the latest of which is the last.
func restored(m *directory.Member, effects []directory.Effect) *directory.Member {
	n := *m
	d := &n.Decision
	d.Reasons = withoutHeld(d.Reasons)
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
			d.Reasons = append(d.Reasons, directory.Reason{
				Field: f.Field, Value: f.Before, Source: directory.SourceHeld, Because: "put back as it was before the hold",
			})
		}
	}
	return &n
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

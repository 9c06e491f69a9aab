package provision

import (
	"slices"

	"github.com/mixus/usher/directory"
)

// wait is an effect of a kind that a brake counts: what would change of one person.
type wait struct {
	kind    string
	scope   directory.ID
	effects []directory.Effect
	digest  string
}

// waitsOf returns what of a person's change the brakes count.
func (s *settlement) waitsOf(was *directory.Member, p *loaded, d *directory.Decision, status directory.Status) []*wait {
	after := &directory.Member{Status: status, Decision: *d}
	kinds := braked(s.policy, was, after)
	active := was != nil && was.Status == directory.StatusActive
	stays := active && status == directory.StatusActive
	if len(kinds) == 0 && (!stays || len(p.left) == 0) {
		return nil
	}
	all, _ := compare(was, after)
	var waits []*wait
	for _, kind := range kinds {
		w := &wait{kind: kind}
		for i := range all {
			f := &all[i]
			if f.Field == "status" && kind != BrakeRoleLosses || f.Field == "role" && kind != BrakeSuspensions {
				w.effects = append(w.effects, *f)
			}
		}
		waits = append(waits, w)
	}
	if stays {
		if lost := s.losses(all); len(lost) > 0 {
			for _, group := range distinctIDs(p.left) {
				waits = append(waits, &wait{kind: BrakeGroupRemovals, scope: group, effects: lost})
			}
		}
	}
	for _, w := range waits {
		w.digest = waitDigest(w.effects)
	}
	return waits
}

// losses returns the effects by which somebody loses something that a group can have given. What a rule denies, or an
// admin took, is not lost through a group.
func (s *settlement) losses(effects []directory.Effect) []directory.Effect {
	var lost []directory.Effect
	for i := range effects {
		f := &effects[i]
		if f.Before == "" || f.Reason != nil && (f.Reason.Source == directory.SourceDeny || f.Reason.Source == directory.SourcePin) {
			continue
		}
		switch f.Field {
		case "teams", "permission_sets", "spaces", "projects", "department":
			lost = append(lost, *f)
		case "role":
			if s.policy.RoleRank(f.After) < s.policy.RoleRank(f.Before) {
				lost = append(lost, *f)
			}
		}
	}
	return lost
}

func distinctIDs(ids []directory.ID) []directory.ID {
	var out []directory.ID
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

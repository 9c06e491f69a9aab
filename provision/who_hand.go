package provision

import (
	"slices"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// valueAsked returns the value of permission sets that a question about a permission is about, "" where only roles give it.
func (s *settlement) valueAsked(permission string) string {
	value := access.LevelOf(permission)
	spoken := func(set config.PermissionSet) bool {
		return slices.ContainsFunc(set.Values, func(v config.PermissionValue) bool { return v.Name == value })
	}
	if slices.Contains(config.PermissionNames(), value) || slices.ContainsFunc(s.policy.Organization.PermissionSets, spoken) {
		return value
	}
	return ""
}

// handed says what the words of admins come to for a member who has any: which of the permission sets still give the value
// that is asked for, and which mass updates and approvals do.
func (q *whoQuestion) handed(s *settlement, policy *access.Policy, m *directory.Member, given []*directory.Grant) (sets []string, by []directory.Reason) {
	values := policy.ValuesOf(m, s.now, given...)
	i := slices.IndexFunc(values, func(v access.Value) bool { return v.Name == q.permission })
	if i < 0 || values[i].Value.Withholds() {
		return nil, nil
	}
	from := slices.Clone(values[i].From)
	for _, item := range values[i].Items {
		from = append(from, item.From...)
	}
	for _, set := range q.sets {
		if slices.ContainsFunc(from, func(f access.Source) bool { return f.Kind == access.KindSet && f.Name == set }) {
			sets = append(sets, set)
		}
	}
	for _, g := range given {
		id, what := g.Permission.Update, "mass update of "+g.Created.UTC().Format(time.DateOnly)
		if id.IsZero() {
			id, what = g.Permission.Request, "approval of "+g.Created.UTC().Format(time.DateOnly)
		}
		if !slices.ContainsFunc(from, func(f access.Source) bool { return f.At == id.String() }) {
			continue
		}
		word := g.Permission.Add[q.permission]
		if set, ok := g.Permission.Set[q.permission]; ok {
			word = set
		}
		by = append(by, directory.Reason{
			Field: q.permission, Value: valueText(word), Source: directory.SourceManual, At: id.String(), Because: what + " by " + g.Actor, Until: g.Ends,
		})
	}
	return sets, by
}

package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// gift is one value of a list: who gives it, and who takes it away again.
type gift struct {
	value   string
	first   *match
	invited *directory.Reason // of a permission set that an invitation gives, and no rule
	others  []string          // names of the other rules that give it
	denied  *match
	until   time.Time // every rule that gives it has ended then; zero for never
}

// lists unites what the rules give, without what they deny.
func (e *evaluation) lists() {
	d, was := e.decision(), e.before()
	if was == nil {
		was = &directory.Decision{}
	}
	d.Teams = e.list(fieldTeams, was.Teams, func(r *config.Rule) []string { return r.Teams }, func(r *config.Rule) []string { return r.Deny.Teams })
	d.PermissionSets = e.list(fieldPermissionSets, was.PermissionSets, func(r *config.Rule) []string { return r.PermissionSets }, func(r *config.Rule) []string { return r.Deny.PermissionSets })
	d.Spaces = e.list(fieldSpaces, was.Spaces, func(r *config.Rule) []string { return r.Spaces }, func(r *config.Rule) []string { return r.Deny.Spaces })
	d.Projects = e.list(fieldProjects, was.Projects, func(r *config.Rule) []string { return r.Projects }, func(*config.Rule) []string { return nil })
}

func (e *evaluation) list(field string, was []string, given, denied func(*config.Rule) []string) []string {
	speaks := func(m match) bool { return len(given(m.Rule))+len(denied(m.Rule)) > 0 }
	invited := field == fieldPermissionSets && len(e.person.Grants) > 0
	if !invited && !slices.ContainsFunc(e.matches, speaks) {
		return nil
	}
	gifts := make([]gift, 0, 8)
	e.each(func(m *match) {
		if !m.gives {
			return
		}
		for _, v := range given(m.Rule) {
			if !m.undecided || e.had(field, was, v) {
				gifts = add(gifts, v, m)
			}
		}
	})
	if field == fieldPermissionSets {
		gifts = e.invitedSets(gifts)
	}
	e.each(func(m *match) {
		for _, v := range denied(m.Rule) {
			i := slices.IndexFunc(gifts, func(g gift) bool { return g.value == v })
			switch {
			case i >= 0 && gifts[i].denied == nil:
				gifts[i].denied = m
			case i < 0 && field == fieldSpaces && e.policy.opens(v):
				gifts = append(gifts, gift{value: v, denied: m})
			}
		}
	})
	if len(gifts) == 0 {
		return nil
	}
	slices.SortFunc(gifts, func(a, b gift) int { return strings.Compare(a.value, b.value) })
	kept := make([]string, 0, len(gifts))
	for i := range gifts {
		g := &gifts[i]
		e.step(e.giftStep(g, field))
		if g.denied == nil {
			kept = append(kept, g.value)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// add notes that a rule gives a value. One whose condition failed is named only where no other rule gives it.
func add(gifts []gift, value string, m *match) []gift {
	i := slices.IndexFunc(gifts, func(g gift) bool { return g.value == value })
	switch {
	case i < 0:
		return append(gifts, gift{value: value, first: m, until: m.until})
	case gifts[i].first != m && !m.undecided && !slices.Contains(gifts[i].others, m.Name):
		gifts[i].others = append(gifts[i].others, m.Name)
		if m.until.IsZero() || !gifts[i].until.IsZero() && m.until.After(gifts[i].until) {
			gifts[i].until = m.until
		}
	}
	return gifts
}

// giftStep says how a value of a list came to be there, or was taken away.
func (e *evaluation) giftStep(g *gift, field string) Step {
	s := Step{Field: field, Value: g.value, Reason: g.reason(field)}
	if g.denied != nil && g.first != nil && e.trace != nil {
		given := choice{value: g.value, reason: g.given(field)}
		s.Value, s.Beaten = "", []string{given.String()}
	}
	return s
}

// given is the reason of the first who gives the value.
func (g *gift) given(field string) directory.Reason {
	if g.invited != nil {
		return *g.invited
	}
	return g.first.given(field, g.value)
}

func (g *gift) reason(field string) directory.Reason {
	if g.denied != nil {
		return directory.Reason{Field: field, Value: g.value, Source: directory.SourceDeny, Rule: g.denied.Name, At: g.denied.at, Because: g.denied.reason()}
	}
	r := g.given(field)
	r.Until = g.until
	if len(g.others) > 0 {
		r.Because += "; also by " + strings.Join(g.others, ", ")
	}
	return r
}

// had reports whether the decision in force has a value, or would have it were it not denied. A denied space that is open
// by itself need not have been given.
func (e *evaluation) had(field string, was []string, value string) bool {
	if _, ok := slices.BinarySearch(was, value); ok {
		return true
	}
	if field == fieldSpaces && e.policy.opens(value) {
		return false
	}
	return e.before() != nil && slices.ContainsFunc(e.before().Reasons, func(r directory.Reason) bool {
		return r.Field == field && r.Value == value && r.Source == directory.SourceDeny
	})
}

// opens reports whether a space is open to departments or teams by itself, so that a denial of it counts though no rule
// gives it.
func (p *Policy) opens(space string) bool {
	return slices.ContainsFunc(p.Organization.Spaces, func(s config.Space) bool { return s.Name == space && len(s.Access) > 0 })
}

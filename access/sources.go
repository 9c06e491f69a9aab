package access

import (
	"slices"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// role finds what the member's role permits.
func (e *evaluation) role() {
	name := e.member.Decision.Role
	permissions := e.policy.roles[name][e.action]
	if len(permissions) == 0 {
		return
	}
	reason, has := e.hasRole(name)
	if !has {
		return
	}
	for _, p := range permissions { // the widest first
		if e.within(p.scope) {
			e.yes = append(e.yes, grant{source: p.source, reason: reason, until: untilOf(reason)})
			return
		}
	}
	e.narrow = permissions[0].scope
}

// hasRole is has for the role, which ends when any of its reasons does: a role that a cap lowers has one for each.
func (e *evaluation) hasRole(name string) (*directory.Reason, bool) {
	for i := range e.member.Decision.Reasons {
		r := &e.member.Decision.Reasons[i]
		if r.Field == fieldRole && r.Source != directory.SourceNoLonger && !r.Until.IsZero() && !e.at.Before(r.Until) {
			return nil, false
		}
	}
	return e.has(fieldRole, name)
}

func untilOf(r *directory.Reason) (t time.Time) {
	if r != nil {
		t = r.Until
	}
	return t
}

// within reports whether the resource is in the scope of a permission, by what the application says of it.
func (e *evaluation) within(scope string) bool {
	r := &e.question.Resource
	if scope == config.ScopeAll || e.owns(r) {
		return true
	}
	public := r.Public || r.ID == config.ScopePublic
	switch scope {
	case config.ScopePublic:
		return public
	case config.ScopeShared:
		return public || r.Shared
	}
	return false
}

// owns reports whether a resource belongs to the member. A person's own record does.
func (e *evaluation) owns(r *Resource) bool {
	owner := r.Owner
	if owner == "" && r.Type == "user" {
		owner = r.ID
	}
	if owner == "" {
		return false
	}
	return owner == e.member.ID.String() || isAddress(&e.member.Decision, directory.FoldAddress(owner))
}

// values finds what the member's permission sets say of the action: the most permissive of them counts, and each that
// says as much gives it.
func (e *evaluation) values() {
	if e.handValue() {
		return
	}
	if e.policy.levels[e.action] {
		e.level()
	}
	if e.policy.sizes[e.action] {
		e.size()
	}
}

func (e *evaluation) level() {
	best, reason := e.best(func(s *set) map[string]limit { return s.levels })
	if best == nil || best.value.Level == "true" {
		e.eachSet(func(s *set) map[string]limit { return s.levels }, func(l limit, r *directory.Reason) {
			if l.value.Level == "true" {
				e.gives(l, r)
			}
		})
		return
	}
	e.no = append(e.no, withheld{
		source: best.source, reason: reason, why: best.source.words() + " says " + levelWord(best.value.Level) + given(reason), approval: best.value.Level == approvalLevel,
	})
}

func (e *evaluation) size() {
	best, reason := e.best(func(s *set) map[string]limit { return s.sizes })
	if best == nil {
		return
	}
	e.limit = best.value.Size
	if size := e.question.Resource.Size; e.limit == 0 || size > e.limit {
		e.no = append(e.no, withheld{
			source: best.source, reason: reason, why: best.source.words() + " allows " + directory.FormatSize(e.limit) + " at the most" + given(reason),
		})
		return
	}
	e.eachSet(func(s *set) map[string]limit { return s.sizes }, func(l limit, r *directory.Reason) {
		if l.value.Size > 0 && e.question.Resource.Size <= l.value.Size {
			e.gives(l, r)
		}
	})
}

func (e *evaluation) gives(l limit, reason *directory.Reason) {
	e.yes = append(e.yes, grant{source: l.source, reason: reason, until: untilOf(reason)})
}

// best returns the most permissive value of the action among the member's permission sets.
func (e *evaluation) best(of func(*set) map[string]limit) (*limit, *directory.Reason) {
	var best *limit
	var why *directory.Reason
	e.eachSet(of, func(l limit, r *directory.Reason) {
		if best == nil || !same(best.value.Merge(l.value), best.value) {
			best, why = &l, r
		}
	})
	return best, why
}

// eachSet tells of what each permission set that the member has says of the action.
func (e *evaluation) eachSet(of func(*set) map[string]limit, each func(limit, *directory.Reason)) {
	for _, name := range e.member.Decision.PermissionSets {
		s := e.policy.sets[name]
		if s == nil {
			continue
		}
		if l, speaks := of(s)[e.action]; speaks {
			if reason, has := e.has(fieldSets, name); has {
				each(l, reason)
			}
		}
	}
}

func same(a, b directory.Value) bool { return a.Level == b.Level && a.Size == b.Size }

// thing finds who gives the resource, and the space and project in which the application says that it is.
func (e *evaluation) thing() {
	r := &e.question.Resource
	if r.ID == "" || e.verb == "" || e.kind != r.Type || !e.policy.verbs[e.kind][e.verb] {
		return
	}
	h := e.handed(r.Thing)
	givers := e.policy.things[r.Thing]
	for _, g := range givers {
		e.from(g, r.Thing, &h)
	}
	if r.Type == TypeSpace || r.Type == TypeProject {
		return // they lie in no other
	}
	for _, in := range []Thing{{TypeSpace, r.Space}, {TypeProject, r.Project}} {
		for _, g := range e.policy.things[in] {
			if g.source.Name == in.ID && !slices.Contains(givers, g) {
				e.from(g, r.Thing, &h)
			}
		}
	}
}

// handed finds what permission grants say of a thing.
func (e *evaluation) handed(t Thing) hand {
	if len(e.given) == 0 {
		return hand{}
	}
	h := e.hand(t)
	e.ends = earlier(e.ends, h.ends)
	switch h.word {
	case withholds:
		e.no = append(e.no, withheld{source: sourceOf(h.by), why: h.why(t)})
	case gives:
		for _, x := range h.gave {
			if allows(x.level, e.verb, "") {
				e.yes = append(e.yes, x)
			}
		}
	case silent, narrows:
	}
	return h
}

// from finds what a giver gives of a thing, and whether it or a rule withholds it.
func (e *evaluation) from(g *giver, t Thing, h *hand) {
	found := len(e.yes)
	no := e.gifts(g, t, func(x grant) {
		if allows(x.level, e.verb, e.question.Resource.Data) {
			e.yes = append(e.yes, x)
		}
	})
	if h.word == narrows && g.field == fieldSets && no == nil {
		no = &withheld{source: sourceOf(h.by), why: h.why(t)}
	}
	if no == nil {
		return
	}
	switch gave := len(e.yes) > found; {
	case g.all || g.is(t):
		e.no = append(e.no, *no)
	case gave:
		e.lost = append(e.lost, *no)
	}
	e.yes = e.yes[:found]
}

// is reports whether a giver is the thing itself: a space or a project.
func (g *giver) is(t Thing) bool {
	switch t.Type {
	case TypeSpace:
		return g.source.Kind == KindSpace && g.source.Name == t.ID
	case TypeProject:
		return g.source.Kind == KindProject && g.source.Name == t.ID
	}
	return false
}

// gifts tells of everything that a giver gives a member of a thing, at whatever level, and returns what withholds it
// all, nil for nothing.
func (e *evaluation) gifts(g *giver, t Thing, each func(grant)) (no *withheld) {
	if e.at.Before(g.from) || !g.until.IsZero() && !e.at.Before(g.until) {
		return nil
	}
	if g.field != "" {
		if r := e.denial(g.field, g.source.Name); r != nil {
			source := Source{Kind: KindRule, Name: r.Rule, At: r.At}
			no = &withheld{source: source, reason: r, why: source.words() + " denies " + g.source.words()}
		}
		if r, has := e.has(g.field, g.source.Name); has {
			each(grant{source: g.source, level: g.level, reason: r, until: earlier(untilOf(r), g.until)})
		}
	}
	for i := range g.lines {
		l := &g.lines[i]
		if len(l.items) > 0 && (g.is(t) || !slices.Contains(l.items, t.ID)) {
			continue
		}
		r, has := e.has(l.field, l.name)
		if !has {
			continue
		}
		source := g.source
		source.At = l.at
		if l.level == config.LevelNone {
			no = &withheld{source: source, reason: r, why: source.words() + " is closed to " + l.name}
			continue
		}
		each(grant{source: source, level: l.level, reason: r, until: earlier(untilOf(r), g.until)})
	}
	return no
}

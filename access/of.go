package access

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// Access is everything that a member may do, each with its source.
type Access struct {
	Permissions []Permission `json:"permissions"` // by the role, sorted by action
	Values      []Value      `json:"values"`      // of the permission sets, merged, sorted by name
	Things      []Holding    `json:"things"`      // sorted by type and id
	Withheld    []Withheld   `json:"withheld"`    // what is denied, whoever gives it
}

// Permission is an action that the member's role permits.
type Permission struct {
	Action string            `json:"action"`
	Scope  string            `json:"scope"`
	Source Source            `json:"source"`
	Given  *directory.Reason `json:"given,omitempty"`
	Until  time.Time         `json:"until,omitzero"`
}

// Value is one merged value of the member's permission sets.
type Value struct {
	Name  string          `json:"name"`
	Value directory.Value `json:"value"`
	From  []Source        `json:"from"`            // the sets that give this much
	Items []Item          `json:"items,omitempty"` // of a list
}

// Item is one item of a merged list.
type Item struct {
	Item string   `json:"item"`
	From []Source `json:"from"`
}

// Holding is what one source gives of one thing.
type Holding struct {
	Thing
	Level   string            `json:"level"`   // full, view, view_only, run_only, use, or a data scope
	Actions []string          `json:"actions"` // that the level allows
	Source  Source            `json:"source"`
	Given   *directory.Reason `json:"given,omitempty"`
	Until   time.Time         `json:"until,omitzero"`
}

// Withheld is a thing or an action that is denied.
type Withheld struct {
	Thing    Thing  `json:"thing,omitzero"`
	Action   string `json:"action,omitempty"`
	Source   Source `json:"source"`
	Why      string `json:"why"`
	Approval bool   `json:"approval,omitempty"` // an admin may approve it
}

// Of lists everything that a member may do at an instant. Of the member's grants, those of permissions count. Who is no
// active member may do nothing.
func (p *Policy) Of(m *directory.Member, at time.Time, grants ...*directory.Grant) Access {
	a := Access{Permissions: []Permission{}, Values: []Value{}, Things: []Holding{}, Withheld: []Withheld{}}
	if standing(m, at) != "" {
		return a
	}
	e := evaluation{policy: p, member: m, at: at, path: p.departmentPath(m.Decision.Department), given: holding(grants, at)}
	a.Permissions = append(a.Permissions, e.permissions()...)
	a.Values = append(a.Values, e.merged()...)
	for _, kind := range p.kindsOf(e.given) {
		for _, t := range p.Resources(kind, e.given...) {
			e.list(t, &a)
		}
	}
	e.withheldValues(&a)
	return a
}

func (e *evaluation) permissions() []Permission {
	name := e.member.Decision.Role
	reason, has := e.hasRole(name)
	if !has {
		return nil
	}
	var out []Permission
	for _, action := range slices.Sorted(maps.Keys(e.policy.roles[name])) {
		widest := e.policy.roles[name][action][0]
		out = append(out, Permission{
			Action: action, Scope: widest.scope, Source: widest.source, Given: reason, Until: earlier(untilOf(reason), e.member.Decision.Ends),
		})
	}
	return out
}

// merged merges the values of the member's permission sets, and says which sets give each.
func (e *evaluation) merged() []Value {
	byName := map[string]*Value{}
	for _, v := range e.written() {
		if known := byName[v.name]; known != nil {
			known.Value = known.Value.Merge(v.value)
		} else {
			byName[v.name] = &Value{Name: v.name, Value: v.value}
		}
	}
	for _, v := range e.written() {
		byName[v.name].attribute(v)
	}
	e.handValues(byName)
	var out []Value
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, *byName[name])
	}
	return out
}

// attribute notes what one set gives of a merged value.
func (v *Value) attribute(of value) {
	if !v.Value.IsList {
		if same(of.value, v.Value) {
			v.From = append(v.From, of.source)
		}
		return
	}
	v.From = append(v.From, of.source)
	for _, item := range of.value.List {
		i, known := slices.BinarySearchFunc(v.Items, item, func(x Item, item string) int { return cmp.Compare(x.Item, item) })
		if !known {
			v.Items = slices.Insert(v.Items, i, Item{Item: item})
		}
		v.Items[i].From = append(v.Items[i].From, of.source)
	}
}

// written returns the values of the member's permission sets as they stand in the file.
func (e *evaluation) written() []value {
	var all []value
	for _, name := range e.member.Decision.PermissionSets {
		s := e.policy.sets[name]
		if s == nil {
			continue
		}
		if _, has := e.has(fieldSets, name); has {
			all = append(all, s.values...)
		}
	}
	return all
}

// list adds what is given of a thing, or what denies it.
func (e *evaluation) list(t Thing, a *Access) {
	from := len(a.Things)
	h := e.hand(t)
	denied := h.word == withholds
	switch h.word {
	case withholds:
		a.Withheld = append(a.Withheld, Withheld{Thing: t, Source: sourceOf(h.by), Why: h.why(t)})
	case gives:
		for _, x := range h.gave {
			a.Things = append(a.Things, Holding{
				Thing: t, Level: x.level, Actions: e.policy.allowed(t.Type, x.level), Source: x.source, Until: earlier(earlier(x.until, h.ends), e.member.Decision.Ends),
			})
		}
	case silent, narrows:
	}
	for _, g := range e.policy.things[t] {
		if h.word == narrows && g.field == fieldSets {
			continue
		}
		mine := len(a.Things)
		no := e.gifts(g, t, func(x grant) {
			a.Things = append(a.Things, Holding{
				Thing: t, Level: x.level, Actions: e.policy.allowed(t.Type, x.level), Source: x.source, Given: x.reason, Until: earlier(x.until, e.member.Decision.Ends),
			})
		})
		if no == nil {
			continue
		}
		a.Things = a.Things[:mine]
		if g.all || g.is(t) {
			denied = true
			a.Withheld = append(a.Withheld, Withheld{Thing: t, Source: no.source, Why: no.why})
		}
	}
	if denied {
		a.Things = a.Things[:from]
	}
}

// allowed returns the actions on a type of thing that a level allows, sorted.
func (p *Policy) allowed(kind, level string) []string {
	actions := []string{}
	for _, verb := range slices.Sorted(maps.Keys(p.verbs[kind])) {
		if allows(level, verb, "") {
			actions = append(actions, noun(kind)+"."+verb)
		}
	}
	return actions
}

// withheldValues adds the actions that the member's permission sets withhold.
func (e *evaluation) withheldValues(a *Access) {
	for _, action := range slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(e.policy.actions), handActions(e.given)...)))) {
		e.no, e.yes, e.action = nil, nil, action
		e.values()
		for _, no := range e.no {
			a.Withheld = append(a.Withheld, Withheld{Action: action, Source: no.source, Why: no.why, Approval: no.approval})
		}
	}
}

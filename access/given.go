package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
)

// holding returns the permission grants among those of a member that hold at an instant, the newest first: of what they
// say of one value or thing, the newest word counts.
func holding(given []*directory.Grant, at time.Time) []*directory.Grant {
	var hold []*directory.Grant
	for _, g := range given {
		if g.Kind == directory.GrantPermission && g.Permission != nil && !at.Before(g.Created) && (g.Ends.IsZero() || at.Before(g.Ends)) {
			hold = append(hold, g)
		}
	}
	slices.SortFunc(hold, func(a, b *directory.Grant) int {
		return cmp.Or(b.Created.Compare(a.Created), slices.Compare(b.ID[:], a.ID[:]))
	})
	return hold
}

// sourceOf names a permission grant.
func sourceOf(g *directory.Grant) Source {
	if !g.Permission.Update.IsZero() {
		return Source{Kind: KindUpdate, Name: g.Created.UTC().Format(time.DateOnly) + " by " + g.Actor, At: g.Permission.Update.String()}
	}
	s := Source{Kind: KindApproval, Name: "by " + g.Actor, At: g.Permission.Request.String()}
	if !g.Ends.IsZero() {
		s.Name += " until " + g.Ends.UTC().Format(time.RFC3339)
	}
	return s
}

// word is what a permission grant says of one thing.
type word int

const (
	silent    word = iota
	gives          // it is added, or in the list that takes the place of those of the permission sets
	narrows        // it is not in that list: no permission set gives it
	withholds      // it is removed: nobody gives it
)

// says returns what a permission grant says of a thing, and the level that it gives.
func says(p *directory.Permission, t Thing) (word, string) {
	of := func(lists map[string]directory.Value) (listed, has bool, level string) {
		for name, v := range lists {
			if kind, l := listKind(name); v.IsList && kind == t.Type {
				listed, level = true, l
				has = has || slices.Contains(v.List, t.ID)
			}
		}
		return listed, has, level
	}
	if _, has, _ := of(p.Remove); has {
		return withholds, ""
	}
	if _, has, level := of(p.Add); has {
		return gives, level
	}
	switch listed, has, level := of(p.Set); {
	case has:
		return gives, level
	case listed:
		return narrows, ""
	}
	return silent, ""
}

// hand is what the permission grants of a member come to for one thing.
type hand struct {
	word word
	by   *directory.Grant // the newest that speaks of it
	gave []grant          // every one that gives it, where it is given
	ends time.Time        // from then on an older word counts, which may say otherwise; zero for none
}

func (e *evaluation) hand(t Thing) hand {
	var h hand
	overruled := false // some word is not merely an addition
	for _, g := range e.given {
		w, level := says(g.Permission, t)
		if w == silent {
			continue
		}
		if h.by == nil {
			h.word, h.by = w, g
		}
		overruled = overruled || w != gives || setsList(g.Permission, t.Type)
		if w == gives {
			h.gave = append(h.gave, grant{source: sourceOf(g), level: level, until: g.Ends})
		}
	}
	if h.by != nil && overruled {
		h.ends = h.by.Ends
	}
	return h
}

// setsList reports whether a permission grant says which things of a type permission sets may give at all.
func setsList(p *directory.Permission, kind string) bool {
	for name, v := range p.Set {
		if of, _ := listKind(name); v.IsList && of == kind {
			return true
		}
	}
	return false
}

// why says why a thing is not given by what would give it.
func (h *hand) why(t Thing) string {
	s := sourceOf(h.by)
	if h.word == withholds {
		return s.words() + " takes " + t.Type + " " + t.ID + " away"
	}
	for name, v := range h.by.Permission.Set {
		if kind, _ := listKind(name); v.IsList && kind == t.Type {
			return s.words() + " leaves " + name + " at " + cmp.Or(strings.Join(v.List, ", "), "nothing")
		}
	}
	return s.words()
}

// spoken is one value that a permission grant sets in place of what permission sets say.
type spoken struct {
	limit
	until time.Time
}

// spoken returns what permission grants say of an action's level or size, the newest first.
func (e *evaluation) spoken() []spoken {
	var all []spoken
	for _, g := range e.given {
		for name, v := range g.Permission.Set {
			if !v.IsList && valueAction(name) == e.action {
				all = append(all, spoken{limit: limit{value: v, source: sourceOf(g)}, until: g.Ends})
			}
		}
	}
	return all
}

// handValue finds what permission grants say of the action, and reports whether they say anything: the newest word counts,
// in place of what permission sets say. Whoever else says yes is named too.
func (e *evaluation) handValue() bool {
	if len(e.given) == 0 {
		return false
	}
	all := e.spoken()
	if len(all) == 0 {
		return false
	}
	first := &all[0]
	e.ends = earlier(e.ends, first.until)
	enough := func(v directory.Value) bool { return v.Level == "true" }
	no := withheld{source: first.source, why: first.source.words() + " says " + levelWord(first.value.Level), approval: first.value.Level == approvalLevel}
	values := func(s *set) map[string]limit { return s.levels }
	if first.value.IsSize {
		size := e.question.Resource.Size
		e.limit = first.value.Size
		enough = func(v directory.Value) bool { return v.Size > 0 && size <= v.Size }
		no = withheld{source: first.source, why: first.source.words() + " allows " + directory.FormatSize(e.limit) + " at the most"}
		values = func(s *set) map[string]limit { return s.sizes }
	}
	if !enough(first.value) {
		e.no = append(e.no, no)
		return true
	}
	by := 0
	for _, s := range all {
		if enough(s.value) { // which decides, so that the answer names it before the role
			e.yes = slices.Insert(e.yes, by, grant{source: s.source, until: s.until})
			by++
		}
	}
	e.eachSet(values, func(l limit, r *directory.Reason) {
		if enough(l.value) {
			e.gives(l, r)
		}
	})
	return true
}

// approvalLevel is the level of a value that an admin may approve.
const approvalLevel = "admin_approval"

func levelWord(level string) string {
	if level == "false" {
		return "no"
	}
	return level
}

// handValues brings merged values in step with what permission grants say of them, the oldest word first.
func (e *evaluation) handValues(byName map[string]*Value) {
	for _, g := range slices.Backward(e.given) {
		source := sourceOf(g)
		for name, v := range g.Permission.Set {
			byName[name] = &Value{Name: name, Value: v}
			byName[name].attribute(value{name: name, limit: limit{value: v, source: source}})
		}
		for name, v := range g.Permission.Add {
			known := byName[name]
			if known == nil {
				known = &Value{Name: name, Value: directory.ListValue()}
				byName[name] = known
			}
			known.Value = known.Value.Merge(v)
			known.attribute(value{name: name, limit: limit{value: v, source: source}})
		}
		for name, v := range g.Permission.Remove {
			if known := byName[name]; known != nil {
				known.without(v.List)
			}
		}
	}
}

// without takes items out of a merged list.
func (v *Value) without(items []string) {
	v.Value = directory.ListValue(slices.DeleteFunc(slices.Clone(v.Value.List), func(i string) bool { return slices.Contains(items, i) })...)
	v.Items = slices.DeleteFunc(slices.Clone(v.Items), func(i Item) bool { return slices.Contains(items, i.Item) })
	v.From = slices.DeleteFunc(slices.Clone(v.From), func(s Source) bool {
		return !slices.ContainsFunc(v.Items, func(i Item) bool { return slices.Contains(i.From, s) })
	})
}

// handThings returns the things that permission grants speak of, by their type.
func handThings(given []*directory.Grant) map[string][]string {
	things := map[string][]string{}
	for _, g := range given {
		if g.Permission == nil {
			continue
		}
		for _, lists := range []map[string]directory.Value{g.Permission.Set, g.Permission.Add, g.Permission.Remove} {
			for name, v := range lists {
				if v.IsList {
					kind, _ := listKind(name)
					things[kind] = append(things[kind], v.List...)
				}
			}
		}
	}
	return things
}

// handActions returns the actions that permission grants speak of.
func handActions(given []*directory.Grant) []string {
	var actions []string
	for _, g := range given {
		if g.Permission == nil {
			continue
		}
		for name, v := range g.Permission.Set {
			if !v.IsList {
				actions = append(actions, valueAction(name))
			}
		}
	}
	return actions
}

// kindsOf returns every type of thing that the file or permission grants speak of, sorted.
func (p *Policy) kindsOf(given []*directory.Grant) []string {
	kinds := slices.AppendSeq(slices.Collect(maps.Keys(p.kinds)), maps.Keys(handThings(given)))
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

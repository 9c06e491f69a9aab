package mapping

import (
	"cmp"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// selectors numbers the groups that rules ask for, so that an account's groups are looked up once and every rule then
// only tests bits. The names are those of inGroup literals too.
type selectors struct {
	names     map[string]int // folded name → number
	externals map[string]int // externalId → number
	ids       map[directory.ID]int
	count     int
}

// selector is one group that a rule asks for.
type selector struct {
	number int
	name   string // folded; empty for an id
	id     string
	scim   directory.ID // the id as a SCIM id, where it has that form
	text   string       // as messages show it
}

func (s *selectors) add(conf config.Selector) selector {
	if s.names == nil {
		s.names, s.externals, s.ids = map[string]int{}, map[string]int{}, map[directory.ID]int{}
	}
	if conf.ID == "" {
		folded := directory.Fold(conf.Name)
		return selector{number: number(s, s.names, folded), name: folded, text: `"` + conf.Name + `"`}
	}
	sel := selector{number: number(s, s.externals, conf.ID), id: conf.ID, text: `"id:` + conf.ID + `"`}
	if id, ok := directory.ParseID(conf.ID); ok {
		s.ids[id] = sel.number
		sel.scim = id
	}
	return sel
}

func number[K comparable](s *selectors, of map[K]int, key K) int {
	n, ok := of[key]
	if !ok {
		n = s.count
		of[key] = n
		s.count++
	}
	return n
}

// groupSet is the set of selectors that an account's groups satisfy.
type groupSet []uint64

func (s groupSet) has(n int) bool { return s[n/64]&(1<<(n%64)) != 0 }
func (s groupSet) add(n int)      { s[n/64] |= 1 << (n % 64) }

func (s groupSet) hasAny(selectors []selector) bool {
	for i := range selectors {
		if s.has(selectors[i].number) {
			return true
		}
	}
	return false
}

// words returns how many words a groupSet needs.
func (s *selectors) words() int { return (s.count + 63) / 64 }

// fill sets the bits of every selector that one of the groups satisfies.
func (s *selectors) fill(set groupSet, groups []Group) {
	for i := range groups {
		g := &groups[i]
		for _, name := range g.Names {
			if n, ok := s.names[name]; ok {
				set.add(n)
			}
		}
		if len(s.externals) > 0 {
			if n, ok := s.externals[g.ExternalID]; ok && g.ExternalID != "" {
				set.add(n)
			}
			if n, ok := s.ids[g.ID]; ok {
				set.add(n)
			}
		}
	}
}

// find returns the group that satisfies the first satisfied selector, nil for none. Of several groups it takes the one
// that sorts first, so that the order in which an account lists its groups does not matter.
func find(selectors []selector, groups []Group) *Group {
	for i := range selectors {
		var best *Group
		for j := range groups {
			if g := &groups[j]; selectors[i].matches(g) && (best == nil || compareGroups(g, best) < 0) {
				best = g
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

func (s *selector) matches(g *Group) bool {
	if s.id != "" {
		return g.ExternalID == s.id || !s.scim.IsZero() && g.ID == s.scim
	}
	for _, name := range g.Names {
		if name == s.name {
			return true
		}
	}
	return false
}

// compareGroups puts direct groups before inherited ones, then goes by name and id.
func compareGroups(a, b *Group) int {
	return cmp.Or(strings.Compare(a.Via, b.Via), strings.Compare(a.Name, b.Name), strings.Compare(a.ExternalID, b.ExternalID), strings.Compare(string(a.ID[:]), string(b.ID[:])))
}

// texts joins selectors as messages show them.
func texts(selectors []selector) string {
	all := make([]string, len(selectors))
	for i := range selectors {
		all[i] = selectors[i].text
	}
	return strings.Join(all, ", ")
}

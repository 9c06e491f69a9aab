package access

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// unknownNamed is how many actions are named where none is near.
const unknownNamed = 12

// Unknown says that neither the file nor a member's grants speak of the action of a question, and which may be meant; it
// returns "" where they do. To such a question Can says no to everybody.
func (p *Policy) Unknown(q Question, grants ...*directory.Grant) string {
	a, _ := p.read(&q)
	if p.knows(a) || slices.Contains(handActions(grants), a.action) {
		return ""
	}
	text := "The organization's file speaks of no action \"" + q.Action + "\"; "
	if near := config.Nearest(q.Action, p.actionsLike(q, grants)); near != "" {
		return text + "did you mean " + near + "?"
	}
	if len(p.actions) == 0 {
		return text + "no role or permission set of it names any."
	}
	named := p.actions[:min(len(p.actions), unknownNamed)]
	text += "roles and permission sets name " + strings.Join(named, ", ")
	if more := len(p.actions) - len(named); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text + "."
}

// actionsLike returns the actions that may be meant by a question: with the word before the dot, or of the resource's type
// without it.
func (p *Policy) actionsLike(q Question, grants []*directory.Grant) []string {
	if !strings.Contains(q.Action, ".") {
		return slices.Sorted(maps.Keys(p.verbs[q.Resource.Type]))
	}
	all := append(slices.Clone(p.actions), handActions(grants)...)
	for word, kind := range p.nouns {
		for verb := range p.verbs[kind] {
			all = append(all, word+"."+verb)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

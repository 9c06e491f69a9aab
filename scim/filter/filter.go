package filter

import (
	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/scim/schema"
)

// Limits on a filter.
const (
	MaxText  = 4 << 10 // bytes
	MaxDepth = 32      // nested parentheses
	MaxTerms = 200     // comparisons
)

// Filter is a compiled filter. It is immutable and safe for concurrent use.
type Filter struct {
	match  predicate[*Record]
	lookup Lookup
	found  bool
}

// Parse compiles a filter over a resource type. Attribute names and operators may be in any case, and values without
// quotes are taken as providers send them. Errors are *directory.Error with Code "invalidFilter" that say where and what
// was expected; an unknown attribute is one of them, with the nearest known name, because a typo must neither list
// everyone nor silently nobody.
func Parse(res *schema.Resource, text string) (*Filter, error) {
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	match, err := compile(tree, func(e ast.Expression) (predicate[*Record], error) { return leaf(res, e) })
	if err != nil {
		return nil, err
	}
	f := &Filter{match: match}
	f.lookup, f.found = narrowest(res, tree)
	return f, nil
}

// Match reports whether a record matches.
func (f *Filter) Match(rec *Record) bool { return f.match(rec) }

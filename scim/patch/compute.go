package patch

import (
	"maps"

	"github.com/mixus/usher/scim/schema"
)

// compute returns the value of the operation's attribute after it; nil when the attribute is unassigned then.
func compute(op *Operation, before any) (any, error) {
	p := op.Path
	if !p.Attribute.MultiValued {
		return computeSingle(op, before)
	}
	elements, _ := before.([]any)
	var err error
	switch {
	case p.Sub == nil && p.ValueFilter == nil:
		elements = computeWhole(op, elements)
	case op.Op == Remove:
		elements, err = removeWithin(p, elements)
	default:
		elements, err = setWithin(op, elements)
	}
	if err != nil || len(elements) == 0 {
		return nil, err
	}
	return elements, nil
}

// computeSingle changes a single-valued attribute. A value filter on one, as in manager[value eq "id"], selects it or
// nothing.
func computeSingle(op *Operation, before any) (any, error) {
	p := op.Path
	selected := p.ValueFilter == nil || before != nil && p.ValueFilter.Match(before)
	object, _ := before.(map[string]any)
	switch {
	case op.Op == Remove && !selected:
		return before, nil
	case op.Op == Remove && p.Sub == nil:
		return nil, nil
	case op.Op == Remove:
		return orNil(removeSub(p.Attribute, object, p.Sub)), nil
	case !selected:
		made, err := create(op)
		if err != nil {
			return nil, err
		}
		return made, nil
	case p.Attribute.Type != schema.Complex:
		return op.Value, nil
	}
	return assign(op, object)
}

// computeWhole changes a multi-valued attribute as a whole.
func computeWhole(op *Operation, elements []any) []any {
	listed, _ := op.Value.([]any)
	switch {
	case op.Op == Add:
		return union(op.Path.Attribute, elements, listed)
	case op.Op == Replace:
		return listed
	case op.Value == nil:
		return nil
	}
	var kept []any
	for _, element := range elements {
		if !anyCovers(op.Path.Attribute, listed, element) {
			kept = append(kept, element)
		}
	}
	return kept
}

// anyCovers reports whether one of the listed elements names this one: everything it says, the element has.
func anyCovers(a *schema.Attribute, listed []any, element any) bool {
	for _, l := range listed {
		want, ok := l.(map[string]any)
		have, isObject := element.(map[string]any)
		if !ok || !isObject {
			if same(a, l, element) {
				return true
			}
			continue
		}
		covers := len(want) > 0
		for name, value := range want {
			covers = covers && same(a.SubAttribute(name), value, have[name])
		}
		if covers {
			return true
		}
	}
	return false
}

// removeWithin removes the elements that the value filter selects, or a sub-attribute of them.
func removeWithin(p *Path, elements []any) ([]any, error) {
	var kept []any
	for _, element := range elements {
		if p.ValueFilter != nil && !p.ValueFilter.Match(element) {
			kept = append(kept, element)
			continue
		}
		object, ok := element.(map[string]any)
		if p.Sub == nil || !ok {
			continue
		}
		rest := removeSub(p.Attribute, object, p.Sub)
		if err := allowedWithin(p.Attribute, object, rest); err != nil {
			return nil, err
		}
		if len(rest) > 0 {
			kept = append(kept, rest)
		}
	}
	return kept, nil
}

// setWithin sets the elements that the value filter selects, or a sub-attribute of them. Where there is none, one that
// the filter would select is made: Entra adds and replaces emails[type eq "work"].value without asking first.
func setWithin(op *Operation, elements []any) ([]any, error) {
	p := op.Path
	out := make([]any, 0, len(elements)+1)
	first := -1
	for _, element := range elements {
		if p.ValueFilter != nil && !p.ValueFilter.Match(element) {
			out = append(out, element)
			continue
		}
		if first < 0 {
			first = len(out)
		}
		changed := op.Value
		if object, ok := element.(map[string]any); ok {
			next, err := assign(op, object)
			if err != nil {
				return nil, err
			}
			if err := allowedWithin(p.Attribute, object, next); err != nil {
				return nil, err
			}
			changed = next
		}
		out = append(out, changed)
	}
	if first < 0 {
		made, err := create(op)
		if err != nil {
			return nil, err
		}
		return union(p.Attribute, elements, []any{made}), nil
	}
	if setsPrimary(op) {
		onePrimary(out, first)
	}
	return out, nil
}

// create makes the element that an operation with a value filter wants to set but does not find. Only a filter of eq
// terms says what it looks like.
func create(op *Operation) (any, error) {
	p := op.Path
	var element map[string]any
	if p.ValueFilter != nil {
		terms, ok := p.ValueFilter.Equalities()
		if !ok {
			return nil, noTarget(p)
		}
		if p.Attribute.Type != schema.Complex {
			return op.Value, nil
		}
		element = make(map[string]any, len(terms)+1)
		for _, term := range terms {
			if term.Sub == p.Sub && !same(term.Sub, term.Value, op.Value) || term.Sub.Mutability == schema.ReadOnly {
				return nil, noTarget(p)
			}
			if have, twice := element[term.Sub.Name]; twice && !equal(have, term.Value) {
				return nil, noTarget(p)
			}
			element[term.Sub.Name] = term.Value
		}
	}
	return assign(op, element)
}

func noTarget(p *Path) error {
	return coded("noTarget", p.String(), "No value of %s matches the filter of the path.", p.Attribute)
}

// assign returns an object after the operation's value was set in it: merged, or as one sub-attribute. Sub-attributes
// that the value does not name stay (RFC 7644, section 3.5.2.3).
func assign(op *Operation, object map[string]any) (map[string]any, error) {
	next := maps.Clone(object)
	if next == nil {
		next = map[string]any{}
	}
	if sub := op.Path.Sub; sub != nil {
		value := op.Value
		if elements, ok := value.([]any); ok && op.Op == Add && sub.MultiValued {
			have, _ := next[sub.Name].([]any)
			value = union(sub, have, elements)
		}
		put(op.Path.Attribute, next, map[string]any{sub.Name: value})
		return next, nil
	}
	value, ok := op.Value.(map[string]any)
	if !ok {
		return nil, coded("invalidValue", op.Path.String(), "%s must be an object here.", op.Path.Attribute)
	}
	put(op.Path.Attribute, next, value)
	return next, nil
}

// put merges values into an object. A "$ref" that pointed at the former value goes with it.
func put(a *schema.Attribute, object, values map[string]any) {
	if value, given := values["value"]; given && !equal(object["value"], value) && a.SubAttribute("$ref") != nil {
		delete(object, "$ref")
	}
	maps.Copy(object, values)
}

// removeSub returns an object without a sub-attribute. Without its value, an element that only says what kind of value it
// would be is no element any more.
func removeSub(a *schema.Attribute, object map[string]any, sub *schema.Attribute) map[string]any {
	if _, given := object[sub.Name]; !given {
		return object
	}
	next := maps.Clone(object)
	delete(next, sub.Name)
	if sub.Name != "value" || !a.MultiValued {
		return next
	}
	for name := range next {
		if name != "type" && name != "primary" && name != "display" {
			return next
		}
	}
	return nil
}

func orNil(object map[string]any) any {
	if len(object) == 0 {
		return nil
	}
	return object
}

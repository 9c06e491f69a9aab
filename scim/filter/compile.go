package filter

import (
	"strings"

	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/scim/schema"
)

// predicate decides about a record, or about one element of a multi-valued attribute.
type predicate[T any] func(T) bool

// compile turns the logic of a tree into a predicate; leaf compiles its comparisons and value paths.
func compile[T any](e ast.Expression, leaf func(ast.Expression) (predicate[T], error)) (predicate[T], error) {
	switch e := e.(type) {
	case *ast.NotExpression:
		inner, err := compile(e.Expression, leaf)
		if err != nil {
			return nil, err
		}
		return func(v T) bool { return !inner(v) }, nil
	case *ast.LogicalExpression:
		left, err := compile(e.Left, leaf)
		if err != nil {
			return nil, err
		}
		right, err := compile(e.Right, leaf)
		if err != nil {
			return nil, err
		}
		if e.Operator == ast.AND {
			return func(v T) bool { return left(v) && right(v) }, nil
		}
		return func(v T) bool { return left(v) || right(v) }, nil
	}
	return leaf(e)
}

// resolve finds the attribute that a path names.
func resolve(res *schema.Resource, path *ast.AttributePath) (attribute, sub *schema.Attribute, err error) {
	text := path.String()
	attribute, sub, ok := res.Find(text)
	if !ok {
		return nil, nil, unknown(text, res.Nearest(path.AttributeName))
	}
	return attribute, sub, nil
}

func unknown(name, nearest string) error {
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	if nearest == "" || strings.EqualFold(nearest, name) {
		return invalid(name, "The filter names an unknown attribute: %s.", name)
	}
	return invalid(name, "The filter names an unknown attribute: %s. Did you mean %s?", name, nearest)
}

// compared returns the attribute whose values a comparison looks at: a complex attribute without sub-attribute stands
// for its "value" (RFC 7644, section 3.4.2.2).
func compared(attribute, sub *schema.Attribute, op ast.CompareOperator) (*schema.Attribute, error) {
	switch {
	case sub != nil:
		return sub, nil
	case attribute.Type != schema.Complex || op == ast.PR:
		return nil, nil
	}
	value := attribute.SubAttribute("value")
	if value == nil {
		return nil, invalid(attribute.String(), "%s cannot be compared as a whole. Name one of its sub-attributes.", attribute)
	}
	return value, nil
}

// leaf compiles a comparison or a value path over records.
func leaf(res *schema.Resource, e ast.Expression) (predicate[*Record], error) {
	switch e := e.(type) {
	case *ast.AttributeExpression:
		attribute, sub, err := resolve(res, &e.AttributePath)
		if err != nil {
			return nil, err
		}
		return compareRecord(res, attribute, sub, e)
	case *ast.ValuePath:
		attribute, sub, err := resolve(res, &e.AttributePath)
		if err != nil {
			return nil, err
		}
		if sub != nil {
			return nil, invalid(attribute.String(), "%s cannot be followed by brackets. Put them behind %s.", sub, attribute)
		}
		element, err := newElement(attribute, e.ValueFilter)
		if err != nil {
			return nil, err
		}
		if isMembers(attribute) {
			return membersMatch(element)
		}
		values := source(res, attribute)
		return func(rec *Record) bool { return anyOf(values(rec), element.match) }, nil
	}
	return nil, invalid("", "The filter cannot be understood.")
}

// compareRecord compiles a comparison of an attribute of a record.
func compareRecord(res *schema.Resource, attribute, sub *schema.Attribute, e *ast.AttributeExpression) (predicate[*Record], error) {
	if isMembers(attribute) {
		return compareMembers(sub, e)
	}
	sub, err := compared(attribute, sub, e.Operator)
	if err != nil {
		return nil, err
	}
	of := attribute
	if sub != nil {
		of = sub
	}
	c, err := newComparison(of, e)
	if err != nil {
		return nil, err
	}
	values := source(res, attribute)
	return func(rec *Record) bool { return c.matches(values(rec), sub) }, nil
}

// matches reports whether the value of an attribute passes: any of its elements, or its absence.
func (c *comparison) matches(value any, sub *schema.Attribute) bool {
	some := false
	hit := anyOf(value, func(v any) bool {
		if sub != nil {
			object, ok := v.(map[string]any)
			if !ok {
				return false
			}
			v = object[sub.Name]
		}
		if elements, ok := v.([]any); ok {
			some = some || len(elements) > 0
			return anyOf(elements, c.test)
		}
		some = some || v != nil
		return v != nil && c.test(v)
	})
	return hit || !some && c.absent
}

// anyOf applies a test to a value, or to the elements of an array until one passes.
func anyOf(value any, test func(any) bool) bool {
	elements, ok := value.([]any)
	if !ok {
		return value != nil && test(value)
	}
	for _, v := range elements {
		if v != nil && test(v) {
			return true
		}
	}
	return false
}

package filter

import (
	"strings"

	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/scim/schema"
)

// Element is a compiled value filter: what stands in brackets behind an attribute, as in emails[type eq "work"]. It is
// immutable and safe for concurrent use.
type Element struct {
	attribute *schema.Attribute
	tree      ast.Expression
	match     predicate[any]
}

// Equality is one eq term of a value filter. Value has the type of the sub-attribute.
type Equality struct {
	Sub   *schema.Attribute // nil where the elements are simple values
	Value any
}

// ParseElement compiles a value filter over the elements of an attribute. Errors are *directory.Error with Code
// "invalidFilter".
func ParseElement(attribute *schema.Attribute, text string) (*Element, error) {
	tree, err := parseInner(text)
	if err != nil {
		return nil, err
	}
	return newElement(attribute, tree)
}

func newElement(attribute *schema.Attribute, tree ast.Expression) (*Element, error) {
	if attribute.Type != schema.Complex && !attribute.MultiValued {
		return nil, invalid(attribute.String(), "%s has one simple value, so there is nothing to select in brackets.", attribute)
	}
	e := &Element{attribute: attribute, tree: tree}
	match, err := compile(tree, e.leaf)
	e.match = match
	return e, err
}

// Match reports whether an element, a map or a simple value, matches.
func (e *Element) Match(element any) bool { return e.match(element) }

// String returns the value filter in canonical form, without brackets.
func (e *Element) String() string { return render(e.tree) }

// leaf compiles a comparison of a sub-attribute.
func (e *Element) leaf(tree ast.Expression) (predicate[any], error) {
	term, ok := tree.(*ast.AttributeExpression)
	if !ok {
		return nil, invalid(e.attribute.String(), "Brackets behind %s do not nest.", e.attribute)
	}
	sub, err := e.sub(term)
	if err != nil {
		return nil, err
	}
	of := sub
	if of == nil {
		of = e.attribute
	}
	c, err := newComparison(of, term)
	if err != nil {
		return nil, err
	}
	return func(v any) bool { return c.matches(v, sub) }, nil
}

// sub finds the sub-attribute of a term; nil where the elements are simple and the term says "value".
func (e *Element) sub(term *ast.AttributeExpression) (*schema.Attribute, error) {
	name := term.AttributePath.AttributeName
	plain := term.AttributePath.URIPrefix == nil && term.AttributePath.SubAttribute == nil
	if sub := e.attribute.SubAttribute(name); sub != nil && plain {
		return sub, nil
	}
	if plain && e.attribute.Type != schema.Complex && strings.EqualFold(name, "value") {
		return nil, nil
	}
	return nil, invalid(e.attribute.String(), "%s has no sub-attribute %s.", e.attribute, term.AttributePath.String())
}

// Equalities returns the terms when the filter is nothing but eq terms joined by "and", so that an element can be made
// that matches it.
func (e *Element) Equalities() ([]Equality, bool) { return e.equalities(e.tree, ast.AND, nil) }

// AnyOf returns the values when the filter is nothing but eq terms on one sub-attribute joined by "or".
func (e *Element) AnyOf() (sub *schema.Attribute, values []string, ok bool) {
	terms, ok := e.equalities(e.tree, ast.OR, nil)
	if !ok {
		return nil, nil, false
	}
	for _, term := range terms {
		text, isText := term.Value.(string)
		if term.Sub != terms[0].Sub || !isText {
			return nil, nil, false
		}
		values = append(values, text)
	}
	return terms[0].Sub, values, true
}

// equalities collects the eq terms of a tree that knows no other operator than op.
func (e *Element) equalities(tree ast.Expression, op ast.LogicalOperator, terms []Equality) ([]Equality, bool) {
	switch tree := tree.(type) {
	case *ast.LogicalExpression:
		if tree.Operator != op {
			return nil, false
		}
		terms, ok := e.equalities(tree.Left, op, terms)
		if !ok {
			return nil, false
		}
		return e.equalities(tree.Right, op, terms)
	case *ast.AttributeExpression:
		sub, err := e.sub(tree)
		if err != nil || tree.Operator != ast.EQ || tree.CompareValue == nil {
			return nil, false
		}
		of := sub
		if of == nil {
			of = e.attribute
		}
		return append(terms, Equality{sub, literal(of, tree.CompareValue)}), true
	}
	return nil, false
}

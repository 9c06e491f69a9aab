package filter

import (
	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/schema"
)

// LookupKind says which index answers a look-up.
type LookupKind byte

// The kinds of look-up.
const (
	LookupAttribute LookupKind = 'a' // Lookup.Attribute names an indexed attribute
	LookupID        LookupKind = 'i' // the resource's id
	LookupMember    LookupKind = 'm' // groups that have the member Value
)

// Lookup is an equality that an index can answer.
type Lookup struct {
	Kind      LookupKind
	Attribute directory.Attribute // AttrUserName, AttrExternalID, AttrEmail or AttrDisplayName
	Value     string              // in the index's form: folded where the attribute is compared without case
	Exact     bool                // the look-up alone is the whole filter; otherwise Match decides over the hits
}

// Lookup returns the equality that narrows the filter most, if any: the filter itself, or a term of a top-level "and".
// Every record that matches the filter is among the hits of the look-up.
func (f *Filter) Lookup() (Lookup, bool) { return f.lookup, f.found }

// narrowest walks the terms that a record must all pass, and picks the look-up with the fewest hits to expect.
func narrowest(res *schema.Resource, tree ast.Expression) (Lookup, bool) {
	switch e := tree.(type) {
	case *ast.LogicalExpression:
		if e.Operator != ast.AND {
			return Lookup{}, false
		}
		left, leftFound := narrowest(res, e.Left)
		right, rightFound := narrowest(res, e.Right)
		if !leftFound || rightFound && right.rank() < left.rank() {
			left, leftFound = right, rightFound
		}
		left.Exact = false
		return left, leftFound
	case *ast.AttributeExpression:
		attribute, sub, ok := res.Find(e.AttributePath.String())
		if !ok || e.Operator != ast.EQ {
			return Lookup{}, false
		}
		value, isText := literal(attribute, e.CompareValue).(string)
		if !isText {
			return Lookup{}, false
		}
		return lookup(attribute, sub, value, true)
	case *ast.ValuePath:
		return insideBrackets(res, e)
	}
	return Lookup{}, false
}

// insideBrackets finds the "value eq" among the terms that an element must all pass.
func insideBrackets(res *schema.Resource, e *ast.ValuePath) (Lookup, bool) {
	attribute, _, ok := res.Find(e.AttributePath.String())
	if !ok {
		return Lookup{}, false
	}
	element := &Element{attribute: attribute, tree: e.ValueFilter}
	terms, ok := element.equalities(e.ValueFilter, ast.AND, nil)
	if !ok {
		return Lookup{}, false
	}
	for _, term := range terms {
		value, isText := term.Value.(string)
		if isText && term.Sub != nil && term.Sub.Name == "value" {
			return lookup(attribute, term.Sub, value, len(terms) == 1)
		}
	}
	return Lookup{}, false
}

// lookup says which index answers an equality of an attribute.
func lookup(attribute, sub *schema.Attribute, value string, exact bool) (Lookup, bool) {
	l := Lookup{Kind: LookupAttribute, Value: value, Exact: exact}
	byValue := sub == nil || sub.Name == "value"
	switch {
	case attribute.Extension || !byValue:
		return Lookup{}, false
	case attribute.URN == "" && attribute.Name == nameID:
		l.Kind = LookupID
	case attribute.URN == "" && attribute.Name == nameExternalID:
		l.Attribute = directory.AttrExternalID
	case attribute.Name == "userName":
		l.Attribute, l.Value = directory.AttrUserName, directory.Fold(value)
	case attribute.Name == "displayName":
		l.Attribute, l.Value = directory.AttrDisplayName, directory.Fold(value)
	case attribute.Name == "emails":
		l.Attribute, l.Value = directory.AttrEmail, directory.Fold(value)
	case isMembers(attribute):
		l.Kind = LookupMember
	default:
		return Lookup{}, false
	}
	return l, true
}

// rank orders look-ups by how many records share one value.
func (l Lookup) rank() int {
	switch {
	case l.Kind == LookupID:
		return 0
	case l.Attribute == directory.AttrExternalID:
		return 1
	case l.Attribute == directory.AttrUserName:
		return 2
	case l.Attribute == directory.AttrEmail:
		return 3
	case l.Kind == LookupMember:
		return 4
	}
	return 5
}

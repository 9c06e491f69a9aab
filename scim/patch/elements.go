package patch

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/filter"
	"github.com/mixus/usher/scim/schema"
)

// union returns the elements of a multi-valued attribute with others added. An element that is there already, by value
// and type, takes the sub-attributes of the added one instead of appearing twice (RFC 7643, section 2.4). One that is
// added as primary takes that from the others.
func union(a *schema.Attribute, elements, added []any) []any {
	out := slices.Clone(elements)
	places := make(map[string]int, len(out)+len(added))
	for i, element := range slices.Backward(out) {
		places[identity(a, element)] = i
	}
	primary := -1
	for _, element := range added {
		key := identity(a, element)
		i, known := places[key]
		if !known {
			i = len(out)
			places[key] = i
			out = append(out, element)
		} else if object, ok := element.(map[string]any); ok {
			have, _ := out[i].(map[string]any)
			merged := maps.Clone(have)
			put(a, merged, object)
			out[i] = merged
		}
		if isPrimary(element) {
			primary = i
		}
	}
	if primary >= 0 {
		onePrimary(out, primary)
	}
	return out
}

// identity returns a text that two elements share when they stand for the same value: the same value and type, or, where
// elements have no value, the same in everything.
func identity(a *schema.Attribute, element any) string {
	object, ok := element.(map[string]any)
	switch {
	case !ok:
		return key(a, element)
	case object["value"] == nil:
		return "=" + key(nil, element)
	}
	return key(a.SubAttribute("value"), object["value"]) + "\x00" + key(a.SubAttribute("type"), object["type"])
}

// key returns a text that equal values of an attribute share.
func key(a *schema.Attribute, value any) string {
	text, ok := value.(string)
	switch {
	case ok && foldable(a):
		return directory.Fold(text)
	case ok:
		return text
	case value == nil:
		return ""
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}

// foldable reports whether the values of an attribute are compared without case.
func foldable(a *schema.Attribute) bool {
	return a != nil && !a.CaseExact && (a.Type == schema.String || a.Type == schema.Reference)
}

// same compares two values of an attribute, without case where it is compared so.
func same(a *schema.Attribute, x, y any) bool {
	if xs, ok := x.(string); ok && foldable(a) {
		ys, ok := y.(string)
		return ok && directory.Fold(xs) == directory.Fold(ys)
	}
	return equal(x, y)
}

func isPrimary(element any) bool {
	object, ok := element.(map[string]any)
	return ok && object["primary"] == true
}

// setsPrimary reports whether an operation makes elements primary.
func setsPrimary(op *Operation) bool {
	if op.Path.Sub != nil {
		return op.Path.Sub.Name == "primary" && op.Value == true
	}
	return isPrimary(op.Value)
}

// onePrimary takes "primary" from all elements but one. It changes the slice, not the elements.
func onePrimary(elements []any, keep int) {
	for i, element := range elements {
		if i != keep && isPrimary(element) {
			object, _ := element.(map[string]any)
			object = maps.Clone(object)
			object["primary"] = false
			elements[i] = object
		}
	}
}

// equal compares two JSON values. Numbers are equal by value, however they are written.
func equal(x, y any) bool {
	switch x := x.(type) {
	case map[string]any:
		y, ok := y.(map[string]any)
		return ok && maps.EqualFunc(x, y, equal)
	case []any:
		y, ok := y.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	case json.Number:
		y, ok := y.(json.Number)
		return ok && filter.CompareNumbers(x, y) == 0
	}
	switch y.(type) {
	case map[string]any, []any:
		return false
	}
	return x == y
}

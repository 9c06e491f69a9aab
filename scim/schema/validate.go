package schema

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
)

// Validate checks a whole resource as POST and PUT carry it, after normalizing: types, required attributes, nothing
// unknown. attrs holds canonical names, extensions nested under their URN. Errors are *directory.Error with Code
// "invalidValue" and the attribute in Field.
//
// The library has the last word on the type of each value. It is asked attribute by attribute, because its own walk over
// a resource compares every attribute with every key, and does not say which one is wrong.
func (r *Resource) Validate(attrs map[string]any) error {
	known, err := checkAll(r.Attributes, attrs)
	if err != nil {
		return err
	}
	for _, e := range r.Extensions {
		value, given := attrs[e.URN]
		if !given {
			continue
		}
		known++
		nested, ok := value.(map[string]any)
		if !ok {
			return invalid(e.URN, "The extension %s must be an object.", e.URN)
		}
		n, err := checkAll(e.Attributes, nested)
		if err != nil {
			return err
		}
		if n != len(nested) {
			return invalid(e.URN, "The extension %s has an attribute that its schema does not declare.", e.URN)
		}
	}
	if known != len(attrs) {
		return invalid("", "The %s has an attribute that its schema does not declare.", strings.ToLower(r.Name))
	}
	return nil
}

// checkAll checks the attributes that are there and misses those that are required. It returns how many were there.
func checkAll(attributes []*Attribute, attrs map[string]any) (int, error) {
	known := 0
	for _, a := range attributes {
		value, given := attrs[a.Name]
		if given {
			known++
		}
		if value == nil {
			if a.Required && a.Mutability != ReadOnly {
				return 0, missing(a)
			}
			continue
		}
		if err := a.Check(value); err != nil {
			return 0, err
		}
		if a.Parent == nil && !a.confirm(value) {
			return 0, mistyped(a)
		}
	}
	return known, nil
}

// confirm asks the library about a value that was found to be right.
func (a *Attribute) confirm(value any) bool {
	if a.definition == nil {
		return true
	}
	elements, ok := value.([]any)
	if !ok {
		elements = []any{value}
	}
	for _, element := range elements {
		if _, err := a.definition.ValidateSingular(element); err != nil {
			return false
		}
	}
	return true
}

// MaxValues is how many values a multi-valued attribute may have. Members of a group are no values in this sense.
const MaxValues = 1000

// Check reports, as a *directory.Error, whether a value has the type of the attribute: an array for a multi-valued one,
// a map with canonical names for a complex one.
func (a *Attribute) Check(value any) error {
	if !a.MultiValued {
		return a.CheckOne(value)
	}
	elements, ok := value.([]any)
	if !ok {
		return mistyped(a)
	}
	if a.Required && len(elements) == 0 {
		return missing(a)
	}
	if len(elements) > MaxValues {
		return invalid(a.String(), "%s has more than %d values.", a, MaxValues)
	}
	for _, element := range elements {
		if err := a.CheckOne(element); err != nil {
			return err
		}
	}
	return nil
}

// CheckOne is Check for a single value, or one element of a multi-valued attribute.
func (a *Attribute) CheckOne(value any) error {
	ok := false
	switch a.Type {
	case Complex:
		return a.checkComplex(value)
	case Boolean:
		_, ok = value.(bool)
	case Integer:
		ok = isInteger(value)
	case Decimal:
		switch value.(type) {
		case json.Number, float64, int64, int:
			ok = true
		}
	case DateTime:
		text, isText := value.(string)
		if isText {
			_, ok = ParseTime(text)
		}
	case String, Reference, Binary:
		text, isText := value.(string)
		if isText && a.Required && strings.TrimSpace(text) == "" {
			return missing(a)
		}
		ok = isText
	}
	if !ok {
		return mistyped(a)
	}
	return nil
}

func (a *Attribute) checkComplex(value any) error {
	nested, ok := value.(map[string]any)
	if !ok {
		return mistyped(a)
	}
	n, err := checkAll(a.Sub, nested)
	if err != nil {
		return err
	}
	if n != len(nested) {
		return invalid(a.String(), "%s has a sub-attribute that its schema does not declare.", a)
	}
	return nil
}

func isInteger(value any) bool {
	switch n := value.(type) {
	case json.Number:
		_, err := n.Int64()
		return err == nil
	case int, int64:
		return true
	case float64:
		return n == float64(int64(n))
	}
	return false
}

// ParseTime reads a dateTime (RFC 7643, section 2.3.5). A value without a zone is taken as UTC.
func ParseTime(text string) (time.Time, bool) {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Describe says in words what a value of the attribute looks like, for error messages: "a boolean", "an array of
// objects".
func (a *Attribute) Describe() string {
	one, many := "a string", "strings"
	switch a.Type {
	case Boolean:
		one, many = "a boolean (true or false)", "booleans"
	case Integer:
		one, many = "an integer", "integers"
	case Decimal:
		one, many = "a number", "numbers"
	case DateTime:
		one, many = "a dateTime such as 2026-01-31T08:00:00Z", "dateTimes"
	case Complex:
		one, many = "an object", "objects"
	case String, Reference, Binary:
	}
	if a.MultiValued {
		return "an array of " + many
	}
	return one
}

func mistyped(a *Attribute) *directory.Error {
	return invalid(a.String(), "%s must be %s.", a, a.Describe())
}

func missing(a *Attribute) *directory.Error {
	return invalid(a.String(), "%s is required. Send it with a value.", a)
}

func invalid(field, format string, args ...any) *directory.Error {
	e := directory.Errorf(directory.Invalid, format, args...)
	e.Code, e.Field = "invalidValue", field
	return e
}

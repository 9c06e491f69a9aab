package dialect

import (
	"slices"
	"strings"

	"github.com/mixus/usher/scim/schema"
)

// normalizer turns values as clients send them into values as the schema wants them. It lives for one body.
type normalizer struct {
	res   *schema.Resource
	notes []string
}

// maxNotes is how many notes one body can leave behind.
const maxNotes = 50

// note remembers what was rewritten or dropped about an attribute. It never holds a value.
func (n *normalizer) note(name, what string) {
	line := name + ": " + what
	if len(n.notes) < maxNotes && !slices.Contains(n.notes, line) {
		n.notes = append(n.notes, line)
	}
}

// unknown notes that an attribute which the schema does not have was dropped. The name comes from the client, so only
// what looks like a name is repeated.
func (n *normalizer) unknown(name string) { n.note(printable(name), "unknown attribute, dropped") }

func printable(name string) string {
	clean := func(c rune) bool {
		return c < 128 && (c == '_' || c == '-' || c == '.' || c == ':' || c == '$' ||
			'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
	}
	if i := strings.IndexFunc(name, func(c rune) bool { return !clean(c) }); i >= 0 {
		name = name[:i] + "…"
	}
	if len(name) > 128 {
		name = name[:128] + "…"
	}
	return name
}

// value normalizes the value of an attribute. A nil outcome means that the value says "unassigned": null, an empty
// array, or an empty object or text where a complex value belongs (RFC 7643, section 2.5).
func (n *normalizer) value(a *schema.Attribute, raw any) (any, error) {
	if raw == nil {
		return nil, nil
	}
	if !a.MultiValued {
		return n.one(a, raw)
	}
	elements, err := n.many(a, raw)
	if err != nil || len(elements) == 0 {
		return nil, err
	}
	return elements, nil
}

// many normalizes the value of a multi-valued attribute.
func (n *normalizer) many(a *schema.Attribute, raw any) ([]any, error) {
	var list []any
	switch v := raw.(type) {
	case []any:
		list = v
	case string:
		if v == "" {
			n.note(a.String(), "an empty text was taken as no value")
			return nil, nil
		}
		if parsed, ok := embedded(v); ok {
			n.note(a.String(), "JSON inside a text was unpacked")
			return n.many(a, parsed)
		}
		list = []any{v}
	default:
		n.note(a.String(), "a single value was taken as an array")
		list = []any{v}
	}
	if len(list) > schema.MaxValues {
		return nil, valueError(a.String(), "%s has more than %d values.", a, schema.MaxValues)
	}
	out := make([]any, 0, len(list))
	primary := false
	for _, element := range list {
		v, err := n.one(a, element)
		if err != nil {
			return nil, err
		}
		if v == nil || n.hollow(a, v) {
			continue
		}
		if object, ok := v.(map[string]any); ok && object["primary"] == true {
			if primary {
				n.note(a.String(), "more than one value was primary, the first was kept so")
				delete(object, "primary")
			}
			primary = true
		}
		out = append(out, v)
	}
	return out, nil
}

// hollow reports whether an element of a multi-valued attribute has a type but no value, as in
// {"type": "work", "value": null}, which providers send for an address that is not there.
func (n *normalizer) hollow(a *schema.Attribute, v any) bool {
	object, ok := v.(map[string]any)
	if !ok || a.SubAttribute("value") == nil {
		return false
	}
	for name, value := range object {
		switch name {
		case "type", "primary", "display":
		case "value":
			if value != "" {
				return false
			}
		default:
			return false
		}
	}
	n.note(a.String(), "an element without a value was dropped")
	return true
}

// embedded reads a text that holds a JSON object or array.
func embedded(text string) (any, bool) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed[0] != '[' && trimmed[0] != '{' {
		return nil, false
	}
	r := readerOf([]byte(trimmed))
	v, err := r.value()
	if err != nil || r.end() != nil {
		return nil, false
	}
	return v, true
}

// one normalizes a single value, or one element of a multi-valued attribute.
func (n *normalizer) one(a *schema.Attribute, raw any) (any, error) {
	if raw == nil {
		return nil, nil
	}
	if a.Type == schema.Complex {
		return n.complex(a, raw)
	}
	raw, err := n.unwrap(a, raw)
	if err != nil || raw == nil {
		return nil, err
	}
	switch a.Type {
	case schema.Boolean:
		return n.boolean(a, raw)
	case schema.Integer, schema.Decimal:
		return n.number(a, raw)
	case schema.DateTime:
		return n.dateTime(a, raw)
	case schema.String, schema.Reference, schema.Binary, schema.Complex:
	}
	return n.text(a, raw)
}

// unwrap takes a simple value out of an array of one, or out of an object with nothing but a value, which is how some
// providers send every value of a PATCH.
func (n *normalizer) unwrap(a *schema.Attribute, raw any) (any, error) {
	switch v := raw.(type) {
	case []any:
		if len(v) > 1 {
			return nil, wrongType(a)
		}
		n.note(a.String(), "an array was taken as its only value")
		if len(v) == 0 {
			return nil, nil
		}
		return n.unwrap(a, v[0])
	case object:
		var value any
		for _, f := range v {
			switch {
			case strings.EqualFold(f.name, "value"):
				value = f.value
			case f.value != nil:
				return nil, wrongType(a)
			}
		}
		if _, nested := value.(object); nested || len(v) == 0 {
			return nil, wrongType(a)
		}
		n.note(a.String(), "an object was taken as its value")
		return n.unwrap(a, value)
	}
	return raw, nil
}

// complex normalizes an object. A text or number stands for its "value", or for the formatted name.
func (n *normalizer) complex(a *schema.Attribute, raw any) (any, error) {
	switch v := raw.(type) {
	case object:
		return n.fields(a, v)
	case []any:
		if len(v) > 1 {
			return nil, wrongType(a)
		}
		n.note(a.String(), "an array was taken as its only value")
		if len(v) == 0 {
			return nil, nil
		}
		return n.complex(a, v[0])
	case string:
		if v == "" {
			n.note(a.String(), "an empty text was taken as no value")
			return nil, nil
		}
		if parsed, ok := embedded(v); ok {
			n.note(a.String(), "JSON inside a text was unpacked")
			return n.complex(a, parsed)
		}
	case bool:
		return nil, wrongType(a)
	case nil:
		return nil, nil
	}
	for _, name := range [...]string{"value", "formatted"} {
		if sub := a.SubAttribute(name); sub != nil {
			n.note(a.String(), "a plain value was taken as "+name)
			value, err := n.one(sub, raw)
			if err != nil || value == nil {
				return nil, err
			}
			return map[string]any{sub.Name: value}, nil
		}
	}
	return nil, wrongType(a)
}

// fields normalizes the sub-attributes of an object.
func (n *normalizer) fields(a *schema.Attribute, fields object) (any, error) {
	out := make(map[string]any, len(fields))
	var seen [16]*schema.Attribute
	known := seen[:0]
	for _, f := range fields {
		sub := a.SubAttribute(f.name)
		if sub == nil {
			n.unknown(a.String() + "." + printable(f.name))
			continue
		}
		if slices.Contains(known, sub) {
			return nil, syntaxError("%s is given twice.", sub)
		}
		known = append(known, sub)
		if sub.Mutability == schema.ReadOnly {
			continue
		}
		value, err := n.value(sub, f.value)
		if err != nil {
			return nil, err
		}
		// An object whose value is "" is how providers say that there is no manager.
		if value != nil && (value != "" || sub.Name != "value" || a.MultiValued) {
			out[sub.Name] = value
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

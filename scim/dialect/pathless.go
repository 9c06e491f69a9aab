package dialect

import (
	"errors"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/patch"
	"github.com/mixus/usher/scim/schema"
)

// pathless takes an operation on the resource itself apart: each key of its value becomes an operation of its own. Keys
// may have dots, URNs and brackets, as Entra sends them. What a provider merely echoes (id, meta, groups) and what the
// schema does not know is dropped, because one such key must not fail the rest.
func (p *patcher) pathless(o operation) error {
	fields, err := p.attributesOf(o)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if err := p.key(o.op, f); err != nil {
			return err
		}
	}
	return nil
}

// attributesOf returns the attributes in the value of an operation without path.
func (p *patcher) attributesOf(o operation) (object, error) {
	if o.op == patch.Remove && o.value == nil {
		e := directory.Errorf(directory.Invalid, "A remove operation needs a path that says what to remove.")
		e.Code, e.Field = "noTarget", "path"
		return nil, e
	}
	value := o.value
	if text, ok := value.(string); ok {
		if parsed, ok := embedded(text); ok {
			p.note("value", "JSON inside a text was unpacked")
			value = parsed
		}
	}
	if list, ok := value.([]any); ok && len(list) == 1 {
		p.note("value", "an array was taken as its only value")
		value = list[0]
	}
	fields, ok := value.(object)
	if !ok {
		return nil, valueError("value", "An operation without path needs an object of attributes as its value.")
	}
	seen := make(map[string]bool, len(fields))
	for _, f := range fields {
		lower := strings.ToLower(f.name)
		if seen[lower] {
			return nil, syntaxError("%s is given twice in one operation.", printable(f.name))
		}
		seen[lower] = true
	}
	return fields, nil
}

// key turns one key of a pathless value into an operation.
func (p *patcher) key(op patch.Op, f field) error {
	path, err := patch.ParsePath(p.res, f.name)
	var refused *directory.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "invalidPath":
		p.unknown(f.name)
		return nil
	case err != nil:
		return err
	case path.Attribute == nil && p.res.IsCore(path.URN):
		p.unknown(f.name)
		return nil
	case path.Attribute == nil:
		return p.extension(operation{op: op, value: f.value, given: true}, path.URN)
	case p.echoed(path):
		return nil
	}
	return p.targeted(operation{op: op, path: f.name, value: f.value, given: true}, path)
}

// echoed reports whether a key of a pathless value is dropped without a word or with a note.
func (p *patcher) echoed(path *patch.Path) bool {
	a := path.Attribute
	if p.discards(a) {
		return true
	}
	if a.Name == nameMembers && a.URN == schema.GroupURN {
		p.note(path.String(), "not kept, dropped")
		return true
	}
	if !readOnly(path) {
		return false
	}
	if a.URN != "" && a.Name != "groups" {
		p.note(path.String(), "read-only, dropped")
	}
	return true
}

// extension takes an operation on a whole extension apart.
func (p *patcher) extension(o operation, urn string) error {
	value := o.value
	if text, ok := value.(string); ok {
		if parsed, ok := embedded(text); ok {
			p.note(urn, "JSON inside a text was unpacked")
			value = parsed
		}
	}
	fields, ok := value.(object)
	switch {
	case ok:
	case o.op == patch.Remove, value == nil && o.given, value == "":
		return p.append(patch.Operation{Op: patch.Remove, Path: &patch.Path{URN: urn}})
	default:
		return valueError(urn, "%s must be an object with the attributes of the extension.", urn)
	}
	for _, f := range fields {
		name := f.name
		if !strings.ContainsRune(name, ':') {
			name = urn + ":" + name
		}
		if err := p.key(o.op, field{name, f.value}); err != nil {
			return err
		}
	}
	return nil
}

package dialect

import (
	"fmt"
	"strings"

	"github.com/mixus/usher/scim/patch"
	"github.com/mixus/usher/scim/schema"
)

// Limits on one PATCH. Values are those of multi-valued attributes, in all operations together; the members of a group
// are not counted.
const (
	MaxOperations = 1000 // counting each attribute of an operation without path
	MaxValues     = 5000
)

// Patch is a PATCH of a user, normalized.
type Patch struct {
	Ops   []patch.Operation
	Notes []string
}

// UserPatch reads a PATCH body for a user. An empty list of operations is a patch that changes nothing. Errors are
// *directory.Error with Code invalidSyntax, invalidPath, invalidValue, invalidFilter, noTarget, mutability or tooMany.
func UserPatch(res *schema.Resource, body []byte) (*Patch, error) {
	p := patcher{normalizer: normalizer{res: res}}
	err := p.body(readerOf(body), func(r *reader) error {
		o, err := readOperation(r)
		if err != nil {
			return err
		}
		return p.operation(o)
	})
	if err != nil {
		return nil, err
	}
	return &Patch{Ops: p.ops, Notes: p.notes}, nil
}

// patcher collects the operations of one body.
type patcher struct {
	normalizer
	ops    []patch.Operation
	count  int // of operations in the body
	values int // of multi-valued attributes
}

// operation is one operation as it was sent.
type operation struct {
	op    patch.Op
	path  string // "" for none
	value any
	given bool // there is a value, be it null
}

// body reads the envelope and hands each operation to fn.
func (p *patcher) body(r *reader, fn func(*reader) error) error {
	found, schemas := false, false
	err := r.object(func(key string) error {
		switch {
		case strings.EqualFold(key, nameSchemas):
			schemas = true
		case strings.EqualFold(key, "Operations"):
			if found {
				return syntaxError("Operations is given twice.")
			}
			found = true
			return p.list(r, fn)
		}
		return r.skip()
	})
	if err != nil {
		return err
	}
	if !schemas {
		p.note(nameSchemas, "absent")
	}
	if !found {
		return syntaxError("The body must have Operations, an array of operations.")
	}
	return r.end()
}

// list reads the operations, also a single one that is not in an array.
func (p *patcher) list(r *reader, fn func(*reader) error) error {
	counted := func() error {
		if p.count++; p.count > MaxOperations {
			return tooMany()
		}
		return fn(r)
	}
	c, err := r.next("an array of operations")
	if err != nil {
		return err
	}
	switch c {
	case '{':
		p.note("Operations", "a single operation was taken as an array")
		return counted()
	case 'n':
		p.note("Operations", "none, nothing to change")
		return r.skip()
	}
	if err := r.array(counted); err != nil {
		return err
	}
	if p.count == 0 {
		p.note("Operations", "none, nothing to change")
	}
	return nil
}

func tooMany() error {
	return codedError("tooMany", fmt.Sprintf("The request has more than %d operations. Send them in several requests.", MaxOperations))
}

// readOperation reads one operation whole.
func readOperation(r *reader) (operation, error) {
	var o operation
	var seen [3]bool
	err := r.object(func(key string) error {
		part := partOf(key)
		if part == partOther {
			return r.skip()
		}
		if seen[part] {
			return syntaxError("An operation has %q twice.", key)
		}
		seen[part] = true
		v, err := r.value()
		if err != nil {
			return err
		}
		return o.take(part, v)
	})
	if err == nil && o.op == "" {
		err = syntaxError("An operation has no op. It must be add, remove or replace.")
	}
	return o, err
}

// part is a key of an operation.
type part int

const (
	partOp part = iota
	partPath
	partValue
	partOther
)

func partOf(key string) part {
	switch {
	case strings.EqualFold(key, "op"):
		return partOp
	case strings.EqualFold(key, "path"):
		return partPath
	case strings.EqualFold(key, "value"):
		return partValue
	}
	return partOther
}

// take enters one part of an operation.
func (o *operation) take(of part, v any) error {
	switch of {
	case partOp:
		word, _ := v.(string)
		switch o.op = patch.Op(strings.ToLower(strings.TrimSpace(word))); o.op {
		case patch.Add, patch.Remove, patch.Replace:
			return nil
		}
		return syntaxError("An operation's op must be add, remove or replace.")
	case partPath:
		text, isText := v.(string)
		if v != nil && !isText {
			return syntaxError("An operation's path must be a string.")
		}
		o.path = strings.TrimSpace(text)
	case partValue, partOther:
		o.value, o.given = v, true
	}
	return nil
}

// operation normalizes one operation on attributes.
func (p *patcher) operation(o operation) error {
	if o.path == "" || p.res.IsCore(o.path) {
		return p.pathless(o)
	}
	path, err := patch.ParsePath(p.res, o.path)
	if err != nil {
		return err
	}
	if path.Attribute == nil {
		return p.extension(o, path.URN)
	}
	if p.discards(path.Attribute) {
		return nil
	}
	return p.targeted(o, path)
}

// discards reports whether an attribute is never kept.
func (p *patcher) discards(a *schema.Attribute) bool {
	return a.Name == namePassword && !a.Extension
}

func readOnly(path *patch.Path) bool {
	return path.Attribute.Mutability == schema.ReadOnly || path.Sub != nil && path.Sub.Mutability == schema.ReadOnly
}

// targeted normalizes an operation with a path.
func (p *patcher) targeted(o operation, path *patch.Path) error {
	target := path.Attribute
	if path.Sub != nil {
		target = path.Sub
	}
	if path.Attribute.Extension && !strings.ContainsRune(o.path, ':') {
		p.note(path.Attribute.String(), "given without its URN")
	}
	op := patch.Operation{Op: o.op, Path: path}
	if readOnly(path) {
		return p.append(op) // patch.Apply refuses it, whatever its value
	}
	if o.op == patch.Remove {
		return p.remove(o, op)
	}
	if !o.given {
		return valueError(path.String(), "The operation on %s has no value.", path)
	}
	var err error
	switch {
	case path.ValueFilter != nil && path.Sub == nil:
		op.Value, err = p.one(target, o.value)
	case target.MultiValued:
		return p.several(o, op, target)
	default:
		op.Value, err = p.value(target, o.value)
	}
	if err != nil {
		return err
	}
	if op.Value == nil || op.Value == "" && target.Parent != nil && target.Name == "value" {
		op.Op, op.Value = patch.Remove, nil
	}
	return p.append(op)
}

// several normalizes the value of a multi-valued attribute. Adding nothing changes nothing; replacing by nothing removes.
func (p *patcher) several(o operation, op patch.Operation, target *schema.Attribute) error {
	elements, err := p.many(target, o.value)
	if o.value == nil {
		elements, err = nil, nil
		op.Op = patch.Remove
	}
	switch {
	case err != nil:
		return err
	case len(elements) > 0:
		op.Value = elements
	case op.Op == patch.Add:
		p.note(target.String(), "nothing to add")
		return nil
	default:
		op.Op = patch.Remove
	}
	return p.append(op)
}

// remove normalizes a removal. A value says which elements of a multi-valued attribute go; elsewhere it means nothing.
func (p *patcher) remove(o operation, op patch.Operation) error {
	a := op.Path.Attribute
	if o.value == nil || o.value == "" || op.Path.Sub != nil || op.Path.ValueFilter != nil || !a.MultiValued {
		return p.append(op)
	}
	elements, err := p.many(a, o.value)
	if err != nil {
		return err
	}
	if len(elements) == 0 {
		p.note(a.String(), "nothing to remove")
		return nil
	}
	op.Value = elements
	return p.append(op)
}

func (p *patcher) append(op patch.Operation) error {
	if len(p.ops) >= MaxOperations {
		return tooMany()
	}
	if elements, ok := op.Value.([]any); ok {
		if p.values += len(elements); p.values > MaxValues {
			return codedError("tooMany", fmt.Sprintf("The request has more than %d values. Send them in several requests.", MaxValues))
		}
	}
	p.ops = append(p.ops, op)
	return nil
}

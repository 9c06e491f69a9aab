package patch

import (
	"maps"
	"slices"

	"github.com/mixus/usher/scim/schema"
)

// state is the resource between operations. Values are never changed in place: an operation computes the new value of
// an attribute from the old one, and only the maps that hold attributes are copied, each on its first change.
type state struct {
	res     *schema.Resource
	root    map[string]any
	owned   map[string]bool // extensions whose map is already a copy
	touched []string
}

func newState(res *schema.Resource, current map[string]any) *state {
	root := maps.Clone(current)
	if root == nil {
		root = map[string]any{}
	}
	return &state{res: res, root: root}
}

// apply applies one operation.
func (s *state) apply(op *Operation) error {
	p := op.Path
	switch {
	case p == nil:
		return coded("noTarget", "path", "The operation has no target. Give it a path.")
	case op.Op != Add && op.Op != Replace && op.Op != Remove:
		return coded("invalidSyntax", "op", "The operation must be add, remove or replace.")
	case p.Attribute == nil:
		return s.removeExtension(op)
	case readOnly(p):
		return coded("mutability", p.String(), "%s is read-only. Leave it out.", p.target())
	}
	before := s.get(p.Attribute)
	after, err := compute(op, before)
	if err != nil {
		return err
	}
	if equal(before, after) {
		return nil
	}
	if err := allowed(p.Attribute, before, after); err != nil {
		return err
	}
	if after != nil {
		if err := p.Attribute.Check(after); err != nil {
			return err
		}
	}
	s.set(p.Attribute, after)
	s.touch(p.target().String())
	return nil
}

func readOnly(p *Path) bool {
	return p.Attribute.Mutability == schema.ReadOnly || p.Sub != nil && p.Sub.Mutability == schema.ReadOnly
}

// get returns the value of an attribute, nil when it has none.
func (s *state) get(a *schema.Attribute) any {
	if !a.Extension {
		return s.root[a.Name]
	}
	nested, ok := s.root[a.URN].(map[string]any)
	if !ok {
		return nil
	}
	return nested[a.Name]
}

// set gives an attribute a value; nil takes it away, and with the last attribute of an extension the extension.
func (s *state) set(a *schema.Attribute, value any) {
	container := s.root
	if a.Extension {
		container = s.extension(a.URN)
	}
	if value != nil {
		container[a.Name] = value
		return
	}
	delete(container, a.Name)
	if a.Extension && len(container) == 0 {
		delete(s.root, a.URN)
		delete(s.owned, a.URN)
	}
}

// extension returns a copy of an extension's attributes that may be changed.
func (s *state) extension(urn string) map[string]any {
	nested, ok := s.root[urn].(map[string]any)
	switch {
	case !ok:
		nested = map[string]any{}
	case s.owned[urn]:
		return nested
	default:
		nested = maps.Clone(nested)
	}
	if s.owned == nil {
		s.owned = map[string]bool{}
	}
	s.owned[urn] = true
	s.root[urn] = nested
	return nested
}

// removeExtension removes all attributes of an extension.
func (s *state) removeExtension(op *Operation) error {
	e := s.res.Extension(op.Path.URN)
	if e == nil || op.Op != Remove {
		return pathError(op.Path.URN, "The path must name an attribute.")
	}
	for _, a := range e.Attributes {
		if err := s.apply(&Operation{Op: Remove, Path: &Path{URN: e.URN, Attribute: a}}); err != nil && s.get(a) != nil {
			return err
		}
	}
	return nil
}

func (s *state) touch(path string) {
	if !slices.Contains(s.touched, path) {
		s.touched = append(s.touched, path)
	}
}

// allowed checks what a change does to required and immutable attributes (RFC 7644, sections 3.5.2.1 to 3.5.2.3).
func allowed(a *schema.Attribute, before, after any) error {
	if after == nil && a.Required {
		return coded("mutability", a.String(), "%s is required and cannot be removed. Replace it instead.", a)
	}
	if a.Mutability == schema.Immutable && before != nil {
		return coded("mutability", a.String(), "%s is immutable: it was set once and cannot change.", a)
	}
	if object, ok := before.(map[string]any); ok {
		changed, _ := after.(map[string]any)
		return allowedWithin(a, object, changed)
	}
	return nil
}

// allowedWithin checks the immutable sub-attributes of one object.
func allowedWithin(a *schema.Attribute, before, after map[string]any) error {
	for _, sub := range a.Sub {
		old := before[sub.Name]
		if sub.Mutability == schema.Immutable && old != nil && after != nil && !equal(old, after[sub.Name]) {
			return coded("mutability", sub.String(), "%s is immutable: it was set once and cannot change.", sub)
		}
	}
	return nil
}

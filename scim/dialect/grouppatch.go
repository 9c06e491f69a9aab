package dialect

import (
	"io"
	"strings"

	"github.com/mixus/usher/scim/patch"
	"github.com/mixus/usher/scim/schema"
)

// Operations on the members of a group.
const (
	MemberAdd     byte = 'a'
	MemberRemove  byte = 'r'
	MemberReplace byte = 's' // with no values: clears the group
)

// MemberOp is what one operation does to the members of a group.
type MemberOp struct {
	Op     byte
	Values []string
}

// GroupPatch is a PATCH of a group, normalized: Ops for its own attributes, Members in order for its memberships.
type GroupPatch struct {
	Ops     []patch.Operation
	Members []MemberOp
	Notes   []string
}

// ReadGroupPatch reads a PATCH body for a group as a stream: members never become maps. Its errors are those of
// UserPatch.
func ReadGroupPatch(res *schema.Resource, src io.Reader) (*GroupPatch, error) {
	r, err := streamOf(src)
	if err != nil {
		return nil, err
	}
	g := groupPatcher{patcher: patcher{normalizer: normalizer{res: res}}}
	if err := g.body(r, g.read); err != nil {
		return nil, err
	}
	return &GroupPatch{Ops: g.ops, Members: g.members, Notes: g.notes}, nil
}

// groupPatcher keeps operations on members apart from those on attributes.
type groupPatcher struct {
	patcher
	members []MemberOp
}

// groupOperation is an operation whose value may be too large for a tree.
type groupOperation struct {
	operation
	raw     []byte   // the value as text, where it came before the path was known
	values  []string // members, where the path was known in time
	members bool     // values were read
}

// read reads one operation. Providers send op and path first, and then the value of a membership is read as it comes; in
// any other order its text is set aside until the operation has been read.
func (g *groupPatcher) read(r *reader) error {
	var o groupOperation
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
		if part == partValue {
			return g.readValue(r, &o, seen[partPath])
		}
		v, err := r.value()
		if err != nil {
			return err
		}
		return o.take(part, v)
	})
	if err != nil {
		return err
	}
	if o.op == "" {
		return syntaxError("An operation has no op. It must be add, remove or replace.")
	}
	return g.finish(&o)
}

func (g *groupPatcher) readValue(r *reader, o *groupOperation, pathKnown bool) error {
	o.given = true
	var err error
	if !pathKnown || o.path == "" || g.res.IsCore(o.path) {
		o.raw, err = r.capture()
		return err
	}
	if g.meansMembers(o.path) {
		return g.readMembers(r, o)
	}
	o.value, err = r.value()
	return err
}

// meansMembers reports whether a path is members or members.value.
func (g *groupPatcher) meansMembers(path string) bool {
	a, sub, ok := g.res.Find(path)
	return ok && a.Name == nameMembers && a.URN == schema.GroupURN && (sub == nil || sub.Name == "value")
}

func (g *groupPatcher) readMembers(r *reader, o *groupOperation) error {
	c, err := r.next("the members")
	if err != nil {
		return err
	}
	if c == 'n' {
		return r.skip()
	}
	o.values, err = g.normalizer.members(r)
	o.members = true
	return err
}

// finish normalizes an operation that was read to its end.
func (g *groupPatcher) finish(o *groupOperation) error {
	switch {
	case o.path == "" || g.res.IsCore(o.path):
		return g.pathlessGroup(o)
	case g.meansMembers(o.path):
		if o.raw != nil {
			if err := g.readMembers(readerOf(o.raw), o); err != nil {
				return err
			}
		}
		return g.change(o)
	case o.raw != nil:
		value, err := readerOf(o.raw).value()
		if err != nil {
			return err
		}
		o.value = value
	}
	path, err := patch.ParsePath(g.res, o.path)
	if err != nil {
		return err
	}
	if path.Attribute != nil && path.Attribute.Name == nameMembers && path.Attribute.URN == schema.GroupURN {
		return g.selected(o, path)
	}
	return g.operation(o.operation)
}

// pathlessGroup takes an operation on the group itself apart, members among its keys.
func (g *groupPatcher) pathlessGroup(o *groupOperation) error {
	if o.raw == nil {
		return g.pathless(o.operation)
	}
	r := readerOf(o.raw)
	c, err := r.next("a value")
	if err != nil {
		return err
	}
	switch c {
	case '{':
		if err := g.readKeys(r, o); err != nil {
			return err
		}
		return g.pathless(o.operation)
	case '[':
		only, err := onlyElement(r)
		if err != nil {
			return err
		}
		g.note("value", "an array was taken as its only value")
		o.raw = only
		return g.pathlessGroup(o)
	case '"':
		text, err := r.text()
		if err != nil {
			return err
		}
		if strings.HasPrefix(strings.TrimSpace(text), "{") {
			g.note("value", "JSON inside a text was unpacked")
			o.raw = []byte(text)
			return g.pathlessGroup(o)
		}
		o.value = text
		return g.pathless(o.operation)
	}
	if o.value, err = r.value(); err != nil {
		return err
	}
	return g.pathless(o.operation)
}

// onlyElement returns the text of the only element of an array.
func onlyElement(r *reader) (only []byte, err error) {
	count := 0
	err = r.array(func() error {
		count++
		only, err = r.capture()
		return err
	})
	if err == nil && count != 1 {
		err = valueError("value", "An operation without path needs an object of attributes as its value.")
	}
	return only, err
}

// readKeys reads the keys of a pathless value: members are entered at once, the rest becomes the operation's value.
func (g *groupPatcher) readKeys(r *reader, o *groupOperation) error {
	rest := object{}
	given := false
	err := r.object(func(key string) error {
		if !g.meansMembers(key) {
			v, err := r.value()
			rest = append(rest, field{key, v})
			return err
		}
		if given {
			return syntaxError("members is given twice in one operation.")
		}
		given = true
		members := groupOperation{operation: operation{op: o.op, given: true}}
		if err := g.readMembers(r, &members); err != nil {
			return err
		}
		return g.change(&members)
	})
	o.value = rest
	if err != nil {
		return err
	}
	return r.end()
}

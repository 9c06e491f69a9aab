package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// value is one kind of value that a key can take: how to read it, and how editors should know it.
type value[V any] struct {
	item   string // an example of one in a list, where a list's own example is too long a way round
	schema func(*definitions) *jsonschema.Schema
	read   func(*decoder, *node, spot) (V, bool)
}

// key is one row of a table: a key of T, what it means, an example, and how its value gets into T.
type key[T any] struct {
	name     string
	doc      string
	example  string // a YAML value that is accepted
	required bool
	blank    bool // may stand without a value, as when everything below it is commented out
	schema   func(*definitions) *jsonschema.Schema
	read     func(*decoder, *node, *T)
}

// must marks a key as required.
func (k key[T]) must() key[T] {
	k.required = true
	return k
}

// orBlank lets a key stand without a value.
func (k key[T]) orBlank() key[T] {
	k.blank = true
	return k
}

// in makes the row of a key whose value goes into a field of T.
func in[T, V any](name string, v value[V], field func(*T) *V, doc, example string) key[T] {
	return key[T]{
		name: name, doc: doc, example: example, schema: v.schema,
		read: func(d *decoder, n *node, into *T) {
			if got, ok := v.read(d, n, spot{key: name, example: example}); ok {
				*field(into) = got
			}
		},
	}
}

// entry makes the row of a key whose value is kept under its name.
func entry[V any](name string, v value[V], doc, example string) key[map[string]any] {
	return key[map[string]any]{
		name: name, doc: doc, example: example, schema: v.schema,
		read: func(d *decoder, n *node, into *map[string]any) {
			if got, ok := v.read(d, n, spot{key: name, example: example}); ok {
				(*into)[name] = got
			}
		},
	}
}

// object is a mapping with known keys.
type object[T any] struct {
	name string // of its definition in the JSON Schema
	noun string // in messages, with its article
	doc  string
	keys []key[T]

	// refused says of keys that people may expect why there is none, and what to write instead.
	refused map[string]string

	// start makes an empty T with its defaults for a place; places is where T keeps the places of its values; finish
	// checks what needs more than one key.
	start  func(directory.Position) T
	places func(*T) *Places
	finish func(*decoder, *node, *T)
}

func (o *object[T]) names() []string {
	names := make([]string, len(o.keys))
	for i, k := range o.keys {
		names[i] = k.name
	}
	return names
}

// read reads a mapping into a T. Unknown keys are problems; what is wrong with one key does not hide another.
func (o *object[T]) read(d *decoder, n *node, s spot) (T, bool) {
	var into T
	if o.start != nil {
		into = o.start(n.at)
	}
	if n.kind != isMapping {
		d.wrong(n, s, "a mapping with the keys of "+o.noun)
		return into, false
	}
	given := make([]*node, len(o.keys))
	var misspelt []string
	for _, p := range n.pairs {
		i := slices.IndexFunc(o.keys, func(k key[T]) bool { return k.name == p.key.text })
		if instead, known := o.refused[p.key.text]; known {
			d.fail(p.key.at, fmt.Sprintf("%s takes no %q", o.noun, p.key.text), instead)
			continue
		}
		if i < 0 {
			if meant := d.unknown(p, o.noun, o.names()); meant != "" {
				misspelt = append(misspelt, meant)
			}
			continue
		}
		given[i] = p.value
	}
	// In the order of the table, so that the order in the file cannot matter.
	for i, k := range o.keys {
		switch {
		case given[i] == nil && slices.Contains(misspelt, k.name):
		case given[i] == nil && k.required:
			d.fail(n.at, fmt.Sprintf("%s needs %q", o.noun, k.name), spot{key: k.name, example: k.example}.write(""))
		case given[i] != nil && (!k.blank || given[i].kind != isNull):
			k.read(d, given[i], &into)
			if o.places != nil {
				o.places(&into).note(k.name, given[i])
			}
		}
	}
	if o.finish != nil {
		o.finish(d, n, &into)
	}
	return into, true
}

// value makes the object usable as the value of a key. The object is asked for late, so that tables may refer to
// themselves.
func (o *object[T]) value() value[T] {
	item := ""
	if len(o.keys) > 0 {
		item = fmt.Sprintf("{%s: %s}", o.keys[0].name, o.keys[0].example)
	}
	return value[T]{
		item:   item,
		schema: func(defs *definitions) *jsonschema.Schema { return defs.reference(o.name, o.describe) },
		read:   o.read,
	}
}

// unknown reports a key that is not in the table and returns the one that was likely meant.
func (d *decoder) unknown(p pair, noun string, names []string) string {
	near := Nearest(p.key.text, names)
	if looksSecret(p.key.text) || looksSecret(near) {
		d.src.hide(p.value)
	}
	fix := "its keys are " + strings.Join(names, ", ")
	if near != "" {
		fix = fmt.Sprintf("write %q", near)
	}
	d.fail(p.key.at, fmt.Sprintf("%s has no key %q", noun, short(p.key.text)), fix)
	return near
}

func looksSecret(name string) bool {
	name = directory.Fold(name)
	return strings.Contains(name, "secret") || strings.Contains(name, "password") || strings.Contains(name, "private") || strings.Contains(name, "token")
}

// short cuts a text that is quoted in a message.
func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// listOf reads a list whose items are all alike.
func listOf[V any](v value[V], noun string) value[[]V] {
	return value[[]V]{
		schema: func(defs *definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "array", Items: v.schema(defs)}
		},
		read: func(d *decoder, n *node, s spot) ([]V, bool) {
			if n.kind != isList {
				d.wrong(n, s, noun)
				return nil, false
			}
			out := make([]V, 0, len(n.items))
			for _, item := range n.items {
				if got, ok := v.read(d, item, s.item(v.item)); ok {
					out = append(out, got)
				}
			}
			if len(out) == 0 {
				return nil, true
			}
			return out, true
		},
	}
}

// someOf is listOf for lists whose emptiness would be misread: a rule with "groups: []" means nobody to one reader and
// everybody to another.
func someOf[V any](v value[V], noun string) value[[]V] {
	list := listOf(v, noun)
	one := uint64(1)
	return value[[]V]{
		schema: func(defs *definitions) *jsonschema.Schema {
			schema := list.schema(defs)
			schema.MinItems = &one
			return schema
		},
		read: func(d *decoder, n *node, s spot) ([]V, bool) {
			if n.kind == isList && len(n.items) == 0 {
				d.fail(n.at, fmt.Sprintf("%s is an empty list", s), s.write("or leave the key out"))
				return nil, false
			}
			return list.read(d, n, s)
		},
	}
}

// mapOf reads a mapping with names of the writer's choice into a list sorted by name, since key order carries no
// meaning.
func mapOf[E any](item func(d *decoder, key, n *node) (E, bool), order func(a, b E) int, schema func(*definitions) *jsonschema.Schema, noun string) value[[]E] {
	return value[[]E]{
		schema: func(defs *definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "object", AdditionalProperties: schema(defs)}
		},
		read: func(d *decoder, n *node, s spot) ([]E, bool) {
			if n.kind != isMapping {
				d.wrong(n, s, noun)
				return nil, false
			}
			out := make([]E, 0, len(n.pairs))
			for _, p := range n.pairs {
				if strings.TrimSpace(p.key.text) == "" {
					d.fail(p.key.at, fmt.Sprintf("a name in %s is empty", s), "write a name before the colon")
					continue
				}
				if got, ok := item(d, p.key, p.value); ok {
					out = append(out, got)
				}
			}
			slices.SortFunc(out, order)
			if len(out) == 0 {
				return nil, true
			}
			return out, true
		},
	}
}

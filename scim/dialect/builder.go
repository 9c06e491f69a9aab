package dialect

import (
	"slices"
	"strings"

	"github.com/mixus/usher/scim/schema"
)

// The names of attributes that are kept outside a resource's own, or not at all.
const (
	nameID         = "id"
	nameExternalID = "externalId"
	nameSchemas    = "schemas"
	namePassword   = "password"
	nameMembers    = "members"
)

// builder puts the fields of a body together.
type builder struct {
	normalizer
	doc     *Document
	origins []origin
	schemas bool
}

// origin is an attribute, or a sub-attribute, and whether its name came without the URN it belongs to.
type origin struct {
	attribute *schema.Attribute
	loose     bool
}

func newBuilder(res *schema.Resource) *builder {
	return &builder{
		normalizer: normalizer{res: res},
		doc:        &Document{Attributes: make(map[string]any, 16), Active: true},
		origins:    make([]origin, 0, 24),
	}
}

// field takes one field of the body.
func (b *builder) field(key string, raw any) error {
	p, ok := b.res.Split(key)
	if !ok {
		b.unknown(key)
		return nil
	}
	if p.Attribute == "" {
		return b.nested(p.URN, raw)
	}
	a, sub, ok := b.res.Lookup(p)
	if !ok {
		b.unknown(key)
		return nil
	}
	loose := p.URN == "" && a.Extension
	if loose {
		b.note(a.String(), "given without its URN")
	}
	return b.set(a, sub, loose, raw)
}

// nested takes the object under the URN of a schema.
func (b *builder) nested(urn string, raw any) error {
	if text, ok := raw.(string); ok {
		if parsed, ok := embedded(text); ok {
			b.note(urn, "JSON inside a text was unpacked")
			raw = parsed
		}
	}
	switch v := raw.(type) {
	case nil:
		return nil
	case object:
		for _, f := range v {
			p := schema.Path{URN: urn}
			p.Attribute, p.Sub, _ = strings.Cut(f.name, ".")
			a, sub, ok := b.res.Lookup(p)
			if !ok {
				b.unknown(urn + ":" + f.name)
				continue
			}
			if err := b.set(a, sub, false, f.value); err != nil {
				return err
			}
		}
		return nil
	}
	return valueError(urn, "%s must be an object with the attributes of the extension.", urn)
}

// set normalizes one attribute and puts it where it belongs.
func (b *builder) set(a, sub *schema.Attribute, loose bool, raw any) error {
	target := a
	if sub != nil {
		target = sub
	}
	if slices.Contains(b.origins, origin{target, loose}) {
		return syntaxError("%s is given twice.", target)
	}
	b.origins = append(b.origins, origin{target, loose})
	if apart, err := b.keptApart(a, raw); apart {
		return err
	}
	if loose && slices.Contains(b.origins, origin{target, false}) {
		b.note(a.String(), "given twice, the one under its URN counts")
		return nil
	}
	value, err := b.value(target, raw)
	if err != nil {
		return err
	}
	container := b.doc.Attributes
	if a.Extension {
		container = child(container, a.URN)
	}
	if sub != nil {
		container = child(container, a.Name)
	}
	if value == nil {
		if !loose {
			delete(container, target.Name)
		}
		return nil
	}
	if have, ok := container[target.Name].(map[string]any); ok && a == target {
		if more, ok := value.(map[string]any); ok { // name beside name.givenName
			for k, v := range more {
				have[k] = v
			}
			return nil
		}
	}
	container[target.Name] = value
	return nil
}

// keptApart takes the attributes that are not stored with the rest.
func (b *builder) keptApart(a *schema.Attribute, raw any) (bool, error) {
	switch {
	case a.URN == "":
		text, _ := raw.(string)
		switch a.Name {
		case nameID:
			b.doc.ID = text
		case nameExternalID:
			value, err := b.one(a, raw)
			b.doc.ExternalID, _ = value.(string)
			return true, err
		case nameSchemas:
			b.schemas = true
		}
		return true, nil
	case a.Name == namePassword && !a.Extension:
		return true, nil
	case a.Mutability == schema.ReadOnly:
		if a.Extension {
			b.note(a.String(), "read-only, dropped")
		}
		return true, nil
	}
	return false, nil
}

func child(container map[string]any, name string) map[string]any {
	if c, ok := container[name].(map[string]any); ok {
		return c
	}
	c := map[string]any{}
	container[name] = c
	return c
}

// document finishes: what is empty goes, and the schema has its word.
func (b *builder) document() (*Document, error) {
	for name, value := range b.doc.Attributes {
		if object, ok := value.(map[string]any); ok {
			for key, nested := range object {
				if inner, ok := nested.(map[string]any); ok && len(inner) == 0 {
					delete(object, key)
				}
			}
			if len(object) == 0 {
				delete(b.doc.Attributes, name)
			}
		}
	}
	if !b.schemas {
		b.note(nameSchemas, "absent")
	}
	b.doc.Notes = b.notes
	b.doc.fill()
	return b.doc, b.res.Validate(b.doc.Attributes)
}

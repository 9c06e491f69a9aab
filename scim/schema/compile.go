package schema

import (
	"slices"
	"strings"

	elimity "github.com/elimity-com/scim/schema"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// User compiles the User resource type with the enterprise extension and a connection's own extensions. Errors are
// *directory.Error with a sentence that names the extension.
func User(extensions []config.Extension) (*Resource, error) {
	schemas := []elimity.Schema{elimity.CoreUserSchema(), elimity.ExtensionEnterpriseUser()}
	for _, e := range extensions {
		s, err := define(e)
		if err != nil {
			return nil, err
		}
		for _, other := range schemas {
			if strings.EqualFold(other.ID, s.ID) {
				return nil, directory.Errorf(directory.Invalid, "The extension %s is declared twice.", e.URN)
			}
		}
		schemas = append(schemas, s)
	}
	return compile("User", "/Users", schemas), nil
}

// Group compiles the Group resource type.
func Group() *Resource {
	r := compile("Group", "/Groups", []elimity.Schema{elimity.CoreGroupSchema()})
	r.schemas = []elimity.Schema{publishedGroup()}
	return r
}

// compile builds the look-up tables over the definitions, the first of which is the core schema.
func compile(name, endpoint string, schemas []elimity.Schema) *Resource {
	core := schemas[0]
	r := &Resource{
		Name:     name,
		Endpoint: endpoint,
		URN:      core.ID,
		schemas:  schemas,
		core:     map[string]*Attribute{},
		loose:    map[string]*Attribute{},
	}
	for _, a := range common() {
		r.Attributes = append(r.Attributes, attribute(a, "", false))
	}
	for _, a := range core.Attributes {
		r.Attributes = append(r.Attributes, attribute(a, core.ID, false))
	}
	index(r.core, r.Attributes)
	for _, s := range schemas[1:] {
		e := &Extension{URN: s.ID, Name: s.Name.Value(), byName: map[string]*Attribute{}}
		for _, a := range s.Attributes {
			e.Attributes = append(e.Attributes, attribute(a, s.ID, true))
		}
		index(e.byName, e.Attributes)
		r.Extensions = append(r.Extensions, e)
	}
	r.indexLoose()
	r.indexURNs()
	r.hidden = r.hasHidden()
	return r
}

// attribute translates a definition.
func attribute(a elimity.CoreAttribute, urn string, extension bool) *Attribute {
	out := &Attribute{
		Name:        a.Name(),
		URN:         urn,
		Extension:   extension,
		Type:        Type(a.AttributeType()),
		MultiValued: a.MultiValued(),
		CaseExact:   a.CaseExact(),
		Required:    a.Required(),
		Mutability:  Mutability(a.Mutability()),
		Returned:    Returned(a.Returned()),
		Uniqueness:  a.Uniqueness(),
		Canonical:   a.CanonicalValues(),
	}
	for _, s := range a.SubAttributes() {
		sub := attribute(s, urn, extension)
		sub.Parent = out
		out.Sub = append(out.Sub, sub)
	}
	out.sub = map[string]*Attribute{}
	index(out.sub, out.Sub)
	if !opaque(out) && out.Mutability != ReadOnly {
		out.definition = &a
	}
	return out
}

// index enters attributes under their canonical and their lower-case name.
func index(table map[string]*Attribute, attributes []*Attribute) {
	for _, a := range attributes {
		table[a.Name] = a
		table[strings.ToLower(a.Name)] = a
	}
}

// indexLoose enters the extension attributes that can be named without their URN: those of the enterprise extension,
// and others whose name no schema before them uses.
func (r *Resource) indexLoose() {
	for _, e := range r.Extensions {
		for _, a := range e.Attributes {
			if byName(r.core, a.Name) == nil && byName(r.loose, a.Name) == nil {
				index(r.loose, []*Attribute{a})
			}
		}
	}
}

func (r *Resource) indexURNs() {
	r.urns = []knownURN{{text: r.URN}}
	for _, e := range r.Extensions {
		r.urns = append(r.urns, knownURN{e.URN, e})
		for _, spelling := range misspelled(e.URN) {
			r.urns = append(r.urns, knownURN{spelling, e})
		}
	}
	slices.SortStableFunc(r.urns, func(a, b knownURN) int { return len(b.text) - len(a.text) })
}

// hasHidden reports whether some attribute that may be stored is not returned by default. The password never is stored.
func (r *Resource) hasHidden() bool {
	hidden := func(a *Attribute) bool {
		return a.Mutability != WriteOnly && (a.Returned == Never || a.Returned == OnRequest)
	}
	for _, list := range append([][]*Attribute{r.Attributes}, extensionAttributes(r.Extensions)...) {
		for _, a := range list {
			if hidden(a) || a.Extension && a.Mutability == WriteOnly || slices.ContainsFunc(a.Sub, hidden) {
				return true
			}
		}
	}
	return false
}

func extensionAttributes(extensions []*Extension) [][]*Attribute {
	var lists [][]*Attribute
	for _, e := range extensions {
		lists = append(lists, e.Attributes)
	}
	return lists
}

package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
	elimity "github.com/elimity-com/scim/schema"
)

// The URNs of the schemas that every connection has (RFC 7643, section 8.7).
const (
	UserURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// Resource is a resource type with all its attributes: its core schema, its extensions and the common attributes. It is
// immutable once made and safe for concurrent use.
type Resource struct {
	Name       string       // "User" or "Group"
	Endpoint   string       // "/Users" or "/Groups"
	URN        string       // of the core schema
	Attributes []*Attribute // common and core, in the schema's order
	Extensions []*Extension

	schemas []elimity.Schema // as published, the core schema first
	core    map[string]*Attribute
	loose   map[string]*Attribute // extension attributes whose bare name is not ambiguous
	urns    []knownURN            // the longest first
	hidden  bool                  // some attribute is not returned by default
}

// Extension is one schema extension of a resource type (RFC 7643, section 3.3). Its attributes are nested under its URN.
type Extension struct {
	URN        string
	Name       string
	Attributes []*Attribute

	byName map[string]*Attribute
}

// Attribute returns the attribute of a name in any case, or nil.
func (e *Extension) Attribute(name string) *Attribute { return byName(e.byName, name) }

// Path names an attribute or sub-attribute by text, in any case. An empty URN means the core schema.
type Path struct {
	URN       string
	Attribute string
	Sub       string
}

// knownURN is a spelling under which a schema may be named, and what it means.
type knownURN struct {
	text      string
	extension *Extension // nil for the core schema
}

// ElimityType returns the resource type in the library's terms, for serving /ResourceTypes and /Schemas.
func (r *Resource) ElimityType(handler scim.ResourceHandler) scim.ResourceType {
	t := scim.ResourceType{
		ID:          optional.NewString(r.Name),
		Name:        r.Name,
		Description: r.schemas[0].Description,
		Endpoint:    r.Endpoint,
		Schema:      r.schemas[0],
		Handler:     handler,
	}
	for _, s := range r.schemas[1:] {
		t.SchemaExtensions = append(t.SchemaExtensions, scim.SchemaExtension{Schema: s})
	}
	return t
}

// Schemas returns the definitions behind the resource type, the core schema first. Each marshals itself as a resource of
// /Schemas (RFC 7643, section 7).
func (r *Resource) Schemas() []elimity.Schema { return slices.Clone(r.schemas) }

// Extension returns the extension of a URN in any case, or nil.
func (r *Resource) Extension(urn string) *Extension {
	for _, k := range r.urns {
		if k.extension != nil && strings.EqualFold(k.text, urn) {
			return k.extension
		}
	}
	return nil
}

// IsCore reports whether a URN in any case names the core schema.
func (r *Resource) IsCore(urn string) bool { return strings.EqualFold(r.URN, urn) }

// Lookup finds an attribute and, where the path has one, its sub-attribute. It reports false when either is unknown. A
// name without URN that the core schema does not have is sought in the extensions, because providers leave the URN out.
func (r *Resource) Lookup(p Path) (attribute, sub *Attribute, ok bool) {
	switch {
	case p.URN == "":
		if attribute = byName(r.core, p.Attribute); attribute == nil {
			attribute = byName(r.loose, p.Attribute)
		}
	case r.IsCore(p.URN):
		attribute = byName(r.core, p.Attribute)
	default:
		if e := r.Extension(p.URN); e != nil {
			attribute = e.Attribute(p.Attribute)
		}
	}
	if attribute == nil || p.Sub == "" {
		return attribute, nil, attribute != nil
	}
	sub = attribute.SubAttribute(p.Sub)
	return attribute, sub, sub != nil
}

// Find is Lookup for a path as text: attr, attr.sub, urn:attr or urn:attr.sub. It reports false for a URN alone.
func (r *Resource) Find(text string) (attribute, sub *Attribute, ok bool) {
	p, ok := r.Split(text)
	if !ok || p.Attribute == "" {
		return nil, nil, false
	}
	return r.Lookup(p)
}

// Split takes a path apart at the URN and the dot. It reports false when the text has a URN that the resource does not
// know. A dot may stand where the colon behind a URN belongs, as some providers write it; Attribute is empty for a URN
// alone.
func (r *Resource) Split(text string) (Path, bool) {
	var p Path
	if strings.IndexByte(text, ':') >= 0 {
		known, rest, ok := r.cutURN(text)
		if !ok {
			return p, false
		}
		p.URN, text = known, rest
	}
	p.Attribute, p.Sub, _ = strings.Cut(text, ".")
	return p, true
}

// cutURN splits a known URN off the front of a path.
func (r *Resource) cutURN(text string) (urn, rest string, ok bool) {
	for _, k := range r.urns {
		n := len(k.text)
		if len(text) < n || !strings.EqualFold(text[:n], k.text) {
			continue
		}
		if len(text) > n && text[n] != ':' && text[n] != '.' {
			continue
		}
		if len(text) > n {
			rest = text[n+1:]
		}
		if k.extension == nil {
			return r.URN, rest, true
		}
		return k.extension.URN, rest, true
	}
	return "", "", false
}

// Nearest returns the known attribute whose name is closest to an unknown one, for error messages; "" when none is
// close.
func (r *Resource) Nearest(name string) string {
	name = strings.ToLower(name)
	if len(name) > 64 {
		return ""
	}
	best, least := "", len(name)/3+1
	consider := func(candidates map[string]*Attribute) {
		for _, lower := range slices.Sorted(maps.Keys(candidates)) {
			if d := distance(name, lower); d < least || d == least && best == "" {
				best, least = candidates[lower].Name, d
			}
		}
	}
	consider(r.core)
	consider(r.loose)
	return best
}

// distance is the number of single-byte edits between two names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}

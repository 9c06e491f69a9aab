package schema

import (
	"maps"
	"strings"

	"github.com/mixus/usher/directory"
)

// Selection is what a request asked to see by attributes and excludedAttributes (RFC 7644, section 3.9). The zero value
// is not useful; ParseSelection makes one.
type Selection struct {
	res     *Resource
	include bool                // by attributes; otherwise everything but named
	named   map[*Attribute]bool // attributes and sub-attributes that the request names
	parents map[*Attribute]bool // attributes of which it names a sub-attribute
}

// ParseSelection compiles the two query parameters, each already split at its commas. Unknown names are ignored, as a
// client may ask for what another provider has. Both at once is an error with Code "invalidValue".
func ParseSelection(res *Resource, attributes, excluded []string) (Selection, error) {
	s := Selection{res: res}
	names := excluded
	if hasName(attributes) {
		if hasName(excluded) {
			return s, invalid("excludedAttributes", "attributes and excludedAttributes exclude each other. Send one of them.")
		}
		s.include, names = true, attributes
	}
	for _, name := range names {
		if len(name) > 1<<10 {
			return s, directory.Errorf(directory.Invalid, "An attribute name is longer than 1024 bytes.")
		}
		s.name(strings.TrimSpace(name))
	}
	return s, nil
}

// hasName reports whether a list names anything; "attributes=" asks for nothing in particular.
func hasName(names []string) bool {
	for _, n := range names {
		if strings.TrimSpace(n) != "" {
			return true
		}
	}
	return false
}

// name enters what one name of the request means.
func (s *Selection) name(text string) {
	p, ok := s.res.Split(text)
	if !ok || text == "" {
		return
	}
	if s.named == nil {
		s.named, s.parents = map[*Attribute]bool{}, map[*Attribute]bool{}
	}
	if p.Attribute == "" {
		if e := s.res.Extension(p.URN); e != nil {
			for _, a := range e.Attributes {
				s.named[a] = true
			}
		}
		return
	}
	attribute, sub, ok := s.res.Lookup(p)
	switch {
	case !ok:
	case sub != nil:
		s.named[sub], s.parents[attribute] = true, true
	default:
		s.named[attribute] = true
	}
}

// All reports whether everything that is stored may be answered as it is, so that its bytes need not be decoded.
func (s Selection) All() bool { return !s.include && len(s.named) == 0 && !s.res.hidden }

// Wants reports whether an attribute is part of the answer, wholly or in part: "members", "groups", "meta", or the URN
// of an extension. Handlers ask before they compute what is costly.
func (s Selection) Wants(path string) bool {
	p, ok := s.res.Split(path)
	if !ok {
		return false
	}
	if p.Attribute == "" {
		e := s.res.Extension(p.URN)
		if e == nil {
			return false
		}
		for _, a := range e.Attributes {
			if s.wants(a) {
				return true
			}
		}
		return false
	}
	attribute, sub, ok := s.res.Lookup(p)
	if !ok || sub == nil {
		return ok && s.wants(attribute)
	}
	return s.wants(attribute) && s.wantsSub(attribute, sub)
}

func (s Selection) wants(a *Attribute) bool {
	switch {
	case a.Returned == Always:
		return true
	case a.Returned == Never || a.Mutability == WriteOnly:
		return false
	case s.include:
		return s.named[a] || s.parents[a]
	}
	return a.Returned == Default && !s.named[a]
}

func (s Selection) wantsSub(a, sub *Attribute) bool {
	switch {
	case sub.Returned == Always:
		return true
	case sub.Returned == Never || sub.Mutability == WriteOnly:
		return false
	case s.include && s.named[sub]:
		return true
	case s.include && s.parents[a] && !s.named[a]:
		return false
	}
	return sub.Returned == Default && (s.include || !s.named[sub])
}

// Apply returns the part of a whole resource (with id, schemas, meta) that was asked for. It does not change its
// argument, but may share its values.
func (s Selection) Apply(resource map[string]any) map[string]any {
	out := s.prune(s.res.Attributes, resource)
	for _, e := range s.res.Extensions {
		nested, ok := resource[e.URN].(map[string]any)
		if !ok {
			continue
		}
		if part := s.prune(e.Attributes, nested); len(part) > 0 {
			out[e.URN] = part
		}
	}
	return out
}

func (s Selection) prune(attributes []*Attribute, from map[string]any) map[string]any {
	out := make(map[string]any, len(from))
	for _, a := range attributes {
		value, given := from[a.Name]
		if !given || !s.wants(a) {
			continue
		}
		if value = s.pruneValue(a, value); value != nil {
			out[a.Name] = value
		}
	}
	return out
}

// pruneValue takes the unwanted sub-attributes out of a value. It returns nil when nothing is left.
func (s Selection) pruneValue(a *Attribute, value any) any {
	var unwanted []*Attribute
	for _, sub := range a.Sub {
		if !s.wantsSub(a, sub) {
			unwanted = append(unwanted, sub)
		}
	}
	if len(unwanted) == 0 {
		return value
	}
	switch v := value.(type) {
	case map[string]any:
		if part := without(v, unwanted); len(part) > 0 {
			return part
		}
		return nil
	case []any:
		parts := make([]any, 0, len(v))
		for _, element := range v {
			object, ok := element.(map[string]any)
			if !ok {
				parts = append(parts, element)
			} else if part := without(object, unwanted); len(part) > 0 {
				parts = append(parts, part)
			}
		}
		if len(parts) == 0 {
			return nil
		}
		return parts
	}
	return value
}

func without(object map[string]any, unwanted []*Attribute) map[string]any {
	part := maps.Clone(object)
	for _, sub := range unwanted {
		delete(part, sub.Name)
	}
	return part
}

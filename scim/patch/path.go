package patch

import (
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/filter"
	"github.com/mixus/usher/scim/schema"
)

// MaxPath is the longest path in bytes.
const MaxPath = 4 << 10

// Path is the target of an operation, resolved against a schema (RFC 7644, section 3.5.2, figure 7).
type Path struct {
	URN         string            // of the schema the attribute belongs to; alone when a whole extension is the target
	Attribute   *schema.Attribute // nil when the target is a whole extension
	Sub         *schema.Attribute // nil when the target is the attribute itself
	ValueFilter *filter.Element   // which elements of a multi-valued attribute; nil for all
}

// ParsePath reads a path: attr, attr.sub, attr[filter] or attr[filter].sub, each with or without the URN in front, names
// in any case; or the URN of a schema alone. Errors are *directory.Error with Code "invalidPath", or "invalidFilter" for
// what stands in brackets.
//
// Only the brackets need a grammar; the rest is cut at its colon and dots, which costs a hundredth of what the library's
// parser does. A fuzz test holds the two against each other.
func ParsePath(res *schema.Resource, text string) (*Path, error) {
	if len(text) > MaxPath {
		return nil, pathError("", "The path is longer than %d bytes.", MaxPath)
	}
	text = strings.TrimSpace(text)
	head, inner, tail, bracketed, err := cutBrackets(text)
	if err != nil {
		return nil, err
	}
	name, ok := res.Split(head)
	if !ok {
		return nil, unknown(res, head, name.Attribute)
	}
	if name.Attribute == "" && name.URN != "" && !bracketed {
		return &Path{URN: name.URN}, nil
	}
	a, sub, ok := res.Lookup(name)
	if !ok {
		return nil, unknown(res, head, name.Attribute)
	}
	p := &Path{URN: a.URN, Attribute: a, Sub: sub}
	if !bracketed {
		return p, nil
	}
	if sub != nil {
		return nil, pathError(text, "%s cannot be followed by brackets. Put them behind %s.", sub, a)
	}
	if tail != "" {
		if p.Sub = a.SubAttribute(tail); p.Sub == nil {
			return nil, unknown(res, a.String()+"."+tail, "")
		}
	}
	p.ValueFilter, err = filter.ParseElement(a, inner)
	return p, err
}

// cutBrackets splits attr[inner].tail. What stands in quotes may contain brackets, but nothing behind the last one may.
func cutBrackets(text string) (head, inner, tail string, bracketed bool, err error) {
	open := strings.IndexByte(text, '[')
	if open < 0 {
		return text, "", "", false, nil
	}
	end := strings.LastIndexByte(text, ']')
	if end < open {
		return "", "", "", false, pathError(text, `The path has "[" without "]".`)
	}
	tail = text[end+1:]
	if tail != "" {
		if len(tail) < 2 || tail[0] != '.' {
			return "", "", "", false, pathError(text, `Behind "]" a path can only go on with a dot and a sub-attribute.`)
		}
		tail = tail[1:]
	}
	return strings.TrimRight(text[:open], " "), text[open+1 : end], tail, true, nil
}

func unknown(res *schema.Resource, path, name string) error {
	if len(path) > 128 {
		path = path[:128] + "…"
	}
	if near := res.Nearest(name); near != "" && !strings.EqualFold(near, path) {
		return pathError(path, "The path names an unknown attribute: %s. Did you mean %s?", path, near)
	}
	return pathError(path, "The path names an unknown attribute: %s.", path)
}

// String returns the path in canonical spelling.
func (p *Path) String() string {
	if p.Attribute == nil {
		return p.URN
	}
	if p.ValueFilter == nil {
		return p.target().String()
	}
	text := p.Attribute.String() + "[" + p.ValueFilter.String() + "]"
	if p.Sub != nil {
		text += "." + p.Sub.Name
	}
	return text
}

// target returns the attribute or sub-attribute that the path leads to.
func (p *Path) target() *schema.Attribute {
	if p.Sub != nil {
		return p.Sub
	}
	return p.Attribute
}

func pathError(field, format string, args ...any) *directory.Error {
	return coded("invalidPath", field, format, args...)
}

func coded(code, field, format string, args ...any) *directory.Error {
	e := directory.Errorf(directory.Invalid, format, args...)
	e.Code, e.Field = code, field
	return e
}

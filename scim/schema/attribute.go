package schema

import (
	"strings"

	elimity "github.com/elimity-com/scim/schema"
)

// Type is the data type of an attribute (RFC 7643, section 2.3).
type Type string

// The data types of RFC 7643, section 2.3.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	Decimal   Type = "decimal"
	Integer   Type = "integer"
	DateTime  Type = "dateTime"
	Binary    Type = "binary"
	Reference Type = "reference"
	Complex   Type = "complex"
)

// Mutability says who may set an attribute, and when (RFC 7643, section 2.2).
type Mutability string

// The mutabilities of RFC 7643, section 2.2.
const (
	ReadWrite Mutability = "readWrite"
	ReadOnly  Mutability = "readOnly"
	Immutable Mutability = "immutable"
	WriteOnly Mutability = "writeOnly"
)

// Returned says when an attribute is part of an answer (RFC 7643, section 2.2).
type Returned string

// The values of "returned" of RFC 7643, section 2.2.
const (
	Always    Returned = "always"
	Never     Returned = "never"
	Default   Returned = "default"
	OnRequest Returned = "request"
)

// Attribute is one attribute of a resource, or a sub-attribute of a complex one.
type Attribute struct {
	Name        string // as the schema spells it
	URN         string // the schema it belongs to; empty for the common attributes of RFC 7643, section 3.1
	Extension   bool   // it belongs to an extension, and is nested under URN
	Type        Type
	MultiValued bool
	CaseExact   bool
	Required    bool
	Mutability  Mutability
	Returned    Returned
	Uniqueness  string
	Canonical   []string     // suggested values
	Sub         []*Attribute // of a complex attribute, in the schema's order
	Parent      *Attribute   // of a sub-attribute

	sub        map[string]*Attribute  // by canonical and by lower-case name
	definition *elimity.CoreAttribute // what the library validates against; nil where it is not asked
}

// SubAttribute returns the sub-attribute of a name in any case, or nil.
func (a *Attribute) SubAttribute(name string) *Attribute { return byName(a.sub, name) }

// String returns the path of the attribute as a client would write it: "name.givenName", or with the URN in front where
// it belongs to an extension.
func (a *Attribute) String() string {
	switch {
	case a.Parent != nil:
		return a.Parent.String() + "." + a.Name
	case a.Extension:
		return a.URN + ":" + a.Name
	}
	return a.Name
}

// byName finds a name in a table of lower-case names. A name as the schemas spell it is short ASCII, so the usual cost is
// one look-up.
func byName[T any](table map[string]*T, name string) *T {
	if v, ok := table[name]; ok {
		return v
	}
	return table[strings.ToLower(name)]
}

package schema

import (
	"encoding/json"
	"strings"

	elimity "github.com/elimity-com/scim/schema"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// definition is an attribute as /Schemas writes it (RFC 7643, section 7); the library reads it back.
type definition struct {
	Name          string       `json:"name"`
	Type          string       `json:"type"`
	Description   string       `json:"description,omitempty"`
	MultiValued   bool         `json:"multiValued"`
	Required      bool         `json:"required"`
	CaseExact     bool         `json:"caseExact"`
	Mutability    string       `json:"mutability,omitempty"`
	Returned      string       `json:"returned,omitempty"`
	SubAttributes []definition `json:"subAttributes,omitempty"`
}

// define translates a connection's own extension.
func define(e config.Extension) (elimity.Schema, error) {
	var s elimity.Schema
	if !strings.HasPrefix(strings.ToLower(e.URN), "urn:") {
		return s, directory.Errorf(directory.Invalid, "The extension %q needs a URN, such as urn:example:scim:schemas:1.0:Staff.", e.URN)
	}
	attributes, err := definitions(e.URN, e.Attributes, false)
	if err != nil {
		return s, err
	}
	name := e.Name
	if name == "" {
		name = e.URN[strings.LastIndexByte(e.URN, ':')+1:]
	}
	text, err := json.Marshal(map[string]any{"id": e.URN, "name": name, "description": name, "attributes": attributes})
	if err == nil {
		err = s.UnmarshalJSON(text)
	}
	if err != nil {
		fail := directory.Errorf(directory.Invalid, "The extension %s is not a SCIM schema. Check the names, types, mutability and returned of its attributes.", e.URN)
		fail.Err = err
		return s, fail
	}
	return s, nil
}

func definitions(urn string, attributes []config.ExtensionAttribute, nested bool) ([]definition, error) {
	seen := map[string]bool{}
	out := make([]definition, 0, len(attributes))
	for _, a := range attributes {
		lower := strings.ToLower(a.Name)
		if seen[lower] {
			return nil, directory.Errorf(directory.Invalid, "The extension %s declares the attribute %q twice.", urn, a.Name)
		}
		seen[lower] = true
		d := definition{
			Name: a.Name, Type: a.Type, Description: a.Description, MultiValued: a.MultiValued, Required: a.Required,
			CaseExact: a.CaseExact, Mutability: a.Mutability, Returned: a.Returned,
		}
		if d.Type == "" {
			d.Type = string(String)
		}
		isComplex := d.Type == string(Complex)
		if isComplex && nested || isComplex != (len(a.Attributes) > 0) {
			return nil, directory.Errorf(directory.Invalid, "The attribute %q of the extension %s must be complex exactly when it has attributes of its own, and those must be simple.", a.Name, urn)
		}
		subs, err := definitions(urn, a.Attributes, true)
		if err != nil {
			return nil, err
		}
		d.SubAttributes = subs
		out = append(out, d)
	}
	return out, nil
}

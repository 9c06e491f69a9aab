package config

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// definitions collects the objects of a JSON Schema, each described once.
type definitions struct {
	all map[string]*jsonschema.Schema
}

// reference returns a $ref to an object, describing it first where that has not been done.
func (defs *definitions) reference(name string, describe func(*definitions) *jsonschema.Schema) *jsonschema.Schema {
	if _, known := defs.all[name]; !known {
		defs.all[name] = nil // a table may refer to itself
		defs.all[name] = describe(defs)
	}
	return &jsonschema.Schema{Ref: "#/$defs/" + name}
}

// describe writes the table of keys as a JSON Schema.
func (o *object[T]) describe(defs *definitions) *jsonschema.Schema {
	schema := &jsonschema.Schema{
		Type: "object", Description: o.doc,
		Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema,
	}
	for _, k := range o.keys {
		property := k.schema(defs)
		property.Description = k.doc
		if example := k.sample(); example != nil {
			property.Examples = []any{example}
		}
		if k.blank {
			property = &jsonschema.Schema{
				Description: property.Description, Examples: property.Examples,
				AnyOf: []*jsonschema.Schema{bare(property), {Type: "null"}},
			}
		}
		schema.Properties.Set(k.name, property)
		if k.required {
			schema.Required = append(schema.Required, k.name)
		}
	}
	return schema
}

func bare(s *jsonschema.Schema) *jsonschema.Schema {
	c := *s
	c.Description, c.Examples = "", nil
	return &c
}

// sample reads the key's example as JSON.
func (k key[T]) sample() any {
	root, _ := parseTree(newSource("example", []byte(k.example)))
	if root == nil {
		return nil
	}
	return plain(root)
}

// OrganizationSchema returns the JSON Schema (draft 2020-12) of an organization file, for editors.
func OrganizationSchema() []byte {
	return schemaOf(organizationTable(), "An organization file of usher")
}

// OperatorSchema returns the JSON Schema (draft 2020-12) of usher.yaml, for editors.
func OperatorSchema() []byte {
	return schemaOf(operatorTable(), "usher.yaml")
}

func schemaOf[T any](table *object[T], title string) []byte {
	defs := &definitions{all: map[string]*jsonschema.Schema{}}
	schema := table.describe(defs)
	schema.Version = "https://json-schema.org/draft/2020-12/schema"
	schema.Title = title
	schema.Definitions = defs.all
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		// Every part of the schema is made of strings, numbers and booleans above.
		return []byte("{}\n")
	}
	return append(text, '\n')
}

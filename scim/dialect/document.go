package dialect

import (
	"github.com/mixus/usher/scim/schema"
)

// Document is a resource as a POST or PUT carried it, normalized and valid.
type Document struct {
	// Attributes have canonical names and types, extensions nested under their URN, without id, externalId, meta,
	// schemas, groups and password. userName, active and displayName are among them where they were given.
	Attributes map[string]any

	ID          string // as sent; a service provider ignores it (RFC 7643, section 3.1)
	ExternalID  string
	UserName    string
	DisplayName string
	Active      bool // true unless the body says otherwise
	ActiveGiven bool

	Notes []string // what was rewritten or dropped, one line each, without values
}

// Resource reads a resource without members from a POST or PUT body. Errors are *directory.Error with Code invalidSyntax
// or invalidValue.
func Resource(res *schema.Resource, body []byte) (*Document, error) {
	r := readerOf(body)
	b := newBuilder(res)
	err := r.object(func(key string) error {
		value, err := r.value()
		if err != nil {
			return err
		}
		return b.field(key, value)
	})
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return b.document()
}

// DocumentOf reads the outcome of patch.Apply as a document: it takes externalId out of the attributes and fills the
// fields. It changes its argument.
func DocumentOf(attributes map[string]any) *Document {
	d := &Document{Attributes: attributes, Active: true}
	d.ExternalID, _ = attributes[nameExternalID].(string)
	delete(attributes, nameExternalID)
	d.fill()
	return d
}

// fill copies out of the attributes what callers ask for by name.
func (d *Document) fill() {
	d.UserName, _ = d.Attributes["userName"].(string)
	d.DisplayName, _ = d.Attributes["displayName"].(string)
	if active, given := d.Attributes["active"].(bool); given {
		d.Active, d.ActiveGiven = active, true
	}
}

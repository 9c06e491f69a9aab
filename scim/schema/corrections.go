package schema

import (
	"slices"

	elimity "github.com/elimity-com/scim/schema"
)

// This file holds every departure from the library's definitions, with its reason.

// common returns the attributes that every resource has besides its schemas (RFC 7643, section 3.1). The library calls
// "schemas" immutable and returned by default; a client that echoes it back on PUT must not be refused, and a resource
// without it is none, so it is read-only and always returned here.
func common() []elimity.CoreAttribute {
	attributes := elimity.CommonAttributes()
	for i, a := range attributes {
		if a.Name() == "schemas" {
			attributes[i] = a.WithMutability(elimity.AttributeMutabilityReadOnly()).
				WithReturned(elimity.AttributeReturnedAlways())
		}
	}
	return attributes
}

// opaque reports whether the library's validator is not asked about an attribute: binary values, because Entra's own
// validator sends random strings as certificates and the library insists on base64; they are kept as opaque strings.
func opaque(a *Attribute) bool {
	return a.Type == Binary || slices.ContainsFunc(a.Sub, opaque)
}

// misspelled returns the other spellings of a schema's URN that providers are known to send: Entra's samples lack the
// last colon of the enterprise extension.
func misspelled(urn string) []string {
	if urn == EnterpriseURN {
		return []string{"urn:ietf:params:scim:schemas:extension:enterprise:2.0User"}
	}
	return nil
}

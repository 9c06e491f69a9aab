package schema

import (
	"slices"

	"github.com/elimity-com/scim/optional"
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

// publishedGroup returns the Group schema as /Schemas shows it. The library gives each member a "display" that clients may
// write, which the schema of RFC 7643, section 8.7.1, does not have and which is not kept here. Where requests are read it
// stays a known name, because providers send it with members: there it is dropped and not refused.
func publishedGroup() elimity.Schema {
	group := elimity.CoreGroupSchema()
	for i, a := range group.Attributes {
		if a.Name() == "members" {
			group.Attributes[i] = publishedMembers(a.Description())
		}
	}
	return group
}

func publishedMembers(description string) elimity.CoreAttribute {
	return elimity.ComplexCoreAttribute(elimity.ComplexParams{
		Name:        "members",
		Description: optional.NewString(description),
		MultiValued: true,
		SubAttributes: []elimity.SimpleParams{
			elimity.SimpleStringParams(elimity.StringParams{
				Name:        "value",
				Description: optional.NewString("The id of the member. What names nobody yet is kept until it does."),
				Mutability:  elimity.AttributeMutabilityImmutable(),
			}),
			elimity.SimpleReferenceParams(elimity.ReferenceParams{
				Name:           "$ref",
				Description:    optional.NewString("The URI of the member."),
				Mutability:     elimity.AttributeMutabilityImmutable(),
				ReferenceTypes: []elimity.AttributeReferenceType{"User", "Group"},
			}),
			elimity.SimpleStringParams(elimity.StringParams{
				Name:            "type",
				Description:     optional.NewString("Whether the member is a user or a nested group."),
				Mutability:      elimity.AttributeMutabilityImmutable(),
				CanonicalValues: []string{"User", "Group"},
			}),
		},
	})
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

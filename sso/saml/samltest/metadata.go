package samltest

import (
	"encoding/base64"
	"strings"
)

const nsMetadata = "urn:oasis:names:tc:SAML:2.0:metadata"

// Description is the metadata of a provider, in the pieces of text that tests change.
type Description struct {
	ID    string
	Attrs string   // of the entity
	Role  string   // attributes of its role
	Keys  []string // KeyDescriptors
	SLO   string   // services
	SSO   string
}

// Describe describes a provider with which nothing is wrong.
func Describe(entity, sso string, key Pair) Description {
	return Description{
		ID: entity, Keys: []string{KeyDescriptor("signing", key)},
		SSO: `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + sso + `"/>`,
	}
}

// KeyDescriptor is a key with its use, or without one when that is empty.
func KeyDescriptor(use string, key Pair) string {
	if use != "" {
		use = ` use="` + use + `"`
	}
	data := base64.StdEncoding.EncodeToString(key.Certificate.Raw)
	return `<md:KeyDescriptor` + use + `><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + "\n  " + data[:64] + "\n  " + data[64:] +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

// XML is the document.
func (d Description) XML() string {
	return `<md:EntityDescriptor xmlns:md="` + nsMetadata + `" xmlns:ds="` + nsSignature + `" entityID="` + d.ID + `"` + d.Attrs + `>` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `"` + d.Role + `>` + strings.Join(d.Keys, "") + d.SLO + d.SSO +
		`</md:IDPSSODescriptor></md:EntityDescriptor>`
}

// Several is a document of several entities.
func Several(attrs string, inside ...string) string {
	return `<md:EntitiesDescriptor xmlns:md="` + nsMetadata + `"` + attrs + `>` + strings.Join(inside, "") + `</md:EntitiesDescriptor>`
}

package config

import (
	"fmt"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// connectionTable is the table of an item of "connections".
func connectionTable() *object[Connection] {
	return &object[Connection]{
		name: "connection", noun: "a connection", doc: "One identity provider's line into the organization.",
		keys: []key[Connection]{
			in("id", identifier(), func(c *Connection) *string { return &c.ID },
				"The id of the connection, part of its SCIM address: /scim/v2/ID. Unique over all organizations.", "acme-okta").must(),
			in("label", nameText(), func(c *Connection) *string { return &c.Label }, "What the sign-in button says.", "Acme staff"),
			in("provider", oneOf("okta", "entra", "google", "generic"), func(c *Connection) *string { return &c.Provider }, "Whose product it is; generic without it.", "okta"),
			in("state", oneOf(StateObserve, StateActive, StatePaused), func(c *Connection) *string { return &c.State },
				"active, the default; observe decides and shows but changes nobody; paused takes what is pushed and leaves members as they are.", "active"),
			in("provisioning", oneOf(ProvisioningAuto, ProvisioningInvite), func(c *Connection) *string { return &c.Provisioning },
				"auto, the default: a pushed user becomes a member; invite: a pushed user gets an invitation.", "auto"),
			in("default_role", nameText(), func(c *Connection) *string { return &c.DefaultRole },
				"The role of people whom no rule and no domain gives one. Without it they are out of scope.", "viewer"),
			in("groups_from", oneOf(GroupsFromSCIM, GroupsFromLogin, GroupsFromPull), func(c *Connection) *string { return &c.GroupsFrom }, "The one source of the connection's groups; scim without it.", "scim"),
			in("authority", listOf(domainName(), "a list of domains"), func(c *Connection) *[]string { return &c.Authority },
				"The domains for whose people this connection decides status and profile. By another connection, nobody whom its own directory has not told of joins or is linked to a member by an address of them.", "[acme.com]"),
			in("subject", subjectTable().value(), func(c *Connection) *Subject { return &c.Subject }, "The attribute that names a person for good, for each protocol.", "{scim: externalId, oidc: oid}"),
			in("saml", samlTable().value(), func(c *Connection) *map[string]any { return &c.SAML }, "Sign-in by SAML 2.0.", `{metadata_url: "https://acme.okta.com/app/exk1/sso/saml/metadata"}`),
			in("oidc", oidcTable().value(), func(c *Connection) *map[string]any { return &c.OIDC }, "Sign-in by OpenID Connect.", `{issuer: "https://acme.okta.com", client_id: 0oa1b2c3, client_secret: "${secret:okta}"}`),
			in("extensions", listOf(extensionTable().value(), "a list of SCIM schemas"), func(c *Connection) *[]Extension { return &c.Extensions },
				"Custom SCIM schemas of the connection's users (RFC 7643, section 3.3).", `[{urn: "urn:ietf:params:scim:schemas:extension:acme:2.0:User", attributes: [{name: badge}]}]`),
		},
		start: func(at directory.Position) Connection {
			return Connection{At: at, Provider: "generic", State: StateActive, Provisioning: ProvisioningAuto, GroupsFrom: GroupsFromSCIM}
		},
		places: func(c *Connection) *Places { return &c.Places },
		finish: func(d *decoder, n *node, c *Connection) {
			if c.SAML != nil && c.OIDC != nil {
				d.fail(n.get("oidc").at, "a connection signs people in by saml or by oidc, and this one has both", "move one of them to a connection of its own")
			}
			wholeSAML(d, n.get("saml"), c.SAML)
			wholeOIDC(d, n.get("oidc"), c.OIDC)
		},
	}
}

func subjectTable() *object[Subject] {
	return &object[Subject]{
		name: "subject", noun: `"subject"`, doc: "The attribute that names a person for good. It never changes and never passes to somebody else.",
		keys: []key[Subject]{
			in("scim", attributeName(), func(s *Subject) *string { return &s.SCIM }, "An attribute of SCIM users.", "externalId"),
			in("oidc", environmentText(), func(s *Subject) *string { return &s.OIDC }, "A claim of ID tokens.", "sub"),
			in("saml", environmentText(), func(s *Subject) *string { return &s.SAML }, "NameID, or an attribute of assertions.", "NameID"),
		},
	}
}

// textMap is a mapping from text to text.
func textMap() value[map[string]string] {
	name := nameText()
	return value[map[string]string]{
		schema: func(defs *definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "object", AdditionalProperties: name.schema(defs)}
		},
		read: func(d *decoder, n *node, s spot) (map[string]string, bool) {
			if n.kind != isMapping {
				d.wrong(n, s, "a mapping from text to text")
				return nil, false
			}
			out := make(map[string]string, len(n.pairs))
			for _, p := range n.pairs {
				if text, ok := name.read(d, p.value, spot{key: p.key.text}); ok {
					out[p.key.text] = text
				}
			}
			return out, true
		},
	}
}

func extensionTable() *object[Extension] {
	return &object[Extension]{
		name: "extension", noun: "an extension", doc: "A custom SCIM schema of users (RFC 7643, section 3.3).",
		keys: []key[Extension]{
			in("urn", urnText(), func(e *Extension) *string { return &e.URN }, "The schema's URN.", "urn:ietf:params:scim:schemas:extension:acme:2.0:User").must(),
			in("name", nameText(), func(e *Extension) *string { return &e.Name }, "What people call it.", "Acme user"),
			in("attributes", someOf(attributeTable().value(), "a list of attributes"), func(e *Extension) *[]ExtensionAttribute { return &e.Attributes }, "Its attributes.", "[{name: badge, type: string}]").must(),
		},
		start: func(at directory.Position) Extension { return Extension{At: at} },
	}
}

// attributeTable is the table of an attribute of a custom schema, which may have attributes of its own.
func attributeTable() *object[ExtensionAttribute] {
	table := &object[ExtensionAttribute]{
		name: "attribute", noun: "an attribute", doc: "An attribute of a custom schema (RFC 7643, section 2.2).",
		start: func(at directory.Position) ExtensionAttribute {
			return ExtensionAttribute{At: at, Type: "string", Mutability: "readWrite", Returned: "default"}
		},
		finish: func(d *decoder, n *node, a *ExtensionAttribute) {
			if (a.Type == "complex") != (n.get("attributes") != nil) {
				d.fail(n.at, fmt.Sprintf("the attribute %q has sub-attributes exactly when its type is complex", a.Name), "write type: complex, or leave attributes out")
			}
			for _, sub := range a.Attributes {
				if sub.Type == "complex" {
					d.fail(sub.At, fmt.Sprintf("the attribute %q cannot be complex inside another one (RFC 7643, section 2.3.8)", sub.Name), "write its parts beside it")
				}
			}
			uniqueBy(d, "attribute", a.Attributes, func(a ExtensionAttribute) (string, directory.Position) { return directory.Fold(a.Name), a.At })
		},
	}
	table.keys = []key[ExtensionAttribute]{
		in("name", attributeName(), func(a *ExtensionAttribute) *string { return &a.Name }, "The attribute's name.", "badge").must(),
		in("type", oneOf("string", "boolean", "integer", "decimal", "dateTime", "reference", "complex"), func(a *ExtensionAttribute) *string { return &a.Type }, "Its type; string without it.", "string"),
		in("multi_valued", boolean(), func(a *ExtensionAttribute) *bool { return &a.MultiValued }, "Whether it holds a list.", "false"),
		in("case_exact", boolean(), func(a *ExtensionAttribute) *bool { return &a.CaseExact }, "Whether case counts in comparisons.", "false"),
		in("required", boolean(), func(a *ExtensionAttribute) *bool { return &a.Required }, "Whether every user must have it.", "false"),
		in("mutability", oneOf("readWrite", "immutable", "readOnly", "writeOnly"), func(a *ExtensionAttribute) *string { return &a.Mutability }, "Whether it can be written; readWrite without it.", "immutable"),
		in("returned", oneOf("default", "always", "never", "request"), func(a *ExtensionAttribute) *string { return &a.Returned }, "When answers hold it; default without it.", "default"),
		in("description", anyText(), func(a *ExtensionAttribute) *string { return &a.Description }, "What it means.", "The number on the badge"),
		in("attributes", listOf(table.value(), "a list of attributes"), func(a *ExtensionAttribute) *[]ExtensionAttribute { return &a.Attributes }, "The parts of a complex attribute.", "[{name: floor, type: integer}]"),
	}
	return table
}

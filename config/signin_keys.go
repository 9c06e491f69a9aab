package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

func samlTable() *object[map[string]any] {
	return &object[map[string]any]{
		name: "saml", noun: `"saml"`,
		doc: "Sign-in by SAML 2.0. Give the provider's metadata by metadata_url, metadata_file or metadata, or entity_id with sso_url and certificates.",
		keys: []key[map[string]any]{
			entry("metadata_url", providerURL(), "Where the provider publishes its metadata; it is read again on a schedule.", "https://acme.okta.com/app/exk1/sso/saml/metadata"),
			entry("metadata_file", filePath(), "A file with the provider's metadata, relative to this one.", "okta.xml"),
			entry("metadata", anyText(), "The provider's metadata itself.", `"<EntityDescriptor/>"`),
			entry("entity_id", environmentText(), "The provider's entity id; beside metadata, the only one that is believed.", "http://www.okta.com/exk1"),
			entry("sso_url", providerURL(), "Where people sign in.", "https://acme.okta.com/app/exk1/sso/saml"),
			entry("slo_url", providerURL(), "Where sign-outs are announced.", "https://acme.okta.com/app/exk1/slo/saml"),
			entry("certificates", listOf(anyText(), "a list of PEM texts"), "The provider's signing certificates in PEM; two while one replaces the other.", `["-----BEGIN CERTIFICATE-----"]`),
			entry("attributes", textMap(), "Which attribute of an assertion holds what: "+signInFields+".", "{email: mail, groups: memberOf}"),
			entry("name_id", oneOf("persistent", "emailAddress", "unspecified"), "The form of name that is asked for; persistent without it. With emailAddress people are known by their mail address, unless subject names an attribute: who inherits an address inherits its account.", "persistent"),
			entry("idp_initiated", boolean(), "Whether a sign-in may begin at the provider; false without it.", "false"),
			entry("sign_requests", boolean(), "Whether requests to the provider are signed; true without it.", "true"),
			entry("want_assertions_signed", boolean(), "Whether every assertion must be signed itself, not only the answer around it; false without it.", "true"),
			entry("allow_sha1", boolean(), "Whether signatures that lean on SHA-1 are taken; false without it. Have the provider use SHA-256 instead.", "false"),
			entry("force_authn", boolean(), "Whether the provider has to ask for the password each time; false without it.", "false"),
			entry("authn_contexts", listOf(environmentText(), "a list of authentication contexts"), "One of these ways to sign in must have been used (SAML authentication context classes).", `["urn:oasis:names:tc:SAML:2.0:ac:classes:X509"]`),
			entry("clock_skew", clockSkew(), "By how much the two clocks may differ; 90s without it, at most 5m.", "90s"),
		},
		start: func(directory.Position) map[string]any { return map[string]any{} },
	}
}

func oidcTable() *object[map[string]any] {
	return &object[map[string]any]{
		name: "oidc", noun: `"oidc"`, doc: "Sign-in by OpenID Connect.",
		keys: []key[map[string]any]{
			entry("issuer", providerURL(), "The provider's issuer, below which its configuration is found.", "https://acme.okta.com").must(),
			entry("client_id", environmentText(), "The id under which the provider knows usher.", "0oa1b2c3").must(),
			entry("client_secret", secretReference(), "The secret that belongs to it, by name; usher.yaml says where it comes from.", "${secret:okta}"),
			entry("private_key", secretReference(), "In place of a secret: a private key in PEM with which usher signs for itself (private_key_jwt).", "${secret:okta_key}"),
			entry("scopes", listOf(nameText(), "a list of scopes"), "What to ask for beside openid; profile and email without it.", "[profile, email, groups]"),
			entry("claims", textMap(), "Which claim holds what: "+signInFields+".", "{groups: groups}"),
			entry("tenant", environmentText(), "The one Entra tenant whose people may sign in; without it, the one that the issuer names.", "0f3c8e2a-6f6b-4a52-9d3e-6f0a3a1f2b11"),
			entry("hosted_domain", domainName(), "The Google Workspace domain whose people may sign in.", "acme.com"),
			entry("algorithms", listOf(oneOf("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"), "a list of algorithms"), "With which tokens may be signed; RS256, PS256, ES256 and EdDSA without it.", "[RS256]"),
			entry("audiences", listOf(environmentText(), "a list of audiences"), "Further audiences which a token may name beside the client id.", "[acme-portal]"),
			entry("trust_email", boolean(), "Whether an address counts as the person's where the provider does not say that it has verified it; false without it.", "false"),
			entry("prompt", oneOf("login", "select_account", "consent"), "What the provider asks each time.", "select_account"),
			entry("max_age", wholeDuration(), "How long ago a person may have signed in at the provider.", "8h"),
			entry("acr_values", listOf(environmentText(), "a list of authentication contexts"), "One of these ways to sign in must have been used.", "[phr]"),
			entry("clock_skew", clockSkew(), "By how much the two clocks may differ; 90s without it, at most 5m.", "90s"),
		},
		start: func(directory.Position) map[string]any { return map[string]any{} },
	}
}

// signInFields are the keys of "attributes" and "claims".
const signInFields = "email, user_name, given_name, family_name, display_name, title, department, locale, groups"

// mostSkew is by how much clocks may differ at most.
const mostSkew = 5 * time.Minute

// clockSkew is a short duration, kept as it was written.
func clockSkew() value[string] {
	return durationText("a duration such as 90s", func(d time.Duration) (string, string) {
		if d > mostSkew {
			return "which is more than 5m", "set the clocks by NTP, and write at most 5m"
		}
		return "", ""
	})
}

// wholeDuration is a duration, kept as it was written.
func wholeDuration() value[string] {
	return durationText("a duration such as 8h", func(time.Duration) (string, string) { return "", "" })
}

func durationText(want string, check func(time.Duration) (message, fix string)) value[string] {
	return checked(want, noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		d, err := ParseDuration(s)
		if err != nil {
			return "", "which is not a duration", "write weeks, days, hours, minutes and seconds as in 8h, 90s"
		}
		message, fix := check(d)
		return s, message, fix
	})
}

// wholeSAML checks what one key of "saml" says against another.
func wholeSAML(d *decoder, n *node, m map[string]any) {
	if n == nil || m == nil {
		return
	}
	fieldsKnown(d, n.get("attributes"), m["attributes"])
	var sources []string
	for _, name := range []string{"metadata_url", "metadata_file", "metadata", "sso_url"} {
		if n.get(name) != nil {
			sources = append(sources, name)
		}
	}
	switch {
	case len(sources) == 0:
		d.fail(n.at, `"saml" does not say where the provider is`, "write metadata_url, or entity_id with sso_url and certificates")
	case len(sources) > 1:
		d.fail(n.get(sources[1]).at, fmt.Sprintf("the provider is described by %s and by %s", sources[0], sources[1]), "keep one of them")
	case sources[0] == "sso_url" && (n.get("entity_id") == nil || n.get("certificates") == nil):
		d.fail(n.get("sso_url").at, "sso_url needs entity_id and certificates beside it", "copy them from the provider, or write metadata_url instead")
	case sources[0] != "sso_url" && n.get("certificates") != nil:
		d.fail(n.get("certificates").at, "the certificates are in the metadata", "remove one of the two")
	}
}

// wholeOIDC checks what one key of "oidc" says against another.
func wholeOIDC(d *decoder, n *node, m map[string]any) {
	if n == nil || m == nil {
		return
	}
	fieldsKnown(d, n.get("claims"), m["claims"])
	if n.get("client_secret") != nil && n.get("private_key") != nil {
		d.fail(n.get("private_key").at, "usher proves itself by client_secret or by private_key, and this connection has both", "keep one of them")
	}
}

// fieldsKnown checks that a mapping of attributes or claims names things that a sign-in has.
func fieldsKnown(d *decoder, n *node, m any) {
	fields, _ := m.(map[string]string)
	if n == nil || fields == nil {
		return
	}
	known := (&Fields{}).places()
	for _, p := range n.pairs {
		if _, ok := known[p.key.text]; ok {
			continue
		}
		fix := "write one of " + signInFields
		names := make([]string, 0, len(known))
		for name := range known {
			names = append(names, name)
		}
		slices.Sort(names)
		if near := Nearest(p.key.text, names); near != "" {
			fix = "write " + near
		}
		d.fail(p.key.at, fmt.Sprintf("a sign-in has no %q", p.key.text), fix)
	}
}

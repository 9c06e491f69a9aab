package config

import "time"

// SAML is how a connection signs people in by SAML 2.0. One of MetadataURL, MetadataFile, Metadata and SSOURL is set.
type SAML struct {
	MetadataURL  string
	MetadataFile string // relative to the organization's file
	Metadata     string
	EntityID     string // of the provider; "" for the only one in its metadata
	SSOURL       string
	SLOURL       string
	Certificates []string // PEM texts

	Attributes           Fields
	NameID               string // persistent, emailAddress or unspecified
	IDPInitiated         bool
	SignRequests         bool
	WantAssertionsSigned bool
	AllowSHA1            bool
	ForceAuthn           bool
	AuthnContexts        []string
	ClockSkew            time.Duration
}

// OIDC is how a connection signs people in by OpenID Connect.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret string // a reference to a secret; "" where PrivateKey is used, or neither
	PrivateKey   string // a reference to a secret
	Scopes       []string
	Claims       Fields
	Tenant       string
	HostedDomain string
	Algorithms   []string
	Audiences    []string
	TrustEmail   bool
	Prompt       string
	MaxAge       time.Duration
	ACR          []string
	ClockSkew    time.Duration
}

// Fields says which attribute or claim holds what; "" for the one that the provider usually has.
type Fields struct {
	Email, UserName, GivenName, FamilyName, DisplayName, Title, Department, Locale, Groups string
}

// places returns where each field is kept, by its name in files.
func (f *Fields) places() map[string]*string {
	return map[string]*string{
		"email": &f.Email, "user_name": &f.UserName, "given_name": &f.GivenName, "family_name": &f.FamilyName,
		"display_name": &f.DisplayName, "title": &f.Title, "department": &f.Department, "locale": &f.Locale, "groups": &f.Groups,
	}
}

// defaultSkew is by how much clocks may differ where a connection says nothing.
const defaultSkew = 90 * time.Second

// SignInSAML returns how the connection signs people in by SAML, and false when it does not.
func (c *Connection) SignInSAML() (SAML, bool) {
	m := written(c.SAML)
	return SAML{
		MetadataURL: m.text("metadata_url"), MetadataFile: m.text("metadata_file"), Metadata: m.text("metadata"),
		EntityID: m.text("entity_id"), SSOURL: m.text("sso_url"), SLOURL: m.text("slo_url"), Certificates: m.list("certificates"),
		Attributes: m.fields("attributes"), NameID: m.or("name_id", "persistent"),
		IDPInitiated: m.is("idp_initiated", false), SignRequests: m.is("sign_requests", true),
		WantAssertionsSigned: m.is("want_assertions_signed", false), AllowSHA1: m.is("allow_sha1", false), ForceAuthn: m.is("force_authn", false),
		AuthnContexts: m.list("authn_contexts"), ClockSkew: m.duration("clock_skew", defaultSkew),
	}, c.SAML != nil
}

// SignInOIDC returns how the connection signs people in by OpenID Connect, and false when it does not.
func (c *Connection) SignInOIDC() (OIDC, bool) {
	m := written(c.OIDC)
	return OIDC{
		Issuer: m.text("issuer"), ClientID: m.text("client_id"), ClientSecret: m.text("client_secret"), PrivateKey: m.text("private_key"),
		Scopes: m.list("scopes"), Claims: m.fields("claims"), Tenant: m.text("tenant"), HostedDomain: m.text("hosted_domain"),
		Algorithms: m.list("algorithms"), Audiences: m.list("audiences"), TrustEmail: m.is("trust_email", false),
		Prompt: m.text("prompt"), MaxAge: m.duration("max_age", 0), ACR: m.list("acr_values"), ClockSkew: m.duration("clock_skew", defaultSkew),
	}, c.OIDC != nil
}

// written is a mapping as the file has it, each value of the type that its key has.
type written map[string]any

func (w written) text(key string) string {
	text, _ := w[key].(string)
	return text
}

func (w written) or(key, without string) string {
	if text := w.text(key); text != "" {
		return text
	}
	return without
}

func (w written) list(key string) []string {
	list, _ := w[key].([]string)
	return list
}

func (w written) is(key string, without bool) bool {
	if is, ok := w[key].(bool); ok {
		return is
	}
	return without
}

func (w written) duration(key string, without time.Duration) time.Duration {
	if d, err := ParseDuration(w.text(key)); err == nil {
		return d
	}
	return without
}

func (w written) fields(key string) Fields {
	var f Fields
	names, _ := w[key].(map[string]string)
	for name, place := range f.places() {
		*place = names[name]
	}
	return f
}

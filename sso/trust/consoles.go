package trust

import "strings"

// steps lists the fields of the provider's console in the order in which an admin meets them. The names are those that the
// consoles show: Okta's Application Integration Wizard, Entra's enterprise applications and app registrations, Google's
// custom SAML apps and OAuth clients.
func (s *Setup) steps() []Step {
	var list []Step
	switch {
	case s.Protocol == protocolNone:
	case s.Provider == "okta" && s.Protocol == "saml":
		list = s.oktaSAML()
	case s.Provider == "okta":
		list = s.oktaOIDC()
	case s.Provider == "entra" && s.Protocol == "saml":
		list = s.entraSAML()
	case s.Provider == "entra":
		list = s.entraOIDC()
	case s.Provider == "google" && s.Protocol == "saml":
		list = s.googleSAML()
	case s.Provider == "google":
		const where = "Google Cloud console › APIs & Services › Credentials › OAuth client ID › Web application"
		list = []Step{{where, "Authorized redirect URIs", s.RedirectURI}}
	case s.Protocol == "saml":
		list = s.genericSAML()
	default:
		list = s.genericOIDC()
	}
	return append(list, s.scimSteps()...)
}

// ours is the certificate that a provider is to be given: the one that signs, or that will after the rotation.
func (s *Setup) ours() string {
	if len(s.Certificates) == 0 {
		return "not made yet; the server makes it within a minute of its start"
	}
	for _, c := range s.Certificates {
		if c.Role == string(next) {
			return c.PEM
		}
	}
	return s.Certificates[0].PEM
}

// reads names the attribute that is looked for first.
func (s *Setup) reads(field string) string {
	for _, a := range s.Attributes {
		if a.Field == field && len(a.Names) > 0 {
			return a.Names[0]
		}
	}
	return field
}

// nameID is a name ID format as consoles show it.
func (s *Setup) nameID() string {
	switch s.NameID {
	case "persistent":
		return "Persistent"
	case "emailAddress":
		return "EmailAddress"
	}
	return "Unspecified"
}

func (s *Setup) oktaSAML() []Step {
	const where = "Applications › Create App Integration › SAML 2.0 › Configure SAML"
	const advanced = where + " › Show Advanced Settings"
	const statements = where + " › Attribute Statements"
	list := []Step{
		{where, "Single sign-on URL", s.ACS},
		{where, "Audience URI (SP Entity ID)", s.EntityID},
		{where, "Name ID format", s.nameID()},
		{advanced, "Signature Certificate", s.ours()},
		{advanced, "Single Logout URL", s.SLO},
		{advanced, "SP Issuer", s.EntityID},
		{statements, s.reads("email"), "user.email"},
		{statements, s.reads("given_name"), "user.firstName"},
		{statements, s.reads("family_name"), "user.lastName"},
		{statements, s.reads("department"), "user.department"},
	}
	if s.Subject.SignIn != nameID { // Okta's own persistent NameID is the user name, which changes with a person's name
		list = append(list, Step{statements, s.Subject.SignIn, `user.getInternalProperty("id")`})
	}
	return list
}

func (s *Setup) oktaOIDC() []Step {
	const where = "Applications › Create App Integration › OIDC - OpenID Connect › Web Application"
	list := []Step{
		{where, "Sign-in redirect URIs", s.RedirectURI},
		{where, "Sign-out redirect URIs", s.SignedOut},
		{where + " › General › Login", "Initiate login URI", s.Login},
	}
	if len(s.Keys) > 0 {
		list = append(list, Step{where + " › General › Client Credentials", "Public key / Private key", string(s.Keys)})
	}
	return list
}

func (s *Setup) entraSAML() []Step {
	const where = "Enterprise applications › the application › Single sign-on › SAML"
	const basic = where + " › Basic SAML Configuration"
	const claims = where + " › Attributes & Claims"
	list := []Step{
		{basic, "Identifier (Entity ID)", s.EntityID},
		{basic, "Reply URL (Assertion Consumer Service URL)", s.ACS},
		{basic, "Sign on URL", s.Login},
		{basic, "Logout Url", s.SLO},
		{claims, s.reads("email"), "user.mail"},
		{where + " › SAML Certificates", "Verification certificates", s.ours()},
	}
	if s.Subject.SignIn == nameID { // otherwise it is a claim, and Entra sends the object id as one by itself
		list = append(list, Step{claims, "Unique User Identifier (Name ID)", "user.objectid, format " + s.nameID()})
	}
	return list
}

func (s *Setup) entraOIDC() []Step {
	const where = "App registrations › the application › Authentication › Web"
	list := []Step{
		{where, "Redirect URIs", s.RedirectURI},
		{where, "Redirect URIs, a second one, for signing out", s.SignedOut},
		{"App registrations › the application › Token configuration", "Add optional claim › ID", "email, xms_edov"},
	}
	if len(s.Keys) > 0 {
		list = append(list, Step{"App registrations › the application › Certificates & secrets › Certificates", "Upload certificate", "the certificate of the private key"})
	}
	return list
}

func (s *Setup) googleSAML() []Step {
	const where = "Apps › Web and mobile apps › Add app › Add custom SAML app › Service provider details"
	const mapping = "Apps › Web and mobile apps › Add app › Add custom SAML app › Attribute mapping"
	return []Step{
		{where, "ACS URL", s.ACS},
		{where, "Entity ID", s.EntityID},
		{where, "Start URL", s.Login},
		{where, "Signed response", "on"},
		{where, "Name ID format", map[string]string{"persistent": "PERSISTENT", "emailAddress": "EMAIL"}[s.NameID]},
		{mapping, "Primary email", s.reads("email")},
		{mapping, "First name", s.reads("given_name")},
		{mapping, "Last name", s.reads("family_name")},
		{mapping, "Department", s.reads("department")},
	}
}

func (s *Setup) genericSAML() []Step {
	const where = "Service provider (relying party)"
	return []Step{
		{where, "Metadata URL, which says all of the following", s.Metadata},
		{where, "Entity ID", s.EntityID},
		{where, "Assertion consumer service URL (HTTP-POST)", s.ACS},
		{where, "Single logout service URL", s.SLO},
		{where, "NameID format", s.nameID()},
		{where, "Signing and encryption certificate", s.ours()},
		{where + " › attributes", s.reads("email"), "the mail address"},
	}
}

func (s *Setup) genericOIDC() []Step {
	const where = "Client (relying party)"
	list := []Step{
		{where, "Redirect URI", s.RedirectURI},
		{where, "Post-logout redirect URI", s.SignedOut},
		{where, "Back-channel logout URI", s.BackChannelLogout},
		{where, "Initiate login URI", s.Login},
		{where, "Scopes", strings.Join(s.Scopes, " ")},
	}
	if len(s.Keys) > 0 {
		list = append(list, Step{where, "JWKS, for private_key_jwt", string(s.Keys)})
	}
	return list
}

// scimSteps are those of the provider that pushes people. Google pushes nothing to applications that it does not list
// itself.
func (s *Setup) scimSteps() []Step {
	const token = "what `usher token create` prints"
	switch s.Provider {
	case "okta":
		const where = "the application › Provisioning › Integration"
		return []Step{
			{where, "SCIM connector base URL", s.SCIM},
			{where, "Unique identifier field for users", "userName"},
			{where, "Authentication Mode", "HTTP Header, with " + token},
		}
	case "entra":
		const where = "Enterprise applications › the application › Provisioning"
		return []Step{
			{where + " › Admin Credentials", "Tenant URL", s.SCIM},
			{where + " › Admin Credentials", "Secret Token", token},
			{where + " › Mappings › Provision Microsoft Entra ID Users", s.Subject.SCIM, "objectId"},
		}
	case "google":
		return nil
	}
	const where = "SCIM 2.0 provisioning"
	return []Step{
		{where, "Base URL", s.SCIM},
		{where, "Bearer token", token},
		{where, s.Subject.SCIM, immutable(s.Provider)},
	}
}

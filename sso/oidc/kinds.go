package oidc

// Kind is whose product a provider is. Providers differ in what they say of people, and in what they mean by it.
type Kind string

// The kinds of provider.
const (
	Generic Kind = "generic"
	Okta    Kind = "okta"
	Entra   Kind = "entra"
	Google  Kind = "google"
)

// kind is what is peculiar to one provider.
type kind struct {
	subject []string
	claims  names
	// userinfo says whether the userinfo endpoint is asked. Okta's ID tokens of the code flow leave out most of the profile.
	// What Entra's endpoint says its ID token says too, and more (learn.microsoft.com, "Microsoft identity platform UserInfo
	// endpoint"); Google's has the same claims as its token.
	userinfo bool
	// reauthenticates says whether auth_time can be had, by which one sees that a person really signed in again. Google
	// knows neither prompt=login nor max_age.
	reauthenticates bool
	// assertTo says whether private_key_jwt is addressed to the issuer or to the token endpoint. RFC 7523bis wants the
	// issuer; Okta and Entra document the token endpoint.
	assertTo audience
	// hint is the parameter that names the person's domain; "" for none.
	hint string
}

type audience int

const (
	toIssuer audience = iota
	toTokenEndpoint
)

// names are the claims that hold what, the first that is there counting.
type names struct {
	email, userName, givenName, familyName, displayName, title, department, locale []string
	groups                                                                         string
}

// standard are the names of OpenID Connect Core 5.1, and those that providers usually give to what it does not name.
func standard() names {
	return names{
		email: []string{"email"}, userName: []string{"preferred_username"},
		givenName: []string{"given_name"}, familyName: []string{"family_name"}, displayName: []string{"name"},
		title: []string{"title", "jobTitle", "job_title"}, department: []string{"department"}, locale: []string{"locale"},
		groups: "groups",
	}
}

// peculiar returns what is peculiar to a kind of provider, and whether it is known.
func (k Kind) peculiar() (kind, bool) {
	switch k {
	case Generic:
		return kind{subject: []string{"sub"}, claims: standard(), userinfo: true, reauthenticates: true, assertTo: toIssuer}, true
	case Okta:
		return kind{subject: []string{"sub"}, claims: standard(), userinfo: true, reauthenticates: true, assertTo: toTokenEndpoint}, true
	case Google:
		return kind{subject: []string{"sub"}, claims: standard(), hint: "hd"}, true
	case Entra:
		// Entra's sub differs from application to application; tid and oid together name the person (learn.microsoft.com, "ID
		// token claims reference"), and oid is what its SCIM usually pushes as externalId.
		return kind{subject: []string{"tid", "oid"}, claims: entraNames(), reauthenticates: true, assertTo: toTokenEndpoint, hint: "domain_hint"}, true
	}
	return kind{}, false
}

func entraNames() names {
	n := standard()
	n.userName = []string{"preferred_username", "upn"}
	n.title = []string{"jobtitle", "jobTitle"}
	n.locale = []string{"xms_pl", "locale"}
	return n
}

// with puts a connection's own names in the place of the usual ones.
func (n names) with(c Claims) names {
	for _, own := range []struct {
		name string
		of   *[]string
	}{
		{c.Email, &n.email},
		{c.UserName, &n.userName},
		{c.GivenName, &n.givenName},
		{c.FamilyName, &n.familyName},
		{c.DisplayName, &n.displayName},
		{c.Title, &n.title},
		{c.Department, &n.department},
		{c.Locale, &n.locale},
	} {
		if own.name != "" {
			*own.of = []string{own.name}
		}
	}
	if c.Groups != "" {
		n.groups = c.Groups
	}
	return n
}

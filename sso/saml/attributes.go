package saml

import (
	"slices"
	"strings"

	"github.com/mixus/usher/sso/identity"
)

// Attributes say by which names a provider gives what we want to know. Of several names, the first counts that a message
// has; case does not matter where no name fits exactly.
type Attributes struct {
	Email       []string
	UserName    []string
	GivenName   []string
	FamilyName  []string
	DisplayName []string
	Title       []string
	Department  []string
	Locale      []string
	Groups      []string
}

const (
	claims          = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	claimsMicrosoft = "http://schemas.microsoft.com/identity/claims/"
	groupsMicrosoft = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
	// overage stands in the place of the groups when a person has more than 150 of them.
	overage = "http://schemas.microsoft.com/claims/groups.link"
)

// DefaultAttributes returns the names that a provider uses unless its admin changed them: "okta", "entra", "google", or
// anything else for a generic one.
func DefaultAttributes(provider string) Attributes {
	generic := Attributes{
		Email:       []string{"email", "mail", "emailAddress", "User.email", "urn:oid:0.9.2342.19200300.100.1.3", claims + "emailaddress"},
		UserName:    []string{"userName", "uid", "login", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "urn:oid:0.9.2342.19200300.100.1.1", claims + "name"},
		GivenName:   []string{"givenName", "firstName", "first_name", "User.FirstName", "urn:oid:2.5.4.42", claims + "givenname"},
		FamilyName:  []string{"familyName", "lastName", "last_name", "surname", "sn", "User.LastName", "urn:oid:2.5.4.4", claims + "surname"},
		DisplayName: []string{"displayName", "name", "cn", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3", claimsMicrosoft + "displayname"},
		Title:       []string{"title", "jobTitle", "urn:oid:2.5.4.12", claims + "jobtitle"},
		Department:  []string{"department", "urn:oid:2.5.4.11", claims + "department"},
		Locale:      []string{"locale", "preferredLanguage", "urn:oid:2.16.840.1.113730.3.1.39"},
		Groups:      []string{"groups", "memberOf", "isMemberOf", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1", groupsMicrosoft},
	}
	var own Attributes
	switch provider {
	case "okta":
		own = Attributes{UserName: []string{"login"}, GivenName: []string{"firstName"}, FamilyName: []string{"lastName"}}
	case "entra":
		own = Attributes{
			Email: []string{claims + "emailaddress"}, UserName: []string{claims + "name"},
			GivenName: []string{claims + "givenname"}, FamilyName: []string{claims + "surname"},
			DisplayName: []string{claimsMicrosoft + "displayname"}, Title: []string{claims + "jobtitle"},
			Department: []string{claims + "department"}, Groups: []string{groupsMicrosoft},
		}
	case "google":
		own = Attributes{
			Email: []string{"primaryEmail"}, GivenName: []string{"firstName"}, FamilyName: []string{"lastName"},
			Title: []string{"jobTitle"},
		}
	}
	return own.before(generic)
}

// Or returns the names that are set, and those of the defaults where there are none.
func (a Attributes) Or(defaults Attributes) Attributes {
	return a.merge(defaults, func(own, other []string) []string {
		if len(own) > 0 {
			return own
		}
		return other
	})
}

// before puts names in front of others.
func (a Attributes) before(others Attributes) Attributes {
	return a.merge(others, func(own, other []string) []string { return slices.Concat(own, other) })
}

func (a Attributes) merge(b Attributes, f func(a, b []string) []string) Attributes {
	return Attributes{
		Email: f(a.Email, b.Email), UserName: f(a.UserName, b.UserName), GivenName: f(a.GivenName, b.GivenName),
		FamilyName: f(a.FamilyName, b.FamilyName), DisplayName: f(a.DisplayName, b.DisplayName), Title: f(a.Title, b.Title),
		Department: f(a.Department, b.Department), Locale: f(a.Locale, b.Locale), Groups: f(a.Groups, b.Groups),
	}
}

// said are the attributes of one person: names to values, as signed.
type said map[string][]string

// values returns the values of the first of the names that is there, and whether any is.
func (s said) values(names []string) ([]string, bool) {
	for _, name := range names {
		if v, ok := s[name]; ok {
			return v, true
		}
	}
	for _, name := range names {
		for _, key := range s.names() {
			if strings.EqualFold(key, name) {
				return s[key], true
			}
		}
	}
	return nil, false
}

// first returns the first value of the first of the names that has one.
func (s said) first(names []string) string {
	for _, name := range names {
		if v, _ := s.values([]string{name}); len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// names are in a fixed order, so that two attributes that differ in case only do not take turns.
func (s said) names() []string {
	out := make([]string, 0, len(s))
	for name := range s {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (s said) profile(a Attributes) identity.Profile {
	return identity.Profile{
		UserName:   s.first(a.UserName),
		GivenName:  s.first(a.GivenName),
		FamilyName: s.first(a.FamilyName),
		Display:    s.first(a.DisplayName),
		Title:      s.first(a.Title),
		Department: s.first(a.Department),
		Locale:     s.first(a.Locale),
	}
}

// groups returns the groups and whether they are known. An attribute that is absent says nothing of groups, and one that
// Entra replaced by a link for their number says nothing either: what was known before stays.
func (s said) groups(a Attributes) (groups []string, known, over bool) {
	if _, over := s[overage]; over {
		return nil, false, true
	}
	groups, known = s.values(a.Groups)
	return groups, known, false
}

// addresses returns the mail addresses, those of the attributes first, then the name of the person where that is one. In
// SAML the provider vouches for what it signs; whether that counts for an address's domain is for the connection's
// organization to say.
func (s said) addresses(a Attributes, name string) []identity.Address {
	candidates := make([]string, 0, 2)
	for _, attribute := range a.Email {
		values, _ := s.values([]string{attribute})
		candidates = append(candidates, values...)
	}
	candidates = append(candidates, name)
	var out []identity.Address
	for _, c := range candidates {
		known := slices.ContainsFunc(out, func(a identity.Address) bool { return strings.EqualFold(a.Value, c) })
		if !known && address(c) {
			out = append(out, identity.Address{Value: c, Vouched: true})
		}
	}
	return out
}

// address reports whether a text can be a mail address: one @ with something on both sides, and nothing that could end a
// header or name a second address.
func address(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && domain != "" && len(text) <= 254 && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`,;:<>()[]"\`, r)
	}) && !strings.Contains(domain, "@")
}

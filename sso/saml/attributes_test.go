package saml

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// What the providers send unless their admins changed it.
func TestProvidersAttributes(t *testing.T) {
	for name, c := range map[string]struct {
		provider   string
		attributes string
		format     string
		name       string
		want       identity.Identity
	}{
		"okta": {
			"okta", samltest.Attribute("email", "ann@acme.com") + samltest.Attribute("firstName", "Ann") + samltest.Attribute("lastName", "Lee") +
				samltest.Attribute("login", "ann@acme.com") + samltest.Attribute("department", "R&amp;D") + samltest.Attribute("groups", "Everyone", "Engineering"),
			urnUnspecified, "00u1a2b3",
			identity.Identity{
				Addresses: []identity.Address{{Value: "ann@acme.com", Vouched: true}},
				Profile:   identity.Profile{UserName: "ann@acme.com", GivenName: "Ann", FamilyName: "Lee", Department: "R&D"},
				Groups:    []string{"Everyone", "Engineering"}, GroupsKnown: true,
			},
		},
		"entra": {
			"entra", samltest.Attribute(claims+"emailaddress", "ann@acme.com") + samltest.Attribute(claims+"name", "ann@acme.onmicrosoft.com") +
				samltest.Attribute(claims+"givenname", "Ann") + samltest.Attribute(claims+"surname", "Lee") +
				samltest.Attribute(claimsMicrosoft+"displayname", "Ann Lee") + samltest.Attribute(claimsMicrosoft+"tenantid", "t-1") +
				samltest.Attribute(groupsMicrosoft, "6f1c"),
			urnPersistent, "opaque",
			identity.Identity{
				Addresses: []identity.Address{{Value: "ann@acme.com", Vouched: true}},
				Profile:   identity.Profile{UserName: "ann@acme.onmicrosoft.com", GivenName: "Ann", FamilyName: "Lee", Display: "Ann Lee"},
				Groups:    []string{"6f1c"}, GroupsKnown: true,
			},
		},
		"entra, too many groups": {
			"entra", samltest.Attribute(claims+"emailaddress", "ann@acme.com") + samltest.Attribute(overage, "https://graph.windows.net/t-1/users/u-1/getMemberObjects"),
			urnPersistent, "opaque",
			identity.Identity{
				Addresses: []identity.Address{{Value: "ann@acme.com", Vouched: true}},
				Notes:     []string{"The provider left the groups out, because the person has too many; let it send only the groups assigned to the application."},
			},
		},
		"google": {
			"google", samltest.Attribute("primaryEmail", "ann@acme.com") + samltest.Attribute("firstName", "Ann") + samltest.Attribute("jobTitle", "Engineer"),
			urnEmailAddress, "ann@acme.com",
			identity.Identity{
				Addresses: []identity.Address{{Value: "ann@acme.com", Vouched: true}},
				Profile:   identity.Profile{GivenName: "Ann", Title: "Engineer"},
			},
		},
		"generic, by object identifiers": {
			"generic", samltest.Attribute("urn:oid:0.9.2342.19200300.100.1.3", "ann@acme.com", "a.lee@acme.com") + samltest.Attribute("urn:oid:2.5.4.42", "Ann") +
				samltest.Attribute("urn:oid:2.5.4.4", "Lee") + samltest.Attribute("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", ""),
			urnPersistent, "opaque",
			identity.Identity{
				Addresses:   []identity.Address{{Value: "ann@acme.com", Vouched: true}, {Value: "a.lee@acme.com", Vouched: true}},
				Profile:     identity.Profile{GivenName: "Ann", FamilyName: "Lee"},
				GroupsKnown: true, // the attribute is there, and has nothing in it
			},
		},
		"nothing but a name": {"generic", "", urnPersistent, "opaque", identity.Identity{}},
		"names that are no addresses": {
			"generic", samltest.Attribute("email", "ann", "ann@", "@acme.com", "ann@a@b", "ann lee@acme.com", "ann@acme.com,eve@acme.com", "Ann &lt;ann@acme.com&gt;", "ANN@ACME.COM", "ann@acme.com"),
			urnUnspecified, "eve@acme.com",
			identity.Identity{Addresses: []identity.Address{{Value: "ANN@ACME.COM", Vouched: true}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			m.Attributes, m.Format, m.Name = c.attributes, c.format, c.name
			s := settings(rsaKey())
			s.Attributes, s.NameIDFormat = DefaultAttributes(c.provider), Persistent
			if c.format == urnEmailAddress {
				s.NameIDFormat = EmailAddress
			}
			got := allowed(t, s, m.SignedBy(t, rsaKey())).Identity
			have := identity.Identity{Addresses: got.Addresses, Profile: got.Profile, Groups: got.Groups, GroupsKnown: got.GroupsKnown, Notes: got.Notes}
			if diff := cmp.Diff(c.want, have); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOwnAttributeNames(t *testing.T) {
	m := good()
	m.Attributes = samltest.Attribute("Mail", "ann@acme.com") + samltest.Attribute("email", "other@acme.com") + samltest.Attribute("Abteilung", "Vertrieb") + samltest.Attribute("locale", "de-DE")
	s := settings(rsaKey())
	s.Attributes = Attributes{Email: []string{"mail"}, Department: []string{"Abteilung"}}.Or(DefaultAttributes("okta"))
	got := allowed(t, s, m.SignedBy(t, rsaKey())).Identity
	if diff := cmp.Diff([]identity.Address{{Value: "ann@acme.com", Vouched: true}}, got.Addresses); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(identity.Profile{Department: "Vertrieb", Locale: "de-DE"}, got.Profile); diff != "" {
		t.Error(diff)
	}
}

// An exact name is worth more than one that differs in case, wherever each stands.
func TestCaseOfNames(t *testing.T) {
	s := said{"Email": {"folded"}, "email": {"exact"}, "TITLE": {"b"}, "Title": {"a"}}
	if got := s.first([]string{"email"}); got != "exact" {
		t.Errorf("got %q", got)
	}
	for range 20 {
		if got := s.first([]string{"title"}); got != "b" { // the first in order, always
			t.Fatalf("got %q", got)
		}
	}
}

// A name is a mail address only where the provider or the connection says so: one that merely looks like it may be a
// login name, and belong to nobody's mailbox.
func TestNamesThatAreAddresses(t *testing.T) {
	for _, c := range []struct {
		format string
		asked  NameIDFormat
		want   int
	}{
		{urnEmailAddress, Persistent, 1},
		{urnEmailAddress, EmailAddress, 1},
		{urnUnspecified, EmailAddress, 1},
		{"", EmailAddress, 1},
		{"", Persistent, 0},
		{urnUnspecified, Unspecified, 0},
		{urnPersistent, EmailAddress, 0},
	} {
		m := good()
		m.Attributes, m.Name, m.Format = samltest.Attribute("employeeNumber", "4711"), "ann@acme.com", c.format
		s := settings(rsaKey())
		s.NameIDFormat, s.Subject = c.asked, "employeeNumber"
		if got := allowed(t, s, m.SignedBy(t, rsaKey())).Identity.Addresses; len(got) != c.want {
			t.Errorf("%q, asked for %q: %v", c.format, c.asked, got)
		}
	}
}

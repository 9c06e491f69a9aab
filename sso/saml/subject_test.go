package saml

import (
	"strings"
	"testing"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// Nobody is known for ever by a mail address, which passes to somebody else, unless the connection says that it is so.
func TestAnAddressIsNoSubjectUnlessTheConnectionSaysSo(t *testing.T) {
	m := good()
	m.Format, m.Name = urnEmailAddress, "ann@acme.com"
	m.Attributes += samltest.Attribute("employeeNumber", "4711")
	value := m.SignedBy(t, rsaKey())
	for _, asked := range []NameIDFormat{"", Persistent, Unspecified} {
		for _, subject := range []string{"", "NameID"} {
			s := settings(rsaKey())
			s.NameIDFormat, s.Subject = asked, subject
			denied(t, s, value, identity.Misset, "name_id: emailAddress")
		}
	}
	byAddress, byNumber := settings(rsaKey()), settings(rsaKey())
	byAddress.NameIDFormat, byNumber.Subject = EmailAddress, "employeeNumber"
	for s, want := range map[*Settings]string{byAddress: "ann@acme.com", byNumber: "4711"} {
		if got := allowed(t, s, value).Identity; got.Subject != want || len(got.Addresses) != 1 {
			t.Errorf("the subject is %q, the addresses %v; want %q and one", got.Subject, got.Addresses, want)
		}
	}
}

func TestWhoInheritsAnAddressIsWarnedOf(t *testing.T) {
	warns := func(s *Settings) bool {
		for _, f := range s.Describe(now) {
			if f.Warning && strings.Contains(f.Text, "who inherits an address inherits its account") {
				return true
			}
		}
		return false
	}
	s := settings(rsaKey())
	s.NameIDFormat = EmailAddress
	if !warns(s) {
		t.Error("a connection that knows people by their address is not warned of")
	}
	if s.Subject = "employeeNumber"; warns(s) {
		t.Error("it is warned of although an attribute names people")
	}
}

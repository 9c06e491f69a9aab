package saml

import (
	"crypto/rsa"
	"time"

	"github.com/mixus/usher/directory"
)

// Settings are one connection's side of SAML. Each connection has an entity ID and an ACS URL of its own: that is what
// binds an answer to it, as audience, recipient and destination.
type Settings struct {
	Connection string // the connection's id, which an Identity names
	EntityID   string
	ACS        string // assertion consumer service: where answers are posted
	SLO        string // single logout service; "" for none
	// Keys are our own key pairs. The first signs; every RSA key decrypts; all of them are in our metadata. While keys are
	// rotated, the next one stands behind the current one, and then the other way around, until the provider has followed.
	Keys     []KeyPair
	Metadata Metadata // the provider's

	IDPInitiated         bool     // takes sign-ins that began at the provider, unasked
	SignRequests         bool     // signs sign-in requests; logout messages are always signed
	AllowSHA1            bool     // takes signatures that lean on SHA-1
	WantAssertionsSigned bool     // a signature around the whole response is not enough
	ForceAuthn           bool     // the provider has to ask for the credentials again
	AuthnContexts        []string // one of these classes must have been used to sign in; empty for any
	NameIDFormat         NameIDFormat
	Skew                 time.Duration // by how much clocks may differ; zero for DefaultSkew
	Subject              string        // the attribute that names a person for ever; "" or "NameID" for the NameID
	Attributes           Attributes
	AllowLoopback        bool // lets URLs be http on this machine's loopback, for tests
}

// The limits of Skew.
const (
	DefaultSkew = 90 * time.Second
	MostSkew    = 5 * time.Minute
)

// longest is for how long an assertion or a logout request is good after it was issued, whatever it says itself: it
// bounds how long an id has to be remembered.
const longest = time.Hour

// NameIDFormat is the form of name that is asked for.
type NameIDFormat string

// The forms of name, as settings call them; "" is Persistent. A transient name is never asked for: it means nobody.
const (
	Persistent   NameIDFormat = "persistent"
	EmailAddress NameIDFormat = "emailAddress"
	Unspecified  NameIDFormat = "unspecified"
)

const (
	urnPersistent   = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	urnTransient    = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	urnEmailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	urnUnspecified  = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	urnEntity       = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
)

// urn returns the identifier of a format (SAML Core, section 8.3), and "" for one that does not exist.
func (f NameIDFormat) urn() string {
	switch f {
	case Persistent, "":
		return urnPersistent
	case EmailAddress:
		return urnEmailAddress
	case Unspecified:
		return urnUnspecified
	}
	return ""
}

// Check reports the first setting with which nothing would work, or not safely.
func (s *Settings) Check(at time.Time) error {
	for _, u := range []struct{ name, url string }{{"ACS", s.ACS}, {"SLO", s.SLO}} {
		if err := checkURL(u.url, s.AllowLoopback); err != nil && (u.url != "" || u.name == "ACS") {
			return invalid("", "Our own "+u.name+" URL cannot be used: "+err.Error()+".")
		}
	}
	switch {
	case s.EntityID == "":
		return invalid("entity_id", "Our own entity ID is missing.")
	case s.NameIDFormat.urn() == "":
		return invalid("name_id_format", "There is no name ID format "+seen(string(s.NameIDFormat))+"; use persistent, emailAddress or unspecified.")
	case s.Skew < 0 || s.Skew > MostSkew:
		return invalid("clock_skew", "The clock skew is at most 5 minutes; a larger one would let old answers in. Set the clocks by NTP.")
	case len(s.Keys) == 0 && s.SignRequests:
		return invalid("sign_requests", "Requests cannot be signed without a key of our own.")
	case len(s.Keys) == 0 && s.Metadata.WantRequestsSigned:
		return invalid("sign_requests", "The provider wants signed requests, and there is no key of our own to sign with.")
	case len(s.Keys) == 0 && s.SLO != "":
		return invalid("slo", "Single logout needs a key of our own: its messages are always signed.")
	}
	for _, k := range s.Keys {
		if err := k.check(); err != nil {
			return err
		}
	}
	return s.Metadata.Check(at, s.AllowLoopback)
}

func invalid(field, message string) error {
	return &directory.Error{Kind: directory.Invalid, Field: field, Message: message}
}

func (s *Settings) skew() time.Duration {
	if s.Skew == 0 {
		return DefaultSkew
	}
	return min(max(s.Skew, 0), MostSkew)
}

// signsRequests reports whether sign-in requests are signed: because we want to, or because the provider does.
func (s *Settings) signsRequests() bool {
	return len(s.Keys) > 0 && (s.SignRequests || s.Metadata.WantRequestsSigned)
}

func (s *Settings) decrypts() bool {
	for _, k := range s.Keys {
		if _, ok := k.Key.(*rsa.PrivateKey); ok {
			return true
		}
	}
	return false
}

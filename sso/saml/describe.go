package saml

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
)

// Finding is one thing to know of a connection, in a sentence for its admin.
type Finding struct {
	Warning bool
	Text    string
}

// soon is when a certificate's end becomes a warning.
const soon = 30 * 24 * time.Hour

// Describe tells what a connection has: the provider, its URLs, each certificate with its end, and our own keys. What will
// not work, or soon will not, is a warning.
func (s *Settings) Describe(at time.Time) []Finding {
	d := description{at: at}
	var problem *directory.Error
	if errors.As(s.Check(at), &problem) {
		d.warn("%s", problem.Message)
	}
	d.provider(&s.Metadata)
	for i, k := range s.Keys {
		role := "signs"
		if i > 0 {
			role = "stands by for rotation"
		}
		if k.Certificate != nil {
			d.certificate("Our key ("+role+")", k.Certificate, false)
		}
	}
	if !s.decrypts() {
		d.say("Encrypted assertions cannot be read: there is no RSA key of our own. Leave encryption off at the provider.")
	}
	if s.AllowSHA1 {
		d.warn("Signatures with SHA-1 are allowed, which can be forged at some cost. Let the provider sign with SHA-256 and unset allow_sha1.")
	}
	if s.IDPInitiated {
		d.say("Sign-ins that begin at the provider are allowed. A stranger can then make a browser sign in to the stranger's account; leave it off where the provider's tile can open our sign-in page.")
	}
	if s.NameIDFormat == EmailAddress && (s.Subject == "" || s.Subject == "NameID") {
		d.warn("People are known by their mail address: who inherits an address inherits its account, and who gets another one is somebody else. Set the subject to an attribute that never changes, or use a persistent NameID.")
	}
	return d.findings
}

type description struct {
	at       time.Time
	findings []Finding
}

func (d *description) say(format string, args ...any) {
	d.findings = append(d.findings, Finding{Text: fmt.Sprintf(format, args...)})
}

func (d *description) warn(format string, args ...any) {
	d.findings = append(d.findings, Finding{Warning: true, Text: fmt.Sprintf(format, args...)})
}

func (d *description) provider(m *Metadata) {
	d.say("The provider is %s.", m.EntityID)
	d.say("Sign-in: %s.", m.SSO)
	if m.SLO.None() {
		d.say("Single logout: the provider has none; people who leave here stay signed in there.")
	} else {
		d.say("Single logout: %s.", m.SLO)
	}
	if m.WantRequestsSigned {
		d.say("The provider wants signed requests.")
	}
	switch left := m.ValidUntil.Sub(d.at); {
	case m.ValidUntil.IsZero():
	case left < 24*time.Hour:
		d.warn("The provider's metadata is valid until %s only; nobody can sign in afterwards unless it is renewed.", m.ValidUntil.UTC().Format(time.DateTime))
	default:
		d.say("The provider's metadata is valid until %s.", day(m.ValidUntil))
	}
	for i, c := range m.Certificates {
		d.certificate(fmt.Sprintf("The provider's certificate %d of %d", i+1, len(m.Certificates)), c, true)
	}
}

// certificate tells of a certificate. An expired one of the provider goes on being accepted.
func (d *description) certificate(whose string, c *x509.Certificate, provider bool) {
	about := fmt.Sprintf("%s: %s, %s, SHA-256 %s", whose, name(c), kind(c), Fingerprint(c))
	switch {
	case d.at.After(c.NotAfter) && provider:
		d.warn("%s. It expired on %s; its signatures are still accepted, because the key itself is trusted. Let the provider's admin renew it.", about, day(c.NotAfter))
	case d.at.After(c.NotAfter):
		d.warn("%s. It expired on %s; some providers refuse it. Rotate the key.", about, day(c.NotAfter))
	case d.at.Add(soon).After(c.NotAfter):
		d.warn("%s. It expires on %s.", about, day(c.NotAfter))
	case d.at.Before(c.NotBefore):
		d.warn("%s. It is valid from %s on; compare the clocks.", about, day(c.NotBefore))
	default:
		d.say("%s. It is valid until %s.", about, day(c.NotAfter))
	}
	if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
		d.warn("%s: its key has %d bits only, which can be broken. Use 2048 or more.", whose, key.N.BitLen())
	}
}

func name(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

func kind(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Params().Name
	}
	return "a kind of key that is not supported"
}

// String lists the endpoints with their bindings.
func (e Endpoints) String() string {
	var out []string
	if e.Redirect != "" {
		out = append(out, e.Redirect+" (Redirect)")
	}
	if e.POST != "" {
		out = append(out, e.POST+" (POST)")
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

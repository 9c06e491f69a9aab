package saml

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/mixus/usher/directory"
)

// Metadata is what we know of a provider, from its metadata or from settings given inline.
type Metadata struct {
	EntityID string
	SSO      Endpoints // where sign-in requests go
	SLO      Endpoints // where logout requests go; empty for none
	// SLOResponses is where logout responses go when that is another place than SLO.
	SLOResponses Endpoints
	// Certificates are those whose signatures count. Several stand side by side while the provider changes its key.
	Certificates []*x509.Certificate
	ValidUntil   time.Time // the provider's own word on how long this may be used; zero for no limit
	// WantRequestsSigned says that the provider refuses sign-in requests without a signature.
	WantRequestsSigned bool
}

// Endpoints are the URLs of one service, by binding; "" where the provider does not offer it.
type Endpoints struct {
	Redirect string
	POST     string
}

// None reports whether there is no endpoint at all.
func (e Endpoints) None() bool { return e == Endpoints{} }

// mostCertificates bounds how often one message is verified.
const mostCertificates = 10

// Source says how to read metadata.
type Source struct {
	EntityID      string    // the one entity to take; "" takes the only provider that there is
	At            time.Time // the instant, for validUntil
	AllowLoopback bool      // lets URLs be http on this machine's loopback, for tests
}

// ParseMetadata reads a provider's metadata (SAML Metadata 2.0). Several providers in one document are refused unless
// EntityID says which of them is meant, and a document with another one is refused when it says. Its own signature is not
// looked at: the trust is in where it was fetched from, or in who pasted it.
func ParseMetadata(document []byte, from Source) (m *Metadata, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, err = nil, unusable(fmt.Errorf("panic: %v", r), "it cannot be read")
		}
	}()
	root, _, err := parse(bytes.TrimPrefix(document, []byte("\ufeff")), metadataBounds)
	if err != nil {
		return nil, unusable(err, "it is not well-formed XML of a reasonable size; fetch it again, and look whether it is a sign-in page instead")
	}
	entity, until, err := choose(root, from.EntityID)
	if err != nil {
		return nil, err
	}
	out := &Metadata{EntityID: attr(entity, "entityID"), ValidUntil: until}
	for _, role := range children(entity, nsMetadata, "IDPSSODescriptor") {
		if err := out.role(role); err != nil {
			return nil, err
		}
	}
	if err := out.Check(from.At, from.AllowLoopback); err != nil {
		return nil, err
	}
	return out, nil
}

// Inline are a provider's settings as an admin types them where there is no metadata.
type Inline struct {
	EntityID     string
	SSOURL       string // by the Redirect binding
	SLOURL       string // by the Redirect binding; "" for none
	Certificates string // PEM, one or several
}

// FromInline makes metadata of settings given inline.
func FromInline(in Inline, from Source) (*Metadata, error) {
	certificates, err := ParseCertificates(in.Certificates)
	if err != nil {
		return nil, err
	}
	out := &Metadata{EntityID: in.EntityID, SSO: Endpoints{Redirect: in.SSOURL}, SLO: Endpoints{Redirect: in.SLOURL}}
	for _, c := range certificates {
		out.trust(c)
	}
	return out, out.Check(from.At, from.AllowLoopback)
}

// Check reports what makes metadata unusable at an instant.
func (m *Metadata) Check(at time.Time, allowLoopback bool) error {
	switch {
	case m.EntityID == "" || len(m.EntityID) > 1024:
		return unusable(nil, "it has no entity ID of up to 1,024 characters")
	case len(m.Certificates) == 0:
		return unusable(nil, "it has no certificate for signing, and nothing is accepted unsigned")
	case len(m.Certificates) > mostCertificates:
		return unusable(nil, fmt.Sprintf("it has %d certificates for signing; at most %d are tried", len(m.Certificates), mostCertificates))
	case m.SSO.None():
		return unusable(nil, "it has no sign-in URL by the Redirect or the POST binding")
	case m.stale(at):
		return unusable(nil, fmt.Sprintf("it was valid until %s; fetch it again from the provider", m.ValidUntil.Format(time.DateTime)))
	}
	for _, e := range []Endpoints{m.SSO, m.SLO, m.SLOResponses} {
		for _, u := range []string{e.Redirect, e.POST} {
			if err := checkURL(u, allowLoopback); u != "" && err != nil {
				return unusable(nil, err.Error())
			}
		}
	}
	return nil
}

func (m *Metadata) stale(at time.Time) bool {
	return !m.ValidUntil.IsZero() && !at.Before(m.ValidUntil)
}

func unusable(err error, why string) error {
	return &directory.Error{Kind: directory.Invalid, Message: "The provider's metadata cannot be used: " + why + ".", Err: err}
}

// choose finds the entity that is meant, and the earliest validUntil around and in it.
func choose(root *etree.Element, pinned string) (*etree.Element, time.Time, error) {
	if !is(root, nsMetadata, "EntityDescriptor") && !is(root, nsMetadata, "EntitiesDescriptor") {
		return nil, time.Time{}, unusable(nil, fmt.Sprintf("its root is %s and not an EntityDescriptor", seen(root.Tag)))
	}
	var found []*etree.Element
	var ids []string
	for _, entity := range entities(root) {
		if len(children(entity, nsMetadata, "IDPSSODescriptor")) == 0 {
			continue
		}
		ids = append(ids, attr(entity, "entityID"))
		if pinned == "" || attr(entity, "entityID") == pinned {
			found = append(found, entity)
		}
	}
	switch {
	case len(ids) == 0:
		return nil, time.Time{}, unusable(nil, "no identity provider is described in it; it may be a service provider's")
	case len(found) == 0:
		return nil, time.Time{}, unusable(nil, fmt.Sprintf("it describes %s and not %s", some(ids), seen(pinned)))
	case len(found) > 1 && pinned == "":
		return nil, time.Time{}, unusable(nil, fmt.Sprintf("it describes several providers, %s; set entity_id to the one that is meant", some(ids)))
	case len(found) > 1:
		return nil, time.Time{}, unusable(nil, fmt.Sprintf("it describes %s more than once", seen(pinned)))
	}
	until, err := validUntil(found[0])
	return found[0], until, err
}

// entities returns every EntityDescriptor, however deep they are grouped.
func entities(el *etree.Element) []*etree.Element {
	if is(el, nsMetadata, "EntityDescriptor") {
		return []*etree.Element{el}
	}
	out := children(el, nsMetadata, "EntityDescriptor")
	for _, group := range children(el, nsMetadata, "EntitiesDescriptor") {
		out = append(out, entities(group)...)
	}
	return out
}

// validUntil returns the earliest end among an entity, what it is grouped in, and its role.
func validUntil(entity *etree.Element) (time.Time, error) {
	sources := children(entity, nsMetadata, "IDPSSODescriptor")
	for el := entity; el != nil; el = el.Parent() {
		sources = append(sources, el)
	}
	var out time.Time
	for _, el := range sources {
		t, err := instant(el, "validUntil")
		if err != nil {
			return time.Time{}, unusable(err, err.Error())
		}
		if !t.IsZero() && (out.IsZero() || t.Before(out)) {
			out = t
		}
	}
	return out, nil
}

// role reads an IDPSSODescriptor.
func (m *Metadata) role(role *etree.Element) error {
	m.WantRequestsSigned = m.WantRequestsSigned || slices.Contains([]string{"true", "1"}, attr(role, "WantAuthnRequestsSigned"))
	for _, el := range children(role, nsMetadata, "SingleSignOnService") {
		m.SSO.offer(attr(el, "Binding"), attr(el, "Location"))
	}
	for _, el := range children(role, nsMetadata, "SingleLogoutService") {
		m.SLO.offer(attr(el, "Binding"), attr(el, "Location"))
		m.SLOResponses.offer(attr(el, "Binding"), attr(el, "ResponseLocation"))
	}
	for _, key := range children(role, nsMetadata, "KeyDescriptor") {
		if use := attr(key, "use"); use != "" && use != "signing" {
			continue
		}
		for _, info := range children(key, nsSignature, "KeyInfo") {
			for _, data := range children(info, nsSignature, "X509Data") {
				for _, el := range children(data, nsSignature, "X509Certificate") {
					c, err := parseCertificate(text(el))
					if err != nil {
						return err
					}
					m.trust(c)
				}
			}
		}
	}
	return nil
}

// trust adds a certificate, once.
func (m *Metadata) trust(c *x509.Certificate) {
	if !slices.ContainsFunc(m.Certificates, func(known *x509.Certificate) bool { return sameCertificate(known, c) }) {
		m.Certificates = append(m.Certificates, c)
	}
}

// offer takes the first URL of each binding.
func (e *Endpoints) offer(binding, location string) {
	location = strings.TrimSpace(location)
	switch {
	case binding == saml.HTTPRedirectBinding && e.Redirect == "":
		e.Redirect = location
	case binding == saml.HTTPPostBinding && e.POST == "":
		e.POST = location
	}
}

// checkURL lets a browser be sent to https only, or to http on the loopback where tests ask for it.
func checkURL(raw string, allowLoopback bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > 2048:
		return fmt.Errorf("%s is no URL", seen(raw))
	case u.Host == "" || u.Opaque != "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("%s is not an absolute URL without user and fragment", seen(raw))
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && allowLoopback && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s is not an https URL", seen(raw))
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// some names the first few of many.
func some(ids []string) string {
	const most = 3
	quoted := make([]string, 0, most)
	for _, id := range ids[:min(most, len(ids))] {
		quoted = append(quoted, seen(id))
	}
	out := strings.Join(quoted, ", ")
	if more := len(ids) - most; more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}

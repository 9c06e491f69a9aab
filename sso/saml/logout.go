package saml

import (
	"crypto/x509"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/identity"
)

// Leave says whom the provider shall sign out.
type Leave struct {
	At         time.Time
	Binding    Binding // "" takes Redirect where the provider has it
	RelayState string
	NameID     identity.NameID // as the assertion had it
	Session    string          // the session index of the sign-in; "" for all sessions
}

// LogoutRequest asks the provider to sign a person out (SAML Profiles, section 4.4). It is always signed.
func (s *Settings) LogoutRequest(leave Leave) (*Outbound, error) {
	destination, binding, err := s.Metadata.SLO.choose(leave.Binding)
	if err != nil {
		return nil, err
	}
	end := leave.At.Add(5 * time.Minute).UTC()
	message := &saml.LogoutRequest{
		ID:           newID(),
		Version:      "2.0",
		IssueInstant: leave.At.UTC(),
		NotOnOrAfter: &end,
		Destination:  destination,
		Issuer:       &saml.Issuer{Value: s.EntityID},
		NameID: &saml.NameID{
			Value: leave.NameID.Value, Format: leave.NameID.Format,
			NameQualifier: leave.NameID.NameQualifier, SPNameQualifier: leave.NameID.SPNameQualifier,
		},
	}
	if leave.Session != "" {
		message.SessionIndex = &saml.SessionIndex{Value: leave.Session}
	}
	return s.sendSigned(message.Element(), "SAMLRequest", destination, binding, leave.RelayState)
}

// Farewell answers a provider's logout request.
type Farewell struct {
	At         time.Time
	Binding    Binding // "" takes Redirect where the provider has it
	RelayState string  // as the request had it
	Request    string  // the request's id
	Failed     bool    // the person is not, or not everywhere, signed out
}

// LogoutResponse tells the provider that a person is signed out here. It is always signed.
func (s *Settings) LogoutResponse(f Farewell) (*Outbound, error) {
	places := s.Metadata.SLO
	if s.Metadata.SLOResponses.Redirect != "" {
		places.Redirect = s.Metadata.SLOResponses.Redirect
	}
	if s.Metadata.SLOResponses.POST != "" {
		places.POST = s.Metadata.SLOResponses.POST
	}
	destination, binding, err := places.choose(f.Binding)
	if err != nil {
		return nil, err
	}
	code := saml.StatusCode{Value: saml.StatusSuccess}
	if f.Failed {
		code = saml.StatusCode{Value: saml.StatusResponder, StatusCode: &saml.StatusCode{Value: saml.StatusPartialLogout}}
	}
	message := &saml.LogoutResponse{
		ID:           newID(),
		Version:      "2.0",
		IssueInstant: f.At.UTC(),
		InResponseTo: f.Request,
		Destination:  destination,
		Issuer:       &saml.Issuer{Value: s.EntityID},
		Status:       saml.Status{StatusCode: code},
	}
	return s.sendSigned(message.Element(), "SAMLResponse", destination, binding, f.RelayState)
}

func (s *Settings) sendSigned(el *etree.Element, parameter, destination string, binding Binding, relayState string) (*Outbound, error) {
	pair := s.signer(true)
	if pair == nil {
		return nil, directory.Errorf(directory.Invalid, "Single logout needs a key of our own: its messages are always signed.")
	}
	return send(el, parameter, destination, binding, relayState, pair)
}

// Logout is a provider's request to sign a person out, verified.
type Logout struct {
	// ID is the request's. The caller stores it until Until, under its connection, and refuses one that is stored already.
	ID         string
	Until      time.Time
	NameID     identity.NameID
	Sessions   []string // session indexes; empty for all sessions of the person
	RelayState string   // to be given back
	Notes      []string // for the audit trail, such as a certificate that has expired
}

// Means reports whether the person of a sign-in is meant. A format that is not given is unspecified, and a qualifier
// that is not given is understood (SAML Core, section 3.7.3 and 8.3).
func (l *Logout) Means(name identity.NameID) bool {
	format := func(f string) string {
		if f == "" {
			return urnUnspecified
		}
		return f
	}
	either := func(a, b string) bool { return a == b || a == "" || b == "" }
	return l.NameID.Value == name.Value && format(l.NameID.Format) == format(name.Format) &&
		either(l.NameID.NameQualifier, name.NameQualifier) && either(l.NameID.SPNameQualifier, name.SPNameQualifier)
}

// ReadLogoutRequest reads a provider's logout request (SAML Core, section 3.7.1). The error is an *identity.Refusal.
func (s *Settings) ReadLogoutRequest(in *Inbound, at time.Time) (out *Logout, err error) {
	defer contain(&err, func() { out = nil })
	r := reading{Settings: s, want: Expected{At: at}}
	root, err := r.logout(in, "LogoutRequest")
	if err != nil {
		return nil, err
	}
	issued, err := r.issued(root)
	if err != nil {
		return nil, err
	}
	out = &Logout{ID: attr(root, "ID"), Until: issued.Add(longest), RelayState: in.RelayState}
	end, err := instant(root, "NotOnOrAfter")
	switch {
	case err != nil:
		return nil, refuse(identity.Invalid, err, "The logout request is malformed: %v.", err)
	case !end.IsZero() && !at.Before(end.Add(s.skew())):
		return nil, refuse(identity.Expired, nil, "The logout request was valid until %s.", clock(end))
	case !end.IsZero() && end.Before(out.Until):
		out.Until = end
	}
	out.Until = out.Until.Add(s.skew())
	name, err := one(root, nsAssertion, "NameID")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The logout request does not name a person openly: %v.", err)
	}
	if out.NameID = nameID(name); out.NameID.Value == "" {
		return nil, refuse(identity.Invalid, nil, "The logout request names nobody.")
	}
	for _, index := range children(root, nsProtocol, "SessionIndex") {
		out.Sessions = append(out.Sessions, text(index))
	}
	out.Notes = r.notes
	return out, nil
}

// Goodbye is a provider's answer to our logout request, verified.
type Goodbye struct {
	Complete   bool // the person is signed out everywhere
	RelayState string
	Notes      []string
}

// ReadLogoutResponse reads a provider's answer to the logout request that this browser was sent away with. The error is
// an *identity.Refusal. That the provider could not sign the person out is no error.
func (s *Settings) ReadLogoutResponse(in *Inbound, request string, at time.Time) (out *Goodbye, err error) {
	defer contain(&err, func() { out = nil })
	r := reading{Settings: s, want: Expected{At: at}}
	root, err := r.logout(in, "LogoutResponse")
	if err != nil {
		return nil, err
	}
	if _, err := r.issued(root); err != nil {
		return nil, err
	}
	if answered := attr(root, "InResponseTo"); request == "" || answered != request {
		return nil, refuse(identity.Expired, nil, "The message answers the logout request %s, for which this browser does not wait.", seen(answered))
	}
	status, err := one(root, nsProtocol, "Status")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The logout response has no status.")
	}
	top, err := one(status, nsProtocol, "StatusCode")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The logout response has no status.")
	}
	partial := false
	for _, second := range children(top, nsProtocol, "StatusCode") {
		partial = partial || attr(second, "Value") == saml.StatusPartialLogout
	}
	return &Goodbye{Complete: attr(top, "Value") == saml.StatusSuccess && !partial, RelayState: in.RelayState, Notes: r.notes}, nil
}

// logout returns the root of a logout message: signed, by the provider, for us.
func (r *reading) logout(in *Inbound, tag string) (*etree.Element, error) {
	if r.SLO == "" {
		return nil, refuse(identity.Misset, nil, "This connection has no single logout.")
	}
	if r.Metadata.stale(r.want.At) {
		return nil, refuse(identity.Misset, nil, "The provider's metadata was valid until %s and has not been renewed since.", day(r.Metadata.ValidUntil))
	}
	if in.Request != (tag == "LogoutRequest") {
		return nil, refuse(identity.Invalid, nil, "The message is not a %s.", tag)
	}
	var certificate *x509.Certificate
	root, certificate, err := in.verified(r.Metadata.Certificates, r.AllowSHA1)
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The %s is not accepted: %v.", tag, err)
	}
	r.note(certificate)
	issuer, err := one(root, nsAssertion, "Issuer")
	switch {
	case !is(root, nsProtocol, tag) || attr(root, "Version") != "2.0" || attr(root, "ID") == "":
		return nil, refuse(identity.Invalid, nil, "The message is not a %s of SAML 2.0.", tag)
	case err != nil:
		return nil, refuse(identity.Invalid, err, "The %s is malformed: %v.", tag, err)
	case text(issuer) != r.Metadata.EntityID:
		return nil, r.foreignIssuer(issuer)
	case attr(root, "Destination") != r.SLO:
		return nil, refuse(identity.Invalid, nil, "The %s is meant for %s and not for %s.", tag, seen(attr(root, "Destination")), seen(r.SLO))
	}
	return root, nil
}

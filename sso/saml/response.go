package saml

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/mixus/usher/sso/identity"
)

// Expected is what the caller knows of the sign-in that a response may complete.
type Expected struct {
	// Request is the id of the request that this browser waits for with this connection; "" when it waits for none.
	Request string
	Asked   time.Time // when that request was made
	Forced  bool      // whether it asked for the credentials again
	At      time.Time // now
}

// Accepted is a sign-in that is believed, provided that its assertion has not been used before.
type Accepted struct {
	Identity *identity.Identity
	// Assertion is the assertion's id. The caller stores it in the transaction that signs the person in, under its
	// connection, and refuses the sign-in as replayed where it is stored already.
	Assertion string
	// Until is the instant from which on the assertion is refused for its age, and need not be remembered.
	Until time.Time
	// Unsolicited says that the sign-in began at the provider: the request that the browser may wait for is not answered.
	Unsolicited bool
}

// Response reads the value of the form field SAMLResponse (SAML Profiles, section 4.1.4.3). The error is an
// *identity.Refusal.
func (s *Settings) Response(value string, want Expected) (accepted *Accepted, err error) {
	defer contain(&err, func() { accepted = nil })
	if s.Metadata.stale(want.At) {
		return nil, refuse(identity.Misset, nil, "The provider's metadata was valid until %s and has not been renewed since.", day(s.Metadata.ValidUntil))
	}
	document, err := unwrap(value)
	if err != nil {
		return nil, err
	}
	root, found, err := parse(document, messageBounds)
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The message cannot be read: %v.", err)
	}
	if !is(root, nsProtocol, "Response") {
		return nil, refuse(identity.Invalid, nil, "The message is a %s and not a SAML 2.0 Response.", seen(root.Tag))
	}
	r := reading{Settings: s, want: want}
	assertion, err := r.envelope(root, found)
	if err != nil {
		return nil, err
	}
	return r.believe(assertion)
}

// contain makes a refusal of a panic: whatever a message makes a parser do, it does to that message only.
func contain(err *error, undo func()) {
	if r := recover(); r != nil {
		undo()
		*err = refuse(identity.Invalid, fmt.Errorf("panic: %v", r), "The message cannot be read.")
	}
}

func refuse(code identity.Code, err error, format string, args ...any) *identity.Refusal {
	return &identity.Refusal{Code: code, Reason: fmt.Sprintf(format, args...), Err: err}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// reading is one response on its way through.
type reading struct {
	*Settings
	want        Expected
	unsolicited bool
	notes       []string
}

// envelope checks all that surrounds the assertion, and returns the assertion as signed.
func (r *reading) envelope(root *etree.Element, found outline) (*etree.Element, error) {
	whole, signed, err := r.signed(root, "response")
	if err != nil {
		return nil, err
	}
	if err := r.header(whole, signed); err != nil {
		return nil, err
	}
	if err := status(whole); err != nil {
		return nil, err
	}
	if found.encrypted == 1 {
		return r.opened(whole, signed, found)
	}
	// The assertion is looked for in the document as it came: its own signature may need namespaces that the
	// response's canonical form has left out. There is one assertion in all of it, so both mean the same.
	assertion, err := one(root, nsAssertion, "Assertion")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The message has no assertion where it belongs.")
	}
	return r.assertion(assertion, whole, signed, found.signatures)
}

// opened decrypts the assertion of a response. Whatever fails here, until a signature is found good, has one code, and so
// one page: whoever sends somebody else's ciphertext back in pieces learns nothing from the difference.
func (r *reading) opened(whole *etree.Element, signed bool, found outline) (*etree.Element, error) {
	encrypted, err := one(whole, nsAssertion, "EncryptedAssertion")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The message has no assertion where it belongs.")
	}
	assertion, inner, err := decrypt(encrypted, r.Keys)
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The encrypted assertion cannot be read: %v.", err)
	}
	out, err := r.assertion(assertion, nil, signed, inner.signatures+found.signatures)
	if err != nil && !signed {
		return nil, refuse(identity.Invalid, err, "%s", err.Error())
	}
	return out, err
}

// assertion returns the assertion from bytes that a signature covers: its own, or that of the response around it.
func (r *reading) assertion(assertion, whole *etree.Element, responseSigned bool, signatures int) (*etree.Element, error) {
	own, err := only(assertion, nsSignature, "Signature")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	switch {
	case signatures != count(responseSigned)+count(own != nil):
		return nil, refuse(identity.Invalid, nil, "The message has signatures where none belongs.")
	case own == nil && !responseSigned:
		return nil, refuse(identity.Invalid, nil, "Neither the response nor the assertion is signed.")
	case own == nil && r.WantAssertionsSigned:
		return nil, refuse(identity.Misset, nil, "The assertion is not signed, only the response around it; this connection wants assertions signed.")
	case own != nil:
		verified, _, err := r.signed(assertion, "assertion")
		return verified, err
	case whole == nil:
		return assertion, nil // it was decrypted from a response that is signed
	}
	verified, err := one(whole, nsAssertion, "Assertion")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The message has no assertion where it belongs.")
	}
	return verified, nil
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// signed returns an element as its own signature covers it; the element itself, and false, when it has none.
func (r *reading) signed(el *etree.Element, what string) (*etree.Element, bool, error) {
	signature, err := only(el, nsSignature, "Signature")
	if err != nil {
		return nil, false, refuse(identity.Invalid, err, "The %s is malformed: %v.", what, err)
	}
	if signature == nil {
		return el, false, nil
	}
	verified, certificate, err := verify(el, signature, r.Metadata.Certificates, r.AllowSHA1)
	if err != nil {
		return nil, false, r.unverified(err, el, signature, what)
	}
	r.note(certificate)
	return verified, true, nil
}

// unverified says what is known of a signature that does not count: mostly a key that we were not told of.
func (r *reading) unverified(err error, el, signature *etree.Element, what string) error {
	code := identity.Invalid
	reason := fmt.Sprintf("The signature of the %s is not accepted: %v.", what, err)
	switch {
	case errors.Is(err, errSHA1):
		code = identity.Misset
	case errors.Is(err, errForeignKey):
		if c := namedKey(signature); c != nil && !slices.ContainsFunc(r.Metadata.Certificates, c.Equal) {
			reason += fmt.Sprintf(" It names the certificate with SHA-256 %s, which is not in the provider's metadata; if the provider has changed its key, renew the metadata.", Fingerprint(c))
		}
	}
	if issuer := children(el, nsAssertion, "Issuer"); len(issuer) == 1 && text(issuer[0]) != r.Metadata.EntityID {
		reason += fmt.Sprintf(" It claims to come from %s, and this connection's provider is %s.", seen(text(issuer[0])), seen(r.Metadata.EntityID))
	}
	return refuse(code, err, "%s", reason)
}

// note remembers a certificate that has expired. The keys are pinned, so that is no reason to lock a company out.
func (r *reading) note(c *x509.Certificate) {
	if r.want.At.After(c.NotAfter) {
		text := fmt.Sprintf("The provider's certificate %s expired on %s.", Fingerprint(c), day(c.NotAfter))
		if !slices.Contains(r.notes, text) {
			r.notes = append(r.notes, text)
		}
	}
}

// header checks the attributes and the issuer of a response.
func (r *reading) header(response *etree.Element, signed bool) error {
	if v := attr(response, "Version"); v != "2.0" {
		return refuse(identity.Invalid, nil, "The response is of version %s and not 2.0.", seen(v))
	}
	issuer, err := only(response, nsAssertion, "Issuer")
	if err != nil {
		return refuse(identity.Invalid, err, "The response is malformed: %v.", err)
	}
	if issuer != nil && text(issuer) != r.Metadata.EntityID {
		return r.foreignIssuer(issuer)
	}
	// Unsigned, the destination may be left out (SAML Bindings, section 3.5.5.2).
	if d := attr(response, "Destination"); d != r.ACS && (signed || d != "") {
		return refuse(identity.Invalid, nil, "The response is meant for %s and not for %s.", seen(d), seen(r.ACS))
	}
	if _, err := r.issued(response); err != nil {
		return err
	}
	request := attr(response, "InResponseTo")
	r.unsolicited = request == ""
	return r.answers(request)
}

func (r *reading) foreignIssuer(issuer *etree.Element) error {
	return refuse(identity.Misset, nil, "The message comes from %s, and this connection's provider is %s.", seen(text(issuer)), seen(r.Metadata.EntityID))
}

// issued checks when an element was issued.
func (r *reading) issued(el *etree.Element) (time.Time, error) {
	at, err := instant(el, "IssueInstant")
	switch {
	case err != nil || at.IsZero():
		return at, refuse(identity.Invalid, err, "The %s does not say when it was issued.", el.Tag)
	case at.After(r.want.At.Add(r.skew())):
		return at, refuse(identity.Invalid, nil, "The %s was issued at %s, which is in the future; compare the provider's clock and ours.", el.Tag, clock(at))
	case !r.want.At.Before(at.Add(longest).Add(r.skew())):
		return at, refuse(identity.Expired, nil, "The %s was issued at %s, too long ago.", el.Tag, clock(at))
	}
	return at, nil
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// answers checks which request an element answers.
func (r *reading) answers(request string) error {
	switch {
	case r.unsolicited && request == "" && r.IDPInitiated:
		return nil
	case request == "" && r.want.Request == "" && r.unsolicited:
		return refuse(identity.Misset, nil, "The sign-in began at the provider, which this connection does not allow. Let its tile open our sign-in page, or set idp_initiated.")
	case request == "":
		return refuse(identity.Invalid, nil, "The message does not say which request it answers.")
	case r.want.Request == "":
		return refuse(identity.Expired, nil, "The message answers the request %s, and this browser waits for none.", seen(request))
	case request != r.want.Request:
		return refuse(identity.Invalid, nil, "The message answers the request %s, and this browser waits for another one.", seen(request))
	}
	return nil
}

// status makes a refusal of a provider's own: it did not sign the person in.
func status(response *etree.Element) error {
	el, err := one(response, nsProtocol, "Status")
	if err != nil {
		return refuse(identity.Invalid, err, "The response has no status.")
	}
	top, err := one(el, nsProtocol, "StatusCode")
	if err != nil {
		return refuse(identity.Invalid, err, "The response has no status.")
	}
	if attr(top, "Value") == saml.StatusSuccess {
		return nil
	}
	code, word := identity.Unavailable, attr(top, "Value")
	for _, second := range children(top, nsProtocol, "StatusCode") {
		word = attr(second, "Value")
	}
	switch word {
	case saml.StatusAuthnFailed, saml.StatusRequestDenied, saml.StatusUnknownPrincipal, saml.StatusNoPassive:
		code = identity.Denied
	case saml.StatusInvalidNameIDPolicy, saml.StatusNoAuthnContext, saml.StatusRequestUnsupported,
		saml.StatusUnsupportedBinding, saml.StatusVersionMismatch, saml.StatusRequester:
		code = identity.Misset
	}
	reason := "The provider answered " + seen(word)
	for _, message := range children(el, nsProtocol, "StatusMessage") {
		reason += ": " + seen(text(message))
	}
	return refuse(code, nil, "%s.", reason)
}

package saml

import (
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/identity"
)

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// mostSubject bounds the name of a person, which becomes a key.
const mostSubject = 512

// believe makes an identity of an assertion that is signed, where everything in it is meant for us, here and now.
func (r *reading) believe(assertion *etree.Element) (*Accepted, error) {
	id := attr(assertion, "ID")
	if attr(assertion, "Version") != "2.0" || id == "" {
		return nil, refuse(identity.Invalid, nil, "The assertion has no ID, or is not of version 2.0.")
	}
	issuer, err := one(assertion, nsAssertion, "Issuer")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	if text(issuer) != r.Metadata.EntityID {
		return nil, r.foreignIssuer(issuer)
	}
	issued, err := r.issued(assertion)
	if err != nil {
		return nil, err
	}
	until := issued.Add(longest)
	if err := r.conditions(assertion, &until); err != nil {
		return nil, err
	}
	subject, err := one(assertion, nsAssertion, "Subject")
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	if err := r.confirmed(subject, &until); err != nil {
		return nil, err
	}
	out := &identity.Identity{Connection: r.Connection, Issuer: r.Metadata.EntityID}
	if err := r.authenticated(assertion, out); err != nil {
		return nil, err
	}
	if err := r.person(assertion, subject, out); err != nil {
		return nil, err
	}
	out.Notes = r.notes
	return &Accepted{Identity: out, Assertion: id, Until: until.Add(r.skew()), Unsolicited: r.unsolicited}, nil
}

// conditions checks for how long and for whom an assertion is good (SAML Core, section 2.5.1), and shortens until.
func (r *reading) conditions(assertion *etree.Element, until *time.Time) error {
	el, err := one(assertion, nsAssertion, "Conditions")
	if err != nil {
		return refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	if err := r.period(el, until); err != nil {
		return err
	}
	for child := range el.ChildElementsSeq() {
		known := []string{"AudienceRestriction", "OneTimeUse", "ProxyRestriction"}
		if child.NamespaceURI() != nsAssertion || !slices.Contains(known, child.Tag) {
			return refuse(identity.Invalid, nil, "The assertion has the condition %s, which is not understood.", seen(child.Tag))
		}
	}
	var audiences []string
	restrictions := children(el, nsAssertion, "AudienceRestriction")
	for _, restriction := range restrictions {
		for _, audience := range children(restriction, nsAssertion, "Audience") {
			audiences = append(audiences, text(audience))
		}
	}
	if len(restrictions) != 1 || len(audiences) != 1 || audiences[0] != r.EntityID {
		return refuse(identity.Misset, nil, "The assertion is meant for the audience %s and not for %s alone; set the provider's audience (SP entity ID) to the latter.", seen(strings.Join(audiences, " ")), seen(r.EntityID))
	}
	return nil
}

// period checks NotBefore and NotOnOrAfter, and shortens until.
func (r *reading) period(el *etree.Element, until *time.Time) error {
	begin, err := instant(el, "NotBefore")
	if err != nil {
		return refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	end, err := instant(el, "NotOnOrAfter")
	switch {
	case err != nil:
		return refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	case begin.After(r.want.At.Add(r.skew())):
		return refuse(identity.Invalid, nil, "The assertion is not valid before %s; compare the provider's clock and ours.", clock(begin))
	case end.IsZero():
		return nil
	case !r.want.At.Before(end.Add(r.skew())):
		return refuse(identity.Expired, nil, "The assertion was valid until %s.", clock(end))
	}
	if end.Before(*until) {
		*until = end
	}
	return nil
}

// confirmed wants one bearer confirmation that holds (SAML Profiles, section 4.1.4.2). Several may be there; the
// assertion is remembered for as long as any of them lasts.
func (r *reading) confirmed(subject *etree.Element, until *time.Time) error {
	var failure error
	var held bool
	var last time.Time
	for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
		if attr(c, "Method") != bearer {
			continue
		}
		end, err := r.bearer(c)
		if end.After(last) {
			last = end
		}
		held = held || err == nil
		if failure == nil {
			failure = err
		}
	}
	switch {
	case held:
		if last.Before(*until) {
			*until = last
		}
		return nil
	case failure != nil:
		return failure
	}
	return refuse(identity.Invalid, nil, "The assertion has no bearer confirmation.")
}

// bearer checks one confirmation, and returns when it ends.
func (r *reading) bearer(confirmation *etree.Element) (time.Time, error) {
	data, err := one(confirmation, nsAssertion, "SubjectConfirmationData")
	if err != nil {
		return time.Time{}, refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	end, err := instant(data, "NotOnOrAfter")
	if err != nil || end.IsZero() {
		return time.Time{}, refuse(identity.Invalid, err, "The assertion's confirmation does not say when it ends.")
	}
	unused := end
	if err := r.period(data, &unused); err != nil {
		return end, err
	}
	if recipient := attr(data, "Recipient"); recipient != r.ACS {
		return end, refuse(identity.Invalid, nil, "The assertion is meant to be delivered to %s and not to %s.", seen(recipient), seen(r.ACS))
	}
	request := attr(data, "InResponseTo")
	if r.unsolicited != (request == "") {
		return end, refuse(identity.Invalid, nil, "The response and its assertion do not agree which request they answer.")
	}
	return end, r.answers(request)
}

// authenticated checks how and when the person signed in, and notes it.
func (r *reading) authenticated(assertion *etree.Element, out *identity.Identity) error {
	statement, err := one(assertion, nsAssertion, "AuthnStatement")
	if err != nil {
		return refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	if out.SignedIn, err = instant(statement, "AuthnInstant"); err != nil {
		return refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	if out.Ends, err = instant(statement, "SessionNotOnOrAfter"); err != nil {
		return refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	out.Session = attr(statement, "SessionIndex")
	switch {
	case out.SignedIn.After(r.want.At.Add(r.skew())):
		return refuse(identity.Invalid, nil, "The person signed in at %s, which is in the future; compare the provider's clock and ours.", clock(out.SignedIn))
	case !out.Ends.IsZero() && !r.want.At.Before(out.Ends):
		return refuse(identity.Expired, nil, "The provider's session ended at %s.", clock(out.Ends))
	case r.want.Forced || r.ForceAuthn:
		if err := r.fresh(out.SignedIn); err != nil {
			return err
		}
	}
	return r.context(statement)
}

// fresh checks that the provider did ask for the credentials again.
func (r *reading) fresh(signedIn time.Time) error {
	if r.unsolicited {
		return refuse(identity.Misset, nil, "The sign-in began at the provider, and this connection wants the credentials asked for each time.")
	}
	if signedIn.IsZero() || r.want.Asked.IsZero() || signedIn.Before(r.want.Asked.Add(-r.skew())) {
		return refuse(identity.Misset, nil, "The provider was asked to ask for the credentials again and did not: the person signed in at %s, and we asked at %s.", clock(signedIn), clock(r.want.Asked))
	}
	return nil
}

// context checks that one of the classes was used that the connection wants.
func (r *reading) context(statement *etree.Element) error {
	if len(r.AuthnContexts) == 0 {
		return nil
	}
	used := ""
	if el, err := only(statement, nsAssertion, "AuthnContext"); err == nil && el != nil {
		if class, err := only(el, nsAssertion, "AuthnContextClassRef"); err == nil {
			used = text(class)
		}
	}
	if !slices.Contains(r.AuthnContexts, used) {
		return refuse(identity.Misset, nil, "The person signed in by %s, and this connection wants one of %s.", seen(used), seen(strings.Join(r.AuthnContexts, " ")))
	}
	return nil
}

// person reads who it is.
func (r *reading) person(assertion, subject *etree.Element, out *identity.Identity) error {
	attributes, err := statements(assertion)
	if err != nil {
		return err
	}
	name, err := only(subject, nsAssertion, "NameID")
	if err != nil {
		return refuse(identity.Invalid, err, "The assertion is malformed: %v.", err)
	}
	if name != nil {
		out.NameID = nameID(name)
	}
	if out.Subject, err = r.subject(out.NameID, attributes); err != nil {
		return err
	}
	out.Profile = attributes.profile(r.Attributes)
	out.Addresses = attributes.addresses(r.Attributes, r.addressed(out.NameID))
	out.Claims = attributes
	var over bool
	if out.Groups, out.GroupsKnown, over = attributes.groups(r.Attributes); over {
		r.notes = append(r.notes, "The provider left the groups out, because the person has too many; let it send only the groups assigned to the application.")
	}
	return nil
}

func nameID(el *etree.Element) identity.NameID {
	return identity.NameID{
		Value:           text(el),
		Format:          attr(el, "Format"),
		NameQualifier:   attr(el, "NameQualifier"),
		SPNameQualifier: attr(el, "SPNameQualifier"),
	}
}

// addressed returns a NameID that is a mail address: by its format, or, where the provider leaves the format open as
// Google does, by the format that the connection asks for.
func (r *reading) addressed(name identity.NameID) string {
	vague := name.Format == "" || name.Format == urnUnspecified
	if name.Format == urnEmailAddress || vague && r.NameIDFormat == EmailAddress {
		return name.Value
	}
	return ""
}

// subject returns the name under which a person is known for ever.
func (r *reading) subject(name identity.NameID, attributes said) (string, error) {
	out, source := name.Value, "NameID"
	if r.Subject != "" && r.Subject != "NameID" {
		values := attributes[r.Subject]
		if len(values) != 1 {
			return "", refuse(identity.Misset, nil, "The attribute %s is to name the person, and has %d values where one is expected.", seen(r.Subject), len(values))
		}
		out, source = values[0], r.Subject
	} else if name.Format == urnEmailAddress && r.NameIDFormat != EmailAddress {
		return "", refuse(identity.Misset, nil, "The provider sends a mail address as NameID, and an address can pass to somebody else, who would inherit the account; let it send a persistent one, set the subject to an attribute, or say name_id: emailAddress where addresses never pass on.")
	} else if name.Format == urnTransient {
		return "", refuse(identity.Misset, nil, "The provider sends a transient NameID, which is another one at each sign-in; let it send a persistent one, or set the subject to an attribute.")
	}
	if out == "" || len(out) > mostSubject {
		return "", refuse(identity.Misset, nil, "The name of the person, %s, is empty, encrypted, or longer than %d bytes.", seen(source), mostSubject)
	}
	return out, nil
}

// statements gathers the attributes. One that comes twice has the values of both.
func statements(assertion *etree.Element) (said, error) {
	out := said{}
	for _, statement := range children(assertion, nsAssertion, "AttributeStatement") {
		for _, attribute := range children(statement, nsAssertion, "Attribute") {
			name := attr(attribute, "Name")
			if name == "" {
				return nil, refuse(identity.Invalid, nil, "The assertion has an attribute without a name.")
			}
			values := out[name]
			for _, value := range children(attribute, nsAssertion, "AttributeValue") {
				if v := text(value); v != "" {
					values = append(values, v)
				}
			}
			out[name] = values
		}
	}
	return out, nil
}

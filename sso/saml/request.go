package saml

import (
	"net/url"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/mixus/usher/directory"
)

// Ask says how to ask for a sign-in.
type Ask struct {
	At         time.Time
	Binding    Binding // "" takes Redirect where the provider has it
	RelayState string  // opaque, comes back with the answer; at most 80 bytes
	ForceAuthn bool    // this time, also where the connection does not ask for it always
	LoginHint  string  // who wants to sign in, for the provider's form; most providers read it, some ignore it
}

// Request asks the provider to sign somebody in (SAML Core, section 3.4). The caller keeps the id, bound to the browser
// and to the connection, until the answer comes.
func (s *Settings) Request(ask Ask) (*Outbound, error) {
	destination, binding, err := s.Metadata.SSO.choose(ask.Binding)
	if err != nil {
		return nil, err
	}
	el := s.authnRequest(destination, ask).Element()
	if len(s.AuthnContexts) > 0 {
		el.AddChild(requestedContext(s.AuthnContexts))
	}
	out, err := send(el, "SAMLRequest", destination, binding, ask.RelayState, s.signer(s.signsRequests()))
	if err != nil {
		return nil, err
	}
	if binding == Redirect && ask.LoginHint != "" {
		out.URL += "&login_hint=" + url.QueryEscape(ask.LoginHint)
	}
	return out, nil
}

func (s *Settings) authnRequest(destination string, ask Ask) *saml.AuthnRequest {
	create, format := true, s.NameIDFormat.urn()
	out := &saml.AuthnRequest{
		ID:                          newID(),
		Version:                     "2.0",
		IssueInstant:                ask.At.UTC(),
		Destination:                 destination,
		AssertionConsumerServiceURL: s.ACS,
		ProtocolBinding:             saml.HTTPPostBinding,
		Issuer:                      &saml.Issuer{Value: s.EntityID},
		NameIDPolicy:                &saml.NameIDPolicy{Format: &format, AllowCreate: &create},
	}
	if force := s.ForceAuthn || ask.ForceAuthn; force {
		out.ForceAuthn = &force
	}
	return out
}

// requestedContext names several classes, where crewjam's type has room for one.
func requestedContext(classes []string) *etree.Element {
	el := etree.NewElement("samlp:RequestedAuthnContext")
	el.CreateAttr("Comparison", "exact")
	for _, class := range classes {
		el.CreateElement("saml:AuthnContextClassRef").SetText(class)
	}
	return el
}

// signer returns the key that signs, or nil where nothing is to be signed.
func (s *Settings) signer(wanted bool) *KeyPair {
	if !wanted || len(s.Keys) == 0 {
		return nil
	}
	return &s.Keys[0]
}

// choose returns the endpoint of a binding; of Redirect, else of POST, where none is asked for.
func (e Endpoints) choose(binding Binding) (string, Binding, error) {
	switch {
	case binding != POST && e.Redirect != "":
		return e.Redirect, Redirect, nil
	case binding != Redirect && e.POST != "":
		return e.POST, POST, nil
	}
	return "", "", directory.Errorf(directory.Invalid, "The provider's metadata has no URL for this by the binding %q.", binding)
}

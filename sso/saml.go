package sso

import (
	"errors"
	"net/http"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/sso/trust"
)

// messageBytes is how long a form with a SAML message or a logout token may be: the longest message that is read, in
// base64, with every character of it escaped in the worst of forms.
const messageBytes = 600 << 10

// samlLine returns the connection that a path names, when it speaks SAML.
func (s *Server) samlLine(r *http.Request) (*trust.Line, error) {
	line, err := s.line(r)
	if err == nil && line.SAML == nil {
		err = directory.Errorf(directory.NotFound, "This connection does not sign people in by SAML.")
	}
	return line, err
}

// metadata is GET /sso/{connection}/saml/metadata: what a provider's admin uploads there.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) error {
	line, err := s.samlLine(r)
	if err != nil {
		return err
	}
	text, err := line.SAML.OwnMetadata()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text) // nobody is left to tell
	return nil
}

// consume is POST /sso/{connection}/saml/acs, the assertion consumer service (SAML Profiles, section 4.1.4.3).
func (s *Server) consume(w http.ResponseWriter, r *http.Request) error {
	line, err := s.samlLine(r)
	if err != nil {
		return err
	}
	if err := s.form(w, r, messageBytes); err != nil {
		return err
	}
	if line.Problem != nil {
		return s.refuse(w, r, line, nil, problem(line.Problem))
	}
	relayState := r.PostForm.Get("RelayState")
	a := s.asked(r, line.ID, relayState)
	want := saml.Expected{At: s.now()}
	if a != nil {
		done, err := s.answered(r, a)
		if err != nil {
			return err
		}
		if done {
			return s.refuse(w, r, line, a, replayed())
		}
		want.Request, want.Asked, want.Forced = a.Request, a.At, a.Fresh
	}
	accepted, err := line.SAML.Response(r.PostForm.Get("SAMLResponse"), want)
	if err != nil {
		refusal := refusalOf(err)
		// Who goes back to a page of the provider's is signed in anew by some, unasked, and with what we said last.
		if a == nil && refusal.Code == identity.Misset && isID(relayState) {
			refusal.Code = identity.Expired
		}
		return s.refuse(w, r, line, a, refusal)
	}
	in := &arrival{
		line: line, who: accepted.Identity, method: "saml",
		once: []provision.Once{assertionOnce(line.ID, accepted.Assertion, accepted.Until)},
	}
	if accepted.Unsolicited {
		in.back = local(relayState)
	} else {
		in.ask, in.back = a, a.Return
		in.once = append([]provision.Once{a.once()}, in.once...)
	}
	return s.admit(w, r, in)
}

// replayed is the refusal of an answer that came already.
func replayed() *identity.Refusal {
	return &identity.Refusal{Code: identity.Replayed, Reason: "This sign-in was answered already."}
}

// refusalOf returns the refusal that an error is, and makes one of any other.
func refusalOf(err error) *identity.Refusal {
	var refusal *identity.Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return &identity.Refusal{Code: identity.Invalid, Reason: "The message cannot be read.", Err: err}
}

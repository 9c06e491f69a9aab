package sso

import (
	"net/http"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/sso/session"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/web"
)

// singleLogout is /sso/{connection}/saml/slo, the single logout service (SAML Profiles, section 4.4): the provider's own
// requests, and its answers to ours.
func (s *Server) singleLogout(w http.ResponseWriter, r *http.Request) error {
	line, err := s.samlLine(r)
	if err != nil {
		return err
	}
	if line.Problem != nil {
		return s.refuse(w, r, line, nil, problem(line.Problem))
	}
	in, err := s.inbound(w, r)
	if err != nil {
		if directory.KindOf(err) != directory.Internal {
			return err
		}
		return s.reject(w, r, line, refusalOf(err))
	}
	if in.Request {
		return s.providerLogout(w, r, line, in)
	}
	return s.providerGoodbye(w, r, line, in)
}

func (s *Server) inbound(w http.ResponseWriter, r *http.Request) (*saml.Inbound, error) {
	if r.Method != http.MethodPost {
		return saml.FromQuery(r.URL.RawQuery)
	}
	if err := s.form(w, r, messageBytes); err != nil {
		return nil, err
	}
	return saml.FromForm(r.PostForm)
}

// providerLogout ends the sessions that a provider's request names, and answers it.
func (s *Server) providerLogout(w http.ResponseWriter, r *http.Request, line *trust.Line, in *saml.Inbound) error {
	out, err := line.SAML.ReadLogoutRequest(in, s.now())
	if err != nil {
		return s.reject(w, r, line, refusalOf(err))
	}
	gone, err := s.Engine.EndProviderSessions(r.Context(), provision.ProviderLogout{
		Org: line.Org, Conn: line.Conn, Indexes: out.Sessions, Name: out.NameID.Value, Request: httpx.RequestID(r.Context()),
		Once: logoutOnce(line.ID, out.ID, out.Until),
	})
	if directory.KindOf(err) == directory.Conflict {
		return s.reject(w, r, line, &identity.Refusal{Code: identity.Replayed, Reason: "The logout request was used already."})
	}
	if err != nil {
		return err
	}
	if ended(r, gone) {
		session.Clear(w)
	}
	answer, err := line.SAML.LogoutResponse(saml.Farewell{At: s.now(), RelayState: out.RelayState, Request: out.ID})
	if err != nil { // the provider has said where to ask and not where to answer
		s.Log.WarnContext(r.Context(), "the provider's logout request cannot be answered", "connection", line.ID, "err", err)
		return s.signedOut(w, r, "")
	}
	return s.send(w, r, line, answer, true)
}

// reject answers a logout message that does not count: whoever is signed in stays so.
func (s *Server) reject(w http.ResponseWriter, r *http.Request, line *trust.Line, refusal *identity.Refusal) error {
	reference, err := s.journal(r, line, refusal)
	if err != nil {
		return err
	}
	return s.Pages.Render(w, http.StatusBadRequest, &web.Refusal{
		Frame: s.frame(line.Organization, reference), Why: web.Misconfigured, Provider: providerName(line.Settings), Again: logoutPath,
	})
}

// providerGoodbye takes the provider's answer to our request. The person is signed out here whatever it says.
func (s *Server) providerGoodbye(w http.ResponseWriter, r *http.Request, line *trust.Line, in *saml.Inbound) error {
	out := s.left(r, in.RelayState)
	if out == nil || out.Connection != line.ID {
		return s.signedOutHere(w, r, line, "")
	}
	drop(w, leaveCookie)
	bye, err := line.SAML.ReadLogoutResponse(in, out.Request, s.now())
	if err != nil {
		s.Log.WarnContext(r.Context(), "the provider's answer to a logout request does not count", "connection", line.ID, "err", err)
		return s.signedOutHere(w, r, line, out.Then)
	}
	if !bye.Complete {
		return s.signedOutHere(w, r, line, out.Then)
	}
	return s.signedOut(w, r, out.Then)
}

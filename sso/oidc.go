package sso

import (
	"encoding/json"
	"net/http"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/trust"
)

// oidcLine returns the connection that a path names, when it speaks OpenID Connect.
func (s *Server) oidcLine(r *http.Request) (*trust.Line, error) {
	line, err := s.line(r)
	if err == nil && line.OIDC == nil {
		err = directory.Errorf(directory.NotFound, "This connection does not sign people in by OpenID Connect.")
	}
	return line, err
}

// callback is GET /sso/{connection}/oidc/callback, the redirect URI (OpenID Connect Core 3.1.2.5).
func (s *Server) callback(w http.ResponseWriter, r *http.Request) error {
	line, err := s.oidcLine(r)
	if err != nil {
		return err
	}
	if line.Problem != nil {
		return s.refuse(w, r, line, nil, problem(line.Problem))
	}
	query := r.URL.Query()
	a := s.asked(r, line.ID, query.Get("state"))
	if a == nil {
		return s.refuse(w, r, line, nil, &identity.Refusal{Code: identity.Expired, Reason: "This browser waits for no answer of this connection with this state."})
	}
	if err := s.limit(w, r, &s.callbacks, triesAllowed); err != nil {
		return err
	}
	switch err := s.useUp(r, a); {
	case directory.KindOf(err) == directory.Conflict:
		return s.refuse(w, r, line, a, replayed())
	case err != nil:
		return err
	}
	who, refusal := line.OIDC.Callback(r.Context(), query, oidc.Request{
		Connection: a.Connection, State: a.ID, Nonce: a.Nonce, Verifier: a.Verifier, Fresh: a.Fresh, At: a.At,
	})
	if refusal != nil {
		return s.refuse(w, r, line, a, refusal)
	}
	return s.admit(w, r, &arrival{line: line, who: who, ask: a, back: a.Return, method: "oidc"})
}

// backChannel is POST /sso/{connection}/oidc/backchannel-logout: the provider itself says who has signed out there (OpenID
// Connect Back-Channel Logout 1.0, section 2.5). Its answers are those of section 2.8.
func (s *Server) backChannel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	err := s.providerSignsOut(w, r)
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	status, text := http.StatusBadRequest, publicText(err)
	if directory.KindOf(err) == directory.Internal {
		status = http.StatusInternalServerError
		s.Log.ErrorContext(r.Context(), "a provider's sign-out failed", "err", err, "request_id", httpx.RequestID(r.Context()))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_request", "error_description": text}) // nobody is left to tell
}

func (s *Server) providerSignsOut(w http.ResponseWriter, r *http.Request) error {
	line, err := s.oidcLine(r)
	if err != nil {
		return err
	}
	if err := s.form(w, r, messageBytes); err != nil {
		return err
	}
	out, refusal := line.OIDC.BackChannelLogout(r.Context(), r.PostForm.Get("logout_token"))
	if refusal != nil {
		return s.denied(r, line, refusal)
	}
	in := provision.ProviderLogout{
		Org: line.Org, Conn: line.Conn, Name: out.Sub, Request: httpx.RequestID(r.Context()), Once: logoutOnce(line.ID, out.TokenID, out.Until),
	}
	if out.Session != "" {
		in.Indexes = []string{out.Session}
	}
	_, err = s.Engine.EndProviderSessions(r.Context(), in)
	if directory.KindOf(err) == directory.Conflict {
		return s.denied(r, line, &identity.Refusal{Code: identity.Replayed, Reason: "The logout token was used already."})
	}
	return err
}

// denied journals a logout token that does not count, and returns the error that the provider is told.
func (s *Server) denied(r *http.Request, line *trust.Line, refusal *identity.Refusal) error {
	reference, err := s.journal(r, line, refusal)
	if err != nil {
		return err
	}
	return directory.Errorf(directory.Invalid, "The logout token is not accepted; the reference is %s.", reference)
}

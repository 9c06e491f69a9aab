package sso

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/sso/session"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/web"
)

// leaveCookie holds a sign-out that is under way at a provider.
const (
	leaveCookie = "__Host-usher-leave"
	leaveLasts  = 15 * time.Minute
)

// leaving is a sign-out under way: what must be known when the browser comes back from the provider.
type leaving struct {
	ID         string    `json:"i"` // comes back as RelayState or state
	Connection string    `json:"c"`
	At         time.Time `json:"t"`
	Then       string    `json:"r,omitempty"` // where to go afterwards; "" for our own page
	Request    string    `json:"m,omitempty"` // the id of the SAML request
}

// logout is GET /logout, which asks, since GET changes nothing.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	held, member, err := s.live(r)
	if err != nil {
		return err
	}
	if held == nil {
		return s.signedOut(w, r, "")
	}
	page := &web.SignOut{
		Frame: s.frame(s.organization(held.Org), ""), Form: web.Form{Action: logoutPath}, Email: member.Decision.Email, Stay: s.onward(""),
	}
	return s.Pages.Render(w, http.StatusOK, page)
}

// logoutForm is POST /logout.
func (s *Server) logoutForm(w http.ResponseWriter, r *http.Request) error { return s.SignOut(w, r, "") }

// SignOut ends the session of a browser, leads it through its provider's logout where that has one, and at last to then: an
// address that the caller has checked, "" for our own page. A browser without a session goes there at once.
func (s *Server) SignOut(w http.ResponseWriter, r *http.Request, then string) error {
	s.ready()
	held, _, err := s.live(r)
	if err != nil {
		return err
	}
	if token := session.Token(r); token != "" {
		if err := s.Engine.EndSession(r.Context(), token, httpx.RequestID(r.Context())); err != nil {
			return err
		}
		session.Clear(w)
	}
	if held == nil {
		return s.signedOut(w, r, then)
	}
	line := s.lineOf(held.Org, held.Conn)
	if line == nil || line.Problem != nil {
		return s.signedOutHere(w, r, line, then)
	}
	var known farewell
	if len(held.Farewell) > 0 {
		if err := json.Unmarshal(held.Farewell, &known); err != nil {
			return err
		}
	}
	out := &leaving{ID: newID(), Connection: line.ID, At: s.now().UTC(), Then: then}
	switch {
	case line.SAML != nil && known.NameID != nil:
		return s.leaveSAML(w, r, line, out, saml.Leave{At: out.At, RelayState: out.ID, NameID: *known.NameID, Session: held.Index})
	case line.OIDC != nil:
		return s.leaveOIDC(w, r, line, out, known.IDToken)
	}
	return s.signedOutHere(w, r, line, then)
}

// leaveSAML sends the browser to the provider with a logout request (SAML Profiles, section 4.4.3.1).
func (s *Server) leaveSAML(w http.ResponseWriter, r *http.Request, line *trust.Line, out *leaving, ask saml.Leave) error {
	if line.SAML.SLO == "" || line.SAML.Metadata.SLO.None() {
		return s.signedOutHere(w, r, line, out.Then)
	}
	message, err := line.SAML.LogoutRequest(ask)
	if err != nil { // a setting that does not fit; the person is signed out here all the same
		s.Log.WarnContext(r.Context(), "the provider cannot be asked to sign somebody out", "connection", line.ID, "err", err)
		return s.signedOutHere(w, r, line, out.Then)
	}
	out.Request = message.ID
	if err := s.keepLeaving(w, out, true); err != nil {
		return err
	}
	return s.send(w, r, line, message, true)
}

// leaveOIDC sends the browser to the provider's end_session_endpoint (OpenID Connect RP-Initiated Logout 1.0, section 2).
func (s *Server) leaveOIDC(w http.ResponseWriter, r *http.Request, line *trust.Line, out *leaving, idToken string) error {
	to := line.OIDC.LogoutURL(r.Context(), idToken, trust.URLsOf(s.PublicURL, line.ID).SignedOut, out.ID)
	if to == "" {
		return s.signedOutHere(w, r, line, out.Then)
	}
	if err := s.keepLeaving(w, out, false); err != nil {
		return err
	}
	return leave(w, r, to)
}

func (s *Server) keepLeaving(w http.ResponseWriter, out *leaving, posted bool) error {
	value, err := s.seal.close(leaveCookie, out)
	if err == nil {
		keep(w, leaveCookie, value, leaveLasts, posted)
	}
	return err
}

// left returns the sign-out of an id that this browser has under way, nil when there is none.
func (s *Server) left(r *http.Request, id string) *leaving {
	out := &leaving{}
	if !s.seal.open(leaveCookie, kept(r, leaveCookie), out) || out.ID != id || !s.now().Before(out.At.Add(leaveLasts)) {
		return nil
	}
	return out
}

// done is GET /logout/done, where a provider sends browsers that it has signed out.
func (s *Server) done(w http.ResponseWriter, r *http.Request) error {
	out := s.left(r, r.URL.Query().Get("state"))
	if out == nil {
		return s.signedOut(w, r, "")
	}
	drop(w, leaveCookie)
	return s.signedOut(w, r, out.Then)
}

// signedOut leads on somebody who is signed out.
func (s *Server) signedOut(w http.ResponseWriter, r *http.Request, then string) error {
	if then != "" {
		return leave(w, r, then)
	}
	return s.Pages.Render(w, http.StatusOK, &web.SignedOut{Frame: s.frame(nil, ""), Again: loginPath})
}

// signedOutHere is signedOut for somebody who may still be signed in at the provider; line is nil when that is not known.
func (s *Server) signedOutHere(w http.ResponseWriter, r *http.Request, line *trust.Line, then string) error {
	if then != "" || line == nil {
		return s.signedOut(w, r, then)
	}
	page := &web.SignedOut{Frame: s.frame(line.Organization, ""), Provider: label(line.Settings), Again: loginPath}
	return s.Pages.Render(w, http.StatusOK, page)
}

// onward returns where somebody goes on to: back, or to the application.
func (s *Server) onward(back string) string {
	switch {
	case back != "":
		return back
	case s.Home != "":
		return s.Home
	}
	return welcomePath
}

// ended reports whether a browser holds one of these sessions.
func ended(r *http.Request, sessions []*directory.Session) bool {
	id := former(r)
	for _, held := range sessions {
		if held.ID() == id {
			return true
		}
	}
	return false
}

package sso

import (
	"net/http"

	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/web"
)

// backToInvitation answers the address of a form that is opened as a page.
func backToInvitation(w http.ResponseWriter, r *http.Request, in *invited) error {
	return leave(w, r, in.path)
}

// acceptInvitation is POST /invitations/{token}: somebody who is signed in accepts.
func (s *Server) acceptInvitation(w http.ResponseWriter, r *http.Request, in *invited) error {
	if in.held == nil {
		return leave(w, r, in.path)
	}
	member, err := s.Engine.AcceptSignedIn(r.Context(), in.hash, in.held, httpx.RequestID(r.Context()))
	if err != nil {
		return s.inviteTrouble(w, r, in, err)
	}
	return s.arrive(w, r, in.held, member, welcomePath, false)
}

// decline is GET /invitations/{token}/decline, which asks, since GET changes nothing.
func (s *Server) decline(w http.ResponseWriter, _ *http.Request, in *invited) error {
	return s.Pages.Render(w, http.StatusOK, &web.InvitationDecline{
		Frame: s.frame(s.organization(in.found.OrgNum), ""), Form: web.Form{Action: in.path + "/decline"}, Stay: in.path,
	})
}

// declined is POST /invitations/{token}/decline.
func (s *Server) declined(w http.ResponseWriter, r *http.Request, in *invited) error {
	err := s.Engine.DeclineInvitation(r.Context(), provision.Acceptance{Link: in.hash, Request: httpx.RequestID(r.Context()), Method: "link"})
	if err != nil {
		return s.inviteTrouble(w, r, in, err)
	}
	return leave(w, r, in.path)
}

// otherAccount is POST /invitations/{token}/account: somebody who is signed in by another address wants to change the
// account, or the address.
func (s *Server) otherAccount(w http.ResponseWriter, r *http.Request, in *invited) error {
	switch do := r.PostForm.Get("do"); {
	case in.held == nil:
		return leave(w, r, in.path)
	case do == web.SwitchAccount:
		return s.SignOut(w, r, with(in.path, "fresh", "1"))
	case do != web.ChangeAddress:
		return s.anotherAccount(w, in)
	}
	if err := s.Engine.AskAddress(r.Context(), in.hash, in.held, httpx.RequestID(r.Context())); err != nil {
		return s.inviteTrouble(w, r, in, err)
	}
	return s.Pages.Render(w, http.StatusOK, &web.InvitationAsked{Frame: s.frame(s.organization(in.found.OrgNum), ""), Continue: s.onward("")})
}

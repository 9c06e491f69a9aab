package sso

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/session"
	"github.com/mixus/usher/web"
)

// A code for an invitation works in the browser that asked for it, and for one invitation at a time.
const (
	inviteCookie    = "__Host-usher-invited"
	inviteCodeLasts = 15 * time.Minute
)

// inviteAsking is what a browser keeps that can accept an invitation by a code. It has the secret before it asks, so that two
// clicks are one browser's.
type inviteAsking struct {
	Secret string `json:"s"` // without it a code is worth nothing
	Link   []byte `json:"l"` // the hash of the link's secret
	Asked  bool   `json:"a,omitempty"`
}

// askInviteCode is POST /invitations/{token}/code.
func (s *Server) askInviteCode(w http.ResponseWriter, r *http.Request, in *invited) error {
	if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
		return err
	}
	a := s.inviteAsking(r, in)
	if a == nil {
		a = &inviteAsking{Secret: rand.Text(), Link: in.hash[:]}
	}
	again, err := s.Engine.AskInviteCode(r.Context(), provision.AskInviteCode{
		Link: in.hash, Request: httpx.RequestID(r.Context()), Browser: provision.TokenHash(a.Secret),
		Network: httpx.Host(httpx.Client(r.Context()).String()).String(), Agent: agent(r.UserAgent()),
	})
	if err != nil {
		return s.inviteTrouble(w, r, in, err)
	}
	a.Asked = true
	if err := s.keepInviteAsking(w, a); err != nil {
		return err
	}
	return leave(w, r, with(in.path+"/code/enter", "again", flag(again)))
}

func (s *Server) keepInviteAsking(w http.ResponseWriter, a *inviteAsking) error {
	value, err := s.seal.close(inviteCookie, a)
	if err == nil {
		keep(w, inviteCookie, value, inviteCodeLasts, false)
	}
	return err
}

// inviteAsking returns what a browser keeps while it waits for a code for an invitation, nil when it waits for none.
func (s *Server) inviteAsking(r *http.Request, in *invited) *inviteAsking {
	a := &inviteAsking{}
	if !s.seal.open(inviteCookie, kept(r, inviteCookie), a) || !bytes.Equal(a.Link, in.hash[:]) {
		return nil
	}
	return a
}

// inviteEnter is GET /invitations/{token}/code/enter.
func (s *Server) inviteEnter(w http.ResponseWriter, r *http.Request, in *invited) error {
	if a := s.inviteAsking(r, in); a == nil || !a.Asked {
		return leave(w, r, in.path)
	}
	return s.Pages.Render(w, http.StatusOK, s.inviteEnterPage(in, r.URL.Query().Get("again") == "1", web.NoProblem))
}

// inviteEnterPage asks for the code. Before is for somebody who has asked for one twice within a moment, and was sent one.
func (s *Server) inviteEnterPage(in *invited, before bool, wrong web.Problem) *web.InvitationCode {
	return &web.InvitationCode{
		Frame: s.frame(s.organization(in.found.OrgNum), ""), Form: web.Form{Action: in.path + "/code/enter"},
		Email: in.found.Invitation.Invited.Email, Before: before, Problem: wrong, Again: in.path,
	}
}

// enterInviteCode is POST /invitations/{token}/code/enter, which accepts.
func (s *Server) enterInviteCode(w http.ResponseWriter, r *http.Request, in *invited) error {
	if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
		return err
	}
	a := s.inviteAsking(r, in)
	if a == nil || !a.Asked {
		return leave(w, r, in.path)
	}
	code := strings.TrimSpace(r.PostForm.Get("code"))
	if code == "" {
		return s.Pages.Render(w, http.StatusUnprocessableEntity, s.inviteEnterPage(in, false, web.CodeMissing))
	}
	result, err := s.Engine.EnterInviteCode(r.Context(), provision.EnterInviteCode{
		Link: in.hash, Code: code, Request: httpx.RequestID(r.Context()), Browser: provision.TokenHash(a.Secret), Agent: agent(r.UserAgent()),
	})
	switch {
	case directory.KindOf(err) == directory.Unauthenticated:
		return s.Pages.Render(w, http.StatusUnprocessableEntity, s.inviteEnterPage(in, false, web.CodeWrong))
	case err != nil:
		return s.inviteTrouble(w, r, in, err)
	}
	drop(w, inviteCookie)
	if !result.In() { // the invitation is accepted, and the person does not get in yet
		answer := answerToLogin(result.Code)
		return s.Pages.Render(w, answer.status, &web.Refusal{
			Frame: s.frame(s.organization(in.found.OrgNum), result.Reference), Why: answer.why, Again: loginPath,
		})
	}
	if err := s.endFormer(r, nil); err != nil {
		return err
	}
	session.Set(w, result.Token, result.Session.Ends)
	return s.settleIn(w, r, result)
}

// settleIn leads somebody who has accepted by a code on: to terms that are due, to a sign-in of their own where they have
// none yet, and to the welcome.
func (s *Server) settleIn(w http.ResponseWriter, r *http.Request, result *provision.LoginResult) error {
	its, err := s.Engine.Credentials(r.Context(), result.Session.Org, result.Member.ID)
	if err != nil {
		return err
	}
	back := welcomePath
	if !its.Any() {
		back = with(accountPath, "return", welcomePath)
	}
	return s.arrive(w, r, result.Session, result.Member, back, false)
}

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

// inviteAsking is what a browser keeps while it waits for a code.
type inviteAsking struct {
	Secret string `json:"s"` // without it a code is worth nothing
	Link   []byte `json:"l"` // the hash of the link's secret
}

// askInviteCode is POST /invitations/{token}/code.
func (s *Server) askInviteCode(w http.ResponseWriter, r *http.Request, in *invited) error {
	if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
		return err
	}
	a := inviteAsking{Secret: rand.Text(), Link: in.hash[:]}
	err := s.Engine.AskInviteCode(r.Context(), provision.AskInviteCode{
		Link: in.hash, Request: httpx.RequestID(r.Context()), Browser: provision.TokenHash(a.Secret),
		Network: httpx.Host(httpx.Client(r.Context()).String()).String(), Agent: agent(r.UserAgent()),
	})
	if err != nil {
		return s.inviteTrouble(w, r, in, err)
	}
	value, err := s.seal.close(inviteCookie, a)
	if err != nil {
		return err
	}
	keep(w, inviteCookie, value, inviteCodeLasts, false)
	return leave(w, r, in.path+"/code/enter")
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
	if s.inviteAsking(r, in) == nil {
		return leave(w, r, in.path)
	}
	return s.inviteEnterPage(w, http.StatusOK, in, web.NoProblem)
}

func (s *Server) inviteEnterPage(w http.ResponseWriter, status int, in *invited, wrong web.Problem) error {
	return s.Pages.Render(w, status, &web.InvitationCode{
		Frame: s.frame(s.organization(in.found.OrgNum), ""), Form: web.Form{Action: in.path + "/code/enter"},
		Email: in.found.Invitation.Invited.Email, Problem: wrong, Again: in.path,
	})
}

// enterInviteCode is POST /invitations/{token}/code/enter, which accepts.
func (s *Server) enterInviteCode(w http.ResponseWriter, r *http.Request, in *invited) error {
	if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
		return err
	}
	a := s.inviteAsking(r, in)
	if a == nil {
		return leave(w, r, in.path)
	}
	code := strings.TrimSpace(r.PostForm.Get("code"))
	if code == "" {
		return s.inviteEnterPage(w, http.StatusUnprocessableEntity, in, web.CodeMissing)
	}
	result, err := s.Engine.EnterInviteCode(r.Context(), provision.EnterInviteCode{
		Link: in.hash, Code: code, Request: httpx.RequestID(r.Context()), Browser: provision.TokenHash(a.Secret), Agent: agent(r.UserAgent()),
	})
	switch {
	case directory.KindOf(err) == directory.Unauthenticated:
		return s.inviteEnterPage(w, http.StatusUnprocessableEntity, in, web.CodeWrong)
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

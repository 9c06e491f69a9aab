package sso

import (
	"net/http"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/web"
)

// terms is GET /terms: what is to be accepted, if anything is.
func (s *Server) terms(w http.ResponseWriter, r *http.Request) error {
	held, member, err := s.live(r)
	if err != nil {
		return err
	}
	if held == nil {
		return s.signInFirst(w, r)
	}
	back := local(r.URL.Query().Get("return"))
	due, err := s.Engine.TermsDue(r.Context(), held.Org, member.ID)
	if err != nil {
		return err
	}
	if due == nil {
		return leave(w, r, s.onward(back))
	}
	page := &web.Terms{
		Frame: s.frame(s.organization(held.Org), ""), Form: web.Form{Action: termsPath, Hidden: hidden(wish{Return: back}, false)},
		Version: due.Terms.Version, Changed: due.Before != "", Text: due.Terms.Text, URL: due.Terms.URL, Decline: logoutPath,
	}
	return s.Pages.Render(w, http.StatusOK, page)
}

// acceptTerms is POST /terms. What is accepted is the version that was shown.
func (s *Server) acceptTerms(w http.ResponseWriter, r *http.Request) error {
	if err := s.form(w, r, formBytes); err != nil {
		return err
	}
	held, member, err := s.live(r)
	if err != nil {
		return err
	}
	if held == nil {
		return s.loginPage(w, http.StatusUnauthorized, wish{Return: local(r.PostForm.Get("return"))}, web.NoProblem)
	}
	back := local(r.PostForm.Get("return"))
	err = s.Engine.AcceptTerms(r.Context(), held.Org, member.ID, r.PostForm.Get("version"), httpx.RequestID(r.Context()))
	if directory.KindOf(err) == directory.Conflict || directory.KindOf(err) == directory.Precondition {
		return leave(w, r, with(termsPath, "return", back)) // another version is in force by now
	}
	if err != nil {
		return err
	}
	return leave(w, r, s.onward(back))
}

package sso

import (
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

// Signing in by a code by mail, which works in the browser that asked for it: of whoever came by an invitation and has no
// provider, and of those who break glass.
const (
	codeCookie   = "__Host-usher-code"
	codeLasts    = 15 * time.Minute
	codesAllowed = 20 // asked for or typed in a minute behind one client address

	longestOrganization = 100 // characters of an organization's id that is looked for
)

// asking is what a browser keeps while it waits for a code. It has the secret before it asks, so that two clicks are one
// browser's.
type asking struct {
	Secret string `json:"s"`           // without it a code is worth nothing
	Email  string `json:"e,omitempty"` // "" until a code was asked for
	Return string `json:"r,omitempty"`

	Organization string `json:"o,omitempty"` // which the person wants to enter
}

// code is GET /login/code.
func (s *Server) code(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	if s.asking(r) == nil {
		if err := s.keepAsking(w, &asking{Secret: rand.Text()}); err != nil {
			return err
		}
	}
	return s.codePage(w, http.StatusOK, wishOf(query.Get), query.Get("organization"), web.NoProblem)
}

func (s *Server) codePage(w http.ResponseWriter, status int, want wish, organization string, wrong web.Problem) error {
	page := &web.CodeRequest{
		Frame: s.frame(nil, ""), Form: web.Form{Action: codePath, Hidden: hidden(want, false)}, Email: want.Address, Problem: wrong,
		Back: with(loginPath, "return", want.Return),
	}
	if organization != "" {
		page.Form.Hidden = append(page.Form.Hidden, web.Field{Name: "organization", Value: organization})
	}
	return s.Pages.Render(w, status, page)
}

// askCode is POST /login/code. Its answer is the same for everybody.
func (s *Server) askCode(w http.ResponseWriter, r *http.Request) error {
	if err := s.form(w, r, formBytes); err != nil {
		return err
	}
	if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
		return err
	}
	want, organization := wishOf(r.PostForm.Get), r.PostForm.Get("organization")
	typed := strings.TrimSpace(r.PostForm.Get("email"))
	want.Address = hint(typed)
	switch {
	case typed == "":
		return s.codePage(w, http.StatusUnprocessableEntity, want, organization, web.EmailMissing)
	case want.Address == "":
		want.Address = typed
		return s.codePage(w, http.StatusUnprocessableEntity, want, organization, web.EmailInvalid)
	}
	if len(organization) > longestOrganization {
		organization = ""
	}
	a := &asking{Secret: rand.Text(), Email: want.Address, Return: want.Return, Organization: organization}
	if kept := s.asking(r); kept != nil {
		a.Secret = kept.Secret
	}
	again, err := s.Engine.AskCode(r.Context(), provision.AskCode{
		Email: a.Email, Request: httpx.RequestID(r.Context()), Browser: provision.TokenHash(a.Secret),
		Network: httpx.Host(httpx.Client(r.Context()).String()).String(), Agent: agent(r.UserAgent()),
		Organization: a.Organization,
	})
	if err != nil {
		return err
	}
	if err := s.keepAsking(w, a); err != nil {
		return err
	}
	return leave(w, r, with(enterPath, "again", flag(again)))
}

func (s *Server) keepAsking(w http.ResponseWriter, a *asking) error {
	value, err := s.seal.close(codeCookie, a)
	if err == nil {
		keep(w, codeCookie, value, codeLasts, false)
	}
	return err
}

// flag is the value of a parameter that says something, or is left out.
func flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// asking returns what a browser keeps while it waits for a code, nil when it waits for none.
func (s *Server) asking(r *http.Request) *asking {
	a := &asking{}
	if !s.seal.open(codeCookie, kept(r, codeCookie), a) {
		return nil
	}
	return a
}

// enter is GET /login/code/enter.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) error {
	a := s.asking(r)
	if a == nil || a.Email == "" {
		return leave(w, r, codePath)
	}
	return s.Pages.Render(w, http.StatusOK, s.enterPage(a, r.URL.Query().Get("again") == "1", web.NoProblem))
}

// enterPage asks for the code. Before is for somebody who has asked for one twice within a moment, and is sent one.
func (s *Server) enterPage(a *asking, before bool, wrong web.Problem) *web.CodeEntry {
	return &web.CodeEntry{
		Frame: s.frame(nil, ""), Form: web.Form{Action: enterPath}, Email: a.Email, Before: before, Problem: wrong,
		Again: with(codePath, "return", a.Return, "organization", a.Organization),
	}
}

// enterCode is POST /login/code/enter.
func (s *Server) enterCode(w http.ResponseWriter, r *http.Request) error {
	if err := s.form(w, r, formBytes); err != nil {
		return err
	}
	if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
		return err
	}
	a := s.asking(r)
	if a == nil || a.Email == "" {
		return leave(w, r, codePath)
	}
	code := strings.TrimSpace(r.PostForm.Get("code"))
	if code == "" {
		return s.Pages.Render(w, http.StatusUnprocessableEntity, s.enterPage(a, false, web.CodeMissing))
	}
	result, err := s.Engine.EnterCode(r.Context(), provision.EnterCode{
		Email: a.Email, Code: code, Request: httpx.RequestID(r.Context()), Browser: provision.TokenHash(a.Secret), Agent: agent(r.UserAgent()),
	})
	switch {
	case directory.KindOf(err) == directory.Unauthenticated:
		return s.Pages.Render(w, http.StatusUnprocessableEntity, s.enterPage(a, false, web.CodeWrong))
	case err != nil:
		return err
	case !result.In(): // the code was right, and the person does not get in any more
		answer := answerToLogin(result.Code)
		return s.Pages.Render(w, answer.status, &web.Refusal{
			Frame: s.frame(s.organization(result.Member.Org), result.Reference), Why: answer.why, Again: with(loginPath, "return", a.Return),
		})
	}
	drop(w, codeCookie)
	if err := s.endFormer(r, nil); err != nil {
		return err
	}
	session.Set(w, result.Token, result.Session.Ends)
	return s.arrive(w, r, result.Session, result.Member, a.Return, false)
}

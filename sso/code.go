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

// asking is what a browser keeps while it waits for a code.
type asking struct {
	Secret string `json:"s"` // without it a code is worth nothing
	Email  string `json:"e"`
	Return string `json:"r,omitempty"`

	Organization string `json:"o,omitempty"` // which the person wants to enter
}

// code is GET /login/code.
func (s *Server) code(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
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
	a := asking{Secret: rand.Text(), Email: want.Address, Return: want.Return, Organization: organization}
	err := s.Engine.AskCode(r.Context(), provision.AskCode{
		Email: a.Email, Request: httpx.RequestID(r.Context()), Browser: provision.TokenHash(a.Secret),
		Network: httpx.Host(httpx.Client(r.Context()).String()).String(), Agent: agent(r.UserAgent()),
		Organization: a.Organization,
	})
	if err != nil {
		return err
	}
	value, err := s.seal.close(codeCookie, a)
	if err != nil {
		return err
	}
	keep(w, codeCookie, value, codeLasts, false)
	return leave(w, r, enterPath)
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
	if a == nil {
		return leave(w, r, codePath)
	}
	return s.enterPage(w, http.StatusOK, a, web.NoProblem)
}

func (s *Server) enterPage(w http.ResponseWriter, status int, a *asking, wrong web.Problem) error {
	page := &web.CodeEntry{
		Frame: s.frame(nil, ""), Form: web.Form{Action: enterPath}, Email: a.Email, Problem: wrong, Again: with(codePath, "return", a.Return, "organization", a.Organization),
	}
	return s.Pages.Render(w, status, page)
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
	if a == nil {
		return leave(w, r, codePath)
	}
	code := strings.TrimSpace(r.PostForm.Get("code"))
	if code == "" {
		return s.enterPage(w, http.StatusUnprocessableEntity, a, web.CodeMissing)
	}
	result, err := s.Engine.EnterCode(r.Context(), provision.EnterCode{
		Email: a.Email, Code: code, Request: httpx.RequestID(r.Context()), Browser: provision.TokenHash(a.Secret), Agent: agent(r.UserAgent()),
	})
	switch {
	case directory.KindOf(err) == directory.Unauthenticated:
		return s.enterPage(w, http.StatusUnprocessableEntity, a, web.CodeWrong)
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

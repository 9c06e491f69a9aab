package sso

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/passkey"
	"github.com/mixus/usher/sso/password"
	"github.com/mixus/usher/sso/session"
	"github.com/mixus/usher/web"
)

// Signing in by a password or a passkey: of whoever came by an invitation and has no provider.
const (
	passkeyCookie = "__Host-usher-passkey" // the challenge that the page shows
	passkeyOnce   = "passkey"              // the kind of request by which a challenge is answered once
	passkeyBytes  = 32 << 10
)

// passwordPage is GET /login/password.
func (s *Server) passwordPage(w http.ResponseWriter, r *http.Request) error {
	return s.ownPage(w, http.StatusOK, wishOf(r.URL.Query().Get), web.NoProblem)
}

// ownPage asks for a password or a passkey.
func (s *Server) ownPage(w http.ResponseWriter, status int, want wish, wrong web.Problem) error {
	page := &web.PasswordLogin{
		Frame: s.frame(nil, ""), Form: web.Form{Action: passwordPath, Hidden: hidden(want, false)}, Email: want.Address, Problem: wrong,
		Code: with(codePath, "login_hint", hint(want.Address), "return", want.Return),
	}
	if s.keys != nil {
		options, c, err := s.keys.Ask()
		if err != nil {
			return err
		}
		if err := s.keepCeremony(w, passkeyCookie, c); err != nil {
			return err
		}
		page.Passkey = web.Ceremony{Form: web.Form{Action: passkeyPath, Hidden: hidden(want, false)}, Options: string(options)}
	}
	return s.Pages.Render(w, status, page)
}

// keepCeremony gives a browser what must be known when it answers.
func (s *Server) keepCeremony(w http.ResponseWriter, name string, c any) error {
	value, err := s.seal.close(name, c)
	if err == nil {
		keep(w, name, value, passkey.Lasts, false)
	}
	return err
}

// enterPassword is POST /login/password. Its answer is the same for every address and every password that does not let in.
func (s *Server) enterPassword(w http.ResponseWriter, r *http.Request) error {
	if err := s.form(w, r, formBytes); err != nil {
		return err
	}
	if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
		return err
	}
	want, typed, secret := wishOf(r.PostForm.Get), strings.TrimSpace(r.PostForm.Get("email")), r.PostForm.Get("password")
	want.Address = typed
	switch {
	case typed == "":
		return s.ownPage(w, http.StatusUnprocessableEntity, want, web.EmailMissing)
	case hint(typed) == "":
		return s.ownPage(w, http.StatusUnprocessableEntity, want, web.EmailInvalid)
	case secret == "":
		return s.ownPage(w, http.StatusUnprocessableEntity, want, web.PasswordMissing)
	}
	result, err := s.Engine.EnterPassword(r.Context(), provision.EnterPassword{
		Email: typed, Request: httpx.RequestID(r.Context()), Agent: agent(r.UserAgent()),
		Verify: func(ctx context.Context, hash string) (bool, string, error) { return s.verify(ctx, hash, secret) },
	})
	if directory.KindOf(err) == directory.Unauthenticated {
		return s.ownPage(w, http.StatusUnprocessableEntity, want, web.CredentialWrong)
	}
	return s.letIn(w, r, result, want.Return, busy(w, err))
}

// verify holds a password against a hash, and makes a new one where that was computed at another cost.
func (s *Server) verify(ctx context.Context, hash, secret string) (right bool, renewed string, err error) {
	right, err = s.hasher.Verify(ctx, hash, secret)
	if err == nil && right && password.Stale(hash) {
		renewed, err = s.hasher.Hash(ctx, secret)
	}
	return right, renewed, err
}

// busy says with an error that will pass when to come again.
func busy(w http.ResponseWriter, err error) error {
	if err != nil && directory.KindOf(err) == directory.Unavailable {
		w.Header().Set("Retry-After", "5")
	}
	return err
}

// enterPasskey is POST /login/passkey.
func (s *Server) enterPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := s.form(w, r, passkeyBytes); err != nil {
		return err
	}
	if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
		return err
	}
	want, c := wishOf(r.PostForm.Get), &passkey.Ceremony{}
	if s.keys == nil || !s.seal.open(passkeyCookie, kept(r, passkeyCookie), c) {
		return leave(w, r, with(passwordPath, "return", want.Return))
	}
	drop(w, passkeyCookie)
	result, err := s.recognize(r, c, []byte(r.PostForm.Get("credential")))
	if directory.KindOf(err) == directory.Unauthenticated {
		s.Log.InfoContext(r.Context(), "a passkey was refused", "err", cause(err), "request_id", httpx.RequestID(r.Context()))
		return s.ownPage(w, http.StatusUnprocessableEntity, want, web.CredentialWrong)
	}
	return s.letIn(w, r, result, want.Return, err)
}

// recognize has the owner of the passkey let in that has signed a ceremony's challenge.
func (s *Server) recognize(r *http.Request, c *passkey.Ceremony, answer []byte) (*provision.LoginResult, error) {
	who, err := s.keys.Answered(c, answer, func(handle, id []byte) (*directory.Passkey, error) {
		return s.Engine.PasskeyOf(r.Context(), handle, id)
	})
	if err != nil {
		return nil, err
	}
	return s.Engine.EnterPasskey(r.Context(), provision.EnterPasskey{
		Handle: who.Handle, ID: who.ID, Count: who.Count, Stored: who.Stored, Challenge: challengeOnce(c),
		Request: httpx.RequestID(r.Context()), Agent: agent(r.UserAgent()),
	})
}

// challengeOnce is what makes the answer to a challenge count once, for as long as it is accepted.
func challengeOnce(c *passkey.Ceremony) provision.Once {
	return provision.Once{Kind: passkeyOnce, Key: provision.TokenHash(c.Challenge()), Until: c.Ends.Add(time.Minute)}
}

// cause is the hidden cause of an error, for the log.
func cause(err error) error {
	var public *directory.Error
	if asPublic(err, &public) && public.Err != nil {
		return public.Err
	}
	return err
}

// letIn leads somebody on who has shown who they are by something of their own, or tells why they do not get in.
func (s *Server) letIn(w http.ResponseWriter, r *http.Request, result *provision.LoginResult, back string, err error) error {
	if err != nil {
		return err
	}
	if !result.In() {
		answer := answerToLogin(result.Code)
		return s.Pages.Render(w, answer.status, &web.Refusal{
			Frame: s.frame(s.organization(result.Member.Org), result.Reference), Why: answer.why, Again: with(loginPath, "return", back),
		})
	}
	if err := s.endFormer(r, nil); err != nil {
		return err
	}
	session.Set(w, result.Token, result.Session.Ends)
	return s.arrive(w, r, result.Session, result.Member, back, false)
}

// backToOwn answers the GET of a form's address, as after a reload.
func backToOwn(w http.ResponseWriter, r *http.Request) error { return leave(w, r, passwordPath) }

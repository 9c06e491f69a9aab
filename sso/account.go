package sso

import (
	"cmp"
	"net/http"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/passkey"
	"github.com/mixus/usher/sso/password"
	"github.com/mixus/usher/web"
)

// newPasskeyCookie holds the ceremony of a passkey that is being made.
const newPasskeyCookie = "__Host-usher-passkey-new"

// making is a passkey that is being made, in one session.
type making struct {
	passkey.Ceremony
	For directory.ID `json:"f"` // the session
}

// owner is somebody at the page of what they sign in with.
type owner struct {
	session *directory.Session
	member  *directory.Member
	back    string // where to go afterwards
}

// own serves somebody who is signed in, whom no provider signs in, and who has shown so a short while ago; everybody else it
// leads to where they get there, or tells.
func (s *Server) own(handle func(http.ResponseWriter, *http.Request, *owner) error) httpx.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		get := r.URL.Query().Get
		if r.Method == http.MethodPost {
			if err := s.form(w, r, passkeyBytes); err != nil {
				return err
			}
			if err := s.limit(w, r, &s.codes, codesAllowed); err != nil {
				return err
			}
			get = r.PostForm.Get
		}
		o := &owner{back: local(get("return"))}
		var err error
		if o.session, o.member, err = s.live(r); err != nil {
			return err
		}
		if o.session == nil {
			return s.loginPage(w, http.StatusUnauthorized, wish{Return: o.path()}, web.NoProblem)
		}
		its, err := s.Engine.SignsInByOwn(r.Context(), o.session.Org, o.member.ID)
		switch {
		case err != nil:
			return err
		case !its:
			return s.elsewhere(w, r, o)
		case s.now().Sub(o.session.SignedIn) > provision.CredentialsFresh:
			return s.again(w, r, o)
		}
		return s.changed(w, r, o, handle(w, r, o))
	}
}

// path is the page itself, with where to go afterwards.
func (o *owner) path() string { return with(accountPath, "return", o.back) }

// again has somebody sign in again, and leads back.
func (s *Server) again(w http.ResponseWriter, r *http.Request, o *owner) error {
	return leave(w, r, with(passwordPath, "login_hint", o.member.Decision.Email, "return", o.path()))
}

// elsewhere tells somebody whom a provider signs in that there is nothing to set here.
func (s *Server) elsewhere(w http.ResponseWriter, r *http.Request, o *owner) error {
	return s.Pages.Render(w, http.StatusForbidden, &web.Refusal{
		Frame: s.frame(s.organization(o.session.Org), provision.LogReference(httpx.RequestID(r.Context()))), Why: web.Elsewhere, Again: loginPath,
	})
}

// changed answers those errors of a change that are nobody's fault: a session that grew too old meanwhile, or a provider.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, o *owner, err error) error {
	if err == nil {
		return nil
	}
	switch directory.KindOf(err) {
	case directory.Precondition, directory.Unauthenticated:
		return s.again(w, r, o)
	case directory.Forbidden:
		return s.elsewhere(w, r, o)
	case directory.NotFound: // removed already, as in another tab
		return leave(w, r, o.path())
	case directory.Invalid, directory.Conflict, directory.TooLarge, directory.TooMany, directory.Unavailable, directory.Internal:
	}
	return busy(w, err)
}

// account is GET /account/sign-in.
func (s *Server) account(w http.ResponseWriter, r *http.Request, o *owner) error {
	return s.accountPage(w, r, http.StatusOK, o, web.NoProblem)
}

// backToAccount answers the GET of a form's address, as after a reload.
func backToAccount(w http.ResponseWriter, r *http.Request) error { return leave(w, r, accountPath) }

func (s *Server) accountPage(w http.ResponseWriter, r *http.Request, status int, o *owner, wrong web.Problem) error {
	has, err := s.Engine.Credentials(r.Context(), o.session.Org, o.member.ID)
	if err != nil {
		return err
	}
	form := func(path string, more ...web.Field) web.Form {
		return web.Form{Action: path, Hidden: append(hidden(wish{Return: o.back}, false), more...)}
	}
	page := &web.OwnSignIn{
		Frame: s.frame(s.organization(o.session.Org), ""), Form: form(accountPasswordPath), Remove: form(accountPasswordPath),
		Email: o.member.Decision.Email, Problem: wrong, Changed: dayOf(has.Changed), Continue: cmp.Or(o.back, welcomePath),
		Done: wrong == web.NoProblem && r.URL.Query().Get("done") == "1",
	}
	for _, k := range has.Passkeys {
		page.Passkeys = append(page.Passkeys, web.OwnPasskey{
			Form: form(accountChangePath, web.Field{Name: "passkey", Value: k.ID.String()}), Name: k.Name, Added: dayOf(k.Added), Used: dayOf(k.Used),
		})
	}
	if s.keys != nil && len(has.Passkeys) < provision.MostPasskeys {
		options, err := s.beginPasskey(w, r, o)
		if err != nil {
			return err
		}
		page.Passkey = web.Ceremony{Form: form(accountPasskeyPath), Options: string(options)}
	}
	return s.Pages.Render(w, status, page)
}

// dayOf is a day as people read it, "" for none.
func dayOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2 January 2006")
}

// beginPasskey begins to make a passkey, and returns the options for the browser.
func (s *Server) beginPasskey(w http.ResponseWriter, r *http.Request, o *owner) ([]byte, error) {
	who, err := s.passkeyPerson(r, o)
	if err != nil {
		return nil, err
	}
	options, c, err := s.keys.Register(who)
	if err != nil {
		return nil, err
	}
	return options, s.keepCeremony(w, newPasskeyCookie, making{*c, o.session.ID()})
}

func (s *Server) passkeyPerson(r *http.Request, o *owner) (passkey.Person, error) {
	d := &o.member.Decision
	who := passkey.Person{Handle: provision.PasskeyHandle(o.session.Org, o.member.ID), Name: d.Email, Display: cmp.Or(d.Name, d.Email)}
	var err error
	who.Passkeys, err = s.Engine.PasskeysOf(r.Context(), o.session.Org, o.member.ID)
	return who, err
}

func (o *owner) change(r *http.Request) provision.CredentialChange {
	return provision.CredentialChange{Session: o.session, Request: httpx.RequestID(r.Context()), Agent: agent(r.UserAgent())}
}

// saved leads back to the page, which says so.
func (o *owner) saved(w http.ResponseWriter, r *http.Request) error {
	return leave(w, r, with(accountPath, "done", "1", "return", o.back))
}

// setPassword is POST /account/sign-in/password, which sets the password, or removes it.
func (s *Server) setPassword(w http.ResponseWriter, r *http.Request, o *owner) error {
	if r.PostForm.Get("do") == "remove" {
		if err := s.Engine.RemovePassword(r.Context(), o.change(r)); err != nil {
			return err
		}
		return o.saved(w, r)
	}
	secret := r.PostForm.Get("password")
	if wrong := s.weak(secret, o); wrong != web.NoProblem {
		return s.accountPage(w, r, http.StatusUnprocessableEntity, o, wrong)
	}
	hash, err := s.hasher.Hash(r.Context(), secret)
	if err == nil {
		err = s.Engine.SetPassword(r.Context(), o.change(r), hash)
	}
	if err != nil {
		return err
	}
	return o.saved(w, r)
}

// weak says what is wrong with a new password.
func (s *Server) weak(secret string, o *owner) web.Problem {
	if secret == "" {
		return web.PasswordMissing
	}
	known := append([]string{o.member.Decision.Email, o.member.Decision.Name, s.Application}, o.member.Decision.Aliases...)
	if organization := s.organization(o.session.Org); organization != nil {
		known = append(known, organization.Name, organization.ID)
	}
	switch password.Check(secret, known...) {
	case password.None:
	case password.TooShort:
		return web.PasswordShort
	case password.TooLong:
		return web.PasswordLong
	case password.Common:
		return web.PasswordCommon
	case password.Personal:
		return web.PasswordPersonal
	}
	return web.NoProblem
}

// addPasskey is POST /account/sign-in/passkey.
func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request, o *owner) error {
	c := &making{}
	if s.keys == nil || !s.seal.open(newPasskeyCookie, kept(r, newPasskeyCookie), c) || c.For != o.session.ID() {
		return leave(w, r, o.path())
	}
	drop(w, newPasskeyCookie)
	who, err := s.passkeyPerson(r, o)
	if err != nil {
		return err
	}
	key, err := s.keys.Registered(who, &c.Ceremony, []byte(r.PostForm.Get("credential")))
	if err == nil {
		key.Name = agent(r.UserAgent())
		err = s.Engine.AddPasskey(r.Context(), o.change(r), key, challengeOnce(&c.Ceremony))
	}
	switch kind := directory.KindOf(err); {
	case err == nil:
		return o.saved(w, r)
	case kind == directory.Invalid, kind == directory.Conflict:
		s.Log.InfoContext(r.Context(), "a passkey was not added", "err", cause(err), "request_id", httpx.RequestID(r.Context()))
		return s.accountPage(w, r, http.StatusUnprocessableEntity, o, web.PasskeyWrong)
	}
	return err
}

// changePasskey is POST /account/sign-in/passkey/change, which renames a passkey, or removes it.
func (s *Server) changePasskey(w http.ResponseWriter, r *http.Request, o *owner) error {
	id, ok := directory.ParseID(r.PostForm.Get("passkey"))
	if !ok {
		return directory.Errorf(directory.NotFound, "There is no such passkey.")
	}
	var err error
	switch r.PostForm.Get("do") {
	case "rename":
		err = s.Engine.RenamePasskey(r.Context(), o.change(r), id, r.PostForm.Get("name"))
	case "remove":
		err = s.Engine.RemovePasskey(r.Context(), o.change(r), id)
	default:
		err = directory.Errorf(directory.Invalid, "The form does not say what to do.")
	}
	if err != nil {
		return err
	}
	return o.saved(w, r)
}

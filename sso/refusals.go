package sso

import (
	"cmp"
	"net/http"
	"net/netip"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/web"
)

// refused is how a refusal is answered: with a page and a status.
type refused struct {
	status int
	why    web.Why
}

// answerTo is the table from a message that is not believed to its page.
func answerTo(code identity.Code) refused {
	switch code {
	case identity.Invalid, identity.Misset:
		return refused{http.StatusBadRequest, web.Misconfigured}
	case identity.Replayed, identity.Expired:
		return refused{http.StatusGone, web.Expired}
	case identity.Denied:
		return refused{http.StatusForbidden, web.NotAssigned}
	case identity.Unavailable:
		return refused{http.StatusServiceUnavailable, web.Unavailable}
	}
	return refused{http.StatusInternalServerError, web.Broken}
}

// answerToLogin is the table from what the engine says of somebody who is believed to their page.
func answerToLogin(code provision.LoginCode) refused {
	switch code {
	case provision.LoginAwaiting, provision.LoginHeld:
		return refused{http.StatusForbidden, web.Awaiting}
	case provision.LoginNotPushed:
		return refused{http.StatusForbidden, web.NotPushed}
	case provision.LoginUnknownDomain, provision.LoginNoRule:
		return refused{http.StatusForbidden, web.NoPlace}
	case provision.LoginUnvouched, provision.LoginAmbiguous, provision.LoginRetired:
		return refused{http.StatusForbidden, web.Misconfigured}
	case provision.LoginWaits, provision.LoginObserved, provision.LoginPaused, provision.LoginLockdown:
		return refused{http.StatusForbidden, web.JoiningPaused}
	case provision.LoginSuspended, provision.LoginRemoved:
		return refused{http.StatusForbidden, web.Suspended}
	case provision.LoginReplayed, provision.LoginExpired:
		return refused{http.StatusGone, web.Expired}
	case provision.LoginElsewhere:
		return refused{http.StatusForbidden, web.Elsewhere}
	case provision.LoginJoined, provision.LoginLinked, provision.LoginKnown: // got in
	}
	return refused{http.StatusInternalServerError, web.Broken}
}

// mistakable are the refusals for which it can be that the provider signed in another account than the person meant.
func mistakable(code provision.LoginCode) bool {
	return slices.Contains([]provision.LoginCode{
		provision.LoginNotPushed, provision.LoginUnknownDomain, provision.LoginUnvouched, provision.LoginAmbiguous,
		provision.LoginNoRule, provision.LoginSuspended, provision.LoginRemoved,
	}, code)
}

// refuse answers a message that is not believed, or a provider that cannot be asked. A is what it would have answered, nil
// for nothing. Who comes back to an old page and is signed in goes on; who is not starts again.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, line *trust.Line, a *ask, refusal *identity.Refusal) error {
	back := ""
	if a != nil {
		back = a.Return
		if a.ID != "" && (refusal.Code != identity.Invalid || line.OIDC != nil) { // what is forged does not end a sign-in by SAML
			drop(w, a.name())
		}
	}
	answer := answerTo(refusal.Code)
	if answer.why == web.Expired {
		held, member, err := s.live(r)
		if err != nil {
			return err
		}
		if held != nil && held.Org == line.Org {
			return s.arrive(w, r, held, member, back, false)
		}
	}
	reference, err := s.journal(r, line, refusal)
	if err != nil {
		return err
	}
	if answer.why == web.Expired && r.Method == http.MethodPost {
		return tooLate(w, r, line, back, reference)
	}
	return s.turnedAway(w, line, answer, back, reference)
}

// tooLate sends a browser that came with an old answer a step further. A form that a provider's page posted comes without
// the session's cookie, and of two answers at the same time the second comes before the first has set one: only after a
// step of our own it shows whether the person is signed in.
func tooLate(w http.ResponseWriter, r *http.Request, line *trust.Line, back, reference string) error {
	return leave(w, r, with(expiredPath, "connection", line.ID, "return", back, "reference", reference))
}

// turnAway answers somebody whom the provider signed in and who does not get in.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, in *arrival, result *provision.LoginResult) error {
	if got, other := in.another(); other && mistakable(result.Code) {
		fresh := "1"
		if in.line.Settings.Provider == "google" {
			fresh = "" // it cannot be asked to; it offers a choice of accounts where the connection says so
		}
		return s.Pages.Render(w, http.StatusForbidden, &web.Refusal{
			Frame: s.frame(in.line.Organization, result.Reference), Why: web.WrongAccount, Provider: providerName(in.line.Settings),
			Asked: in.ask.Address, Got: got,
			Again: with(startPath(in.line.ID), "login_hint", in.ask.Address, "return", in.back, "fresh", fresh),
		})
	}
	answer := answerToLogin(result.Code)
	if answer.why == web.Expired {
		return tooLate(w, r, in.line, in.back, result.Reference)
	}
	return s.turnedAway(w, in.line, answer, in.back, result.Reference)
}

// another reports whether the provider signed in somebody else than the person said to be, and returns who that is.
func (in *arrival) another() (string, bool) {
	if in.ask == nil || in.ask.Address == "" || len(in.who.Addresses) == 0 {
		return "", false
	}
	asked := directory.FoldAddress(in.ask.Address)
	same := slices.ContainsFunc(in.who.Addresses, func(a identity.Address) bool { return directory.FoldAddress(a.Value) == asked })
	return in.who.Addresses[0].Value, !same
}

// turnedAway shows a refusal.
func (s *Server) turnedAway(w http.ResponseWriter, line *trust.Line, answer refused, back, reference string) error {
	return s.Pages.Render(w, answer.status, &web.Refusal{
		Frame: s.frame(line.Organization, reference), Why: answer.why, Provider: providerName(line.Settings),
		Again: with(startPath(line.ID), "return", back),
	})
}

// expired is GET /login/expired, where a browser comes with an answer that does not count any more.
func (s *Server) expired(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	back := local(query.Get("return"))
	line, ok := s.Lines.Line(query.Get("connection"))
	held, member, err := s.live(r)
	if err != nil {
		return err
	}
	if held != nil && (!ok || held.Org == line.Org) {
		return s.arrive(w, r, held, member, back, false)
	}
	reference := query.Get("reference")
	if !provision.LooksLikeReference(reference) {
		reference = provision.LogReference(httpx.RequestID(r.Context()))
	}
	page := &web.Refusal{Frame: s.frame(nil, reference), Why: web.Expired, Again: with(loginPath, "return", back)}
	if ok {
		page.Frame, page.Provider, page.Again = s.frame(line.Organization, reference), providerName(line.Settings), with(startPath(line.ID), "return", back)
	}
	return s.Pages.Render(w, http.StatusGone, page)
}

func startPath(connection string) string { return "/sso/" + connection + "/login" }

// So many refusals are journalled in a minute: of one connection from one place, and of one connection. Anybody can post a
// message that does not hold; beyond these numbers it costs a line of the log alone. One place does not use up what the
// others have.
const (
	mostOfOnePlace = 5
	mostJournaled  = 30
)

// refusing is a connection at which something is refused, and the place from which it came.
type refusing struct {
	connection string
	from       netip.Prefix
}

// crowded reports whether there are too many refusals to journal another one.
func (s *Server) crowded(r *http.Request, line *trust.Line) bool {
	now := s.now()
	if n, _ := s.refusals.Count(refusing{line.ID, httpx.Host(httpx.Client(r.Context()).String())}, now); n > mostOfOnePlace {
		return true
	}
	n, _ := s.journaled.Count(line.ID, now)
	return n > mostJournaled
}

// journal records that a message was not believed, and returns the reference by which the helpdesk finds out why.
func (s *Server) journal(r *http.Request, line *trust.Line, refusal *identity.Refusal) (string, error) {
	request := httpx.RequestID(r.Context())
	log := s.Log.With("org", line.Organization.ID, "connection", line.ID, "code", string(refusal.Code), "request_id", request)
	if refusal.Err != nil {
		log = log.With("err", refusal.Err)
	}
	if s.crowded(r, line) {
		log.WarnContext(r.Context(), "a sign-in was refused, and there were too many to journal it", "reason", refusal.Reason)
		return provision.LogReference(request), nil
	}
	log.InfoContext(r.Context(), "a sign-in was refused")
	method := "oidc"
	if line.SAML != nil {
		method = "saml"
	}
	return s.Engine.Refuse(r.Context(), provision.Refused{
		Org: line.Org, Conn: line.Conn, Request: request, Method: method,
		Code: string(refusal.Code), Reason: cmp.Or(refusal.Reason, string(refusal.Code)),
	})
}

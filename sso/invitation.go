package sso

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/web"
)

// invitationsPath is where links of invitations lead; the secret of the link follows. It is a part of the path, which no log
// of ours has.
const invitationsPath = "/invitations/"

// linkLongest is how long the secret of a link can be, in base64url.
const linkLongest = 128

// invited is a browser that has followed the link of an invitation.
type invited struct {
	path   string // of the invitation
	hash   [32]byte
	found  *provision.LinkedInvitation
	held   *directory.Session // of the invitation's organization; nil where nobody is signed in there
	member *directory.Member
}

// follow finds the invitation of a request. It is nil where there is none, and the page that says so was written.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) (*invited, error) {
	if err := s.limit(w, r, &s.links, triesAllowed); err != nil {
		return nil, err
	}
	secret := r.PathValue("token")
	if len(secret) > linkLongest || strings.ContainsFunc(secret, notBase64) {
		return nil, s.over(w, r, nil, web.OverUnknown)
	}
	in := &invited{path: invitationsPath + secret, hash: provision.InvitationLink(secret)}
	held, member, err := s.live(r)
	if err != nil {
		return nil, err
	}
	in.found, err = s.Engine.FollowLink(r.Context(), in.hash, held)
	if directory.KindOf(err) == directory.NotFound {
		return nil, s.over(w, r, nil, web.OverUnknown)
	}
	if err != nil {
		return nil, err
	}
	if held != nil && held.Org == in.found.OrgNum {
		in.held, in.member = held, member
	}
	return in, nil
}

func notBase64(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
}

// followed is a handler of what is done with the link of an invitation. One that works no more leads to its page.
func (s *Server) followed(next func(http.ResponseWriter, *http.Request, *invited) error) httpx.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodPost {
			if err := s.form(w, r, formBytes); err != nil {
				return err
			}
		}
		in, err := s.follow(w, r)
		switch {
		case err != nil || in == nil:
			return err
		case in.found.State != provision.LinkWorks:
			return leave(w, r, in.path)
		}
		return next(w, r, in)
	}
}

// invitation is GET /invitations/{token}: who invites whom to what, and the way to accept. It consumes nothing.
func (s *Server) invitation(w http.ResponseWriter, r *http.Request) error {
	in, err := s.follow(w, r)
	if err != nil || in == nil {
		return err
	}
	switch state := in.found.State; {
	case state == provision.LinkAccepted && in.held != nil && in.held.Member == in.found.Invitation.Member:
		return s.arrive(w, r, in.held, in.member, welcomePath, false)
	case state != provision.LinkWorks:
		return s.over(w, r, in, overOf(state))
	case in.held != nil && !in.found.Vouched:
		return s.anotherAccount(w, in)
	}
	page, err := s.invitationPage(in, r.URL.Query().Get("fresh"))
	if err != nil {
		return err
	}
	if page.Continue == "" && page.As == "" && kept(r, inviteCookie) == "" {
		if err := s.keepInviteAsking(w, &inviteAsking{Secret: rand.Text(), Link: in.hash[:]}); err != nil {
			return err
		}
	}
	return s.Pages.Render(w, http.StatusOK, page)
}

// invitationPage shows an invitation that works to whoever may accept it. Fresh is "1" for somebody who wants another account
// than the provider has signed in.
func (s *Server) invitationPage(in *invited, fresh string) (*web.Invitation, error) {
	g := in.found.Invitation
	page := &web.Invitation{
		Frame: s.frame(s.organization(in.found.OrgNum), ""), Email: g.Invited.Email, Inviter: in.found.Inviter, Role: g.InvitedRole(),
		Department: g.Invited.Department, Message: g.Invited.Message, Until: g.Invited.Expires, Decline: in.path + "/decline",
	}
	switch {
	case in.held != nil:
		page.Form, page.As = web.Form{Action: in.path}, nameOf(in.member)
	case in.found.Provider == "":
		page.Form = web.Form{Action: in.path + "/code"}
	default:
		line, ok := s.Lines.Line(in.found.Provider)
		if !ok {
			return nil, directory.Errorf(directory.Unavailable, "The connection %s signs nobody in yet.", in.found.Provider)
		}
		to, more := startPath(line.ID), ""
		if several := s.servingIn(in); several {
			to, more = loginPath, in.found.Org
		}
		back := in.path
		if line.Org != in.found.OrgNum { // their company's, which is here by itself: it says nothing to this organization
			back = ""
		}
		page.Provider = label(line.Settings)
		page.Continue = with(to, "organization", more, "login_hint", g.Invited.Email, "return", back, "fresh", fresh)
	}
	return page, nil
}

// servingIn reports whether people of the invited address choose from several connections of the organization.
func (s *Server) servingIn(in *invited) bool {
	lines := slices.DeleteFunc(s.serving(in.found.Invitation.Invited.Email), func(l *trust.Line) bool { return l.Org != in.found.OrgNum })
	return len(lines) > 1
}

// nameOf is a member as they know themselves.
func nameOf(m *directory.Member) string {
	switch d := &m.Decision; {
	case d.Name == "":
		return d.Email
	case d.Email == "":
		return d.Name
	default:
		return d.Name + " (" + d.Email + ")"
	}
}

// overOf says which page tells of a link that works no more.
func overOf(state provision.LinkState) web.Over {
	switch state {
	case provision.LinkExpired:
		return web.OverExpired
	case provision.LinkReplaced:
		return web.OverReplaced
	case provision.LinkAccepted:
		return web.OverAccepted
	case provision.LinkDeclined:
		return web.OverDeclined
	case provision.LinkUnapproved:
		return web.OverUnapproved
	case provision.LinkCancelled, provision.LinkWorks:
	}
	return web.OverCancelled
}

// over tells that a link works no more. In is nil where it leads nowhere.
func (s *Server) over(w http.ResponseWriter, r *http.Request, in *invited, over web.Over) error {
	status, reference := http.StatusGone, provision.LogReference(httpx.RequestID(r.Context()))
	page := &web.InvitationOver{Over: over, Again: loginPath}
	switch over {
	case web.OverUnknown:
		status = http.StatusNotFound
	case web.OverAccepted, web.OverDeclined:
		reference = ""
	case web.OverExpired, web.OverReplaced, web.OverCancelled, web.OverUnapproved:
	}
	page.Frame = s.frame(nil, reference)
	if in != nil {
		page.Frame = s.frame(s.organization(in.found.OrgNum), reference)
		to := loginPath
		if in.found.Provider == "" {
			to = codePath
		}
		page.Again = with(to, "organization", in.found.Org, "login_hint", in.found.Invitation.Invited.Email)
	}
	s.Log.InfoContext(r.Context(), "an invitation's link works no more", "state", string(over), "request_id", httpx.RequestID(r.Context()))
	return s.Pages.Render(w, status, page)
}

// anotherAccount tells somebody that they are signed in by another address than the one that is invited.
func (s *Server) anotherAccount(w http.ResponseWriter, in *invited) error {
	return s.Pages.Render(w, http.StatusForbidden, &web.InvitationAccount{
		Frame: s.frame(s.organization(in.found.OrgNum), ""), Form: web.Form{Action: in.path + "/account"},
		Email: in.found.Invitation.Invited.Email, Got: in.member.Decision.Email, Stay: s.onward(""),
	})
}

// inviteTrouble answers what the engine refuses to do with an invitation. What has become of the link meanwhile is told by
// the page to which it leads.
func (s *Server) inviteTrouble(w http.ResponseWriter, r *http.Request, in *invited, err error) error {
	reference := provision.LogReference(httpx.RequestID(r.Context()))
	page := &web.Refusal{Frame: s.frame(s.organization(in.found.OrgNum), reference), Again: in.path}
	status := http.StatusForbidden
	switch directory.KindOf(err) {
	case directory.NotFound, directory.Forbidden, directory.Unauthenticated: // of a session that ended meanwhile
		return leave(w, r, in.path)
	case directory.Conflict:
		now, wrong := s.Engine.FollowLink(r.Context(), in.hash, nil)
		if wrong != nil || now.State != provision.LinkWorks {
			return leave(w, r, in.path)
		}
		status, page.Why = http.StatusConflict, web.Misconfigured // two members, whom an admin has to merge
	case directory.TooMany:
		status, page.Why = http.StatusTooManyRequests, web.TooMany
	case directory.Unavailable:
		page.Why = web.JoiningPaused
	case directory.Invalid, directory.Precondition, directory.TooLarge, directory.Internal:
		return err
	}
	s.Log.InfoContext(r.Context(), "an invitation was not accepted", "err", err, "request_id", httpx.RequestID(r.Context()))
	return s.Pages.Render(w, status, page)
}

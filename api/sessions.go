package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Session is a browser in which somebody is signed in.
type Session struct {
	ID         string    `json:"id" doc:"Names the session to people. It says nothing of what the browser holds."`
	Member     string    `json:"member" doc:"The id of the member who is signed in."`
	Email      string    `json:"email,omitempty"`
	Connection string    `json:"connection,omitempty" doc:"Whose provider signed the person in; absent for a sign-in without a provider."`
	Method     string    `json:"method" doc:"How the person signed in: saml, oidc, code for a one-time code by mail, password or passkey."`
	Browser    string    `json:"browser,omitempty" doc:"The family of the browser, such as Firefox on Linux."`
	Began      time.Time `json:"began"`
	Seen       time.Time `json:"seen" doc:"When it was used last, to the minute."`
	Ends       time.Time `json:"ends" doc:"When it ends, unless it is used before then."`
	Latest     time.Time `json:"latest" doc:"When it ends however much it is used."`
}

// Revoked says how many sessions were ended.
type Revoked struct {
	Ended int `json:"ended" doc:"How many sessions there were, and are no more, as far as they could be counted."`
}

type sessionFilter struct {
	InOrganization
	Paging
	Member string `query:"member" maxLength:"320" doc:"Only those of this member, by id or address; they come on one page, the newest first."`
}

type oneSession struct {
	InOrganization
	Session string `path:"session" maxLength:"64" doc:"The session's id."`
	Body    ReasonBody
}

type reasonIn struct {
	InOrganization
	Body ReasonBody
}

type memberReasonIn struct {
	OneMember
	Body ReasonBody
}

func (s *Server) sessions(api huma.API) {
	handle(s, api, get("/organizations/{organization}/sessions", "list-sessions", ScopeSessionsRead, "List sessions",
		"Lists the sessions that hold, in order of member. A page may hold fewer than limit while there is a next one."),
		func(ctx context.Context, in *sessionFilter) (*answer[Page[Session]], error) {
			return found(s.listSessions(ctx, in))
		})
	handle(s, api, post("/organizations/{organization}/sessions/{session}/revoke", "revoke-session", ScopeSessionsWrite, "Revoke a session",
		"Ends one session at once. The person may sign in again; to keep them out, suspend them."),
		func(ctx context.Context, in *oneSession) (*answer[Revoked], error) {
			return found(s.revokeSession(ctx, in))
		})
	handle(s, api, post("/organizations/{organization}/members/{member}/revoke-sessions", "revoke-member-sessions", ScopeSessionsWrite, "Revoke a member's sessions",
		"Signs a member out everywhere. The person may sign in again; to keep them out, suspend them."),
		func(ctx context.Context, in *memberReasonIn) (*answer[Revoked], error) {
			return found(s.revokeMemberSessions(ctx, in))
		})
	handle(s, api, post("/organizations/{organization}/sessions/revoke", "revoke-all-sessions", ScopeSessionsWrite, "Revoke every session",
		"Signs everybody of the organization out. They may sign in again; for an incident there is the lockdown."),
		func(ctx context.Context, in *reasonIn) (*answer[Revoked], error) {
			return found(s.revokeAllSessions(ctx, in))
		})
}

func (s *Server) listSessions(ctx context.Context, in *sessionFilter) (Page[Session], error) {
	page := Page[Session]{Items: []Session{}}
	var org directory.OrgNum
	var member directory.ID
	err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, num directory.OrgNum) error {
		org, member = num, directory.NoID
		if in.Member == "" {
			return nil
		}
		m, err := findMember(tx, n, num, in.Member)
		if err == nil {
			member = m.ID
		}
		return err
	})
	if err != nil {
		return page, err
	}
	after, err := in.session(org)
	if err != nil {
		return page, err
	}
	rows, last, err := s.Engine.ListSessions(ctx, org, member, after, in.Limit)
	if err != nil {
		return page, err
	}
	if page.Items, err = s.sessionViews(ctx, in.Organization, rows); err == nil && last != nil {
		id := last.ID()
		page.Next = cursor(append(last.Member[:], id[:]...))
	}
	return page, err
}

// session reads a cursor that ends in a member and the id of one of their sessions, nil for none.
func (p Paging) session(org directory.OrgNum) (*directory.Session, error) {
	raw, err := p.raw()
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	const idLen = len(directory.ID{})
	if len(raw) != 2*idLen {
		return nil, badCursor()
	}
	after := &directory.Session{Org: org, Member: directory.ID(raw[:idLen])}
	for i := range after.Hash { // behind every hash that begins with the id
		after.Hash[i] = 0xff
	}
	copy(after.Hash[:], raw[idLen:])
	return after, nil
}

// sessionViews renders sessions, looking the members up together.
func (s *Server) sessionViews(ctx context.Context, organization string, rows []*directory.Session) ([]Session, error) {
	views := make([]Session, len(rows))
	err := s.view(ctx, organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		policy, err := s.Engine.Policy(tx, org)
		if err != nil {
			return err
		}
		limits := &policy.Organization.Sessions
		ids := make([]directory.ID, len(rows))
		for i, row := range rows {
			ids[i] = row.Member
		}
		members, err := tx.Members(org, ids)
		if err != nil {
			return err
		}
		for i, row := range rows {
			latest := earlier(row.Ends, row.Began.Add(limits.Absolute))
			views[i] = Session{
				ID: row.ID().String(), Member: row.Member.String(), Connection: n.conn[row.Conn], Method: row.Method, Browser: row.Agent,
				Began: row.Began, Seen: row.Seen, Ends: earlier(latest, row.Seen.Add(limits.Idle)), Latest: latest,
			}
			if m := members[i]; m != nil {
				views[i].Email = m.Decision.Email
			}
		}
		return nil
	})
	return views, err
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (s *Server) revokeSession(ctx context.Context, in *oneSession) (Revoked, error) {
	org, why, err := s.acting(ctx, in.Organization, &in.Body)
	if err != nil {
		return Revoked{}, err
	}
	id, ok := directory.ParseID(in.Session)
	if !ok {
		return Revoked{}, directory.Errorf(directory.NotFound, "There is no session %q; `usher sessions list` shows those there are.", in.Session)
	}
	return Revoked{Ended: 1}, s.Engine.RevokeSession(ctx, org, id, why)
}

func (s *Server) revokeMemberSessions(ctx context.Context, in *memberReasonIn) (Revoked, error) {
	why := cause(ctx)
	var err error
	if why.Reason, err = in.Body.given(); err != nil {
		return Revoked{}, err
	}
	t, err := s.target(ctx, in.OneMember)
	if err != nil {
		return Revoked{}, err
	}
	n, err := s.Engine.RevokeSessions(ctx, t.org, t.member.ID, why)
	return Revoked{Ended: n}, err
}

func (s *Server) revokeAllSessions(ctx context.Context, in *reasonIn) (Revoked, error) {
	org, why, err := s.acting(ctx, in.Organization, &in.Body)
	if err != nil {
		return Revoked{}, err
	}
	return s.endAll(ctx, org, func() error { return s.Engine.EndAllSessions(ctx, org, why) })
}

// acting returns the organization that an administrator acts on, and the cause of what follows, with the reason given.
func (s *Server) acting(ctx context.Context, organization string, body *ReasonBody) (directory.OrgNum, directory.Cause, error) {
	why := cause(ctx)
	var err error
	if why.Reason, err = body.given(); err != nil {
		return 0, why, err
	}
	var num directory.OrgNum
	err = s.view(ctx, organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	return num, why, err
}

// endAll ends every session of an organization, and returns how many there were. Counting comes afterwards, and an error of it
// is in the log alone: in an incident nobody waits for a number.
func (s *Server) endAll(ctx context.Context, org directory.OrgNum, end func() error) (Revoked, error) {
	before, err := s.Engine.LockdownOf(ctx, org)
	if err == nil {
		err = end()
	}
	if err != nil {
		return Revoked{}, err
	}
	n, err := s.Engine.CountEnded(ctx, org, before)
	if err != nil {
		s.Log.WarnContext(ctx, "every session was ended, and how many there were could not be counted", "err", err)
	}
	return Revoked{Ended: n}, nil
}

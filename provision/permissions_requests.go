package provision

import (
	"context"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

// The kinds of entry about permissions that members ask for.
const (
	kindPermissionRequested = "permission.requested"
	kindPermissionApproved  = "permission.approved"
	kindPermissionRefused   = "permission.refused"
	kindPermissionEnded     = "permission.ended"
)

// RequestStates lists the states of a request in the order in which people see them.
func RequestStates() []string {
	return []string{directory.RequestWaiting, directory.RequestApproved, directory.RequestRefused, directory.RequestEnded}
}

// mostRequests is how many requests of one member wait at the most, and approvalMost for how long one is approved.
const (
	mostRequests = 20
	approvalMost = 366 * 24 * time.Hour
)

func requestDocument(org directory.OrgNum, state string, id directory.ID) string {
	return ofOrganization("requests", org) + "/" + state + "/" + id.String()
}

// indexRequest notes under which state a request is found, and whose it is.
func (s *settlement) indexRequest(g *directory.Grant, was string) error {
	if was != g.State {
		if err := s.tx.DeleteDocument(requestDocument(s.org, was, g.ID)); err != nil {
			return err
		}
	}
	return s.tx.PutDocument(requestDocument(s.org, g.State, g.ID), g.Member[:])
}

// RequestPermission asks on behalf of a member for a permission that an admin may approve, an action such as agents.create.
// It is a Conflict where the member may do it anyway, or nobody can approve it. Who asks again has the request that waits.
func (e *Engine) RequestPermission(ctx context.Context, a Act, permission string) (*directory.Grant, error) {
	var request *directory.Grant
	err := e.update(ctx, a.Org, a.Cause, func(s *settlement) error {
		m, err := s.existing(a.Member)
		if err != nil {
			return err
		}
		grants, err := s.tx.Grants(s.org, []directory.ID{m.ID})
		if err != nil {
			return err
		}
		action := access.ActionOf(permission)
		waiting := 0
		for _, g := range grants[0] {
			if g.Kind != directory.GrantRequest || g.State != directory.RequestWaiting {
				continue
			}
			if waiting++; g.Request.Permission == action {
				request = g
				return nil
			}
		}
		policy, err := e.Access(s.tx, s.org)
		if err != nil {
			return err
		}
		switch answer := policy.Can(m, access.Question{Action: action}, s.now, grants[0]...); {
		case answer.Allowed:
			return directory.Errorf(directory.Conflict, "%s is allowed already: %s.", action, answer.Why)
		case !answer.Approval:
			return directory.Errorf(directory.Conflict, "%s is nothing that an admin can approve for this member: %s. Only what a permission set gives as admin_approval can be asked for.", action, answer.Why)
		case waiting >= mostRequests:
			return directory.Errorf(directory.TooMany, "%d requests of this member wait for an answer, which is the most there may be.", waiting)
		}
		request = &directory.Grant{
			ID: e.ids.New(s.now), Org: s.org, Member: m.ID, Kind: directory.GrantRequest, State: directory.RequestWaiting,
			Actor: s.cause.Actor, Reason: s.cause.Reason, Created: s.now,
			Request: &directory.Asked{Permission: action, Value: access.LevelOf(action)},
		}
		if err := s.putRequest(request, request.State); err != nil {
			return err
		}
		if err := s.askForPermission(m, request); err != nil {
			return err
		}
		return s.tellMember(m, kindPermissionRequested, action)
	})
	if err != nil {
		return nil, err
	}
	return request, nil
}

func (s *settlement) putRequest(g *directory.Grant, was string) error {
	if err := s.indexRequest(g, was); err != nil {
		return err
	}
	return s.tx.PutGrants([]*directory.Grant{g})
}

// askForPermission tells the active admins of a request.
func (s *settlement) askForPermission(m *directory.Member, g *directory.Grant) error {
	to, err := s.adminAddresses()
	if err != nil {
		return err
	}
	letter := mail.ApprovalNeeded{
		Email: oneLine(m.Decision.Email), Name: shortly(oneLine(m.Decision.Name)), Role: m.Decision.Role, Permission: g.Request.Permission, Why: g.Reason,
		Approve: "usher requests approve " + g.ID.String() + " --for 30d",
	}
	for _, address := range to {
		if err := s.letter(&directory.Mail{Kind: mail.KindApprovalNeeded, To: address, About: g.ID}, letter); err != nil {
			return err
		}
	}
	return nil
}

// ApproveRequest lets a member do what they asked for, for a time. It is a Conflict where the member could not ask for it now.
func (e *Engine) ApproveRequest(ctx context.Context, org directory.OrgNum, id directory.ID, length time.Duration, cause directory.Cause) (*directory.Grant, error) {
	return e.answerRequest(ctx, org, id, cause, func(s *settlement, m *directory.Member, g *directory.Grant) error {
		switch {
		case g.State != directory.RequestWaiting:
			return requestIs(g)
		case length <= 0 || length > approvalMost:
			return wrong("for", "A permission is approved for a time of up to a year, such as 30d.")
		case directory.FoldAddress(cause.Actor) == directory.FoldAddress(m.Decision.Email):
			return directory.Errorf(directory.Forbidden, "Nobody approves what they have asked for; another admin has to.")
		}
		if err := s.couldAsk(m, g.Request.Permission); err != nil {
			return err
		}
		given := &directory.Grant{
			Permission: &directory.Permission{Request: g.ID, Set: map[string]directory.Value{g.Request.Value: directory.LevelValue("true")}},
			Actor:      s.cause.Actor, Reason: s.cause.Reason, Ends: s.now.Add(length),
		}
		entry, err := s.permit(m, given, kindPermissionApproved, g.Request.Permission+" until "+clock(given.Ends))
		if err != nil {
			return err
		}
		g.Ends = given.Ends
		if err := s.decideRequest(g, directory.RequestApproved); err != nil {
			return err
		}
		return s.writeEntries([]*pending{entry}, []*directory.Member{m})
	})
}

// couldAsk refuses to approve what a member could not ask for now: the policy offers it no more, they may do it anyway, or
// they are no active member.
func (s *settlement) couldAsk(m *directory.Member, action string) error {
	policy, err := s.engine.Access(s.tx, s.org)
	if err != nil {
		return err
	}
	given, err := permissionGrants(s.tx, s.org, []*directory.Member{m})
	if err != nil {
		return err
	}
	switch answer := policy.Can(m, access.Question{Action: action}, s.now, given[0]...); {
	case answer.Allowed:
		return directory.Errorf(directory.Conflict, "%s is allowed without an approval by now: %s. Refuse it.", action, answer.Why)
	case !answer.Approval:
		return directory.Errorf(directory.Conflict, "%s is nothing that an admin can approve for this member any more: %s. Refuse it.", action, answer.Why)
	}
	return nil
}

// RefuseRequest declines what a member asked for.
func (e *Engine) RefuseRequest(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause) (*directory.Grant, error) {
	return e.answerRequest(ctx, org, id, cause, func(s *settlement, m *directory.Member, g *directory.Grant) error {
		if g.State != directory.RequestWaiting {
			return requestIs(g)
		}
		if err := s.decideRequest(g, directory.RequestRefused); err != nil {
			return err
		}
		return s.tellMember(m, kindPermissionRefused, g.Request.Permission)
	})
}

// EndRequest takes an approval back before its end.
func (e *Engine) EndRequest(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause) (*directory.Grant, error) {
	return e.answerRequest(ctx, org, id, cause, func(s *settlement, m *directory.Member, g *directory.Grant) error {
		if g.State != directory.RequestApproved || !g.Ends.After(s.now) {
			return requestIs(g)
		}
		g.Ends = s.now
		return s.closeRequest(m, g, "the approval was taken back")
	})
}

// answerRequest runs an admin's decision about a request.
func (e *Engine) answerRequest(
	ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause, decide func(*settlement, *directory.Member, *directory.Grant) error,
) (*directory.Grant, error) {
	var g *directory.Grant
	err := e.update(ctx, org, cause, func(s *settlement) (err error) {
		if g, err = requestOf(s.tx, s.org, id); err != nil {
			return err
		}
		m, err := s.existing(g.Member)
		if err != nil {
			return err
		}
		return decide(s, m, g)
	})
	return g, err
}

func (s *settlement) decideRequest(g *directory.Grant, state string) error {
	was := g.State
	g.State, g.Request.By, g.Request.Answer, g.Request.Decided = state, s.cause.Actor, s.cause.Reason, s.now
	return s.putRequest(g, was)
}

// closeRequest ends what was approved, and takes exactly that away.
func (s *settlement) closeRequest(m *directory.Member, g *directory.Grant, note string) error {
	grants, err := s.tx.Grants(s.org, []directory.ID{m.ID})
	if err != nil {
		return err
	}
	if _, err := s.unpermit(m, grants[0], func(p *directory.Permission) bool { return p.Request == g.ID }); err != nil {
		return err
	}
	was := g.State
	g.State = directory.RequestEnded
	if err := s.putRequest(g, was); err != nil {
		return err
	}
	return s.tellMember(m, kindPermissionEnded, g.Request.Permission+": "+note)
}

// requestIs refuses what cannot be done to a request any more, or not yet.
func requestIs(g *directory.Grant) error {
	switch g.State {
	case directory.RequestWaiting:
		return directory.Errorf(directory.Conflict, "This request waits for an answer; approve or refuse it.")
	case directory.RequestApproved:
		return directory.Errorf(directory.Conflict, "This request was approved by %s until %s.", g.Request.By, clock(g.Ends))
	case directory.RequestRefused:
		return directory.Errorf(directory.Conflict, "This request was refused by %s; the member can ask again.", g.Request.By)
	}
	return directory.Errorf(directory.Conflict, "What was approved has ended, at %s; the member can ask again.", clock(g.Ends))
}

package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// PermissionRequest is a permission that a member has asked for.
type PermissionRequest struct {
	ID         string     `json:"id"`
	State      string     `json:"state" enum:"waiting,approved,refused,ended"`
	Member     string     `json:"member"`
	Email      string     `json:"email"`
	Permission string     `json:"permission" doc:"The action, such as agents.create."`
	Reason     string     `json:"reason,omitempty" doc:"Why the member asks."`
	By         string     `json:"by" doc:"Who asked on the member's behalf."`
	At         time.Time  `json:"at"`
	Answer     string     `json:"answer,omitempty" doc:"What the admin wrote."`
	DecidedBy  string     `json:"decided_by,omitempty"`
	Decided    *time.Time `json:"decided,omitempty"`
	Until      *time.Time `json:"until,omitempty" doc:"When what was approved ends, or has ended."`
}

// AskBody is what a member asks for.
type AskBody struct {
	Permission string `json:"permission" minLength:"1" maxLength:"200" doc:"The action, such as agents.create, or the name of the value, such as agent_creation."`
	Reason     string `json:"reason,omitempty" doc:"Why, in the member's words. One line, of at most 500 characters."`
}

// ApproveRequestBody says for how long.
type ApproveRequestBody struct {
	WhyBody
	For string `json:"for" minLength:"1" maxLength:"20" doc:"How long it is allowed, such as 30d; a year at the most."`
}

type askIn struct {
	OneMember
	Body AskBody
}

type requestFilter struct {
	InOrganization
	Paging
	State string `query:"state" enum:"waiting,approved,refused,ended" doc:"Only those in this state."`
}

// OneRequest is the path of one request.
type OneRequest struct {
	InOrganization
	Request string `path:"request" maxLength:"64" doc:"The request's id."`
}

type requestAct[B any] struct {
	OneRequest
	Body B
}

func (s *Server) requests(api huma.API) {
	const path = "/organizations/{organization}/requests"
	handle(s, api, post("/organizations/{organization}/members/{member}/requests", "request-permission", ScopeMembersWrite, "Ask for a permission",
		"Asks on behalf of a member for something that an admin may approve, as a permission set with admin_approval says. Who asks again has the request that waits."),
		func(ctx context.Context, in *askIn) (*answer[PermissionRequest], error) {
			t, err := s.target(ctx, in.OneMember)
			if err != nil {
				return nil, err
			}
			act := provision.Act{Org: t.org, Member: t.member.ID, Cause: cause(ctx)}
			if act.Cause.Reason, err = reasonOf(in.Body.Reason); err != nil {
				return nil, err
			}
			g, err := s.Engine.RequestPermission(ctx, act, in.Body.Permission)
			if err != nil {
				return nil, err
			}
			return found(requestView(provision.PermissionRequest{Grant: g, Of: t.member}), nil)
		})
	handle(s, api, get(path, "list-requests", ScopeMembersRead, "List what members ask for", "The newest first."),
		func(ctx context.Context, in *requestFilter) (*answer[Page[PermissionRequest]], error) {
			return found(s.listRequests(ctx, in))
		})
	handle(s, api, get(path+"/{request}", "get-request", ScopeMembersRead, "Get a request", ""),
		func(ctx context.Context, in *OneRequest) (*answer[PermissionRequest], error) {
			org, id, err := s.requestID(ctx, in)
			if err != nil {
				return nil, err
			}
			r, err := s.Engine.OneRequest(ctx, org, id)
			if err != nil {
				return nil, err
			}
			return found(requestView(r), nil)
		})
	requestVerb(s, api, "approve", "Approve a request", "Lets the member do what they asked for, for a time.",
		func(ctx context.Context, org directory.OrgNum, id directory.ID, why directory.Cause, b *ApproveRequestBody) error {
			length, err := config.ParseDuration(b.For)
			if err != nil {
				return invalid("for", "%v", err)
			}
			_, err = s.Engine.ApproveRequest(ctx, org, id, length, why)
			return err
		})
	requestVerb(s, api, "refuse", "Refuse a request", "The member can ask again.",
		func(ctx context.Context, org directory.OrgNum, id directory.ID, why directory.Cause, _ *ReasonBody) error {
			_, err := s.Engine.RefuseRequest(ctx, org, id, why)
			return err
		})
	requestVerb(s, api, "end", "End what was approved", "Takes back what was approved before its end.",
		func(ctx context.Context, org directory.OrgNum, id directory.ID, why directory.Cause, _ *WhyBody) error {
			_, err := s.Engine.EndRequest(ctx, org, id, why)
			return err
		})
}

// requestVerb registers one act of an administrator on a request. All of them answer with the request as it is then.
func requestVerb[B any, P interface {
	*B
	given() (string, error)
}](s *Server, api huma.API, name, summary, detail string, do func(context.Context, directory.OrgNum, directory.ID, directory.Cause, P) error,
) {
	handle(s, api, post("/organizations/{organization}/requests/{request}/"+name, name+"-request", ScopeMembersWrite, summary, detail),
		func(ctx context.Context, in *requestAct[B]) (*answer[PermissionRequest], error) {
			why := cause(ctx)
			var err error
			if why.Reason, err = P(&in.Body).given(); err != nil {
				return nil, err
			}
			org, id, err := s.requestID(ctx, &in.OneRequest)
			if err != nil {
				return nil, err
			}
			if err := do(ctx, org, id, why, &in.Body); err != nil {
				return nil, err
			}
			r, err := s.Engine.OneRequest(ctx, org, id)
			if err != nil {
				return nil, err
			}
			return found(requestView(r), nil)
		})
}

func (s *Server) requestID(ctx context.Context, in *OneRequest) (directory.OrgNum, directory.ID, error) {
	return s.numbered(ctx, in.Organization, in.Request, "%q is no id of a request; `usher requests list` shows those there are.")
}

func (s *Server) listRequests(ctx context.Context, in *requestFilter) (Page[PermissionRequest], error) {
	page := Page[PermissionRequest]{Items: []PermissionRequest{}}
	after, err := in.after()
	if err != nil {
		return page, err
	}
	org, err := s.num(ctx, in.Organization)
	if err != nil {
		return page, err
	}
	rows, err := s.Engine.PermissionRequests(ctx, org, in.State, after, in.Limit+1)
	if len(rows) > in.Limit {
		rows = rows[:in.Limit]
		last := rows[in.Limit-1].ID
		page.Next = cursor(last[:])
	}
	for _, r := range rows {
		page.Items = append(page.Items, requestView(r))
	}
	return page, err
}

func requestView(r provision.PermissionRequest) PermissionRequest {
	view := PermissionRequest{
		ID: r.ID.String(), State: r.State, Member: r.Member.String(), Permission: r.Request.Permission, Reason: r.Reason, By: r.Actor, At: r.Created,
		Answer: r.Request.Answer, DecidedBy: r.Request.By, Decided: instant(r.Request.Decided), Until: instant(r.Ends),
	}
	if r.Of != nil {
		view.Email = r.Of.Decision.Email
	}
	return view
}

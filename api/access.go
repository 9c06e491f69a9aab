package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// MemberAccess is everything that a member may do, with its sources.
type MemberAccess struct {
	ID     string    `json:"id"`
	Email  string    `json:"email"`
	Status string    `json:"status" doc:"Only who is active may do anything."`
	At     time.Time `json:"at" doc:"The instant for which it holds."`

	Permissions []access.Permission `json:"permissions" nullable:"false" doc:"What the role permits, and on what: own, public, shared or all."`
	Values      []MergedValue       `json:"values" nullable:"false" doc:"The values of the permission sets, merged by the most permissive."`
	Things      []access.Holding    `json:"things" nullable:"false" doc:"What each source gives of each thing."`
	Withheld    []access.Withheld   `json:"withheld" nullable:"false" doc:"What is denied, whoever gives it."`
}

// MergedValue is one merged value of a member's permission sets, and which of them give it.
type MergedValue struct {
	Name  string          `json:"name"`
	Value any             `json:"value" doc:"A list, a size such as 100MB, true, false, or a word between them."`
	From  []access.Source `json:"from" nullable:"false"`
	Items []access.Item   `json:"items,omitempty" nullable:"false" doc:"Of a list, which sets give each item."`
}

func memberAccessView(p *access.Policy, m *directory.Member, given []*directory.Grant, now time.Time) MemberAccess {
	a := p.Of(m, now, given...)
	view := MemberAccess{
		ID: m.ID.String(), Email: m.Decision.Email, Status: string(m.Status), At: now,
		Permissions: a.Permissions, Values: []MergedValue{}, Things: a.Things, Withheld: a.Withheld,
	}
	for _, v := range a.Values {
		view.Values = append(view.Values, MergedValue{Name: v.Name, Value: v.Value, From: v.From, Items: v.Items})
	}
	return view
}

// CanRequest asks whether a member may do something.
type CanRequest struct {
	Action   string       `json:"action" minLength:"1" maxLength:"200" doc:"What, such as agents.run; or run alone, where the resource says of what."`
	Resource *CanResource `json:"resource,omitempty" doc:"On what; absent for an action on nothing in particular."`
}

// CanResource is what something is to be done on.
type CanResource struct {
	Type       string         `json:"type" minLength:"1" maxLength:"200"`
	ID         string         `json:"id" maxLength:"1000"`
	Properties map[string]any `json:"properties,omitempty" doc:"What the application knows of it: owner, shared, public, space, project, data, size."`
}

// CanAnswer says whether a member may do something, and why.
type CanAnswer struct {
	access.Answer
	Unknown string `json:"unknown,omitempty" doc:"Nothing in the organization's file speaks of the action, so that the answer is no for everybody: which action may be meant."`
}

type canMember struct {
	OneMember
	Body CanRequest
}

func (s *Server) memberAccess(api huma.API) {
	handle(s, api, get("/organizations/{organization}/members/{member}/access", "get-member-access", ScopeMembersRead, "What a member may do",
		"Lists everything that a member may do now: permissions of the role, merged values of the permission sets, and things with how much of each, all with the line of the file that gives it, and what is withheld."),
		func(ctx context.Context, in *OneMember) (*answer[MemberAccess], error) {
			var view MemberAccess
			err := s.withAccess(ctx, in, func(p *access.Policy, m *directory.Member, given []*directory.Grant, now time.Time) {
				view = memberAccessView(p, m, given, now)
			})
			return found(view, err)
		})
	handle(s, api, post("/organizations/{organization}/members/{member}/can", "can-member", ScopeMembersRead, "Whether a member may do something",
		"Says yes or no, and why. Nothing changes. Applications ask the same by AuthZEN at /access/v1/evaluation."),
		func(ctx context.Context, in *canMember) (*answer[CanAnswer], error) {
			q := access.Question{Action: in.Body.Action}
			if r := in.Body.Resource; r != nil {
				var err error
				if q.Resource, err = access.ResourceOf(r.Type, r.ID, r.Properties); err != nil {
					return nil, err
				}
			}
			var view CanAnswer
			err := s.withAccess(ctx, &in.OneMember, func(p *access.Policy, m *directory.Member, given []*directory.Grant, now time.Time) {
				if view.Answer = p.Can(m, q, now, given...); !view.Allowed {
					view.Unknown = p.Unknown(q, given...)
				}
			})
			return found(view, err)
		})
}

// withAccess runs fn for one member, with what the active policy says about access, and what was given to the member by hand.
func (s *Server) withAccess(ctx context.Context, in *OneMember, fn func(*access.Policy, *directory.Member, []*directory.Grant, time.Time)) error {
	return s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		p, err := s.Engine.Access(tx, org)
		if err != nil {
			return err
		}
		m, err := findMember(tx, n, org, in.Member)
		if err != nil {
			return err
		}
		given, err := s.Engine.Permissions(tx, org, m)
		if err == nil {
			fn(p, m, given[0], s.Now())
		}
		return err
	})
}

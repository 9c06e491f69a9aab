package api

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// ReasonBody is what every act of an administrator says.
type ReasonBody struct {
	Reason string `json:"reason" doc:"Why; it is kept in the journal. One line, of at most 500 characters."`
}

// given returns the reason, which spaces alone are not.
func (b *ReasonBody) given() (string, error) {
	reason, err := reasonOf(b.Reason)
	if err == nil && reason == "" {
		err = sayWhy()
	}
	return reason, err
}

func sayWhy() error { return invalid("reason", "Say why: the reason is kept in the journal.") }

// maxReason is how long a reason may be, in characters.
const maxReason = 500

// reasonOf returns a reason as it is kept: without space around it, one line that shows as it was written.
func reasonOf(text string) (string, error) {
	reason := strings.TrimSpace(text)
	if n := utf8.RuneCountInString(reason); n > maxReason {
		return "", invalid("reason", "The reason has %d characters; at most %d are kept. Say it in fewer.", n, maxReason)
	}
	if strings.ContainsFunc(reason, unprintable) {
		return "", invalid("reason", "The reason has a line break or another control character in it; write it in one line, without them.")
	}
	return reason, nil
}

// unprintable reports characters that break a line, steer a terminal, or reverse what is read.
func unprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// PinBody says which role to pin.
type PinBody struct {
	ReasonBody
	Role  string    `json:"role,omitempty" maxLength:"200" doc:"The role, over every rule; none lifts the pin."`
	Until time.Time `json:"until,omitzero" doc:"When the pin ends; without it, never."`
}

// UnlinkBody says which directory record to take away.
type UnlinkBody struct {
	ReasonBody
	Connection string `json:"connection" minLength:"1" maxLength:"200" doc:"The connection whose record is not this person."`
}

// MergeBody says who else this person is.
type MergeBody struct {
	ReasonBody
	Other string `json:"other" minLength:"1" maxLength:"320" doc:"The id or address of the member whose directory records become this member's."`
}

// act is a request of one of the verbs.
type act[B any] struct {
	OneMember
	Body B
}

func (s *Server) verbs(api huma.API) {
	verb(s, api, "suspend", "Suspend a member", "The suspension stays, whatever directories say, until the member is reactivated.",
		func(ctx context.Context, a provision.Act, _ *target, _ *ReasonBody) (*directory.Member, error) {
			return s.Engine.Suspend(ctx, a)
		})
	verb(s, api, "reactivate", "Reactivate a member", "Lifts a suspension or removal by an administrator; the policy decides again.",
		func(ctx context.Context, a provision.Act, _ *target, _ *ReasonBody) (*directory.Member, error) {
			return s.Engine.Reactivate(ctx, a)
		})
	verb(s, api, "remove", "Remove a member", "The removal outlives every push until the member is reactivated.",
		func(ctx context.Context, a provision.Act, _ *target, _ *ReasonBody) (*directory.Member, error) {
			return s.Engine.Remove(ctx, a)
		})
	verb(s, api, "approve", "Approve a member who asked to join", "Lets somebody in who signed in for the first time where the domain requires an administrator's approval.",
		func(ctx context.Context, a provision.Act, _ *target, _ *ReasonBody) (*directory.Member, error) {
			return s.Engine.Approve(ctx, a)
		})
	verb(s, api, "pin", "Pin a member's role", "Fixes the role over every rule, for a time or for good; without a role it lifts the pin.",
		func(ctx context.Context, a provision.Act, _ *target, b *PinBody) (*directory.Member, error) {
			if !b.Until.IsZero() && !b.Until.After(s.Now()) {
				return nil, invalid("until", "The pin would end at %s, which is past.", b.Until.Format(time.RFC3339))
			}
			return s.Engine.Pin(ctx, a, b.Role, b.Until)
		})
	verb(s, api, "unlink", "Take a directory record away from a member", "The record's person becomes one of their own, and is never linked to this member again by address.",
		func(ctx context.Context, a provision.Act, t *target, b *UnlinkBody) (*directory.Member, error) {
			conn, err := t.names.connection(a.Org, b.Connection)
			if err != nil {
				return nil, err
			}
			return s.Engine.Unlink(ctx, a, conn)
		})
	verb(s, api, "merge", "Merge another member into this one", "The other's directory records become this member's; the other stays as a removed member that points here.",
		func(ctx context.Context, a provision.Act, t *target, b *MergeBody) (*directory.Member, error) {
			other, err := s.target(ctx, OneMember{t.at, b.Other})
			if err != nil {
				return nil, err
			}
			return s.Engine.Merge(ctx, a, other.member.ID)
		})
}

// target is the member whom a verb is about.
type target struct {
	at     InOrganization
	names  *names
	org    directory.OrgNum
	member *directory.Member
}

// target finds the member whom a request is about.
func (s *Server) target(ctx context.Context, at OneMember) (*target, error) {
	t := &target{at: at.InOrganization}
	err := s.view(ctx, at.Organization, func(tx store.Tx, n *names, org directory.OrgNum) (err error) {
		t.names, t.org = n, org
		t.member, err = findMember(tx, n, org, at.Member)
		return err
	})
	return t, err
}

// verb registers one act of an administrator. All of them answer with the member as it is then.
func verb[B any, P interface {
	*B
	given() (string, error)
}](s *Server, api huma.API, name, summary, detail string, do func(context.Context, provision.Act, *target, P) (*directory.Member, error),
) {
	handle(s, api, post("/organizations/{organization}/members/{member}/"+name, name+"-member", ScopeMembersWrite, summary, detail),
		func(ctx context.Context, in *act[B]) (*answer[Member], error) {
			act := provision.Act{Cause: cause(ctx)}
			var err error
			if act.Cause.Reason, err = P(&in.Body).given(); err != nil {
				return nil, err
			}
			t, err := s.target(ctx, in.OneMember)
			if err != nil {
				return nil, err
			}
			act.Org, act.Member = t.org, t.member.ID
			m, err := do(ctx, act, t, &in.Body)
			if err != nil {
				return nil, err
			}
			var view Member
			err = s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
				views, err := memberViews(tx, n, org, []*directory.Member{m})
				if err == nil {
					view = views[0]
				}
				return err
			})
			return found(view, err)
		})
}

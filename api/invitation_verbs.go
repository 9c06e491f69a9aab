package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// WhyBody may say why.
type WhyBody struct {
	Reason string `json:"reason,omitempty" doc:"Why; it is kept in the journal. One line, of at most 500 characters."`
}

func (b *WhyBody) given() (string, error) { return reasonOf(b.Reason) }

// ExtendBody says until when an invitation lasts.
type ExtendBody struct {
	WhyBody
	Until time.Time `json:"until" doc:"When the invitation ends."`
}

// EditBody says what of an invitation becomes different; what is left out stays.
type EditBody struct {
	WhyBody
	Role           *string   `json:"role,omitempty" maxLength:"200"`
	Department     *string   `json:"department,omitempty" maxLength:"200" doc:"Empty for none."`
	Access         *string   `json:"access,omitempty" enum:"full,limited,custom"`
	PermissionSets *[]string `json:"permission_sets,omitempty"`
}

// ApproveInvitationBody approves what an invitation gives.
type ApproveInvitationBody struct {
	WhyBody
	Version string `json:"version" minLength:"1" maxLength:"64" doc:"The version, as the invitation showed it. When it gives something else by now, it is not approved."`
}

type invitationAct[B any] struct {
	OneInvitation
	Body B
}

// invitationVerb registers one act of an administrator on an invitation. All of them answer with the invitation as it is then.
func invitationVerb[B any, P interface {
	*B
	given() (string, error)
}](s *Server, api huma.API, name, summary, detail string, do func(context.Context, provision.InvitationAct, P) (*directory.Grant, error),
) {
	handle(s, api, post("/organizations/{organization}/invitations/{invitation}/"+name, name+"-invitation", ScopeMembersWrite, summary, detail),
		func(ctx context.Context, in *invitationAct[B]) (*answer[Invitation], error) {
			act := provision.InvitationAct{Cause: cause(ctx)}
			var err error
			if act.Cause.Reason, err = P(&in.Body).given(); err != nil {
				return nil, err
			}
			org, g, err := s.oneInvitation(ctx, &in.OneInvitation)
			if err != nil {
				return nil, err
			}
			act.Org, act.ID = org, g.ID
			if g, err = do(ctx, act, &in.Body); err != nil {
				return nil, err
			}
			return found(s.invitationNow(ctx, in.Organization, g))
		})
}

func (s *Server) invitationVerbs(api huma.API) {
	plain := func(name, summary, detail string, do func(context.Context, provision.InvitationAct) (*directory.Grant, error)) {
		invitationVerb(s, api, name, summary, detail, func(ctx context.Context, a provision.InvitationAct, _ *WhyBody) (*directory.Grant, error) {
			return do(ctx, a)
		})
	}
	plain("resend", "Send an invitation again", "Mails a new link, after which those of before work no more. An invitation that has expired is open again; where the organization wants an approval and nobody has given one, it waits for that.",
		func(ctx context.Context, a provision.InvitationAct) (*directory.Grant, error) {
			return s.Engine.ResendInvitation(ctx, a)
		})
	plain("remind", "Remind somebody of an invitation", "Mails the person again. The links of before go on working.",
		func(ctx context.Context, a provision.InvitationAct) (*directory.Grant, error) {
			return s.Engine.RemindInvitation(ctx, a)
		})
	plain("cancel", "Cancel an invitation", "Takes it back: its links lead nowhere any more.",
		func(ctx context.Context, a provision.InvitationAct) (*directory.Grant, error) {
			return s.Engine.CancelInvitation(ctx, a)
		})
	invitationVerb(s, api, "approve", "Approve an invitation", "Sends an invitation that waits for an approval. Nobody approves what they have asked for, or changed, themselves.",
		func(ctx context.Context, a provision.InvitationAct, b *ApproveInvitationBody) (*directory.Grant, error) {
			return s.Engine.ApproveInvitation(ctx, a, b.Version)
		})
	invitationVerb(s, api, "reject", "Reject an invitation", "Declines to send an invitation that waits for an approval.",
		func(ctx context.Context, a provision.InvitationAct, _ *ReasonBody) (*directory.Grant, error) {
			return s.Engine.RejectInvitation(ctx, a)
		})
	invitationVerb(s, api, "extend", "Extend an invitation", "Makes it end at another instant; its links go on working until then.",
		func(ctx context.Context, a provision.InvitationAct, b *ExtendBody) (*directory.Grant, error) {
			return s.Engine.ExtendInvitation(ctx, a, b.Until)
		})
	invitationVerb(s, api, "edit", "Edit an invitation", "Changes what an open invitation gives. Its links go on working, unless an approval is needed: then it waits for one again.",
		func(ctx context.Context, a provision.InvitationAct, b *EditBody) (*directory.Grant, error) {
			return s.Engine.EditInvitation(ctx, a, provision.InvitationEdit{
				Role: b.Role, Department: b.Department, Access: (*directory.Access)(b.Access), Sets: b.PermissionSets,
			})
		})
}

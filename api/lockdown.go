package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Lockdown is an organization's answer to an incident: everybody is signed out, and nobody new joins by signing in.
type Lockdown struct {
	On     bool       `json:"on"`
	Since  *time.Time `json:"since,omitempty" doc:"Since when it is on; absent while it is off."`
	Actor  string     `json:"actor,omitempty" doc:"Who switched it last; absent where nobody ever has."`
	Reason string     `json:"reason,omitempty" doc:"Why, as its actor said."`
}

// LockedDown is a lockdown that has just begun.
type LockedDown struct {
	Lockdown
	Revoked
}

func (s *Server) lockdown(api huma.API) {
	const path = "/organizations/{organization}/lockdown"
	handle(s, api, get(path, "get-lockdown", ScopeSessionsRead, "See whether an organization is locked down", ""),
		func(ctx context.Context, in *InOrganization) (*answer[Lockdown], error) {
			var view Lockdown
			err := s.view(ctx, in.Organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
				l, err := tx.Lockdown(org)
				view = lockdownView(l)
				return err
			})
			return found(view, err)
		})
	handle(s, api, post(path, "begin-lockdown", ScopeSessionsWrite, "Lock an organization down",
		"Ends every session at once. While it is on, members sign in anew, and nobody joins by signing in. SCIM goes on."),
		func(ctx context.Context, in *reasonIn) (*answer[LockedDown], error) { return found(s.lock(ctx, in)) })
	handle(s, api, route{
		method: http.MethodPost, path: path + "/end", id: "end-lockdown", scope: ScopeSessionsWrite, summary: "End a lockdown",
		detail: "People of owned domains join by signing in again. Sessions that it ended stay ended.",
	}, func(ctx context.Context, in *reasonIn) (*answer[Lockdown], error) {
		org, why, err := s.acting(ctx, in.Organization, &in.Body)
		if err != nil {
			return nil, err
		}
		l, err := s.Engine.Lockdown(ctx, org, false, why)
		return found(lockdownView(l), err)
	})
}

func (s *Server) lock(ctx context.Context, in *reasonIn) (LockedDown, error) {
	org, why, err := s.acting(ctx, in.Organization, &in.Body)
	if err != nil {
		return LockedDown{}, err
	}
	var l *directory.Lockdown
	n, err := s.endAll(ctx, org, func() (err error) {
		l, err = s.Engine.Lockdown(ctx, org, true, why)
		return err
	})
	return LockedDown{Lockdown: lockdownView(l), Revoked: n}, err
}

func lockdownView(l *directory.Lockdown) Lockdown {
	if l == nil {
		return Lockdown{}
	}
	return Lockdown{On: l.On(), Since: instant(l.Since), Actor: l.Cause.Actor, Reason: l.Cause.Reason}
}

package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// PermissionUpdate is a mass update of permissions, as it was applied.
type PermissionUpdate struct {
	ID      string     `json:"id"`
	State   string     `json:"state" enum:"in_force,ended,undone"`
	By      string     `json:"by"`
	Reason  string     `json:"reason,omitempty"`
	At      time.Time  `json:"at"`
	Until   *time.Time `json:"until,omitempty" doc:"When what it gives ends; absent for good."`
	People  int        `json:"people" doc:"Whom its filter meant."`
	Plan    string     `json:"plan" doc:"The id of the plan that was applied."`
	Undone  *time.Time `json:"undone,omitempty" doc:"When what it gave was taken back."`
	UndoBy  string     `json:"undone_by,omitempty"`
	Text    string     `json:"text,omitempty" doc:"The file, where one update is asked for."`
	Changes []string   `json:"changes" nullable:"false" doc:"What it changes, in words."`
}

// PermissionApplied is what planning or applying a mass update came to.
type PermissionApplied struct {
	Plan   *provision.PermissionPlan `json:"plan"`
	Update *PermissionUpdate         `json:"update,omitempty" doc:"Absent where it was only planned."`
}

type permissionUpdateIn struct {
	InOrganization
	Plan    bool      `query:"plan" doc:"Say what it would change, and change nothing."`
	Expect  string    `query:"expect_plan" maxLength:"64" doc:"The id of a plan: the update is refused where it would do anything else."`
	Until   time.Time `query:"until" doc:"When what it gives ends by itself."`
	Reason  string    `query:"reason" doc:"Why; it is kept in the journal. Needed unless it is only planned. One line, of at most 500 characters."`
	Name    string    `query:"name" maxLength:"1024" doc:"The file's name, as messages show it."`
	RawBody []byte    `contentType:"application/json"`
}

// OnePermissionUpdate is the path of one mass update.
type OnePermissionUpdate struct {
	InOrganization
	Update string `path:"update" maxLength:"64" doc:"The update's id."`
}

type undoPermissions struct {
	OnePermissionUpdate
	Reason string `query:"reason" doc:"Why; it is kept in the journal. One line, of at most 500 characters."`
}

func (s *Server) permissions(api huma.API) {
	const path = "/organizations/{organization}/permissions/updates"
	update := post(path, "update-permissions", ScopeMembersWrite, "Change the permissions of many",
		"Applies a mass update, whose file is the body: everybody whom its filter means now is given what it changes, until it ends or is undone. With plan=true it says who gains and loses what, and changes nothing.")
	update.rawBody = true
	handle(s, api, update, func(ctx context.Context, in *permissionUpdateIn) (*answer[PermissionApplied], error) {
		return found(s.updatePermissions(ctx, in))
	})
	handle(s, api, get(path, "list-permission-updates", ScopeMembersRead, "List mass updates of permissions", "The newest first."),
		func(ctx context.Context, in *InOrganization) (*answer[Page[PermissionUpdate]], error) {
			page := Page[PermissionUpdate]{Items: []PermissionUpdate{}}
			org, err := s.num(ctx, in.Organization)
			if err != nil {
				return nil, err
			}
			rows, err := s.Engine.PermissionUpdates(ctx, org)
			for _, u := range rows {
				view := s.permissionUpdateView(u)
				view.Text = ""
				page.Items = append(page.Items, view)
			}
			return found(page, err)
		})
	handle(s, api, get(path+"/{update}", "get-permission-update", ScopeMembersRead, "Get a mass update of permissions", ""),
		func(ctx context.Context, in *OnePermissionUpdate) (*answer[PermissionUpdate], error) {
			org, id, err := s.updateID(ctx, in)
			if err != nil {
				return nil, err
			}
			u, err := s.Engine.OneUpdate(ctx, org, id)
			if err != nil {
				return nil, err
			}
			return found(s.permissionUpdateView(u), nil)
		})
	undo := route{
		method: "DELETE", path: path + "/{update}", id: "undo-permission-update", scope: ScopeMembersWrite, status: 200,
		summary: "Undo a mass update of permissions", detail: "Takes back exactly what it gave. People who have changed since keep the rest.",
	}
	handle(s, api, undo, func(ctx context.Context, in *undoPermissions) (*answer[PermissionUpdate], error) {
		org, id, err := s.updateID(ctx, &in.OnePermissionUpdate)
		if err != nil {
			return nil, err
		}
		why, given := cause(ctx), ReasonBody{Reason: in.Reason}
		if why.Reason, err = given.given(); err != nil {
			return nil, err
		}
		u, err := s.Engine.UndoPermissions(ctx, org, id, why)
		if err != nil {
			return nil, err
		}
		return found(s.permissionUpdateView(u), nil)
	})
}

// num returns the number of an organization that the caller may know of.
func (s *Server) num(ctx context.Context, organization string) (num directory.OrgNum, err error) {
	err = s.view(ctx, organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	return num, err
}

func (s *Server) updateID(ctx context.Context, in *OnePermissionUpdate) (directory.OrgNum, directory.ID, error) {
	return s.numbered(ctx, in.Organization, in.Update, "%q is no id of a mass update; `usher permissions list` shows those there are.")
}

// numbered reads the organization and the id of a path; unknown says of a text that it is none.
func (s *Server) numbered(ctx context.Context, organization, text, unknown string) (directory.OrgNum, directory.ID, error) {
	org, err := s.num(ctx, organization)
	if err != nil {
		return 0, directory.NoID, err
	}
	id, ok := directory.ParseID(text)
	if !ok {
		err = directory.Errorf(directory.NotFound, unknown, text)
	}
	return org, id, err
}

func (s *Server) updatePermissions(ctx context.Context, in *permissionUpdateIn) (PermissionApplied, error) {
	var done PermissionApplied
	org, err := s.num(ctx, in.Organization)
	if err != nil {
		return done, err
	}
	name := in.Name
	if name == "" {
		name = "the update"
	}
	read, problems := config.ParseUpdate(name, in.RawBody)
	if directory.Failed(problems) {
		return done, ofProblems(problems)
	}
	u := &provision.PermissionUpdate{Org: org, Text: in.RawBody, Read: read, Until: in.Until, Cause: cause(ctx)}
	if u.Cause.Reason, err = reasonOf(in.Reason); err != nil {
		return done, err
	}
	if in.Plan {
		done.Plan, err = s.Engine.PlanPermissions(ctx, u)
		return done, err
	}
	if u.Cause.Reason == "" {
		return done, sayWhy()
	}
	row, plan, err := s.Engine.ApplyPermissions(ctx, u, in.Expect)
	if err != nil {
		return done, err
	}
	view := s.permissionUpdateView(row)
	done.Plan, done.Update = plan, &view
	return done, nil
}

// ofProblems is the answer to a file with something wrong in it.
func ofProblems(problems []directory.Problem) *Problem {
	p := &Problem{Title: "Unprocessable Entity", Status: status(directory.Invalid), Kind: directory.Invalid.String()}
	for _, one := range problems {
		if one.Severity != directory.SeverityError {
			continue
		}
		text := one.Position.String() + ": " + one.Message
		if one.Fix != "" {
			text += "; " + one.Fix
		}
		p.Errors = append(p.Errors, text)
	}
	p.Detail = p.Errors[0]
	return p
}

func (s *Server) permissionUpdateView(u *directory.Update) PermissionUpdate {
	view := PermissionUpdate{
		ID: u.ID.String(), State: "in_force", By: u.Cause.Actor, Reason: u.Cause.Reason, At: u.Created, Until: instant(u.Until), People: u.Count,
		Plan: u.Plan, Undone: instant(u.Undone), Text: u.Text, Changes: provision.ChangesInWords(&u.Permission),
	}
	if u.Undo != nil {
		view.UndoBy = u.Undo.Actor
	}
	ended := !u.Until.IsZero() && !u.Until.After(s.Now())
	switch {
	case !u.Undone.IsZero() && u.Undo != nil && u.Undo.Kind != directory.CauseTime:
		view.State = "undone"
	case ended:
		view.State = "ended"
	}
	return view
}

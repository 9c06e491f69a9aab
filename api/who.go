package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Holder is an active member who has what was asked for, and why.
type Holder struct {
	ID      string   `json:"id"`
	Email   string   `json:"email"`
	Name    string   `json:"name"`
	Has     []string `json:"has" nullable:"false" doc:"Through what: a role, a permission set, what an admin gave by hand, or what the rule gives."`
	Reasons []Reason `json:"reasons" nullable:"false" doc:"Why, as stored when it was decided or given; for a rule, what it matched by comes first."`
}

// whoFilter says what to ask for: exactly one of these.
type whoFilter struct {
	InOrganization
	Paging
	Role          string `query:"role" maxLength:"200" doc:"Who has this role."`
	Permission    string `query:"permission" maxLength:"200" doc:"Whom a role, a permission set, a mass update or an approval gives this permission."`
	Rule          string `query:"rule" maxLength:"200" doc:"Whom this rule matches."`
	Team          string `query:"team" maxLength:"200" doc:"Who is in this team."`
	PermissionSet string `query:"permission_set" maxLength:"200" doc:"Who has this permission set."`
	Department    string `query:"department" maxLength:"200" doc:"Who is in this department."`
}

func (s *Server) who(api huma.API) {
	handle(s, api, get("/organizations/{organization}/who", "who", ScopeMembersRead, "Who has something, and why",
		"The other way round from explaining a member: lists the active members who have a role, permission, team, permission set or department, or whom a rule matches, "+
			"each with the reasons. A page may hold fewer than limit while there is a next one."),
		func(ctx context.Context, in *whoFilter) (*answer[Page[Holder]], error) {
			return found(s.listHolders(ctx, in))
		})
}

// asked returns the one thing that is asked for.
func (in *whoFilter) asked() (kind, value string, err error) {
	for _, q := range [][2]string{
		{provision.WhoRole, in.Role},
		{provision.WhoPermission, in.Permission},
		{provision.WhoRule, in.Rule},
		{provision.WhoTeam, in.Team},
		{provision.WhoPermissionSet, in.PermissionSet},
		{provision.WhoDepartment, in.Department},
	} {
		if q[1] == "" {
			continue
		}
		if value != "" {
			return "", "", invalid(q[0], "Ask for one thing at a time: %s or %s.", kind, q[0])
		}
		kind, value = q[0], q[1]
	}
	if value == "" {
		return "", "", invalid(provision.WhoRole, "Say what to look for: role, permission, rule, team, permission_set or department.")
	}
	return kind, value, nil
}

func (s *Server) listHolders(ctx context.Context, in *whoFilter) (Page[Holder], error) {
	page := Page[Holder]{Items: []Holder{}}
	kind, value, err := in.asked()
	if err != nil {
		return page, err
	}
	after, err := in.raw()
	if err != nil {
		return page, err
	}
	var num directory.OrgNum
	err = s.view(ctx, in.Organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	if err != nil {
		return page, err
	}
	found, err := s.Engine.Who(ctx, num, kind, value, after, in.Limit)
	if err != nil {
		return page, err
	}
	for _, h := range found.Holders {
		page.Items = append(page.Items, Holder{
			ID: h.Member.ID.String(), Email: h.Member.Decision.Email, Name: h.Member.Decision.Name, Has: list(h.Has), Reasons: list(h.Reasons),
		})
	}
	if found.Next != nil {
		page.Next = cursor(found.Next)
	}
	return page, nil
}

package api

import (
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Connection is one identity provider's line into an organization.
type Connection struct {
	ID           string     `json:"id"`
	Organization string     `json:"organization"`
	Label        string     `json:"label,omitempty"`
	Provider     string     `json:"provider,omitempty"`
	State        string     `json:"state" enum:"active,observe,paused,unconfigured,retired" doc:"\"unconfigured\" means that the policy in force does not have it, \"retired\" that it takes nothing any more."`
	Retired      *time.Time `json:"retired,omitempty" doc:"When it was retired; absent for one that is not."`
	Provisioning string     `json:"provisioning,omitempty"`
	Users        int        `json:"users"`
	Groups       int        `json:"groups"`
	Tokens       []Token    `json:"tokens" nullable:"false" doc:"Its SCIM tokens, never their secrets."`
}

// Retirement is what retiring a connection takes away.
type Retirement struct {
	Connection
	Alone int `json:"alone" doc:"How many people who are active or invited no other connection has: their access ends, unless somebody keeps it by hand."`
}

type retireIn struct {
	OneConnection
	Body ReasonBody
}

// OneConnection is the path of one connection.
type OneConnection struct {
	InOrganization
	Connection string `path:"connection" maxLength:"200" doc:"The connection's id in the organization's file."`
}

func (s *Server) connections(api huma.API) {
	handle(s, api, get("/organizations/{organization}/connections", "list-connections", ScopeConnectionsRead, "List connections", ""),
		func(ctx context.Context, in *InOrganization) (*answer[Page[Connection]], error) {
			page := Page[Connection]{Items: []Connection{}}
			err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
				page.Items = page.Items[:0]
				for _, num := range n.connectionsOf(org) {
					view, err := s.connection(tx, n, org, num)
					if err != nil {
						return err
					}
					page.Items = append(page.Items, view)
				}
				return nil
			})
			return found(page, err)
		})
	handle(s, api, get("/organizations/{organization}/connections/{connection}", "get-connection", ScopeConnectionsRead, "Get a connection", ""),
		func(ctx context.Context, in *OneConnection) (*answer[Connection], error) {
			_, _, view, err := s.one(ctx, in)
			return found(view, err)
		})
	handle(s, api, get("/organizations/{organization}/connections/{connection}/retirement", "preview-retirement", ScopeConnectionsRead, "See what retiring a connection takes away",
		"Counts its users and groups, and the people whom no other connection has. It changes nothing."),
		func(ctx context.Context, in *OneConnection) (*answer[Retirement], error) {
			return found(s.retirement(ctx, in))
		})
	handle(s, api, post("/organizations/{organization}/connections/{connection}/retire", "retire-connection", ScopeConnectionsWrite, "Retire a connection",
		"Ends a connection for good: it takes no pushes from then on, and its users and groups are deleted in the background, within the brakes. Afterwards the organization's file may drop it."),
		func(ctx context.Context, in *retireIn) (*answer[Connection], error) { return found(s.retire(ctx, in)) })
}

// one reads a connection of an organization.
func (s *Server) one(ctx context.Context, in *OneConnection) (org directory.OrgNum, num directory.ConnNum, view Connection, err error) {
	err = s.view(ctx, in.Organization, func(tx store.Tx, n *names, of directory.OrgNum) (err error) {
		org = of
		if num, err = n.connection(of, in.Connection); err != nil {
			return err
		}
		view, err = s.connection(tx, n, of, num)
		return err
	})
	return org, num, view, err
}

func (s *Server) retirement(ctx context.Context, in *OneConnection) (Retirement, error) {
	org, num, view, err := s.one(ctx, in)
	if err != nil {
		return Retirement{}, err
	}
	r, err := s.Engine.Retirement(ctx, org, num)
	view.Users, view.Groups = r.Users, r.Groups
	return Retirement{Connection: view, Alone: r.Alone}, err
}

func (s *Server) retire(ctx context.Context, in *retireIn) (Connection, error) {
	why := cause(ctx)
	var err error
	if why.Reason, err = in.Body.given(); err != nil {
		return Connection{}, err
	}
	org, _, _, err := s.one(ctx, &in.OneConnection)
	if err != nil {
		return Connection{}, err
	}
	if err := s.Engine.Retire(ctx, org, in.Connection, why); err != nil {
		return Connection{}, err
	}
	if s.Retired != nil {
		if err := s.Retired(ctx, in.Organization, in.Connection); err != nil {
			return Connection{}, err
		}
	}
	_, _, view, err := s.one(ctx, &in.OneConnection)
	return view, err
}

func (s *Server) connection(tx store.Tx, n *names, org directory.OrgNum, num directory.ConnNum) (Connection, error) {
	view := Connection{ID: n.conn[num], Organization: n.org[org], State: "unconfigured", Tokens: []Token{}}
	policy, err := s.Engine.Policy(tx, org)
	if err != nil && directory.KindOf(err) != directory.NotFound {
		return view, err
	}
	if policy != nil {
		if c := policy.Connection(view.ID); c != nil {
			view.Label, view.Provider, view.State, view.Provisioning = c.Label, c.Provider, c.State, c.Provisioning
		}
	}
	if at := n.conns[view.ID].Retired; !at.IsZero() {
		view.State, view.Retired = "retired", instant(at)
	}
	if view.Users, err = tx.CountUsers(num); err != nil {
		return view, err
	}
	if view.Groups, err = tx.CountGroups(num); err != nil {
		return view, err
	}
	tokens, err := tx.ListTokens()
	if err != nil {
		return view, err
	}
	tokens = slices.DeleteFunc(tokens, func(t *directory.Token) bool { return t.Conn != num })
	for _, t := range tokens {
		view.Tokens = append(view.Tokens, tokenView(n, t, s.Now()))
	}
	return view, nil
}

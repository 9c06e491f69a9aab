package api

import (
	"context"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Connection is one identity provider's line into an organization.
type Connection struct {
	ID           string  `json:"id"`
	Label        string  `json:"label,omitempty"`
	Provider     string  `json:"provider,omitempty"`
	State        string  `json:"state" enum:"active,observe,paused,unconfigured" doc:"\"unconfigured\" means that the policy in force does not have it."`
	Provisioning string  `json:"provisioning,omitempty"`
	Users        int     `json:"users"`
	Groups       int     `json:"groups"`
	Tokens       []Token `json:"tokens" nullable:"false" doc:"Its SCIM tokens, never their secrets."`
}

type oneConnection struct {
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
		func(ctx context.Context, in *oneConnection) (*answer[Connection], error) {
			var view Connection
			err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
				num, err := n.connection(org, in.Connection)
				if err != nil {
					return err
				}
				view, err = s.connection(tx, n, org, num)
				return err
			})
			return found(view, err)
		})
}

func (s *Server) connection(tx store.Tx, n *names, org directory.OrgNum, num directory.ConnNum) (Connection, error) {
	view := Connection{ID: n.conn[num], State: "unconfigured", Tokens: []Token{}}
	policy, err := s.Engine.Policy(tx, org)
	if err != nil && directory.KindOf(err) != directory.NotFound {
		return view, err
	}
	if policy != nil {
		if c := policy.Connection(view.ID); c != nil {
			view.Label, view.Provider, view.State, view.Provisioning = c.Label, c.Provider, c.State, c.Provisioning
		}
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

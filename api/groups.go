package api

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Group is a group that a directory pushed.
type Group struct {
	ID         string    `json:"id"`
	Connection string    `json:"connection"`
	Name       string    `json:"name"`
	ExternalID string    `json:"external_id,omitempty"`
	Members    int       `json:"members" doc:"Users, nested groups, and values that name nobody yet."`
	Bound      []string  `json:"bound" nullable:"false" doc:"The names in rules that mean this group."`
	Created    time.Time `json:"created"`
	Modified   time.Time `json:"modified"`
	Revision   uint64    `json:"revision"`
}

type groupFilter struct {
	InOrganization
	Paging
	Connection string `query:"connection" maxLength:"200" doc:"Only groups of this connection."`
	Name       string `query:"name" maxLength:"1024" doc:"Only groups of this name, compared without case."`
}

// OneGroup is the path of one group.
type OneGroup struct {
	InOrganization
	Group string `path:"group" maxLength:"36" doc:"The group's id."`
}

func (s *Server) groups(api huma.API) {
	handle(s, api, get("/organizations/{organization}/groups", "list-groups", ScopeGroupsRead, "List groups",
		"Lists the groups of one connection after the other, in the order of their creation."),
		func(ctx context.Context, in *groupFilter) (*answer[Page[Group]], error) {
			return found(s.listGroups(ctx, in))
		})
	handle(s, api, get("/organizations/{organization}/groups/{group}", "get-group", ScopeGroupsRead, "Get a group", ""),
		func(ctx context.Context, in *OneGroup) (*answer[Group], error) {
			var view Group
			err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
				g, err := findGroup(tx, n, org, in.Group)
				if err == nil {
					view = groupView(n, g)
				}
				return err
			})
			return found(view, err)
		})
	handle(s, api, get("/organizations/{organization}/groups/{group}/members", "list-group-members", ScopeGroupsRead, "List the members of a group",
		"Lists direct members: users, then nested groups, then values that name nobody yet."),
		func(ctx context.Context, in *groupMembers) (*answer[Page[GroupMember]], error) {
			return found(s.listGroupMembers(ctx, in))
		})
	handle(s, api, post("/organizations/{organization}/groups/{group}/rebind", "rebind-group", ScopeGroupsWrite, "Let a name in rules mean this group",
		"A name in rules means the group that it first met. After that group was deleted and made again, or another took over its part, "+
			"this says which one the rules mean from now on. The people of both are settled by a job."),
		func(ctx context.Context, in *rebinding) (*answer[Group], error) {
			return found(s.rebind(ctx, in))
		})
}

// RebindBody says which name in rules is to mean a group.
type RebindBody struct {
	ReasonBody
	Name string `json:"name,omitempty" maxLength:"1024" doc:"The name as rules say it; without it, the group's own."`
}

type rebinding struct {
	OneGroup
	Body RebindBody
}

func (s *Server) rebind(ctx context.Context, in *rebinding) (Group, error) {
	var view Group
	c := cause(ctx)
	var err error
	if c.Reason, err = in.Body.given(); err != nil {
		return view, err
	}
	var g *directory.Group
	find := func(tx store.Tx, n *names, org directory.OrgNum) error {
		if g, err = findGroup(tx, n, org, in.Group); err == nil {
			view = groupView(n, g)
		}
		return err
	}
	var org directory.OrgNum
	err = s.view(ctx, in.Organization, func(tx store.Tx, n *names, o directory.OrgNum) error {
		org = o
		return find(tx, n, o)
	})
	if err != nil {
		return view, err
	}
	name := in.Body.Name
	if name == "" {
		name = g.DisplayName
	}
	if err := s.Engine.Rebind(ctx, org, c, g.Conn, name, g.ID); err != nil {
		return view, err
	}
	err = s.view(ctx, in.Organization, find)
	return view, err
}

// connectionsOf returns the connections of an organization in the order of their numbers.
func (n *names) connectionsOf(org directory.OrgNum) []directory.ConnNum {
	var nums []directory.ConnNum
	for _, row := range n.conns {
		if row.Org == org {
			nums = append(nums, row.Num)
		}
	}
	slices.Sort(nums)
	return nums
}

// listGroups walks the connections in order; a cursor is a connection's number and the last group's id.
func (s *Server) listGroups(ctx context.Context, in *groupFilter) (Page[Group], error) {
	page := Page[Group]{Items: []Group{}}
	raw, err := in.raw()
	if err != nil || len(raw) != 0 && len(raw) != 20 {
		return page, badCursor()
	}
	err = s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		page = Page[Group]{Items: []Group{}}
		conns := n.connectionsOf(org)
		if in.Connection != "" {
			c, err := n.connection(org, in.Connection)
			if err != nil {
				return err
			}
			conns = []directory.ConnNum{c}
		}
		for _, c := range conns {
			var after directory.ID
			if len(raw) > 0 {
				from := directory.ConnNum(binary.BigEndian.Uint32(raw))
				if c < from {
					continue
				}
				if c == from {
					after = directory.ID(raw[4:])
				}
			}
			rows, err := in.rows(tx, c, after, in.Limit+1-len(page.Items))
			if err != nil {
				return err
			}
			for _, g := range rows {
				if len(page.Items) == in.Limit {
					last := page.Items[in.Limit-1]
					id, _ := directory.ParseID(last.ID)
					page.Next = cursor(append(binary.BigEndian.AppendUint32(nil, uint32(n.conns[last.Connection].Num)), id[:]...))
					return nil
				}
				page.Items = append(page.Items, groupView(n, g))
			}
		}
		return nil
	})
	return page, err
}

func (in *groupFilter) rows(tx store.Tx, c directory.ConnNum, after directory.ID, limit int) ([]*directory.Group, error) {
	if in.Name == "" {
		return tx.ListGroups(c, store.Page{After: after, Limit: limit})
	}
	ids, err := tx.FindGroups(c, directory.Key{Attribute: directory.AttrDisplayName, Value: directory.Fold(in.Name)})
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id directory.ID) bool { return slices.Compare(id[:], after[:]) <= 0 })
	rows, err := tx.Groups(c, ids[:min(limit, len(ids))])
	return slices.DeleteFunc(rows, func(g *directory.Group) bool { return g == nil }), err
}

func findGroup(tx store.Tx, n *names, org directory.OrgNum, ref string) (*directory.Group, error) {
	missing := directory.Errorf(directory.NotFound, "There is no group with the id %q in this organization.", ref)
	id, ok := directory.ParseID(ref)
	if !ok {
		return nil, missing
	}
	for _, c := range n.connectionsOf(org) {
		rows, err := tx.Groups(c, []directory.ID{id})
		if err != nil {
			return nil, err
		}
		if rows[0] != nil {
			return rows[0], nil
		}
	}
	return nil, missing
}

func groupView(n *names, g *directory.Group) Group {
	return Group{
		ID: g.ID.String(), Connection: n.conn[g.Conn], Name: g.DisplayName, ExternalID: g.ExternalID, Members: g.Members,
		Bound: list(g.Bound), Created: g.Created, Modified: g.Modified, Revision: g.Revision,
	}
}

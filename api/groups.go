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

// GroupMember is one member of a group.
type GroupMember struct {
	Kind   string `json:"kind" enum:"user,group,unknown"`
	ID     string `json:"id,omitempty" doc:"The SCIM id of the user or nested group."`
	Value  string `json:"value,omitempty" doc:"What the directory sent, where it names nobody yet."`
	Name   string `json:"name,omitempty"`
	Email  string `json:"email,omitempty"`
	Member string `json:"member,omitempty" doc:"The member whom the user is."`
	Status string `json:"status,omitempty" doc:"Where that member stands."`
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

type groupMembers struct {
	OneGroup
	Paging
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

// listGroupMembers walks the children of a group; a cursor is the last one's kind and its id or value.
func (s *Server) listGroupMembers(ctx context.Context, in *groupMembers) (Page[GroupMember], error) {
	page := Page[GroupMember]{Items: []GroupMember{}}
	raw, err := in.raw()
	if err != nil {
		return page, err
	}
	after, ok := childOf(raw)
	if !ok {
		return page, badCursor()
	}
	err = s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		page = Page[GroupMember]{Items: []GroupMember{}}
		g, err := findGroup(tx, n, org, in.Group)
		if err != nil {
			return err
		}
		children, err := tx.Children(g.Conn, g.ID, after, in.Limit+1)
		if err != nil {
			return err
		}
		if len(children) > in.Limit {
			children = children[:in.Limit]
			last := children[in.Limit-1]
			page.Next = cursor(childKey(last))
		}
		page.Items, err = childViews(tx, g.Conn, org, children)
		return err
	})
	return page, err
}

func childKey(c directory.Child) []byte {
	if c.Kind == directory.ChildParked {
		return append([]byte{byte(c.Kind)}, c.Value...)
	}
	return append([]byte{byte(c.Kind)}, c.ID[:]...)
}

func childOf(raw []byte) (directory.Child, bool) {
	if len(raw) == 0 {
		return directory.Child{}, true
	}
	c := directory.Child{Kind: directory.ChildKind(raw[0])}
	switch c.Kind {
	case directory.ChildParked:
		c.Value = string(raw[1:])
		return c, true
	case directory.ChildUser, directory.ChildGroup:
		if len(raw) == 1+len(c.ID) {
			c.ID = directory.ID(raw[1:])
			return c, true
		}
	}
	return c, false
}

func childViews(tx store.Tx, conn directory.ConnNum, org directory.OrgNum, children []directory.Child) ([]GroupMember, error) {
	var userIDs, groupIDs []directory.ID
	for _, c := range children {
		switch c.Kind {
		case directory.ChildUser:
			userIDs = append(userIDs, c.ID)
		case directory.ChildGroup:
			groupIDs = append(groupIDs, c.ID)
		case directory.ChildParked:
		}
	}
	users, err := tx.Users(conn, userIDs)
	if err != nil {
		return nil, err
	}
	groups, err := tx.Groups(conn, groupIDs)
	if err != nil {
		return nil, err
	}
	memberIDs := make([]directory.ID, len(users))
	for i, u := range users {
		if u != nil {
			memberIDs[i] = u.Member
		}
	}
	members, err := tx.Members(org, memberIDs)
	if err != nil {
		return nil, err
	}
	views := make([]GroupMember, 0, len(children))
	for _, c := range children {
		switch c.Kind {
		case directory.ChildUser:
			views = append(views, userChild(c, users[0], members[0]))
			users, members = users[1:], members[1:]
		case directory.ChildGroup:
			view := GroupMember{Kind: "group", ID: c.ID.String()}
			if g := groups[0]; g != nil {
				view.Name = g.DisplayName
			}
			groups = groups[1:]
			views = append(views, view)
		case directory.ChildParked:
			views = append(views, GroupMember{Kind: "unknown", Value: c.Value})
		}
	}
	return views, nil
}

func userChild(c directory.Child, u *directory.User, m *directory.Member) GroupMember {
	view := GroupMember{Kind: "user", ID: c.ID.String()}
	if u != nil {
		view.Name = u.UserName
	}
	if m != nil {
		view.Name, view.Email, view.Member, view.Status = m.Decision.Name, m.Decision.Email, m.ID.String(), string(m.Status)
	}
	return view
}

func groupView(n *names, g *directory.Group) Group {
	return Group{
		ID: g.ID.String(), Connection: n.conn[g.Conn], Name: g.DisplayName, ExternalID: g.ExternalID, Members: g.Members,
		Bound: list(g.Bound), Created: g.Created, Modified: g.Modified, Revision: g.Revision,
	}
}

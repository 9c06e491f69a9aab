package api

import (
	"context"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

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

type groupMembers struct {
	OneGroup
	Paging
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

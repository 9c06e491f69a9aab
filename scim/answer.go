package scim

import (
	"net/http"
	"strconv"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// extent is what a ListResponse says about its page (RFC 7644, section 3.4.2; RFC 9865, section 2).
type extent struct {
	total int
	start int
	shown int
	next  string // the next cursor; pages by cursor only
}

// appendListHead appends a ListResponse up to its first resource. A page by cursor has no total: counting what has not
// been read would cost what cursors are there to save.
func (c *call) appendListHead(b []byte, x extent) []byte {
	b = append(b, `{"schemas":["`+urnList+`"]`...)
	if !c.query.byCursor {
		b = strconv.AppendInt(append(b, `,"totalResults":`...), int64(x.total), 10)
		b = strconv.AppendInt(append(b, `,"startIndex":`...), int64(x.start), 10)
	}
	b = strconv.AppendInt(append(b, `,"itemsPerPage":`...), int64(x.shown), 10)
	if x.next != "" {
		b = append(append(append(b, `,"nextCursor":"`...), x.next...), '"')
	}
	return append(b, `,"Resources":[`...)
}

// appendUsers appends users, separated by commas, with their groups where the view wants them.
func (c *call) appendUsers(b []byte, view userView, users []*directory.User) ([]byte, error) {
	groups := make([][]membership, len(users))
	if view.groups && len(users) > 0 {
		ids := make([]directory.ID, len(users))
		for i, u := range users {
			ids[i] = u.ID
		}
		err := c.Store.View(c.r.Context(), func(tx store.Tx) (err error) {
			groups, err = memberships(tx, c.line.Num, ids)
			return err
		})
		if err != nil {
			return b, err
		}
	}
	for i, u := range users {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = c.appendUser(b, view, u, groups[i]); err != nil {
			return b, err
		}
	}
	return b, nil
}

// groups appends groups, separated by commas. Those with many members leave while the next are read.
func (s *stream) groups(view groupView, groups []*directory.Group) error {
	for i, g := range groups {
		if i > 0 {
			*s.b = append(*s.b, ',')
		}
		var page []directory.Child
		if view.members && g.Members > 0 {
			var err error
			if page, err = s.call.members(g.ID, directory.Child{}); err != nil {
				return err
			}
		}
		if err := s.group(view, g, page); err != nil {
			return err
		}
		s.flush()
	}
	return nil
}

// sendList answers with a page of users, then groups; a list of one type has none of the other.
func (c *call) sendList(x extent, users []*directory.User, groups []*directory.Group) error {
	usersView, err := c.userView()
	if err != nil {
		return err
	}
	groupsView, err := c.groupView()
	if err != nil {
		return err
	}
	s := stream{call: c, status: http.StatusOK, b: c.buffer()}
	defer func() { c.release(s.b) }()
	x.shown = len(users) + len(groups)
	*s.b = c.appendListHead(*s.b, x)
	if *s.b, err = c.appendUsers(*s.b, usersView, users); err != nil {
		return err
	}
	if len(users) > 0 && len(groups) > 0 {
		*s.b = append(*s.b, ',')
	}
	if err := s.groups(groupsView, groups); err != nil {
		return s.fail(err)
	}
	*s.b = append(*s.b, `]}`...)
	s.close()
	return nil
}

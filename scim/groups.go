package scim

import (
	"net/http"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/schema"
	"github.com/mixus/usher/store"
)

// groupView is how a request wants groups to be shown.
type groupView struct {
	selection schema.Selection
	all       bool // as they are stored
	members   bool // with their members
}

func (c *call) groupView() (groupView, error) {
	s, err := schema.ParseSelection(c.line.group, c.query.attributes, c.query.excluded)
	return groupView{selection: s, all: s.All(), members: s.Wants("members")}, err
}

// getGroup answers GET /Groups/{id}. Without members it never touches the memberships.
func (c *call) getGroup(text string) error {
	c.operation = "groups.get"
	id, err := parseID(text)
	if err != nil {
		return err
	}
	view, err := c.groupView()
	if err != nil {
		return err
	}
	var group *directory.Group
	var members []directory.Child
	err = c.Store.View(c.r.Context(), func(tx store.Tx) error {
		rows, err := tx.Groups(c.line.Num, []directory.ID{id})
		if err != nil {
			return err
		}
		if group = rows[0]; group == nil || !view.members || unchanged(c.r.Header, group.Revision) {
			return nil
		}
		members, err = tx.Children(c.line.Num, id, directory.Child{}, membersPage)
		return err
	})
	if err != nil {
		return err
	}
	if group == nil {
		return missing(text)
	}
	if unchanged(c.r.Header, group.Revision) {
		c.w.Header().Set("ETag", version(group.Revision))
		c.writeHeader(http.StatusNotModified)
		return nil
	}
	return c.sendGroup(http.StatusOK, view, group, members)
}

// createGroup answers POST /Groups.
func (c *call) createGroup() error {
	c.operation = "groups.create"
	in, err := c.open(c.Limits.GroupBody)
	if err != nil {
		return err
	}
	doc, err := dialect.Group(c.line.group, in)
	if err != nil {
		return in.blame(err)
	}
	ch, err := newGroup(doc)
	if err != nil {
		return err
	}
	return c.writeGroup(http.StatusCreated, ch)
}

// replaceGroup answers PUT /Groups/{id}.
func (c *call) replaceGroup(text string) error {
	c.operation = "groups.replace"
	in, err := c.open(c.Limits.GroupBody)
	if err != nil {
		return err
	}
	doc, err := dialect.Group(c.line.group, in)
	if err != nil {
		return in.blame(err)
	}
	id, err := parseID(text)
	if err != nil {
		return err
	}
	ch, err := wholeGroup(id, ifMatch(c.r.Header), doc)
	if err != nil {
		return err
	}
	return c.writeGroup(http.StatusOK, ch)
}

// patchGroup answers PATCH /Groups/{id} with 204, whatever the size of the group, unless the request names the attributes
// that it wants to see (RFC 7644, section 3.5.2).
func (c *call) patchGroup(text string) error {
	c.operation = "groups.patch"
	in, err := c.open(c.Limits.GroupBody)
	if err != nil {
		return err
	}
	p, err := dialect.ReadGroupPatch(c.line.group, in)
	if err != nil {
		return in.blame(err)
	}
	id, err := parseID(text)
	if err != nil {
		return err
	}
	ch := c.line.patchedGroup(id, ifMatch(c.r.Header), p)
	if len(c.query.attributes) > 0 {
		return c.writeGroup(http.StatusOK, ch)
	}
	if err := c.Engine.Do(c.r.Context(), c.push(), ch.apply); err != nil {
		return err
	}
	c.w.Header().Set("ETag", version(ch.group.Revision))
	c.writeHeader(http.StatusNoContent)
	return nil
}

// deleteGroup answers DELETE /Groups/{id}.
func (c *call) deleteGroup(text string) error {
	c.operation = "groups.delete"
	id, err := parseID(text)
	if err != nil {
		return err
	}
	return c.erase(goneGroup(id, ifMatch(c.r.Header)))
}

// writeGroup runs a change and answers with the group that it left.
func (c *call) writeGroup(status int, ch *change) error {
	view, err := c.groupView()
	if err != nil {
		return err
	}
	if err := c.Engine.Do(c.r.Context(), c.push(), ch.apply); err != nil {
		return err
	}
	var members []directory.Child
	if view.members {
		if members, err = c.members(ch.group.ID, directory.Child{}); err != nil {
			c.unreadAfterWrite(err)
		}
	}
	if status == http.StatusCreated {
		c.w.Header().Set("Location", c.line.base+"/Groups/"+ch.group.ID.String())
	}
	return c.sendGroup(status, view, ch.group, members)
}

// sendGroup answers with one group, of whose members page is the beginning.
func (c *call) sendGroup(status int, view groupView, g *directory.Group, page []directory.Child) error {
	s := stream{call: c, status: status, b: c.buffer()}
	defer c.release(s.b)
	c.w.Header().Set("ETag", version(g.Revision))
	if err := s.group(view, g, page); err != nil {
		return s.fail(err)
	}
	s.close()
	return nil
}

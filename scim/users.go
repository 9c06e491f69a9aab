package scim

import (
	"net/http"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/scim/schema"
	"github.com/mixus/usher/store"
)

// getUser answers GET /Users/{id} (RFC 7644, section 3.4.1). The version is that of the user itself: its groups are
// computed, and joining one is a change of the group.
func (c *call) getUser(text string) error {
	c.operation = "users.get"
	id, err := parseID(text)
	if err != nil {
		return err
	}
	view, err := c.userView()
	if err != nil {
		return err
	}
	var user *directory.User
	var groups [][]membership
	err = c.Store.View(c.r.Context(), func(tx store.Tx) error {
		rows, err := tx.Users(c.line.Num, []directory.ID{id})
		if err != nil {
			return err
		}
		if user = rows[0]; user == nil || !view.groups || unchanged(c.r.Header, user.Revision) {
			return nil
		}
		groups, err = memberships(tx, c.line.Num, []directory.ID{id})
		return err
	})
	if err != nil {
		return err
	}
	if user == nil {
		return missing(text)
	}
	if unchanged(c.r.Header, user.Revision) {
		c.w.Header().Set("ETag", version(user.Revision))
		c.writeHeader(http.StatusNotModified)
		return nil
	}
	return c.sendUser(http.StatusOK, view, user, first(groups))
}

// userView is how a request wants users to be shown.
type userView struct {
	selection schema.Selection
	all       bool // as they are stored
	groups    bool // with their groups
}

func (c *call) userView() (userView, error) {
	s, err := schema.ParseSelection(c.line.user, c.query.attributes, c.query.excluded)
	return userView{selection: s, all: s.All(), groups: s.Wants("groups")}, err
}

// appendUser appends a user as the view wants it.
func (c *call) appendUser(b []byte, view userView, u *directory.User, groups []membership) ([]byte, error) {
	if view.all {
		return c.line.appendUser(b, u, groups), nil
	}
	whole, err := c.line.userMap(u, groups)
	if err != nil {
		return b, err
	}
	part, err := encode(view.selection.Apply(whole))
	return append(b, part...), err
}

// sendUser answers with one user.
func (c *call) sendUser(status int, view userView, u *directory.User, groups []membership) error {
	b := c.buffer()
	defer c.release(b)
	var err error
	if *b, err = c.appendUser(*b, view, u, groups); err != nil {
		return err
	}
	c.w.Header().Set("ETag", version(u.Revision))
	c.send(status, *b)
	return nil
}

// createUser answers POST /Users (RFC 7644, section 3.3).
func (c *call) createUser() error {
	c.operation = "users.create"
	raw, err := c.read(c.Limits.UserBody)
	if err != nil {
		return err
	}
	ch, err := c.line.newUser(raw)
	if err != nil {
		return err
	}
	return c.writeUser(http.StatusCreated, ch)
}

// replaceUser answers PUT /Users/{id} (RFC 7644, section 3.5.1).
func (c *call) replaceUser(text string) error {
	c.operation = "users.replace"
	return c.changeUser(text, c.line.wholeUser)
}

// patchUser answers PATCH /Users/{id} (RFC 7644, section 3.5.2).
func (c *call) patchUser(text string) error {
	c.operation = "users.patch"
	return c.changeUser(text, c.line.patchedUser)
}

func (c *call) changeUser(text string, prepare func(directory.ID, facts.Match, []byte) (*change, error)) error {
	raw, err := c.read(c.Limits.UserBody)
	if err != nil {
		return err
	}
	id, err := parseID(text)
	if err != nil {
		return err
	}
	ch, err := prepare(id, ifMatch(c.r.Header), raw)
	if err != nil {
		return err
	}
	return c.writeUser(http.StatusOK, ch)
}

// writeUser runs a change and answers with the user that it left.
func (c *call) writeUser(status int, ch *change) error {
	view, err := c.userView()
	if err != nil {
		return err
	}
	var groups [][]membership
	err = c.Engine.Do(c.r.Context(), c.push(), func(w *facts.Writer) error {
		if err := ch.apply(w); err != nil || !view.groups {
			return err
		}
		return w.Read(func(tx store.Tx) (err error) {
			groups, err = memberships(tx, c.line.Num, []directory.ID{ch.user.ID})
			return err
		})
	})
	if err != nil {
		return err
	}
	if status == http.StatusCreated {
		c.w.Header().Set("Location", c.line.base+"/Users/"+ch.user.ID.String())
	}
	return c.sendUser(status, view, ch.user, first(groups))
}

// unreadAfterWrite logs why an answer is not whole. The change is durable, and an answer that lacks a part is better than
// an error that makes the provider repeat it.
func (c *call) unreadAfterWrite(err error) {
	c.Log.Error("scim read after write", "operation", c.operation, "request_id", c.RequestID(c.r.Context()), "err", err)
}

// deleteUser answers DELETE /Users/{id} (RFC 7644, section 3.6).
func (c *call) deleteUser(text string) error {
	c.operation = "users.delete"
	id, err := parseID(text)
	if err != nil {
		return err
	}
	return c.erase(goneUser(id, ifMatch(c.r.Header)))
}

// erase runs a deletion.
func (c *call) erase(ch *change) error {
	if err := c.Engine.Do(c.r.Context(), c.push(), ch.apply); err != nil {
		return err
	}
	c.writeHeader(http.StatusNoContent)
	return nil
}

// parseID reads the id in a path. What cannot be an id of ours is answered like one that is not there.
func parseID(text string) (directory.ID, error) {
	id, ok := directory.ParseID(text)
	if !ok {
		return id, missing(text)
	}
	return id, nil
}

func first(groups [][]membership) []membership {
	if len(groups) == 0 {
		return nil
	}
	return groups[0]
}

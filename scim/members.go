package scim

import (
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// membersPage is how many memberships one View reads.
const membersPage = 1000

// members reads a page of a group's members in a View of its own.
func (c *call) members(group directory.ID, after directory.Child) (page []directory.Child, err error) {
	err = c.Store.View(c.r.Context(), func(tx store.Tx) error {
		page, err = tx.Children(c.line.Num, group, after, membersPage)
		return err
	})
	return page, err
}

// appendGroup appends a group as the view wants it, without its members and without the brace that ends it.
func (c *call) appendGroup(b []byte, view groupView, g *directory.Group) ([]byte, error) {
	if view.all {
		return c.line.appendGroupHead(b, g), nil
	}
	whole, err := c.line.groupMap(g)
	if err != nil {
		return b, err
	}
	part, err := encode(view.selection.Apply(whole))
	if err != nil {
		return b, err
	}
	return append(b, part[:len(part)-1]...), nil
}

// appendMembers appends the members of a page that is not the first when some have been shown. It returns how many it
// appended.
func (c *call) appendMembers(b []byte, view groupView, page []directory.Child, shown int) ([]byte, int, error) {
	if !view.all {
		return c.appendSelectedMembers(b, view, page, shown)
	}
	for i, child := range page {
		if shown+i > 0 {
			b = append(b, ',')
		}
		b = c.line.appendMember(b, child)
	}
	return b, len(page), nil
}

// appendMember appends one member (RFC 7643, section 4.2). A value that names nobody yet is shown as it was pushed.
func (l *line) appendMember(b []byte, child directory.Child) []byte {
	b = append(b, `{"value":`...)
	if child.Kind == directory.ChildParked {
		return append(appendString(b, child.Value), '}')
	}
	refs, kind := l.userRefs, `"User"`
	if child.Kind == directory.ChildGroup {
		refs, kind = l.groupRefs, `"Group"`
	}
	b = append(appendID(append(b, '"'), child.ID), `","$ref":"`...)
	b = append(appendID(append(b, refs...), child.ID), `","type":`...)
	return append(append(b, kind...), '}')
}

// appendSelectedMembers appends those parts of members that the view wants. Members of which no part is wanted are left
// out.
func (c *call) appendSelectedMembers(b []byte, view groupView, page []directory.Child, shown int) ([]byte, int, error) {
	list := make([]any, len(page))
	for i, child := range page {
		list[i] = c.line.memberMap(child)
	}
	selected, _ := view.selection.Apply(map[string]any{"members": list})["members"].([]any)
	for i, member := range selected {
		if shown+i > 0 {
			b = append(b, ',')
		}
		part, err := encode(member)
		if err != nil {
			return b, 0, err
		}
		b = append(b, part...)
	}
	return b, len(selected), nil
}

func (l *line) memberMap(child directory.Child) map[string]any {
	id := child.ID.String()
	switch child.Kind {
	case directory.ChildParked:
		return map[string]any{"value": child.Value}
	case directory.ChildGroup:
		return map[string]any{"value": id, "$ref": l.base + "/Groups/" + id, "type": "Group"}
	case directory.ChildUser:
	}
	return map[string]any{"value": id, "$ref": l.base + "/Users/" + id, "type": "User"}
}

package scim

import (
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// maxNesting is how many levels of nested groups a user's groups are followed up. Deeper ones still count for rules; they
// are only not shown.
const maxNesting = 8

// membership is one of the groups that a user is in (RFC 7643, section 4.1.2, "groups").
type membership struct {
	id       directory.ID
	display  string
	indirect bool // through another group
}

// memberships returns the groups of each user, the direct ones first. Its reads are one per level of nesting, not one
// per user.
func memberships(tx store.Tx, conn directory.ConnNum, users []directory.ID) ([][]membership, error) {
	children := make([]directory.Child, len(users))
	for i, id := range users {
		children[i] = directory.Child{Kind: directory.ChildUser, ID: id}
	}
	direct, err := tx.Parents(conn, children)
	if err != nil {
		return nil, err
	}
	var seen ancestry
	for _, ids := range direct {
		seen.expect(ids)
	}
	if len(seen.frontier) == 0 {
		return make([][]membership, len(users)), nil
	}
	for level := 0; level < maxNesting && len(seen.frontier) > 0; level++ {
		if err := seen.climb(tx, conn); err != nil {
			return nil, err
		}
	}
	out := make([][]membership, len(users))
	for i, ids := range direct {
		out[i] = seen.of(ids)
	}
	return out, nil
}

// ancestry is what is known of the groups above some users.
type ancestry struct {
	groups   map[directory.ID]*ancestor
	frontier []directory.ID // expected, not yet read
}

type ancestor struct {
	known   bool // it has been read, and exists
	display string
	parents []directory.ID
}

func (a *ancestry) expect(ids []directory.ID) {
	for _, id := range ids {
		if _, ok := a.groups[id]; ok {
			continue
		}
		if a.groups == nil {
			a.groups = map[directory.ID]*ancestor{}
		}
		a.groups[id] = &ancestor{}
		a.frontier = append(a.frontier, id)
	}
}

// climb reads the groups of the frontier and makes their parents the next one.
func (a *ancestry) climb(tx store.Tx, conn directory.ConnNum) error {
	ids := a.frontier
	a.frontier = nil
	rows, err := tx.Groups(conn, ids)
	if err != nil {
		return err
	}
	children := make([]directory.Child, len(ids))
	for i, id := range ids {
		children[i] = directory.Child{Kind: directory.ChildGroup, ID: id}
	}
	parents, err := tx.Parents(conn, children)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if rows[i] != nil {
			*a.groups[id] = ancestor{known: true, display: rows[i].DisplayName, parents: parents[i]}
			a.expect(parents[i])
		}
	}
	return nil
}

// of returns the memberships that follow from direct ones.
func (a *ancestry) of(direct []directory.ID) []membership {
	if len(direct) == 0 {
		return nil
	}
	out := make([]membership, 0, len(direct))
	visited := make([]directory.ID, 0, len(direct))
	for level, ids := 0, direct; len(ids) > 0; level++ {
		var above []directory.ID
		for _, id := range ids {
			g := a.groups[id]
			if g == nil || !g.known || slices.Contains(visited, id) {
				continue
			}
			visited = append(visited, id)
			out = append(out, membership{id: id, display: g.display, indirect: level > 0})
			above = append(above, g.parents...)
		}
		ids = above
	}
	return out
}

func (m membership) kind() string {
	if m.indirect {
		return "indirect"
	}
	return "direct"
}

func (l *line) appendMemberships(b []byte, groups []membership) []byte {
	b = append(b, '[')
	for i, g := range groups {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendID(append(b, `{"value":"`...), g.id), `","$ref":"`...)
		b = append(appendID(append(b, l.groupRefs...), g.id), `","display":`...)
		b = append(appendString(b, g.display), `,"type":"`...)
		b = append(append(b, g.kind()...), `"}`...)
	}
	return append(b, ']')
}

func (l *line) membershipMaps(groups []membership) []any {
	out := make([]any, len(groups))
	for i, g := range groups {
		id := g.id.String()
		out[i] = map[string]any{"value": id, "$ref": l.base + "/Groups/" + id, "display": g.display, "type": g.kind()}
	}
	return out
}

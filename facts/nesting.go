package facts

import (
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// nestingLimit bounds how deep groups within groups are followed.
const nestingLimit = 32

// Ancestor is a group that a child is in, and the direct group through which it is.
type Ancestor struct {
	ID  directory.ID
	Via directory.ID // the zero ID for a direct group
}

// Ancestors returns the groups that a user or group is in, directly and through nesting, the nearest first.
func Ancestors(tx store.Tx, c directory.ConnNum, child directory.Child) ([]Ancestor, error) {
	return ancestors(tx, c, child, nestingLimit)
}

// AncestorsFrom is Ancestors for somebody whose direct groups are known.
func AncestorsFrom(tx store.Tx, c directory.ConnNum, direct []directory.ID) ([]Ancestor, error) {
	return ancestorsFrom(tx, c, [][]directory.ID{direct}, nestingLimit)
}

// fewAncestors is up to how many groups a child's are looked through one by one.
const fewAncestors = 32

func ancestors(tx store.Tx, c directory.ConnNum, child directory.Child, limit int) ([]Ancestor, error) {
	direct, err := tx.Parents(c, []directory.Child{child})
	if err != nil {
		return nil, err
	}
	return ancestorsFrom(tx, c, direct, limit)
}

func ancestorsFrom(tx store.Tx, c directory.ConnNum, parents [][]directory.ID, limit int) ([]Ancestor, error) {
	var out []Ancestor
	via := []directory.ID{directory.NoID}
	var seen map[directory.ID]bool // made when there are many: of few, looking at each is cheaper
	for depth := 0; depth < limit; depth++ {
		var next []directory.Child
		var through []directory.ID
		for i, groups := range parents {
			for _, id := range groups {
				if seen[id] || seen == nil && slices.ContainsFunc(out, func(a Ancestor) bool { return a.ID == id }) {
					continue
				}
				out = append(out, Ancestor{ID: id, Via: via[i]})
				switch {
				case seen != nil:
					seen[id] = true
				case len(out) == fewAncestors:
					seen = make(map[directory.ID]bool, 2*fewAncestors)
					for _, a := range out {
						seen[a.ID] = true
					}
				}
				next = append(next, directory.Child{Kind: directory.ChildGroup, ID: id})
				if via[i].IsZero() {
					through = append(through, id)
				} else {
					through = append(through, via[i])
				}
			}
		}
		if len(next) == 0 {
			break
		}
		var err error
		if parents, err = tx.Parents(c, next); err != nil {
			return nil, err
		}
		via = through
	}
	return out, nil
}

// Below returns the users of a group, directly and through nesting, until there are limit of them.
func Below(tx store.Tx, c directory.ConnNum, group directory.ID, limit int) ([]directory.ID, error) {
	var out []directory.ID
	seen := map[directory.ID]bool{group: true}
	queue := []directory.ID{group}
	for len(queue) > 0 && len(out) < limit {
		var after directory.Child
		for len(out) < limit {
			page, err := tx.Children(c, queue[0], after, min(batch, limit))
			if err != nil {
				return nil, err
			}
			if len(page) == 0 {
				break
			}
			after = page[len(page)-1]
			for _, child := range page {
				if child.Kind == directory.ChildParked || seen[child.ID] {
					continue
				}
				seen[child.ID] = true
				if child.Kind == directory.ChildUser {
					out = append(out, child.ID)
				} else {
					queue = append(queue, child.ID)
				}
			}
		}
		queue = queue[1:]
	}
	return out, nil
}

// Nested returns the groups below a group, each once, without reading users.
func Nested(tx store.Tx, c directory.ConnNum, group directory.ID) ([]directory.ID, error) {
	var out []directory.ID
	seen := map[directory.ID]bool{group: true}
	queue := []directory.ID{group}
	for ; len(queue) > 0; queue = queue[1:] {
		after := directory.Child{Kind: directory.ChildGroup} // behind every user
		for after.Kind != directory.ChildParked {
			page, err := tx.Children(c, queue[0], after, batch)
			if err != nil {
				return nil, err
			}
			if len(page) == 0 {
				break
			}
			after = page[len(page)-1]
			for _, child := range page {
				if child.Kind == directory.ChildGroup && !seen[child.ID] {
					seen[child.ID] = true
					out, queue = append(out, child.ID), append(queue, child.ID)
				}
			}
		}
	}
	return out, nil
}

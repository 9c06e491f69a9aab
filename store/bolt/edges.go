package bolt

import (
	"bytes"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// rank puts the kinds of child in the order in which Children returns them.
func rank(k directory.ChildKind) byte {
	switch k {
	case directory.ChildUser:
		return 1
	case directory.ChildGroup:
		return 2
	case directory.ChildParked:
	}
	return 3
}

func appendChild(key []byte, ch directory.Child) []byte {
	key = append(key, rank(ch.Kind))
	if ch.Kind == directory.ChildParked {
		return appendValue(key, ch.Value)
	}
	return appendID(key, ch.ID)
}

func readChild(key, whole []byte) (directory.Child, bool) {
	if len(key) == 0 {
		return directory.Child{}, false
	}
	switch rest := key[1:]; key[0] {
	case 1:
		return directory.Child{Kind: directory.ChildUser, ID: lastID(rest)}, len(rest) == 16
	case 2:
		return directory.Child{Kind: directory.ChildGroup, ID: lastID(rest)}, len(rest) == 16
	default:
		value, end, ok := readValue(rest, whole)
		return directory.Child{Kind: directory.ChildParked, Value: value}, ok && len(end) == 0
	}
}

// edgePrefixLen is the length of a group, the tag and a connection at the start of an edge's key.
const edgePrefixLen = 16 + 1 + 4

func (t *tx) edgeKey(c directory.ConnNum, group directory.ID, ch directory.Child) []byte {
	t.key = appendChild(recordKey(t, group, tagEdge, c), ch)
	return t.key
}

// edgeUpPrefix starts the keys of the groups that a user or a group is in.
func (t *tx) edgeUpPrefix(c directory.ConnNum, ch directory.Child) []byte {
	t.key = append(recordKey(t, ch.ID, tagEdgeUp, c), rank(ch.Kind))
	return t.key
}

func (t *tx) Children(c directory.ConnNum, group directory.ID, after directory.Child, limit int) ([]directory.Child, error) {
	if limit <= 0 {
		return nil, nil
	}
	prefix := recordKey(t, group, tagEdge, c)
	var position []byte
	if after != (directory.Child{}) {
		position = appendChild(bytes.Clone(prefix), after)
	}
	var list []directory.Child
	var err error
	t.page(bEdge, prefix, position, false, func(key, whole []byte) bool {
		ch, ok := readChild(key[edgePrefixLen:], whole)
		if !ok {
			err = damaged("edge", key)
			return false
		}
		list = append(list, ch)
		return len(list) < limit
	})
	return list, err
}

func (t *tx) HasChildren(c directory.ConnNum, group directory.ID, children []directory.Child) ([]bool, error) {
	has := make([]bool, len(children))
	for i, ch := range children {
		has[i] = t.get(bEdge, t.edgeKey(c, group, ch)) != nil
	}
	return has, nil
}

func (t *tx) Parents(c directory.ConnNum, children []directory.Child) ([][]directory.ID, error) {
	parents := make([][]directory.ID, len(children))
	for i, ch := range children {
		if ch.Kind == directory.ChildParked {
			continue // nobody yet: what waits for it is kept with the parked
		}
		t.scan(bEdgeUp, t.edgeUpPrefix(c, ch), func(key, _ []byte) bool {
			parents[i] = append(parents[i], lastID(key))
			return true
		})
	}
	return parents, nil
}

func (t *tx) AddEdges(c directory.ConnNum, group directory.ID, children []directory.Child) ([]directory.Child, error) {
	if !t.writable {
		return nil, store.ErrReadOnly
	}
	var added []directory.Child
	for _, ch := range children {
		key := t.edgeKey(c, group, ch)
		if t.get(bEdge, key) != nil {
			continue
		}
		if err := t.put(bEdge, key, wholeWhenCut(ch.Value)); err != nil {
			return nil, err
		}
		if err := t.putReverse(c, group, ch); err != nil {
			return nil, err
		}
		added = append(added, ch)
	}
	return added, nil
}

func (t *tx) RemoveEdges(c directory.ConnNum, group directory.ID, children []directory.Child) ([]directory.Child, error) {
	if !t.writable {
		return nil, store.ErrReadOnly
	}
	var removed []directory.Child
	for _, ch := range children {
		found, err := t.del(bEdge, t.edgeKey(c, group, ch))
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		if err := t.deleteReverse(c, group, ch); err != nil {
			return nil, err
		}
		removed = append(removed, ch)
	}
	return removed, nil
}

// putReverse writes the way from a child up to a group: for a parked value, that the group waits for it.
func (t *tx) putReverse(c directory.ConnNum, group directory.ID, ch directory.Child) error {
	if ch.Kind == directory.ChildParked {
		return t.PutParked(c, []directory.Parked{{Value: ch.Value, Kind: directory.ParkedMember, Target: group}})
	}
	return t.put(bEdgeUp, appendID(t.edgeUpPrefix(c, ch), group), nil)
}

func (t *tx) deleteReverse(c directory.ConnNum, group directory.ID, ch directory.Child) error {
	if ch.Kind == directory.ChildParked {
		return t.DeleteParked(c, []directory.Parked{{Value: ch.Value, Kind: directory.ParkedMember, Target: group}})
	}
	_, err := t.del(bEdgeUp, appendID(t.edgeUpPrefix(c, ch), group))
	return err
}

package bolt

import (
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) Groups(c directory.ConnNum, ids []directory.ID) ([]*directory.Group, error) {
	found := make([]*directory.Group, len(ids))
	for i, id := range ids {
		row := t.recordRow(groups(), c, id)
		if row == nil {
			continue
		}
		g, err := decodeGroup(c, id, row)
		if err != nil {
			return nil, err
		}
		found[i] = g
	}
	return found, nil
}

func (t *tx) ListGroups(c directory.ConnNum, p store.Page) ([]*directory.Group, error) {
	return t.Groups(c, t.list(bGroupOrder, t.connKey(c), p, nil))
}

func (t *tx) FindGroups(c directory.ConnNum, key directory.Key) ([]directory.ID, error) {
	return t.find(groups(), c, key), nil
}

func (t *tx) GroupKeys(c directory.ConnNum, p store.KeyPage) ([]store.KeyRow, error) {
	return t.walkKeys(groups(), c, p)
}

func (t *tx) CountGroups(c directory.ConnNum) (int, error) {
	n, _, err := t.count(orderKey{bGroupOrder, c})
	return n, err
}

func (t *tx) GroupAt(c directory.ConnNum, offset int) (directory.ID, error) {
	return t.idAt(orderKey{bGroupOrder, c}, offset)
}

func (t *tx) PutGroups(list []*directory.Group) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, g := range list {
		if err := t.putGroup(g); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) putGroup(g *directory.Group) error {
	var old []directory.Key
	row := t.recordRow(groups(), g.Conn, g.ID)
	known := row != nil
	if known {
		before, err := decodeGroup(g.Conn, g.ID, row)
		if err != nil {
			return err
		}
		old = before.Keys()
	}
	t.row = appendGroup(t.row[:0], g)
	if err := t.replace(bGroup, recordKey(t, g.ID, tagGroup, g.Conn), row, t.row); err != nil {
		return err
	}
	if !known {
		if err := t.enter(orderKey{bGroupOrder, g.Conn}, g.ID, true); err != nil {
			return err
		}
	}
	return t.index(groups(), g.Conn, g.ID, old, g.Keys())
}

func (t *tx) DeleteGroups(c directory.ConnNum, ids []directory.ID) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, id := range ids {
		row := t.recordRow(groups(), c, id)
		if row == nil {
			continue
		}
		g, err := decodeGroup(c, id, row)
		if err != nil {
			return err
		}
		if err := t.remove(groups(), c, id, g.Keys()); err != nil {
			return err
		}
	}
	return nil
}

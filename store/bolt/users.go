package bolt

import (
	"bytes"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) Users(c directory.ConnNum, ids []directory.ID) ([]*directory.User, error) {
	found := make([]*directory.User, len(ids))
	for i, id := range ids {
		row := t.recordRow(users(), c, id)
		if row == nil {
			continue
		}
		u, err := decodeUser(c, id, row)
		if err != nil {
			return nil, err
		}
		found[i] = u
	}
	return found, nil
}

func (t *tx) ListUsers(c directory.ConnNum, p store.Page) ([]*directory.User, error) {
	return t.Users(c, t.list(bUserOrder, t.connKey(c), p, nil))
}

func (t *tx) FindUsers(c directory.ConnNum, key directory.Key) ([]directory.ID, error) {
	return t.find(users(), c, key), nil
}

func (t *tx) UserKeys(c directory.ConnNum, p store.KeyPage) ([]store.KeyRow, error) {
	return t.walkKeys(users(), c, p)
}

func (t *tx) CountUsers(c directory.ConnNum) (int, error) {
	n, _, err := t.count(orderKey{bUserOrder, c})
	return n, err
}

func (t *tx) UserAt(c directory.ConnNum, offset int) (directory.ID, error) {
	return t.idAt(orderKey{bUserOrder, c}, offset)
}

func (t *tx) PutUsers(list []*directory.User) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, u := range list {
		if err := t.putUser(u); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) putUser(u *directory.User) error {
	var old []directory.Key
	row := t.recordRow(users(), u.Conn, u.ID)
	t.head = appendKeys(t.head[:0], u.Keys)
	known, same := row != nil, false
	if known {
		head, _, ok := splitHead(row)
		if !ok {
			return damaged("user", u.ID[:])
		}
		if same = bytes.HasPrefix(head, t.head); !same {
			var err error
			if old, err = userKeys(u.ID, row); err != nil {
				return err
			}
		}
	}
	t.row, t.head = appendUser(t.row[:0], t.head, u)
	if err := t.replace(bUser, recordKey(t, u.ID, tagUser, u.Conn), row, t.row); err != nil {
		return err
	}
	if !known {
		if err := t.enter(orderKey{bUserOrder, u.Conn}, u.ID, true); err != nil {
			return err
		}
	}
	if same {
		return nil
	}
	return t.index(users(), u.Conn, u.ID, old, u.Keys)
}

func (t *tx) DeleteUsers(c directory.ConnNum, ids []directory.ID) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, id := range ids {
		row := t.recordRow(users(), c, id)
		if row == nil {
			continue
		}
		keys, err := userKeys(id, row)
		if err != nil {
			return err
		}
		if err := t.remove(users(), c, id, keys); err != nil {
			return err
		}
	}
	return nil
}

// remove takes a record away.
func (t *tx) remove(f family, c directory.ConnNum, id directory.ID, keys []directory.Key) error {
	if _, err := t.del(f.rows, recordKey(t, id, f.tag, c)); err != nil {
		return err
	}
	if err := t.enter(orderKey{f.order, c}, id, false); err != nil {
		return err
	}
	return t.index(f, c, id, keys, nil)
}

package bolt

import (
	"bytes"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) ListHolds(org directory.OrgNum) ([]*directory.Hold, error) {
	var list []*directory.Hold
	var err error
	t.scan(bHold, t.orgKey(org), func(key, row []byte) bool {
		h := &directory.Hold{ID: lastID(key), Org: org}
		list = append(list, h)
		err = decodeJSON("hold", row, h)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (t *tx) PutHold(h *directory.Hold) error {
	row, err := encodeJSON("hold", h)
	if err != nil {
		return err
	}
	t.key = appendID(t.orgKey(h.Org), h.ID)
	return t.put(bHold, t.key, row)
}

func (t *tx) DeleteHold(org directory.OrgNum, id directory.ID) error {
	t.key = appendID(t.orgKey(org), id)
	_, err := t.del(bHold, t.key)
	return err
}

func (t *tx) heldKey(org directory.OrgNum, hold, member directory.ID) []byte {
	t.key = appendID(appendID(t.orgKey(org), hold), member)
	return t.key
}

func (t *tx) HeldMembers(org directory.OrgNum, hold directory.ID, members []directory.ID) ([]*directory.HeldMember, error) {
	found := make([]*directory.HeldMember, len(members))
	for i, id := range members {
		row := t.get(bHeld, t.heldKey(org, hold, id))
		if row == nil {
			continue
		}
		found[i] = &directory.HeldMember{Org: org, Hold: hold, Member: id}
		if err := decodeJSON("held", row, found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (t *tx) ListHeldMembers(org directory.OrgNum, hold directory.ID, p store.Page) ([]*directory.HeldMember, error) {
	return t.HeldMembers(org, hold, t.list(bHeld, bytes.Clone(appendID(t.orgKey(org), hold)), p, nil))
}

func (t *tx) PutHeldMembers(rows []*directory.HeldMember) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, h := range rows {
		row, err := encodeJSON("held", h)
		if err != nil {
			return err
		}
		if err := t.put(bHeld, t.heldKey(h.Org, h.Hold, h.Member), row); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) DeleteHeldMembers(rows []*directory.HeldMember) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, h := range rows {
		if _, err := t.del(bHeld, t.heldKey(h.Org, h.Hold, h.Member)); err != nil {
			return err
		}
	}
	return nil
}

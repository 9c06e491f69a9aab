package bolt

import (
	"github.com/mixus/usher/directory"
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

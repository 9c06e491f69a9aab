package bolt

import (
	"github.com/mixus/usher/directory"
)

func (t *tx) valueKey(c directory.ConnNum, value string) []byte {
	t.key = appendValue(t.connKey(c), value)
	return t.key
}

func (t *tx) Identities(c directory.ConnNum, subjects []string) ([]directory.ID, error) {
	members := make([]directory.ID, len(subjects))
	for i, s := range subjects {
		members[i] = lastID(t.get(bIdentity, t.valueKey(c, s)))
	}
	return members, nil
}

func (t *tx) PutIdentity(c directory.ConnNum, subject string, member directory.ID) error {
	return t.put(bIdentity, t.valueKey(c, subject), member[:])
}

func (t *tx) DeleteIdentity(c directory.ConnNum, subject string) error {
	_, err := t.del(bIdentity, t.valueKey(c, subject))
	return err
}

func (t *tx) Tombstones(c directory.ConnNum, externalIDs []string) ([]*directory.Tombstone, error) {
	found := make([]*directory.Tombstone, len(externalIDs))
	for i, x := range externalIDs {
		row := t.get(bTombstone, t.valueKey(c, x))
		if row == nil {
			continue
		}
		found[i] = &directory.Tombstone{ExternalID: x}
		if err := decodeJSON("tombstone", row, found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (t *tx) PutTombstone(c directory.ConnNum, s *directory.Tombstone) error {
	row, err := encodeJSON("tombstone", s)
	if err != nil {
		return err
	}
	return t.put(bTombstone, t.valueKey(c, s.ExternalID), row)
}

func (t *tx) DeleteTombstone(c directory.ConnNum, externalID string) error {
	_, err := t.del(bTombstone, t.valueKey(c, externalID))
	return err
}

package bolt

import (
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) Token(hash [32]byte) (*directory.Token, error) {
	row := t.get(bToken, hash[:])
	if row == nil {
		return nil, store.ErrNotFound
	}
	// A provider shows the same token with every request; its row is decoded again only when it has changed.
	if t.shown.Hash != hash || t.shownRow != string(row) {
		k := directory.Token{Hash: hash}
		if err := decodeJSON("token", row, &k); err != nil {
			return nil, err
		}
		t.shown, t.shownRow = k, string(row)
	}
	k := t.shown
	k.Scopes = slices.Clone(k.Scopes)
	return &k, nil
}

func (t *tx) ListTokens() ([]*directory.Token, error) {
	var list []*directory.Token
	var err error
	t.scan(bToken, nil, func(key, row []byte) bool {
		k := &directory.Token{}
		copy(k.Hash[:], key)
		list = append(list, k)
		err = decodeJSON("token", row, k)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (t *tx) PutToken(k *directory.Token) error {
	row, err := encodeJSON("token", k)
	if err != nil {
		return err
	}
	return t.put(bToken, k.Hash[:], row)
}

func (t *tx) DeleteToken(hash [32]byte) error {
	_, err := t.del(bToken, hash[:])
	return err
}

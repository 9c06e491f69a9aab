package bolt

import (
	"bytes"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// family is the set of buckets that users, and alike groups, are kept in.
type family struct {
	rows, order, keys bucket
	tag               byte
}

func users() family  { return family{rows: bUser, order: bUserOrder, keys: bUserKey, tag: tagUser} }
func groups() family { return family{rows: bGroup, order: bGroupOrder, keys: bGroupKey, tag: tagGroup} }

// row returns the row of a record in the scratch key's place.
func (t *tx) recordRow(f family, c directory.ConnNum, id directory.ID) []byte {
	return t.get(f.rows, recordKey(t, id, f.tag, c))
}

// list returns the ids of a page of keys that begin with prefix and end with an id.
func (t *tx) list(b bucket, prefix []byte, p store.Page, keep func(row []byte) bool) []directory.ID {
	if p.Limit <= 0 {
		return nil
	}
	var position []byte
	if !p.After.IsZero() {
		position = appendID(append(make([]byte, 0, len(prefix)+len(p.After)), prefix...), p.After)
	}
	var ids []directory.ID
	t.page(b, prefix, position, p.Descending, func(key, row []byte) bool {
		if keep == nil || keep(row) {
			ids = append(ids, lastID(key))
		}
		return len(ids) < p.Limit
	})
	return ids
}

// find returns the ids of the records that have a key.
func (t *tx) find(f family, c directory.ConnNum, key directory.Key) []directory.ID {
	prefix := append(appendValue(appendNum(t.key[:0], c), key.Value), byte(key.Attribute))
	t.key = prefix
	var ids []directory.ID
	t.scan(f.keys, prefix, func(k, _ []byte) bool {
		ids = append(ids, lastID(k))
		return true
	})
	return ids
}

// walkKeys returns rows of the index of one attribute. Other attributes' rows lie between them: a person's userName and
// address are mostly the same text, and so share a leaf.
func (t *tx) walkKeys(f family, c directory.ConnNum, p store.KeyPage) ([]store.KeyRow, error) {
	if p.Limit <= 0 {
		return nil, nil
	}
	prefix := appendNum(make([]byte, 0, 4), c)
	var position []byte
	if p.AfterValue != "" || !p.After.IsZero() {
		position = append(appendValue(bytes.Clone(prefix), p.AfterValue), byte(p.Attribute))
		position = appendID(position, p.After)
	}
	var rows []store.KeyRow
	var err error
	t.page(f.keys, prefix, position, p.Descending, func(key, whole []byte) bool {
		const tail = 1 + 16 // attribute and id
		if len(key) < len(prefix)+tail || key[len(key)-tail] != byte(p.Attribute) {
			return true
		}
		value, rest, ok := readValue(key[len(prefix):], whole)
		if !ok || len(rest) != tail {
			err = damaged(f.keys.String(), key)
			return false
		}
		rows = append(rows, store.KeyRow{Value: value, ID: lastID(key)})
		return len(rows) < p.Limit
	})
	return rows, err
}

// index brings the index of a record from its old keys to its new ones.
func (t *tx) index(f family, c directory.ConnNum, id directory.ID, old, now []directory.Key) error {
	gone, come := difference(old, now)
	for _, k := range gone {
		if _, err := t.del(f.keys, t.indexKey(c, id, k)); err != nil {
			return err
		}
	}
	for _, k := range come {
		if err := t.put(f.keys, t.indexKey(c, id, k), wholeWhenCut(k.Value)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) indexKey(c directory.ConnNum, id directory.ID, k directory.Key) []byte {
	key := append(appendValue(appendNum(t.key[:0], c), k.Value), byte(k.Attribute))
	t.key = appendID(key, id)
	return t.key
}

// few is a number of keys up to which comparing each with each is quicker than a map.
const few = 16

// difference returns the keys that are in old only and in now only.
func difference(old, now []directory.Key) (gone, come []directory.Key) {
	return without(old, now), without(now, old)
}

func without(keys, others []directory.Key) []directory.Key {
	has := func(k directory.Key) bool {
		for _, o := range others {
			if o == k {
				return true
			}
		}
		return false
	}
	if len(others) > few {
		set := make(map[directory.Key]struct{}, len(others))
		for _, o := range others {
			set[o] = struct{}{}
		}
		has = func(k directory.Key) bool {
			_, ok := set[k]
			return ok
		}
	}
	var left []directory.Key
	for _, k := range keys {
		if !has(k) {
			left = append(left, k)
		}
	}
	return left
}

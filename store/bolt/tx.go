package bolt

import (
	"bytes"
	"fmt"

	bbolt "go.etcd.io/bbolt"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// tx is a transaction as functions see it. In an update it writes through the undo log.
type tx struct {
	bolt     *bbolt.Tx
	writable bool
	orders   *orders // shared by every transaction of the store
	opened   [buckets]*bbolt.Bucket
	thinned  [buckets]bool // rows were deleted in this transaction

	undo    undoLog
	arena   arena
	changes []orderChange // of the batch, in order; the running function's begin at its mark

	key, seek, row, head []byte // scratch; bolt copies keys, and put copies rows
}

var _ store.Tx = (*tx)(nil)

// begin makes the wrapper ready for another bolt transaction.
func (t *tx) begin(b *bbolt.Tx) {
	t.bolt = b
	t.writable = b.Writable()
	clear(t.opened[:])
	clear(t.thinned[:])
	t.undo.forget()
	t.arena.reset()
	t.changes = t.changes[:0]
}

// end lets go of the bolt transaction, so that a function that kept its Tx cannot reach into a later one.
func (t *tx) end() {
	t.bolt = nil
	clear(t.opened[:])
}

// in returns a bucket.
func (t *tx) in(b bucket) *bbolt.Bucket {
	if t.opened[b] == nil {
		t.opened[b] = t.bolt.Bucket([]byte(b.String()))
		if t.writable {
			t.opened[b].FillPercent = b.fill()
		}
	}
	return t.opened[b]
}

// get returns the row of a key as bolt holds it, nil when there is none. It must not be changed or kept.
func (t *tx) get(b bucket, key []byte) []byte { return t.in(b).Get(key) }

// put writes a row. Writing what is there already changes nothing, and dirties no page.
func (t *tx) put(b bucket, key, row []byte) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	in := t.in(b)
	old := in.Get(key)
	if old != nil && bytes.Equal(old, row) {
		return nil
	}
	key = t.arena.keep(key)
	t.undo.note(b, key, old)
	if err := in.Put(key, t.arena.keep(row)); err != nil {
		return fmt.Errorf("store: put in %s: %w", b, err)
	}
	return nil
}

// del removes a row and reports whether there was one.
func (t *tx) del(b bucket, key []byte) (bool, error) {
	if !t.writable {
		return false, store.ErrReadOnly
	}
	in := t.in(b)
	old := in.Get(key)
	if old == nil {
		return false, nil
	}
	t.undo.note(b, t.arena.keep(key), old)
	t.thinned[b] = true
	if err := in.Delete(key); err != nil {
		return false, fmt.Errorf("store: delete in %s: %w", b, err)
	}
	return true, nil
}

// mark is a point in a transaction to which it can be taken back.
type mark struct{ changes int }

// mark starts a function's part of the transaction; what came before can no longer be undone.
func (t *tx) mark() mark {
	t.undo.forget()
	return mark{changes: len(t.changes)}
}

// undoTo takes the transaction back to the last mark.
func (t *tx) undoTo(m mark) error {
	t.changes = t.changes[:m.changes]
	return t.undo.back(t.in)
}

// wrote reports whether anything was written since the last mark.
func (t *tx) wrote() bool { return len(t.undo.entries) > 0 }

// scan calls fn for the rows whose keys begin with prefix, in order, until it returns false.
func (t *tx) scan(b bucket, prefix []byte, fn func(key, row []byte) bool) {
	c := t.in(b).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if !fn(k, v) {
			return
		}
	}
}

// page calls fn for the rows whose keys begin with prefix, from the one after position on, or before it when descending,
// until it returns false. A nil position starts at the respective end.
func (t *tx) page(b bucket, prefix, position []byte, descending bool, fn func(key, row []byte) bool) {
	switch {
	case !descending:
		t.pageUp(b, prefix, position, fn)
	case t.thinned[b]:
		t.pageDownThinned(b, prefix, position, fn)
	default:
		t.pageDown(b, prefix, position, fn)
	}
}

func (t *tx) pageUp(b bucket, prefix, position []byte, fn func(key, row []byte) bool) {
	from := position
	if from == nil {
		from = prefix
	}
	c := t.in(b).Cursor()
	k, v := c.Seek(from)
	if position != nil && bytes.Equal(k, position) {
		k, v = c.Next()
	}
	for k != nil && bytes.HasPrefix(k, prefix) && fn(k, v) {
		k, v = c.Next()
	}
}

func (t *tx) pageDown(b bucket, prefix, position []byte, fn func(key, row []byte) bool) {
	c := t.in(b).Cursor()
	if position == nil {
		position = after(nil, prefix)
	}
	var k, v []byte
	if len(position) > 0 {
		k, _ = c.Seek(position)
	}
	if k == nil {
		k, v = c.Last()
	} else {
		k, v = c.Prev()
	}
	for k != nil && bytes.HasPrefix(k, prefix) && fn(k, v) {
		k, v = c.Prev()
	}
}

// pageDownThinned does without bolt's steps backwards, which end, or never do, at a leaf that this transaction emptied.
func (t *tx) pageDownThinned(b bucket, prefix, position []byte, fn func(key, row []byte) bool) {
	type pair struct{ key, row []byte }
	var pairs []pair
	t.scan(b, prefix, func(key, row []byte) bool {
		if position != nil && bytes.Compare(key, position) >= 0 {
			return false
		}
		pairs = append(pairs, pair{key, row})
		return true
	})
	for i := len(pairs) - 1; i >= 0 && fn(pairs[i].key, pairs[i].row); i-- {
	}
}

// connKey starts a key with a connection in the scratch.
func (t *tx) connKey(c directory.ConnNum) []byte {
	t.key = appendNum(t.key[:0], c)
	return t.key
}

// orgKey starts a key with an organization in the scratch.
func (t *tx) orgKey(org directory.OrgNum) []byte {
	t.key = appendNum(t.key[:0], org)
	return t.key
}

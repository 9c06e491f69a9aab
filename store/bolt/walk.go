package bolt

import (
	"bytes"

	bbolt "go.etcd.io/bbolt"
)

// walk goes over the rows of a tree whose keys begin with prefix, as far as fn returns true.
type walk struct {
	tree             *bbolt.Bucket
	prefix, position []byte // as they lie in the tree; a nil position is the respective end
	skip             int    // bytes of a key that fn does not get
	fn               func(key, row []byte) bool
}

// takes calls fn with a row and reports whether to go on.
func (w *walk) takes(k, v []byte) bool {
	return k != nil && bytes.HasPrefix(k, w.prefix) && w.fn(k[w.skip:], v)
}

func (w *walk) up(f *finger) {
	from := w.position
	if from == nil {
		from = w.prefix
	}
	k, v := f.seek(from)
	if w.position != nil && bytes.Equal(k, w.position) {
		k, v = f.next()
	}
	for w.takes(k, v) {
		k, v = f.next()
	}
}

func (w *walk) down() {
	c := w.tree.Cursor()
	position := w.position
	if position == nil {
		position = after(nil, w.prefix)
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
	for w.takes(k, v) {
		k, v = c.Prev()
	}
}

// downThinned does without bolt's steps backwards, which end, or never do, at a leaf that this transaction emptied.
func (w *walk) downThinned() {
	type pair struct{ key, row []byte }
	var pairs []pair
	c := w.tree.Cursor()
	for k, v := c.Seek(w.prefix); k != nil && bytes.HasPrefix(k, w.prefix); k, v = c.Next() {
		if w.position != nil && bytes.Compare(k, w.position) >= 0 {
			break
		}
		pairs = append(pairs, pair{k, v})
	}
	for i := len(pairs) - 1; i >= 0 && w.takes(pairs[i].key, pairs[i].row); i-- {
	}
}

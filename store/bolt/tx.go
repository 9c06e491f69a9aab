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
	shared   *bbolt.Bucket // the tree of every kind that has a region
	finder   finger        // over the shared tree, for looking up single rows
	walker   *finger       // over the shared tree, for walking up; nil while it is on its way
	thinned  bool          // rows were deleted in this transaction

	undo    undoLog
	arena   arena
	changes []orderChange // of the batch, in order; the running function's begin at its mark
	lastSeq uint64        // of the journal, in an update
	seqRead bool          // lastSeq is what the committed journal ends with

	shown    directory.Token // the token asked for last
	shownRow string          // and the row it was decoded from

	key, seek, row, head, placed []byte          // scratch; put copies keys and rows
	rest                         directory.Grant // scratch: what a grant has beside what is written by hand
}

var _ store.Tx = (*tx)(nil)

// begin makes the wrapper ready for another bolt transaction.
func (t *tx) begin(b *bbolt.Tx) {
	t.bolt = b
	t.writable = b.Writable()
	clear(t.opened[:])
	t.shared, t.finder, t.walker, t.thinned = nil, finger{}, nil, false
	t.undo.forget()
	t.arena.reset()
	t.changes = t.changes[:0]
}

// end lets go of the bolt transaction, so that a function that kept its Tx cannot reach into a later one.
func (t *tx) end() {
	t.bolt, t.shared, t.finder, t.walker = nil, nil, finger{}, nil
	clear(t.opened[:])
}

// in returns the tree that holds a kind of row.
func (t *tx) in(b bucket) *bbolt.Bucket {
	if b.region() != 0 {
		if t.shared == nil {
			t.shared = t.bolt.Bucket([]byte(sharedTree))
			t.shared.FillPercent = sharedFill
			t.finder, t.walker = finger{cursor: t.shared.Cursor(), still: !t.writable}, &finger{cursor: t.shared.Cursor(), still: !t.writable}
		}
		return t.shared
	}
	if t.opened[b] == nil {
		t.opened[b] = t.bolt.Bucket([]byte(b.String()))
	}
	return t.opened[b]
}

// place returns where in its tree a key lies, in scratch.
func (t *tx) place(b bucket, key []byte) []byte {
	region := b.region()
	if region == 0 {
		return key
	}
	t.placed = append(append(t.placed[:0], region), key...)
	return t.placed
}

// regionLen returns how many bytes of a key in its tree come before the key of the row.
func (b bucket) regionLen() int {
	if b.region() == 0 {
		return 0
	}
	return 1
}

// get returns the row of a key as bolt holds it, nil when there is none. It must not be changed or kept.
func (t *tx) get(b bucket, key []byte) []byte { return t.lookUp(t.in(b), t.place(b, key)) }

// lookUp finds a row in its tree. In the shared tree one cursor serves every search: making one costs more than using it.
func (t *tx) lookUp(in *bbolt.Bucket, placed []byte) []byte {
	if in != t.shared {
		return in.Get(placed)
	}
	k, row := t.finder.seek(placed)
	if !bytes.Equal(k, placed) {
		return nil
	}
	return row
}

// put writes a row. Writing what is there already changes nothing, and dirties no page.
func (t *tx) put(b bucket, key, row []byte) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	return t.replace(b, key, t.get(b, key), row)
}

// insert is put for a row that is known not to be there.
func (t *tx) insert(b bucket, key, row []byte) error { return t.replace(b, key, nil, row) }

// replace is put where the row that is there is known, in an update; nil is none. Knowing it spares a search.
func (t *tx) replace(b bucket, key, old, row []byte) error {
	if old != nil && bytes.Equal(old, row) {
		return nil
	}
	in, placed := t.in(b), t.arena.keep(t.place(b, key))
	t.undo.note(b, placed, old)
	if err := in.Put(placed, t.arena.keep(row)); err != nil {
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
	placed := t.place(b, key)
	old := t.lookUp(in, placed)
	if old == nil {
		return false, nil
	}
	t.undo.note(b, t.arena.keep(placed), old)
	t.thinned = true
	if err := in.Delete(placed); err != nil {
		return false, fmt.Errorf("store: delete in %s: %w", b, err)
	}
	return true, nil
}

// mark is a point in a transaction to which it can be taken back.
type mark struct {
	changes int
	lastSeq uint64
}

// mark starts a function's part of the transaction; what came before can no longer be undone.
func (t *tx) mark() mark {
	t.undo.forget()
	return mark{changes: len(t.changes), lastSeq: t.lastSeq}
}

// undoTo takes the transaction back to the last mark.
func (t *tx) undoTo(m mark) error {
	t.changes, t.lastSeq = t.changes[:m.changes], m.lastSeq
	return t.undo.back(t.in)
}

// wrote reports whether anything was written since the last mark.
func (t *tx) wrote() bool { return len(t.undo.entries) > 0 }

// scan calls fn for the rows whose keys begin with prefix, in order, until it returns false.
func (t *tx) scan(b bucket, prefix []byte, fn func(key, row []byte) bool) {
	t.page(b, prefix, nil, false, fn)
}

// page calls fn for the rows whose keys begin with prefix, from the one after position on, or before it when descending,
// until it returns false. A nil position starts at the respective end.
func (t *tx) page(b bucket, prefix, position []byte, descending bool, fn func(key, row []byte) bool) {
	w := walk{tree: t.in(b), skip: b.regionLen(), fn: fn}
	w.prefix = bytes.Clone(t.place(b, prefix))
	if position != nil {
		w.position = bytes.Clone(t.place(b, position))
	}
	switch {
	case !descending:
		t.up(&w)
	case t.thinned:
		w.downThinned()
	default:
		w.down()
	}
}

// up walks upwards, with the one cursor there is for it unless a walk around this one has it.
func (t *tx) up(w *walk) {
	f := t.walker
	if w.tree != t.shared || f == nil {
		w.up(&finger{cursor: w.tree.Cursor()})
		return
	}
	t.walker = nil
	w.up(f)
	t.walker = f
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

// recordKey starts a key in the region of records: an id, what kind of record, and whose it is.
func recordKey[T directory.ConnNum | directory.OrgNum](t *tx, id directory.ID, tag byte, whose T) []byte {
	t.key = appendNum(append(appendID(t.key[:0], id), tag), whose)
	return t.key
}

package bolt

import (
	"slices"

	bbolt "go.etcd.io/bbolt"
)

// undoLog remembers what a function replaced, so that it can be put back when the function fails. It holds no copy of an
// old value: within a transaction bolt never changes a value in place.
type undoLog struct {
	entries []undoEntry
}

type undoEntry struct {
	bucket bucket
	key    []byte
	old    []byte // nil when the key was absent
}

// note remembers the value of a key before it is written. key must stay as it is until the transaction ends.
func (u *undoLog) note(b bucket, key, old []byte) {
	u.entries = append(u.entries, undoEntry{bucket: b, key: key, old: old})
}

// back puts every noted value back, the last first, and forgets them.
func (u *undoLog) back(open func(bucket) *bbolt.Bucket) error {
	for i := len(u.entries) - 1; i >= 0; i-- {
		e := u.entries[i]
		var err error
		if e.old == nil {
			err = open(e.bucket).Delete(e.key)
		} else {
			err = open(e.bucket).Put(e.key, e.old)
		}
		if err != nil {
			return err
		}
	}
	u.forget()
	return nil
}

// forget empties the log and lets go of what it pointed to.
func (u *undoLog) forget() {
	clear(u.entries)
	u.entries = u.entries[:0]
}

// arena holds the bytes that bolt must find unchanged until a transaction ends: keys of the undo log and new values. One
// allocation serves many writes, and the next transaction reuses it.
type arena struct {
	chunks [][]byte // of length 0 each
	next   int
	chunk  []byte // the one before next, as far as it is full
}

const (
	arenaChunk = 64 << 10
	arenaMost  = 16 // chunks that are kept for the next transaction
)

// keep returns a copy of b, never nil.
func (a *arena) keep(b []byte) []byte {
	if a.chunk == nil || len(b) > cap(a.chunk)-len(a.chunk) {
		if len(b) > arenaChunk/4 {
			return append(make([]byte, 0, len(b)), b...)
		}
		if a.next == len(a.chunks) {
			a.chunks = append(a.chunks, make([]byte, 0, arenaChunk))
		}
		a.chunk = a.chunks[a.next]
		a.next++
	}
	start := len(a.chunk)
	a.chunk = append(a.chunk, b...)
	return a.chunk[start:len(a.chunk):len(a.chunk)]
}

// reset makes room again. Nothing that keep returned may be used afterwards.
func (a *arena) reset() {
	if len(a.chunks) > arenaMost {
		a.chunks = slices.Delete(a.chunks, arenaMost, len(a.chunks))
	}
	a.next, a.chunk = 0, nil
}

package bolt

import (
	"bytes"

	bbolt "go.etcd.io/bbolt"
)

// nearby is how many rows a finger steps over before it looks a key up from the root. The rows of one person, and of who
// was created next, lie so close.
const nearby = 8

// finger is a cursor that remembers where it stands, and walks to what lies close behind. It does so in views alone: a write
// moves rows away from under a cursor.
type finger struct {
	cursor   *bbolt.Cursor
	still    bool   // nothing is written beside it
	key, row []byte // where it stands; nil for nowhere
}

// seek goes to the first row whose key is not before the given one.
func (f *finger) seek(key []byte) (k, row []byte) {
	if f.near(key) {
		for range nearby {
			if f.next(); f.key == nil {
				break
			}
			if bytes.Compare(f.key, key) >= 0 {
				return f.key, f.row
			}
		}
	}
	f.key, f.row = f.cursor.Seek(key)
	return f.key, f.row
}

// next goes one row on.
func (f *finger) next() (k, row []byte) {
	f.key, f.row = f.cursor.Next()
	return f.key, f.row
}

// near reports whether a key lies behind where the finger stands, and begins as the key there does: with the region and
// most of the instant that is in an id.
func (f *finger) near(key []byte) bool {
	const same = 1 + 5
	return f.still && len(f.key) > same && len(key) > same && bytes.Equal(f.key[:same], key[:same]) && bytes.Compare(f.key, key) < 0
}

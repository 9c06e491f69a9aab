package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// To find the row at an offset without walking there, the store remembers how many ids lie in each stretch of an order
// bucket. What is remembered belongs to one version of the order, a number that is kept in the count row and grows with
// every id that is added or taken away; a transaction uses only what belongs to the version that its own snapshot has. The
// first reader counts; from then on the committer carries the counts forward with each change.

// orderKey is one order: the users, or the groups, of a connection.
type orderKey struct {
	bucket bucket
	conn   directory.ConnNum
}

// orderChange is an id that came or went, and the version that this made.
type orderChange struct {
	key     orderKey
	id      directory.ID
	added   bool
	version uint64
}

// stretch is a run of ids, from first up to the next stretch.
type stretch struct {
	first directory.ID
	n     int
}

const (
	stretchLen    = 256  // ids in a stretch that is counted or appended to
	stretchMost   = 2048 // ids by which a stretch may grow through insertions before all is counted anew
	versionsKept  = 8    // for readers whose snapshot is a few commits old
	walkFromStart = 256  // offsets up to here are not worth remembering anything
)

// census is what is remembered of one version of an order. It never changes: an append shares the stretches before it.
type census struct {
	version   uint64
	stretches []stretch
	last      stretch
	top       directory.ID // no id of the order is greater
}

// orders keeps the latest few versions of every order that somebody has paged through by offset.
type orders struct {
	mu    sync.Mutex
	known map[orderKey][]*census // ascending by version
}

func (o *orders) at(k orderKey, version uint64) *census {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.known[k] {
		if c.version == version {
			return c
		}
	}
	return nil
}

// offer remembers a census that a reader took, unless a later one is known.
func (o *orders) offer(k orderKey, c *census) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if have := o.known[k]; len(have) == 0 || have[len(have)-1].version < c.version {
		o.keep(k, c)
	}
}

func (o *orders) keep(k orderKey, c *census) {
	have := o.known[k]
	if len(have) == versionsKept {
		have = slices.Delete(have, 0, 1)
	}
	if o.known == nil {
		o.known = map[orderKey][]*census{}
	}
	o.known[k] = append(have, c)
}

// advance carries the counts over the changes of a batch that is about to be committed. No reader can have the new
// versions before the commit; when it fails, forget takes them back.
func (o *orders) advance(changes []orderChange) {
	if len(changes) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	next := map[orderKey]*census{}
	for _, ch := range changes {
		c := next[ch.key]
		if c == nil {
			have := o.known[ch.key]
			if len(have) == 0 || have[len(have)-1].version != ch.version-1 {
				continue
			}
			c = have[len(have)-1]
		}
		if c.version == ch.version-1 {
			next[ch.key] = c.with(ch)
		}
	}
	for k, c := range next {
		if c.crowded() {
			delete(o.known, k)
			continue
		}
		o.keep(k, c)
	}
}

// forget drops everything, after a commit that failed.
func (o *orders) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.known)
}

// with returns the census after one change.
func (c *census) with(ch orderChange) *census {
	next := &census{version: ch.version, stretches: c.stretches, last: c.last, top: c.top}
	above := compareIDs(ch.id, c.top) > 0
	if above {
		next.top = ch.id
	}
	if compareIDs(ch.id, c.last.first) >= 0 || len(c.stretches) == 0 {
		switch {
		case !ch.added:
			next.last.n--
		case above && c.last.n >= stretchLen:
			// Only the newest census of an order is ever extended, so that nobody else writes behind the shared slice.
			next.stretches = append(c.stretches, c.last)
			next.last = stretch{first: ch.id, n: 1}
		default:
			next.last.n++
			next.last.first = least(next.last.first, ch.id)
		}
		return next
	}
	i, found := slices.BinarySearchFunc(c.stretches, ch.id, func(s stretch, id directory.ID) int {
		return compareIDs(s.first, id)
	})
	if !found && i > 0 {
		i--
	}
	next.stretches = slices.Clone(c.stretches)
	if ch.added {
		next.stretches[i].n++
		next.stretches[i].first = least(next.stretches[i].first, ch.id)
	} else {
		next.stretches[i].n--
	}
	return next
}

func (c *census) crowded() bool {
	return slices.ContainsFunc(c.stretches, func(s stretch) bool { return s.n > stretchMost }) || c.last.n > stretchMost
}

// find returns the stretch that an offset lies in, and how many ids of it come before.
func (c *census) find(offset int) (first directory.ID, skip int) {
	for _, s := range c.stretches {
		if offset < s.n {
			return s.first, offset
		}
		offset -= s.n
	}
	return c.last.first, offset
}

// count reads how many ids an order has, and its version.
func (t *tx) count(k orderKey) (n int, version uint64, err error) {
	key := append(t.seek[:0], byte(k.bucket))
	key = appendNum(key, k.conn)
	t.seek = key
	row := t.get(bCount, key)
	if row == nil {
		return 0, 0, nil
	}
	if len(row) != 16 {
		return 0, 0, damaged("count", key)
	}
	return int(binary.BigEndian.Uint64(row)), binary.BigEndian.Uint64(row[8:]), nil
}

// enter adds an id to an order, or takes it away.
func (t *tx) enter(k orderKey, id directory.ID, added bool) error {
	n, version, err := t.count(k)
	if err != nil {
		return err
	}
	version++
	t.key = appendID(appendNum(t.key[:0], k.conn), id)
	if added {
		n++
		err = t.put(k.bucket, t.key, nil)
	} else {
		n--
		_, err = t.del(k.bucket, t.key)
	}
	if err != nil {
		return err
	}
	t.changes = append(t.changes, orderChange{key: k, id: id, added: added, version: version})
	var row [16]byte
	binary.BigEndian.PutUint64(row[:], uint64(n))
	binary.BigEndian.PutUint64(row[8:], version)
	return t.put(bCount, t.seek, row[:]) // t.seek still holds the key that count read
}

// idAt returns the id at an offset of an order.
func (t *tx) idAt(k orderKey, offset int) (directory.ID, error) {
	n, version, err := t.count(k)
	if err != nil {
		return directory.NoID, err
	}
	if offset < 0 || offset >= n {
		return directory.NoID, store.ErrNotFound
	}
	var from directory.ID
	if offset > walkFromStart && !t.changed(k) {
		c := t.orders.at(k, version)
		if c == nil {
			c = t.takeCensus(k, version)
			t.orders.offer(k, c)
		}
		from, offset = c.find(offset)
	}
	prefix := bytes.Clone(t.place(k.bucket, appendNum(t.key[:0], k.conn)))
	t.seek = appendID(append(t.seek[:0], prefix...), from)
	cursor := t.in(k.bucket).Cursor()
	key, _ := cursor.Seek(t.seek)
	for ; key != nil && offset > 0; offset-- {
		key, _ = cursor.Next()
	}
	if !bytes.HasPrefix(key, prefix) {
		return directory.NoID, fmt.Errorf("store: the count of %s does not fit its rows", k.bucket)
	}
	return lastID(key), nil
}

// changed reports whether the batch under way has touched an order: then no census is of this version.
func (t *tx) changed(k orderKey) bool {
	return slices.ContainsFunc(t.changes, func(ch orderChange) bool { return ch.key == k })
}

// takeCensus counts an order by walking it.
func (t *tx) takeCensus(k orderKey, version uint64) *census {
	c := &census{version: version}
	t.scan(k.bucket, appendNum(nil, k.conn), func(key, _ []byte) bool {
		switch c.last.n {
		case 0:
			c.last = stretch{first: lastID(key), n: 1}
		case stretchLen:
			c.stretches = append(c.stretches, c.last)
			c.last = stretch{first: lastID(key), n: 1}
		default:
			c.last.n++
		}
		c.top = lastID(key)
		return true
	})
	return c
}

func least(a, b directory.ID) directory.ID {
	if compareIDs(a, b) < 0 {
		return a
	}
	return b
}

func compareIDs(a, b directory.ID) int { return slices.Compare(a[:], b[:]) }

package bolt

import (
	"bytes"
	"errors"
	"math"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

const hashLen = 32

// lastHash returns the hash at the end of a key.
func lastHash(key []byte) (hash [hashLen]byte) {
	if len(key) >= hashLen {
		copy(hash[:], key[len(key)-hashLen:])
	}
	return hash
}

func readSession(hash, row []byte) (*directory.Session, error) {
	s := &directory.Session{Hash: lastHash(hash)}
	return s, decodeJSON("session", row, s)
}

func (t *tx) Session(hash [hashLen]byte) (*directory.Session, error) {
	row := t.get(bSession, hash[:])
	if row == nil {
		return nil, store.ErrNotFound
	}
	return readSession(hash[:], row)
}

func (t *tx) SessionByID(id directory.ID) (*directory.Session, error) {
	var found *directory.Session
	err := store.ErrNotFound
	t.scan(bSession, id[:], func(key, row []byte) bool {
		found, err = readSession(key, row)
		return false
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// sessions reads the sessions whose hashes end the keys of an index, up to limit.
func (t *tx) sessions(index bucket, prefix, position []byte, limit int) ([]*directory.Session, error) {
	var hashes [][hashLen]byte
	if limit > 0 {
		t.page(index, prefix, position, false, func(key, _ []byte) bool {
			hashes = append(hashes, lastHash(key))
			return len(hashes) < limit
		})
	}
	return t.sessionsBy(hashes)
}

func (t *tx) sessionsBy(hashes [][hashLen]byte) ([]*directory.Session, error) {
	list := make([]*directory.Session, len(hashes))
	for i, hash := range hashes {
		row := t.get(bSession, hash[:])
		if row == nil {
			return nil, damaged("session", hash[:])
		}
		var err error
		if list[i], err = readSession(hash[:], row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// every is a limit that no index reaches.
const every = math.MaxInt

func (t *tx) SessionsOf(org directory.OrgNum, member directory.ID) ([]*directory.Session, error) {
	return t.sessions(bSessionOf, appendID(t.orgKey(org), member), nil, every)
}

func (t *tx) ListSessions(org directory.OrgNum, after *directory.Session, limit int) ([]*directory.Session, error) {
	var position []byte
	if after != nil {
		position = bytes.Clone(t.sessionOfKey(after))
	}
	return t.sessions(bSessionOf, t.orgKey(org), position, limit)
}

func (t *tx) ProviderSessions(c directory.ConnNum, by, name string) ([]*directory.Session, error) {
	return t.sessions(bSessionName, appendValue(appendValue(t.connKey(c), by), name), nil, every)
}

func (t *tx) sessionOfKey(s *directory.Session) []byte {
	t.key = append(appendID(t.orgKey(s.Org), s.Member), s.Hash[:]...)
	return t.key
}

// sessionKeys calls fn with the key of each index row of a session.
func (t *tx) sessionKeys(s *directory.Session, fn func(bucket, []byte) error) error {
	if err := fn(bSessionOf, t.sessionOfKey(s)); err != nil {
		return err
	}
	t.key = append(appendInstant(t.key[:0], s.Ends), s.Hash[:]...)
	if err := fn(bSessionEnd, t.key); err != nil {
		return err
	}
	for _, n := range [...]struct{ by, name string }{{store.ByIndex, s.Index}, {store.ByName, s.Name}} {
		if n.name == "" {
			continue
		}
		t.key = append(appendValue(appendValue(t.connKey(s.Conn), n.by), n.name), s.Hash[:]...)
		if err := fn(bSessionName, t.key); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) PutSession(s *directory.Session) error {
	row, err := encodeJSON("session", s)
	if err != nil {
		return err
	}
	if !t.writable {
		return store.ErrReadOnly
	}
	if known := t.get(bSession, s.Hash[:]); known != nil {
		was, err := readSession(s.Hash[:], known)
		if err != nil {
			return err
		}
		if was.Org != s.Org || was.Member != s.Member || was.Conn != s.Conn || was.Index != s.Index || was.Name != s.Name || !was.Ends.Equal(s.Ends) {
			if err := t.sessionKeys(was, t.drop); err != nil {
				return err
			}
		}
	}
	if err := t.sessionKeys(s, func(b bucket, key []byte) error { return t.put(b, key, nil) }); err != nil {
		return err
	}
	return t.put(bSession, s.Hash[:], row)
}

// drop removes a row, whether there is one or not.
func (t *tx) drop(b bucket, key []byte) error {
	_, err := t.del(b, key)
	return err
}

func (t *tx) DeleteSessions(sessions []*directory.Session) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, s := range sessions {
		row := t.get(bSession, s.Hash[:])
		if row == nil {
			continue
		}
		was, err := readSession(s.Hash[:], row)
		if err != nil {
			return err
		}
		if err := t.sessionKeys(was, t.drop); err != nil {
			return err
		}
		if err := t.drop(bSession, s.Hash[:]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) EndedSessions(at time.Time, limit int) ([]*directory.Session, error) {
	var hashes [][hashLen]byte
	t.until(bSessionEnd, at, limit, func(key []byte) { hashes = append(hashes, lastHash(key)) })
	return t.sessionsBy(hashes)
}

// until calls fn with up to limit keys that begin with an instant, as far as that is not after another, without it.
func (t *tx) until(b bucket, at time.Time, limit int, fn func(key []byte)) {
	if limit <= 0 {
		return
	}
	t.scan(b, nil, func(key, _ []byte) bool {
		if len(key) < instantLen || readInstant(key).After(at) {
			return false
		}
		fn(key[instantLen:])
		limit--
		return limit > 0
	})
}

func (t *tx) Lockdown(org directory.OrgNum) (*directory.Lockdown, error) {
	row := t.get(bLockdown, t.orgKey(org))
	if row == nil {
		return nil, nil
	}
	l := &directory.Lockdown{Org: org}
	if err := decodeJSON("lockdown", row, l); err != nil {
		return nil, err
	}
	return l, nil
}

func (t *tx) PutLockdown(l *directory.Lockdown) error {
	row, err := encodeJSON("lockdown", l)
	if err != nil {
		return err
	}
	return t.put(bLockdown, t.orgKey(l.Org), row)
}

func (t *tx) requestKey(kind string, key [hashLen]byte) []byte {
	t.key = append(appendValue(t.key[:0], kind), key[:]...)
	return t.key
}

func (t *tx) requestEndKey(r *directory.Request) []byte {
	t.key = append(appendValue(appendInstant(t.key[:0], r.Expires), r.Kind), r.Key[:]...)
	return t.key
}

func (t *tx) Request(kind string, key [hashLen]byte) (*directory.Request, error) {
	row := t.get(bRequest, t.requestKey(kind, key))
	if row == nil {
		return nil, store.ErrNotFound
	}
	r := &directory.Request{Kind: kind, Key: key}
	return r, decodeRequest(r, row)
}

func (t *tx) PutRequest(r *directory.Request) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	if t.get(bRequest, t.requestKey(r.Kind, r.Key)) != nil {
		return store.ErrExists
	}
	if err := t.insert(bRequestEnd, t.requestEndKey(r), nil); err != nil {
		return err
	}
	t.row = appendRequest(t.row[:0], r)
	return t.insert(bRequest, t.requestKey(r.Kind, r.Key), t.row)
}

func (t *tx) DeleteRequests(requests []*directory.Request) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, r := range requests {
		known, err := t.Request(r.Kind, r.Key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := t.drop(bRequestEnd, t.requestEndKey(known)); err != nil {
			return err
		}
		if err := t.drop(bRequest, t.requestKey(r.Kind, r.Key)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) ExpiredRequests(at time.Time, limit int) ([]*directory.Request, error) {
	var list []*directory.Request
	damage := false
	t.until(bRequestEnd, at, limit, func(key []byte) {
		kind, rest, ok := readValue(key, nil)
		damage = damage || !ok || len(rest) != hashLen
		list = append(list, &directory.Request{Kind: kind, Key: lastHash(rest)})
	})
	if damage {
		return nil, damaged("request_end", nil)
	}
	for i := range list {
		r, err := t.Request(list[i].Kind, list[i].Key)
		if err != nil {
			return nil, err
		}
		list[i] = r
	}
	return list, nil
}

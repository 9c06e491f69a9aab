package bolt

import (
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// brakeScope starts the key of a row with its organization, kind and scope.
func (t *tx) brakeScope(org directory.OrgNum, kind string, scope directory.ID) []byte {
	t.key = appendID(appendValue(t.orgKey(org), kind), scope)
	return t.key
}

func (t *tx) brakeKey(b *directory.Braked) []byte {
	t.key = appendID(appendInstant(t.brakeScope(b.Org, b.Kind, b.Scope), b.At), b.Member)
	return t.key
}

func (t *tx) brakedKey(b *directory.Braked) []byte {
	t.key = appendID(appendValue(appendID(t.orgKey(b.Org), b.Member), b.Kind), b.Scope)
	return t.key
}

func (t *tx) PutBraked(rows []*directory.Braked) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, b := range rows {
		row, err := encodeJSON("brake", b)
		if err != nil {
			return err
		}
		if err := t.dropBraked(b); err != nil {
			return err
		}
		if err := t.put(bBrake, t.brakeKey(b), row); err != nil {
			return err
		}
		if err := t.put(bBraked, t.brakedKey(b), appendInstant(nil, b.At)); err != nil {
			return err
		}
	}
	return nil
}

// dropBraked removes the row that a person has under a kind and scope, whatever its time.
func (t *tx) dropBraked(b *directory.Braked) error {
	at := t.get(bBraked, t.brakedKey(b))
	if at == nil {
		return nil
	}
	if len(at) != instantLen {
		return damaged("braked", t.key)
	}
	was := *b
	was.At = readInstant(at)
	_, err := t.del(bBrake, t.brakeKey(&was))
	return err
}

func (t *tx) DeleteBraked(rows []*directory.Braked) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, b := range rows {
		if err := t.dropBraked(b); err != nil {
			return err
		}
		if _, err := t.del(bBraked, t.brakedKey(b)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) CountBraked(org directory.OrgNum, kind string, scope directory.ID, since time.Time, limit int) (int, error) {
	n := 0
	t.sinceBraked(org, kind, scope, since, limit, func(_, _ []byte) bool {
		n++
		return n < limit
	})
	return n, nil
}

// sinceBraked walks the rows of a kind and scope that are not before an instant.
func (t *tx) sinceBraked(org directory.OrgNum, kind string, scope directory.ID, since time.Time, limit int, fn func(key, row []byte) bool) {
	if limit <= 0 {
		return
	}
	prefix := t.brakeScope(org, kind, scope)
	var position []byte
	if !since.IsZero() {
		position = appendInstant(append([]byte(nil), prefix...), since) // no row has this key: rows go on with the member
	}
	t.page(bBrake, prefix, position, false, fn)
}

func (t *tx) BrakedSince(org directory.OrgNum, kind string, scope directory.ID, since time.Time, limit int) ([]*directory.Braked, error) {
	c := counted{org: org, limit: limit}
	t.sinceBraked(org, kind, scope, since, limit, c.take)
	return c.result()
}

// counted collects rows up to a limit.
type counted struct {
	org   directory.OrgNum
	limit int
	list  []*directory.Braked
	err   error
}

func (c *counted) take(key, row []byte) bool {
	b, ok := readBraked(c.org, key)
	if !ok {
		c.err = damaged("brake", key)
		return false
	}
	c.list = append(c.list, b)
	c.err = decodeJSON("brake", row, b)
	return c.err == nil && len(c.list) < c.limit
}

func (c *counted) result() ([]*directory.Braked, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.list, nil
}

// readBraked reads the key of a row.
func readBraked(org directory.OrgNum, key []byte) (*directory.Braked, bool) {
	const idLen = len(directory.ID{})
	kind, rest, ok := readValue(key[4:], nil)
	if !ok || len(rest) != idLen+instantLen+idLen {
		return nil, false
	}
	return &directory.Braked{
		Org: org, Kind: kind, Scope: directory.ID(rest[:idLen]), At: readInstant(rest[idLen:]), Member: lastID(key),
	}, true
}

func (t *tx) BrakedOf(org directory.OrgNum, member directory.ID) ([]*directory.Braked, error) {
	const idLen = len(directory.ID{})
	var list []*directory.Braked
	var err error
	t.scan(bBraked, appendID(t.orgKey(org), member), func(key, at []byte) bool {
		kind, rest, ok := readValue(key[4+idLen:], nil)
		if !ok || len(rest) != idLen || len(at) != instantLen {
			err = damaged("braked", key)
			return false
		}
		list = append(list, &directory.Braked{Org: org, Kind: kind, Scope: directory.ID(rest), Member: member, At: readInstant(at)})
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, b := range list {
		if err := decodeJSON("brake", t.get(bBrake, t.brakeKey(b)), b); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (t *tx) ListBraked(org directory.OrgNum, after *directory.Braked, limit int) ([]*directory.Braked, error) {
	if limit <= 0 {
		return nil, nil
	}
	var position []byte
	if after != nil {
		position = append([]byte(nil), t.brakeKey(after)...)
	}
	c := counted{org: org, limit: limit}
	t.page(bBrake, t.orgKey(org), position, false, c.take)
	return c.result()
}

func (t *tx) ListExpectations(org directory.OrgNum) ([]*directory.Expectation, error) {
	var list []*directory.Expectation
	var err error
	t.scan(bExpected, t.orgKey(org), func(key, row []byte) bool {
		x := &directory.Expectation{ID: lastID(key), Org: org}
		list = append(list, x)
		err = decodeJSON("expectation", row, x)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (t *tx) PutExpectation(x *directory.Expectation) error {
	row, err := encodeJSON("expectation", x)
	if err != nil {
		return err
	}
	t.key = appendID(t.orgKey(x.Org), x.ID)
	return t.put(bExpected, t.key, row)
}

func (t *tx) DeleteExpectation(org directory.OrgNum, id directory.ID) error {
	t.key = appendID(t.orgKey(org), id)
	_, err := t.del(bExpected, t.key)
	return err
}

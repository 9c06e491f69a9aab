package bolt

import (
	"encoding/binary"
	"time"

	"github.com/mixus/usher/directory"
)

func (t *tx) dueKey(d directory.Due) []byte {
	t.key = appendID(appendNum(appendInstant(t.key[:0], d.At), d.Org), d.Member)
	return t.key
}

func readDue(key []byte) (directory.Due, bool) {
	if len(key) != instantLen+4+16 {
		return directory.Due{}, false
	}
	org := directory.OrgNum(binary.BigEndian.Uint32(key[instantLen:]))
	return directory.Due{At: readInstant(key), Org: org, Member: lastID(key)}, true
}

// setDue moves a member from one instant to another; the zero instant is none.
func (t *tx) setDue(org directory.OrgNum, member directory.ID, old, now time.Time) error {
	if old.Equal(now) {
		return nil
	}
	if !old.IsZero() {
		if _, err := t.del(bDue, t.dueKey(directory.Due{At: old, Org: org, Member: member})); err != nil {
			return err
		}
	}
	if now.IsZero() {
		return nil
	}
	return t.put(bDue, t.dueKey(directory.Due{At: now, Org: org, Member: member}), nil)
}

func (t *tx) DueMembers(now time.Time, limit int) ([]directory.Due, error) {
	if limit <= 0 {
		return nil, nil
	}
	var list []directory.Due
	var err error
	t.scan(bDue, nil, func(key, _ []byte) bool {
		d, ok := readDue(key)
		if !ok {
			err = damaged("due", key)
			return false
		}
		if d.At.After(now) {
			return false
		}
		list = append(list, d)
		return len(list) < limit
	})
	return list, err
}

func (t *tx) NextDue() (time.Time, bool, error) {
	var at time.Time
	var found bool
	var err error
	t.scan(bDue, nil, func(key, _ []byte) bool {
		d, ok := readDue(key)
		if at, found = d.At, ok; !ok {
			err = damaged("due", key)
		}
		return false
	})
	return at, found, err
}

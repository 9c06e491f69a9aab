package bolt

import (
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) Parked(c directory.ConnNum, values []string) ([][]directory.Parked, error) {
	waiting := make([][]directory.Parked, len(values))
	for i, value := range values {
		prefix := appendValue(t.connKey(c), value)
		t.key = prefix
		t.scan(bParked, prefix, func(key, _ []byte) bool {
			kind := directory.ParkedKind(key[len(prefix)])
			waiting[i] = append(waiting[i], directory.Parked{Value: value, Kind: kind, Target: lastID(key)})
			return true
		})
	}
	return waiting, nil
}

func (t *tx) parkedKey(c directory.ConnNum, p directory.Parked) []byte {
	t.key = appendID(append(appendValue(t.connKey(c), p.Value), byte(p.Kind)), p.Target)
	return t.key
}

func (t *tx) PutParked(c directory.ConnNum, parked []directory.Parked) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, p := range parked {
		if err := t.put(bParked, t.parkedKey(c, p), wholeWhenCut(p.Value)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) DeleteParked(c directory.ConnNum, parked []directory.Parked) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, p := range parked {
		if _, err := t.del(bParked, t.parkedKey(c, p)); err != nil {
			return err
		}
	}
	return nil
}

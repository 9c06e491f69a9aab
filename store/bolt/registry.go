package bolt

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) Organizations() (map[string]directory.OrgNum, error) {
	known := map[string]directory.OrgNum{}
	t.scan(bOrganization, nil, func(name, row []byte) bool {
		known[string(name)] = directory.OrgNum(binary.BigEndian.Uint32(row))
		return true
	})
	return known, nil
}

func (t *tx) Connections() (map[string]store.ConnectionRow, error) {
	known := map[string]store.ConnectionRow{}
	t.scan(bConnection, nil, func(name, row []byte) bool {
		known[string(name)] = readConnection(row)
		return true
	})
	return known, nil
}

func (t *tx) Connection(name string) (store.ConnectionRow, bool, error) {
	row := t.get(bConnection, []byte(name))
	if row == nil {
		return store.ConnectionRow{}, false, nil
	}
	return readConnection(row), true, nil
}

// connectionLen is the length of the row of a connection that is not retired. The instant of retiring follows.
const connectionLen = 8

func readConnection(row []byte) store.ConnectionRow {
	known := store.ConnectionRow{
		Num: directory.ConnNum(binary.BigEndian.Uint32(row)),
		Org: directory.OrgNum(binary.BigEndian.Uint32(row[4:])),
	}
	if len(row) >= connectionLen+instantLen {
		known.Retired = readInstant(row[connectionLen:])
	}
	return known
}

func (t *tx) RetireConnection(name string, at time.Time) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	row := t.get(bConnection, []byte(name))
	if row == nil {
		return store.ErrNotFound
	}
	return t.put(bConnection, []byte(name), appendInstant(slices.Clone(row[:connectionLen]), at))
}

func (t *tx) PutOrganization(name string) (directory.OrgNum, error) {
	if err := t.checkName("organization", name); err != nil {
		return 0, err
	}
	if row := t.get(bOrganization, []byte(name)); row != nil {
		return directory.OrgNum(binary.BigEndian.Uint32(row)), nil
	}
	n, err := t.nextNumber(metaLastOrg)
	if err != nil {
		return 0, err
	}
	num := directory.OrgNum(n)
	return num, t.put(bOrganization, []byte(name), appendNum(nil, num))
}

func (t *tx) PutConnection(org directory.OrgNum, name string) (directory.ConnNum, error) {
	if err := t.checkName("connection", name); err != nil {
		return 0, err
	}
	if row := t.get(bConnection, []byte(name)); row != nil {
		known := readConnection(row)
		if known.Org != org {
			return 0, store.ErrExists
		}
		return known.Num, nil
	}
	n, err := t.nextNumber(metaLastConn)
	if err != nil {
		return 0, err
	}
	num := directory.ConnNum(n)
	return num, t.put(bConnection, []byte(name), appendNum(appendNum(nil, num), org))
}

// longestName is far above what a configuration file may say, and below what a key can hold.
const longestName = 1024

func (t *tx) checkName(kind, name string) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	if name == "" || len(name) > longestName {
		return directory.Errorf(directory.Invalid, "The name of a %s has 1 to %d bytes.", kind, longestName)
	}
	return nil
}

// nextNumber counts up a setting.
func (t *tx) nextNumber(setting string) (uint64, error) {
	n, err := readSetting(t.get(bMeta, []byte(setting)))
	if err != nil {
		return 0, err
	}
	return n + 1, t.put(bMeta, []byte(setting), appendSeq(nil, n+1))
}

func (t *tx) Snapshot() uint64 {
	if t.writable {
		return 0
	}
	return uint64(t.bolt.ID()) //nolint:gosec // bolt counts from 1 on
}

func (t *tx) Epoch() (uint64, error) { return readSetting(t.get(bMeta, []byte(metaEpoch))) }

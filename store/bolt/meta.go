package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"

	bbolt "go.etcd.io/bbolt"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// format is the format of the files that this program writes. It grows with every change that an older program would
// misread; ladder then gets a step.
const format = 7

// The settings in the meta bucket. Numbers are 8 bytes.
const (
	metaFormat   = "format"
	metaEpoch    = "epoch"
	metaCreator  = "created_by" // the version of usher that created the file
	metaLastOrg  = "last_organization"
	metaLastConn = "last_connection"
	metaProbe    = "probe" // what Check writes
)

// firstEpoch is the epoch of a new store; Restore counts up.
const firstEpoch = 1

func readSetting(row []byte) (uint64, error) {
	switch len(row) {
	case 0:
		return 0, nil
	case 8:
		return binary.BigEndian.Uint64(row), nil
	}
	return 0, errors.New("store: a setting is damaged")
}

// create makes the buckets of a new store.
func create(b *bbolt.Tx, creator string) error {
	for i := range buckets {
		if _, err := b.CreateBucketIfNotExists([]byte(i.tree())); err != nil {
			return fmt.Errorf("store: create %s: %w", i, err)
		}
	}
	meta := b.Bucket([]byte(bMeta.String()))
	return errors.Join(
		meta.Put([]byte(metaFormat), appendSeq(nil, format)),
		meta.Put([]byte(metaEpoch), appendSeq(nil, firstEpoch)),
		meta.Put([]byte(metaCreator), []byte(creator)),
	)
}

// errNotStore says that a file is something else.
func errNotStore(path string, cause error) error {
	return &directory.Error{
		Kind:    directory.Invalid,
		Message: fmt.Sprintf("%s is not a store of usher, or it is damaged.", path),
		Err:     cause,
	}
}

// formatOf returns the format of a file, and 0 for an empty one.
func formatOf(b *bbolt.Tx, path string) (uint64, error) {
	meta := b.Bucket([]byte(bMeta.String()))
	if meta == nil {
		if k, _ := b.Cursor().First(); k != nil {
			return 0, errNotStore(path, errors.New("there is no meta bucket"))
		}
		return 0, nil
	}
	f, err := readSetting(meta.Get([]byte(metaFormat)))
	if err == nil && f == 0 {
		err = errors.New("there is no format")
	}
	if err != nil {
		return 0, errNotStore(path, err)
	}
	return f, nil
}

// isPresent makes sure that a file has the format of this program, or is empty.
func isPresent(b *bbolt.Tx, path string) error {
	f, err := formatOf(b, path)
	switch {
	case err != nil:
		return err
	case f > format:
		return errNewer(f, format)
	case f != 0 && f < format:
		return errOlder(f, format)
	}
	return nil
}

// errNewer says that a file was written by a later program.
func errNewer(f, reads uint64) error {
	return directory.Errorf(directory.Precondition,
		"This store was written by a newer usher (format %d; this program reads up to %d). Install that version or a later one.", f, reads)
}

// errOlder says that a file has to be migrated.
func errOlder(f, reads uint64) error {
	return &directory.Error{
		Kind: directory.Precondition,
		Message: fmt.Sprintf(
			"This store was written by an older usher (format %d; this program uses %d). Starting \"usher serve\" once brings it up to date.", f, reads),
		Err: store.ErrOldSchema,
	}
}

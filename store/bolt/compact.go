package bolt

import (
	"errors"
	"fmt"
	"os"

	bbolt "go.etcd.io/bbolt"
)

// compactStep is how many bytes of rows compaction writes in one transaction.
const compactStep = 16 << 20

// Compact rewrites the store at path without the pages that deleted rows have left, and returns its size before and
// after. It fails with store.ErrLocked while a process has the store open, and with a *directory.Error when the store is
// of another format than this program's.
func Compact(path string) (before, after int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, fmt.Errorf("store: %w", err)
	}
	from, err := openBolt(path, Options{}, 0)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	err = from.View(func(b *bbolt.Tx) error { return isPresent(b, path) })
	if err != nil {
		return 0, 0, err
	}
	temp, err := tempBeside(path, ".compact")
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	if err := temp.Close(); err != nil {
		return 0, 0, fileError(err)
	}
	if after, err = copyCompact(temp.Name(), from); err != nil {
		return 0, 0, fileError(err)
	}
	// The lock on the old file is held until the new one is in its place; whoever waits for it sees that it was replaced.
	if err := moveInto(temp.Name(), path); err != nil {
		return 0, 0, err
	}
	return info.Size(), after, nil
}

func copyCompact(path string, from *bbolt.DB) (size int64, err error) {
	to, err := openBolt(path, Options{noSync: true}, 0) // moveInto syncs it once, at the end
	if err != nil {
		return 0, err
	}
	err = bbolt.Compact(to, from, compactStep)
	if err := errors.Join(err, to.Close()); err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

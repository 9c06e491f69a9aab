package bolt

import (
	"errors"
	"fmt"
	"os"
	"time"

	bbolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// mapped is how much address space the file is given. Bolt maps a file that outgrows its map anew, and waits for every
// open reader to do so; the address space costs nothing, and no store comes near it.
const mapped = 64 << 30

// Open opens a store, creating it when there is no file. It fails with store.ErrLocked when another process has the file
// open, with store.ErrOldSchema when the file has to be migrated, and with a *directory.Error that says so when a newer
// usher wrote it.
func Open(path string, opts Options) (*Store, error) {
	return openFormat(path, opts, formats())
}

func openFormat(path string, opts Options, l ladder) (*Store, error) {
	db, err := openBolt(path, opts, mapped)
	if err != nil {
		return nil, err
	}
	if err := prepare(db, path, opts, l); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return start(db, opts), nil
}

// pageSize is the size of a new file's pages, in bytes: twice bolt's own, so that a lone push writes fewer of them.
const pageSize = 8 << 10

// openBolt locks and opens a file.
func openBolt(path string, opts Options, mapSize int) (*bbolt.DB, error) {
	open := opts.openFile
	if open == nil {
		open = os.OpenFile
	}
	deadline := time.Now().Add(opts.LockTimeout)
	for {
		var file *os.File
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout:         max(time.Until(deadline), time.Nanosecond), // 0 would wait forever
			FreelistType:    bbolt.FreelistMapType,
			PageSize:        pageSize,
			InitialMmapSize: mapSize,
			NoStatistics:    true,
			NoSync:          opts.noSync,
			OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
				if f, err = open(name, flag, mode); err != nil {
					return nil, err
				}
				if err := checkLength(f, path); err != nil {
					return nil, errors.Join(err, f.Close())
				}
				file = f
				return f, nil
			},
		})
		if err != nil {
			return nil, openError(path, err)
		}
		same, err := isAt(file, path)
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		if same {
			return db, nil
		}
		// Compact or Restore put another file in its place while this one was being waited for.
		if err := db.Close(); err != nil {
			return nil, fmt.Errorf("store: close %s: %w", path, err)
		}
	}
}

// isAt reports whether an open file is the one that a path leads to.
func isAt(f *os.File, path string) (bool, error) {
	open, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("store: %w", err)
	}
	there, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store: %w", err)
	}
	return os.SameFile(open, there), nil
}

func openError(path string, err error) error {
	var public *directory.Error
	switch {
	case errors.As(err, &public):
		return public
	case errors.Is(err, berrors.ErrTimeout):
		return &directory.Error{
			Kind:    directory.Unavailable,
			Message: fmt.Sprintf("Another process has %s open.", path),
			Err:     store.ErrLocked,
		}
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return errNotStore(path, err)
	case isFull(err):
		return errFull(err)
	}
	return fmt.Errorf("store: open %s: %w", path, err)
}

// prepare makes a new file a store, and brings an old one to the present format.
func prepare(db *bbolt.DB, path string, opts Options, l ladder) error {
	var f uint64
	err := db.View(func(b *bbolt.Tx) (err error) {
		f, err = formatOf(b, path)
		return err
	})
	switch {
	case err != nil:
		return err
	case f == 0:
		if err := db.Update(func(b *bbolt.Tx) error { return create(b, opts.Creator) }); err != nil {
			return openError(path, err)
		}
		return syncDir(path)
	case f > l.top:
		return errNewer(f, l.top)
	case f < l.top && !opts.Migrate:
		return errOlder(f, l.top)
	}
	return l.climb(db, f)
}

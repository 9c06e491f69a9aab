package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	bbolt "go.etcd.io/bbolt"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Restore makes a store at path of a backup. The backup is copied beside it, examined from end to end, given a later
// epoch, and put in its place in one step: a backup that is cut short or damaged leaves everything as it was. A store
// that is there already is replaced only with overwrite, and only while no process has it open (store.ErrLocked).
func Restore(ctx context.Context, from io.Reader, path string, overwrite bool) (err error) {
	epoch, unlock, err := claim(path, overwrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	temp, err := tempBeside(path, ".restore")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	_, err = io.Copy(temp, &boundReader{ctx: ctx, from: from})
	if err = errors.Join(err, temp.Close()); err != nil {
		return fileError(err)
	}
	if err := examine(temp.Name(), epoch); err != nil {
		return err
	}
	return moveInto(temp.Name(), path)
}

// claim makes sure that path may be written: that there is nothing, or that what there is may be replaced and is nobody's.
// It returns the epoch of what there is, and how to let go of it.
func claim(path string, overwrite bool) (epoch uint64, unlock func() error, err error) {
	nothing := func() error { return nil }
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return 0, nothing, nil
	} else if err != nil {
		return 0, nil, fmt.Errorf("store: %w", err)
	}
	if !overwrite {
		return 0, nil, &directory.Error{
			Kind:    directory.Conflict,
			Message: fmt.Sprintf("There is a store at %s already. Move it away, or say that it may be overwritten.", path),
			Err:     store.ErrExists,
		}
	}
	db, err := openBolt(path, Options{}, 0)
	switch {
	case errors.Is(err, store.ErrLocked):
		return 0, nil, err
	case err != nil:
		return 0, nothing, nil // not a store that a process could have open: that is why a backup is restored
	}
	err = db.View(func(b *bbolt.Tx) (err error) {
		epoch, err = epochOf(b)
		return err
	})
	if err != nil {
		epoch = 0
	}
	return epoch, db.Close, nil
}

func epochOf(b *bbolt.Tx) (uint64, error) {
	meta := b.Bucket([]byte(bMeta.String()))
	if meta == nil {
		return 0, nil
	}
	return readSetting(meta.Get([]byte(metaEpoch)))
}

// examine checks a copied backup and gives it an epoch later than its own and than another.
func examine(path string, later uint64) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // reading a map behind the end of its file is a fault
	defer func() {
		if v := recover(); v != nil {
			err = errDamaged(fmt.Errorf("%v", v))
		}
	}()
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if info.Size() == 0 {
		return errDamaged(io.ErrUnexpectedEOF)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		return errDamaged(err)
	}
	err = db.View(func(b *bbolt.Tx) error { return inspect(b, info.Size()) })
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return raiseEpoch(path, later)
}

// inspect reads a whole file: first row by row, in this goroutine, so that damage which makes bolt panic can be caught;
// then with bolt's own check of every page.
func inspect(b *bbolt.Tx, size int64) error {
	if b.Size() > size {
		return errDamaged(io.ErrUnexpectedEOF)
	}
	f, err := formatOf(b, "The backup")
	switch {
	case err != nil:
		return err
	case f == 0:
		return errDamaged(errors.New("it is empty"))
	case f > format:
		return errNewer(f, format)
	}
	err = b.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
		return bucket.ForEach(func(_, _ []byte) error { return nil })
	})
	if err != nil {
		return errDamaged(err)
	}
	var damage error
	for err := range b.Check() {
		damage = err // the last of them is as good as any; the channel has to be read to its end
	}
	if damage != nil {
		return errDamaged(damage)
	}
	return nil
}

func errDamaged(cause error) error {
	return &directory.Error{
		Kind:    directory.Invalid,
		Message: "The backup is cut short or damaged, or it is not one of usher's. Nothing was changed.",
		Err:     cause,
	}
}

func raiseEpoch(path string, later uint64) error {
	db, err := openBolt(path, Options{}, 0)
	if err != nil {
		return err
	}
	err = db.Update(func(b *bbolt.Tx) error {
		own, err := epochOf(b)
		if err != nil {
			return err
		}
		return b.Bucket([]byte(bMeta.String())).Put([]byte(metaEpoch), appendSeq(nil, max(own, later)+1))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return fileError(err)
	}
	return nil
}

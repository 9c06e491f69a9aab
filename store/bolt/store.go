package bolt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"

	bbolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/mixus/usher/store"
)

// Store is a store in one file. Its methods may be called by many goroutines.
type Store struct {
	db      *bbolt.DB
	path    string
	opts    Options
	queue   queue
	writing sync.Mutex  // held by who commits: the committer, or an update alone
	alone   atomic.Bool // the last commit had no company
	orders  orders
	writer  tx // the committer's
	readers sync.Pool
	durable atomic.Uint64         // the number of the last transaction
	broken  atomic.Pointer[error] // why nothing can be written any more
	stopped chan struct{}         // closed when the committer has ended
}

var _ store.Store = (*Store)(nil)

func start(db *bbolt.DB, opts Options) *Store {
	s := &Store{db: db, path: db.Path(), opts: opts, stopped: make(chan struct{})}
	s.queue.wake = make(chan struct{}, 1)
	s.writer.orders = &s.orders
	s.readers.New = func() any { return &tx{orders: &s.orders} }
	if id := s.last(); id > 0 && id < math.MaxInt {
		s.durable.Store(uint64(id))
	}
	go s.commitAll()
	return s
}

// Snapshot returns the number of the last transaction, as Tx.Snapshot does.
func (s *Store) Snapshot() uint64 { return s.durable.Load() }

// View runs fn on a consistent snapshot.
func (s *Store) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := s.db.Begin(false)
	if err != nil {
		return beginError(err)
	}
	t := s.readers.Get().(*tx)
	t.begin(b)
	defer func() {
		t.end()
		s.readers.Put(t)
		_ = b.Rollback() // of a reader it cannot fail
	}()
	return fn(t)
}

func beginError(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return errClosed()
	}
	return fmt.Errorf("store: begin: %w", err)
}

// Update runs fn in a transaction that it may share with other updates, and returns once that is durable.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{ctx: ctx, fn: fn, done: make(chan struct{})}
	if s.commitAlone(u) {
		return u.err
	}
	if !s.queue.add(u) {
		return errClosed()
	}
	select {
	case <-u.done:
	case <-ctx.Done():
		if u.cancel() {
			return ctx.Err()
		}
		<-u.done
	}
	return u.err
}

// Check writes a file beside the store, which a full disk refuses, and makes a durable update. It returns what came of it.
func (s *Store) Check(ctx context.Context) error {
	err := s.Update(ctx, func(t store.Tx) error {
		w := t.(*tx)
		n, err := readSetting(w.get(bMeta, []byte(metaProbe)))
		if err != nil {
			return err
		}
		return w.put(bMeta, []byte(metaProbe), appendSeq(nil, n+1))
	})
	if err != nil {
		return err
	}
	return s.probeDisk()
}

// probeSize is more than a push needs, so that the check fails before pushes do.
const probeSize = 256 << 10

// probeDisk finds out whether there is room. An update alone would not: it is content with pages that others have freed.
func (s *Store) probeDisk() error {
	f, err := tempBeside(s.path, ".probe")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, probeSize))
	if err := errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name())); err != nil {
		return fileError(err)
	}
	return nil
}

// Close lets the updates that wait finish, and closes the file. Closing twice is closing once.
func (s *Store) Close() error {
	s.queue.close()
	<-s.stopped
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

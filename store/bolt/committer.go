package bolt

import (
	"fmt"
	"runtime"
	"time"

	bbolt "go.etcd.io/bbolt"
)

// batchMost is how many updates share a transaction at most: enough to make the disk's share of each small, few enough
// that the first of them does not wait long for the last.
const batchMost = 256

// commitAll is the committer: it takes what waits, commits it, and starts over, until the queue is closed and empty.
func (s *Store) commitAll() {
	ended := false
	defer func() {
		if ended {
			close(s.stopped)
		} else {
			go s.commitAll() // a function ended this goroutine; the batch was finished all the same
		}
	}()
	for {
		list, open := s.queue.take(batchMost)
		if len(list) == 0 {
			if !open {
				ended = true
				return
			}
			<-s.queue.wake
			continue
		}
		n := s.commitQueued(list)
		s.alone.Store(n == 1)
		if n > 1 {
			// Those who just got their answers and come right back share the next commit, instead of the one after.
			runtime.Gosched()
		}
	}
}

// batch is the updates that share a transaction.
type batch struct {
	store   *Store
	bolt    *bbolt.Tx
	members []*update
	errs    []error // what each member's function returned
	wrote   bool
	failed  error // the transaction as a whole can no longer be committed
}

// commitAlone commits an update in its caller's goroutine when nobody else writes and nobody else did last time: a lone
// writer is spared two changes of goroutine. It reports false when there may be company, with which to share a commit.
func (s *Store) commitAlone(u *update) bool {
	if !s.alone.Load() || !s.writing.TryLock() {
		return false
	}
	defer s.writing.Unlock()
	if s.queue.busy() {
		return false
	}
	b := s.begin()
	defer b.finish()
	b.run(u)
	return true
}

// begin begins the transaction of a batch.
func (s *Store) begin() *batch {
	b := &batch{store: s}
	if why := s.broken.Load(); why != nil {
		b.failed = *why
		return b
	}
	if b.bolt, b.failed = s.db.Begin(true); b.failed == nil {
		s.writer.begin(b.bolt)
		b.failed = s.writer.findLastSeq()
	} else {
		b.failed = beginError(b.failed)
	}
	return b
}

// commitQueued runs updates, and those that come in the meantime, in one transaction. It returns how many there were.
func (s *Store) commitQueued(list []*update) int {
	s.writing.Lock()
	defer s.writing.Unlock()
	b := s.begin()
	defer func() {
		b.finish()
		s.queue.putBack(list) // nothing, unless a function ended this goroutine
	}()
	for len(list) > 0 {
		u := list[0]
		list = list[1:]
		b.run(u)
		if len(list) == 0 {
			list, _ = s.queue.take(batchMost - len(b.members))
		}
	}
	return len(b.members)
}

// run runs one update's function, and undoes what it did when it fails.
func (b *batch) run(u *update) {
	if !u.takeUp() {
		return
	}
	if err := u.ctx.Err(); err != nil {
		u.answer(err)
		return
	}
	at := len(b.members)
	b.members = append(b.members, u)
	b.errs = append(b.errs, nil)
	if b.failed != nil {
		return
	}
	t := &b.store.writer
	m := t.mark()
	returned := false
	defer func() {
		if v := recover(); v != nil {
			b.errs[at] = errPanic(v)
		} else if !returned {
			b.errs[at] = errExit()
		}
		if b.errs[at] == nil {
			b.wrote = b.wrote || t.wrote()
			return
		}
		if err := t.undoTo(m); err != nil {
			b.failed = err
		}
	}()
	b.errs[at] = u.fn(t)
	returned = true
}

// finish commits the batch and answers everybody in it.
func (b *batch) finish() {
	err := b.end()
	for i, u := range b.members {
		if err != nil {
			u.answer(err)
		} else {
			u.answer(b.errs[i])
		}
	}
}

// end ends the transaction. Its error is everybody's: also an update that failed by itself may have done so because of
// what it saw of the others.
func (b *batch) end() error {
	s := b.store
	if b.bolt == nil {
		return b.failed
	}
	defer s.writer.end()
	if b.failed != nil || !b.wrote {
		s.writer.seqRead = s.writer.seqRead && b.failed == nil
		_ = b.bolt.Rollback() // of a transaction that is open it cannot fail
		return b.failed
	}
	s.orders.advance(s.writer.changes)
	begun := time.Now()
	if s.opts.CommitDelay > 0 {
		time.Sleep(s.opts.CommitDelay)
	}
	if err := s.durably(b.bolt); err != nil {
		s.orders.forget()
		s.writer.seqRead = false
		return err
	}
	if s.opts.Observe != nil {
		s.opts.Observe(len(b.members), time.Since(begun))
	}
	return nil
}

// durably commits a transaction. When there was no room, and the file shows that nothing was committed, the store goes on;
// otherwise nobody can know what is durable, and it does not.
func (s *Store) durably(b *bbolt.Tx) error {
	id := b.ID()
	err := commitBolt(b)
	if err == nil {
		s.durable.Store(uint64(id)) //nolint:gosec // bolt counts from 1 on
		return nil
	}
	if isFull(err) && s.last() < id {
		return errFull(err)
	}
	why := errBroken(err)
	s.broken.Store(&why)
	if s.opts.Fatal != nil {
		s.opts.Fatal(fmt.Errorf("store: commit: %w", err))
	}
	return why
}

// commitBolt commits, and reports a panic of bolt's as an error: it is no better informed than one.
func commitBolt(b *bbolt.Tx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errPanic(v)
		}
	}()
	return b.Commit()
}

// last returns the number of the last transaction that readers see, and the highest there is when it cannot be known.
func (s *Store) last() int {
	b, err := s.db.Begin(false)
	if err != nil {
		return int(^uint(0) >> 1)
	}
	defer func() { _ = b.Rollback() }() // of a reader it cannot fail
	return b.ID()
}

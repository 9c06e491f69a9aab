package bolt

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mixus/usher/store"
)

// update is one caller's function on its way through the committer.
type update struct {
	ctx   context.Context
	fn    func(store.Tx) error
	state atomic.Uint32
	err   error         // set before done is closed
	done  chan struct{} // closed when the outcome is known
}

// The states of an update. It waits until either the committer takes it up or its caller gives up.
const (
	waiting = iota
	takenUp
	givenUp
)

func (u *update) takeUp() bool { return u.state.CompareAndSwap(waiting, takenUp) }
func (u *update) cancel() bool { return u.state.CompareAndSwap(waiting, givenUp) }

// answer tells the caller the outcome.
func (u *update) answer(err error) {
	u.err = err
	close(u.done)
}

// queue holds the updates that wait. It has no bound of its own: every update in it has a goroutine waiting for it.
type queue struct {
	mu     sync.Mutex
	list   []*update
	spare  []*update // what take returned last, for reuse
	closed bool
	wake   chan struct{} // gets a value when there is something to do
}

// add appends an update, and reports false when the queue is closed.
func (q *queue) add(u *update) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.list = append(q.list, u)
	first := len(q.list) == 1
	q.mu.Unlock()
	if first {
		q.nudge()
	}
	return true
}

// busy reports whether anybody waits, or nobody may any more.
func (q *queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed || len(q.list) > 0
}

func (q *queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns up to limit updates, oldest first, and whether any can still come. The result is valid until the next call.
func (q *queue) take(limit int) (list []*update, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.spare)
	if len(q.list) <= limit {
		q.list, q.spare = q.spare[:0], q.list
		return q.spare, !q.closed
	}
	q.spare = append(q.spare[:0], q.list[:limit]...)
	rest := copy(q.list, q.list[limit:])
	clear(q.list[rest:])
	q.list = q.list[:rest]
	return q.spare, true
}

// putBack returns updates that were taken and not taken up to the head of the queue.
func (q *queue) putBack(list []*update) {
	if len(list) == 0 {
		return
	}
	q.mu.Lock()
	q.list = append(slices.Clone(list), q.list...)
	q.mu.Unlock()
	q.nudge()
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.nudge()
}

package bolt

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func testID(n int) directory.ID {
	return directory.ID{0: 1, 3: byte(n >> 16), 4: byte(n >> 8), 5: byte(n), 6: 0x70, 8: 0x80}
}

// putOne returns an update that writes one small user.
func putOne(n int) func(store.Tx) error {
	return func(t store.Tx) error { return t.PutUsers([]*directory.User{{ID: testID(n), Conn: 1}}) }
}

func countUsers(t testing.TB, s *Store) int {
	t.Helper()
	var n int
	err := s.View(t.Context(), func(tx store.Tx) (err error) {
		n, err = tx.CountUsers(1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWritersShareCommits(t *testing.T) {
	const writers, each = 16, 20
	var commits, updates atomic.Int64
	s := openTemp(t, Options{
		CommitDelay: 5 * time.Millisecond,
		Observe: func(batch int, took time.Duration) {
			commits.Add(1)
			updates.Add(int64(batch))
			if took < 5*time.Millisecond {
				t.Errorf("a commit delayed by 5ms took %v", took)
			}
		},
	})
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range each {
				if err := s.Update(t.Context(), putOne(w*each+i)); err != nil {
					t.Errorf("update: %v", err)
				}
			}
		})
	}
	wait.Wait()
	if n := countUsers(t, s); n != writers*each {
		t.Errorf("%d users are kept, want %d", n, writers*each)
	}
	if updates.Load() != writers*each {
		t.Errorf("%d updates were observed, want %d", updates.Load(), writers*each)
	}
	if most := int64(writers * each / 4); commits.Load() > most {
		t.Errorf("%d writes took %d commits, want at most %d", writers*each, commits.Load(), most)
	}
	t.Logf("%d writes took %d commits", writers*each, commits.Load())
}

func TestALoneWriteWaitsForNobody(t *testing.T) {
	s := openTemp(t, Options{})
	plain, lone := time.Hour, time.Hour // the quickest of several: the machine may be busy
	for n := range 40 {
		begun := time.Now()
		b, err := s.db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Bucket([]byte("meta")).Put([]byte("probe"), appendSeq(nil, uint64(n))); err != nil {
			t.Fatal(err)
		}
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
		plain = min(plain, time.Since(begun))
		begun = time.Now()
		if err := s.Update(t.Context(), putOne(n)); err != nil {
			t.Fatal(err)
		}
		lone = min(lone, time.Since(begun))
	}
	if lone > plain+time.Millisecond {
		t.Errorf("a lone update takes %v, a bolt commit %v", lone, plain)
	}
}

// together commits updates in one batch, and returns their errors.
func together(t *testing.T, s *Store, fns ...func(store.Tx) error) []error {
	t.Helper()
	var list []*update
	for _, fn := range fns {
		list = append(list, &update{ctx: t.Context(), fn: fn, done: make(chan struct{})})
	}
	done := make(chan struct{})
	go func() { // a function may end the goroutine
		defer close(done)
		s.commitQueued(list)
	}()
	<-done
	var errs []error
	for _, u := range list {
		<-u.done
		errs = append(errs, u.err)
	}
	return errs
}

func TestAFailureDoesNotTouchTheOthersOfItsBatch(t *testing.T) {
	refused := errors.New("refused")
	var commits int
	s := openTemp(t, Options{Observe: func(int, time.Duration) { commits++ }})
	runs := 0
	errs := together(t, s,
		func(tx store.Tx) error { runs++; return putOne(1)(tx) },
		func(tx store.Tx) error {
			return errors.Join(putOne(2)(tx), tx.DeleteUsers(1, []directory.ID{testID(1)}), refused)
		},
		func(tx store.Tx) error {
			if err := putOne(3)(tx); err != nil {
				return err
			}
			panic("out of order")
		},
		putOne(4),
		func(tx store.Tx) error {
			if err := putOne(5)(tx); err != nil {
				return err
			}
			runtime.Goexit()
			return nil
		},
		putOne(6),
	)
	if errs[0] != nil || errs[3] != nil || errs[5] != nil {
		t.Errorf("sound updates returned %v, %v and %v", errs[0], errs[3], errs[5])
	}
	if !errors.Is(errs[1], refused) {
		t.Errorf("a failing update returned %v, want its own error", errs[1])
	}
	for _, i := range []int{2, 4} {
		if errs[i] == nil || directory.KindOf(errs[i]) != directory.Internal {
			t.Errorf("update %d returned %v, want an internal error", i, errs[i])
		}
	}
	if runs != 1 {
		t.Errorf("a sound function ran %d times", runs)
	}
	var kept []*directory.User
	err := s.View(t.Context(), func(tx store.Tx) (err error) {
		kept, err = tx.ListUsers(1, store.Page{Limit: 10})
		return err
	})
	if err != nil || len(kept) != 3 || kept[0].ID != testID(1) || kept[1].ID != testID(4) || kept[2].ID != testID(6) {
		t.Errorf("kept %v (%v), want users 1, 4 and 6", kept, err)
	}
	if commits != 2 {
		t.Errorf("%d commits, want one, and one for the update after the goroutine ended", commits)
	}
}

func TestTheStackOfAPanicIsInTheCauseOnly(t *testing.T) {
	s := openTemp(t, Options{})
	err := s.Update(t.Context(), func(store.Tx) error { return explode() })
	var public *directory.Error
	if !errors.As(err, &public) || public.Kind != directory.Internal {
		t.Fatalf("Update returned %v, want an internal error", err)
	}
	if public.Err == nil || !containsAll(public.Err.Error(), "kaboom", "explode") {
		t.Errorf("the cause is %v, want the panic and its stack", public.Err)
	}
	if containsAll(public.Message, "kaboom") {
		t.Errorf("the public sentence gives the panic away: %s", public.Message)
	}
}

func explode() error { panic("kaboom") }

func TestAFunctionThatEndsItsGoroutineDoesNotEndTheStore(t *testing.T) {
	s := openTemp(t, Options{})
	if err := s.Update(t.Context(), func(store.Tx) error { runtime.Goexit(); return nil }); err == nil {
		t.Error("Update returned nil")
	}
	if err := s.Update(t.Context(), putOne(1)); err != nil {
		t.Errorf("the next update: %v", err)
	}
}

func TestAWaitingUpdateCanBeCancelled(t *testing.T) {
	s := openTemp(t, Options{})
	inside, release := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- s.Update(t.Context(), func(tx store.Tx) error {
			close(inside)
			<-release
			return putOne(1)(tx)
		})
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() { second <- s.Update(ctx, putOne(2)) }()
	time.Sleep(10 * time.Millisecond)
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("an update cancelled while it waited returned %v", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("the update before it: %v", err)
	}
	if n := countUsers(t, s); n != 1 {
		t.Errorf("%d users are kept, want the first only", n)
	}
}

func TestCloseWaitsForUpdates(t *testing.T) {
	s := openTemp(t, Options{CommitDelay: 20 * time.Millisecond})
	const writers = 8
	var wait sync.WaitGroup
	var kept atomic.Int64
	for n := range writers {
		wait.Go(func() {
			switch err := s.Update(t.Context(), putOne(n)); {
			case err == nil:
				kept.Add(1)
			case !errors.Is(err, store.ErrClosed):
				t.Errorf("update: %v", err)
			}
		})
	}
	time.Sleep(10 * time.Millisecond)
	path := s.path
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wait.Wait()
	if n := countUsers(t, openAt(t, path, Options{})); n != int(kept.Load()) || n == 0 {
		t.Errorf("%d users are kept, %d were acknowledged", n, kept.Load())
	}
}

func TestAnUpdateThatChangesNothingCommitsNothing(t *testing.T) {
	commits := 0
	s := openTemp(t, Options{Observe: func(int, time.Duration) { commits++ }})
	for range 3 {
		if err := s.Update(t.Context(), putOne(1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Update(t.Context(), func(store.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if commits != 1 {
		t.Errorf("%d commits, want 1", commits)
	}
}

func TestASlowReaderDoesNotStallWriters(t *testing.T) {
	s := openTemp(t, Options{})
	if err := s.Update(t.Context(), putOne(0)); err != nil {
		t.Fatal(err)
	}
	inside, release, read := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		read <- s.View(t.Context(), func(tx store.Tx) error {
			close(inside)
			<-release
			n, err := tx.CountUsers(1)
			if n != 1 {
				t.Errorf("the slow reader sees %d users, want the one of its snapshot", n)
			}
			return err
		})
	}()
	<-inside
	// Each of these grows the file, some beyond the size at which bolt would map a small file anew.
	body := make([]byte, 8<<20)
	for n := 1; n <= 10; n++ {
		begun := time.Now()
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return tx.PutUsers([]*directory.User{{ID: testID(n), Conn: 1, Body: body}})
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Fatalf("an update beside a reader took %v", took)
		}
	}
	close(release)
	if err := <-read; err != nil {
		t.Error(err)
	}
}

func TestABatchIsBound(t *testing.T) {
	const writers = 2*batchMost + 50
	var largest int
	s := openTemp(t, Options{Observe: func(batch int, _ time.Duration) { largest = max(largest, batch) }})
	inside, release := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		err := s.Update(t.Context(), func(store.Tx) error {
			close(inside)
			<-release
			return nil
		})
		if err != nil {
			t.Errorf("update: %v", err)
		}
	})
	<-inside
	for n := range writers {
		wait.Go(func() {
			if err := s.Update(t.Context(), putOne(n)); err != nil {
				t.Errorf("update: %v", err)
			}
		})
	}
	for waiting := 0; waiting < writers; time.Sleep(time.Millisecond) {
		s.queue.mu.Lock()
		waiting = len(s.queue.list)
		s.queue.mu.Unlock()
	}
	close(release)
	wait.Wait()
	if n := countUsers(t, s); n != writers {
		t.Errorf("%d users are kept, want %d", n, writers)
	}
	if largest != batchMost {
		t.Errorf("the largest batch had %d updates, want %d", largest, batchMost)
	}
}

package bolt

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/storetest"
)

func containsAll(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

// fileLimit stands in for a small disk: it fails the same system calls.
const fileLimit = 18 << 20

// smallDisk returns a directory that has room for a few megabytes, and a function that gives it more. Where the test may
// not mount one, the limit on the size of a file takes its place.
func smallDisk(t *testing.T) (dir string, mounted bool, more func()) {
	t.Helper()
	dir, more, mounted = storetest.SmallDisk(t)
	if !mounted {
		more = storetest.LimitFiles(t, fileLimit)
	}
	return dir, mounted, more
}

// fill puts users until the disk is full, and returns how many were acknowledged.
func fill(t *testing.T, s *Store, from int) int {
	t.Helper()
	body := make([]byte, 30<<10)
	for n := from; n < from+10_000; n++ {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return tx.PutUsers([]*directory.User{{ID: testID(n), Conn: 1, Body: body}})
		})
		if errors.Is(err, store.ErrFull) {
			if directory.KindOf(err) != directory.Unavailable {
				t.Errorf("a full disk is %v, want it to be unavailable", directory.KindOf(err))
			}
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the disk does not become full")
	return 0
}

func testFullDisk(t *testing.T, dir string, mounted bool, more func()) {
	path := filepath.Join(dir, "usher.db")
	s := openAt(t, path, Options{Fatal: func(err error) { t.Errorf("a full disk is fatal: %v", err) }})
	kept := fill(t, s, 0)
	for range 20 { // again and again: every failure gives back what it took
		kept = fill(t, s, kept)
	}
	if n := countUsers(t, s); n != kept || kept == 0 {
		t.Errorf("%d users on the full disk, %d were acknowledged", n, kept)
	}
	if mounted {
		if err := s.Check(t.Context()); !errors.Is(err, store.ErrFull) {
			t.Errorf("Check on a full disk returned %v, want ErrFull", err)
		}
	}
	refused := errors.New("refused")
	errs := together(t, s, putLarge(kept), func(store.Tx) error { return refused })
	for _, err := range errs {
		if !errors.Is(err, store.ErrFull) {
			t.Errorf("an update of a batch that met a full disk returned %v, want ErrFull", err)
		}
	}
	more()
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check with room again: %v", err)
	}
	for n := kept; n < kept+20; n++ {
		if err := s.Update(t.Context(), putLarge(n)); err != nil {
			t.Fatalf("an update with room again: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	reopened := openAt(t, path, Options{})
	if n := countUsers(t, reopened); n != kept+20 {
		t.Errorf("%d users after reopening, want %d", n, kept+20)
	}
	checkFile(t, reopened)
}

func putLarge(n int) func(store.Tx) error {
	return func(tx store.Tx) error {
		return tx.PutUsers([]*directory.User{{ID: testID(n), Conn: 1, Body: make([]byte, 500<<10)}})
	}
}

// checkFile has bolt examine every page.
func checkFile(t *testing.T, s *Store) {
	t.Helper()
	b, err := s.db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Rollback() }()
	for err := range b.Check() {
		t.Errorf("damage: %v", err)
	}
}

func TestAFullDiskLosesNothing(t *testing.T) {
	dir, mounted, more := smallDisk(t)
	testFullDisk(t, dir, mounted, more)
}

func TestAFileThatMayNotGrowLosesNothing(t *testing.T) {
	testFullDisk(t, t.TempDir(), false, storetest.LimitFiles(t, fileLimit))
}

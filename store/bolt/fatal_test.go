package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func TestACommitThatFailsOtherwiseIsFatal(t *testing.T) {
	var file *os.File
	var fatal []error
	path := filepath.Join(t.TempDir(), "usher.db")
	s := openAt(t, path, Options{
		Fatal: func(err error) { fatal = append(fatal, err) },
		openFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			f, err = os.OpenFile(name, flag, mode)
			file = f
			return f, err
		},
	})
	if err := s.Update(t.Context(), putOne(1)); err != nil {
		t.Fatal(err)
	}
	// The file underneath turns read-only, as when a disk fails.
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = readOnly.Close() }()
	if err := unix.Dup2(int(readOnly.Fd()), int(file.Fd())); err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), putOne(2))
	if err == nil || errors.Is(err, store.ErrFull) || directory.KindOf(err) != directory.Internal {
		t.Errorf("the update returned %v, want an internal error", err)
	}
	if len(fatal) != 1 {
		t.Errorf("Fatal was called %d times", len(fatal))
	}
	if err := s.Update(t.Context(), putOne(3)); err == nil {
		t.Error("the next update succeeded")
	}
	if err := s.Check(t.Context()); err == nil {
		t.Error("Check finds nothing wrong")
	}
	if len(fatal) != 1 {
		t.Errorf("Fatal was called %d times, want once", len(fatal))
	}
	if n := countUsers(t, s); n != 1 {
		t.Errorf("readers see %d users, want the one that was acknowledged", n)
	}
}

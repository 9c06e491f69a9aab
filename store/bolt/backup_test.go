package bolt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func backupOf(t *testing.T, s *Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Backup(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func epochIn(t *testing.T, s *Store) uint64 {
	t.Helper()
	var epoch uint64
	err := s.View(t.Context(), func(tx store.Tx) (err error) {
		epoch, err = tx.Epoch()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

// onlyFiles checks that nothing temporary was left beside the store.
func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != len(want) {
		t.Errorf("the directory has %v, want %v", names, want)
	}
}

func TestABackupIsRestoredInALaterEpoch(t *testing.T) {
	s := manyUsers(t, 500)
	copied := backupOf(t, s)
	onlyFiles(t, filepath.Dir(s.path), "usher.db")
	path := filepath.Join(t.TempDir(), "restored.db")
	if err := Restore(t.Context(), bytes.NewReader(copied), path, false); err != nil {
		t.Fatal(err)
	}
	onlyFiles(t, filepath.Dir(path), "restored.db")
	r := openAt(t, path, Options{})
	if n := countUsers(t, r); n != 500 {
		t.Errorf("%d users were restored, want 500", n)
	}
	if before, after := epochIn(t, s), epochIn(t, r); after <= before {
		t.Errorf("the epoch was %d, and is %d after the restore", before, after)
	}
	checkFile(t, r)

	// The same backup once more is another epoch once more.
	first := epochIn(t, r)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), bytes.NewReader(copied), path, true); err != nil {
		t.Fatal(err)
	}
	if second := epochIn(t, openAt(t, path, Options{})); second <= first {
		t.Errorf("restored twice, the epochs are %d and %d", first, second)
	}
}

func TestABackupIsOfOneInstantWhileOthersWrite(t *testing.T) {
	s := openTemp(t, Options{})
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			err := s.Update(ctx, func(tx store.Tx) error {
				return errors.Join(putOne(2*n)(tx), putOne(2*n+1)(tx), tx.Append([]*directory.Entry{{Kind: "pair"}}, nil))
			})
			if err != nil {
				written <- err
				return
			}
		}
	}()
	for i := range 5 {
		path := filepath.Join(t.TempDir(), "restored.db")
		if err := Restore(t.Context(), bytes.NewReader(backupOf(t, s)), path, false); err != nil {
			t.Fatal(err)
		}
		r := openAt(t, path, Options{})
		var entries []*directory.Entry
		err := r.View(t.Context(), func(tx store.Tx) (err error) {
			entries, err = tx.ListEntries(0, 100_000, false)
			return err
		})
		if n := countUsers(t, r); err != nil || n != 2*len(entries) {
			t.Errorf("backup %d has %d users and %d entries (%v), want two users for each", i, n, len(entries), err)
		}
	}
	stop()
	if err := <-written; !errors.Is(err, context.Canceled) {
		t.Errorf("the writer: %v", err)
	}
}

// slowWriter takes its first bytes and then waits.
type slowWriter struct{ started, release chan struct{} }

func (w *slowWriter) Write(p []byte) (int, error) {
	select {
	case <-w.started:
	default:
		close(w.started)
	}
	<-w.release
	return len(p), nil
}

func TestASlowReceiverOfABackupHoldsNoSnapshot(t *testing.T) {
	s := openTemp(t, Options{})
	w := &slowWriter{started: make(chan struct{}), release: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		_, err := s.Backup(t.Context(), w)
		done <- err
	}()
	<-w.started
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }() // waits for every open snapshot
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the store cannot be closed while a backup is being sent")
	}
	close(w.release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	s := manyUsers(t, 300)
	good := backupOf(t, s)
	flipped := bytes.Clone(good)
	for i := 5 * 4096; i < len(flipped); i += 4096 {
		copy(flipped[i:], "not the header of a page")
	}
	newer := formatFile(t, format+1)
	for name, c := range map[string]struct {
		backup []byte
		kind   directory.Kind
	}{
		"nothing":                {nil, directory.Invalid},
		"another file":           {bytes.Repeat([]byte("text\n"), 10_000), directory.Invalid},
		"a backup cut short":     {good[:len(good)-9000], directory.Invalid},
		"one cut after its head": {good[:8192], directory.Invalid},
		"damaged pages":          {flipped, directory.Invalid},
		"a newer format":         {newer, directory.Precondition},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "usher.db")
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			err := Restore(t.Context(), bytes.NewReader(c.backup), path, true)
			if directory.KindOf(err) != c.kind || err == nil {
				t.Errorf("Restore returned %v, want it to be %v", err, c.kind)
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, good) {
				t.Errorf("the store that was there has changed (%v)", err)
			}
			onlyFiles(t, filepath.Dir(path), "usher.db")
		})
	}
	t.Run("to overwrite unasked", func(t *testing.T) {
		err := Restore(t.Context(), bytes.NewReader(good), s.path, false)
		if !errors.Is(err, store.ErrExists) || directory.KindOf(err) != directory.Conflict {
			t.Errorf("Restore returned %v, want a conflict", err)
		}
	})
	t.Run("to overwrite what a process has open", func(t *testing.T) {
		if err := Restore(t.Context(), bytes.NewReader(good), s.path, true); !errors.Is(err, store.ErrLocked) {
			t.Errorf("Restore returned %v, want ErrLocked", err)
		}
		if err := s.Update(t.Context(), putOne(1_000)); err != nil {
			t.Errorf("the store in use: %v", err)
		}
	})
	t.Run("under an ended context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		path := filepath.Join(t.TempDir(), "usher.db")
		if err := Restore(ctx, bytes.NewReader(good), path, false); !errors.Is(err, context.Canceled) {
			t.Errorf("Restore returned %v", err)
		}
		onlyFiles(t, filepath.Dir(path))
	})
}

func TestCompactGivesBackWhatDeletionsLeft(t *testing.T) {
	s := manyUsers(t, 5000)
	path := s.path
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for n := range 4900 {
			if err := tx.DeleteUsers(1, []directory.ID{testID(n)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Compact(path); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Compact of a store in use returned %v, want ErrLocked", err)
	}
	epoch := epochIn(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, after, err := Compact(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != after || after*4 > before {
		t.Errorf("compacted from %d to %d, and the file has %v (%v)", before, after, info.Size(), err)
	}
	onlyFiles(t, filepath.Dir(path), "usher.db")
	c := openAt(t, path, Options{})
	if n := countUsers(t, c); n != 100 {
		t.Errorf("%d users are left, want 100", n)
	}
	if got := userAt(t, c, 99); got != testID(4999) {
		t.Errorf("the last is %v", got)
	}
	if now := epochIn(t, c); now != epoch {
		t.Errorf("the epoch went from %d to %d", epoch, now)
	}
	checkFile(t, c)
}

func TestCompactOfSomethingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	if _, _, err := Compact(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Compact of nothing returned %v", err)
	}
	onlyFiles(t, filepath.Dir(path))
	if err := os.WriteFile(path, bytes.Repeat([]byte("text\n"), 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Compact(path); directory.KindOf(err) != directory.Invalid {
		t.Errorf("Compact of a text returned %v, want it to be invalid", err)
	}
}

package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/store/bolt"
)

func TestBackupsAreMadeOnTimeAndTheOldestGo(t *testing.T) {
	dir := t.TempDir()
	s, err := bolt.Open(filepath.Join(dir, "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a test's
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	b := &backups{settings: config.Backup{Directory: filepath.Join(dir, "backups"), Every: time.Hour, Keep: 2}, store: s, now: func() time.Time { return now }}
	if got := b.due(); got != 0 {
		t.Errorf("the first is due in %v", got)
	}
	for range 4 {
		if _, err := b.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	now = now.Add(-20 * time.Minute)
	if got := b.due(); got != 20*time.Minute {
		t.Errorf("the next is due in %v", got)
	}
	if err := os.WriteFile(filepath.Join(b.settings.Directory, "usher-notes.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	names, err := b.existing()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"usher-20261102T110000Z.db", "usher-20261102T120000Z.db"}, names); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	copied, err := bolt.Open(filepath.Join(b.settings.Directory, names[1]), bolt.Options{})
	if err != nil {
		t.Fatalf("the copy is no store: %v", err)
	}
	if err := copied.Close(); err != nil {
		t.Error(err)
	}
}

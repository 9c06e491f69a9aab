package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/store"
)

// Names of scheduled backups sort by time.
const (
	backupPrefix = "usher-"
	backupSuffix = ".db"
	backupTime   = "20060102T150405Z"
)

// backups makes scheduled copies of the store.
type backups struct {
	settings config.Backup
	store    store.Store
	now      func() time.Time
}

// due returns how long it is until the next copy, judged by the copies that there are.
func (b *backups) due() time.Duration {
	names, err := b.existing()
	if err != nil || len(names) == 0 {
		return 0
	}
	newest := strings.TrimSuffix(strings.TrimPrefix(names[len(names)-1], backupPrefix), backupSuffix)
	at, err := time.Parse(backupTime, newest)
	if err != nil {
		return 0
	}
	return max(0, at.Add(b.settings.Every).Sub(b.now()))
}

func (b *backups) existing() ([]string, error) {
	entries, err := os.ReadDir(b.settings.Directory)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), backupPrefix)
		stamp, isStore := strings.CutSuffix(stamp, backupSuffix)
		if _, err := time.Parse(backupTime, stamp); ok && isStore && err == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// make makes a copy, complete or not at all, and removes the oldest beyond those to keep.
func (b *backups) make(ctx context.Context) (path string, err error) {
	if err := os.MkdirAll(b.settings.Directory, 0o700); err != nil {
		return "", fmt.Errorf("app: backup: %w", err)
	}
	path = filepath.Join(b.settings.Directory, backupPrefix+b.now().UTC().Format(backupTime)+backupSuffix)
	file, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", fmt.Errorf("app: backup: %w", err)
	}
	_, err = b.store.Backup(ctx, file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", fmt.Errorf("app: backup: %w", errors.Join(err, os.Remove(path+".part")))
	}
	if err := os.Rename(path+".part", path); err != nil {
		return "", fmt.Errorf("app: backup: %w", err)
	}
	return path, b.prune()
}

func (b *backups) prune() error {
	names, err := b.existing()
	if err != nil || b.settings.Keep <= 0 || len(names) <= b.settings.Keep {
		return err
	}
	for _, name := range names[:len(names)-b.settings.Keep] {
		err = errors.Join(err, os.Remove(filepath.Join(b.settings.Directory, name)))
	}
	return err
}

package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// syncDir makes a file's name durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("store: sync the directory of %s: %w", path, err)
	}
	return nil
}

// tempBeside creates an empty file in the directory of path, readable by nobody else.
func tempBeside(path, suffix string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*"+suffix)
	if err != nil {
		return nil, fileError(err)
	}
	return f, nil
}

// moveInto puts a file that is complete in the place of another, durably.
func moveInto(temp, path string) error {
	f, err := os.OpenFile(temp, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fileError(err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fileError(err)
	}
	return syncDir(path)
}

func fileError(err error) error {
	if isFull(err) {
		return errFull(err)
	}
	return fmt.Errorf("store: %w", err)
}

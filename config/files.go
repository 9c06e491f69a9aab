package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mixus/usher/directory"
)

// readFile reads a file up to one byte more than a configuration file may have, so that the parser refuses a larger
// one with its own words.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, directory.Errorf(directory.Invalid, "it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(f, maxFile+8))
}

// reason says in words why a file cannot be read, without the path that the message names already.
func reason(err error) string {
	var known *directory.Error
	var path *fs.PathError
	switch {
	case errors.As(err, &known):
		return known.Message
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.As(err, &path):
		return path.Err.Error()
	}
	return err.Error()
}

func unreadable(name string, err error) directory.Problem {
	return directory.Problem{
		Position: directory.Position{File: slashed(name)}, Severity: directory.SeverityError,
		Message: "the file cannot be read: " + reason(err), Fix: "check the path and its permissions",
	}
}

func slashed(path string) string { return filepath.ToSlash(path) }

// folder reads the files of a configuration, and none outside its root.
type folder struct {
	base string // names are relative to it
	root string // no file outside it is read
}

// path is where a name lies.
func (f folder) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.base, filepath.FromSlash(name))
}

// name is how problems and reasons speak of a path.
func (f folder) name(path string) string {
	if rel, err := filepath.Rel(f.base, path); err == nil && filepath.IsLocal(rel) {
		return slashed(rel)
	}
	return slashed(path)
}

func (f folder) read(name string) ([]byte, error) {
	path := f.path(name)
	if rel, err := filepath.Rel(f.root, path); err != nil || !filepath.IsLocal(rel) {
		return nil, directory.Errorf(directory.Invalid, "it lies outside the folder of the configuration")
	}
	return readFile(path)
}

// list returns the names of the regular files in a folder.
func (f folder) list(name string) ([]string, error) {
	path := f.path(name)
	if rel, err := filepath.Rel(f.root, path); err != nil || !filepath.IsLocal(rel) {
		return nil, directory.Errorf(directory.Invalid, "it lies outside the folder of the configuration")
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

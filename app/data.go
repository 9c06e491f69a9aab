package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// Data is a data directory.
type Data string

// Store returns the path of the store.
func (d Data) Store() string { return filepath.Join(string(d), "usher.db") }

// Socket returns the path of the socket for the command line.
func (d Data) Socket() string { return filepath.Join(string(d), "usher.sock") }

func (d Data) pid() string { return filepath.Join(string(d), "usher.pid") }

func (d Data) key() string { return filepath.Join(string(d), "cursor.key") }

// Exists reports whether there is a store in the directory.
func (d Data) Exists() bool {
	info, err := os.Stat(d.Store())
	return err == nil && info.Size() > 0
}

// occupied reports whether there is something in the directory where a store is looked for: an empty one, or what is no
// part of a store. A directory that is fresh, or a volume with its lost+found, is not.
func (d Data) occupied() bool {
	entries, err := os.ReadDir(string(d))
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() != "lost+found" })
}

// NoDirectory is the error that says that something else is in the place of a data directory.
func (d Data) NoDirectory() error {
	return directory.Errorf(directory.Invalid, "%s is no data directory of usher; name the directory of the server with --data.", d)
}

func (d Data) missing() error {
	if info, err := os.Stat(string(d)); err == nil && !info.IsDir() {
		return d.NoDirectory()
	}
	return directory.Errorf(directory.NotFound, "There is no store in %s; start `usher serve --data %s` once, or check --data.", d, d)
}

// create makes the directory for its owner alone, if it is not there yet.
func (d Data) create() error {
	err := os.MkdirAll(string(d), 0o700)
	if errors.Is(err, syscall.ENOTDIR) {
		return directory.Errorf(directory.Invalid, "%s cannot be the data directory, since there is a file in its place; name another with --data.", d)
	}
	if err != nil {
		return &directory.Error{Kind: directory.Invalid, Err: err, Message: fmt.Sprintf("The data directory %s cannot be made; name another with --data, or let user %d make it", d, os.Getuid())}
	}
	return nil
}

// open opens the store, and says who has it when somebody else does.
func (d Data) open(opts bolt.Options) (*bolt.Store, error) {
	s, err := bolt.Open(d.Store(), opts)
	var public *directory.Error
	switch {
	case errors.Is(err, store.ErrLocked):
		return nil, d.InUse()
	case errors.As(err, &public) && public.Kind == directory.Invalid:
		return nil, &directory.Error{
			Kind: public.Kind, Err: public.Err,
			Message: fmt.Sprintf("%s Put a backup in its place with `usher restore --data %s --overwrite FILE`, or choose another directory with --data.", public.Message, d),
		}
	case errors.Is(err, fs.ErrPermission) && !d.Exists():
		return nil, d.written(err)
	case err != nil && public == nil:
		return nil, &directory.Error{
			Kind: directory.Unavailable, Err: err,
			Message: fmt.Sprintf("The store %s cannot be opened; it must be a file that user %d may read and write", d.Store(), os.Getuid()),
		}
	}
	return s, err
}

// openMigrating opens the store and brings one of an older format up to date, after a copy of it was put aside, whose
// path it returns.
func (d Data) openMigrating(opts bolt.Options, now time.Time) (s *bolt.Store, aside string, err error) {
	return d.migrating(now, func(migrate bool) (*bolt.Store, error) {
		opts.Migrate = migrate
		return d.open(opts)
	})
}

func (d Data) migrating(now time.Time, open func(migrate bool) (*bolt.Store, error)) (s *bolt.Store, aside string, err error) {
	s, err = open(false)
	if !errors.Is(err, store.ErrOldSchema) {
		return s, "", err
	}
	aside = filepath.Join(string(d), "usher-before-migration-"+now.UTC().Format("20060102T150405Z")+".db")
	if err := copyFile(d.Store(), aside); err != nil {
		return nil, "", fmt.Errorf("app: back up before migrating: %w", err)
	}
	s, err = open(true)
	return s, aside, err
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// InUse is the error that names the process which has the directory in use.
func (d Data) InUse() error {
	holder := "another process"
	if text, err := os.ReadFile(d.pid()); err == nil {
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			holder = fmt.Sprintf("process %d", pid)
		}
	}
	return &directory.Error{
		Kind: directory.Unavailable, Err: store.ErrLocked,
		Message: fmt.Sprintf("The data directory %s is in use by %s; stop it, or choose another directory with --data.", d, holder),
	}
}

// claim writes down who has the directory in use. The lock is the store's; this is for people.
func (d Data) claim() error {
	return d.written(os.WriteFile(d.pid(), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600))
}

// written says in words that the directory cannot be written to.
func (d Data) written(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return &directory.Error{
			Kind: directory.Unavailable, Err: reasonOf(err),
			Message: fmt.Sprintf("The data directory %s must be writable for user %d, who runs usher", d, os.Getuid()),
		}
	}
	return err
}

// reasonOf is what is wrong with a file, without its path.
func reasonOf(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file.Err
	}
	return err
}

func (d Data) release() error {
	if err := os.Remove(d.pid()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// HasKey reports whether the directory has the key that signs cursors and plans, and seals letters.
func (d Data) HasKey() bool {
	_, err := os.Stat(d.key())
	return err == nil
}

// cursorKeySize is the size of the key that signs cursors, in bytes.
const cursorKeySize = 32

// cursorKey returns the key that signs cursors, made once.
func (d Data) cursorKey() ([]byte, error) {
	key, err := os.ReadFile(d.key())
	switch {
	case err == nil && len(key) == cursorKeySize:
		return key, nil
	case err == nil:
		return nil, directory.Errorf(directory.Invalid, "%s is not a key of %d bytes; remove the file, and a new one is made", d.key(), cursorKeySize)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("app: read the cursor key: %w", err)
	}
	key = make([]byte, cursorKeySize)
	rand.Read(key) // never returns an error
	if err := d.written(os.WriteFile(d.key()+".new", key, 0o600)); err != nil {
		return nil, fmt.Errorf("app: write the cursor key: %w", err)
	}
	if err := os.Rename(d.key()+".new", d.key()); err != nil {
		return nil, fmt.Errorf("app: write the cursor key: %w", err)
	}
	return key, nil
}

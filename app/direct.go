package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os/user"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// Direct answers the REST interface in this process, on a store that no server has open.
type Direct struct {
	http.Handler
	store *bolt.Store
}

// OpenDirect opens the store of a data directory, waiting for a process that is about to leave it. It never migrates.
// The error wraps store.ErrLocked when the directory is in use.
func OpenDirect(data Data, version string, wait time.Duration, log *slog.Logger) (*Direct, error) {
	if !data.Exists() {
		return nil, data.missing()
	}
	s, err := data.open(bolt.Options{LockTimeout: wait, Creator: version})
	if errors.Is(err, store.ErrOldSchema) {
		return nil, &directory.Error{
			Kind: directory.Conflict, Err: err,
			Message: fmt.Sprintf("The store in %s was written by an older usher; start `usher serve`, which brings it up to date.", data),
		}
	}
	if err != nil {
		return nil, err
	}
	engine := newEngine(s, log, time.Now)
	if engine.PlanKey, err = data.cursorKey(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	server := &api.Server{Store: s, Engine: engine, Log: log, Now: time.Now, Version: version, Compile: compileAll}
	name := "local"
	if u, err := user.Current(); err == nil {
		name = accountName(u.Uid)
	}
	return &Direct{store: s, Handler: &httpx.Edge{
		Log: log, Broken: server.Render, Next: server.Local(func(*http.Request) string { return name }),
	}}, nil
}

// Restore makes the store of a data directory of a backup. A store that is there already is replaced only with overwrite,
// and only while no process has it open.
func Restore(ctx context.Context, data Data, from io.Reader, overwrite bool) error {
	if err := data.create(); err != nil {
		return err
	}
	err := bolt.Restore(ctx, from, data.Store(), overwrite)
	if errors.Is(err, store.ErrLocked) {
		return data.InUse()
	}
	if errors.Is(err, store.ErrExists) || errors.Is(err, fs.ErrExist) {
		return &directory.Error{
			Kind: directory.Conflict, Err: err,
			Message: fmt.Sprintf("There is a store in %s already; restore into another directory, or replace it with --overwrite.", data),
		}
	}
	return err
}

// Compact rewrites the store of a data directory without the room that deleted rows have left, and returns its size
// before and after.
func Compact(data Data) (before, after int64, err error) {
	if !data.Exists() {
		return 0, 0, data.missing()
	}
	before, after, err = bolt.Compact(data.Store())
	if errors.Is(err, store.ErrLocked) {
		err = data.InUse()
	}
	return before, after, err
}

// Close closes the store.
func (d *Direct) Close() error { return d.store.Close() }

package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Backup writes a copy of one snapshot to w. The copy is first made beside the store, so that a slow reader of it does
// not keep the snapshot open: as long as it is, no page that later updates free can be used again, and the file grows.
func (s *Store) Backup(ctx context.Context, w io.Writer) (n int64, err error) {
	temp, err := tempBeside(s.path, ".backup")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, temp.Close(), os.Remove(temp.Name())) }()
	if err := s.snapshot(ctx, temp); err != nil {
		return 0, err
	}
	if _, err := temp.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("store: read the backup: %w", err)
	}
	n, err = io.Copy(w, &boundReader{ctx: ctx, from: temp})
	if err != nil {
		return n, fmt.Errorf("store: send the backup: %w", err)
	}
	return n, nil
}

func (s *Store) snapshot(ctx context.Context, to io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := s.db.Begin(false)
	if err != nil {
		return beginError(err)
	}
	defer func() { _ = b.Rollback() }() // of a reader it cannot fail
	if _, err := b.WriteTo(&boundWriter{ctx: ctx, to: to}); err != nil {
		return fileError(err)
	}
	return nil
}

// boundReader and boundWriter stop when their context ends.
type boundReader struct {
	ctx  context.Context
	from io.Reader
}

func (r *boundReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}

type boundWriter struct {
	ctx context.Context
	to  io.Writer
}

func (w *boundWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}

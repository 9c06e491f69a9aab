package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
)

func (p *program) backup() *cobra.Command {
	return grouped(groupKeep, p.remote(&cobra.Command{
		Use: "backup FILE", Short: "Make a consistent copy of the store, while it is in use", Args: arguments("the file to write"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c, func(cl *client) error {
				resp, err := cl.send(c.Context(), http.MethodGet, "/backup", nil, nil)
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				bar := p.begin("backup", resp.ContentLength, true)
				size, err := writeWhole(args[0], bar.through(resp.Body))
				bar.end()
				if err != nil {
					return err
				}
				return p.done(map[string]any{"file": args[0], "bytes": size}, "%s holds %d bytes.", args[0], size)
			})
		},
	}))
}

// writeWhole writes a file completely or not at all, and never over one that is there.
func writeWhole(path string, from io.Reader) (size int64, err error) {
	if _, err := os.Lstat(path); err == nil {
		return 0, directory.Errorf(directory.Conflict, "%s exists already; choose another name.", path)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return 0, &directory.Error{Kind: directory.Invalid, Message: fmt.Sprintf("%s cannot be written", path), Err: err}
	}
	size, err = io.Copy(file, from)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return 0, &directory.Error{Kind: directory.Unavailable, Message: "The copy broke off, and nothing was kept", Err: errors.Join(err, os.Remove(file.Name()))}
	}
	return size, nil
}

func (p *program) restore() *cobra.Command {
	var overwrite bool
	c := p.local(&cobra.Command{
		Use: "restore FILE", Short: "Make the store of a data directory of a backup", Args: arguments("the backup"),
		Long: "The backup is examined from end to end before anything is replaced. Sessions end, and events are not sent again. The server must be stopped.",
		RunE: func(c *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return &directory.Error{Kind: directory.NotFound, Message: "The backup cannot be read", Err: err}
			}
			defer file.Close() //nolint:errcheck // only read
			info, err := file.Stat()
			if err != nil {
				return err
			}
			bar := p.begin("restore", info.Size(), true)
			err = app.Restore(c.Context(), app.Data(p.data), bar.through(file), overwrite)
			bar.end()
			if err != nil {
				return err
			}
			if err := p.done(map[string]any{"data": p.data, "bytes": info.Size()}, "The store in %s is that of %s now.", p.data, args[0]); err != nil {
				return err
			}
			if !app.Data(p.data).HasKey() {
				p.say("note: %s has no cursor.key. Letters that wait are sealed with that of the former data directory: copy it here before the server starts, or they cannot be sent.", p.data)
			}
			return nil
		},
	})
	c.Flags().BoolVar(&overwrite, "overwrite", false, "replace the store that is there")
	return grouped(groupKeep, c)
}

func (p *program) compact() *cobra.Command {
	return grouped(groupKeep, p.local(&cobra.Command{
		Use: "compact", Short: "Give back the room that deleted rows have left", Args: arguments(),
		Long: "Rewrites the store. The server must be stopped.",
		RunE: func(*cobra.Command, []string) error {
			before, after, err := app.Compact(app.Data(p.data))
			if err != nil {
				return err
			}
			return p.done(map[string]any{"before": before, "after": after}, "The store had %d bytes and has %d.", before, after)
		},
	}))
}

// local adds the flags of commands that need the data directory for themselves.
func (p *program) local(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&p.data, "data", "data", "the data `directory`")
	return p.printing(c)
}

// done says that something was done: as JSON on standard output, else in a sentence on standard error.
func (p *program) done(result map[string]any, format string, args ...any) error {
	if p.json {
		return printJSON(p.out, result)
	}
	_, err := fmt.Fprintln(p.err, clean(fmt.Sprintf(format, args...)))
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
)

// drainTime is how long requests under way may take when the server stops.
const drainTime = 30 * time.Second

func (p *program) serve() *cobra.Command {
	var opts app.Options
	c := &cobra.Command{
		Use: "serve", Short: "Serve SCIM, the REST interface and the command line", Args: arguments(),
		Long: "Serves until it is told to stop. SIGHUP reads the configuration again; one that does not check leaves everything in force.",
		RunE: func(c *cobra.Command, _ []string) error {
			switch info, err := os.Stat(opts.Config); {
			case err == nil && info.IsDir():
				return directory.Errorf(directory.Invalid, "%s is a folder; give --config %s.", opts.Config, filepath.Join(opts.Config, operatorFile))
			case errors.Is(err, fs.ErrNotExist):
				return directory.Errorf(directory.Invalid, "There is no file %s. Name the operator's file with --config, or write a first one: usher init --organization ID --domain DOMAIN", opts.Config)
			}
			opts.Version, opts.Output, opts.LockTimeout = version(), p.err, lockPatience
			return p.keepServing(c.Context(), opts)
		},
	}
	flags := c.Flags()
	flags.StringVar(&opts.Config, "config", operatorFile, "the `file` of the operator, which names the organizations' files")
	flags.StringVar(&opts.Values, "values", "", "a `file` with ids and addresses per environment, for ${value:NAME}")
	flags.StringVar(&opts.Data, "data", "", "the data `directory`; that of the configuration without it")
	flags.StringVar(&opts.Listen, "listen", "", "the `address` to listen on, host:port; that of the configuration without it")
	return grouped(groupRun, c)
}

// gcPercent lets the heap grow to several times what is live before it is collected. The rows live in the store's file,
// mapped into memory and not on the heap, so that what is live is a few megabytes, and collecting them over and over
// would cost a tenth of every push. The variable GOGC overrides it.
const gcPercent = 600

// keepServing serves until the context ends.
func (p *program) keepServing(ctx context.Context, opts app.Options) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	a, err := app.New(opts)
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, stop(a))
	}
	if _, err := fmt.Fprintln(p.out, a.URL()); err != nil {
		return errors.Join(err, stop(a))
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-hangups:
			_ = a.Reload(ctx) // it logs what is wrong, and goes on with what is in force
		case err := <-a.Failed():
			return err // without draining: what is under way cannot be answered truthfully
		case <-ctx.Done():
			return stop(a)
		}
	}
}

func stop(a *app.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return a.Stop(ctx)
}

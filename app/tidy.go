package app

import (
	"context"
	"log/slog"
	"time"
)

// flushEvery is how often the last use of tokens is written.
const flushEvery = time.Minute

// tidy does what is due by the clock, until the context ends.
func (a *App) tidy(ctx context.Context) {
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	var next <-chan time.Time
	copies := &backups{settings: a.operator.Backup, store: a.store, now: a.opts.Now}
	if copies.settings.Directory != "" && copies.settings.Every > 0 {
		next = time.After(copies.due())
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			if err := a.flush(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("the last use of tokens was not written", slog.Any("err", err))
			}
		case <-next:
			path, err := copies.make(ctx)
			if err != nil {
				a.log.Error("scheduled backup", slog.Any("err", err))
				next = time.After(flushEvery) // try again soon
				continue
			}
			a.log.Info("scheduled backup made", slog.String("path", path))
			next = time.After(copies.settings.Every)
		}
	}
}

package provision

import (
	"context"
	"errors"
	"time"

	"github.com/mixus/usher/store"
)

// The worker looks for due people at least this often, so that a clock that was set does not leave them waiting, and
// waits this long after an error.
const (
	idleLimit  = time.Minute
	retryAfter = time.Second
)

func (e *Engine) signal() chan struct{} {
	e.once.Do(func() { e.work = make(chan struct{}, 1) })
	return e.work
}

// wake tells the worker that there is work. It never blocks.
func (e *Engine) wake() {
	select {
	case e.signal() <- struct{}{}:
	default:
	}
}

// Work runs jobs, and settles people whose instant has come, until the context ends. An error is logged and tried again:
// the work is in the store and is not lost.
func (e *Engine) Work(ctx context.Context) error {
	for ctx.Err() == nil {
		wait := e.untilDue(ctx)
		more, err := e.step(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			e.Log.ErrorContext(ctx, "work that follows from changes did not get on; it is tried again", "err", err)
			wait = retryAfter
		case more:
			continue
		}
		select {
		case <-ctx.Done():
		case <-e.signal():
		case <-time.After(wait):
		}
	}
	return ctx.Err()
}

// Idle runs the jobs and settles the due people that there are now, and returns once there are none.
func (e *Engine) Idle(ctx context.Context) error {
	for {
		more, err := e.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// step does one batch of work and reports whether there may be more.
func (e *Engine) step(ctx context.Context) (bool, error) {
	more, err := e.runJob(ctx)
	if err != nil || more {
		return more, err
	}
	if more, err = e.settleDue(ctx); err != nil || more {
		return more, err
	}
	if more, err = e.tendInvitations(ctx); err != nil || more {
		return more, err
	}
	return false, errors.Join(e.remind(ctx), e.tidyBrakes(ctx), e.tidySessions(ctx), e.tendPermissions(ctx))
}

// untilDue returns how long the worker may sleep.
func (e *Engine) untilDue(ctx context.Context) time.Duration {
	wait := idleLimit
	err := e.Store.View(ctx, func(tx store.Tx) error {
		at, ok, err := tx.NextDue()
		if err == nil && ok {
			wait = min(wait, max(0, at.Sub(e.Now())))
		}
		if err != nil {
			return err
		}
		until, ok, err := e.untilInvitation(tx)
		if err == nil && ok {
			wait = min(wait, until)
		}
		return err
	})
	if err != nil {
		return retryAfter
	}
	return wait
}

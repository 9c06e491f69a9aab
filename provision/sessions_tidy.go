package provision

import (
	"context"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// The worker looks for what has ended so often, and clears so much away at a step.
const (
	endedEvery  = time.Minute
	endedAtOnce = 200
)

// tidySessions deletes sessions and requests that have ended. They count for nothing already; this is for the space.
func (e *Engine) tidySessions(ctx context.Context) error {
	now := e.Now().UTC()
	if now.Before(e.ended) {
		return nil
	}
	more, err := e.endedOnes(ctx, now)
	if err == nil && !more {
		e.ended = now.Add(endedEvery)
	}
	return err
}

// endedOnes deletes the next ones, and reports whether there may be more.
func (e *Engine) endedOnes(ctx context.Context, now time.Time) (bool, error) {
	n := 0
	err := e.Store.View(ctx, func(tx store.Tx) error {
		sessions, requests, err := ended(tx, now)
		n = max(len(sessions), len(requests))
		return err
	})
	if err != nil || n == 0 {
		return false, err
	}
	return n == endedAtOnce, e.Store.Update(ctx, func(tx store.Tx) error {
		sessions, requests, err := ended(tx, now)
		if err != nil {
			return err
		}
		if err := tx.DeleteSessions(sessions); err != nil {
			return err
		}
		return tx.DeleteRequests(requests)
	})
}

func ended(tx store.Tx, now time.Time) ([]*directory.Session, []*directory.Request, error) {
	sessions, err := tx.EndedSessions(now, endedAtOnce)
	if err != nil {
		return nil, nil, err
	}
	requests, err := tx.ExpiredRequests(now, endedAtOnce)
	return sessions, requests, err
}

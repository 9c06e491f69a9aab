package oidc

import (
	"context"
	"sync"
	"time"
)

const (
	fresh   = time.Hour        // how long a document is used before it is asked for again
	keep    = 24 * time.Hour   // how long the last good one is used while the provider does not answer
	gap     = 10 * time.Second // the least time between two attempts that a request from outside can cause
	patient = 10 * time.Second // how long one answer may take
)

// cache holds the last good copy of a document of the provider. One fetch runs at a time, and whoever comes meanwhile waits
// for it; what requests from outside can cause is at most one fetch in a gap, whatever they ask for.
type cache[T any] struct {
	fetch func(context.Context) (T, error)
	now   func() time.Time
	turn  chan struct{} // holds one token

	mu    sync.Mutex
	held  *T
	got   time.Time // when held was fetched
	tried time.Time // when the last attempt began
	err   error     // what the last attempt said
}

func newCache[T any](now func() time.Time, fetch func(context.Context) (T, error)) *cache[T] {
	return &cache[T]{fetch: fetch, now: now, turn: make(chan struct{}, 1)}
}

// get returns the document: the held one while it is fresh, else a new one, else the last good one.
func (c *cache[T]) get(ctx context.Context) (T, error) {
	value, got, _ := c.look()
	if value != nil && c.now().Sub(got) < fresh {
		return *value, nil
	}
	return c.newer(ctx, got)
}

// newer returns a document that was fetched after the given instant, when the rate allows to ask for one; else the last
// good one.
func (c *cache[T]) newer(ctx context.Context, than time.Time) (T, error) {
	return c.renew(ctx, func() bool {
		_, got, tried := c.look()
		return !got.After(than) && c.now().Sub(tried) >= gap
	})
}

// renew fetches the document if it is still needed once the turn has come.
func (c *cache[T]) renew(ctx context.Context, needed func() bool) (T, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	defer func() { <-c.turn }()
	if needed() {
		c.attempt(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.usable() {
		return *c.held, nil
	}
	var none T
	return none, c.err
}

// usable reports whether there is a document to use: a new one, or the last good one while it may stand in for it. The
// caller holds mu.
func (c *cache[T]) usable() bool {
	return c.held != nil && (c.err == nil || c.now().Sub(c.got) < keep)
}

func (c *cache[T]) ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.usable()
}

// attempt fetches. It does so to the end when the one who asked has gone: otherwise somebody who asks and hangs up could
// use up every attempt.
func (c *cache[T]) attempt(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patient)
	defer cancel()
	begun := c.now()
	value, err := c.fetch(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried, c.err = begun, err
	if err == nil {
		c.held, c.got = &value, begun
	}
}

func (c *cache[T]) look() (held *T, got, tried time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held, c.got, c.tried
}

// last returns what the last attempt said, for the diagnosis.
func (c *cache[T]) last() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func always() bool { return true }

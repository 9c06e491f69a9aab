package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/mixus/usher/store"
)

// Rerun wraps a store so that every update's function may run several times before the run that counts, all but that one
// in vain, and so that contexts end at the worst moments. A caller must not notice.
func Rerun(s store.Store, seed uint64) store.Store {
	return &rerun{Store: s, random: rand.New(rand.NewPCG(seed, seed))}
}

type rerun struct {
	store.Store
	mu     sync.Mutex
	random *rand.Rand
}

// errThrownAway ends the runs that do not count.
var errThrownAway = errors.New("storetest: run thrown away")

// chance is true once in n times.
func (r *rerun) chance(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.random.IntN(n) == 0
}

func (r *rerun) Update(ctx context.Context, fn func(store.Tx) error) error {
	if ctx.Err() != nil {
		return r.Store.Update(ctx, fn)
	}
	if r.chance(4) {
		if err := r.refused(ctx, fn); err != nil {
			return err
		}
	}
	for r.chance(2) {
		err := r.Store.Update(ctx, func(tx store.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return errThrownAway
		})
		if !errors.Is(err, errThrownAway) {
			return err
		}
	}
	if r.chance(4) {
		return r.cancelledInside(ctx, fn)
	}
	if r.chance(4) {
		return r.cancelledAnytime(ctx, fn)
	}
	return r.Store.Update(ctx, fn)
}

// refused checks that an update whose context has ended does not run.
func (r *rerun) refused(ctx context.Context, fn func(store.Tx) error) error {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	ran := false
	err := r.Store.Update(ended, func(tx store.Tx) error {
		ran = true
		return fn(tx)
	})
	if ran || !errors.Is(err, context.Canceled) {
		return fmt.Errorf("storetest: an update under an ended context ran: %t, and returned %w", ran, err)
	}
	return nil
}

// cancelledInside ends the context while the function runs: by then the outcome is what counts.
func (r *rerun) cancelledInside(ctx context.Context, fn func(store.Tx) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	return r.Store.Update(inner, func(tx store.Tx) error {
		cancel()
		return fn(tx)
	})
}

// cancelledAnytime ends the context while the update may be waiting, running or done, and tries again when it was refused.
func (r *rerun) cancelledAnytime(ctx context.Context, fn func(store.Tx) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	go cancel()
	var own error
	err := r.Store.Update(inner, func(tx store.Tx) error {
		own = fn(tx)
		return own
	})
	if errors.Is(err, context.Canceled) && own == nil && ctx.Err() == nil {
		return r.Store.Update(ctx, fn)
	}
	return err
}

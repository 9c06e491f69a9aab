package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

// TokenUse collects when tokens were used, so that a request does not write it. The zero value is ready; its methods may
// be called by many goroutines.
type TokenUse struct {
	mu   sync.Mutex
	last map[[32]byte]time.Time
}

// Note remembers that the token with a hash was used.
func (u *TokenUse) Note(hash [32]byte, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last = map[[32]byte]time.Time{}
	}
	if at.After(u.last[hash]) {
		u.last[hash] = at
	}
}

func (u *TokenUse) take() map[[32]byte]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := u.last
	u.last = nil
	return last
}

// Flush writes what was collected, to the minute. What could not be written is kept for the next call. A token that was
// revoked meanwhile stays revoked.
func (u *TokenUse) Flush(ctx context.Context, s Store) error {
	used := u.take()
	if len(used) == 0 {
		return nil
	}
	err := s.Update(ctx, func(tx Tx) error {
		for hash, at := range used {
			if err := touchToken(tx, hash, at.UTC().Truncate(time.Minute)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for hash, at := range used {
			u.Note(hash, at)
		}
	}
	return err
}

func touchToken(tx Tx, hash [32]byte, at time.Time) error {
	t, err := tx.Token(hash)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || !at.After(t.LastUsed) {
		return err
	}
	t.LastUsed = at
	return tx.PutToken(t)
}

package scim

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Instants about tokens.
const (
	expiryNotice = 14 * 24 * time.Hour // before the end, a token is warned about
	warnEvery    = 24 * time.Hour
)

// tokenUse collects when tokens were last used, so that a push does not write it. The zero value is ready.
type tokenUse struct {
	mu   sync.Mutex
	last map[[32]byte]time.Time
}

func (u *tokenUse) note(hash [32]byte, now time.Time) {
	u.mu.Lock()
	if u.last == nil {
		u.last = map[[32]byte]time.Time{}
	}
	if now.After(u.last[hash]) {
		u.last[hash] = now
	}
	u.mu.Unlock()
}

// take returns what was collected, and starts anew.
func (u *tokenUse) take() map[[32]byte]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := u.last
	u.last = nil
	return last
}

// FlushTokens writes when tokens were last used, to the minute, and warns in the log, once a day, of those that expire
// within 14 days. The application calls it every minute and before it stops. What could not be written is kept for the
// next call.
func (s *Server) FlushTokens(ctx context.Context) error {
	used := s.used.take()
	now := s.Now()
	var warn []*directory.Token
	err := s.Store.View(ctx, func(tx store.Tx) error {
		tokens, err := tx.ListTokens()
		if err != nil {
			return err
		}
		for _, t := range tokens {
			if expiresSoon(t, now) {
				warn = append(warn, t)
			}
		}
		return nil
	})
	if err == nil && len(used)+len(warn) > 0 {
		err = s.Store.Update(ctx, func(tx store.Tx) error { return writeTokens(tx, used, warn, now) })
	}
	if err != nil {
		for hash, at := range used {
			s.used.note(hash, at)
		}
		return err
	}
	for _, t := range warn {
		s.Log.Warn("a token expires soon, create another with `usher token create`", "token", t.Name, "org", t.Org, "expires", t.Expires)
	}
	return nil
}

// expiresSoon reports whether a token that still works should be warned about now.
func expiresSoon(t *directory.Token, now time.Time) bool {
	return t.Conn != 0 && !t.Expires.IsZero() && now.Before(t.Expires) && t.Expires.Sub(now) <= expiryNotice && now.Sub(t.Warned) >= warnEvery
}

// writeTokens notes use and warnings on the tokens that there still are: one that was revoked meanwhile stays revoked.
func writeTokens(tx store.Tx, used map[[32]byte]time.Time, warned []*directory.Token, now time.Time) error {
	changed := map[[32]byte]*directory.Token{}
	edit := func(hash [32]byte) (*directory.Token, error) {
		if t, ok := changed[hash]; ok {
			return t, nil
		}
		t, err := tx.Token(hash)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return t, err
	}
	for hash, at := range used {
		t, err := edit(hash)
		if err != nil {
			return err
		}
		if at = at.UTC().Truncate(time.Minute); t != nil && at.After(t.LastUsed) {
			t.LastUsed = at
			changed[hash] = t
		}
	}
	for _, w := range warned {
		t, err := edit(w.Hash)
		if err != nil {
			return err
		}
		if t != nil {
			t.Warned = now.UTC()
			changed[w.Hash] = t
		}
	}
	for hash, t := range changed {
		t.Hash = hash
		if err := tx.PutToken(t); err != nil {
			return err
		}
	}
	return nil
}

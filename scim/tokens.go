package scim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Instants about tokens.
const (
	expiryNotice = 14 * 24 * time.Hour // before the end, a token is warned about
	warnEvery    = 24 * time.Hour
)

// FlushTokens writes when tokens were last used, and warns in the log, once a day, of those that expire within 14 days. The
// application calls it every minute and before it stops.
func (s *Server) FlushTokens(ctx context.Context) error {
	if err := s.used.Flush(ctx, s.Store); err != nil {
		return err
	}
	now := s.Now()
	var soon []*directory.Token
	err := s.Store.View(ctx, func(tx store.Tx) error {
		tokens, err := tx.ListTokens()
		soon = slices.DeleteFunc(tokens, func(t *directory.Token) bool { return !expiresSoon(t, now) })
		return err
	})
	if err != nil || len(soon) == 0 {
		return err
	}
	if err := s.Store.Update(ctx, func(tx store.Tx) error { return noteWarned(tx, soon, now) }); err != nil {
		return err
	}
	for _, t := range soon {
		s.Log.Warn("a token expires soon, create another with `usher token create`", "token", t.Name, "org", t.Org, "expires", t.Expires)
	}
	return nil
}

// expiresSoon reports whether a token that still works should be warned about now.
func expiresSoon(t *directory.Token, now time.Time) bool {
	return t.Conn != 0 && !t.Expires.IsZero() && now.Before(t.Expires) && t.Expires.Sub(now) <= expiryNotice && now.Sub(t.Warned) >= warnEvery
}

// noteWarned notes warnings on the tokens that there still are: one that was revoked meanwhile stays revoked.
func noteWarned(tx store.Tx, tokens []*directory.Token, now time.Time) error {
	for _, warned := range tokens {
		t, err := tx.Token(warned.Hash)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		t.Warned = now.UTC()
		if err := tx.PutToken(t); err != nil {
			return err
		}
	}
	return nil
}

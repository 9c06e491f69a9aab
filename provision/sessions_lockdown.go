package provision

import (
	"context"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Lockdown switches an organization's lockdown on or off. Switching it on ends every session, whatever their number, by one
// row; while it is on, members sign in anew and nobody joins. It is a Conflict when it is switched so already.
func (e *Engine) Lockdown(ctx context.Context, org directory.OrgNum, on bool, cause directory.Cause) (*directory.Lockdown, error) {
	return e.switchLockdown(ctx, org, cause, func(l *directory.Lockdown, now time.Time) (string, string, error) {
		switch {
		case on && l.On():
			return "", "", directory.Errorf(directory.Conflict, "The organization is locked down since %s, by %s.", instant(l.Since), l.Cause.Actor)
		case !on && !l.On():
			return "", "", directory.Errorf(directory.Conflict, "The organization is not locked down.")
		case on:
			l.Since, l.Ended = now, now
			return kindLockdownOn, "every session ended, and nobody joins by signing in until the lockdown is over", nil
		}
		l.Since = time.Time{}
		return kindLockdownOff, "people of owned domains join by signing in again", nil
	})
}

// EndAllSessions ends every session of an organization, by one row.
func (e *Engine) EndAllSessions(ctx context.Context, org directory.OrgNum, cause directory.Cause) error {
	_, err := e.switchLockdown(ctx, org, cause, func(l *directory.Lockdown, now time.Time) (string, string, error) {
		l.Ended = now
		return kindSessionsOver, "every session ended", nil
	})
	return err
}

// endedPage is how many sessions are counted at a time.
const endedPage = 500

// CountEnded counts the sessions that held under a lockdown as it was before, nil for none, and that the one of now has
// ended.
func (e *Engine) CountEnded(ctx context.Context, org directory.OrgNum, before *directory.Lockdown) (int, error) {
	n := 0
	var last, next *directory.Session
	for {
		page := 0
		err := e.Store.View(ctx, func(tx store.Tx) error {
			page, next = 0, nil
			v, err := e.validity(tx, org)
			if err != nil {
				return err
			}
			now := v.lockdown
			v.lockdown = before
			rows, err := tx.ListSessions(org, last, endedPage)
			if err != nil {
				return err
			}
			if len(rows) == endedPage {
				next = rows[len(rows)-1]
			}
			held, _, err := v.part(tx, rows)
			for _, s := range held {
				if now.Over(s) {
					page++
				}
			}
			return err
		})
		n += page
		if last = next; err != nil || last == nil {
			return n, err
		}
	}
}

// LockdownOf returns the lockdown of an organization, nil when there never was one.
func (e *Engine) LockdownOf(ctx context.Context, org directory.OrgNum) (*directory.Lockdown, error) {
	var l *directory.Lockdown
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		l, err = tx.Lockdown(org)
		return err
	})
	return l, err
}

func (e *Engine) switchLockdown(
	ctx context.Context, org directory.OrgNum, cause directory.Cause, change func(*directory.Lockdown, time.Time) (kind, note string, err error),
) (*directory.Lockdown, error) {
	var l *directory.Lockdown
	err := e.update(ctx, org, cause, func(s *settlement) (err error) {
		if l, err = s.tx.Lockdown(org); err != nil {
			return err
		}
		if l == nil {
			l = &directory.Lockdown{Org: org}
		}
		kind, note, err := change(l, s.now)
		if err != nil {
			return err
		}
		l.Cause = cause
		if err := s.tx.PutLockdown(l); err != nil {
			return err
		}
		entry := s.newEntry(kind)
		entry.Notes = []string{note}
		return s.append([]*pending{{entry: entry}})
	})
	return l, err
}

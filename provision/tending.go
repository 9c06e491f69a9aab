package provision

import (
	"context"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// remind logs the holds that are open since an hour, and each hour again. The next instant is kept with the hold, so that
// a restart says nothing twice.
func (e *Engine) remind(ctx context.Context) error {
	now := e.Now().UTC()
	orgs, err := e.withHoldsDue(ctx, now)
	if err != nil {
		return err
	}
	for name, org := range orgs {
		var due []*directory.Hold
		err := e.Store.Update(ctx, func(tx store.Tx) error {
			due = nil
			holds, err := tx.ListHolds(org)
			if err != nil {
				return err
			}
			for _, h := range holds {
				if !reminds(h, now) {
					continue
				}
				h.Remind = now.Add(remindTime)
				due = append(due, h)
				if err := tx.PutHold(h); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, h := range due {
			e.Log.WarnContext(ctx, "a hold is still open", "org", name, "hold", h.ID.String(), "kind", h.Kind, "waiting", h.Waiting,
				"since", h.Created, "message", holdLog(h))
		}
	}
	return nil
}

func reminds(h *directory.Hold, now time.Time) bool {
	return !h.Remind.IsZero() && !h.Remind.After(now)
}

func (e *Engine) withHoldsDue(ctx context.Context, now time.Time) (map[string]directory.OrgNum, error) {
	found := map[string]directory.OrgNum{}
	err := e.Store.View(ctx, func(tx store.Tx) error {
		orgs, err := tx.Organizations()
		if err != nil {
			return err
		}
		for name, org := range orgs {
			holds, err := tx.ListHolds(org)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(holds, func(h *directory.Hold) bool { return reminds(h, now) }) {
				found[name] = org
			}
		}
		return nil
	})
	return found, err
}

// brakesTidied is how many counted people one step of tidying looks at, and tidyEvery how often it starts over.
const (
	brakesTidied = 200
	tidyEvery    = time.Hour
)

// tidy is where the worker stands in clearing away what the brakes need no more.
type tidy struct {
	next  time.Time
	after map[directory.OrgNum]*directory.Braked
}

// tidyBrakes deletes the next of the people who are counted no more, and expectations that have ended. It goes over all
// of them once an hour, some at a step.
func (e *Engine) tidyBrakes(ctx context.Context) error {
	now := e.Now().UTC()
	if now.Before(e.tidy.next) {
		return nil
	}
	if e.tidy.after == nil {
		e.tidy.after = map[directory.OrgNum]*directory.Braked{}
	}
	orgs, err := e.organizations(ctx)
	if err != nil {
		return err
	}
	done := true
	for _, org := range orgs {
		more, err := e.tidyOrg(ctx, org, now)
		if err != nil {
			return err
		}
		done = done && !more
	}
	if done {
		e.tidy.next, e.tidy.after = now.Add(tidyEvery), nil
	}
	return nil
}

func (e *Engine) organizations(ctx context.Context) ([]directory.OrgNum, error) {
	var list []directory.OrgNum
	err := e.Store.View(ctx, func(tx store.Tx) error {
		orgs, err := tx.Organizations()
		for _, org := range orgs {
			list = append(list, org)
		}
		return err
	})
	return list, err
}

// tidyOrg looks at the next rows of an organization and reports whether there are more.
func (e *Engine) tidyOrg(ctx context.Context, org directory.OrgNum, now time.Time) (bool, error) {
	var old []*directory.Braked
	var ended []*directory.Expectation
	more := false
	last := e.tidy.after[org]
	err := e.Store.View(ctx, func(tx store.Tx) error {
		rows, err := tx.ListBraked(org, last, brakesTidied)
		if err != nil || len(rows) == 0 && last != nil {
			return err
		}
		if more = len(rows) == brakesTidied; more {
			last = rows[len(rows)-1]
		}
		since, err := e.brakesSince(tx, org, now)
		if err != nil {
			return err
		}
		for _, b := range rows {
			if b.At.Before(since) {
				old = append(old, b)
			}
		}
		expectations, err := tx.ListExpectations(org)
		for _, x := range expectations {
			if !x.Until.After(now) {
				ended = append(ended, x)
			}
		}
		return err
	})
	if err != nil || len(old)+len(ended) == 0 {
		e.tidy.after[org] = last
		return more, err
	}
	err = e.Store.Update(ctx, func(tx store.Tx) error {
		for _, x := range ended {
			if err := tx.DeleteExpectation(org, x.ID); err != nil {
				return err
			}
		}
		return tx.DeleteBraked(old)
	})
	e.tidy.after[org] = last
	return more, err
}

// brakesSince returns since when counted people are still needed: for the usual rate, for the longest window, and to undo
// what came before an open hold.
func (e *Engine) brakesSince(tx store.Tx, org directory.OrgNum, now time.Time) (time.Time, error) {
	since := now.Add(-usualOver)
	earlier := func(t time.Time) {
		if t.Before(since) {
			since = t
		}
	}
	policy, err := e.Policy(tx, org)
	if err != nil {
		if directory.KindOf(err) == directory.NotFound {
			return since, nil
		}
		return since, err
	}
	for i := range policy.Organization.Brakes {
		earlier(now.Add(-policy.Organization.Brakes[i].Window))
	}
	holds, err := tx.ListHolds(org)
	for _, h := range holds {
		earlier(h.Created.Add(-h.Window))
	}
	return since, err
}

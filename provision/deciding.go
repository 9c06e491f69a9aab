package provision

import (
	"context"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// ApproveHold lets everybody who waits in a hold pass. Set names who they are and what waits, as the hold showed it; when
// that has changed since it is a Conflict. Nobody approves a hold that they caused.
func (e *Engine) ApproveHold(ctx context.Context, org directory.OrgNum, id directory.ID, set string, cause directory.Cause) (*directory.Hold, error) {
	return e.onHold(ctx, org, id, cause, func(s *settlement, h *directory.Hold) error {
		if slices.Contains(h.Actors, cause.Actor) {
			return directory.Errorf(directory.Forbidden, "This hold came from what %s did; somebody else has to approve it.", cause.Actor)
		}
		if set != h.Set {
			return directory.Errorf(directory.Conflict,
				"Who waits in the hold has changed since it was shown; look at it again with `usher holds show %s`, and approve what it shows then.", id)
		}
		h.State, h.Decided = directory.HoldApproved, cause
		return s.carryOut("hold.approved", h)
	})
}

// DismissHold leaves everybody who waits in a hold as they are, until what would change of them is something else.
func (e *Engine) DismissHold(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause) (*directory.Hold, error) {
	return e.onHold(ctx, org, id, cause, func(s *settlement, h *directory.Hold) error {
		h.State, h.Decided = directory.HoldDismissed, cause
		return s.carryOut("hold.dismissed", h)
	})
}

// UndoHold puts those back whom the brake had let pass before the hold opened, and has them wait in it: approving it
// brings it about again, and they leave it by themselves when the facts move back. Those who are spared stay as they are.
func (e *Engine) UndoHold(
	ctx context.Context, org directory.OrgNum, id directory.ID, spared []directory.ID, cause directory.Cause,
) (*directory.Hold, error) {
	return e.onHold(ctx, org, id, cause, func(s *settlement, h *directory.Hold) error {
		if len(spared) > sparedMost {
			return directory.Errorf(directory.Invalid, "At most %d people can be left out of it.", sparedMost)
		}
		h.Spared = spared
		done, err := HoldDone(s.tx, h, 1)
		if err != nil {
			return err
		}
		if len(done) == 0 {
			return directory.Errorf(directory.Conflict, "There is nobody to put back: nothing of this kind took effect before the hold, or it was reversed.")
		}
		h.Undo = true
		return s.carryOut("hold.undone", h)
	})
}

// onHold runs a decision about an open hold of a brake.
func (e *Engine) onHold(
	ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause, decide func(*settlement, *directory.Hold) error,
) (*directory.Hold, error) {
	var hold *directory.Hold
	err := e.update(ctx, org, cause, func(s *settlement) error {
		holds, err := s.holds()
		if err != nil {
			return err
		}
		hold = holds[id]
		switch {
		case hold == nil:
			return directory.Errorf(directory.NotFound, "There is no hold %s, or it is closed; `usher holds list` shows those there are.", id)
		case hold.Kind == directory.HoldLastAdmin:
			return directory.Errorf(directory.Conflict, "The last active admin stays: make somebody else admin, and this hold ends by itself.")
		case hold.Undo:
			return directory.Errorf(directory.Conflict, "Those who were done before the hold are being put back; wait until that is over.")
		case hold.State != directory.HoldOpen:
			return directory.Errorf(directory.Conflict, "%s has decided about this hold: it is %s, and is being carried out.", hold.Decided.Actor, hold.State)
		}
		return decide(s, hold)
	})
	return hold, err
}

// carryOut journals a decision about a hold, and settles whom it concerns: now when they are few, by a job when not.
func (s *settlement) carryOut(kind string, h *directory.Hold) error {
	if err := s.append([]*pending{s.holdEntry(kind, h)}); err != nil {
		return err
	}
	s.holdChanged(h)
	j := s.job(directory.JobHold, s.org, 0, h.ID)
	people, err := s.nextOfHold(j, facts.InlineLimit)
	if err != nil {
		return err
	}
	if j.Cursor != nil {
		s.jobs = append(s.jobs, j)
	}
	touched := make([]*facts.Touch, len(people))
	for i, id := range people {
		touched[i] = &facts.Touch{Member: id}
	}
	if err := s.settle(touched); err != nil {
		return err
	}
	return s.write(nil)
}

// nextOfHold returns the next people of a hold about which somebody has decided, and moves the cursor, to nil after the
// last.
func (s *settlement) nextOfHold(j *directory.Job, size int) ([]directory.ID, error) {
	holds, err := s.holds()
	if err != nil {
		return nil, err
	}
	h, after := holds[j.Key], idOf(j.Cursor)
	j.Cursor = nil
	switch {
	case h == nil:
		return nil, nil
	case h.Undo:
		return s.nextToUndo(j, h, size)
	case h.State == directory.HoldOpen:
		return nil, nil
	}
	rows, err := s.tx.ListHeldMembers(s.org, h.ID, store.Page{After: after, Limit: size})
	if err != nil {
		return nil, err
	}
	ids := make([]directory.ID, len(rows))
	for i, row := range rows {
		ids[i] = row.Member
	}
	if len(ids) == size {
		j.Cursor = slices.Clone(ids[size-1][:])
	}
	return ids, nil
}

// nextToUndo takes the next people off those whom the brake has counted, so that they are put back.
func (s *settlement) nextToUndo(j *directory.Job, h *directory.Hold, size int) ([]directory.ID, error) {
	rows, err := HoldDone(s.tx, h, size)
	if err != nil {
		return nil, err
	}
	if j.Cursor = []byte{}; len(rows) < size {
		j.Cursor, h.Undo, h.Passed, h.Spared = nil, false, len(h.Spared), nil
		s.holdChanged(h)
	}
	s.brakes.undoing = make(map[directory.ID]*directory.Braked, len(rows))
	ids := make([]directory.ID, len(rows))
	for i, row := range rows {
		ids[i], s.brakes.undoing[row.Member] = row.Member, row
	}
	return ids, s.tx.DeleteBraked(rows)
}

// sparedMost is how many people can be left out when a hold is undone.
const sparedMost = 1000

// HoldDone returns up to limit people for whom it took effect in the window before a hold, the first ones first, without
// those who are spared.
func HoldDone(tx store.Tx, h *directory.Hold, limit int) ([]*directory.Braked, error) {
	rows, err := tx.BrakedSince(h.Org, h.Kind, h.Scope, h.Created.Add(-h.Window), limit+len(h.Spared))
	rows = slices.DeleteFunc(rows, func(b *directory.Braked) bool { return b.At.After(h.Created) || slices.Contains(h.Spared, b.Member) })
	return rows[:min(len(rows), limit)], err
}

// What can be expected: how many people at the most, and how far ahead.
const (
	mostExpected = 1_000_000
	expectAhead  = 31 * 24 * time.Hour
)

// ExpectHold lets a number of distinct people pass a kind of brake until an instant, at most 31 days ahead, beside those
// who pass anyway. Nobody, 0, withdraws what is expected of the kind; the instant does not matter then.
func (e *Engine) ExpectHold(ctx context.Context, org directory.OrgNum, kind string, count int, until time.Time, cause directory.Cause) (*directory.Expectation, error) {
	var x *directory.Expectation
	err := e.update(ctx, org, cause, func(s *settlement) error {
		x = &directory.Expectation{Org: org, Kind: kind, Count: count, Until: until.UTC(), Cause: cause, Created: s.now}
		switch {
		case !slices.Contains(brakeKinds(), kind):
			return directory.Errorf(directory.Invalid, "There is no brake on %q.", kind)
		case count < 0 || count > mostExpected:
			return directory.Errorf(directory.Invalid, "%d people cannot be expected: give a number up to %d, or 0 to withdraw what is expected.", count, mostExpected)
		case count == 0:
			return s.withdraw(x)
		case !until.After(s.now):
			return directory.Errorf(directory.Invalid, "The expectation would end at %s, which is past.", instant(until))
		case until.Sub(s.now) > expectAhead:
			return directory.Errorf(directory.Invalid, "The expectation would end at %s, which is more than 31 days ahead; let it end by %s, and say it again when that is over.",
				instant(until), instant(s.now.Add(expectAhead)))
		}
		x.ID = e.ids.New(s.now)
		if err := s.tx.PutExpectation(x); err != nil {
			return err
		}
		return s.tellExpected(people(count) + " more pass the brake on " + kind + " until " + instant(x.Until))
	})
	return x, err
}

// withdraw ends what is expected of a kind now.
func (s *settlement) withdraw(x *directory.Expectation) error {
	all, err := s.tx.ListExpectations(s.org)
	if err != nil {
		return err
	}
	x.Until = s.now
	var notes []string
	for _, former := range all {
		if former.Kind != x.Kind || !former.Until.After(s.now) {
			continue
		}
		if err := s.tx.DeleteExpectation(s.org, former.ID); err != nil {
			return err
		}
		notes = append(notes, "withdrawn by "+x.Cause.Actor+": "+people(former.Count)+" more were to pass the brake on "+x.Kind+
			" until "+instant(former.Until)+", as "+former.Cause.Actor+" had said")
	}
	if len(notes) == 0 {
		return directory.Errorf(directory.Conflict, "Nothing is expected of %s, so that there is nothing to withdraw.", x.Kind)
	}
	return s.tellExpected(notes...)
}

// tellExpected journals what is expected from now on.
func (s *settlement) tellExpected(notes ...string) error {
	entry := s.newEntry("hold.expected")
	entry.Notes = notes
	return s.append([]*pending{{entry: entry}})
}

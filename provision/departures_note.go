package provision

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// departuresPlace is the document with the number of the last journal entry that was looked at.
const departuresPlace = "departures/place"

// So many entries, and members of a lockdown, are looked at in one transaction; the place is kept each so many entries.
const (
	departureEntries = 200
	departureMembers = 200
	departureKeep    = 5000
)

// Departures follows the journal, and notes of which sessions that ended applications have to be told. Its place is kept in
// the store; what is looked at twice is noted once. One goroutine uses it.
type Departures struct {
	Engine *Engine
	Wants  func(client string) bool // whether an application wants to be told; what it says no to is not noted

	known    bool
	at, kept uint64 // the last entry that was looked at, and the one that the store knows of
}

// Note looks at what the journal says since it was called last, and returns how many departures it noted.
func (d *Departures) Note(ctx context.Context) (int, error) {
	noted := 0
	if err := d.find(ctx); err != nil {
		return 0, err
	}
	for {
		n, more, err := d.next(ctx)
		noted += n
		if err != nil || !more {
			return noted, err
		}
	}
}

// find finds where to go on: at the place that was kept, else at the end of the journal as it is, because no application
// knows of anybody before this is asked for the first time.
func (d *Departures) find(ctx context.Context) error {
	if d.known {
		return nil
	}
	err := d.Engine.Store.View(ctx, func(tx store.Tx) error {
		text, err := tx.Document(departuresPlace)
		if errors.Is(err, store.ErrNotFound) {
			last, err := tx.ListEntries(0, 1, true)
			if len(last) > 0 {
				d.at = last[0].Seq
			}
			return err
		}
		if err == nil {
			d.at, err = strconv.ParseUint(string(text), 10, 64)
		}
		return err
	})
	if err == nil {
		err = d.keep(ctx)
	}
	d.known = err == nil
	return err
}

func (d *Departures) keep(ctx context.Context) error {
	err := d.Engine.Store.Update(ctx, func(tx store.Tx) error {
		return tx.PutDocument(departuresPlace, strconv.AppendUint(nil, d.at, 10))
	})
	if err == nil {
		d.kept = d.at
	}
	return err
}

// next looks at the next entries.
func (d *Departures) next(ctx context.Context) (noted int, more bool, err error) {
	var entries []*directory.Entry
	err = d.Engine.Store.View(ctx, func(tx store.Tx) (err error) {
		entries, err = tx.ListEntries(d.at, departureEntries, false)
		return err
	})
	if err != nil || len(entries) == 0 {
		return 0, false, err
	}
	gone := map[directory.OrgNum][]directory.ID{}
	for _, entry := range entries {
		if endsAtLarge(entry.Kind) {
			n, err := d.everybody(ctx, entry.Org)
			if noted += n; err != nil {
				return noted, false, err
			}
		}
		for _, subject := range entry.Subjects {
			if subject.Kind == directory.SubjectMember && !slices.Contains(gone[entry.Org], subject.ID) {
				gone[entry.Org] = append(gone[entry.Org], subject.ID)
			}
		}
	}
	for org, members := range gone {
		n, err := d.depart(ctx, org, members)
		if noted += n; err != nil {
			return noted, false, err
		}
	}
	d.at = entries[len(entries)-1].Seq
	if noted > 0 || d.at-d.kept >= departureKeep {
		err = d.keep(ctx)
	}
	return noted, len(entries) == departureEntries, err
}

// endsAtLarge reports whether entries of a kind tell of what can end sessions of members whom the entry does not name: all
// of an organization, those of a connection, or those that are too old for the limits of another policy.
func endsAtLarge(kind string) bool {
	switch kind {
	case kindLockdownOn, kindSessionsOver, kindConnRetired, kindPolicyActivated, kindPolicyConnections, kindPolicyRolledBack:
		return true
	}
	return false
}

// everybody looks at every session of an organization, of which one row can end them all.
func (d *Departures) everybody(ctx context.Context, org directory.OrgNum) (noted int, err error) {
	var last, next *directory.Session
	for {
		var members []directory.ID
		err := d.Engine.Store.View(ctx, func(tx store.Tx) error {
			members, next = nil, nil
			rows, err := tx.ListSessions(org, last, departureMembers)
			for _, s := range rows {
				members, next = append(members, s.Member), s
			}
			return err
		})
		last = next
		if err != nil || len(members) == 0 {
			return noted, err
		}
		n, err := d.depart(ctx, org, slices.Compact(members))
		if noted += n; err != nil {
			return noted, err
		}
	}
}

// depart notes of members which of the sessions that applications know have ended. Nothing is written when none has.
func (d *Departures) depart(ctx context.Context, org directory.OrgNum, members []directory.ID) (noted int, err error) {
	var touched []directory.ID
	err = d.Engine.Store.View(ctx, func(tx store.Tx) error {
		touched = nil
		for _, member := range members {
			_, _, ended, err := d.Engine.parted(tx, org, member)
			if err != nil {
				return err
			}
			if len(ended) > 0 {
				touched = append(touched, member)
			}
		}
		return nil
	})
	if err != nil || len(touched) == 0 {
		return 0, err
	}
	err = d.Engine.Store.Update(ctx, func(tx store.Tx) error {
		noted = 0
		for _, member := range touched {
			row, hold, ended, err := d.Engine.parted(tx, org, member)
			if err != nil {
				return err
			}
			for _, t := range ended {
				if !d.Wants(t.Client) {
					continue
				}
				noted++
				if err := putDeparture(tx, &Departure{Client: t.Client, Session: t.Session, Member: member, Org: org, At: d.Engine.Now().UTC()}); err != nil {
					return err
				}
			}
			if err := putTold(tx, row, hold); err != nil {
				return err
			}
		}
		return nil
	})
	return noted, err
}

// parted parts the sessions of a member that applications know into those that hold and those that have ended.
func (e *Engine) parted(tx store.Tx, org directory.OrgNum, member directory.ID) (row *directory.Request, hold, ended []told, err error) {
	row, list, err := toldOf(tx, org, member)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, t := range list {
		switch _, _, err := e.sessionByID(tx, t.Session); {
		case err == nil:
			hold = append(hold, t)
		case directory.KindOf(err) == directory.Unauthenticated:
			ended = append(ended, t)
		default:
			return nil, nil, nil, err
		}
	}
	return row, hold, ended, nil
}

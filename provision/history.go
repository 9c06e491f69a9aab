package provision

import (
	"bytes"
	"context"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// chain is the history of one subject: its last entry, from which each entry leads to the one before.
type chain struct {
	kind directory.SubjectKind
	id   directory.ID
	last uint64
}

// history merges chains, the newest entry first, each entry once.
func (s *settlement) history(chains []chain) ([]JournalLine, error) {
	var lines []JournalLine
	signIns := 0
	for read := 0; len(lines) < journalLimit && read < historyMost; read++ {
		seq := uint64(0)
		for _, c := range chains {
			seq = max(seq, c.last)
		}
		if seq == 0 {
			break
		}
		line, err := lineOf(s.tx, seq)
		if err != nil {
			return nil, err
		}
		for i, c := range chains {
			if c.last != seq {
				continue
			}
			if chains[i].last = 0; line != nil {
				chains[i].last = previous(&line.Entry, c)
			}
		}
		if line == nil {
			continue
		}
		if onlySignIn(&line.Entry) {
			if signIns++; signIns > signInsTold {
				continue
			}
		}
		lines = append(lines, *line)
	}
	return lines, nil
}

// Of sign-ins from which nothing followed a history tells the last ones; beyond so many entries it goes no further.
const (
	signInsTold = 5
	historyMost = 1000
)

// historyPage is how many entries, with their details, one snapshot of a walk reads.
const historyPage = 250

// walk follows a chain back to its beginning, the newest entry first, until visit returns false. It reports whether it
// came to the beginning, or was stopped, before it had seen limit entries.
func (e *Engine) walk(ctx context.Context, c chain, limit int, visit func(*JournalLine) bool) (bool, error) {
	more := true
	for seen := 0; more && c.last != 0; {
		err := e.Store.View(ctx, func(tx store.Tx) error {
			for n := 0; n < historyPage && more && c.last != 0; n++ {
				line, err := lineOf(tx, c.last)
				if err != nil || line == nil {
					c.last = 0
					return err
				}
				c.last = previous(&line.Entry, c)
				more = visit(line)
				seen++
			}
			return nil
		})
		if err != nil {
			return false, err
		}
		if more && c.last != 0 && seen >= limit {
			return false, nil
		}
	}
	return true, nil
}

// lineOf returns an entry with its personal values, nil when there is none of this number.
func lineOf(tx store.Tx, seq uint64) (*JournalLine, error) {
	entries, err := tx.Entries([]uint64{seq})
	if err != nil || entries[0] == nil {
		return nil, err
	}
	details, err := tx.Details([]uint64{seq})
	if err != nil {
		return nil, err
	}
	line := &JournalLine{Entry: *entries[0]}
	if details[0] != nil {
		line.Values = details[0].Values
	}
	return line, nil
}

// erased reports whether an entry had personal values that are there no more.
func (l *JournalLine) erased() bool { return len(l.Proof) > 0 && len(l.Values) == 0 }

// about returns the first subject of a kind, the zero ID for none.
func (l *JournalLine) about(kind directory.SubjectKind) directory.ID {
	for _, subject := range l.Subjects {
		if subject.Kind == kind {
			return subject.ID
		}
	}
	return directory.NoID
}

func (s *settlement) entry(seq uint64) (*directory.Entry, error) {
	if seq == 0 {
		return nil, nil
	}
	entries, err := s.tx.Entries([]uint64{seq})
	if err != nil {
		return nil, err
	}
	return entries[0], nil
}

// previous returns the entry before one about the same subject.
func previous(e *directory.Entry, c chain) uint64 {
	for _, subject := range e.Subjects {
		if subject.Kind == c.kind && subject.ID == c.id {
			return subject.Prev
		}
	}
	return 0
}

// added reports whether a detail says that a user was added to a group.
func added(d *directory.Detail, user directory.ID) bool {
	if d == nil {
		return false
	}
	for _, v := range d.Values {
		if v.Attribute == "members" && bytes.Contains(v.After, []byte(user.String())) {
			return true
		}
	}
	return false
}

package provision

import (
	"bytes"

	"github.com/mixus/usher/directory"
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
	for len(lines) < journalLimit {
		seq := uint64(0)
		for _, c := range chains {
			seq = max(seq, c.last)
		}
		if seq == 0 {
			break
		}
		entry, err := s.entry(seq)
		if err != nil {
			return nil, err
		}
		for i, c := range chains {
			if c.last != seq {
				continue
			}
			if chains[i].last = 0; entry != nil {
				chains[i].last = previous(entry, c)
			}
		}
		if entry == nil {
			continue
		}
		details, err := s.tx.Details([]uint64{seq})
		if err != nil {
			return nil, err
		}
		line := JournalLine{Entry: *entry}
		if details[0] != nil {
			line.Values = details[0].Values
		}
		lines = append(lines, line)
	}
	return lines, nil
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

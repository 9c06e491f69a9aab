package bolt

import (
	"encoding/binary"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// The parts of a journal row. Their values are part of the file's format.
const (
	partEntry  = 0
	partDetail = 1
)

func (t *tx) journalKey(seq uint64, part byte) []byte {
	t.key = append(appendSeq(t.key[:0], seq), part)
	return t.key
}

func readJournalKey(key []byte) (seq uint64, part byte, err error) {
	if len(key) != 9 {
		return 0, 0, damaged("journal", key)
	}
	return binary.BigEndian.Uint64(key), key[8], nil
}

// findLastSeq reads the number of the last entry. It is read when a transaction begins, before anything is deleted, and
// after that only when a transaction failed: nobody else writes.
func (t *tx) findLastSeq() error {
	if t.seqRead {
		return nil
	}
	t.lastSeq = 0
	var err error
	t.page(bJournal, nil, nil, true, func(key, _ []byte) bool {
		t.lastSeq, _, err = readJournalKey(key)
		return false
	})
	t.seqRead = err == nil
	return err
}

func (t *tx) Append(entries []*directory.Entry, details []*directory.Detail) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for i, e := range entries {
		t.lastSeq++
		seq := t.lastSeq
		e.Seq = seq
		t.row = appendEntry(t.row[:0], e)
		if err := t.insert(bJournal, t.journalKey(seq, partEntry), t.row); err != nil {
			return err
		}
		if i >= len(details) || details[i] == nil {
			continue
		}
		details[i].Seq = seq
		t.row = appendDetail(t.row[:0], details[i])
		if err := t.insert(bJournal, t.journalKey(seq, partDetail), t.row); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Entries(seqs []uint64) ([]*directory.Entry, error) {
	found := make([]*directory.Entry, len(seqs))
	for i, seq := range seqs {
		row := t.get(bJournal, t.journalKey(seq, partEntry))
		if row == nil {
			continue
		}
		e, err := decodeEntry(seq, row)
		if err != nil {
			return nil, err
		}
		found[i] = e
	}
	return found, nil
}

func (t *tx) ListEntries(after uint64, limit int, descending bool) ([]*directory.Entry, error) {
	if limit <= 0 {
		return nil, nil
	}
	var position []byte
	if after != 0 {
		position = t.journalKey(after, partEntry)
	}
	var list []*directory.Entry
	var err error
	t.page(bJournal, nil, position, descending, func(key, row []byte) bool {
		var seq uint64
		var part byte
		if seq, part, err = readJournalKey(key); err != nil {
			return false
		}
		if part != partEntry {
			return true
		}
		var e *directory.Entry
		if e, err = decodeEntry(seq, row); err != nil {
			return false
		}
		list = append(list, e)
		return len(list) < limit
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (t *tx) Details(seqs []uint64) ([]*directory.Detail, error) {
	found := make([]*directory.Detail, len(seqs))
	for i, seq := range seqs {
		row := t.get(bJournal, t.journalKey(seq, partDetail))
		if row == nil {
			continue
		}
		d, err := decodeDetail(seq, row)
		if err != nil {
			return nil, err
		}
		found[i] = d
	}
	return found, nil
}

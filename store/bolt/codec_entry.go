package bolt

import (
	"encoding/binary"

	"github.com/mixus/usher/directory"
)

func appendEntry(b []byte, e *directory.Entry) []byte {
	b = append(b, 1)
	b = appendTime(b, e.At)
	b = binary.AppendUvarint(b, uint64(e.Org))
	b = binary.AppendUvarint(b, uint64(e.Conn))
	b = appendText(b, e.Kind)
	b = binary.AppendUvarint(b, uint64(len(e.Subjects)))
	for _, s := range e.Subjects {
		b = append(append(b, byte(s.Kind)), s.ID[:]...)
		b = binary.AppendUvarint(b, s.Prev)
	}
	b = appendText(b, string(e.Cause.Kind))
	b = appendText(b, e.Cause.ID)
	b = appendText(b, e.Cause.Actor)
	b = appendText(b, e.Cause.Reason)
	b = appendTexts(b, e.Attributes)
	b = binary.AppendVarint(b, int64(e.Added))
	b = binary.AppendVarint(b, int64(e.Removed))
	b = binary.AppendUvarint(b, uint64(len(e.Effects)))
	for i := range e.Effects {
		b = appendEffect(b, &e.Effects[i])
	}
	b = appendTexts(b, e.Notes)
	return appendBytes(b, e.Proof)
}

func decodeEntry(seq uint64, row []byte) (*directory.Entry, error) {
	r := read(string(row))
	e := &directory.Entry{Seq: seq}
	e.At = r.time()
	e.Org = directory.OrgNum(r.uint())
	e.Conn = directory.ConnNum(r.uint())
	e.Kind = r.text()
	if n := r.count(); n > 0 {
		e.Subjects = make([]directory.Subject, n)
		for i := range e.Subjects {
			e.Subjects[i] = directory.Subject{Kind: directory.SubjectKind(r.byte()), ID: r.id(), Prev: r.uint()}
		}
	}
	e.Cause.Kind = directory.CauseKind(r.text())
	e.Cause.ID = r.text()
	e.Cause.Actor = r.text()
	e.Cause.Reason = r.text()
	e.Attributes = r.texts()
	e.Added = int(r.int())
	e.Removed = int(r.int())
	if n := r.count(); n > 0 {
		e.Effects = make([]directory.Effect, n)
		for i := range e.Effects {
			e.Effects[i] = readEffect(r)
		}
	}
	e.Notes = r.texts()
	e.Proof = r.raw()
	return e, r.end("journal", appendSeq(nil, seq))
}

func appendEffect(b []byte, e *directory.Effect) []byte {
	b = appendText(b, e.Field)
	b = appendText(b, e.Before)
	b = appendText(b, e.After)
	if e.Reason == nil {
		return append(b, 0)
	}
	return appendReason(append(b, 1), e.Reason)
}

func readEffect(r *reader) directory.Effect {
	e := directory.Effect{Field: r.text(), Before: r.text(), After: r.text()}
	if r.byte() != 0 {
		reason := readReason(r)
		e.Reason = &reason
	}
	return e
}

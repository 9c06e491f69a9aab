package bolt

import (
	"encoding/binary"

	"github.com/mixus/usher/directory"
)

// A decision is part of a member row; role, department and aliases are in the row's head. Its flags have room for those of
// the member too.

func appendDecision(b []byte, m *directory.Member) []byte {
	d := &m.Decision
	b = appendFlags(b, d.InScope, d.Active, d.Observe, d.Invite, d.Guest, d.Waits, m.Permitted)
	b = appendTexts(b, d.Teams)
	b = appendTexts(b, d.PermissionSets)
	b = appendTexts(b, d.Spaces)
	b = appendTexts(b, d.Projects)
	b = appendTime(b, d.Ends)
	b = appendText(b, d.Email)
	b = appendText(b, d.Name)
	b = appendText(b, d.Title)
	b = appendText(b, d.Manager)
	b = appendOptionalID(b, d.ManagerID)
	b = binary.AppendUvarint(b, uint64(len(d.Reasons)))
	for i := range d.Reasons {
		b = appendReason(b, &d.Reasons[i])
	}
	return b
}

func readDecision(r *reader, m *directory.Member) {
	d := &m.Decision
	flags := r.flags()
	m.Permitted = flags&64 != 0
	d.InScope, d.Active, d.Observe = flags&1 != 0, flags&2 != 0, flags&4 != 0
	d.Invite, d.Guest, d.Waits = flags&8 != 0, flags&16 != 0, flags&32 != 0
	d.Teams = r.texts()
	d.PermissionSets = r.texts()
	d.Spaces = r.texts()
	d.Projects = r.texts()
	d.Ends = r.time()
	d.Email = r.text()
	d.Name = r.text()
	d.Title = r.text()
	d.Manager = r.text()
	d.ManagerID = r.optionalID()
	if n := r.count(); n > 0 {
		d.Reasons = make([]directory.Reason, n)
		for i := range d.Reasons {
			d.Reasons[i] = readReason(r)
		}
	}
}

func appendReason(b []byte, s *directory.Reason) []byte {
	b = appendText(b, s.Field)
	b = appendText(b, s.Value)
	b = appendText(b, string(s.Source))
	b = appendText(b, s.Rule)
	b = appendText(b, s.At)
	b = appendText(b, s.Because)
	return appendTime(b, s.Until)
}

func readReason(r *reader) directory.Reason {
	return directory.Reason{
		Field:   r.text(),
		Value:   r.text(),
		Source:  directory.Source(r.text()),
		Rule:    r.text(),
		At:      r.text(),
		Because: r.text(),
		Until:   r.time(),
	}
}

package provision

import (
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strconv"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// pending is an entry that is not numbered yet, with the rows that will point to it.
type pending struct {
	entry  *directory.Entry
	detail *directory.Detail
	last   []*uint64 // User.Entry, Group.Entry and Member.Entry of its subjects, in their order
}

// write journals what the provider changed and what followed, and writes the rows that changed.
func (s *settlement) write(changes []*facts.Change) error {
	var entries []*pending
	for _, c := range changes {
		entries = append(entries, s.entryOf(c))
	}
	for _, o := range s.outcomes {
		if o.worthTelling() && s.settled[o.member.ID] == o {
			entries = append(entries, s.effectEntry(o, "member.changed"))
		}
	}
	if err := s.append(entries); err != nil {
		return err
	}
	if err := s.greet(); err != nil {
		return err
	}
	return s.writeRows()
}

// worthTelling reports whether something followed for the member. That a condition could not be decided, again, is for the
// log.
func (o *outcome) worthTelling() bool { return len(o.effects)+len(o.values) > 0 || o.tell }

func (s *settlement) writeRows() error {
	var rows []*directory.Member
	for _, o := range s.outcomes {
		if o.changed {
			rows = append(rows, o.member)
		}
	}
	if len(rows) > 0 {
		if err := s.tx.PutMembers(rows); err != nil {
			return err
		}
	}
	if err := s.writeHolds(); err != nil {
		return err
	}
	if s.writer != nil {
		if err := s.writer.Flush(); err != nil {
			return err
		}
	}
	if len(s.jobs) == 0 {
		return nil
	}
	for _, j := range s.jobs {
		j.Cause = s.cause
	}
	s.wake = true
	return s.tx.PutJobs(s.jobs)
}

// entryOf makes the entry of what a provider changed. What followed for a person whom the change is about stands in the
// same entry; what followed for others has entries of its own.
func (s *settlement) entryOf(c *facts.Change) *pending {
	e := s.newEntry(c.Kind)
	e.Conn = s.conn
	e.Attributes, e.Added, e.Removed, e.Notes = c.Attributes, c.Added, c.Removed, c.Notes
	p := &pending{entry: e}
	if c.User != nil {
		p.about(directory.SubjectUser, c.User.ID, &c.User.Entry)
	}
	if c.Group != nil {
		p.about(directory.SubjectGroup, c.Group.ID, &c.Group.Entry)
	}
	values := c.Values
	if len(c.Members) == 1 {
		if o := s.settled[c.Members[0]]; o != nil {
			e.Notes = append(e.Notes, o.notes...)
			if o.changed {
				p.about(directory.SubjectMember, o.member.ID, &o.member.Entry)
				e.Effects = o.effects
				values = append(slices.Clone(values), o.values...)
			}
			delete(s.settled, o.member.ID) // told
		}
	}
	p.say(values)
	return p
}

// effectEntry makes the entry of what followed for one member.
func (s *settlement) effectEntry(o *outcome, kind string) *pending {
	e := s.newEntry(kind)
	e.Effects, e.Notes = o.effects, o.notes
	o.changed = true
	p := &pending{entry: e}
	p.about(directory.SubjectMember, o.member.ID, &o.member.Entry)
	p.say(o.values)
	return p
}

func (s *settlement) newEntry(kind string) *directory.Entry {
	return &directory.Entry{At: s.now, Org: s.org, Kind: kind, Cause: s.cause}
}

func (p *pending) about(kind directory.SubjectKind, id directory.ID, last *uint64) {
	p.entry.Subjects = append(p.entry.Subjects, directory.Subject{Kind: kind, ID: id})
	p.last = append(p.last, last)
}

// say puts personal values beside the entry, with a salt, and the proof of them into it.
func (p *pending) say(values []directory.DetailValue) {
	if len(values) == 0 {
		return
	}
	p.detail = &directory.Detail{Salt: make([]byte, 16), Values: values}
	rand.Read(p.detail.Salt) // never returns an error
	p.entry.Proof = Proof(p.detail)
}

// Proof returns SHA-256 over the salt and the values of a detail, each part preceded by its length. An entry keeps it,
// so that a detail can be erased, and not be changed unnoticed.
func Proof(d *directory.Detail) []byte {
	h := sha256.New()
	var length [20]byte
	part := func(b []byte) {
		h.Write(append(strconv.AppendInt(length[:0], int64(len(b)), 10), ':'))
		h.Write(b)
	}
	part(d.Salt)
	for _, v := range d.Values {
		part([]byte(v.Attribute))
		part([]byte(v.Before))
		part([]byte(v.After))
	}
	return h.Sum(nil)
}

// append journals entries, and those of the invitations that ended. It numbers them in order, and chains each to the entry
// before it about the same subject. Entries about one subject are appended one after the other, since the second needs the
// number of the first.
func (s *settlement) append(entries []*pending) error {
	if len(s.ended) > 0 {
		entries = slices.Concat(entries, s.endings())
	}
	last := make(map[directory.Subject]uint64, 2*len(entries))
	for len(entries) > 0 {
		n := distinct(entries)
		if err := s.appendRun(entries[:n], last); err != nil {
			return err
		}
		entries = entries[n:]
	}
	if s.writer != nil {
		s.writer.Number(last)
	}
	return nil
}

// distinct returns how many entries there are before one about a subject that an earlier one is about. Two operations of
// one transaction may each have a copy of the row, so that only the subject itself tells.
func distinct(entries []*pending) int {
	if len(entries) < 2 {
		return len(entries)
	}
	seen := make(map[directory.Subject]bool, 2*len(entries))
	for n, p := range entries {
		if slices.ContainsFunc(p.entry.Subjects, func(about directory.Subject) bool { return seen[about] }) {
			return n
		}
		for _, about := range p.entry.Subjects {
			seen[about] = true
		}
	}
	return len(entries)
}

func (s *settlement) appendRun(run []*pending, last map[directory.Subject]uint64) error {
	entries := make([]*directory.Entry, len(run))
	details := make([]*directory.Detail, len(run))
	for i, p := range run {
		for k, row := range p.last {
			p.entry.Subjects[k].Prev = max(*row, last[p.entry.Subjects[k]])
		}
		entries[i], details[i] = p.entry, p.detail
	}
	if err := s.tx.Append(entries, details); err != nil {
		return err
	}
	for _, p := range run {
		for k, row := range p.last {
			about := p.entry.Subjects[k]
			last[directory.Subject{Kind: about.Kind, ID: about.ID}] = p.entry.Seq
			*row = p.entry.Seq
		}
	}
	return nil
}

package provision

import (
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// invitationEnd is an invitation that was accepted or cancelled by something that spoke of its person, and not of it: a push, a
// sign-in, a suspension.
type invitationEnd struct {
	member directory.ID
	kind   string // of its entry
	note   string
}

// end closes an invitation for what has become of its person. The next entries that the transaction journals tell of it in
// one of its own, so that whoever follows invitations finds each end by its kind.
func (s *settlement) end(g *directory.Grant, state, why string) error {
	if !s.dry {
		s.ended = append(s.ended, invitationEnd{
			member: g.Member, kind: "invitation." + state, note: "the invitation of " + g.Created.Format(time.DateOnly) + " was " + state + ": " + why,
		})
	}
	return s.close(g, state)
}

// endings makes the entries of the invitations that have ended so since the last ones were journalled. Whoever they are about
// has been settled since.
func (s *settlement) endings() []*pending {
	var entries []*pending
	for _, x := range s.ended {
		for _, o := range slices.Backward(s.outcomes) {
			if o.member.ID != x.member {
				continue
			}
			e := s.newEntry(x.kind)
			e.Conn, e.Notes = s.conn, []string{x.note}
			o.changed = true
			p := &pending{entry: e}
			p.about(directory.SubjectMember, o.member.ID, &o.member.Entry)
			entries = append(entries, p)
			break
		}
	}
	s.ended = nil
	return entries
}

// whoMade says what made somebody a member whom no link and no sign-in did.
func (s *settlement) whoMade() string {
	return s.source() + " made the person a member"
}

// whoPutOut says why somebody is not invited any more: what admins or directories said, else what brought it about.
func (s *settlement) whoPutOut(status directory.Status, d *directory.Decision) string {
	if status == directory.StatusActive {
		return s.source() + " made the person a member before it was approved"
	}
	for _, r := range slices.Backward(d.Reasons) {
		if r.Field == "status" && r.Because != "" {
			return r.Because
		}
	}
	if status == directory.StatusRemoved {
		return s.source() + " made the person part of another member"
	}
	return s.source() + " left nothing that lets the person in"
}

// source says in words through which door the change came.
func (s *settlement) source() string {
	switch s.cause.Kind {
	case directory.CauseSCIM:
		return "a push of " + s.conns[s.conn]
	case directory.CauseAdmin:
		return "an admin's act"
	case directory.CausePolicy:
		return "the organization's file"
	case directory.CauseLogin:
		return "a sign-in"
	case directory.CauseTime:
		return "a date that has come"
	case directory.CauseJob:
	}
	return "the rest of a large change"
}

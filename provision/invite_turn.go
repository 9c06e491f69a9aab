package provision

import (
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

// lettersAhead is for how many days, today among them, letters of invitations wait for a day with room for them.
const lettersAhead = 90

// letterTurn counts a letter of an invitation that no admin sends by hand, and returns when it goes out: now, or on the first
// day on which the organization's limits leave room for it. It is zero where there is none before an instant.
func (s *settlement) letterTurn(address string, before time.Time) (time.Time, error) {
	if s.dry || s.readOnly() {
		return s.now, nil
	}
	sent, err := s.lettersToday()
	if err != nil {
		return time.Time{}, err
	}
	day := s.now.UTC().Truncate(24 * time.Hour)
	for at := s.now; at.Before(before); at = day {
		count, most, _ := sent.on(day).room(s, address)
		if *count < most {
			*count++
			return at, putDocument(s.tx, lettersDocument(s.org), sent)
		}
		day = day.Add(24 * time.Hour)
	}
	return time.Time{}, nil
}

// waits reports whether the last letter of an invitation waits for a later day.
func (s *settlement) waits(i *directory.Invitation) bool { return i.Goes.After(s.now) }

// returnTurn gives the place of a letter back that waits for a later day, and is not sent then.
func (s *settlement) returnTurn(i *directory.Invitation) error {
	if s.dry || s.readOnly() || !s.waits(i) {
		return nil
	}
	sent, err := s.lettersToday()
	if err != nil {
		return err
	}
	day := i.Goes.UTC().Format(time.DateOnly)
	i.Goes = time.Time{}
	for n := range sent.Ahead {
		if sent.Ahead[n].Day == day {
			count, _, _ := sent.Ahead[n].room(s, i.Email)
			*count = max(*count-1, 0)
		}
	}
	return putDocument(s.tx, lettersDocument(s.org), sent)
}

// on returns the count of a day: of today, or one of those ahead, which are asked for one after the other.
func (n *lettersSent) on(day time.Time) *lettersOfDay {
	name := day.Format(time.DateOnly)
	if n.Day == name {
		return &n.lettersOfDay
	}
	for i := range n.Ahead {
		if n.Ahead[i].Day == name {
			return &n.Ahead[i]
		}
	}
	n.Ahead = append(n.Ahead, lettersOfDay{Day: name})
	return &n.Ahead[len(n.Ahead)-1]
}

// limitWords says which limit has a letter wait.
func (s *settlement) limitWords(address string) string {
	_, _, key := (&lettersOfDay{}).room(s, address)
	return key + ", the limit of a day, leaves no room"
}

// issueInTurn issues an invitation that a directory asks for. Its link works from the day on which its letter goes out;
// without any, the person still comes by signing in.
func (s *settlement) issueInTurn(g *directory.Grant) error {
	at, err := s.letterTurn(g.Invited.Email, s.now.Add(lettersAhead*24*time.Hour))
	switch {
	case err != nil:
		return err
	case at.IsZero():
		s.begin(g, s.now)
		g.Invited.Mailed = "no letter was sent: " + s.limitWords(g.Invited.Email)
		return s.tx.PutGrants([]*directory.Grant{g})
	}
	s.begin(g, at)
	g.Invited.Goes = at
	return s.send(g, mail.KindInvitation)
}

// remindInTurn sends a reminder of the schedule, unless there is no room for it before the invitation ends, or the letter before
// it waits still.
func (s *settlement) remindInTurn(g *directory.Grant) error {
	if s.waits(g.Invited) {
		if err := s.tx.PutGrants([]*directory.Grant{g}); err != nil {
			return err
		}
		return s.turned(g, "invitation.not_reminded", "the reminder of the schedule was left out: the letter before it waits until "+clock(g.Invited.Goes))
	}
	at, err := s.letterTurn(g.Invited.Email, g.Invited.Expires)
	if err != nil {
		return err
	}
	note := "the person was reminded by the schedule"
	switch {
	case at.IsZero():
		if err := s.tx.PutGrants([]*directory.Grant{g}); err != nil {
			return err
		}
		return s.turned(g, "invitation.not_reminded", "the reminder of the schedule was left out: "+s.limitWords(g.Invited.Email))
	case at.After(s.now):
		note = "the reminder of the schedule waits until " + clock(at) + ": " + s.limitWords(g.Invited.Email)
	}
	g.Invited.Goes = at
	if err := s.reminder(g); err != nil {
		return err
	}
	return s.turned(g, "invitation.reminded", note)
}

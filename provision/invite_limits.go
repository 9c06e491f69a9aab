package provision

import (
	"time"

	"github.com/mixus/usher/directory"
)

// invitedAnew is how many invitations of one address are sent within a day: cancelling one and making another is no way
// around max_resends.
const invitedAnew = 3

// lettersOfDay counts the letters with invitations that an organization sends on one day.
type lettersOfDay struct {
	Day     string `json:"day"`               // in UTC
	Own     int    `json:"own,omitempty"`     // to addresses of domains that are the organization's
	Outside int    `json:"outside,omitempty"` // to all others
}

// lettersSent counts those of today, and those that wait for a later day.
type lettersSent struct {
	lettersOfDay
	Ahead []lettersOfDay `json:"ahead,omitempty"` // day by day, beginning with tomorrow
}

func lettersDocument(org directory.OrgNum) string { return ofOrganization("invited", org) }

// lettersToday returns what was sent today.
func (s *settlement) lettersToday() (*lettersSent, error) {
	sent, today := &lettersSent{}, s.now.Format(time.DateOnly)
	if _, err := documentOf(s.tx, lettersDocument(s.org), sent); err != nil {
		return nil, err
	}
	for sent.Day != today && len(sent.Ahead) > 0 {
		sent.lettersOfDay, sent.Ahead = sent.Ahead[0], sent.Ahead[1:]
	}
	if sent.Day != today {
		sent = &lettersSent{lettersOfDay: lettersOfDay{Day: today}}
	}
	return sent, nil
}

// room returns what counts an address, how many letters of the kind may be sent on a day, and what says so.
func (n *lettersOfDay) room(s *settlement, address string) (count *int, most int, key string) {
	rules := &s.policy.Organization.Invitations
	if s.owns(directory.EmailDomain(address)) {
		return &n.Own, rules.MaxPerDay, "max_per_day"
	}
	return &n.Outside, rules.MaxOutside, "max_outside_per_day"
}

// more counts one letter more, or says why it is one too many.
func (n *lettersSent) more(s *settlement, address string) *directory.Error {
	count, most, key := n.room(s, address)
	if *count >= most {
		whom := "of the organization's domains"
		if count == &n.Outside {
			whom = "outside of domains that are proven to be the organization's"
		}
		err := directory.Errorf(directory.TooMany,
			"Today, in UTC, as many letters with invitations were sent to addresses %s as the organization's file allows: %d (%s). Go on tomorrow, or raise the limit.", whom, most, key)
		err.Field = "email"
		return err
	}
	*count++
	return nil
}

// countLetter counts a letter that an admin sends of an invitation.
func (s *settlement) countLetter(g *directory.Grant) error {
	if err := s.returnTurn(g.Invited); err != nil {
		return err
	}
	sent, err := s.lettersToday()
	if err != nil {
		return err
	}
	if problem := sent.more(s, g.Invited.Email); problem != nil {
		return problem
	}
	g.Invited.Goes = time.Time{}
	return putDocument(s.tx, lettersDocument(s.org), sent)
}

// mayInvite says why an address is not invited, or not once more today, nil where it is. The letter counts, unless it waits
// for an approval.
func (b *inviting) mayInvite(address string, holders []*directory.Member) (*directory.Error, error) {
	company, err := b.companyOf(address)
	if err != nil {
		return nil, err
	}
	if company != nil {
		return wrong("email", "The domain is that of another organization here, whose provider signs its people in: they cannot join this one by a code. Invite the person at another address."), nil
	}
	problem, err := b.invitedLately(holders)
	if problem != nil || err != nil || b.policy.Organization.Invitations.RequireApproval {
		return problem, err
	}
	return b.sent.more(b.settlement, address), nil
}

// invitedLately refuses to invite somebody whom admins have invited several times within a day.
func (s *settlement) invitedLately(holders []*directory.Member) (*directory.Error, error) {
	n := 0
	for _, m := range holders {
		grants, err := s.tx.Grants(s.org, []directory.ID{m.ID})
		if err != nil {
			return nil, err
		}
		for _, g := range grants[0] {
			if i := g.Invited; g.Kind == directory.GrantInvitation && i != nil && !i.Auto && i.Sent.After(s.now.Add(-24*time.Hour)) {
				n++
			}
		}
	}
	if n < invitedAnew {
		return nil, nil
	}
	err := directory.Errorf(directory.TooMany, "The person was invited %d times within a day; wait a day before inviting them again.", n)
	err.Field = "email"
	return err, nil
}

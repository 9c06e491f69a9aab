package provision

import (
	"time"

	"github.com/mixus/usher/directory"
)

// invitedAnew is how many invitations of one address are sent within a day: cancelling one and making another is no way
// around max_resends.
const invitedAnew = 3

// lettersSent counts the letters with invitations that an organization's admins have sent on one day.
type lettersSent struct {
	Day     string `json:"day"`               // in UTC
	Own     int    `json:"own,omitempty"`     // to addresses of domains that are the organization's
	Outside int    `json:"outside,omitempty"` // to all others
}

func lettersDocument(org directory.OrgNum) string { return ofOrganization("invited", org) }

// lettersToday returns what was sent today.
func (s *settlement) lettersToday() (*lettersSent, error) {
	sent, today := &lettersSent{}, s.now.Format(time.DateOnly)
	if _, err := documentOf(s.tx, lettersDocument(s.org), sent); err != nil {
		return nil, err
	}
	if sent.Day != today {
		sent = &lettersSent{Day: today}
	}
	return sent, nil
}

// more counts one letter more, or says why it is one too many.
func (n *lettersSent) more(s *settlement, address string) *directory.Error {
	rules := &s.policy.Organization.Invitations
	count, most, key, whom := &n.Outside, rules.MaxOutside, "max_outside_per_day", "outside of domains that are proven to be the organization's"
	if s.owns(directory.EmailDomain(address)) {
		count, most, key, whom = &n.Own, rules.MaxPerDay, "max_per_day", "of the organization's domains"
	}
	if *count >= most {
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
	sent, err := s.lettersToday()
	if err != nil {
		return err
	}
	if problem := sent.more(s, g.Invited.Email); problem != nil {
		return problem
	}
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

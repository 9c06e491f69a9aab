package provision

import (
	"context"
	"errors"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// Invite is somebody to be invited, as an admin wrote it.
type Invite struct {
	Email      string
	FirstName  string
	LastName   string
	Role       string
	Department string // its name, or a spelling of it
	Manager    string // the manager's address
	Message    string // for the person
	Access     directory.Access
	Sets       []string      // permission sets of custom access
	Lasts      time.Duration // how long the link works; 0 for as long as the organization says
}

// Invites is a number of people to be invited in one transaction.
type Invites struct {
	Org    directory.OrgNum
	Cause  directory.Cause // Kind admin
	People []Invite        // at most InvitesMost
	DryRun bool            // say what would become of each, and change nothing
	Atomic bool            // invite nobody where somebody cannot be invited
}

// InvitesMost is how many people one call invites.
const InvitesMost = 200

// InviteCode is what became of one invitation.
type InviteCode string

// What becomes of an invitation.
const (
	InviteSent     InviteCode = "invited"
	InviteAwaits   InviteCode = "awaiting_approval"
	InviteMember   InviteCode = "already_member"  // nothing was done: the person is a member
	InviteInvited  InviteCode = "already_invited" // nothing was done: an invitation is open
	InviteRefused  InviteCode = "refused"         // Problem says why
	InviteWithheld InviteCode = "not_done"        // nothing is wrong with it, but with another that was to go in with it
)

// InviteResult is what became of one of the people.
type InviteResult struct {
	Code       InviteCode
	Problem    *directory.Error  // of one who was refused; Field names what is wrong
	Member     *directory.Member // nil for one who was refused
	Invitation *directory.Grant  // the open one; nil for one who was refused, or is a member
	Unlimited  bool              // the address is outside the organization's domains, and its file limits no guest's role
}

// errRehearsed ends the transaction of a dry run.
var errRehearsed = errors.New("provision: nothing was to be written")

// Invite invites people, and returns what became of each, in their order. What is wrong with one keeps no other from being
// invited, unless that is asked for.
func (e *Engine) Invite(ctx context.Context, in Invites) ([]InviteResult, error) {
	if len(in.People) > InvitesMost {
		return nil, directory.Errorf(directory.TooMany, "At most %d people are invited at once; these are %d.", InvitesMost, len(in.People))
	}
	var results []InviteResult
	err := e.update(ctx, in.Org, in.Cause, func(s *settlement) error {
		s.byHand, s.invitees, s.given = true, map[string]directory.ID{}, map[directory.ID]*directory.Grant{}
		b := &inviting{settlement: s, results: make([]InviteResult, len(in.People)), first: map[string]int{}}
		results = b.results
		var err error
		if b.sent, err = s.lettersToday(); err != nil {
			return err
		}
		for i := range in.People {
			if err := b.invite(i, &in.People[i]); err != nil {
				return err
			}
		}
		if b.refused && in.Atomic {
			b.withhold()
			return errRehearsed
		}
		if err := b.finish(); err != nil {
			return err
		}
		if in.DryRun {
			return errRehearsed
		}
		return nil
	})
	if err != nil && !errors.Is(err, errRehearsed) {
		return nil, err
	}
	return results, nil
}

// inviting is one call of Invite on its way through a transaction.
type inviting struct {
	*settlement
	results []InviteResult
	touched []*facts.Touch
	waiting []*directory.Grant // for an approval
	sent    *lettersSent       // these included
	refused bool
	first   map[string]int // folded address → its first place
}

// invite looks at one of the people, and writes an invitation where there is none.
func (b *inviting) invite(n int, in *Invite) error {
	r := &b.results[n]
	g, problem := b.grantOf(in)
	if first, again := b.first[directory.FoldAddress(in.Email)]; again && problem == nil {
		*r = InviteResult{Code: InviteInvited, Invitation: b.results[first].Invitation}
		return nil
	}
	var id directory.ID
	if problem == nil {
		holders, err := b.holders(in.Email)
		if err != nil {
			return err
		}
		known, refused, err := b.known(holders)
		if err != nil {
			return err
		}
		if len(holders) > 0 {
			id = holders[0].ID
		}
		if problem = refused; known != nil {
			*r = *known
			return nil
		}
		if problem == nil {
			if problem, err = b.mayInvite(in.Email, holders); err != nil {
				return err
			}
		}
	}
	if problem != nil {
		b.refused = true
		*r = InviteResult{Code: InviteRefused, Problem: problem}
		return nil
	}
	if id.IsZero() {
		id = b.engine.ids.New(b.now)
		b.given[id] = g
	}
	g.Member, r.Invitation, r.Code, r.Unlimited = id, g, InviteSent, b.unlimited(in.Email)
	b.first[directory.FoldAddress(in.Email)], b.invitees[directory.FoldAddress(in.Email)] = n, id
	b.touched = append(b.touched, &facts.Touch{Member: id})
	if b.policy.Organization.Invitations.RequireApproval {
		r.Code, g.State = InviteAwaits, directory.InvitationUnapproved
		b.waiting = append(b.waiting, g)
		return b.tx.PutGrants([]*directory.Grant{g})
	}
	return b.issue(g)
}

// finish settles those who are invited, journals each, and asks for approvals.
func (b *inviting) finish() error {
	if len(b.waiting) > 0 {
		if err := b.askForApproval(b.waiting[0], len(b.waiting)); err != nil {
			return err
		}
	}
	if len(b.touched) > 0 {
		if err := putDocument(b.tx, lettersDocument(b.org), b.sent); err != nil {
			return err
		}
	}
	if err := b.settle(b.touched); err != nil {
		return err
	}
	kinds := map[directory.ID]string{}
	for i := range b.results {
		r := &b.results[i]
		switch r.Code {
		case InviteSent:
			kinds[r.Invitation.Member] = "invitation.sent"
		case InviteAwaits:
			kinds[r.Invitation.Member] = "invitation.requested"
		case InviteMember, InviteInvited, InviteRefused, InviteWithheld:
			continue
		}
		var err error
		if b.given[r.Invitation.Member] != r.Invitation { // settling read it anew, and noted there what it gives
			if r.Invitation, err = b.tx.Invitation(b.org, r.Invitation.ID); err != nil {
				return err
			}
		}
		o := b.settled[r.Invitation.Member]
		o.notes = append(o.notes, inviteNote(r.Invitation))
		r.Member = o.member
	}
	return b.journal(kinds)
}

// withhold says of those who could have been invited that they were not.
func (b *inviting) withhold() {
	for i := range b.results {
		if r := &b.results[i]; r.Code == InviteSent || r.Code == InviteAwaits {
			*r = InviteResult{Code: InviteWithheld}
		}
	}
}

// inviteNote says what somebody was invited to. It names no person.
func inviteNote(g *directory.Grant) string {
	text := "invited as " + g.InvitedRole()
	if g.Invited.Department != "" {
		text += " in " + g.Invited.Department
	}
	if g.Invited.Access != directory.AccessFull {
		text += ", with " + string(g.Invited.Access) + " access"
	}
	if len(g.Invited.Sets) > 0 {
		text += " by " + andList(g.Invited.Sets)
	}
	return text
}

// journal writes entries of the given kinds about the members of an act, entries about what followed for others, and the rows.
func (s *settlement) journal(kinds map[directory.ID]string) error {
	var entries []*pending
	for _, o := range s.outcomes {
		kind, main := kinds[o.member.ID]
		switch {
		case main:
			entries = append(entries, s.effectEntry(o, kind))
		case o.worthTelling():
			entries = append(entries, s.effectEntry(o, "member.changed"))
		}
	}
	if err := s.append(entries); err != nil {
		return err
	}
	return s.writeRows()
}

package directory

import (
	"slices"
	"time"
)

// The states of an invitation. Accepted, declined, expired, cancelled and spent ones stay, as history.
const (
	InvitationUnapproved = "awaiting_approval" // an admin has to approve it before it is sent
	InvitationPending    = "pending"
	InvitationAccepted   = "accepted"
	InvitationDeclined   = "declined" // by the person, or by the admin who was asked to approve it
	InvitationExpired    = "expired"
	InvitationCancelled  = "cancelled"
	InvitationSpent      = "spent"    // accepted, and a directory has spoken of the person since: it gives nothing any more
	InvitationAwaiting   = "awaiting" // the person asked to join by signing in, and an admin has to let them in
)

// Access is how much of what a role may do an invitation gives.
type Access string

// The levels of access.
const (
	AccessFull    Access = "full"    // all that the role and its department give
	AccessLimited Access = "limited" // no permission set
	AccessCustom  Access = "custom"  // the permission sets that the invitation names
)

// Invitation is what only an invitation has. It belongs to a grant of kind GrantInvitation, which has the role and the state.
type Invitation struct {
	Email      string   `json:"email"` // as it was written
	FirstName  string   `json:"first,omitempty"`
	LastName   string   `json:"last,omitempty"`
	Department string   `json:"department,omitempty"`
	Manager    string   `json:"manager,omitempty"` // the manager's address
	Access     Access   `json:"access,omitempty"`
	Sets       []string `json:"sets,omitempty"` // permission sets of custom access, sorted
	Message    string   `json:"message,omitempty"`

	Editors  []string      `json:"editors,omitempty"`  // the admins who have changed what it gives: none of them approves it
	Approved string        `json:"approved,omitempty"` // the admin who has approved what it gives; "" for nobody
	Auto     bool          `json:"auto,omitempty"`     // a connection with "provisioning: invite" made it
	Pushed   bool          `json:"pushed,omitempty"`   // a directory speaks of the person, or did: without its word the invitation is nothing
	Links    [][]byte      `json:"links,omitempty"`    // the hashes of the secrets of the links that work; none while it waits for approval, or is over
	Lasts    time.Duration `json:"lasts,omitempty"`    // how long a link of it works
	Expires  time.Time     `json:"expires,omitzero"`   // the invitation ends then, unless it was accepted
	Due      time.Time     `json:"due,omitzero"`       // while it is pending: when the worker looks at it next
	Sent     time.Time     `json:"sent,omitzero"`      // its link was mailed last, reminders apart
	Touched  time.Time     `json:"touched,omitzero"`   // the person was mailed last, reminders included
	Resent   int           `json:"resent,omitempty"`   // new links
	Reminded int           `json:"reminded,omitempty"` // reminders, by the schedule and by hand
	Step     int           `json:"step,omitempty"`     // reminders of the schedule that are behind it
	Closed   time.Time     `json:"closed,omitzero"`    // accepted, declined, expired or cancelled then
	Mailed   string        `json:"mailed,omitempty"`   // what the mail server said when it refused the last mail
	Letter   ID            `json:"letter,omitzero"`    // its last letter; reminders are letters
	Goes     time.Time     `json:"goes,omitzero"`      // its last letter, which waits for a day with room for it; zero where none has to
	Taken    time.Time     `json:"taken,omitzero"`     // the mail server took a letter with a link that works last
	Gives    string        `json:"gives,omitempty"`    // the role that rules and limits make of the one asked for, where that is another
	Because  string        `json:"because,omitempty"`  // why it is another
}

// Clone returns a copy that shares nothing.
func (i *Invitation) Clone() *Invitation {
	c := *i
	c.Sets, c.Links, c.Editors = slices.Clone(i.Sets), slices.Clone(i.Links), slices.Clone(i.Editors)
	return &c
}

// InvitedRole returns the role that somebody gets who accepts an invitation: what was asked for, as rules and limits allow.
func (g *Grant) InvitedRole() string {
	if g.Invited != nil && g.Invited.Gives != "" {
		return g.Invited.Gives
	}
	return g.Role
}

// HasLink reports whether the link of a secret with this hash works.
func (i *Invitation) HasLink(hash [32]byte) bool {
	return slices.ContainsFunc(i.Links, func(one []byte) bool { return string(one) == string(hash[:]) })
}

// Name returns the person's name, "" when the invitation does not say it.
func (i *Invitation) Name() string {
	switch {
	case i.FirstName == "":
		return i.LastName
	case i.LastName == "":
		return i.FirstName
	}
	return i.FirstName + " " + i.LastName
}

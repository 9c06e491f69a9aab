package directory

import (
	"slices"
	"time"
)

// Status is where a person stands in the organization.
type Status string

// The statuses of a member. StatusNone is a person whom a provider has told us about and who is not a member: out of
// scope, ignored, or only observed.
const (
	StatusNone      Status = "none"
	StatusInvited   Status = "invited"
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended"
	StatusRemoved   Status = "removed"
)

// Statuses lists every status in the order in which people see them.
func Statuses() []Status {
	return []Status{StatusActive, StatusInvited, StatusSuspended, StatusRemoved, StatusNone}
}

// Member is one person of an organization and the decision in force about them.
type Member struct {
	ID       ID        `json:"-"`
	Org      OrgNum    `json:"-"`
	Revision uint64    `json:"rev"`
	Status   Status    `json:"status"`
	Created  time.Time `json:"created"`
	Modified time.Time `json:"mod"`

	Users  []UserRef `json:"users,omitempty"` // the directory records linked to the person
	Merged ID        `json:"merged,omitzero"` // the member into whom this one was merged

	// Decision is what Evaluate said last. While Status is none it is what would be, were the person a member.
	Decision Decision `json:"decision"`

	// Since holds, for each rule with a duration, when the person first matched it.
	Since map[string]time.Time `json:"since,omitempty"`

	Joined    time.Time `json:"joined,omitzero"`    // first became active
	Suspended time.Time `json:"suspended,omitzero"` // became suspended or removed; zero while active
	Left      time.Time `json:"left,omitzero"`      // every provider let the person go; zero while one has them active
	Due       time.Time `json:"due,omitzero"`       // the next instant at which the decision can change
	Held      []string  `json:"held,omitempty"`     // ids of holds that keep an effect back
	Entry     uint64    `json:"entry,omitempty"`    // the last journal entry about it
	Permitted bool      `json:"permit,omitempty"`   // has grants of kind GrantPermission, so that whoever asks what the person may do reads them
}

// UserRef points to a linked directory record.
type UserRef struct {
	Conn ConnNum `json:"c"`
	ID   ID      `json:"id"`
}

// Decision is what follows for one person from facts, policy and time. Lists are sorted and free of duplicates.
type Decision struct {
	InScope bool `json:"scope"`            // false: not to be a member
	Active  bool `json:"active"`           // false: in scope, and not to get in now
	Observe bool `json:"observe,omitzero"` // only connections in state observe speak of this person: show, change nobody
	Invite  bool `json:"invite,omitzero"`  // the connection invites instead of making members at once
	Waits   bool `json:"waits,omitzero"`   // no phase of the rollout that has begun admits the person; who has joined stays

	Role           string    `json:"role,omitempty"`
	Department     string    `json:"department,omitempty"`
	Teams          []string  `json:"teams,omitempty"`
	PermissionSets []string  `json:"sets,omitempty"`
	Spaces         []string  `json:"spaces,omitempty"`
	Projects       []string  `json:"projects,omitempty"`
	Ends           time.Time `json:"ends,omitzero"` // the membership ends then

	// The profile, from the connection that has the say.
	Email     string   `json:"email,omitempty"`
	Aliases   []string `json:"aliases,omitempty"` // folded addresses, Email's included, that mean this person
	Name      string   `json:"name,omitempty"`
	Title     string   `json:"title,omitempty"`
	Manager   string   `json:"manager,omitempty"`  // the manager's value as pushed
	ManagerID ID       `json:"managerId,omitzero"` // the member it means, once known
	Guest     bool     `json:"guest,omitzero"`     // outside the owned domains

	Reasons []Reason `json:"reasons,omitempty"`
}

// Source says where one value of a decision came from.
type Source string

// The sources of a value, in no order.
const (
	SourceRule              Source = "rule"
	SourcePin               Source = "pin"
	SourceInvitation        Source = "invitation"
	SourceDomainDepartments Source = "domain_departments" // the domain's department → role table
	SourceDomainDefault     Source = "domain_default"
	SourceConnectionDefault Source = "connection_default"
	SourceDirectory         Source = "directory"  // the provider's own attribute
	SourceCap               Source = "max_role"   // lowered by a cap
	SourceDeny              Source = "deny"       // taken away by a denial
	SourceGuest             Source = "guest"      // the organization's rule for guests
	SourceManual            Source = "manual"     // an admin's suspension or removal
	SourceInactive          Source = "inactive"   // the provider says inactive, or has deleted the record
	SourceIgnored           Source = "ignored"    // the organization's ignore list
	SourceNoRule            Source = "no_rule"    // nothing gives a role
	SourceNoLonger          Source = "no_longer"  // what gave the value does not any more
	SourceEnded             Source = "ended"      // membership_for has run out
	SourceCondition         Source = "condition"  // a condition failed to evaluate; what was stays
	SourceLastAdmin         Source = "last_admin" // law 7 keeps it
	SourceHeld              Source = "held"       // a brake holds what would change it, or an admin dismissed that
	SourceRollout           Source = "rollout"    // who has not joined yet waits for a phase of the rollout
	SourceApproval          Source = "approval"   // who asked to join by signing in waits for an admin's approval
)

// Reason says why one value of a decision is what it is. Reasons are stored with the decision, not recomputed.
type Reason struct {
	Field   string    `json:"field"`             // "role", "department", "teams", "permission_sets", "spaces", "status", …
	Value   string    `json:"value,omitempty"`   // the value given, capped or denied
	Source  Source    `json:"source"`            // what kind of thing decided
	Rule    string    `json:"rule,omitempty"`    // the rule's name
	At      string    `json:"at,omitempty"`      // file:line of the rule, domain or connection
	Because string    `json:"because,omitempty"` // what matched, in words: `group "Engineering" of acme-okta`
	Until   time.Time `json:"until,omitzero"`    // the value ends then
}

// Keys returns the indexed values of the member. Aliases are indexed for everybody who was not merged into another, so
// that a removed member is met again, and stays removed; role and department only while active, so that counting the active admins is a look at the index.
func (m *Member) Keys() []Key {
	keys := make([]Key, 0, 4+len(m.Decision.Aliases))
	keys = append(keys, Key{AttrStatus, string(m.Status)})
	if m.Merged.IsZero() {
		for _, a := range m.Decision.Aliases {
			keys = append(keys, Key{AttrEmail, a})
		}
	}
	if m.Status == StatusActive {
		if m.Decision.Role != "" {
			keys = append(keys, Key{AttrRole, m.Decision.Role})
		}
		if m.Decision.Department != "" {
			keys = append(keys, Key{AttrDepartment, Fold(m.Decision.Department)})
		}
	}
	return keys
}

// Equal reports whether two decisions are the same in every value and every reason.
func (d *Decision) Equal(o *Decision) bool {
	return d.InScope == o.InScope && d.Active == o.Active && d.Observe == o.Observe && d.Invite == o.Invite && d.Waits == o.Waits &&
		d.Role == o.Role && d.Department == o.Department && d.Email == o.Email && d.Name == o.Name && d.Title == o.Title &&
		d.Manager == o.Manager && d.ManagerID == o.ManagerID && d.Guest == o.Guest && d.Ends.Equal(o.Ends) &&
		slices.Equal(d.Teams, o.Teams) && slices.Equal(d.PermissionSets, o.PermissionSets) &&
		slices.Equal(d.Spaces, o.Spaces) && slices.Equal(d.Projects, o.Projects) &&
		slices.Equal(d.Aliases, o.Aliases) && EqualReasons(d.Reasons, o.Reasons)
}

// EqualReasons reports whether two lists of reasons are the same. It compares in place: a plan does so for everybody.
func EqualReasons(these, those []Reason) bool {
	if len(these) != len(those) {
		return false
	}
	if len(these) == 0 || &these[0] == &those[0] {
		return true
	}
	for i := range these {
		a, b := &these[i], &those[i]
		if a.Field != b.Field || a.Value != b.Value || a.Source != b.Source || a.Rule != b.Rule || a.At != b.At ||
			a.Because != b.Because || !a.Until.Equal(b.Until) {
			return false
		}
	}
	return true
}

// GrantKind says what an admin, an invitation or a project gave or took.
type GrantKind string

// The kinds of grant.
const (
	GrantPin        GrantKind = "pin"        // fixes Role, over every rule
	GrantSuspension GrantKind = "suspension" // an admin's: stays until an admin reactivates
	GrantRemoval    GrantKind = "removal"    // an admin's: outlives every push until an admin reactivates
	GrantInvitation GrantKind = "invitation" // what an invitation gives once accepted
	GrantUnlink     GrantKind = "unlink"     // these records are never linked to this member again by address
	GrantDismissal  GrantKind = "dismissal"  // what would change is dismissed, until the decision changes again
	GrantLogin      GrantKind = "login"      // what a provider said of the person when they signed in
	GrantTerms      GrantKind = "terms"      // the terms that the person has accepted last; it decides nothing
	GrantPassword   GrantKind = "password"   // by which the person signs in where no provider does it; it decides nothing
	GrantPasskey    GrantKind = "passkey"    // likewise; a member may have several
	GrantPermission GrantKind = "permission" // what an admin lets the person do, or not, beside the policy; it decides nothing
	GrantRequest    GrantKind = "request"    // a permission that the person has asked for; it decides nothing
	GrantOnboarding GrantKind = "onboarding" // how far the person is with what is asked of who is new; it decides nothing
)

// Grant is what somebody gave or took by hand. It belongs to one member and is taken back only by its source.
type Grant struct {
	ID      ID          `json:"-"`
	Org     OrgNum      `json:"-"`
	Member  ID          `json:"-"`
	Kind    GrantKind   `json:"kind"`
	Role    string      `json:"role,omitempty"`
	State   string      `json:"state,omitempty"` // of an invitation
	User    UserRef     `json:"user,omitzero"`   // of an unlink; of a login the connection alone
	Login   *SignIn     `json:"login,omitempty"`
	Version string      `json:"version,omitempty"` // of terms
	Brake   string      `json:"brake,omitempty"`   // of a dismissal: the kind of brake
	Effects []Effect    `json:"effects,omitempty"`
	Digest  string      `json:"digest,omitempty"`  // of the effects that a dismissal is about
	Invited *Invitation `json:"invited,omitempty"` // of an invitation; nil for one that a provider's push made before there were letters
	Actor   string      `json:"actor"`
	Reason  string      `json:"reason,omitempty"`
	Created time.Time   `json:"created"`
	Ends    time.Time   `json:"ends,omitzero"`

	Password   *Password   `json:"password,omitempty"`   // of a password
	Passkey    *Passkey    `json:"passkey,omitempty"`    // of a passkey
	Permission *Permission `json:"permission,omitempty"` // of a permission
	Request    *Asked      `json:"request,omitempty"`    // of a request; the state is State
	Onboarding *Onboarding `json:"onboarding,omitempty"` // of an onboarding
}

// GrantsReturnWithin is how long a person may be gone and still find unexpired pins on coming back.
const GrantsReturnWithin = 30 * 24 * time.Hour

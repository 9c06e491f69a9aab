package directory

import (
	"encoding/json"
	"time"
)

// OrgNum is the short number under which the store keeps an organization. The name that administrators write is kept
// once, in the store's registry.
type OrgNum uint32

// ConnNum is the short number under which the store keeps a connection, as OrgNum is for an organization.
type ConnNum uint32

// Attribute names an indexed attribute of a user, group or member.
type Attribute byte

// The indexed attributes. Their values are part of the store's files and never change.
const (
	AttrUserName    Attribute = 'u' // folded
	AttrEmail       Attribute = 'e' // folded
	AttrExternalID  Attribute = 'x' // exact
	AttrLastSubject Attribute = 'l' // exact; the externalId that a user without one had last
	AttrDisplayName Attribute = 'd' // folded
	AttrRole        Attribute = 'r' // members in force only
	AttrDepartment  Attribute = 'p'
	AttrStatus      Attribute = 's'
)

// Key is one indexed value of a record. Value is already folded where the attribute is compared without case.
type Key struct {
	Attribute Attribute
	Value     string
}

// User is what one connection's provider said about one person: a SCIM user resource (RFC 7643, section 4.1).
type User struct {
	ID         ID
	Conn       ConnNum
	Member     ID     // the person it belongs to; set when the user is first seen
	Revision   uint64 // counts the changes; the ETag
	Active     bool
	Superseded bool // inactive, and its userName has passed to another person
	UserName   string
	ExternalID string
	Created    time.Time
	Modified   time.Time
	Entry      uint64 // the last journal entry about it

	// Body is the resource as one JSON object in the provider's words, canonical attribute names, extensions nested
	// under their URN, without id, externalId, meta, schemas, groups and password.
	Body json.RawMessage

	// Keys are the indexed values. The store keeps the index in step with them.
	Keys []Key
}

// Profile is the part of a user that rules can ask about. Absent attributes are zero values.
type Profile struct {
	UserName          string   `json:"userName,omitempty"`
	ExternalID        string   `json:"externalId,omitempty"`
	Active            bool     `json:"active,omitempty"`
	DisplayName       string   `json:"displayName,omitempty"`
	NickName          string   `json:"nickName,omitempty"`
	GivenName         string   `json:"givenName,omitempty"`
	FamilyName        string   `json:"familyName,omitempty"`
	Title             string   `json:"title,omitempty"`
	UserType          string   `json:"userType,omitempty"`
	PreferredLanguage string   `json:"preferredLanguage,omitempty"`
	Locale            string   `json:"locale,omitempty"`
	Timezone          string   `json:"timezone,omitempty"`
	EmployeeNumber    string   `json:"employeeNumber,omitempty"`
	CostCenter        string   `json:"costCenter,omitempty"`
	Organization      string   `json:"organization,omitempty"`
	Division          string   `json:"division,omitempty"`
	Department        string   `json:"department,omitempty"`
	Manager           string   `json:"manager,omitempty"` // the value as pushed: a SCIM id, an externalId or an address
	Emails            []Email  `json:"emails,omitempty"`
	Roles             []string `json:"roles,omitempty"`
	Entitlements      []string `json:"entitlements,omitempty"`
}

// Email is one address of a user (RFC 7643, section 4.1.2).
type Email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Email returns the address to write to: the primary one, else the work one, else the first, else a userName that is an
// address.
func (p *Profile) Email() string {
	best, rank := "", 0
	for _, e := range p.Emails {
		r := 1
		if e.Primary {
			r = 3
		} else if e.Type == "work" {
			r = 2
		}
		if e.Value != "" && r > rank {
			best, rank = e.Value, r
		}
	}
	if best == "" && EmailDomain(p.UserName) != "" {
		return p.UserName
	}
	return best
}

// Name returns what to call the person: displayName, else given and family name, else userName.
func (p *Profile) Name() string {
	switch {
	case p.DisplayName != "":
		return p.DisplayName
	case p.GivenName != "" && p.FamilyName != "":
		return p.GivenName + " " + p.FamilyName
	case p.FamilyName != "":
		return p.FamilyName
	case p.GivenName != "":
		return p.GivenName
	}
	return p.UserName
}

// ChildKind tells the kinds of member of a group apart.
type ChildKind byte

// The kinds of child. Their values are part of the store's files and never change.
const (
	ChildUser   ChildKind = 'u'
	ChildGroup  ChildKind = 'g'
	ChildParked ChildKind = 'p' // a value that names nobody yet
)

// Child is one member of a SCIM group: a user, a nested group, or a value pushed before the user it names (RFC 7643,
// section 4.2).
type Child struct {
	Kind  ChildKind
	ID    ID     // for users and groups
	Value string // for parked values, as pushed
}

// Group is a SCIM group resource of one connection. Its members are edges, kept apart from it.
type Group struct {
	ID          ID              `json:"-"`
	Conn        ConnNum         `json:"-"`
	Revision    uint64          `json:"rev"` // counts changes, of the members too; the ETag
	DisplayName string          `json:"name"`
	ExternalID  string          `json:"ext,omitempty"`
	Created     time.Time       `json:"created"`
	Modified    time.Time       `json:"mod"`
	Members     int             `json:"n,omitempty"`     // users, groups and parked values
	Bound       []string        `json:"bound,omitempty"` // names in rules that mean this group, as written there
	Body        json.RawMessage `json:"body,omitempty"`  // other attributes, as in User.Body
	Entry       uint64          `json:"entry,omitempty"`
}

// Keys returns the indexed values of the group.
func (g *Group) Keys() []Key {
	keys := []Key{{AttrDisplayName, Fold(g.DisplayName)}}
	if g.ExternalID != "" {
		keys = append(keys, Key{AttrExternalID, g.ExternalID})
	}
	return keys
}

// Tombstone remembers a deleted user for 90 days, so that the same externalId meets the same member again.
type Tombstone struct {
	ExternalID string    `json:"-"`
	Member     ID        `json:"member"`
	Former     ID        `json:"former"` // the deleted user's SCIM id
	Deleted    time.Time `json:"deleted"`
}

// TombstoneLife is how long a tombstone is kept.
const TombstoneLife = 90 * 24 * time.Hour

// ParkedKind says what waits for a value.
type ParkedKind byte

// The kinds of waiting. Their values are part of the store's files and never change.
const (
	ParkedMember  ParkedKind = 'm' // a group whose member the value will be
	ParkedManager ParkedKind = 'r' // a user whose manager the value will be
)

// Parked is a value that a provider used before the user it names arrived.
type Parked struct {
	Value  string
	Kind   ParkedKind
	Target ID // the group, or the user whose manager it is
}

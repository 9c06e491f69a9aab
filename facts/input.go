package facts

import "encoding/json"

// UserInput is a user as a provider said it, normalized and validated: what a POST or PUT carries, or what a PATCH
// leaves behind.
type UserInput struct {
	UserName   string
	ExternalID string
	Active     bool
	Body       json.RawMessage // as directory.User.Body: one JSON object, canonical, without id, externalId, meta, schemas, groups, password
	Attributes []string        // the names of the attributes that the request set or removed; for the journal
}

// GroupInput is a group as a provider said it, without its members.
type GroupInput struct {
	DisplayName string
	ExternalID  string
	Body        json.RawMessage // attributes beside displayName, externalId and members; nil when there are none
}

// MemberOp is what one operation does to the members of a group.
type MemberOp struct {
	Op     MemberOpKind
	Values []string // SCIM ids, or whatever else the provider sent
}

// MemberOpKind is add, remove or replace.
type MemberOpKind byte

// The kinds of operation on members. MemberReplace with no values clears the group.
const (
	MemberAdd     MemberOpKind = 'a'
	MemberRemove  MemberOpKind = 'r'
	MemberReplace MemberOpKind = 's'
)

// Match is a precondition on a resource's revision (RFC 7644, section 3.14). The zero value always holds.
type Match struct {
	Conditional bool     // an If-Match header was sent
	Any         bool     // it was "*"
	Revisions   []uint64 // the revisions it names
}

// Holds reports whether a resource of this revision may be changed.
func (m Match) Holds(revision uint64) bool {
	if !m.Conditional || m.Any {
		return true
	}
	for _, r := range m.Revisions {
		if r == revision {
			return true
		}
	}
	return false
}

package directory

import (
	"encoding/json"
	"time"
)

// CauseKind says through which door a change came.
type CauseKind string

// The doors.
const (
	CauseSCIM   CauseKind = "scim"
	CauseAdmin  CauseKind = "admin"
	CausePolicy CauseKind = "policy"
	CauseTime   CauseKind = "time"  // a duration ran out, a membership ended
	CauseJob    CauseKind = "job"   // the rest of a change too large to settle at once
	CauseLogin  CauseKind = "login" // somebody signed in, or out
)

// Cause is who or what made a change, and how to find it again.
type Cause struct {
	Kind   CauseKind `json:"kind"`
	ID     string    `json:"id,omitempty"`     // request id, job id, policy revision
	Actor  string    `json:"actor,omitempty"`  // the token's name, or the admin
	Reason string    `json:"reason,omitempty"` // what the admin wrote
}

// SubjectKind tells users, groups and members apart in the journal.
type SubjectKind byte

// The kinds of subject. Their values are part of the store's files and never change.
const (
	SubjectUser   SubjectKind = 'u'
	SubjectGroup  SubjectKind = 'g'
	SubjectMember SubjectKind = 'm'
	SubjectPolicy SubjectKind = 'p'
)

// MarshalText writes the kind as a word.
func (k SubjectKind) MarshalText() ([]byte, error) {
	switch k {
	case SubjectUser:
		return []byte("user"), nil
	case SubjectGroup:
		return []byte("group"), nil
	case SubjectMember:
		return []byte("member"), nil
	case SubjectPolicy:
		return []byte("policy"), nil
	}
	return nil, Errorf(Internal, "unknown kind of subject %d", k)
}

// UnmarshalText reads the word.
func (k *SubjectKind) UnmarshalText(b []byte) error {
	for _, c := range []SubjectKind{SubjectUser, SubjectGroup, SubjectMember, SubjectPolicy} {
		if t, err := c.MarshalText(); err == nil && string(t) == string(b) {
			*k = c
			return nil
		}
	}
	return Errorf(Invalid, "unknown kind of subject %q", b)
}

// Subject is one of the things that an entry is about, with the entry before this one about the same thing: the chain
// that makes the history of a member a walk, not a search.
type Subject struct {
	Kind SubjectKind `json:"kind"`
	ID   ID          `json:"id"`
	Prev uint64      `json:"prev,omitempty"`
}

// Entry is one line of the journal: at once the audit row, the event and the history. It holds no personal value: names
// and addresses are in the Detail of the same number, which can be erased while the entry's proof of it stays.
type Entry struct {
	Seq        uint64    `json:"seq"`
	At         time.Time `json:"at"`
	Org        OrgNum    `json:"org"`
	Conn       ConnNum   `json:"conn,omitempty"`
	Kind       string    `json:"kind"` // "user.created", "group.members", "member.changed", …
	Subjects   []Subject `json:"subjects"`
	Cause      Cause     `json:"cause"`
	Attributes []string  `json:"attributes,omitempty"` // the names of what the source changed
	Added      int       `json:"added,omitempty"`      // members added to a group
	Removed    int       `json:"removed,omitempty"`    // members removed from a group
	Effects    []Effect  `json:"effects,omitempty"`    // what followed for the member
	Notes      []string  `json:"notes,omitempty"`      // what the normalizer rewrote or dropped; warnings
	Proof      []byte    `json:"proof,omitempty"`      // SHA-256 of the detail's salt and values
}

// Effect is one value of a member that changed, and why.
type Effect struct {
	Field  string  `json:"field"`
	Before string  `json:"before,omitempty"`
	After  string  `json:"after,omitempty"`
	Reason *Reason `json:"reason,omitempty"`
}

// Detail holds the personal values of an entry, apart from it so that they can be erased.
type Detail struct {
	Seq    uint64        `json:"-"`
	Salt   []byte        `json:"salt"`
	Values []DetailValue `json:"values"`
}

// DetailValue is one personal value that changed, as JSON.
type DetailValue struct {
	Attribute string          `json:"attribute"`
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
}

// JobKind says what a job does.
type JobKind string

// The kinds of job.
const (
	JobSettleOrg     JobKind = "settle_org"     // everybody of the organization, after a policy change
	JobSettleGroup   JobKind = "settle_group"   // everybody below a group, after it changed
	JobSettleUsers   JobKind = "settle_users"   // the people of a list of users, which is the job's cursor
	JobSettleMembers JobKind = "settle_members" // the people of a list of members, which is the job's cursor
	JobReapGroup     JobKind = "reap_group"     // the edges of a deleted or cleared group
	JobRetire        JobKind = "retire"         // the users and groups of a retired connection
	JobHold          JobKind = "hold"           // the people of a hold about which somebody has decided; the key is the hold
	JobPermit        JobKind = "permit"         // gives what a mass update gives to a list of members, which is the job's cursor; the key is the update
	JobUnpermit      JobKind = "unpermit"       // takes from everybody of the organization what a mass update gave; the key is the update
)

// Job is work that followed from a change and was too large for its transaction. It is resumable: Cursor is where the
// next batch starts.
type Job struct {
	ID     ID      `json:"-"`
	Kind   JobKind `json:"kind"`
	Org    OrgNum  `json:"org"`
	Conn   ConnNum `json:"conn,omitempty"`
	Key    ID      `json:"key,omitzero"`
	Cursor []byte  `json:"cursor,omitempty"`
	Cause  Cause   `json:"cause"`
	Done   int     `json:"done,omitempty"`
	Left   ID      `json:"left,omitzero"` // the group that the people left, where that is why they are settled

	// Applied is true for a job that an administrator's apply enqueued: the brakes were checked on its totals.
	Applied bool `json:"applied,omitempty"`
}

// Due is the next instant at which a member's decision can change by itself.
type Due struct {
	At     time.Time
	Org    OrgNum
	Member ID
}

// Policy is one revision of an organization's file, with everything needed to compile it again.
type Policy struct {
	Org       OrgNum       `json:"-"`
	Revision  uint64       `json:"-"`
	Hash      string       `json:"hash"` // hex SHA-256 over the files
	Files     []PolicyFile `json:"files"`
	Top       string       `json:"top,omitempty"` // the highest-ranked role
	Actor     string       `json:"actor"`
	Reason    string       `json:"reason,omitempty"`
	Rollback  uint64       `json:"rollback,omitempty"` // the revision whose text this is, when it was made by a rollback
	Settings  bool         `json:"settings,omitempty"` // only the connections' settings differ from the revision before
	Activated time.Time    `json:"activated"`
}

// PolicyFile is one file of a policy, as text.
type PolicyFile struct {
	Name string `json:"name"`
	Text []byte `json:"text"`

	// Connections is true for a file of which only the connections are in force: they take effect once they parse, while
	// the rest of the file waits to be applied.
	Connections bool `json:"connections,omitempty"`
}

// Binding ties a group name in rules to the record it first met.
type Binding struct {
	Conn  ConnNum
	Name  string // folded
	Group ID
}

// Token is a bearer token. Its secret is never stored, only its hash.
type Token struct {
	Hash     [32]byte  `json:"-"`
	ID       ID        `json:"id"`
	Org      OrgNum    `json:"org,omitempty"`
	Conn     ConnNum   `json:"conn,omitempty"` // set for a SCIM token
	Scopes   []string  `json:"scopes,omitempty"`
	Name     string    `json:"name"` // the actor's name in the journal
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	LastUsed time.Time `json:"used,omitzero"` // folded in later, to the minute
	Warned   time.Time `json:"warned,omitzero"`
}

package bolt

// bucket names one kind of row.
type bucket uint8

// The kinds of row, with the shape of their keys. A connection is 4 bytes (c), as is an organization (org), an id 16, a
// time 12, a sequence 8; a value is encoded by appendValue. Everything sorts bytewise.
const (
	bMeta         bucket = iota // name → setting
	bOrganization               // name → org
	bConnection                 // name → c|org, and since when it is retired
	bCount                      // kind|c → count, version
	bUser                       // id|tag|c → user
	bUserOrder                  // c|id → nothing: paging without touching records
	bUserKey                    // c|value|attribute|id → the value when its key is cut
	bGroup                      // as users
	bGroupOrder
	bGroupKey
	bEdge        // group|tag|c|kind|child → the value when its key is cut
	bEdgeUp      // child|tag|c|kind|group → nothing
	bParked      // c|value|kind|target → the value when its key is cut
	bIdentity    // c|subject → member
	bTombstone   // c|externalId → tombstone
	bMember      // id|tag|org → member
	bMemberOrder // org|id → nothing
	bMemberKey   // org|attribute|value|id → nothing
	bStanding    // org|role|id → status, department
	bDue         // time|org|member → nothing
	bGrant       // member|tag|org|id → grant
	bJournal     // seq|part → entry (part 0) or its detail (part 1), side by side so that a push dirties one leaf
	bJob         // id → job
	bPolicy      // org|revision → policy
	bActive      // org → revision
	bBinding     // c|name → group
	bToken       // hash → token
	bHold        // org|id → hold
	bHeld        // org|hold|member → person in a hold
	bBrake       // org|kind|scope|time|member → person whom a brake counts
	bBraked      // org|member|kind|scope → time: where the person's row in bBrake is
	bExpected    // org|id → expectation
	bSession     // hash → session
	bSessionOf   // org|member|hash → nothing
	bSessionName // c|by|name|hash → nothing
	bSessionEnd  // time|hash → nothing
	bLockdown    // org → lockdown
	bRequest     // kind|key → request
	bRequestEnd  // time|kind|key → nothing
	bDocument    // name → value

	bInvitation      // org|id → member: every invitation, in the order of creation
	bInvitationState // org|state|id → member
	bInvitationDue   // time|org|member|id → nothing
	bMail            // id → mail
	bMailKey         // org|key → id
	bMailState       // state|id → nothing
	bMailDue         // time|id → nothing, while it is queued
	buckets
)

// Every page that a commit dirties is written and waited for, and the pages at the top of a tree most often. Therefore
// all kinds of row that a push touches share one tree, in regions told apart by the first byte of the key. In the region
// of records keys begin with the id: ids sort by the time of their making, so that a person's record, member row, groups
// and grants lie side by side, mostly in one leaf.
const (
	regionRecords = 'r'
	sharedTree    = "data"
	sharedFill    = 0.8 // most rows come in the order of their keys; the others want some room
)

// The tags that tell the kinds of record of one id apart.
const (
	tagMember = 'm'
	tagUser   = 'u'
	tagGrant  = 'n'
	tagEdgeUp = 'p'
	tagGroup  = 'g'
	tagEdge   = 'x'
)

// region returns the region of the shared tree in which a kind of row lies, 0 for one that has a tree of its own.
func (b bucket) region() byte {
	switch b {
	case bUser, bMember, bGrant, bEdgeUp, bGroup, bEdge:
		return regionRecords
	case bUserOrder:
		return 'u'
	case bGroupOrder:
		return 'g'
	case bMemberOrder:
		return 'm'
	case bUserKey:
		return 'k'
	case bGroupKey:
		return 'l'
	case bIdentity:
		return 'i'
	case bTombstone:
		return 't'
	case bParked:
		return 'p'
	case bMemberKey:
		return 'x'
	case bStanding:
		return 's'
	case bDue:
		return 'd'
	case bJournal:
		return 'j'
	case bSession:
		return 'a'
	case bSessionOf:
		return 'b'
	case bSessionName:
		return 'c'
	case bSessionEnd:
		return 'e'
	case bRequest:
		return 'q'
	case bRequestEnd:
		return 'v'
	case bInvitation:
		return 'n'
	case bInvitationState:
		return 'o'
	case bInvitationDue:
		return 'w'
	case bMail:
		return 'h'
	case bMailKey:
		return 'y'
	case bMailState:
		return 'z'
	case bMailDue:
		return 'f'
	default: // read rarely, or written rarely
		return 0
	}
}

// tree returns the name of the bolt bucket that holds a kind of row.
func (b bucket) tree() string {
	if b.region() != 0 {
		return sharedTree
	}
	return b.String()
}

// String returns the name of the kind.
func (b bucket) String() string {
	return [buckets]string{
		"meta", "organization", "connection", "count", "user", "user_order", "user_key", "group", "group_order", "group_key",
		"edge", "edge_up", "parked", "identity", "tombstone", "member", "member_order", "member_ix", "standing", "due", "grant",
		"journal", "job", "policy", "active", "binding", "token", "hold",
		"held", "brake", "braked", "expected", "session", "session_of", "session_ix", "session_end", "lockdown", "request", "request_end",
		"document", "invitation", "invitation_state", "invitation_due", "mail", "mail_key", "mail_state", "mail_due",
	}[b]
}

package bolt

// bucket names one kind of row. The order is that of opening; the names are part of the file's format.
type bucket uint8

// The buckets, with the shape of their keys. A connection is 4 bytes (c), as is an organization (org), an id 16, a time 12,
// a sequence 8; a value is encoded by appendValue. Everything sorts bytewise.
const (
	bMeta         bucket = iota // name → setting
	bOrganization               // name → org
	bConnection                 // name → c|org
	bCount                      // kind|c → count, version
	bUser                       // c|id → user
	bUserOrder                  // c|id → nothing: paging by offset without touching records
	bUserKey                    // c|value|attribute|id → the value when its key is cut
	bGroup                      // as users
	bGroupOrder
	bGroupKey
	bEdge      // c|group|kind|child → the value when its key is cut
	bEdgeUp    // c|kind|child|group → nothing
	bParked    // c|value|kind|target → the value when its key is cut
	bIdentity  // c|subject → member
	bTombstone // c|externalId → tombstone
	bMember    // org|id → member
	bMemberKey // org|attribute|value|id → nothing
	bDue       // time|org|member → nothing
	bGrant     // org|member|id → grant
	bJournal   // seq|part → entry (part 0) or its detail (part 1), side by side so that a push dirties one leaf
	bJob       // id → job
	bPolicy    // org|revision → policy
	bActive    // org → revision
	bBinding   // c|name → group
	bToken     // hash → token
	bHold      // org|id → hold
	buckets
)

// String returns the bucket's name in the file.
func (b bucket) String() string {
	return [buckets]string{
		"meta", "organization", "connection", "count", "user", "user_order", "user_key", "group", "group_order", "group_key",
		"edge", "edge_up", "parked", "identity", "tombstone", "member", "member_ix", "due", "grant", "journal", "job",
		"policy", "active", "binding", "token", "hold",
	}[b]
}

// fill is how full bolt leaves a page that it splits. Rows that come in the order of their keys fill pages almost to the
// end, which keeps the tree flat; rows that come at random leave room for the next.
func (b bucket) fill() float64 {
	switch b {
	case bUser, bUserOrder, bGroupOrder, bMember, bJournal:
		return 0.9
	}
	return 0.5
}

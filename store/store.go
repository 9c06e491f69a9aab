// Package store says what usher needs of a database, as small role interfaces composed into Tx. The engines are
// store/bolt (one file, one process) and, later, store/postgres; store/storetest is the contract that both pass.
//
// The rules that every engine keeps, and every caller may rely on:
//
//   - View sees one consistent snapshot. It must be short: never across a network write, never over more than 1,000 rows.
//   - Update is atomic, and durable when it returns nil. It may run its function more than once, so the function touches
//     nothing but its Tx and variables that it sets afresh on every run.
//   - A function that returns an error changes nothing, and its error is what Update returns.
//   - Within one Tx a read sees the writes before it.
//   - Methods take and return slices; a result that corresponds to an argument has its length and order, with nil for what
//     is not there. Returned rows are the caller's to change and to keep.
//   - Order is by key or by sequence, never by clock.
package store

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/mixus/usher/directory"
)

// The sentinel errors of every engine. Compare with errors.Is.
var (
	ErrNotFound = errors.New("store: not found")
	ErrExists   = errors.New("store: exists already")
	ErrStale    = errors.New("store: changed meanwhile")
	ErrFull     = errors.New("store: disk is full") // nothing was changed; try again when there is space
	ErrReadOnly = errors.New("store: write in a view")
	ErrClosed   = errors.New("store: closed")

	ErrLocked    = errors.New("store: another process has it open")
	ErrOldSchema = errors.New("store: written in an older format") // opening it to migrate brings it up to date
)

// Store is a database.
type Store interface {
	// View runs fn on a consistent snapshot. Writing in it fails with ErrReadOnly.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn in a transaction and returns once it is durable. A context that ends before the transaction is
	// taken up cancels it; afterwards the outcome is reported whatever the context says.
	Update(ctx context.Context, fn func(Tx) error) error
	// Snapshot returns the Tx.Snapshot of a view that would begin now, 0 where the store cannot tell without one.
	Snapshot() uint64
	// Backup writes a consistent copy while others read and write.
	Backup(ctx context.Context, w io.Writer) (int64, error)
	// Check returns nil when the store can take a write, and ErrFull or another cause when it cannot.
	Check(ctx context.Context) error
	// Close waits for updates under way and closes the store.
	Close() error
}

// Tx is a transaction: everything usher keeps, by role.
type Tx interface {
	Registry
	Users
	Groups
	Edges
	Waiting
	Identities
	Members
	Grants
	Invitations
	Journal
	Jobs
	Policies
	Tokens
	Holds
	Brakes
	Sessions
	Requests
	Documents
	Mails
}

// Registry keeps the short numbers of organizations and connections. A number is never given twice.
type Registry interface {
	// Organizations returns every organization by name.
	Organizations() (map[string]directory.OrgNum, error)
	// Connections returns every connection by name, with the organization it belongs to.
	Connections() (map[string]ConnectionRow, error)
	// Connection returns the connection of a name, and false when there is none.
	Connection(name string) (ConnectionRow, bool, error)
	// PutOrganization returns the number of an organization, giving it one when it is new.
	PutOrganization(name string) (directory.OrgNum, error)
	// PutConnection returns the number of a connection, giving it one when it is new. It fails with ErrExists when the
	// name belongs to another organization.
	PutConnection(org directory.OrgNum, name string) (directory.ConnNum, error)
	// RetireConnection notes since when a connection takes nothing any more; that is for good. ErrNotFound when there is
	// none of this name.
	RetireConnection(name string, at time.Time) error
	// Epoch returns a number that grows when the store is restored from a backup; sessions and deliveries of an earlier
	// epoch are void.
	Epoch() (uint64, error)
	// Snapshot returns a number that no two states of the store share while it is open, so that what was read in one may be
	// used again in another transaction of the same number. It is 0 where the store cannot tell, as in an update.
	Snapshot() uint64
}

// ConnectionRow is a connection's number and organization.
type ConnectionRow struct {
	Num     directory.ConnNum
	Org     directory.OrgNum
	Retired time.Time // since when it takes nothing any more; zero for one that is not retired
}

// Page asks for rows in key order. The zero After starts at the beginning (at the end when Descending).
type Page struct {
	After      directory.ID
	Limit      int
	Descending bool
}

// KeyPage asks for rows in the order of one indexed attribute. AfterValue and After are the key of the last row seen;
// the zero values start at the beginning.
type KeyPage struct {
	Attribute  directory.Attribute
	AfterValue string
	After      directory.ID
	Limit      int
	Descending bool
}

// KeyRow is one row of an index.
type KeyRow struct {
	Value string
	ID    directory.ID
}

// Users keeps SCIM users by connection and id, with an index of their keys.
type Users interface {
	Users(c directory.ConnNum, ids []directory.ID) ([]*directory.User, error)
	// ListUsers returns users in the order of their ids, which is the order of creation.
	ListUsers(c directory.ConnNum, p Page) ([]*directory.User, error)
	// FindUsers returns the ids of the users that have exactly this key, in order of id.
	FindUsers(c directory.ConnNum, key directory.Key) ([]directory.ID, error)
	// UserKeys walks the index of one attribute, in order of value and id.
	UserKeys(c directory.ConnNum, p KeyPage) ([]KeyRow, error)
	CountUsers(c directory.ConnNum) (int, error)
	// UserAt returns the id of the user at an offset, counting from 0 in order of id. Its cost does not grow with the
	// offset by more than a small fraction of a page. ErrNotFound past the end.
	UserAt(c directory.ConnNum, offset int) (directory.ID, error)
	// PutUsers writes users, new or known, and brings the index in step.
	PutUsers(users []*directory.User) error
	DeleteUsers(c directory.ConnNum, ids []directory.ID) error
}

// Groups keeps SCIM groups, as Users does.
type Groups interface {
	Groups(c directory.ConnNum, ids []directory.ID) ([]*directory.Group, error)
	ListGroups(c directory.ConnNum, p Page) ([]*directory.Group, error)
	FindGroups(c directory.ConnNum, key directory.Key) ([]directory.ID, error)
	GroupKeys(c directory.ConnNum, p KeyPage) ([]KeyRow, error)
	CountGroups(c directory.ConnNum) (int, error)
	GroupAt(c directory.ConnNum, offset int) (directory.ID, error)
	PutGroups(groups []*directory.Group) error
	DeleteGroups(c directory.ConnNum, ids []directory.ID) error
}

// Edges keeps who is in which group. The cost of each method follows the number of children it is given, never the size
// of the group.
type Edges interface {
	// Children returns members of a group after one of them, in key order: users, groups, then parked values. The zero
	// Child starts at the beginning.
	Children(c directory.ConnNum, group directory.ID, after directory.Child, limit int) ([]directory.Child, error)
	// HasChildren reports for each child whether it is a member of the group.
	HasChildren(c directory.ConnNum, group directory.ID, children []directory.Child) ([]bool, error)
	// Parents returns, for each user or group, the groups that it is directly in, in order of id.
	Parents(c directory.ConnNum, children []directory.Child) ([][]directory.ID, error)
	// AddEdges makes children members of a group and returns those that were not yet.
	AddEdges(c directory.ConnNum, group directory.ID, children []directory.Child) ([]directory.Child, error)
	// RemoveEdges ends memberships and returns those that there were.
	RemoveEdges(c directory.ConnNum, group directory.ID, children []directory.Child) ([]directory.Child, error)
}

// Waiting keeps values that name nobody yet.
type Waiting interface {
	// Parked returns, for each value, what waits for it. An edge to a parked child waits as ParkedMember without being
	// put here.
	Parked(c directory.ConnNum, values []string) ([][]directory.Parked, error)
	// PutParked notes that users wait for their managers (ParkedManager); DeleteParked ends the wait. Members of groups
	// are parked and unparked through AddEdges and RemoveEdges.
	PutParked(c directory.ConnNum, parked []directory.Parked) error
	DeleteParked(c directory.ConnNum, parked []directory.Parked) error
}

// Identities keeps which member an immutable subject of a connection means.
type Identities interface {
	// Identities returns the member of each subject, the zero ID where there is none.
	Identities(c directory.ConnNum, subjects []string) ([]directory.ID, error)
	PutIdentity(c directory.ConnNum, subject string, member directory.ID) error
	DeleteIdentity(c directory.ConnNum, subject string) error
	// Tombstones returns the tombstone of each externalId, nil where there is none.
	Tombstones(c directory.ConnNum, externalIDs []string) ([]*directory.Tombstone, error)
	PutTombstone(c directory.ConnNum, t *directory.Tombstone) error
	DeleteTombstone(c directory.ConnNum, externalID string) error
}

// Members keeps the people of an organization, with an index of their keys.
type Members interface {
	Members(org directory.OrgNum, ids []directory.ID) ([]*directory.Member, error)
	ListMembers(org directory.OrgNum, p Page) ([]*directory.Member, error)
	// FindMembers returns up to limit ids of members that have this key, after one of them, in order of id.
	FindMembers(org directory.OrgNum, key directory.Key, after directory.ID, limit int) ([]directory.ID, error)
	// PutMembers writes members, new or known, and brings the index and the due instants in step.
	PutMembers(members []*directory.Member) error
	// DueMembers returns up to limit instants that are not after now, the earliest first.
	DueMembers(now time.Time, limit int) ([]directory.Due, error)
	// NextDue returns the earliest instant, and false when there is none.
	NextDue() (time.Time, bool, error)
}

// Grants keeps what was given or taken by hand.
type Grants interface {
	// Grants returns every grant of each member, in order of id.
	Grants(org directory.OrgNum, members []directory.ID) ([][]*directory.Grant, error)
	// PutGrants writes grants, new or known, and brings the index of invitations in step. The kind of a grant never changes.
	PutGrants(grants []*directory.Grant) error
	DeleteGrants(grants []*directory.Grant) error
}

// Invitations finds the grants of kind GrantInvitation, which Grants keeps.
type Invitations interface {
	// Invitation returns an organization's invitation of an id, or ErrNotFound.
	Invitation(org directory.OrgNum, id directory.ID) (*directory.Grant, error)
	// ListInvitations returns an organization's invitations in one state, or in every state for "", in order of id, which
	// is the order of creation.
	ListInvitations(org directory.OrgNum, state string, p Page) ([]*directory.Grant, error)
	// DueInvitations returns up to limit invitations of every organization whose Due is set and not after now, the
	// earliest first.
	DueInvitations(now time.Time, limit int) ([]*directory.Grant, error)
	// NextInvitation returns the earliest Due, and false when there is none.
	NextInvitation() (time.Time, bool, error)
}

// Journal keeps the entries and their details.
type Journal interface {
	// Append gives each entry the next number and writes it with its detail, nil where an entry has none. A detail's
	// Seq is set too.
	Append(entries []*directory.Entry, details []*directory.Detail) error
	// Entries returns entries by number.
	Entries(seqs []uint64) ([]*directory.Entry, error)
	// ListEntries returns entries after a number in ascending order, or before it in descending order; zero starts at
	// the respective end.
	ListEntries(after uint64, limit int, descending bool) ([]*directory.Entry, error)
	// Details returns the personal values of entries by number, nil where there are none or they were erased.
	Details(seqs []uint64) ([]*directory.Detail, error)
}

// Jobs keeps the work that follows from large changes.
type Jobs interface {
	// PutJobs writes jobs, new or known.
	PutJobs(jobs []*directory.Job) error
	// ListJobs returns up to limit jobs, the oldest first.
	ListJobs(limit int) ([]*directory.Job, error)
	DeleteJobs(ids []directory.ID) error
}

// Policies keeps every policy that was active, which one is, and which group each name in it means.
type Policies interface {
	// ActivePolicy returns the active revision of an organization's policy, 0 when there is none.
	ActivePolicy(org directory.OrgNum) (uint64, error)
	Policy(org directory.OrgNum, revision uint64) (*directory.Policy, error)
	// ListPolicies returns every revision, the newest first.
	ListPolicies(org directory.OrgNum) ([]*directory.Policy, error)
	// ActivatePolicy writes a policy under the next revision, sets it and makes it the active one.
	ActivatePolicy(p *directory.Policy) error
	// Bindings returns the group that each folded name of a connection is bound to, the zero ID where it is not.
	Bindings(c directory.ConnNum, names []string) ([]directory.ID, error)
	PutBindings(bindings []directory.Binding) error
}

// Tokens keeps bearer tokens by the hash of their secret.
type Tokens interface {
	// Token returns the token with a hash, or ErrNotFound.
	Token(hash [32]byte) (*directory.Token, error)
	ListTokens() ([]*directory.Token, error)
	PutToken(t *directory.Token) error
	DeleteToken(hash [32]byte) error
}

// Holds keeps effects that wait for somebody's decision.
type Holds interface {
	ListHolds(org directory.OrgNum) ([]*directory.Hold, error)
	PutHold(h *directory.Hold) error
	// DeleteHold deletes a hold, not the people in it.
	DeleteHold(org directory.OrgNum, id directory.ID) error
	// HeldMembers returns the rows of people in a hold, nil for those who are not in it.
	HeldMembers(org directory.OrgNum, hold directory.ID, members []directory.ID) ([]*directory.HeldMember, error)
	// ListHeldMembers returns the people of a hold in order of id.
	ListHeldMembers(org directory.OrgNum, hold directory.ID, p Page) ([]*directory.HeldMember, error)
	PutHeldMembers(rows []*directory.HeldMember) error
	DeleteHeldMembers(rows []*directory.HeldMember) error
}

// Brakes keeps whom the brakes count, by kind, scope and time, and what is expected.
type Brakes interface {
	// PutBraked counts people. One who is counted under the same kind and scope already is counted at the new time only.
	PutBraked(rows []*directory.Braked) error
	DeleteBraked(rows []*directory.Braked) error
	// CountBraked counts up to limit people of one kind and scope since an instant.
	CountBraked(org directory.OrgNum, kind string, scope directory.ID, since time.Time, limit int) (int, error)
	// BrakedSince returns up to limit rows of one kind and scope since an instant, the oldest first.
	BrakedSince(org directory.OrgNum, kind string, scope directory.ID, since time.Time, limit int) ([]*directory.Braked, error)
	// BrakedOf returns every row of a member.
	BrakedOf(org directory.OrgNum, member directory.ID) ([]*directory.Braked, error)
	// ListBraked returns rows of every kind in the order of their keys, after one of them; nil starts at the beginning.
	ListBraked(org directory.OrgNum, after *directory.Braked, limit int) ([]*directory.Braked, error)
	ListExpectations(org directory.OrgNum) ([]*directory.Expectation, error)
	PutExpectation(x *directory.Expectation) error
	DeleteExpectation(org directory.OrgNum, id directory.ID) error
}

// The names by which a provider knows a session.
const (
	ByIndex = "index" // Session.Index
	ByName  = "name"  // Session.Name
)

// Sessions keeps who is signed in, by the hash of what the browser holds.
type Sessions interface {
	// Session returns the session with a hash, or ErrNotFound.
	Session(hash [32]byte) (*directory.Session, error)
	// SessionByID returns the session of an id, or ErrNotFound.
	SessionByID(id directory.ID) (*directory.Session, error)
	// SessionsOf returns the sessions of a member, in order of id.
	SessionsOf(org directory.OrgNum, member directory.ID) ([]*directory.Session, error)
	// ListSessions returns up to limit sessions of an organization in order of member and id, after one of them; nil
	// starts at the beginning.
	ListSessions(org directory.OrgNum, after *directory.Session, limit int) ([]*directory.Session, error)
	// ProviderSessions returns the sessions that a connection's provider knows by a name, of the kind ByIndex or ByName.
	ProviderSessions(c directory.ConnNum, by, name string) ([]*directory.Session, error)
	// PutSession writes a session, new or known.
	PutSession(s *directory.Session) error
	DeleteSessions(sessions []*directory.Session) error
	// EndedSessions returns up to limit sessions that end at an instant or before it, the earliest first.
	EndedSessions(at time.Time, limit int) ([]*directory.Session, error)
	// Lockdown returns the lockdown of an organization, nil when there never was one.
	Lockdown(org directory.OrgNum) (*directory.Lockdown, error)
	PutLockdown(l *directory.Lockdown) error
}

// Requests keeps what happens once.
type Requests interface {
	// Request returns what is kept under a kind and key, or ErrNotFound, expired or not.
	Request(kind string, key [32]byte) (*directory.Request, error)
	// PutRequest writes what is new. It fails with ErrExists when the kind and key are there already.
	PutRequest(r *directory.Request) error
	DeleteRequests(requests []*directory.Request) error
	// ExpiredRequests returns up to limit of those that expire at an instant or before it, the earliest first.
	ExpiredRequests(at time.Time, limit int) ([]*directory.Request, error)
}

// MaxDocument is the most bytes that a document may have.
const MaxDocument = 4 << 20

// Documents keeps small values of the server's own that no organization's data hold, by name: keys, copies of what
// providers publish, proofs. A name has 1 to 255 bytes; by convention it begins with its kind and a slash.
type Documents interface {
	// Document returns the value of a name, or ErrNotFound.
	Document(name string) ([]byte, error)
	// PutDocument writes a value, of at most MaxDocument bytes, new or in the place of the former one.
	PutDocument(name string, value []byte) error
	// DeleteDocument removes a value, if there is one.
	DeleteDocument(name string) error
	// ListDocuments returns the names that begin with prefix, in bytewise order.
	ListDocuments(prefix string) (names []string, err error)
}

// Mails keeps what is to be mailed, and what became of it.
type Mails interface {
	// Mail returns the mail of an id, or ErrNotFound.
	Mail(id directory.ID) (*directory.Mail, error)
	// PutMail writes a mail, new or known. It fails with ErrExists when another mail of the organization has its key.
	PutMail(m *directory.Mail) error
	// ListMails returns up to limit mails in one state, or in every state for "", in order of id after one of them.
	ListMails(state directory.MailState, after directory.ID, limit int) ([]*directory.Mail, error)
	// DueMails returns up to limit queued mails whose Due is not after now, the earliest first.
	DueMails(now time.Time, limit int) ([]*directory.Mail, error)
	// DeleteMails forgets mails and their keys.
	DeleteMails(mails []*directory.Mail) error
}

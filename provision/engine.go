package provision

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// Engine is the one door through which people change. Its fields are set before the first call and never after.
type Engine struct {
	Store store.Store
	Log   *slog.Logger
	Now   func() time.Time // the clock; time.Now in production
}

var errContract = errors.New("provision: contract only")

// Push says which connection's provider speaks, and in which request.
type Push struct {
	Org   directory.OrgNum
	Conn  directory.ConnNum
	Cause directory.Cause
}

// Do runs fn with a writer of what the connection's provider says, settles everybody whom that touched, and journals
// what changed and why: all in one transaction, durable when Do returns nil. fn may run more than once.
func (e *Engine) Do(ctx context.Context, p Push, fn func(*facts.Writer) error) error {
	return errContract
}

// Activate makes a compiled policy the active one of its organization and enqueues the job that settles everybody, in
// one transaction. It returns false when the policy was active already.
func (e *Engine) Activate(ctx context.Context, org *config.Organization, files []directory.PolicyFile, actor string) (bool, error) {
	return false, errContract
}

// Policy returns the active policy of an organization, compiled, or nil when there is none.
func (e *Engine) Policy(tx store.Tx, org directory.OrgNum) (*mapping.Policy, error) {
	return nil, errContract
}

// Work runs jobs and due members until the context ends.
func (e *Engine) Work(ctx context.Context) error { return errContract }

// Idle runs the jobs and due members that there are now and returns once there are none.
func (e *Engine) Idle(ctx context.Context) error { return errContract }

// Act is what an admin does to members by hand.
type Act struct {
	Org    directory.OrgNum
	Cause  directory.Cause // Kind admin, Actor and Reason set
	Member directory.ID
}

// Suspend suspends a member until Reactivate, whatever providers say.
func (e *Engine) Suspend(ctx context.Context, a Act) (*directory.Member, error) {
	return nil, errContract
}

// Reactivate lifts an admin's suspension or removal; the policy decides again.
func (e *Engine) Reactivate(ctx context.Context, a Act) (*directory.Member, error) {
	return nil, errContract
}

// Remove removes a member. The removal outlives every push until Reactivate.
func (e *Engine) Remove(ctx context.Context, a Act) (*directory.Member, error) {
	return nil, errContract
}

// Pin fixes a member's role over every rule, until an instant or for good when it is zero; an empty role lifts the pin.
func (e *Engine) Pin(ctx context.Context, a Act, role string, until time.Time) (*directory.Member, error) {
	return nil, errContract
}

// Unlink takes a connection's directory record away from a member; the record's person becomes one of their own, and is
// never linked to this member again by address.
func (e *Engine) Unlink(ctx context.Context, a Act, conn directory.ConnNum) (*directory.Member, error) {
	return nil, errContract
}

// Merge makes another member's directory records this member's. The other stays as a removed member that points here.
func (e *Engine) Merge(ctx context.Context, a Act, other directory.ID) (*directory.Member, error) {
	return nil, errContract
}

// Explanation is everything there is to say about one person: facts and who said them, every rule and why it matched or
// not, how each result was chosen, what is in force, what waits, when it next changes, and the journal.
type Explanation struct {
	Organization string             `json:"organization"`
	Member       *directory.Member  `json:"-"`
	Accounts     []AccountFacts     `json:"accounts"`
	Grants       []*directory.Grant `json:"grants,omitempty"`
	Trace        mapping.Trace      `json:"trace"`
	Decision     directory.Decision `json:"decision"` // what is in force, with its stored reasons
	Holds        []*directory.Hold  `json:"holds,omitempty"`
	Next         time.Time          `json:"next,omitzero"`
	Journal      []JournalLine      `json:"journal"`
}

// AccountFacts is one directory record and who said it last.
type AccountFacts struct {
	Connection string            `json:"connection"`
	User       directory.ID      `json:"user"`
	Profile    directory.Profile `json:"profile"`
	Groups     []mapping.Group   `json:"groups"`
	Said       directory.Cause   `json:"said"` // the request that changed it last
	At         time.Time         `json:"at"`
}

// JournalLine is one entry with its personal values, where they were not erased.
type JournalLine struct {
	directory.Entry
	Values []directory.DetailValue `json:"values,omitempty"`
}

// Explain explains a member.
func (e *Engine) Explain(ctx context.Context, org directory.OrgNum, member directory.ID) (*Explanation, error) {
	return nil, errContract
}

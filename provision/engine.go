package provision

import (
	"context"
	"crypto/cipher"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// Engine is the one door through which people change. Its fields are set before the first call and never after.
type Engine struct {
	Store store.Store
	Log   *slog.Logger
	Now   func() time.Time // the clock; time.Now in production

	// Compile turns the stored text of a policy into a policy. It is asked when a process first meets a revision that
	// it did not activate itself.
	Compile func(files []directory.PolicyFile) (*mapping.Policy, error)

	// Verified reports whether an organization has proven that it owns a folded domain which its file declares. Nil takes
	// the file's word. Nobody joins, and nobody is linked, by an address of a domain that is not proven.
	Verified func(org, domain string) bool

	// Declared returns the organization whose a folded domain is by the operator's word, "" where the operator does not say.
	// Nil says of none. It is what OwnsDomain, which a server has for Verified, asks first.
	Declared func(domain string) string

	// TXT looks up the text records of a name; net.Resolver's LookupTXT in production.
	TXT func(ctx context.Context, name string) ([]string, error)

	// Mail hands a mail to the mail server; mail.Temporary says of its errors whether trying again can help. Nil where usher
	// sends no mail: then nobody breaks glass.
	Mail func(ctx context.Context, m *mail.Message) error

	// PublicURL is where people reach this server; every link of a letter begins with it.
	PublicURL string

	// PlanKey seals plans, so that a plan is applied only as it was made, and where it was made.
	PlanKey []byte

	ids    directory.IDs
	work   chan struct{}
	once   sync.Once
	cache  cache
	access accessPolicies
	stuck  stuck
	tidy   tidy      // of the worker alone
	owned  owned     // which domains are proven
	post   bell      // rings when there is mail to send
	ended  time.Time // when the worker looks for sessions that have ended next
	tended time.Time // when the worker looks for permissions and projects that end next

	sealing   sync.Once // makes the cipher of letters
	letters   cipher.AEAD
	letterErr error

	unmailed sync.Once // says in the log that there is no mail server

	mailing  sync.Mutex // one round of mail at a time
	handover handover
}

// cache holds the revision of each organization's policy that was asked for last.
type cache struct {
	mu       sync.RWMutex
	policies map[directory.OrgNum]revision
}

// revision is an active policy, compiled, with the names that its people's records go by. Connections are registered
// before the policy that has them is activated, so that the names hold for as long as the revision does.
type revision struct {
	number    uint64
	policy    *mapping.Policy
	formerTop string // the top role of the revision before, where this one has no such role any more
	org       string
	conns     map[directory.ConnNum]string
}

// Push says which connection's provider speaks, and in which request.
type Push struct {
	Org   directory.OrgNum
	Conn  directory.ConnNum
	Cause directory.Cause
}

// Do runs fn with a writer of what the connection's provider says, settles everybody whom that touched, and journals
// what changed and why: all in one transaction, durable when Do returns nil. fn may run more than once.
func (e *Engine) Do(ctx context.Context, p Push, fn func(*facts.Writer) error) error {
	return e.update(ctx, p.Org, p.Cause, func(s *settlement) error {
		s.conn, s.leftConn = p.Conn, p.Conn
		if err := s.refuseRetired(p.Conn); err != nil {
			return err
		}
		s.writer = s.speaking()
		if err := fn(s.writer); err != nil {
			return err
		}
		return s.finish()
	})
}

// speaking returns the writer of what the provider of the settlement's connection says.
func (s *settlement) speaking() *facts.Writer {
	return facts.New(s.tx, facts.Context{
		Org: s.org, Conn: s.conn, Now: s.now, IDs: &s.engine.ids, Owns: s.owns, Names: s.policy.Names,
		Elsewhere: func(domain string) bool { return s.elsewhere(domain) != "" },
	})
}

// owns reports whether the organization owns a folded mail domain.
func (s *settlement) owns(domain string) bool {
	return s.policy.Owns(domain) && (s.engine.Verified == nil || s.engine.Verified(s.orgName, domain))
}

// update runs fn in a transaction of one organization, and afterwards tells the worker and the log what follows.
func (e *Engine) update(ctx context.Context, org directory.OrgNum, cause directory.Cause, fn func(*settlement) error) error {
	var done *settlement
	err := e.Store.Update(ctx, func(tx store.Tx) error {
		s, err := e.settlement(tx, org, cause)
		if err != nil {
			return err
		}
		done = s
		return fn(s)
	})
	if err != nil {
		return err
	}
	for _, h := range done.held {
		e.Log.WarnContext(ctx, "held: this would leave the organization without an active admin",
			"org", done.orgName, "member", h.Member.String(), "hold", h.ID.String())
	}
	for _, x := range done.brakes.said {
		e.logHold(ctx, done.orgName, x)
	}
	for _, p := range done.problems {
		e.Log.WarnContext(ctx, "a condition could not be decided; nothing was changed by it", "org", done.orgName, "problem", p)
	}
	if done.wake {
		e.wake()
	}
	if done.mailed {
		e.post.ring()
	}
	return nil
}

// logHold logs what happened to a hold: loudly, with all there is to say, while it waits for somebody.
func (e *Engine) logHold(ctx context.Context, org string, x said) {
	h := x.hold
	if x.kind == "hold.opened" || x.kind == "hold.grew" {
		e.Log.WarnContext(ctx, "a brake holds effects back; somebody has to decide", "org", org, "hold", h.ID.String(), "kind", h.Kind,
			"waiting", h.Waiting, "message", holdLog(h))
		return
	}
	e.Log.InfoContext(ctx, "something became of a hold", "org", org, "what", x.kind, "hold", h.ID.String(), "kind", h.Kind, "waiting", h.Waiting)
}

// Policy returns the active policy of an organization, compiled. It is a NotFound error when there is none.
func (e *Engine) Policy(tx store.Tx, org directory.OrgNum) (*mapping.Policy, error) {
	r, err := e.active(tx, org)
	return r.policy, err
}

// active returns the active revision of an organization's policy.
func (e *Engine) active(tx store.Tx, org directory.OrgNum) (revision, error) {
	number, err := tx.ActivePolicy(org)
	if err != nil {
		return revision{}, err
	}
	if number == 0 {
		return revision{}, directory.Errorf(directory.NotFound, "The organization has no active policy yet; start usher with its file.")
	}
	e.cache.mu.RLock()
	known := e.cache.policies[org]
	e.cache.mu.RUnlock()
	if known.number == number {
		return known, nil
	}
	row, err := tx.Policy(org, number)
	if err != nil {
		return revision{}, err
	}
	policy, err := e.Compile(row.Files)
	if err != nil {
		return revision{}, fmt.Errorf("provision: compile policy %d: %w", number, err)
	}
	r, err := newRevision(tx, org, number, policy)
	if err != nil {
		return revision{}, err
	}
	e.remember(org, r)
	return r, nil
}

// newRevision reads what belongs to a compiled revision.
func newRevision(tx store.Tx, org directory.OrgNum, number uint64, policy *mapping.Policy) (revision, error) {
	r := revision{number: number, policy: policy, conns: map[directory.ConnNum]string{}}
	var err error
	if r.formerTop, err = formerTop(tx, org, number, policy); err != nil {
		return r, err
	}
	orgs, err := tx.Organizations()
	if err != nil {
		return r, err
	}
	for name, num := range orgs {
		if num == org {
			r.org = name
		}
	}
	rows, err := tx.Connections()
	for name, row := range rows {
		r.conns[row.Num] = name
	}
	return r, err
}

// formerTop returns the top role of the revision before one, where that one has no such role: who is active with it was
// an admin until everybody is settled.
func formerTop(tx store.Tx, org directory.OrgNum, number uint64, policy *mapping.Policy) (string, error) {
	if number < 2 {
		return "", nil
	}
	before, err := tx.Policy(org, number-1)
	if err != nil {
		return "", err
	}
	if _, still := policy.Role(before.Top); still {
		return "", nil
	}
	return before.Top, nil
}

// remember replaces the map, so that readers of the old one are undisturbed.
func (e *Engine) remember(org directory.OrgNum, r revision) {
	e.cache.mu.Lock()
	defer e.cache.mu.Unlock()
	policies := maps.Clone(e.cache.policies)
	if policies == nil {
		policies = make(map[directory.OrgNum]revision, 1)
	}
	policies[org] = r
	e.cache.policies = policies
}

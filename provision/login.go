package provision

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// Login is a verified sign-in: what a connection's provider said of somebody who stands at the door.
type Login struct {
	Org     directory.OrgNum
	Conn    directory.ConnNum
	Request string // the id of the HTTP request, for the journal
	Method  string // "saml", "oidc"

	Subject     string // the immutable name of the person at the provider; never empty
	Addresses   []LoginAddress
	Profile     directory.Profile // without addresses, which are above
	Groups      []string
	GroupsKnown bool // false: the provider said nothing of groups

	SignedIn time.Time // at the provider; zero when it did not say
	Fresh    bool      // the provider was asked for the credentials anew, and does not say that it did otherwise
	NotAfter time.Time // when the provider wants the session to end; zero when it did not say
	Index    string    // the provider's session index or sid
	Name     string    // the NameID or sub by which the provider signs the person out
	Farewell []byte    // what it takes to sign the person out there, for the transport to read again
	Agent    string    // the family of the browser
	Notes    []string  // findings for the journal, such as a certificate that has expired

	Consume []Once // what this sign-in uses up
}

// LoginAddress is a mail address, and whether the provider vouches for it.
type LoginAddress struct {
	Value   string
	Vouched bool
}

// Once is something that a sign-in uses up. Without an instant it is a request that must be there and is taken; with one it
// is an id that must not be there, and is kept until then so that it is never taken again.
type Once struct {
	Kind  string
	Key   [32]byte
	Until time.Time
}

// LoginResult is what became of a sign-in.
type LoginResult struct {
	Code      LoginCode
	Member    *directory.Member  // whom it means; nil when nobody is known
	Token     string             // for the browser, shown once; "" when it was refused
	Session   *directory.Session // nil when it was refused
	Reference string             // by which the helpdesk finds the refusal again
	First     bool               // whether this account of the provider's has signed in for the first time
}

// In reports whether the person is signed in.
func (r *LoginResult) In() bool { return r.Session != nil }

// Login decides about a sign-in, in one transaction: what it uses up is used up, what the provider said is recorded, the
// person is found or joins, everything that follows is settled, and a session begins. A refusal is no error: it is in the
// journal, and in the result.
func (e *Engine) Login(ctx context.Context, in Login) (*LoginResult, error) {
	if in.Subject == "" {
		return nil, directory.Errorf(directory.Invalid, "The provider did not say who signed in: the subject is empty.")
	}
	var result *LoginResult
	cause := directory.Cause{Kind: directory.CauseLogin, ID: in.Request, Actor: in.Method}
	err := e.update(ctx, in.Org, cause, func(s *settlement) error {
		s.conn, s.leftConn = in.Conn, in.Conn
		s.writer = s.speaking()
		l := &login{settlement: s, in: &in, said: in.facts(), result: &LoginResult{}}
		result = l.result
		return l.run()
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// facts returns what of a sign-in is a fact about the person: of addresses those alone that the provider vouches for.
func (in *Login) facts() *facts.Login {
	f := &facts.Login{Subject: in.Subject, Profile: in.Profile, Groups: in.Groups, GroupsKnown: in.GroupsKnown}
	for _, a := range in.Addresses {
		if a.Vouched && directory.EmailDomain(a.Value) != "" {
			f.Addresses = append(f.Addresses, a.Value)
		}
	}
	return f
}

// login is one sign-in on its way through a transaction.
type login struct {
	*settlement
	in       *Login
	said     *facts.Login
	result   *LoginResult
	settings *config.Connection
	lockdown *directory.Lockdown
	found    *facts.LoginPerson

	grant   *directory.Grant // what is recorded, once it is
	changed []string         // what of it is new
	how     LoginCode        // by which a person got in: joined, linked or known
	why     []string         // notes for the journal
	unheard string           // why an address counted for nothing that the provider vouches for
}

func (l *login) run() error {
	code, err := l.consume()
	if err != nil {
		return err
	}
	if code == "" {
		code, err = l.closed()
	}
	if err != nil {
		return err
	}
	if code != "" {
		return l.refuse(code, nil)
	}
	l.said.Observed = l.settings.State == config.StateObserve
	if l.found, err = l.writer.FindLogin(l.said); err != nil {
		return err
	}
	l.result.First = l.found.Login(l.conn, l.in.Subject) == nil
	l.heed()
	switch {
	case l.found.Several:
		return l.refuse(LoginAmbiguous, nil)
	case l.found.Member == nil:
		return l.join()
	}
	return l.meet()
}

// consume uses up what the sign-in uses up, all of it whatever the outcome.
func (l *login) consume() (LoginCode, error) {
	var code LoginCode
	for _, once := range l.in.Consume {
		var refused LoginCode
		var err error
		if once.Until.IsZero() {
			refused, err = l.take(once)
		} else {
			err = l.tx.PutRequest(&directory.Request{Kind: once.Kind, Key: once.Key, Expires: once.Until.UTC()})
			if errors.Is(err, store.ErrExists) {
				refused, err = LoginReplayed, nil
			}
		}
		if err != nil {
			return "", err
		}
		if refused != "" && code != LoginReplayed {
			code = refused
		}
	}
	if code == "" && !l.in.NotAfter.IsZero() && !l.in.NotAfter.After(l.now) {
		code = LoginExpired
	}
	return code, nil
}

func (l *login) take(once Once) (LoginCode, error) {
	r, err := l.tx.Request(once.Kind, once.Key)
	if errors.Is(err, store.ErrNotFound) {
		return LoginExpired, nil
	}
	if err != nil {
		return "", err
	}
	if err := l.tx.DeleteRequests([]*directory.Request{r}); err != nil {
		return "", err
	}
	if !r.Expires.After(l.now) {
		return LoginExpired, nil
	}
	return "", nil
}

// closed says whether nobody gets in by the connection.
func (l *login) closed() (LoginCode, error) {
	row, known, err := l.tx.Connection(l.conns[l.conn])
	if err != nil {
		return "", err
	}
	if !known || row.Org != l.org {
		return "", directory.Errorf(directory.NotFound, "This organization has no such connection.")
	}
	if l.settings = l.connection(l.conn); l.settings == nil || !row.Retired.IsZero() {
		return LoginRetired, nil
	}
	l.lockdown, err = l.tx.Lockdown(l.org)
	return "", err
}

// meet goes on with somebody whom the organization knows.
func (l *login) meet() error {
	m := l.found.Member
	known := l.found.Login(l.conn, l.in.Subject) != nil
	if code := out(m.Status); code != "" && !known {
		return l.refuse(code, m)
	}
	if l.lockdown.On() && m.Status != directory.StatusActive {
		return l.refuse(cmp.Or(out(m.Status), LoginLockdown), m)
	}
	l.how = LoginKnown
	if !l.found.Known {
		if code := l.shut(); code != "" {
			return l.refuse(code, m)
		}
		l.how = LoginLinked
		l.note("linked to the member by an address of " + l.found.Domain + ", for which the provider vouches")
	}
	if !known && !l.asked() {
		domain, code := l.gate()
		if code == "" && l.settings.State == config.StatePaused {
			code = LoginPaused
		}
		if code != "" {
			return l.refuse(code, m)
		}
		if err := l.await(m.ID, domain); err != nil {
			return err
		}
	}
	if err := l.accept(); err != nil {
		return err
	}
	return l.record(m.ID)
}

// shut says why nobody is linked to a member now, "" where strangers may be.
func (l *login) shut() LoginCode {
	switch {
	case l.lockdown.On():
		return LoginLockdown
	case l.settings.State == config.StatePaused:
		return LoginPaused
	case l.said.Observed:
		return LoginObserved
	}
	return ""
}

// asked reports whether a person is to get in by more than this first sign-in alone: they are or were a member, are
// invited, or have a record of the connection, which speaks for it.
func (l *login) asked() bool {
	m := l.found.Member
	return !m.Joined.IsZero() || m.Status == directory.StatusInvited ||
		slices.ContainsFunc(m.Users, func(ref directory.UserRef) bool { return ref.Conn == l.conn }) ||
		slices.ContainsFunc(l.found.Grants, func(g *directory.Grant) bool {
			return isAsked(g) || g.Kind == directory.GrantUnlink && g.User.Conn == l.conn
		})
}

// isAsked reports whether an invitation has asked its person to come, or they have come by it.
func isAsked(g *directory.Grant) bool {
	if g.Kind != directory.GrantInvitation {
		return false
	}
	switch g.State {
	case directory.InvitationPending, directory.InvitationAccepted, directory.InvitationSpent, directory.InvitationAwaiting:
		return true
	}
	return false
}

// accept takes up the invitations of somebody who has come.
func (l *login) accept() error {
	if l.settings.State != config.StateActive {
		return nil
	}
	for _, g := range l.found.Grants {
		if g.Kind != directory.GrantInvitation || g.State != directory.InvitationPending || l.tooLate(g) {
			continue
		}
		if err := l.end(g, directory.InvitationAccepted, "the person signed in by "+l.conns[l.conn]); err != nil {
			return err
		}
		l.writer.Touch(l.found.Member.ID)
	}
	return nil
}

// tooLate reports whether an invitation has ended, whether or not the worker has got to it.
func (l *login) tooLate(g *directory.Grant) bool {
	return !g.Ends.IsZero() && !g.Ends.After(l.now) || g.Invited != nil && !g.Invited.Expires.IsZero() && !g.Invited.Expires.After(l.now)
}

// record records what the provider said, settles what follows, and lets the person in where that leaves them active.
func (l *login) record(id directory.ID) error {
	var err error
	if l.grant, l.changed, err = l.writer.RecordLogin(id, l.found, l.said); err != nil {
		return err
	}
	if !l.in.GroupsKnown && l.settings.GroupsFrom == config.GroupsFromLogin {
		l.note("the provider did not say in which groups the person is; what was known last stays")
	}
	if err := l.settle(l.writer.Touched()); err != nil {
		return err
	}
	m := l.found.Member
	if o := l.settled[id]; o != nil {
		m = o.member
		if o.before != nil && o.before.Joined.IsZero() && m.Status == directory.StatusActive {
			l.how = LoginJoined
		}
	}
	if code := l.standing(m); code != "" {
		return l.refuse(code, m)
	}
	return l.admit(m)
}

// standing says why somebody who stands as they do does not get in, "" when they do.
func (l *login) standing(m *directory.Member) LoginCode {
	if code := out(m.Status); code != "" {
		return code
	}
	switch {
	case l.said.Observed:
		return LoginObserved
	case m.Status == directory.StatusActive:
		return ""
	case l.settings.State == config.StatePaused:
		return LoginPaused
	}
	if o := l.settled[m.ID]; o == nil || len(o.effects) == 0 {
		l.note(reasonsOf(&m.Decision)...)
	}
	switch {
	case slices.ContainsFunc(m.Decision.Reasons, func(r directory.Reason) bool { return r.Source == directory.SourceApproval }):
		return LoginAwaiting
	case len(m.Held) > 0:
		return LoginHeld
	case m.Decision.Waits:
		return LoginWaits
	}
	return LoginNoRule
}

// out is the refusal of somebody who has been put out, "" for everybody else.
func out(status directory.Status) LoginCode {
	switch status {
	case directory.StatusSuspended:
		return LoginSuspended
	case directory.StatusRemoved:
		return LoginRemoved
	case directory.StatusActive, directory.StatusInvited, directory.StatusNone:
	}
	return ""
}

package provision

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
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
	NotAfter time.Time // when the provider wants the session to end; zero when it did not say
	Index    string    // the provider's session index or sid
	Name     string    // the NameID or sub by which the provider signs the person out
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
	if l.found, err = l.writer.FindLogin(l.said); err != nil {
		return err
	}
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
		l.how = LoginLinked
		l.note("linked to the member by an address of " + l.found.Domain + ", for which the provider vouches")
	}
	if !known && !l.asked() {
		domain, code := l.gate()
		if code != "" {
			return l.refuse(code, m)
		}
		if domain.RequireAdminApproval {
			if err := l.await(m.ID, domain); err != nil {
				return err
			}
		}
	}
	if err := l.accept(); err != nil {
		return err
	}
	return l.record(m.ID)
}

// asked reports whether a person is to get in by more than this first sign-in alone: they are or were a member, are
// invited, or have a record of the connection, which speaks for it.
func (l *login) asked() bool {
	m := l.found.Member
	return !m.Joined.IsZero() || m.Status == directory.StatusInvited ||
		slices.ContainsFunc(m.Users, func(ref directory.UserRef) bool { return ref.Conn == l.conn }) ||
		slices.ContainsFunc(l.found.Grants, func(g *directory.Grant) bool {
			return g.Kind == directory.GrantInvitation && g.State != directory.InvitationCancelled || g.Kind == directory.GrantUnlink && g.User.Conn == l.conn
		})
}

// gate returns the domain by whose rule somebody may join who is known by nothing else, or why not.
func (l *login) gate() (*config.Domain, LoginCode) {
	for _, address := range l.said.Addresses {
		name := directory.EmailDomain(address)
		if !l.owns(name) {
			continue
		}
		d := l.policy.Domain(name)
		if !d.AutoInvite && !d.RequireAdminApproval {
			return nil, LoginNotPushed
		}
		return d, ""
	}
	for _, a := range l.in.Addresses {
		if !a.Vouched && l.owns(directory.EmailDomain(a.Value)) {
			return nil, LoginUnvouched
		}
	}
	return nil, LoginUnknownDomain
}

// join goes on with somebody whom the organization does not know: the rule of the domain decides, then the mapping.
func (l *login) join() error {
	if l.lockdown.On() {
		return l.refuse(LoginLockdown, nil)
	}
	domain, code := l.gate()
	if code == "" && l.settings.State == config.StatePaused {
		code = LoginPaused
	}
	if code == "" && l.settings.State == config.StateActive {
		code = l.wouldBe()
	}
	if code != "" {
		return l.refuse(code, nil)
	}
	l.how = LoginJoined
	l.note("joined by the rule of the domain " + domain.Domain + " (" + domain.At.Rule() + ")")
	id := l.engine.ids.New(l.now)
	if domain.RequireAdminApproval {
		if err := l.await(id, domain); err != nil {
			return err
		}
	}
	return l.record(id)
}

// wouldBe says why the mapping would not make a member of somebody new. A refusal leaves nothing behind, so that it is asked
// before anything is written.
func (l *login) wouldBe() LoginCode {
	account := loginAccount(l.settings, l.writer.NewLogin(l.said))
	result := l.policy.Evaluate(&mapping.Person{Accounts: []mapping.Account{*account}}, l.now)
	switch {
	case !result.Decision.InScope || !result.Decision.Active:
		l.note(reasonsOf(&result.Decision)...)
		return LoginNoRule
	case result.Decision.Waits:
		l.note(reasonsOf(&result.Decision)...)
		return LoginWaits
	}
	return ""
}

// await has an admin decide whether the person may join.
func (l *login) await(member directory.ID, d *config.Domain) error {
	return l.tx.PutGrants([]*directory.Grant{{
		ID: l.engine.ids.New(l.now), Org: l.org, Member: member, Kind: directory.GrantInvitation, State: directory.InvitationAwaiting,
		Actor: "sign-in", Reason: "asked to join by signing in, and " + d.Domain + " requires an admin's approval (" + d.At.Rule() + ")", Created: l.now,
	}})
}

// accept takes up the invitations of somebody who has come.
func (l *login) accept() error {
	if l.settings.State != config.StateActive {
		return nil
	}
	for _, g := range l.found.Grants {
		if g.Kind != directory.GrantInvitation || g.State != directory.InvitationPending || !g.Ends.IsZero() && !g.Ends.After(l.now) {
			continue
		}
		g.State = directory.InvitationAccepted
		if err := l.tx.PutGrants([]*directory.Grant{g}); err != nil {
			return err
		}
		l.writer.Touch(l.found.Member.ID)
		l.note("the invitation of " + g.Created.Format(time.DateOnly) + " was accepted by signing in")
	}
	return nil
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
	case l.settings.State == config.StateObserve:
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

// admit begins the session.
func (l *login) admit(m *directory.Member) error {
	if err := l.evidence(m); err != nil {
		return err
	}
	token, session, err := l.openSession(m, l.in)
	if err != nil {
		return err
	}
	l.result.Code, l.result.Member, l.result.Token, l.result.Session = l.how, m, token, session
	_, err = l.tell(kindLogin, m)
	return err
}

// evidence notes with what waits in a hold that the provider lets the person in.
func (l *login) evidence(m *directory.Member) error {
	kept, err := l.waiting(m)
	if err != nil || len(m.Held) == 0 {
		return err
	}
	for _, k := range kept {
		if k.hold.Kind != BrakeSuspensions {
			continue
		}
		k.row.SignedIn = l.now
		l.note("signed in while the suspension waits in the hold " + k.hold.ID.String())
		if err := l.tx.PutHeldMembers([]*directory.HeldMember{k.row}); err != nil {
			return err
		}
	}
	for _, h := range l.brakes.holds {
		if h.Kind == directory.HoldLastAdmin && h.Member == m.ID {
			h.SignedIn = l.now
			if err := l.tx.PutHold(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuse journals that somebody did not get in. M is nil where nobody is known.
func (l *login) refuse(code LoginCode, m *directory.Member) error {
	l.result.Code, l.result.Member = code, m
	l.why = append([]string{"refused: " + string(code) + ": " + code.Because()}, l.why...)
	kind := kindRefused
	if code == LoginAwaiting && l.grant != nil && len(l.changed) > 0 && l.how != LoginKnown {
		kind = kindAwaiting
	}
	entry, err := l.tell(kind, m)
	if err == nil {
		l.result.Reference = Reference(entry)
	}
	return err
}

func (l *login) note(notes ...string) { l.why = append(l.why, notes...) }

// tell journals a sign-in with what followed from it, and writes the rows that changed.
func (l *login) tell(kind string, m *directory.Member) (*directory.Entry, error) {
	entry := l.newEntry(kind)
	entry.Conn, entry.Attributes = l.conn, l.changed
	entry.Notes = slices.Concat(l.in.Notes, l.why)
	main := &pending{entry: entry}
	var values []directory.DetailValue
	var bare *directory.Member // whose row changes by the entry alone
	if m != nil {
		if o := l.settled[m.ID]; o != nil {
			entry.Effects, entry.Notes, values = o.effects, append(entry.Notes, o.notes...), o.values
			o.changed = true
			main.about(directory.SubjectMember, m.ID, &o.member.Entry)
		} else {
			bare = m
			main.about(directory.SubjectMember, m.ID, &m.Entry)
		}
	}
	said, err := l.values(m)
	if err != nil {
		return nil, err
	}
	main.say(append(said, values...))
	entries := []*pending{main}
	for _, o := range l.outcomes {
		if (m == nil || o.member.ID != m.ID) && o.worthTelling() {
			entries = append(entries, l.effectEntry(o, "member.changed"))
		}
	}
	if err := l.append(entries); err != nil {
		return nil, err
	}
	if bare != nil {
		if err := l.tx.PutMembers([]*directory.Member{bare}); err != nil {
			return nil, err
		}
	}
	if l.grant != nil && len(l.changed) > 0 {
		l.grant.Login.Entry = entry.Seq
		if err := l.tx.PutGrants([]*directory.Grant{l.grant}); err != nil {
			return nil, err
		}
	}
	return entry, l.writeRows()
}

// values are the personal values of an entry: what was said that is new, or who it was that nobody knows.
func (l *login) values(m *directory.Member) ([]directory.DetailValue, error) {
	if l.grant != nil && len(l.changed) == 0 || l.grant == nil && m != nil {
		return nil, nil
	}
	said := signInSaid{Subject: l.in.Subject, Addresses: addressesOf(l.in)}
	if l.grant != nil {
		said = signInSaid{Subject: l.in.Subject, Profile: &l.grant.Login.Profile, Groups: l.grant.Login.Groups}
	}
	text, err := json.Marshal(said)
	return []directory.DetailValue{{Attribute: attributeLogin, After: text}}, err
}

// signInSaid is the personal value of an entry about a sign-in: what is known since, or of somebody whom nobody knows the
// addresses alone.
type signInSaid struct {
	Subject   string             `json:"subject"`
	Profile   *directory.Profile `json:"profile,omitempty"`
	Groups    []string           `json:"groups,omitempty"`
	Addresses []string           `json:"addresses,omitempty"`
}

func addressesOf(in *Login) []string {
	list := make([]string, len(in.Addresses))
	for i, a := range in.Addresses {
		list[i] = a.Value
	}
	return list
}

// reasonsOf tells in words why somebody stands outside.
func reasonsOf(d *directory.Decision) []string {
	var notes []string
	for i := range d.Reasons {
		if r := &d.Reasons[i]; (r.Field == "status" || r.Source == directory.SourceRollout || r.Field == fieldHeld) && r.Because != "" {
			notes = append(notes, r.Because)
		}
	}
	return notes
}

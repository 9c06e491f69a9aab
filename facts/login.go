package facts

import (
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// Login is what the connection's provider said of somebody who has just signed in, verified.
type Login struct {
	Subject     string            // the immutable name of the person at the provider
	Addresses   []string          // that the provider vouches for, the preferred one first
	Profile     directory.Profile // without addresses
	Groups      []string
	GroupsKnown bool // false: the provider said nothing of groups, and those known last stay
	Observed    bool // the connection only observes
}

// LoginPerson is whom a sign-in means.
type LoginPerson struct {
	Member  *directory.Member // nil for somebody whom the organization does not know
	Grants  []*directory.Grant
	Known   bool   // by the subject
	Domain  string // of the address by which the member was found, otherwise
	Several bool   // the addresses are of several members, so that it cannot be said which of them is meant
}

// Login returns what the connection's provider said of this subject before, nil when it never signed in as this member.
func (p *LoginPerson) Login(c directory.ConnNum, subject string) *directory.Grant {
	if g := p.said(c, subject); g != nil && g.HasSignedIn() {
		return g
	}
	return nil
}

// said is Login also for a subject that only tried while the connection observed.
func (p *LoginPerson) said(c directory.ConnNum, subject string) *directory.Grant {
	for _, g := range p.Grants {
		if g.Kind == directory.GrantLogin && g.Login != nil && g.User.Conn == c && g.Login.Subject == subject {
			return g
		}
	}
	return nil
}

// FindLogin finds whom a sign-in means: the member of the same subject, else the one whom another source made known by an
// address that this provider vouches for, in a domain that the organization owns and for which no other connection has the
// authority (law 5). It writes nothing.
//
// A member who is suspended or removed is found by any address, so that nobody gets in by an alias; whether they get in is
// for the caller to decide.
func (w *Writer) FindLogin(l *Login) (*LoginPerson, error) {
	id, err := w.loginSubject(l.Subject)
	if err != nil {
		return nil, err
	}
	if !id.IsZero() {
		p, means, err := w.subjectOf(id, l.Subject)
		if err != nil {
			return nil, err
		}
		if means && p.Member != nil {
			p.Known = true
			return p, nil
		}
	}
	return w.loginByAddress(l)
}

// subjectOf returns the member to whom a subject led before, and whether it means them still. One that only tried to sign in
// while the connection observed made somebody of whatever address it named: it does not mean them any more once another
// source speaks of them, or an admin has invited them, unless the connection's own directory has told of them.
func (w *Writer) subjectOf(id directory.ID, subject string) (*LoginPerson, bool, error) {
	id, err := w.survivor(id)
	if err != nil {
		return nil, false, err
	}
	p, err := w.loginPerson(id)
	if err != nil || p.Member == nil {
		return p, true, err
	}
	g := p.said(w.Conn, subject)
	if g == nil || !g.Login.Observed || slices.Contains(g.Login.Recorded, w.Conn) || isOut(p.Member) {
		return p, true, nil
	}
	return p, len(p.Grants) == 1 && len(w.recordsOf(p.Member)) == 0, nil
}

// loginSubject returns the member whom a subject meant before, also one whose record was deleted.
func (w *Writer) loginSubject(subject string) (directory.ID, error) {
	members, err := w.tx.Identities(w.Conn, []string{subject})
	if err != nil || !members[0].IsZero() {
		return members[0], err
	}
	graves, err := w.tx.Tombstones(w.Conn, []string{subject})
	if err != nil || graves[0] == nil || w.Now.Sub(graves[0].Deleted) >= directory.TombstoneLife {
		return directory.NoID, err
	}
	return graves[0].Member, nil
}

func (w *Writer) loginPerson(id directory.ID) (*LoginPerson, error) {
	members, err := w.tx.Members(w.Org, []directory.ID{id})
	if err != nil {
		return &LoginPerson{}, err
	}
	grants, err := w.tx.Grants(w.Org, []directory.ID{id})
	if err != nil {
		return &LoginPerson{}, err
	}
	return &LoginPerson{Member: members[0], Grants: grants[0]}, nil
}

// loginByAddress finds the one member whom all the addresses mean.
func (w *Writer) loginByAddress(l *Login) (*LoginPerson, error) {
	var found []*LoginPerson
	for _, address := range l.Addresses {
		domain := directory.EmailDomain(address)
		if !w.Owns(domain) {
			continue
		}
		holders, err := w.loginHolders(l.Subject, directory.FoldAddress(address))
		if err != nil {
			return nil, err
		}
		for _, p := range holders {
			p.Domain = domain
			if isOut(p.Member) {
				return p, nil
			}
			if w.Elsewhere(domain) && !w.Recorded(p.Member) {
				continue
			}
			if !slices.ContainsFunc(found, func(o *LoginPerson) bool { return o.Member.ID == p.Member.ID }) {
				found = append(found, p)
			}
		}
	}
	switch len(found) {
	case 0:
		return &LoginPerson{}, nil
	case 1:
		return found[0], nil
	}
	return &LoginPerson{Several: true}, nil
}

// loginHolders returns whom an address can mean. The member of whose record this connection's directory says it is comes
// before one who had it and has left; that one comes before everybody else.
func (w *Writer) loginHolders(subject, address string) ([]*LoginPerson, error) {
	ids, err := w.tx.FindMembers(w.Org, directory.Key{Attribute: directory.AttrEmail, Value: address}, directory.NoID, holdersMost)
	if err != nil {
		return nil, err
	}
	var here, out, others []*LoginPerson
	for _, id := range ids {
		p, err := w.loginPerson(id)
		if err != nil {
			return nil, err
		}
		switch {
		case p.Member == nil || !p.Member.Merged.IsZero():
		case isOut(p.Member):
			out = append(out, p)
		case !w.mayLogin(p, subject):
		case w.Recorded(p.Member):
			here = append(here, p)
		default:
			others = append(others, p)
		}
	}
	for _, list := range [][]*LoginPerson{here, out} {
		if len(list) > 0 {
			return list, nil
		}
	}
	return others, nil
}

// holdersMost is how many members with one address are looked at.
const holdersMost = 100

// Recorded reports whether this connection's directory has told of a member.
func (w *Writer) Recorded(m *directory.Member) bool {
	return slices.ContainsFunc(w.recordsOf(m), func(ref directory.UserRef) bool { return ref.Conn == w.Conn })
}

func isOut(m *directory.Member) bool {
	return m.Status == directory.StatusSuspended || m.Status == directory.StatusRemoved
}

// mayLogin reports whether somebody whom this connection has not met may be taken for a member by address: some other
// source speaks of the member, no admin and no provider has taken the connection's word away from them, and nobody else
// signs in as them by this connection.
func (w *Writer) mayLogin(p *LoginPerson, subject string) bool {
	known := len(w.recordsOf(p.Member)) > 0
	for _, g := range p.Grants {
		switch {
		case g.Kind == directory.GrantUnlink && g.User.Conn == w.Conn, g.IsLogin(w.Conn) && g.Login.Subject != subject:
			return false
		case g.HasSignedIn(), g.Kind == directory.GrantInvitation && g.State != directory.InvitationCancelled:
			known = true
		}
	}
	return known
}

// RecordLogin writes what a provider said of a member who signs in, and the subject as theirs. It returns the grant, and
// the names of what it says that is new; with none of them the person need not be settled.
func (w *Writer) RecordLogin(member directory.ID, p *LoginPerson, l *Login) (*directory.Grant, []string, error) {
	if err := w.tx.PutIdentity(w.Conn, l.Subject, member); err != nil {
		return nil, nil, err
	}
	day := w.Now.Truncate(24 * time.Hour)
	g := p.said(w.Conn, l.Subject)
	if g == nil {
		g = &directory.Grant{
			ID: w.IDs.New(w.Now), Org: w.Org, Member: member, Kind: directory.GrantLogin, User: directory.UserRef{Conn: w.Conn},
			Actor: actorProvider, Created: w.Now, Login: newLogin(nil, l),
		}
		g.Login.Seen = day
		for _, c := range p.gone() {
			g.Login.Note(c)
		}
		w.Touch(member)
		return g, loginChanges(&directory.SignIn{}, g.Login), w.tx.PutGrants([]*directory.Grant{g})
	}
	now := newLogin(g.Login, l)
	changed := loginChanges(g.Login, now)
	if len(changed) == 0 && !now.Seen.Before(day) {
		return g, nil, nil
	}
	if len(changed) > 0 {
		w.Touch(member)
	}
	if g.Login.Observed && !now.Observed {
		g.Created = w.Now
	}
	now.Seen, g.Login = day, now
	return g, changed, w.tx.PutGrants([]*directory.Grant{g})
}

// NewLogin returns what would be recorded of somebody who signs in for the first time.
func (w *Writer) NewLogin(l *Login) *directory.SignIn { return newLogin(nil, l) }

// gone returns the connections that had a directory record of the member, which has gone.
func (p *LoginPerson) gone() []directory.ConnNum {
	var conns []directory.ConnNum
	for _, g := range p.Grants {
		if g.Kind == directory.GrantUnlink && g.Actor == actorProvider {
			conns = append(conns, g.User.Conn)
		}
	}
	return conns
}

// newLogin returns what is known after a sign-in. What it did not say of addresses and groups stays as it was; but what
// addresses were named while the connection observed counts for nothing.
func newLogin(was *directory.SignIn, l *Login) *directory.SignIn {
	now := &directory.SignIn{Subject: l.Subject, Profile: l.Profile, Observed: l.Observed}
	if was != nil {
		now = was.Clone()
		now.Profile = l.Profile
		now.Observed = was.Observed && l.Observed
		if now.Observed == was.Observed {
			now.Profile.Emails = was.Profile.Emails
		}
	}
	now.Profile.Active = true
	if len(l.Addresses) > 0 {
		now.Profile.Emails = make([]directory.Email, len(l.Addresses))
		for i, a := range l.Addresses {
			now.Profile.Emails[i] = directory.Email{Value: a, Primary: i == 0}
		}
	}
	if !vouchedName(&now.Profile) {
		now.Profile.UserName = ""
	}
	if l.GroupsKnown {
		groups := slices.Clone(l.Groups)
		slices.Sort(groups)
		now.Groups, now.GroupsKnown = slices.Compact(groups), true
	}
	return now
}

// vouchedName reports whether a userName may be shown and matched: one that looks like an address counts as one everywhere,
// so that it must be among those that the provider vouches for.
func vouchedName(p *directory.Profile) bool {
	return directory.EmailDomain(p.UserName) == "" || slices.ContainsFunc(p.Emails, func(e directory.Email) bool {
		return directory.FoldAddress(e.Value) == directory.FoldAddress(p.UserName)
	})
}

// loginChanges names what differs between two sign-ins of one subject.
func loginChanges(was, now *directory.SignIn) []string {
	var changed []string
	add := func(name string, same bool) {
		if !same {
			changed = append(changed, name)
		}
	}
	a, b := &was.Profile, &now.Profile
	add("active", a.Active == b.Active)
	add("department", a.Department == b.Department)
	add("displayName", a.DisplayName == b.DisplayName)
	add("emails", slices.Equal(a.Emails, b.Emails))
	add("groups", was.GroupsKnown == now.GroupsKnown && slices.Equal(was.Groups, now.Groups))
	add("locale", a.Locale == b.Locale)
	add("name", a.GivenName == b.GivenName && a.FamilyName == b.FamilyName)
	add("observed", was.Observed == now.Observed)
	add("title", a.Title == b.Title)
	add("userName", a.UserName == b.UserName)
	return changed
}

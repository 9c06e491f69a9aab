package provision

import (
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
)

// loaded is a person with everything that a decision follows from.
type loaded struct {
	before *directory.Member // as stored; nil for somebody new
	member *directory.Member // the copy that settling changes
	person mapping.Person
	refs   []directory.UserRef // of person.Accounts

	relinked bool // records came or went
	paused   bool // a connection in state paused speaks of the person: nothing changes
	observed bool // only connections in state observe do
	removed  bool // an admin removed the person
	accepted bool // an invitation was accepted

	left      []directory.ID     // groups that the person left in this transaction
	dismissed []*directory.Grant // effects that an admin has dismissed
}

// present reports whether some provider has the person active.
func (p *loaded) present() bool {
	return slices.ContainsFunc(p.person.Accounts, func(a mapping.Account) bool { return a.Profile.Active })
}

// load reads the touched people with their records, groups and grants, applying the links that this transaction made.
func (s *settlement) load(touched []*facts.Touch) ([]*loaded, error) {
	ids := make([]directory.ID, len(touched))
	for i, t := range touched {
		ids[i] = t.Member
	}
	members, err := s.tx.Members(s.org, ids)
	if err != nil {
		return nil, err
	}
	grants, err := s.tx.Grants(s.org, ids)
	if err != nil {
		return nil, err
	}
	out := make([]*loaded, len(touched))
	for i, t := range touched {
		p := &loaded{before: members[i], member: s.copyOf(members[i], t.Member), left: t.Left}
		s.relink(p, t)
		if err := s.takeGrants(p, grants[i]); err != nil {
			return nil, err
		}
		if err := s.takeAccounts(p, t); err != nil {
			return nil, err
		}
		p.person.Since = p.member.Since
		if p.before != nil {
			p.person.Current = &p.before.Decision
		}
		out[i] = p
	}
	return out, nil
}

func (s *settlement) copyOf(m *directory.Member, id directory.ID) *directory.Member {
	if m == nil {
		return &directory.Member{ID: id, Org: s.org, Status: directory.StatusNone, Created: s.now}
	}
	n := *m
	n.Users = slices.Clone(m.Users)
	return &n
}

// relink brings the records of a person in step with those that came and went. A record that went while its connection
// is paused or observed is kept until that ends, so that its going takes no effect before.
func (s *settlement) relink(p *loaded, t *facts.Touch) {
	for _, ref := range t.Unlink {
		if s.writer != nil && s.frozen(ref.Conn) {
			continue
		}
		if i := slices.Index(p.member.Users, ref); i >= 0 {
			p.member.Users = slices.Delete(p.member.Users, i, i+1)
			p.relinked = true
		}
	}
	for _, ref := range t.Link {
		if !slices.Contains(p.member.Users, ref) {
			p.member.Users = append(p.member.Users, ref)
			p.relinked = true
		}
	}
}

// drop forgets a record that is no longer this person's.
func (p *loaded) drop(ref directory.UserRef) {
	p.member.Users = slices.DeleteFunc(p.member.Users, func(r directory.UserRef) bool { return r == ref })
	p.relinked = true
}

// takeGrants keeps the grants that hold now, and deletes those that have run out.
func (s *settlement) takeGrants(p *loaded, grants []*directory.Grant) error {
	var over []*directory.Grant
	for _, g := range grants {
		if !g.Ends.IsZero() && !g.Ends.After(s.now) {
			over = append(over, g)
			continue
		}
		p.person.Grants = append(p.person.Grants, g)
		if g.Kind == directory.GrantDismissal {
			p.dismissed = append(p.dismissed, g)
		}
		p.removed = p.removed || g.Kind == directory.GrantRemoval
		p.accepted = p.accepted ||
			g.Kind == directory.GrantInvitation && (g.State == directory.InvitationAccepted || g.State == directory.InvitationSpent)
	}
	if len(over) == 0 || s.readOnly() {
		return nil
	}
	return s.tx.DeleteGrants(over)
}

// takeAccounts reads the records linked to a person, and what was said when they signed in. Observed connections count
// only where no other speaks of the person.
func (s *settlement) takeAccounts(p *loaded, t *facts.Touch) error {
	w := &watching{person: p}
	for _, ref := range slices.Clone(p.member.Users) {
		settings := s.connection(ref.Conn)
		if settings == nil || settings.State != config.StateActive {
			gone, err := s.leftBehind(ref)
			if err != nil {
				return err
			}
			if gone {
				p.drop(ref)
				continue
			}
		}
		if settings == nil || settings.State == config.StatePaused {
			p.paused = true
			continue
		}
		w.any = w.any || settings.State == config.StateObserve
		a, err := s.account(p.member.ID, ref, settings.GroupsFrom)
		if err != nil {
			return err
		}
		if a == nil {
			if settings.State != config.StateObserve {
				p.drop(ref)
			}
			continue
		}
		w.take(settings, a, ref)
	}
	if err := s.takeLogins(p, t, w); err != nil {
		return err
	}
	if len(p.person.Accounts) == 0 && w.any {
		p.person.Accounts, p.refs, p.observed = w.accounts, w.refs, true
	}
	return s.spendInvitations(p, t)
}

// watching sorts the accounts of a person into those that count and those of connections that only observe.
type watching struct {
	person   *loaded
	any      bool // a connection that observes speaks of the person
	accounts []mapping.Account
	refs     []directory.UserRef
}

func (w *watching) take(settings *config.Connection, a *mapping.Account, ref directory.UserRef) {
	if settings.State == config.StateObserve {
		w.accounts, w.refs = append(w.accounts, *a), append(w.refs, ref)
		return
	}
	w.person.person.Accounts = append(w.person.person.Accounts, *a)
	w.person.refs = append(w.person.refs, ref)
}

func (s *settlement) connection(c directory.ConnNum) *config.Connection {
	return s.policy.Connection(s.conns[c])
}

// account reads one linked record with its groups: those that were pushed, where the connection's groups come from SCIM.
// Whatever is pushed to another connection is kept, and shown, and decides nothing.
func (s *settlement) account(member directory.ID, ref directory.UserRef, groupsFrom string) (*mapping.Account, error) {
	a := &mapping.Account{Connection: s.conns[ref.Conn]}
	u, err := s.user(ref, &a.Profile)
	if err != nil || u == nil || u.Member != member {
		return nil, err
	}
	a.User, a.Body = u.ID, u.Body
	if groupsFrom == "" || groupsFrom == config.GroupsFromSCIM {
		a.Groups, err = s.groupsOf(ref)
	}
	return a, err
}

// user reads a record and its profile, nil when it is gone.
func (s *settlement) user(ref directory.UserRef, profile *directory.Profile) (*directory.User, error) {
	if s.writer != nil && ref.Conn == s.writer.Conn {
		u, err := s.writer.User(ref.ID)
		if err != nil || u == nil {
			return nil, err
		}
		p, err := s.writer.Profile(u)
		if err == nil {
			*profile = *p
		}
		return u, err
	}
	rows, err := s.tx.Users(ref.Conn, []directory.ID{ref.ID})
	if err != nil || rows[0] == nil {
		return nil, err
	}
	return rows[0], facts.ReadProfile(rows[0], profile)
}

// groupsOf returns the groups that a record is in, directly and through nesting, with the names under which rules know
// them.
func (s *settlement) groupsOf(ref directory.UserRef) ([]mapping.Group, error) {
	above, err := facts.Ancestors(s.tx, ref.Conn, directory.Child{Kind: directory.ChildUser, ID: ref.ID})
	if err != nil || len(above) == 0 {
		return nil, err
	}
	ids := make([]directory.ID, len(above))
	for i, a := range above {
		ids[i] = a.ID
	}
	rows, err := s.tx.Groups(ref.Conn, ids)
	if err != nil {
		return nil, err
	}
	names := make(map[directory.ID]string, len(rows))
	out := make([]mapping.Group, 0, len(rows))
	for i, g := range rows {
		if s.writer != nil && ref.Conn == s.writer.Conn {
			if g, err = s.writer.Group(ids[i]); err != nil {
				return nil, err
			}
		}
		if g == nil {
			continue // deleted; its edges are being reaped
		}
		names[g.ID] = g.DisplayName
		out = append(out, mapping.Group{
			ID: g.ID, ExternalID: g.ExternalID, Name: g.DisplayName, Names: s.knownAs(g), Via: names[above[i].Via],
		})
	}
	return out, nil
}

// knownAs returns the names under which rules know a group: those bound to it, and its own where no rule uses that name.
func (s *settlement) knownAs(g *directory.Group) []string {
	name := directory.Fold(g.DisplayName)
	if would := s.wouldBind[g.ID]; len(would) > 0 {
		return append(slices.Clone(g.Bound), would...)
	}
	if s.policy.Names(name) {
		return g.Bound
	}
	return append(slices.Clone(g.Bound), name)
}

// readOnly reports whether the people are only looked at.
func (s *settlement) readOnly() bool { return s.cause.Kind == "" }

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

	oneAccount [1]mapping.Account // where person.Accounts begins: most people have one
	oneRef     [1]directory.UserRef

	relinked bool // records came or went
	paused   bool // a connection in state paused speaks of the person: nothing changes
	observed bool // only connections in state observe do
	removed  bool // an admin removed the person
	accepted bool // an invitation was accepted

	left      []directory.ID     // groups that the person left in this transaction
	dismissed []*directory.Grant // effects that an admin has dismissed
	permitted []*directory.Grant // permissions given by hand, which decide nothing
}

// present reports whether some provider has the person active.
func (p *loaded) present() bool {
	return slices.ContainsFunc(p.person.Accounts, func(a mapping.Account) bool { return a.Profile.Active })
}

// load reads the touched people with their records, groups and grants, applying the links that this transaction made.
func (s *settlement) load(touched []*facts.Touch) ([]*loaded, error) {
	return s.loadInto(newSpace(len(touched)), touched)
}

func (s *settlement) loadInto(room space, touched []*facts.Touch) ([]*loaded, error) {
	ids := make([]directory.ID, len(touched))
	for i, t := range touched {
		ids[i] = t.Member
	}
	members, err := s.tx.Members(s.org, ids)
	if err != nil {
		return nil, err
	}
	grants, err := s.grants(ids)
	if err != nil {
		return nil, err
	}
	out := make([]*loaded, len(touched))
	for i, t := range touched {
		p := &room.people[i]
		p.before, p.member, p.left = members[i], &room.members[i], t.Left
		s.copyTo(p.member, members[i], t.Member)
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

// copyTo makes the copy of a member that settling changes; of somebody new, the member to be. Lists are shared: who changes
// one makes another.
func (s *settlement) copyTo(to, m *directory.Member, id directory.ID) {
	if m == nil {
		*to = directory.Member{ID: id, Org: s.org, Status: directory.StatusNone, Created: s.now}
		return
	}
	*to = *m
}

// relink brings the records of a person in step with those that came and went. A record that went while its connection
// is paused or observed is kept until that ends, so that its going takes no effect before.
func (s *settlement) relink(p *loaded, t *facts.Touch) {
	for _, ref := range t.Unlink {
		if s.writer != nil && s.frozen(ref.Conn) {
			continue
		}
		if i := slices.Index(p.member.Users, ref); i >= 0 {
			p.member.Users = slices.Delete(slices.Clone(p.member.Users), i, i+1)
			p.relinked = true
		}
	}
	for _, ref := range t.Link {
		if !slices.Contains(p.member.Users, ref) {
			p.member.Users = append(slices.Clip(p.member.Users), ref)
			p.relinked = true
		}
	}
}

// drop forgets a record that is no longer this person's.
func (p *loaded) drop(ref directory.UserRef) {
	p.member.Users = slices.DeleteFunc(slices.Clone(p.member.Users), func(r directory.UserRef) bool { return r == ref })
	p.relinked = true
}

// decidesNothing reports whether a kind of grant is beside every decision. Whoever writes such grants takes them away.
func decidesNothing(kind directory.GrantKind) bool {
	return slices.Contains([]directory.GrantKind{
		directory.GrantTerms, directory.GrantPassword, directory.GrantPasskey, directory.GrantPermission, directory.GrantRequest, directory.GrantOnboarding,
	}, kind)
}

// grants returns the grants of each of some people. Those of people whom this transaction has made are not read again.
func (s *settlement) grants(ids []directory.ID) ([][]*directory.Grant, error) {
	if len(s.given) == 0 {
		return s.tx.Grants(s.org, ids)
	}
	found := make([][]*directory.Grant, len(ids))
	var asked []directory.ID
	var places []int
	for i, id := range ids {
		if g, ok := s.given[id]; ok {
			found[i] = []*directory.Grant{g}
			continue
		}
		asked, places = append(asked, id), append(places, i)
	}
	read, err := s.tx.Grants(s.org, asked)
	for i, grants := range read {
		found[places[i]] = grants
	}
	return found, err
}

// takeGrants keeps the grants that hold now, and deletes those that have run out.
func (s *settlement) takeGrants(p *loaded, grants []*directory.Grant) error {
	var over []*directory.Grant
	for _, g := range grants {
		if decidesNothing(g.Kind) {
			if g.Kind == directory.GrantPermission {
				p.permitted = append(p.permitted, g)
			}
			continue
		}
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
	p.person.Accounts, p.refs = p.oneAccount[:0], p.oneRef[:0]
	for _, ref := range p.member.Users {
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
		there, err := s.account(p.member.ID, ref, settings.GroupsFrom, w.add(settings, ref))
		if err != nil {
			return err
		}
		if !there {
			w.takeBack(settings)
			if settings.State != config.StateObserve {
				p.drop(ref)
			}
		}
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

// add returns a new account to fill, which counts as far as its connection does.
func (w *watching) add(settings *config.Connection, ref directory.UserRef) *mapping.Account {
	accounts, refs := w.of(settings)
	*accounts, *refs = append(*accounts, mapping.Account{}), append(*refs, ref)
	return &(*accounts)[len(*accounts)-1]
}

// takeBack takes the account back that was added last.
func (w *watching) takeBack(settings *config.Connection) {
	accounts, refs := w.of(settings)
	*accounts, *refs = (*accounts)[:len(*accounts)-1], (*refs)[:len(*refs)-1]
}

func (w *watching) of(settings *config.Connection) (*[]mapping.Account, *[]directory.UserRef) {
	if settings.State == config.StateObserve {
		return &w.accounts, &w.refs
	}
	return &w.person.person.Accounts, &w.person.refs
}

func (s *settlement) connection(c directory.ConnNum) *config.Connection {
	return s.policy.Connection(s.conns[c])
}

// account reads one linked record with its groups: those that were pushed, where the connection's groups come from SCIM.
// Whatever is pushed to another connection is kept, and shown, and decides nothing.
// It is false where there is no record any more.
func (s *settlement) account(member directory.ID, ref directory.UserRef, groupsFrom string, a *mapping.Account) (bool, error) {
	u, err := s.user(ref, &a.Profile)
	if err != nil || u == nil || u.Member != member {
		return false, err
	}
	a.Connection, a.User, a.Body = s.conns[ref.Conn], u.ID, u.Body
	if groupsFrom == "" || groupsFrom == config.GroupsFromSCIM {
		a.Groups, err = s.groupsOf(ref)
	}
	return true, err
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
	u, shared := s.tx.(unwritten)
	if !shared {
		above, err := facts.Ancestors(s.tx, ref.Conn, directory.Child{Kind: directory.ChildUser, ID: ref.ID})
		if err != nil {
			return nil, err
		}
		return s.groupsAbove(ref.Conn, above)
	}
	direct, err := u.Tx.Parents(ref.Conn, []directory.Child{{Kind: directory.ChildUser, ID: ref.ID}})
	if err != nil || len(direct[0]) == 0 {
		return nil, err
	}
	key := u.setKey(ref.Conn, direct[0])
	groups, known := u.sets[string(key)]
	if known {
		return groups, nil
	}
	above, err := facts.AncestorsFrom(s.tx, ref.Conn, direct[0])
	if err == nil {
		groups, err = s.groupsAbove(ref.Conn, above)
	}
	if err == nil {
		u.sets[string(key)] = slices.Clip(groups) // who adds to it has a copy
	}
	return groups, err
}

// groupsAbove reads groups of a connection as rules see them.
func (s *settlement) groupsAbove(c directory.ConnNum, above []facts.Ancestor) ([]mapping.Group, error) {
	if len(above) == 0 {
		return nil, nil
	}
	ids := make([]directory.ID, len(above))
	for i, a := range above {
		ids[i] = a.ID
	}
	rows, err := s.tx.Groups(c, ids)
	if err != nil {
		return nil, err
	}
	names := make(map[directory.ID]string, len(rows))
	out := make([]mapping.Group, 0, len(rows))
	for i, g := range rows {
		if s.writer != nil && c == s.writer.Conn {
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

package provision

import (
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
)

// takeLogins makes accounts of what was said when a person signed in. Somebody of whom a directory has spoken is kept in by
// directory records alone: a sign-in of the past says nothing against a directory that has let the person go since. Where
// the directory is that of the sign-in's own connection, its record speaks for the connection, and of the sign-in only the
// groups count, if the connection takes them from logins.
func (s *settlement) takeLogins(p *loaded, t *facts.Touch, w *watching) error {
	in := p.present() // by directory records
	for _, g := range p.person.Grants {
		if g.Kind != directory.GrantLogin || g.Login == nil {
			continue
		}
		if err := s.noteRecords(p, t, g); err != nil {
			return err
		}
		settings := s.connection(g.User.Conn)
		if slices.Contains(g.Login.Recorded, g.User.Conn) {
			if settings != nil && settings.GroupsFrom == config.GroupsFromLogin {
				addGroups(p.person.Accounts, settings.ID, g.Login)
				addGroups(w.accounts, settings.ID, g.Login)
			}
			continue
		}
		retired, err := s.isRetired(g.User.Conn)
		if err != nil {
			return err
		}
		alone, err := s.standsAlone(g)
		if err != nil {
			return err
		}
		switch {
		case retired, !alone && !in:
		case g.Login.Observed && (settings == nil || settings.State != config.StateObserve): // nobody is in by having tried
		case settings == nil || settings.State == config.StatePaused:
			p.paused = true
		default:
			w.any = w.any || settings.State == config.StateObserve
			*w.add(settings, g.User) = loginAccount(settings, g.Login)
		}
	}
	return nil
}

// noteRecords notes with a sign-in which connections have a directory record of the person, for good. What a connection
// says that is not heard takes no effect, unless it is the sign-in's own.
func (s *settlement) noteRecords(p *loaded, t *facts.Touch, g *directory.Grant) error {
	changed := false
	for _, ref := range slices.Concat(p.member.Users, t.Unlink) {
		if ref.Conn == g.User.Conn || !s.frozen(ref.Conn) {
			changed = g.Login.Note(ref.Conn) || changed
		}
	}
	if !changed {
		return nil
	}
	return s.keepGrant(g)
}

// standsAlone reports whether a sign-in keeps the person in by itself: no directory that is not retired has spoken of them.
func (s *settlement) standsAlone(g *directory.Grant) (bool, error) {
	for _, c := range g.Login.Recorded {
		if retired, err := s.isRetired(c); err != nil || !retired {
			return false, err
		}
	}
	return true, nil
}

// keepGrant writes what deciding learned of a grant, unless nothing is to be written.
func (s *settlement) keepGrant(g *directory.Grant) error {
	if s.dry || s.readOnly() {
		return nil
	}
	return s.tx.PutGrants([]*directory.Grant{g})
}

// loginAccount is what a person is by signing in alone.
func loginAccount(settings *config.Connection, in *directory.SignIn) mapping.Account {
	a := mapping.Account{Connection: settings.ID, Profile: in.Profile, Login: true}
	if settings.GroupsFrom == config.GroupsFromLogin {
		a.Groups = loginGroups(in)
	}
	return a
}

// loginGroups are the groups of a sign-in, which rules know by what the provider calls them: a name, or an id.
func loginGroups(in *directory.SignIn) []mapping.Group {
	groups := make([]mapping.Group, len(in.Groups))
	for i, name := range in.Groups {
		groups[i] = mapping.Group{ExternalID: name, Name: name, Names: []string{directory.Fold(name)}}
	}
	return groups
}

func addGroups(accounts []mapping.Account, connection string, in *directory.SignIn) {
	for i := range accounts {
		if accounts[i].Connection == connection && !accounts[i].Login {
			accounts[i].Groups = append(accounts[i].Groups, loginGroups(in)...)
		}
	}
}

// spendInvitations ends what accepted invitations give, and the wait for an approval, once a directory that is heard speaks
// of the person: who is let go by their directory afterwards is not kept in by an invitation of long ago.
func (s *settlement) spendInvitations(p *loaded, t *facts.Touch) error {
	for _, g := range p.person.Grants {
		pending := g.State == directory.InvitationPending && g.Invited != nil && !g.Invited.Pushed
		if g.Kind != directory.GrantInvitation || !pending && g.State != directory.InvitationAccepted && g.State != directory.InvitationAwaiting {
			continue
		}
		heard := func(ref directory.UserRef) bool { return !s.frozen(ref.Conn) }
		if !slices.ContainsFunc(p.member.Users, heard) && !slices.ContainsFunc(t.Unlink, heard) {
			return nil
		}
		switch {
		case pending:
			g.Invited.Pushed = true // from now on it is as good as the directory's word
		case g.State == directory.InvitationAccepted:
			g.State = directory.InvitationSpent
		default:
			g.State = directory.InvitationCancelled
		}
		if err := s.keepGrant(g); err != nil {
			return err
		}
	}
	return nil
}

// splitLogins parts what was said when a person signed in from what was given by hand.
func splitLogins(grants []*directory.Grant) (logins, others []*directory.Grant) {
	for _, g := range grants {
		if g.Kind == directory.GrantLogin {
			logins = append(logins, g)
		} else {
			others = append(others, g)
		}
	}
	return logins, others
}

// loginFacts tells what was said when a person signed in, and which sign-in said it first.
func (s *settlement) loginFacts(g *directory.Grant) (AccountFacts, error) {
	x := AccountFacts{Connection: s.conns[g.User.Conn], Profile: g.Login.Profile, Subject: g.Login.Subject, At: g.Created}
	entry, err := s.entry(g.Login.Entry)
	if err != nil {
		return x, err
	}
	if entry != nil {
		x.Said, x.At = entry.Cause, entry.At
	}
	for _, group := range loginGroups(g.Login) {
		x.Groups = append(x.Groups, GroupFact{Group: group, Said: x.Said, At: x.At})
	}
	return x, nil
}

// logins returns the sign-ins of a member.
func (s *settlement) logins(member directory.ID) ([]*directory.Grant, error) {
	grants, err := s.tx.Grants(s.org, []directory.ID{member})
	if err != nil {
		return nil, err
	}
	logins, _ := splitLogins(grants[0])
	return logins, nil
}

// moveLogins makes sign-ins those of another member, with the subjects that they came with.
func (s *settlement) moveLogins(logins []*directory.Grant, to directory.ID) error {
	if err := s.tx.DeleteGrants(logins); err != nil {
		return err
	}
	for _, g := range logins {
		g.Member = to
		if err := s.tx.PutIdentity(g.User.Conn, g.Login.Subject, to); err != nil {
			return err
		}
	}
	return s.tx.PutGrants(logins)
}

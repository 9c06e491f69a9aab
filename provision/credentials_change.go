package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// CredentialChange is a member who changes what they sign in with. Their session, which began a short while ago, stays; every
// other of theirs ends. The errors of a change are Unauthenticated where the session has ended, Precondition where it began
// too long ago, and Forbidden for whom a provider signs in.
type CredentialChange struct {
	Session *directory.Session
	Request string // the id of the HTTP request, for the journal
	Agent   string // the family of the browser, for the letter that tells the person
}

// SetPassword gives a member a password, in the place of one that there may be. The hash is a PHC string.
func (e *Engine) SetPassword(ctx context.Context, c CredentialChange, hash string) error {
	return e.changeCredentials(ctx, c, kindCredentialAdded, func(s *settlement, m *directory.Member, grants []*directory.Grant) (*credentialNews, error) {
		if err := s.mayAdd(m); err != nil {
			return nil, err
		}
		n := &credentialNews{note: "a password", about: passwordGrant(grants), what: "a password was set"}
		if n.about == nil {
			n.about = s.credential(m, directory.GrantPassword)
		} else {
			n.note, n.what = "a password, in the place of the one before", "your password was changed"
		}
		n.about.Password = &directory.Password{Hash: hash, Changed: s.now}
		return n, s.tx.PutGrants([]*directory.Grant{n.about})
	})
}

// RemovePassword takes a member's password away. Without one, it does nothing.
func (e *Engine) RemovePassword(ctx context.Context, c CredentialChange) error {
	return e.changeCredentials(ctx, c, kindCredentialRemoved, func(s *settlement, _ *directory.Member, grants []*directory.Grant) (*credentialNews, error) {
		g := passwordGrant(grants)
		if g == nil {
			return nil, nil
		}
		return &credentialNews{note: "the password", about: g, what: "your password was removed"}, s.tx.DeleteGrants([]*directory.Grant{g})
	})
}

// AddPasskey gives a member a passkey, which answers a challenge that is used up. It is a Conflict where the challenge was
// answered before, the passkey is there already, or the member has as many as one may have.
func (e *Engine) AddPasskey(ctx context.Context, c CredentialChange, key *directory.Passkey, challenge Once) error {
	return e.changeCredentials(ctx, c, kindCredentialAdded, func(s *settlement, m *directory.Member, grants []*directory.Grant) (*credentialNews, error) {
		if err := s.mayAdd(m); err != nil {
			return nil, err
		}
		fresh, err := s.answers(challenge)
		switch has := credentialsOf(grants); {
		case err != nil:
			return nil, err
		case !fresh, passkeyGrant(grants, key.Handle, key.ID) != nil:
			return nil, directory.Errorf(directory.Conflict, "This passkey was added already.")
		case len(has.Passkeys) >= MostPasskeys:
			return nil, directory.Errorf(directory.Conflict, "You have %d passkeys, which is as many as there can be. Remove one that you do not use.", MostPasskeys)
		case string(key.Handle) != string(PasskeyHandle(s.org, m.ID)):
			return nil, directory.Errorf(directory.Conflict, "The passkey was made for somebody else.")
		}
		g := s.credential(m, directory.GrantPasskey)
		g.Passkey = key.Clone()
		g.Passkey.Name = keyName(key.Name)
		n := &credentialNews{note: "a passkey, " + g.ID.String(), about: g, what: "a passkey was added"}
		return n, s.tx.PutGrants([]*directory.Grant{g})
	})
}

// RenamePasskey calls a passkey something else. It is a NotFound error where the member has none of the id.
func (e *Engine) RenamePasskey(ctx context.Context, c CredentialChange, id directory.ID, name string) error {
	return e.changeCredentials(ctx, c, kindCredentialRenamed, func(s *settlement, _ *directory.Member, grants []*directory.Grant) (*credentialNews, error) {
		g, err := passkeyByID(grants, id)
		if err != nil || g.Passkey.Name == keyName(name) {
			return nil, err
		}
		g.Passkey.Name = keyName(name)
		return &credentialNews{note: "the passkey " + g.ID.String()}, s.tx.PutGrants([]*directory.Grant{g})
	})
}

// RemovePasskey takes a passkey away. It is a NotFound error where the member has none of the id.
func (e *Engine) RemovePasskey(ctx context.Context, c CredentialChange, id directory.ID) error {
	return e.changeCredentials(ctx, c, kindCredentialRemoved, func(s *settlement, _ *directory.Member, grants []*directory.Grant) (*credentialNews, error) {
		g, err := passkeyByID(grants, id)
		if err != nil {
			return nil, err
		}
		n := &credentialNews{note: "the passkey " + g.ID.String(), about: g, what: "a passkey was removed"}
		return n, s.tx.DeleteGrants([]*directory.Grant{g})
	})
}

func passkeyByID(grants []*directory.Grant, id directory.ID) (*directory.Grant, error) {
	i := slices.IndexFunc(grants, func(g *directory.Grant) bool { return g.Passkey != nil && g.ID == id })
	if i < 0 {
		return nil, directory.Errorf(directory.NotFound, "There is no such passkey, or it was removed already.")
	}
	return grants[i], nil
}

// keyName is a passkey's name as it is kept: one line, not too long, and never empty.
func keyName(name string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }), " ")
	if utf8.RuneCountInString(name) > longestKeyName {
		name = string([]rune(name)[:longestKeyName])
	}
	if name == "" {
		return "Passkey"
	}
	return name
}

// credential is a new row of a credential.
func (s *settlement) credential(m *directory.Member, kind directory.GrantKind) *directory.Grant {
	return &directory.Grant{ID: s.engine.ids.New(s.now), Org: s.org, Member: m.ID, Kind: kind, Actor: "the member", Created: s.now}
}

// mayAdd is a Forbidden error, with words for the person, for whom a credential of their own would not let in.
func (s *settlement) mayAdd(m *directory.Member) error {
	err := s.ownSignIn(m)
	if directory.KindOf(err) == directory.Forbidden {
		return directory.Errorf(directory.Forbidden, "Your company signs you in: you need no password or passkey here.")
	}
	return err
}

// answers reports whether a challenge is answered for the first time, and notes that it was.
func (s *settlement) answers(challenge Once) (bool, error) {
	row := &directory.Request{Kind: challenge.Kind, Key: challenge.Key, Expires: challenge.Until.UTC()}
	_, err := s.engine.request(s.tx, row.Kind, row.Key)
	switch {
	case err == nil:
		return false, nil
	case directory.KindOf(err) != directory.NotFound:
		return false, err
	}
	return true, putRequest(s.tx, row.Kind, row.Key, row.Expires, nil)
}

// changeCredentials changes what a member has of their own, ends their other sessions, journals both and tells the member. A
// change that returns no news was none.
func (e *Engine) changeCredentials(
	ctx context.Context, c CredentialChange, kind string, change func(*settlement, *directory.Member, []*directory.Grant) (*credentialNews, error),
) error {
	cause := directory.Cause{Kind: directory.CauseLogin, ID: c.Request, Actor: c.Session.Method}
	return e.update(ctx, c.Session.Org, cause, func(s *settlement) error {
		session, m, err := e.session(s.tx, c.Session.Hash)
		if err != nil {
			return err
		}
		if s.now.Sub(session.SignedIn) > CredentialsFresh {
			return directory.Errorf(directory.Precondition, "You signed in too long ago to change this. Sign in again first.")
		}
		grants, err := credentialGrants(s.tx, s.org, m.ID)
		if err != nil {
			return err
		}
		news, err := change(s, m, grants)
		if err != nil || news == nil {
			return err
		}
		notes := []string{news.note}
		if kind != kindCredentialRenamed {
			ended, err := s.endSessionsBut(m.ID, session)
			if err != nil {
				return err
			}
			notes = append(notes, ended...)
		}
		if err := s.tellMember(m, kind, notes...); err != nil {
			return err
		}
		news.kind, news.agent, news.session = kind, c.Agent, session.ID()
		return s.mailCredential(m, news)
	})
}

// endSessionsBut ends the sessions of a member but one, nil for none, and returns what the journal is told.
func (s *settlement) endSessionsBut(member directory.ID, stays *directory.Session) ([]string, error) {
	list, err := s.tx.SessionsOf(s.org, member)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(o *directory.Session) bool { return stays != nil && o.Hash == stays.Hash })
	if len(list) == 0 {
		return nil, nil
	}
	return []string{sessionsEnded(len(list))}, s.tx.DeleteSessions(list)
}

// RemoveCredentials takes a credential away from a member, or all of them where no id is given, and ends the member's
// sessions. It returns how many there were. It is a NotFound error where the member has none of the id.
func (e *Engine) RemoveCredentials(ctx context.Context, a Act, id directory.ID) (int, error) {
	n := 0
	err := e.update(ctx, a.Org, a.Cause, func(s *settlement) error {
		m, err := s.existing(a.Member)
		if err != nil {
			return err
		}
		gone, err := credentialGrants(s.tx, s.org, m.ID)
		if err != nil {
			return err
		}
		if !id.IsZero() {
			gone = slices.DeleteFunc(gone, func(g *directory.Grant) bool { return g.ID != id })
			if len(gone) == 0 {
				return directory.Errorf(directory.NotFound, "The member has no credential %s; `usher credentials list` shows those there are.", id)
			}
		}
		if n = len(gone); n == 0 {
			return nil
		}
		notes := []string{credentialsGone(gone)}
		if err := s.tx.DeleteGrants(gone); err != nil {
			return err
		}
		ended, err := s.endSessionsBut(m.ID, nil)
		if err != nil {
			return err
		}
		if err := s.tellMember(m, kindCredentialRemoved, append(notes, ended...)...); err != nil {
			return err
		}
		return s.mailCredential(m, removedByAdmin(gone))
	})
	return n, err
}

// dropCredentials takes all credentials of somebody who is removed away.
func (s *settlement) dropCredentials(member directory.ID) error {
	gone, err := credentialGrants(s.tx, s.org, member)
	if err != nil || len(gone) == 0 {
		return err
	}
	return s.tx.DeleteGrants(gone)
}

func credentialsGone(gone []*directory.Grant) string {
	has := credentialsOf(gone)
	var parts []string
	if has.Password {
		parts = append(parts, "the password")
	}
	switch n := len(has.Passkeys); {
	case n == 1:
		parts = append(parts, "the passkey "+has.Passkeys[0].ID.String())
	case n > 1:
		parts = append(parts, fmt.Sprintf("%d passkeys", n))
	}
	return strings.Join(parts, " and ")
}

// PasskeyOf returns a passkey by what devices know it and its owner by. It is a NotFound error where there is none.
func (e *Engine) PasskeyOf(ctx context.Context, handle, id []byte) (*directory.Passkey, error) {
	var found *directory.Passkey
	err := e.Store.View(ctx, func(tx store.Tx) error {
		found = nil
		m, err := keyOwner(tx, handle)
		if err != nil || m == nil {
			return err
		}
		grants, err := credentialGrants(tx, m.Org, m.ID)
		if err != nil {
			return err
		}
		if g := passkeyGrant(grants, handle, id); g != nil {
			found = g.Passkey
		}
		return nil
	})
	if err == nil && found == nil {
		err = wrongCredential()
	}
	return found, err
}

// PasskeysOf returns a member's passkeys, so that a device that holds one is not given another.
func (e *Engine) PasskeysOf(ctx context.Context, org directory.OrgNum, member directory.ID) ([]*directory.Passkey, error) {
	var list []*directory.Passkey
	err := e.Store.View(ctx, func(tx store.Tx) error {
		list = nil
		grants, err := credentialGrants(tx, org, member)
		for _, g := range grants {
			if g.Passkey != nil {
				list = append(list, g.Passkey)
			}
		}
		return err
	})
	return list, err
}

package provision

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// tokenLen is how many random bytes the token of a session has.
const tokenLen = 32

// touchEvery is how often the use of a session is noted.
const touchEvery = time.Minute

// TokenHash is under what the store knows the token of a session, and every other secret that a browser holds.
func TokenHash(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// openSession begins a session of a member who signed in. It is in the result; what the journal is told beside is returned.
func (s *settlement) openSession(m *directory.Member, in *Login, result *LoginResult) ([]string, error) {
	secret := make([]byte, tokenLen)
	rand.Read(secret) // never returns an error
	token := base64.RawURLEncoding.EncodeToString(secret)
	epoch, err := s.tx.Epoch()
	if err != nil {
		return nil, err
	}
	notes, err := s.makeRoom(m.ID)
	if err != nil {
		return nil, err
	}
	session := &directory.Session{
		Hash: TokenHash(token), Org: s.org, Member: m.ID, Conn: in.Conn, Method: in.Method, Epoch: epoch,
		Began: s.now, SignedIn: in.SignedIn.UTC(), Fresh: in.Fresh, Seen: s.now,
		Ends: s.now.Add(s.policy.Organization.Sessions.Absolute), Agent: in.Agent, Index: in.Index, Name: in.Name, Farewell: in.Farewell,
	}
	if !in.NotAfter.IsZero() && in.NotAfter.Before(session.Ends) {
		session.Ends = in.NotAfter.UTC()
	}
	if in.SignedIn.After(s.now) || in.SignedIn.IsZero() && in.Fresh { // a provider's clock may be ahead of ours
		session.SignedIn = s.now
	}
	result.Token, result.Session = token, session
	if err := s.tx.PutSession(session); err != nil {
		return nil, err
	}
	return notes, s.noteAccount(m)
}

// signOut ends the sessions of somebody who does not get in any more, or whose suspension waits in a hold: whether they
// get in again is for their provider to say (laws 6 and 8).
func (s *settlement) signOut(o *outcome) error {
	left := o.before != nil && o.before.Status == directory.StatusActive && o.member.Status != directory.StatusActive
	if s.dry || !left && !o.signOut {
		return nil
	}
	sessions, err := s.tx.SessionsOf(s.org, o.member.ID)
	if err != nil || len(sessions) == 0 {
		return err
	}
	o.notes = append(o.notes, sessionsEnded(len(sessions)))
	return s.tx.DeleteSessions(sessions)
}

func sessionsEnded(n int) string {
	if n == 1 {
		return "1 session ended"
	}
	return fmt.Sprintf("%d sessions ended", n)
}

// endSessionsBy ends the sessions of a member that began by one connection.
func (s *settlement) endSessionsBy(member directory.ID, conn directory.ConnNum) error {
	sessions, err := s.tx.SessionsOf(s.org, member)
	if err != nil {
		return err
	}
	return s.tx.DeleteSessions(slices.DeleteFunc(sessions, func(o *directory.Session) bool { return o.Conn != conn }))
}

// notSignedIn is the one answer to every token that is not, or no longer, that of a session.
func notSignedIn() error {
	return directory.Errorf(directory.Unauthenticated, "You are not signed in, or have been signed out. Sign in again.")
}

// Session returns the session of a token, and the member who is signed in. It is an Unauthenticated error when there is
// none, it is over, or the member does not get in any more. That it was used is noted once a minute.
func (e *Engine) Session(ctx context.Context, token string) (*directory.Session, *directory.Member, error) {
	hash := TokenHash(token)
	var session *directory.Session
	var member *directory.Member
	now := e.Now().UTC()
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		session, member, err = e.session(tx, hash)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if now.Sub(session.Seen) < touchEvery {
		return session, member, nil
	}
	err = e.Store.Update(ctx, func(tx store.Tx) (err error) {
		if session, member, err = e.session(tx, hash); err != nil {
			return err
		}
		session.Seen = now
		return tx.PutSession(session)
	})
	if errors.Is(err, store.ErrFull) { // nobody is signed out for want of space
		e.Log.WarnContext(ctx, "the use of a session could not be noted", "err", err)
		err = nil
	}
	if err != nil {
		return nil, nil, err
	}
	return session, member, nil
}

// SessionIn is Session for the pages of one organization: the session of another is none (row 52 of the abuse catalogue).
func (e *Engine) SessionIn(ctx context.Context, org directory.OrgNum, token string) (*directory.Session, *directory.Member, error) {
	session, member, err := e.Session(ctx, token)
	if err == nil && session.Org != org {
		return nil, nil, notSignedIn()
	}
	return session, member, err
}

func (e *Engine) session(tx store.Tx, hash [32]byte) (*directory.Session, *directory.Member, error) {
	session, err := tx.Session(hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, notSignedIn()
	}
	if err != nil {
		return nil, nil, err
	}
	v, err := e.validity(tx, session.Org)
	if err != nil {
		return nil, nil, err
	}
	members, err := tx.Members(session.Org, []directory.ID{session.Member})
	if err != nil {
		return nil, nil, err
	}
	holds, err := v.holds(tx, session)
	if err != nil {
		return nil, nil, err
	}
	if !holds || members[0] == nil || members[0].Status != directory.StatusActive {
		return nil, nil, notSignedIn()
	}
	return session, members[0], nil
}

// EndSession signs a browser out. A token of no session is no error.
func (e *Engine) EndSession(ctx context.Context, token, request string) error {
	return e.endOne(ctx, request, func(tx store.Tx) (*directory.Session, error) { return tx.Session(TokenHash(token)) })
}

// EndSessionByID is EndSession for a browser of which the session's id is known and not the token.
func (e *Engine) EndSessionByID(ctx context.Context, id directory.ID, request string) error {
	return e.endOne(ctx, request, func(tx store.Tx) (*directory.Session, error) { return tx.SessionByID(id) })
}

func (e *Engine) endOne(ctx context.Context, request string, find func(store.Tx) (*directory.Session, error)) error {
	var session *directory.Session
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		session, err = find(tx)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = e.endSessions(ctx, session.Org, directory.Cause{Kind: directory.CauseLogin, ID: request}, "signed out", func(store.Tx) ([]*directory.Session, error) {
		return []*directory.Session{session}, nil
	})
	return err
}

// ListSessions returns up to limit sessions of an organization, or of one member of it, that are not over: in order of
// member, after one of them. The last one seen is returned to go on after it, nil at the end.
func (e *Engine) ListSessions(
	ctx context.Context, org directory.OrgNum, member directory.ID, after *directory.Session, limit int,
) (list []*directory.Session, last *directory.Session, err error) {
	err = e.Store.View(ctx, func(tx store.Tx) error {
		list, last = nil, nil
		v, err := e.validity(tx, org)
		if err != nil {
			return err
		}
		var rows []*directory.Session
		if member.IsZero() {
			rows, err = tx.ListSessions(org, after, limit)
			if len(rows) == limit && limit > 0 {
				last = rows[limit-1]
			}
		} else {
			rows, err = tx.SessionsOf(org, member)
			slices.SortStableFunc(rows, func(a, b *directory.Session) int { return b.Began.Compare(a.Began) })
		}
		if err != nil {
			return err
		}
		list, _, err = v.part(tx, rows)
		return err
	})
	return list, last, err
}

// RevokeSession ends one session by its id. It is a NotFound error when the organization has none of that id.
func (e *Engine) RevokeSession(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause) error {
	n, err := e.endSessions(ctx, org, cause, "revoked", func(tx store.Tx) ([]*directory.Session, error) {
		s, err := tx.SessionByID(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && s.Org != org {
			return nil, nil
		}
		return []*directory.Session{s}, err
	})
	if err == nil && n == 0 {
		return directory.Errorf(directory.NotFound, "There is no session %s, or it has ended.", id)
	}
	return err
}

// RevokeSessions ends every session of a member, and returns how many there were. Those that were over already are deleted
// too, so that none of them comes back, and are not counted.
func (e *Engine) RevokeSessions(ctx context.Context, org directory.OrgNum, member directory.ID, cause directory.Cause) (int, error) {
	return e.endSessions(ctx, org, cause, "revoked", func(tx store.Tx) ([]*directory.Session, error) {
		v, err := e.validity(tx, org)
		if err != nil {
			return nil, err
		}
		rows, err := tx.SessionsOf(org, member)
		if err != nil {
			return nil, err
		}
		hold, over, err := v.part(tx, rows)
		if err != nil {
			return nil, err
		}
		return hold, tx.DeleteSessions(over)
	})
}

// endSessions ends the sessions that pick returns, and journals it: one entry for each member.
func (e *Engine) endSessions(
	ctx context.Context, org directory.OrgNum, cause directory.Cause, how string, pick func(store.Tx) ([]*directory.Session, error),
) (int, error) {
	n := 0
	err := e.update(ctx, org, cause, func(s *settlement) error {
		list, err := pick(s.tx)
		if err != nil {
			return err
		}
		list, err = s.present(list)
		if n = len(list); err != nil || n == 0 {
			return err
		}
		slices.SortStableFunc(list, func(a, b *directory.Session) int { return bytes.Compare(a.Member[:], b.Member[:]) })
		if err := s.tx.DeleteSessions(list); err != nil {
			return err
		}
		return s.tellEnded(list, how)
	})
	return n, err
}

// present leaves out sessions that are there no more.
func (s *settlement) present(list []*directory.Session) ([]*directory.Session, error) {
	var there []*directory.Session
	for _, session := range list {
		switch _, err := s.tx.Session(session.Hash); {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return nil, err
		default:
			there = append(there, session)
		}
	}
	return there, nil
}

// tellEnded journals that sessions ended, which are in the order of their members.
func (s *settlement) tellEnded(list []*directory.Session, how string) error {
	var entries []*pending
	var rows []*directory.Member
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Member == list[0].Member {
			n++
		}
		members, err := s.tx.Members(s.org, []directory.ID{list[0].Member})
		if err != nil {
			return err
		}
		entry := s.newEntry(kindSessionEnded)
		entry.Conn, entry.Notes = list[0].Conn, []string{sessionsEnded(n) + ": " + how}
		p := &pending{entry: entry}
		if m := members[0]; m != nil {
			p.about(directory.SubjectMember, m.ID, &m.Entry)
			rows = append(rows, m)
		}
		entries, list = append(entries, p), list[n:]
	}
	if err := s.append(entries); err != nil {
		return err
	}
	return s.tx.PutMembers(rows)
}

package provision

import (
	"context"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// Unlink takes a connection's directory records away from a member; their person becomes one of their own, and is never
// linked to this member again by address. It returns the member.
func (e *Engine) Unlink(ctx context.Context, a Act, conn directory.ConnNum) (*directory.Member, error) {
	return e.relink(ctx, a, "member.unlinked", func(s *settlement) ([]*facts.Touch, error) {
		m, err := s.existing(a.Member)
		if err != nil {
			return nil, err
		}
		apart := &facts.Touch{Member: s.engine.ids.New(s.now)}
		for _, ref := range m.Users {
			if ref.Conn == conn {
				apart.Link = append(apart.Link, ref)
			}
		}
		logins, err := s.logins(a.Member)
		if err != nil {
			return nil, err
		}
		logins = slices.DeleteFunc(logins, func(g *directory.Grant) bool { return g.User.Conn != conn })
		if len(apart.Link)+len(logins) == 0 {
			return nil, directory.Errorf(directory.Conflict, "This member has no record of that connection, and has not signed in by it.")
		}
		if len(apart.Link) == 0 { // nor may the connection come back with a sign-in of another subject, or with a record
			if err := s.grant(a, &directory.Grant{Kind: directory.GrantUnlink, User: directory.UserRef{Conn: conn}}); err != nil {
				return nil, err
			}
		}
		if err := s.moveLogins(logins, apart.Member); err != nil {
			return nil, err
		}
		if err := s.endSessionsBy(m.ID, conn); err != nil {
			return nil, err
		}
		for _, ref := range apart.Link {
			if err := s.grant(a, &directory.Grant{Kind: directory.GrantUnlink, User: ref}); err != nil {
				return nil, err
			}
		}
		// Nor may the other connections come after the one that was taken away.
		b := a
		b.Member = apart.Member
		for _, ref := range m.Users {
			if ref.Conn == conn {
				continue
			}
			if err := s.grant(b, &directory.Grant{Kind: directory.GrantUnlink, User: ref}); err != nil {
				return nil, err
			}
		}
		reports, err := s.reassign(apart.Link, apart.Member)
		if err != nil {
			return nil, err
		}
		return touchAlso([]*facts.Touch{{Member: m.ID, Unlink: apart.Link}, apart}, reports), nil
	})
}

// Merge makes another member's directory records this member's. The other stays as a removed member that points here.
func (e *Engine) Merge(ctx context.Context, a Act, other directory.ID) (*directory.Member, error) {
	return e.relink(ctx, a, "member.merged", func(s *settlement) ([]*facts.Touch, error) {
		if other == a.Member {
			return nil, directory.Errorf(directory.Invalid, "A member cannot be merged into itself.")
		}
		if _, err := s.existing(a.Member); err != nil {
			return nil, err
		}
		from, err := s.existing(other)
		if err != nil {
			return nil, err
		}
		reports, err := s.reassign(from.Users, a.Member)
		if err != nil {
			return nil, err
		}
		logins, err := s.logins(from.ID)
		if err != nil {
			return nil, err
		}
		if err := s.moveLogins(logins, a.Member); err != nil {
			return nil, err
		}
		if err := s.moveCredentials(from.ID, a.Member); err != nil {
			return nil, err
		}
		if err := s.movePermissions(from, a.Member); err != nil {
			return nil, err
		}
		if err := s.joinOnboarding(from.ID, a.Member); err != nil {
			return nil, err
		}
		records := from.Users
		from.Merged = a.Member
		if err := s.tx.PutMembers([]*directory.Member{from}); err != nil {
			return nil, err
		}
		return touchAlso([]*facts.Touch{{Member: a.Member, Link: records}, {Member: from.ID, Unlink: records}}, reports), nil
	})
}

// relink moves records between members, settles all of them and journals it as an act on the first.
func (e *Engine) relink(ctx context.Context, a Act, kind string, move func(*settlement) ([]*facts.Touch, error)) (*directory.Member, error) {
	var member *directory.Member
	err := e.update(ctx, a.Org, a.Cause, func(s *settlement) error {
		s.byHand = true
		touched, err := move(s)
		if err != nil {
			return err
		}
		if len(touched) > facts.InlineLimit {
			touched = s.postpone(touched)
		}
		if err := s.settle(touched); err != nil {
			return err
		}
		member = s.settled[a.Member].member
		return s.writeAct(s.settled[a.Member], kind)
	})
	if err != nil {
		return nil, err
	}
	return member, nil
}

// touchAlso adds people to those who are touched, each once.
func touchAlso(touched []*facts.Touch, people []directory.ID) []*facts.Touch {
	seen := make(map[directory.ID]bool, len(people))
	for _, t := range touched {
		seen[t.Member] = true
	}
	for _, id := range people {
		if !seen[id] {
			seen[id] = true
			touched = append(touched, &facts.Touch{Member: id})
		}
	}
	return touched
}

// reassign gives records, and the immutable subjects they came with, to a member. It returns the people whose manager
// is somebody else now.
func (s *settlement) reassign(refs []directory.UserRef, member directory.ID) (reports []directory.ID, err error) {
	for _, ref := range refs {
		rows, err := s.tx.Users(ref.Conn, []directory.ID{ref.ID})
		if err != nil {
			return nil, err
		}
		u := rows[0]
		if u == nil {
			continue
		}
		u.Member = member
		if err := s.tx.PutUsers([]*directory.User{u}); err != nil {
			return nil, err
		}
		profile, err := facts.ProfileOf(u)
		if err != nil {
			return nil, err
		}
		users, err := facts.Reports(s.tx, u, profile)
		if err != nil {
			return nil, err
		}
		people, err := s.membersOf(ref.Conn, users)
		if err != nil {
			return nil, err
		}
		reports = append(reports, people...)
		subject, err := facts.SubjectOf(s.tx, u)
		if err != nil {
			return nil, err
		}
		if subject == "" {
			continue
		}
		if err := s.tx.PutIdentity(ref.Conn, subject, member); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

package provision

import (
	"context"
	"errors"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// SignedIn is somebody who is signed in, as an application is told of them.
type SignedIn struct {
	Session       *directory.Session
	Member        *directory.Member
	Organization  string
	Connection    string // by which the person signed in
	GivenName     string // of the record that the member's name is from
	FamilyName    string
	EmailVerified bool                      // the address is in a domain that the organization owns, and no other active member's
	Permissions   []string                  // of the role, sorted
	Access        []mapping.ValueWithSource // of the permission sets, merged
}

// SessionByID returns who is signed in by a session, freshly read. It is an Unauthenticated error when there is no such
// session, it is over, or the member does not get in any more. It is no use of the session: what an application does on
// its own keeps nobody signed in.
func (e *Engine) SessionByID(ctx context.Context, id directory.ID) (*SignedIn, error) {
	var in *SignedIn
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		in, err = e.signedIn(tx, id)
		return err
	})
	return in, err
}

// sessionByID returns a session that holds, and its member.
func (e *Engine) sessionByID(tx store.Tx, id directory.ID) (*directory.Session, *directory.Member, error) {
	session, err := tx.SessionByID(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, notSignedIn()
	}
	if err != nil {
		return nil, nil, err
	}
	return e.session(tx, session.Hash)
}

func (e *Engine) signedIn(tx store.Tx, id directory.ID) (*SignedIn, error) {
	session, member, err := e.sessionByID(tx, id)
	if err != nil {
		return nil, err
	}
	r, err := e.active(tx, session.Org)
	if err != nil {
		return nil, err
	}
	d := &member.Decision
	domain := directory.EmailDomain(d.Email)
	in := &SignedIn{
		Session: session, Member: member, Organization: r.org, Connection: r.conns[session.Conn],
		Permissions: r.policy.RolePermissions(d.Role), Access: r.policy.MergedPermissions(d.PermissionSets),
	}
	if domain != "" && r.policy.Owns(domain) && (e.Verified == nil || e.Verified(r.org, domain)) {
		if in.EmailVerified, err = hasAddressAlone(tx, member); err != nil {
			return nil, err
		}
	}
	in.GivenName, in.FamilyName, err = nameParts(tx, member)
	return in, err
}

// addressesMost is how many members with one address are looked at. Where there are more, one of them is active as far as
// an application is to know.
const addressesMost = 100

// hasAddressAlone reports whether no other active member has the address that a member is known by.
func hasAddressAlone(tx store.Tx, m *directory.Member) (bool, error) {
	key := directory.Key{Attribute: directory.AttrEmail, Value: directory.FoldAddress(m.Decision.Email)}
	ids, err := tx.FindMembers(m.Org, key, directory.NoID, addressesMost)
	if err != nil || len(ids) == addressesMost {
		return false, err
	}
	members, err := tx.Members(m.Org, ids)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(members, func(o *directory.Member) bool {
		return o != nil && o.ID != m.ID && o.Status == directory.StatusActive
	}), nil
}

// nameParts returns the parts of a member's name: of the record, or else the sign-in, that the whole name is from.
func nameParts(tx store.Tx, m *directory.Member) (given, family string, err error) {
	for _, ref := range m.Users {
		users, err := tx.Users(ref.Conn, []directory.ID{ref.ID})
		if err != nil {
			return "", "", err
		}
		if users[0] == nil {
			continue
		}
		p, err := facts.ProfileOf(users[0])
		if err != nil {
			return "", "", err
		}
		if p.Name() == m.Decision.Name {
			return p.GivenName, p.FamilyName, nil
		}
	}
	grants, err := tx.Grants(m.Org, []directory.ID{m.ID})
	if err != nil {
		return "", "", err
	}
	i := slices.IndexFunc(grants[0], func(g *directory.Grant) bool { return g.Login != nil && g.Login.Profile.Name() == m.Decision.Name })
	if i < 0 {
		return "", "", nil
	}
	return grants[0][i].Login.Profile.GivenName, grants[0][i].Login.Profile.FamilyName, nil
}

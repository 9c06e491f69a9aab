package facts

import (
	"slices"

	"github.com/mixus/usher/directory"
)

// person is whom a new record belongs to.
type person struct {
	member directory.ID
	former directory.ID // the SCIM id that the record had before it was deleted
}

// personOf finds the person of a record that this connection has not had before, and remembers it under the immutable
// subject. In order: the tombstone of the same externalId, the same subject, a member whom the organization already
// knows by an address in a domain it owns, else somebody new.
func (w *Writer) personOf(u *directory.User, p *directory.Profile) (person, error) {
	found, err := w.knownSubject(u.ExternalID)
	if err != nil {
		return person{}, err
	}
	if found.member.IsZero() {
		found.member, err = w.memberByAddress(p)
	} else {
		found.member, err = w.survivor(found.member)
	}
	if err != nil {
		return person{}, err
	}
	if found.member.IsZero() {
		found.member = w.IDs.New(w.Now)
	}
	if u.ExternalID == "" {
		return found, nil
	}
	return found, w.tx.PutIdentity(w.Conn, u.ExternalID, found.member)
}

func (w *Writer) knownSubject(externalID string) (person, error) {
	if externalID == "" {
		return person{}, nil
	}
	graves, err := w.tx.Tombstones(w.Conn, []string{externalID})
	if err != nil {
		return person{}, err
	}
	if grave := graves[0]; grave != nil {
		if err := w.tx.DeleteTombstone(w.Conn, externalID); err != nil {
			return person{}, err
		}
		if w.Now.Sub(grave.Deleted) < directory.TombstoneLife {
			return person{member: grave.Member, former: grave.Former}, w.rejoined(grave)
		}
	}
	members, err := w.tx.Identities(w.Conn, []string{externalID})
	if err != nil || members[0].IsZero() {
		return person{}, err
	}
	if _, means, err := w.subjectOf(members[0], externalID); err != nil || !means {
		return person{}, err
	}
	return person{member: members[0]}, nil
}

// survivor follows a member to the one it was merged into, and that one to where it was merged in turn.
func (w *Writer) survivor(id directory.ID) (directory.ID, error) {
	for {
		members, err := w.tx.Members(w.Org, []directory.ID{id})
		if err != nil || members[0] == nil || members[0].Merged.IsZero() {
			return id, err
		}
		id = members[0].Merged
	}
}

// memberByAddress finds the one member whom another connection speaks of under an address that this provider vouches
// for, in a domain that the organization owns (law 5). Two such members are none: an admin may merge them.
func (w *Writer) memberByAddress(p *directory.Profile) (directory.ID, error) {
	var found []directory.ID
	for _, a := range addresses(p) {
		if !w.Owns(directory.EmailDomain(a)) {
			continue
		}
		ids, err := w.tx.FindMembers(w.Org, directory.Key{Attribute: directory.AttrEmail, Value: a}, directory.NoID, 8)
		if err != nil {
			return directory.NoID, err
		}
		for _, id := range ids {
			ok, err := w.mayLink(id)
			if err != nil {
				return directory.NoID, err
			}
			if ok && !slices.Contains(found, id) {
				found = append(found, id)
			}
		}
	}
	switch len(found) {
	case 0:
		return directory.NoID, nil
	case 1:
		return found[0], nil
	}
	w.Note("several members have these addresses; none was linked; `usher members merge` joins them")
	return directory.NoID, nil
}

// mayLink reports whether a record of this connection may join a member by address: another connection speaks of the
// member, they have signed in, an invitation waits for them or an admin has put them out; this connection does not speak of them (a known
// address with a new externalId is a new person), and none of its records was taken away from them.
func (w *Writer) mayLink(id directory.ID) (bool, error) {
	members, err := w.tx.Members(w.Org, []directory.ID{id})
	if err != nil || members[0] == nil || !members[0].Merged.IsZero() {
		return false, err
	}
	records := w.recordsOf(members[0])
	if slices.ContainsFunc(records, func(ref directory.UserRef) bool { return ref.Conn == w.Conn }) {
		return false, nil
	}
	grants, err := w.tx.Grants(w.Org, []directory.ID{id})
	if err != nil {
		return false, err
	}
	invited := false
	for _, g := range grants[0] {
		if g.Kind == directory.GrantUnlink && g.User.Conn == w.Conn {
			return false, nil
		}
		invited = invited || g.HasSignedIn() || g.Kind == directory.GrantInvitation && g.State != directory.InvitationCancelled
	}
	return invited || w.putOut(grants[0]) || len(records) > 0, nil
}

// recordsOf returns the records of a member as this transaction leaves them.
func (w *Writer) recordsOf(m *directory.Member) []directory.UserRef {
	t := w.index[m.ID]
	if t == nil {
		return m.Users
	}
	left := slices.DeleteFunc(slices.Clone(m.Users), func(ref directory.UserRef) bool { return slices.Contains(t.Unlink, ref) })
	return append(left, t.Link...)
}

// putOut reports whether an admin has removed or suspended a member. What admins did outlives the records: the person is
// met again by address, and stays out.
func (w *Writer) putOut(grants []*directory.Grant) bool {
	return slices.ContainsFunc(grants, func(g *directory.Grant) bool {
		return (g.Kind == directory.GrantRemoval || g.Kind == directory.GrantSuspension) && (g.Ends.IsZero() || g.Ends.After(w.Now))
	})
}

// part takes a record away from a member, and remembers that this connection knew them under its externalId: who comes
// later with the same address and another externalId is somebody else, even while other connections speak of the member.
func (w *Writer) part(member directory.ID, u *directory.User) error {
	w.unlink(member, u)
	if subject, err := SubjectOf(w.tx, u); err != nil || subject == "" {
		return err
	}
	return w.tx.PutGrants([]*directory.Grant{{
		ID: w.IDs.New(w.Now), Org: w.Org, Member: member, Kind: directory.GrantUnlink,
		User:  directory.UserRef{Conn: w.Conn, ID: u.ID},
		Actor: actorProvider, Reason: "the record is gone", Created: w.Now,
	}})
}

// actorProvider is the actor of grants that come from what a provider said.
const actorProvider = "provider"

// rejoined forgets that a record went, once its subject is back.
func (w *Writer) rejoined(grave *directory.Tombstone) error {
	grants, err := w.tx.Grants(w.Org, []directory.ID{grave.Member})
	if err != nil {
		return err
	}
	ref := directory.UserRef{Conn: w.Conn, ID: grave.Former}
	return w.tx.DeleteGrants(slices.DeleteFunc(grants[0], func(g *directory.Grant) bool {
		return g.Kind != directory.GrantUnlink || g.User != ref
	}))
}

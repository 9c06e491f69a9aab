package facts

import (
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// namesOf returns the values by which a provider may mean a user beside its SCIM id, in the form in which values wait:
// externalId, userName and addresses, each once.
func namesOf(u *directory.User, p *directory.Profile) []string {
	names := make([]string, 0, 4)
	if u.ExternalID != "" {
		names = append(names, parkedValue(u.ExternalID))
	}
	if v := parkedValue(u.UserName); !u.Superseded && !slices.Contains(names, v) {
		names = append(names, v)
	}
	for _, e := range p.Emails {
		if v := parkedValue(e.Value); isAddress(v) && !slices.Contains(names, v) {
			names = append(names, v)
		}
	}
	return names
}

func isAddress(v string) bool { return strings.Contains(v, "@") }

// FindUser returns the user of a connection that a provider means by a value: a SCIM id, an externalId, a userName or an
// address, in this order. Of several who share an address it is an active one. It returns nil when nobody is meant.
func FindUser(tx store.Tx, c directory.ConnNum, v string) (*directory.User, error) {
	if id, ok := directory.ParseID(v); ok {
		rows, err := tx.Users(c, []directory.ID{id})
		if err != nil || rows[0] != nil {
			return rows[0], err
		}
	}
	folded := directory.Fold(v)
	keys := []directory.Key{{Attribute: directory.AttrExternalID, Value: v}, {Attribute: directory.AttrUserName, Value: folded}}
	if isAddress(v) {
		keys = append(keys, directory.Key{Attribute: directory.AttrEmail, Value: folded})
	}
	for _, key := range keys {
		u, err := findByKey(tx, c, key)
		if err != nil {
			return nil, err
		}
		if u != nil && (key.Attribute != directory.AttrUserName || parkedValue(u.UserName) == parkedValue(v)) {
			return u, nil
		}
	}
	return nil, nil
}

// sharing is how many users with one address are looked at for an active one.
const sharing = 8

func findByKey(tx store.Tx, c directory.ConnNum, key directory.Key) (*directory.User, error) {
	ids, err := tx.FindUsers(c, key)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err := tx.Users(c, ids[:min(sharing, len(ids))])
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(rows, func(u *directory.User) bool { return u != nil && u.Active }); i >= 0 {
		return rows[i], nil
	}
	return rows[0], nil
}

// Find is FindUser as this transaction leaves the users: those that it changed are not in the index yet, or are there
// under names they have no more.
func (w *Writer) Find(v string) (*directory.User, error) {
	best, err := FindUser(w.tx, w.Conn, v)
	if err != nil {
		return nil, err
	}
	if best != nil && w.users[best.ID] != nil {
		best = nil
	}
	rank := 0
	if best != nil {
		p, err := ProfileOf(best)
		if err != nil {
			return nil, err
		}
		rank = meaning(best, p, v)
	}
	for _, u := range w.users {
		if r := meaning(u, w.profiles[u.ID], v); r > rank || r == rank && r > 0 && olderOf(u, best) == u {
			best, rank = u, r
		}
	}
	return best, nil
}

// meaning ranks how a value means a user: 0 not at all, more for a better name of an active user.
func meaning(u *directory.User, p *directory.Profile, v string) int {
	waiting := parkedValue(v)
	rank := 0
	switch {
	case u.ID.String() == v:
		rank = 7
	case u.ExternalID == v:
		rank = 5
	case !u.Superseded && parkedValue(u.UserName) == waiting:
		rank = 3
	case isAddress(v) && slices.ContainsFunc(p.Emails, func(e directory.Email) bool { return parkedValue(e.Value) == waiting }):
		rank = 1
	default:
		return 0
	}
	if u.Active {
		rank++
	}
	return rank
}

func olderOf(a, b *directory.User) *directory.User {
	if b == nil || slices.Compare(a.ID[:], b.ID[:]) < 0 {
		return a
	}
	return b
}

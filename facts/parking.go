package facts

import (
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// parkedValue is the form in which a value waits: addresses are compared without case, everything else exactly.
func parkedValue(v string) string {
	if strings.Contains(v, "@") {
		return directory.Fold(v)
	}
	return v
}

// join brings a user together with what was pushed before it arrived: groups that named it as a member, and reports
// that named it as their manager. A parked value matches the id it had before it was deleted, its externalId, or its
// userName.
func (w *Writer) join(u *directory.User, p *directory.Profile, former directory.ID) error {
	values := make([]string, 0, 3)
	if !former.IsZero() {
		values = append(values, former.String())
	}
	if u.ExternalID != "" {
		values = append(values, parkedValue(u.ExternalID))
	}
	values = append(values, parkedValue(p.UserName))
	waiting, err := w.tx.Parked(w.Conn, values)
	if err != nil {
		return err
	}
	for _, parked := range waiting {
		for _, k := range parked {
			if err := w.unpark(u, k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer) unpark(u *directory.User, k directory.Parked) error {
	if k.Kind == directory.ParkedManager {
		report, err := w.User(k.Target)
		if err != nil {
			return err
		}
		if report != nil {
			w.Touch(report.Member)
		}
		return w.tx.DeleteParked(w.Conn, []directory.Parked{k})
	}
	was := directory.Child{Kind: directory.ChildParked, Value: k.Value}
	if _, err := w.tx.RemoveEdges(w.Conn, k.Target, []directory.Child{was}); err != nil {
		return err
	}
	is := directory.Child{Kind: directory.ChildUser, ID: u.ID}
	added, err := w.tx.AddEdges(w.Conn, k.Target, []directory.Child{is})
	if err != nil {
		return err
	}
	g, err := w.Group(k.Target)
	if err != nil || g == nil {
		return err
	}
	w.resize(g, len(added)-1)
	w.Note("joined the group " + g.ID.String() + ", which had named this user before")
	return nil
}

// await notes that a user waits for its manager, when the manager is not here yet, and ends the wait for a former one.
func (w *Writer) await(u *directory.User, before, now string) error {
	if before != "" {
		k := directory.Parked{Value: parkedValue(before), Kind: directory.ParkedManager, Target: u.ID}
		if err := w.tx.DeleteParked(w.Conn, []directory.Parked{k}); err != nil {
			return err
		}
	}
	if now == "" {
		return nil
	}
	manager, err := FindUser(w.tx, w.Conn, now)
	if err != nil || manager != nil {
		return err
	}
	k := directory.Parked{Value: parkedValue(now), Kind: directory.ParkedManager, Target: u.ID}
	return w.tx.PutParked(w.Conn, []directory.Parked{k})
}

// FindUser returns the user of a connection that a provider means by a value: a SCIM id, an externalId, a userName or an
// address, in this order. It returns nil when nobody is meant.
func FindUser(tx store.Tx, c directory.ConnNum, v string) (*directory.User, error) {
	if id, ok := directory.ParseID(v); ok {
		rows, err := tx.Users(c, []directory.ID{id})
		if err != nil || rows[0] != nil {
			return rows[0], err
		}
	}
	for _, key := range []directory.Key{
		{Attribute: directory.AttrExternalID, Value: v},
		{Attribute: directory.AttrUserName, Value: directory.Fold(v)},
		{Attribute: directory.AttrEmail, Value: directory.Fold(v)},
	} {
		ids, err := tx.FindUsers(c, key)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			continue
		}
		rows, err := tx.Users(c, ids[:1])
		if err != nil || rows[0] != nil {
			return rows[0], err
		}
	}
	return nil, nil
}

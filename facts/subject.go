package facts

import (
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// SubjectOf returns the immutable subject by which the person of a user is known: its externalId, else the last one that
// it had, unless another record has come with that one since. It is "" for a user who never had any.
func SubjectOf(tx store.Tx, u *directory.User) (string, error) {
	last := lastSubject(u)
	if last == "" || last == u.ExternalID {
		return last, nil
	}
	others, err := tx.FindUsers(u.Conn, directory.Key{Attribute: directory.AttrExternalID, Value: last})
	if err != nil || len(others) > 0 {
		return "", err
	}
	return last, nil
}

// lastSubject returns a user's externalId, else the one that was taken away last. A provider that takes one away says
// nothing of the person; but were it forgotten, another externalId would come to a record that seems to have none, and
// the new person inherit from the former one.
func lastSubject(u *directory.User) string {
	if u.ExternalID != "" {
		return u.ExternalID
	}
	for _, k := range u.Keys {
		if k.Attribute == directory.AttrLastSubject || k.Attribute == directory.AttrExternalID {
			return k.Value
		}
	}
	return ""
}

// bury remembers, for as long as tombstones live, which member the subject of a record meant that is gone or is another
// person's now.
func (w *Writer) bury(u *directory.User) error {
	subject, err := SubjectOf(w.tx, u)
	if err != nil || subject == "" {
		return err
	}
	if err := w.tx.DeleteIdentity(w.Conn, subject); err != nil {
		return err
	}
	return w.tx.PutTombstone(w.Conn, &directory.Tombstone{ExternalID: subject, Member: u.Member, Former: u.ID, Deleted: w.Now})
}

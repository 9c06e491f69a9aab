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
// that named it as their manager. A parked value matches the id it had before it was deleted, and whatever FindUser
// finds it by, so that it makes no difference which of them came first.
func (w *Writer) join(u *directory.User, p *directory.Profile, former directory.ID) error {
	values := namesOf(u, p)
	if !former.IsZero() {
		values = append(values, former.String())
	}
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
		return w.touchReport(k.Target)
	}
	was := directory.Child{Kind: directory.ChildParked, Value: k.Value}
	removed, err := w.tx.RemoveEdges(w.Conn, k.Target, []directory.Child{was})
	if err != nil {
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
	w.resize(g, len(added)-len(removed))
	w.Note("joined the group " + g.ID.String() + ", which had named this user before")
	return nil
}

// await notes whom a user names as its manager, and forgets a former one. The note stays once the manager is here: when
// the manager goes or is somebody else, it tells whose decisions that changes.
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
	k := directory.Parked{Value: parkedValue(now), Kind: directory.ParkedManager, Target: u.ID}
	return w.tx.PutParked(w.Conn, []directory.Parked{k})
}

// Reports returns the users whose manager is, by any of its names, a user of the same connection.
func Reports(tx store.Tx, u *directory.User, p *directory.Profile) ([]directory.ID, error) {
	waiting, err := tx.Parked(u.Conn, append(namesOf(u, p), u.ID.String()))
	if err != nil {
		return nil, err
	}
	var reports []directory.ID
	for _, parked := range waiting {
		for _, k := range parked {
			if k.Kind == directory.ParkedManager {
				reports = append(reports, k.Target)
			}
		}
	}
	return reports, nil
}

func (w *Writer) touchReports(u *directory.User, p *directory.Profile) error {
	reports, err := Reports(w.tx, u, p)
	if err != nil {
		return err
	}
	for _, id := range reports {
		if err := w.touchReport(id); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) touchReport(id directory.ID) error {
	report, err := w.User(id)
	if err == nil && report != nil {
		w.Touch(report.Member)
	}
	return err
}

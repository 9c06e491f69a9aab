package provision_test

import (
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// footing is where the person of a record stands. Suspended and never joined are one here: both are out.
type footing struct {
	In                        bool
	Role, Department, Manager string
	Records                   int
}

// settledFootings returns where everybody stands who has a record, by name, once all work is done; and checks what must
// always hold.
func (w *world) settledFootings(rt *rapid.T) map[string]footing {
	w.t.Helper()
	w.idle()
	last := w.lastEntry()
	w.settleAll()
	if w.lastEntry() != last {
		rt.Error("settling everybody once more changed something")
	}
	var out map[string]footing
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		out = map[string]footing{}
		members, err := tx.ListMembers(w.org, store.Page{Limit: 500})
		if err != nil {
			return err
		}
		names := map[directory.ID]string{}
		for _, m := range members {
			names[m.ID] = m.Decision.Name
		}
		for _, m := range members {
			w.checkHistory(rt, tx, directory.SubjectMember, m.ID, m.Entry)
			if len(m.Users) > 0 {
				d := m.Decision
				out[d.Name] = footing{m.Status == directory.StatusActive, d.Role, d.Department, names[d.ManagerID], len(m.Users)}
			}
		}
		if err := w.checkRecords(rt, tx, members); err != nil {
			return err
		}
		return w.checkGroups(rt, tx)
	}))
	return out
}

// checkRecords: every record belongs to one member, and both sides say so.
func (w *world) checkRecords(rt *rapid.T, tx store.Tx, members []*directory.Member) error {
	owners := map[directory.ID]directory.ID{}
	for _, m := range members {
		for _, ref := range m.Users {
			if other, ok := owners[ref.ID]; ok {
				rt.Errorf("the record %s belongs to %s and to %s", ref.ID, other, m.ID)
			}
			owners[ref.ID] = m.ID
		}
	}
	users, err := tx.ListUsers(w.conns["okta"], store.Page{Limit: 500})
	if err != nil {
		return err
	}
	for _, u := range users {
		if owners[u.ID] != u.Member {
			rt.Errorf("the record %s says that it belongs to %s; it is with %s", u.ID, u.Member, owners[u.ID])
		}
		delete(owners, u.ID)
		w.checkHistory(rt, tx, directory.SubjectUser, u.ID, u.Entry)
	}
	for id, member := range owners {
		rt.Errorf("%s has the record %s, which is not there", member, id)
	}
	return nil
}

// checkGroups: a group says how many members it has.
func (w *world) checkGroups(rt *rapid.T, tx store.Tx) error {
	groups, err := tx.ListGroups(w.conns["okta"], store.Page{Limit: 500})
	if err != nil {
		return err
	}
	for _, g := range groups {
		children, err := tx.Children(w.conns["okta"], g.ID, directory.Child{}, 1000)
		if err != nil {
			return err
		}
		if len(children) != g.Members {
			rt.Errorf("the group %s says that it has %d members, and has %d", g.DisplayName, g.Members, len(children))
		}
		w.checkHistory(rt, tx, directory.SubjectGroup, g.ID, g.Entry)
	}
	return nil
}

// checkHistory: the walk back from the last entry about a subject meets every entry about it.
func (w *world) checkHistory(rt *rapid.T, tx store.Tx, kind directory.SubjectKind, id directory.ID, last uint64) {
	w.t.Helper()
	entries, err := tx.ListEntries(0, 1000, false)
	w.must(err)
	want := 0
	for _, e := range entries {
		for _, s := range e.Subjects {
			if s.Kind == kind && s.ID == id {
				want++
			}
		}
	}
	if got := w.walkBack(tx, kind, id, last); got != want {
		rt.Errorf("the history of %s has %d entries, the journal %d about it", id, got, want)
	}
}

func (w *world) walkBack(tx store.Tx, kind directory.SubjectKind, id directory.ID, last uint64) int {
	w.t.Helper()
	n := 0
	for last != 0 {
		entries, err := tx.Entries([]uint64{last})
		w.must(err)
		n++
		last = 0
		for _, s := range entries[0].Subjects {
			if s.Kind == kind && s.ID == id {
				last = s.Prev
			}
		}
	}
	return n
}

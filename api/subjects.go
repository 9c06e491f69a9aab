package api

import (
	"cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// nameSubjects gives the members and groups that entries are about the names that they have now, with one read of the
// members and one for each connection's groups.
func nameSubjects(tx store.Tx, n *names, org directory.OrgNum, entries []Entry) error {
	subjects := map[directory.ID][]*Subject{}
	var members []directory.ID
	groups := map[directory.ConnNum][]directory.ID{}
	for i := range entries {
		conn := n.conns[entries[i].Connection].Num
		for j := range entries[i].Subjects {
			subject := &entries[i].Subjects[j]
			id, ok := directory.ParseID(subject.ID)
			if !ok {
				continue
			}
			known := len(subjects[id]) > 0
			subjects[id] = append(subjects[id], subject)
			switch {
			case known:
			case subject.Kind == kindMember:
				members = append(members, id)
			case subject.Kind == kindGroup && conn != 0:
				groups[conn] = append(groups[conn], id)
			}
		}
	}
	rows, err := tx.Members(org, members)
	if err != nil {
		return err
	}
	for _, m := range rows {
		if m != nil {
			call(subjects[m.ID], cmp.Or(m.Decision.Email, m.Decision.Name))
		}
	}
	for conn, ids := range groups {
		rows, err := tx.Groups(conn, ids)
		if err != nil {
			return err
		}
		for _, g := range rows {
			if g != nil {
				call(subjects[g.ID], g.DisplayName)
			}
		}
	}
	return nil
}

// The words of the kinds of subject that have names.
const (
	kindMember = "member"
	kindGroup  = "group"
)

func call(subjects []*Subject, name string) {
	for _, s := range subjects {
		s.Name = name
	}
}

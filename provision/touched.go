package provision

import (
	"encoding/json"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// touchedSince returns the people of whom the journal speaks after a place, and the last place. All is true when it
// cannot tell: a group came to be in another, or more people are concerned than it pays to look up.
func touchedSince(tx store.Tx, org directory.OrgNum, after uint64) (people []directory.ID, last uint64, all bool, err error) {
	seen := map[directory.ID]bool{}
	last = after
	for {
		entries, err := tx.ListEntries(last, planPage, false)
		if err != nil || len(entries) == 0 {
			return people, last, false, err
		}
		for _, entry := range entries {
			last = entry.Seq
			if entry.Org != org {
				continue
			}
			ids, unknown, err := concerned(tx, entry)
			if err != nil || unknown {
				return nil, last, unknown, err
			}
			for _, id := range ids {
				if !id.IsZero() && !seen[id] {
					seen[id] = true
					people = append(people, id)
				}
			}
			if len(people) > touchedAtMost {
				return nil, last, true, nil
			}
		}
	}
}

// concerned returns the people whose facts an entry may have changed.
func concerned(tx store.Tx, entry *directory.Entry) (people []directory.ID, unknown bool, err error) {
	if onlySignIn(entry) {
		return nil, false, nil
	}
	for _, about := range entry.Subjects {
		switch about.Kind {
		case directory.SubjectMember:
			people = append(people, about.ID)
		case directory.SubjectUser:
			rows, err := tx.Users(entry.Conn, []directory.ID{about.ID})
			if err != nil {
				return nil, false, err
			}
			if rows[0] != nil {
				people = append(people, rows[0].Member)
			}
		case directory.SubjectGroup:
			if entry.Kind != "group.members" || entry.Added+entry.Removed == 0 {
				return nil, entry.Kind != "group.created" || entry.Added > 0, nil // a name or a whole group: whoever is below
			}
			users, known, err := moved(tx, entry)
			if err != nil || !known {
				return nil, true, err
			}
			people = append(people, users...)
		case directory.SubjectPolicy: // whoever is touched by it has entries of their own
		}
	}
	return people, false, nil
}

// moved returns the people who joined or left a group, and false when another group did, or nobody knows who.
func moved(tx store.Tx, entry *directory.Entry) ([]directory.ID, bool, error) {
	details, err := tx.Details([]uint64{entry.Seq})
	if err != nil || details[0] == nil {
		return nil, false, err
	}
	var ids []directory.ID
	for _, v := range details[0].Values {
		if v.Attribute != "members" {
			continue
		}
		for _, text := range []json.RawMessage{v.Before, v.After} {
			var names []string
			if len(text) > 0 && json.Unmarshal(text, &names) != nil {
				return nil, false, nil
			}
			for _, name := range names {
				ids = appendID(ids, name)
			}
		}
	}
	rows, err := tx.Users(entry.Conn, ids)
	if err != nil {
		return nil, false, err
	}
	people := make([]directory.ID, 0, len(rows))
	for _, u := range rows {
		if u == nil {
			return nil, false, nil // a group, or a user that is deleted
		}
		people = append(people, u.Member)
	}
	return people, true, nil
}

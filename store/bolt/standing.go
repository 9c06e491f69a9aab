package bolt

import (
	"bytes"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Role, status and department are indexed by one row for each member, under the role, with the other two as its value: a
// suspension, which is the most frequent change, then writes in place instead of moving three rows.

func (t *tx) standingKey(org directory.OrgNum, role string, id directory.ID) []byte {
	t.key = appendID(appendValue(t.orgKey(org), role), id)
	return t.key
}

// standing returns the value of a member's row.
func standing(b []byte, m *directory.Member) []byte {
	b = appendText(b[:0], string(m.Status))
	return append(b, directory.Fold(m.Decision.Department)...)
}

func readStanding(row []byte) (status directory.Status, department string) {
	r := &reader{rest: string(row)}
	status = directory.Status(r.text())
	return status, r.rest
}

func (t *tx) setStanding(before, m *directory.Member) error {
	if !before.ID.IsZero() && before.Decision.Role != m.Decision.Role {
		if _, err := t.del(bStanding, t.standingKey(m.Org, before.Decision.Role, m.ID)); err != nil {
			return err
		}
	}
	t.head = standing(t.head, m)
	return t.put(bStanding, t.standingKey(m.Org, m.Decision.Role, m.ID), t.head)
}

// findStanding returns a page of members by role, status or department. As directory.Member.Keys says, role and
// department find active members only.
func (t *tx) findStanding(org directory.OrgNum, key directory.Key, p store.Page) ([]directory.ID, error) {
	keep := func(row []byte) bool {
		status, department := readStanding(row)
		switch key.Attribute {
		case directory.AttrStatus:
			return string(status) == key.Value
		case directory.AttrDepartment:
			return status == directory.StatusActive && department == key.Value && department != ""
		default: // by role, which the prefix of the rows answers
			return status == directory.StatusActive
		}
	}
	if key.Attribute == directory.AttrRole {
		if key.Value == "" {
			return nil, nil
		}
		return t.list(bStanding, appendValue(t.orgKey(org), key.Value), p, keep), nil
	}
	var ids []directory.ID
	for _, prefix := range t.standingRoles(org) {
		ids = append(ids, t.list(bStanding, prefix, p, keep)...)
	}
	slices.SortFunc(ids, compareIDs)
	return ids[:min(len(ids), p.Limit)], nil
}

// standingRoles returns the beginnings of the rows of each role that members of an organization have, leaping from one
// role to the next.
func (t *tx) standingRoles(org directory.OrgNum) [][]byte {
	whole := bytes.Clone(t.orgKey(org))
	var prefixes [][]byte
	position := []byte(nil)
	for {
		var prefix []byte
		t.page(bStanding, whole, position, false, func(key, _ []byte) bool {
			prefix = bytes.Clone(key[:len(key)-len(directory.ID{})])
			return false
		})
		if prefix == nil {
			return prefixes
		}
		prefixes = append(prefixes, prefix)
		position = after(nil, prefix)
	}
}

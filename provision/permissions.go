package provision

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// permissionGrants returns what was given to each member by hand, nil where nothing was: of whom nothing was, the grants
// are not read.
func permissionGrants(tx store.Grants, org directory.OrgNum, members []*directory.Member) ([][]*directory.Grant, error) {
	all := make([][]*directory.Grant, len(members))
	var ids []directory.ID
	var places []int
	for i, m := range members {
		if m != nil && m.Permitted {
			ids, places = append(ids, m.ID), append(places, i)
		}
	}
	if len(ids) == 0 {
		return all, nil
	}
	rows, err := tx.Grants(org, ids)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		all[places[i]] = slices.DeleteFunc(row, func(g *directory.Grant) bool { return g.Kind != directory.GrantPermission })
	}
	return all, nil
}

// Permissions returns the permission grants of each member, as access.Policy takes them.
func (e *Engine) Permissions(tx store.Grants, org directory.OrgNum, members ...*directory.Member) ([][]*directory.Grant, error) {
	return permissionGrants(tx, org, members)
}

// permit gives a member a permission by hand, and returns its entry. The row is the caller's to write.
func (s *settlement) permit(m *directory.Member, g *directory.Grant, kind string, notes ...string) (*pending, error) {
	g.ID, g.Org, g.Member, g.Kind, g.Created = s.engine.ids.New(s.now), s.org, m.ID, directory.GrantPermission, s.now
	m.Permitted = true
	return s.memberEntry(m, kind, notes), s.tx.PutGrants([]*directory.Grant{g})
}

// unpermit takes permissions away from a member again, of whose grants these are all, and returns whether there were any.
// The row is the caller's to write.
func (s *settlement) unpermit(m *directory.Member, grants []*directory.Grant, taken func(*directory.Permission) bool) (bool, error) {
	var gone []*directory.Grant
	left := false
	for _, g := range grants {
		if g.Kind != directory.GrantPermission || g.Permission == nil {
			continue
		}
		if taken(g.Permission) {
			gone = append(gone, g)
		} else {
			left = true
		}
	}
	m.Permitted = left
	return len(gone) > 0, s.tx.DeleteGrants(gone)
}

func (s *settlement) memberEntry(m *directory.Member, kind string, notes []string) *pending {
	entry := s.newEntry(kind)
	entry.Notes = notes
	p := &pending{entry: entry}
	p.about(directory.SubjectMember, m.ID, &m.Entry)
	return p
}

// movePermissions makes what was given by hand, and what was asked for, those of another member. What both have of one
// mass update, the other keeps once; of one that is being undone, neither does.
func (s *settlement) movePermissions(from *directory.Member, to directory.ID) error {
	rows, err := s.tx.Grants(s.org, []directory.ID{from.ID, to})
	if err != nil {
		return err
	}
	var gone, moved []*directory.Grant
	for _, g := range rows[0] {
		if g.Kind != directory.GrantPermission && g.Kind != directory.GrantRequest {
			continue
		}
		was := *g
		gone = append(gone, &was)
		undone, err := s.isUndone(g)
		if err != nil {
			return err
		}
		if undone || g.Permission != nil && slices.ContainsFunc(rows[1], func(o *directory.Grant) bool {
			return o.Permission != nil && !o.Permission.Update.IsZero() && o.Permission.Update == g.Permission.Update
		}) {
			continue
		}
		g.Member = to
		moved = append(moved, g)
		if g.Kind == directory.GrantRequest {
			if err := s.indexRequest(g, g.State); err != nil {
				return err
			}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if err := s.tx.DeleteGrants(gone); err != nil {
		return err
	}
	from.Permitted = false
	members, err := s.tx.Members(s.org, []directory.ID{to})
	if err != nil || members[0] == nil {
		return err
	}
	members[0].Permitted = members[0].Permitted || slices.ContainsFunc(moved, func(g *directory.Grant) bool { return g.Kind == directory.GrantPermission })
	if err := s.tx.PutMembers(members); err != nil {
		return err
	}
	return s.tx.PutGrants(moved)
}

// isUndone reports whether a mass update gave a grant that was undone since, or has ended.
func (s *settlement) isUndone(g *directory.Grant) (bool, error) {
	if g.Permission == nil || g.Permission.Update.IsZero() {
		return false, nil
	}
	u, err := updateOf(s.tx, s.org, g.Permission.Update)
	return err == nil && !u.Undone.IsZero(), err
}

// changeNote says in words what a permission changes. It names no person.
func changeNote(p *directory.Permission) string { return strings.Join(ChangesInWords(p), "; ") }

// ChangesInWords says in words what a permission changes: "integrations + instagram", "file_upload_limit = 200MB".
func ChangesInWords(p *directory.Permission) []string {
	parts := []string{}
	list := func(values map[string]directory.Value, sign string) {
		for _, name := range sortedNames(values) {
			parts = append(parts, name+" "+sign+" "+valueText(values[name]))
		}
	}
	list(p.Set, "=")
	list(p.Add, "+")
	list(p.Remove, "-")
	return parts
}

func sortedNames(values map[string]directory.Value) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// valueText is a value as people read it.
func valueText(v directory.Value) string {
	switch {
	case v.IsList:
		return strings.Join(v.List, ", ")
	case v.IsSize:
		return directory.FormatSize(v.Size)
	}
	return v.Level
}

// documentOf reads a document into a value, and reports whether there is one.
func documentOf(tx store.Documents, name string, into any) (bool, error) {
	text, err := tx.Document(name)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(text, into)
}

func putDocument(tx store.Documents, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return tx.PutDocument(name, text)
}

// ofOrganization begins the name of a kind of document of an organization.
func ofOrganization(kind string, org directory.OrgNum) string {
	return kind + "/" + strconv.FormatUint(uint64(org), 10)
}

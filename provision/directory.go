package provision

import (
	"cmp"
	"context"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// What one snapshot reads: rows of one kind, or groups, each with nestedNames of its members and their names at most.
const (
	directoryPage   = 1000
	directoryGroups = 50
	nestedNames     = 8
)

// Directory counts what was pushed to the connections of an organization, for checking a file against it. It reads many
// snapshots, so that what changes meanwhile may be counted or not.
func (e *Engine) Directory(ctx context.Context, org directory.OrgNum) (mapping.Directory, error) {
	d := mapping.Directory{Members: map[string]int{}, Pinned: map[string]int{}}
	conns := map[string]directory.ConnNum{}
	err := e.Store.View(ctx, func(tx store.Tx) error {
		clear(conns)
		rows, err := tx.Connections()
		for name, row := range rows {
			if row.Org == org && row.Retired.IsZero() {
				conns[name] = row.Num
			}
		}
		return err
	})
	if err != nil {
		return d, err
	}
	departments := map[string]*mapping.DepartmentCount{}
	for name, num := range conns {
		groups, err := e.directoryGroups(ctx, num)
		if err != nil {
			return d, err
		}
		d.Connections = append(d.Connections, mapping.DirectoryConnection{ID: name, Groups: groups})
		if err := e.countDepartments(ctx, num, departments); err != nil {
			return d, err
		}
	}
	slices.SortFunc(d.Connections, func(a, b mapping.DirectoryConnection) int { return cmp.Compare(a.ID, b.ID) })
	for _, count := range departments {
		d.Departments = append(d.Departments, *count)
	}
	slices.SortFunc(d.Departments, func(a, b mapping.DepartmentCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text))
	})
	return d, e.countMembers(ctx, org, &d)
}

// pages calls a function with the last id of the page before, once for each page and snapshot, until it returns none.
func (e *Engine) pages(ctx context.Context, page func(tx store.Tx, after directory.ID) (directory.ID, error)) error {
	var after directory.ID
	for first := true; first || !after.IsZero(); first = false {
		err := e.Store.View(ctx, func(tx store.Tx) (err error) {
			after, err = page(tx, after)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) directoryGroups(ctx context.Context, c directory.ConnNum) ([]mapping.DirectoryGroup, error) {
	var all []mapping.DirectoryGroup
	err := e.pages(ctx, func(tx store.Tx, after directory.ID) (directory.ID, error) {
		rows, err := tx.ListGroups(c, store.Page{After: after, Limit: directoryGroups})
		if err != nil || len(rows) == 0 {
			return directory.NoID, err
		}
		for _, g := range rows {
			view := mapping.DirectoryGroup{ID: g.ID, ExternalID: g.ExternalID, Name: g.DisplayName, Bound: g.Bound, Members: g.Members}
			if err := membership(tx, c, &view); err != nil {
				return directory.NoID, err
			}
			all = append(all, view)
		}
		return rows[len(rows)-1].ID, nil
	})
	return all, err
}

// membership looks at the first members of a group. Users come first, so that a group that begins with groups has no
// user.
func membership(tx store.Tx, c directory.ConnNum, g *mapping.DirectoryGroup) error {
	if g.Members == 0 {
		return nil
	}
	children, err := tx.Children(c, g.ID, directory.Child{}, nestedNames)
	if err != nil {
		return err
	}
	var below []directory.ID
	for _, child := range children {
		if child.Kind != directory.ChildGroup {
			g.Direct = true
			return nil
		}
		below = append(below, child.ID)
	}
	groups, err := tx.Groups(c, below)
	for _, child := range groups {
		if child != nil {
			g.Nested = append(g.Nested, child.DisplayName)
		}
	}
	return err
}

// countDepartments counts the active people of a connection by what it says their department is.
func (e *Engine) countDepartments(ctx context.Context, c directory.ConnNum, counts map[string]*mapping.DepartmentCount) error {
	return e.pages(ctx, func(tx store.Tx, after directory.ID) (directory.ID, error) {
		users, err := tx.ListUsers(c, store.Page{After: after, Limit: directoryPage})
		if err != nil || len(users) == 0 {
			return directory.NoID, err
		}
		for _, u := range users {
			if !u.Active {
				continue
			}
			p, err := facts.ProfileOf(u)
			if err != nil {
				return directory.NoID, err
			}
			key := directory.Fold(p.Department)
			if key == "" {
				continue
			}
			if counts[key] == nil {
				counts[key] = &mapping.DepartmentCount{Text: p.Department}
			}
			counts[key].Count++
		}
		return users[len(users)-1].ID, nil
	})
}

// countMembers counts the active members by role, and those whose role is pinned.
func (e *Engine) countMembers(ctx context.Context, org directory.OrgNum, d *mapping.Directory) error {
	return e.pages(ctx, func(tx store.Tx, after directory.ID) (directory.ID, error) {
		members, err := tx.ListMembers(org, store.Page{After: after, Limit: directoryPage})
		if err != nil || len(members) == 0 {
			return directory.NoID, err
		}
		for _, m := range members {
			if m.Status != directory.StatusActive {
				continue
			}
			d.Members[m.Decision.Role]++
			if slices.ContainsFunc(m.Decision.Reasons, func(r directory.Reason) bool { return r.Source == directory.SourcePin }) {
				d.Pinned[m.Decision.Role]++
			}
		}
		return members[len(members)-1].ID, nil
	})
}

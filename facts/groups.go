package facts

import (
	"bytes"
	"slices"

	"github.com/mixus/usher/directory"
)

// Group returns a group as this transaction leaves it, nil when there is none.
func (w *Writer) Group(id directory.ID) (*directory.Group, error) {
	if g, ok := w.groups[id]; ok {
		return g, nil
	}
	rows, err := w.tx.Groups(w.Conn, []directory.ID{id})
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// CreateGroup takes a new group with its members. The same externalId is a conflict, and so is the same name without an
// externalId.
func (w *Writer) CreateGroup(in GroupInput, members []string) (*directory.Group, error) {
	if err := w.Flush(); err != nil {
		return nil, err
	}
	g := &directory.Group{
		ID: w.IDs.New(w.Now), Conn: w.Conn, Revision: 1, DisplayName: in.DisplayName, ExternalID: in.ExternalID,
		Created: w.Now, Modified: w.Now, Body: in.Body,
	}
	if err := w.claimGroup(g); err != nil {
		return nil, err
	}
	if err := w.bind(g); err != nil {
		return nil, err
	}
	w.groups[g.ID] = g
	d, err := w.applyMembers(g, []MemberOp{{Op: MemberAdd, Values: members}})
	if err != nil {
		return nil, err
	}
	w.recordGroup("group.created", g, nil, d)
	return g, nil
}

// ModifyGroup changes a group by a function of what is stored, nil for none, and its members by operations in order
// (PATCH). A change that leaves everything as it was bumps no version.
func (w *Writer) ModifyGroup(id directory.ID, m Match, fn func(*directory.Group) (GroupInput, error), ops []MemberOp) (*directory.Group, error) {
	if err := w.Flush(); err != nil {
		return nil, err
	}
	old, err := w.Group(id)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, missing(id)
	}
	if !m.Holds(old.Revision) {
		return nil, directory.Errorf(directory.Precondition, "The group has changed: it is at version %d now. Read it again.", old.Revision)
	}
	g := *old
	g.Bound = slices.Clone(old.Bound)
	var changed []string
	if fn != nil {
		in, err := fn(old)
		if err != nil {
			return nil, err
		}
		g.DisplayName, g.ExternalID, g.Body = in.DisplayName, in.ExternalID, in.Body
		if changed = changedGroup(old, &g); len(changed) > 0 {
			if err := w.renamed(old, &g); err != nil {
				return nil, err
			}
		}
	}
	d, err := w.applyMembers(&g, ops)
	if err != nil {
		return nil, err
	}
	if len(changed) == 0 && d.added+d.removed == 0 {
		w.notes = nil
		return old, nil
	}
	g.Revision = old.Revision + 1
	g.Modified = w.Now
	w.groups[g.ID] = &g
	kind := "group.updated"
	if len(changed) == 0 {
		kind = "group.members"
	}
	w.recordGroup(kind, &g, changed, d)
	return &g, nil
}

func (w *Writer) recordGroup(kind string, g *directory.Group, changed []string, d delta) {
	w.record(&Change{
		Kind: kind, Group: g, Members: d.people, Attributes: changed, Added: d.added, Removed: d.removed, Values: d.values,
	})
}

func changedGroup(old, g *directory.Group) []string {
	var out []string
	if old.DisplayName != g.DisplayName {
		out = append(out, "displayName")
	}
	if old.ExternalID != g.ExternalID {
		out = append(out, "externalId")
	}
	if !bytes.Equal(old.Body, g.Body) {
		out = append(out, "other attributes")
	}
	return out
}

// renamed checks the new names of a group, binds them, and touches everybody below it, whose rules may now differ.
func (w *Writer) renamed(old, g *directory.Group) error {
	if old.DisplayName == g.DisplayName && old.ExternalID == g.ExternalID {
		return nil
	}
	if directory.Fold(old.DisplayName) != directory.Fold(g.DisplayName) || old.ExternalID != g.ExternalID {
		if err := w.claimGroup(g); err != nil {
			return err
		}
	}
	if err := w.bind(g); err != nil {
		return err
	}
	if old.DisplayName != g.DisplayName && len(old.Bound) > 0 {
		w.Note("rules that name this group by a former name keep matching it")
	}
	return w.touchBelow(g.ID, directory.NoID)
}

// claimGroup checks that no other group has this externalId, and that a group without one has a name of its own.
func (w *Writer) claimGroup(g *directory.Group) error {
	if g.ExternalID != "" {
		ids, err := w.tx.FindGroups(w.Conn, directory.Key{Attribute: directory.AttrExternalID, Value: g.ExternalID})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if id != g.ID {
				return conflict("externalId", "The group %s has this externalId already.", id)
			}
		}
		return nil
	}
	ids, err := w.tx.FindGroups(w.Conn, directory.Key{Attribute: directory.AttrDisplayName, Value: directory.Fold(g.DisplayName)})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id != g.ID {
			return conflict("displayName", "The group %s has this displayName already. Groups of one name need different externalIds.", id)
		}
	}
	return nil
}

// bind ties a name that rules use to the first group that has it. A group that comes later under a bound name does not
// get what the rules give: it may be an accident, or an attack, and an admin decides.
func (w *Writer) bind(g *directory.Group) error {
	name := directory.Fold(g.DisplayName)
	if !w.Names(name) {
		return nil
	}
	bound, err := w.tx.Bindings(w.Conn, []string{name})
	if err != nil {
		return err
	}
	switch {
	case bound[0].IsZero():
		g.Bound = append(g.Bound, name)
		return w.tx.PutBindings([]directory.Binding{{Conn: w.Conn, Name: name, Group: g.ID}})
	case bound[0] != g.ID:
		w.Note("rules use this group's name and mean the group " + bound[0].String() + "; `usher groups rebind` changes that")
	case !slices.Contains(g.Bound, name):
		g.Bound = append(g.Bound, name)
	}
	return nil
}

// DeleteGroup deletes a group; its memberships end. The edges of a large one are reaped by a job.
func (w *Writer) DeleteGroup(id directory.ID, m Match) error {
	if err := w.Flush(); err != nil {
		return err
	}
	g, err := w.Group(id)
	if err != nil {
		return err
	}
	if g == nil {
		return missing(id)
	}
	if !m.Holds(g.Revision) {
		return directory.Errorf(directory.Precondition, "The group has changed: it is at version %d now. Read it again.", g.Revision)
	}
	d := delta{removed: g.Members}
	if g.Members > InlineLimit {
		w.enqueue(directory.JobReapGroup, g.ID, nil, g.ID)
	} else if d, err = w.applyMembers(g, []MemberOp{{Op: MemberReplace}}); err != nil {
		return err
	}
	if err := w.leaveParents(directory.Child{Kind: directory.ChildGroup, ID: g.ID}); err != nil {
		return err
	}
	delete(w.groups, g.ID)
	delete(w.writtenGroups, g.ID)
	if err := w.tx.DeleteGroups(w.Conn, []directory.ID{g.ID}); err != nil {
		return err
	}
	w.recordGroup("group.deleted", g, nil, d)
	return nil
}

// leaveParents takes a user or a group that is deleted out of the groups it is in.
func (w *Writer) leaveParents(child directory.Child) error {
	parents, err := w.tx.Parents(w.Conn, []directory.Child{child})
	if err != nil {
		return err
	}
	for _, id := range parents[0] {
		if _, err := w.tx.RemoveEdges(w.Conn, id, []directory.Child{child}); err != nil {
			return err
		}
		parent, err := w.Group(id)
		if err != nil {
			return err
		}
		if parent != nil {
			w.resize(parent, -1)
		}
	}
	return nil
}

// resize writes down that members of a group came or went.
func (w *Writer) resize(g *directory.Group, by int) {
	n := *g
	n.Members += by
	n.Revision++
	n.Modified = w.Now
	w.groups[n.ID] = &n
}

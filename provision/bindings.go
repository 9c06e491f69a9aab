package provision

import (
	"context"
	"slices"

	"github.com/mixus/usher/directory"
)

// Rebind makes a name in rules mean another group of the connection, and leaves everybody below the former group and
// the new one to jobs. It is how an admin says that a group which was deleted and made again is the same to the rules.
func (e *Engine) Rebind(ctx context.Context, org directory.OrgNum, cause directory.Cause, c directory.ConnNum, name string, group directory.ID) error {
	folded := directory.Fold(name)
	return e.update(ctx, org, cause, func(s *settlement) error {
		if !s.policy.Names(folded) {
			return directory.Errorf(directory.Invalid, "No rule uses a group named %q.", name)
		}
		bound, err := s.tx.Bindings(c, []string{folded})
		if err != nil {
			return err
		}
		if bound[0] == group {
			return directory.Errorf(directory.Conflict, "Rules that say %q mean this group already.", name)
		}
		if err := s.unbindGroup(c, folded, bound[0]); err != nil {
			return err
		}
		if err := bindGroup(s.tx, c, folded, group); err != nil {
			return err
		}
		s.jobs = append(s.jobs, &directory.Job{
			ID: e.ids.New(s.now), Kind: directory.JobSettleGroup, Org: org, Conn: c, Key: group,
		})
		entry := s.newEntry("group.rebound")
		entry.Conn = c
		entry.Notes = []string{"rules that use the name of this group mean it from now on"}
		p := &pending{entry: entry}
		groups, err := s.tx.Groups(c, []directory.ID{group})
		if err != nil {
			return err
		}
		p.about(directory.SubjectGroup, group, &groups[0].Entry)
		if err := s.append([]*pending{p}); err != nil {
			return err
		}
		if err := s.tx.PutGroups(groups); err != nil {
			return err
		}
		return s.writeRows()
	})
}

// unbindGroup takes a name away from the group it was bound to, if that group is still there.
func (s *settlement) unbindGroup(c directory.ConnNum, name string, id directory.ID) error {
	if id.IsZero() {
		return nil
	}
	groups, err := s.tx.Groups(c, []directory.ID{id})
	if err != nil || groups[0] == nil {
		return err
	}
	g := groups[0]
	g.Bound = slices.DeleteFunc(g.Bound, func(n string) bool { return n == name })
	s.jobs = append(s.jobs, &directory.Job{
		ID: s.engine.ids.New(s.now), Kind: directory.JobSettleGroup, Org: s.org, Conn: c, Key: id,
	})
	return s.tx.PutGroups([]*directory.Group{g})
}

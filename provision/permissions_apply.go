package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// The kinds of entry about permissions given by hand.
const (
	kindPermissionsApplied = "permissions.applied" // a mass update, of the organization
	kindPermissionsUndone  = "permissions.undone"
	kindPermissionGiven    = "permission.given" // of one member
	kindPermissionTaken    = "permission.taken"
)

func updateDocument(org directory.OrgNum, id directory.ID) string {
	return ofOrganization("permissions", org) + "/" + id.String()
}

// ApplyPermissions applies a mass update: everybody whom its filter means now is given what it changes, until it ends or is
// undone. With expect, the id of a plan, it is a Precondition error where the update would do anything else than that plan
// says; it is a Conflict where nothing would change.
func (e *Engine) ApplyPermissions(ctx context.Context, u *PermissionUpdate, expect string) (*directory.Update, *PermissionPlan, error) {
	plan, err := e.PlanPermissions(ctx, u)
	switch {
	case err != nil:
		return nil, nil, err
	case expect != "" && expect != plan.ID:
		return nil, nil, directory.Errorf(directory.Precondition,
			"The update would do something else by now than the plan %s says; look at `usher permissions plan` again. Now it is %s. Was it planned with the same --until?", expect, plan.ID)
	case plan.Matched == 0:
		return nil, nil, directory.Errorf(directory.Conflict, "The filter means nobody who is active; nothing was changed.")
	case plan.Changed == 0:
		return nil, nil, directory.Errorf(directory.Conflict, "Nobody would gain or lose anything by it; nothing was changed.")
	}
	var row *directory.Update
	err = e.update(ctx, u.Org, u.Cause, func(s *settlement) error {
		newest, err := newestUpdate(s.tx, s.org)
		if err != nil {
			return err
		}
		if newest != plan.after {
			return directory.Errorf(directory.Conflict, "Another mass update was applied at the same time; look at `usher permissions list`, and plan this one again.")
		}
		row = &directory.Update{
			ID: e.ids.New(s.now), Text: string(u.Text), Plan: plan.ID, Count: plan.Matched, Cause: u.Cause, Created: s.now, Until: u.Until.UTC(),
			Permission: u.Read.Changes,
		}
		s.cause.ID = row.ID.String()
		if err := putDocument(s.tx, updateDocument(s.org, row.ID), row); err != nil {
			return err
		}
		if err := s.tellOrganization(kindPermissionsApplied, fmt.Sprintf("%s: %s", people(plan.Matched), changeNote(&row.Permission))); err != nil {
			return err
		}
		if len(plan.members) <= facts.InlineLimit {
			return s.permitAll(row, plan.members)
		}
		var jobs []*directory.Job
		for some := range slices.Chunk(plan.members, facts.InlineLimit) {
			j := s.job(directory.JobPermit, s.org, 0, row.ID)
			j.Cause = s.cause
			for _, id := range some {
				j.Cursor = append(j.Cursor, id[:]...)
			}
			jobs = append(jobs, j)
		}
		s.wake = true
		return s.tx.PutJobs(jobs)
	})
	if err != nil {
		return nil, nil, err
	}
	return row, plan, nil
}

// permitBatch gives what a mass update gives to the next people of a job, or takes it from them.
func (e *Engine) permitBatch(ctx context.Context, job *directory.Job, cause directory.Cause) error {
	return e.update(ctx, job.Org, cause, func(s *settlement) error {
		j := *job
		u, err := updateOf(s.tx, s.org, j.Key)
		switch {
		case err != nil:
			return err
		case j.Kind == directory.JobUnpermit:
			err = s.unpermitNext(&j, batch)
		default:
			ids := takeIDs(&j)
			if j.Done += len(ids); u.Undone.IsZero() {
				err = s.permitAll(u, ids)
			}
		}
		if err != nil {
			return err
		}
		if j.Cursor == nil {
			return s.tx.DeleteJobs([]directory.ID{j.ID})
		}
		return s.tx.PutJobs([]*directory.Job{&j})
	})
}

// permitAll gives some members what a mass update gives. Who has it already, and who was merged into somebody, is passed over.
func (s *settlement) permitAll(u *directory.Update, ids []directory.ID) error {
	members, err := s.tx.Members(s.org, ids)
	if err != nil {
		return err
	}
	given, err := permissionGrants(s.tx, s.org, members)
	if err != nil {
		return err
	}
	var entries []*pending
	var rows []*directory.Member
	note := changeNote(&u.Permission)
	for i, m := range members {
		if m == nil || !m.Merged.IsZero() || slices.ContainsFunc(given[i], func(g *directory.Grant) bool { return g.Permission.Update == u.ID }) {
			continue
		}
		p := u.Permission
		p.Update = u.ID
		entry, err := s.permit(m, &directory.Grant{Permission: &p, Actor: u.Cause.Actor, Reason: u.Cause.Reason, Ends: u.Until}, kindPermissionGiven, note)
		if err != nil {
			return err
		}
		entries, rows = append(entries, entry), append(rows, m)
	}
	return s.writeEntries(entries, rows)
}

// writeEntries journals entries about members, and writes their rows.
func (s *settlement) writeEntries(entries []*pending, rows []*directory.Member) error {
	if len(entries) == 0 {
		return nil
	}
	if err := s.append(entries); err != nil {
		return err
	}
	return s.tx.PutMembers(rows)
}

// unpermitNext takes from the next members what a mass update gave, and moves the job's cursor, to nil after the last. It
// walks everybody, so that whoever was merged meanwhile is met too.
func (s *settlement) unpermitNext(j *directory.Job, size int) error {
	members, err := s.tx.ListMembers(s.org, store.Page{After: idOf(j.Cursor), Limit: size})
	if err != nil {
		return err
	}
	if j.Cursor = nil; len(members) == size {
		last := members[size-1].ID
		j.Cursor = last[:]
	}
	j.Done += len(members)
	given, err := permissionGrants(s.tx, s.org, members)
	if err != nil {
		return err
	}
	var entries []*pending
	var rows []*directory.Member
	for i, m := range members {
		if len(given[i]) == 0 {
			continue
		}
		had, err := s.unpermit(m, given[i], func(p *directory.Permission) bool { return p.Update == j.Key })
		if err != nil {
			return err
		}
		if had {
			entries, rows = append(entries, s.memberEntry(m, kindPermissionTaken, []string{"what the mass update gave is taken back"})), append(rows, m)
		}
	}
	return s.writeEntries(entries, rows)
}

// UndoPermissions takes back what a mass update gave, and nothing else. It is a Conflict for one that was undone, or has
// ended.
func (e *Engine) UndoPermissions(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause) (*directory.Update, error) {
	var u *directory.Update
	err := e.update(ctx, org, cause, func(s *settlement) (err error) {
		if u, err = updateOf(s.tx, s.org, id); err != nil {
			return err
		}
		if !u.Undone.IsZero() {
			return directory.Errorf(directory.Conflict, "What this update gave was taken back already, at %s.", clock(u.Undone))
		}
		return s.undoUpdate(u, "undone: "+people(u.Count)+" had been meant")
	})
	return u, err
}

// undoUpdate ends a mass update, and begins to take back what it gave.
func (s *settlement) undoUpdate(u *directory.Update, note string) error {
	s.cause.ID = u.ID.String()
	cause := s.cause
	u.Undone, u.Undo = s.now, &cause
	if err := putDocument(s.tx, updateDocument(s.org, u.ID), u); err != nil {
		return err
	}
	if err := s.tellOrganization(kindPermissionsUndone, note); err != nil {
		return err
	}
	j := s.job(directory.JobUnpermit, s.org, 0, u.ID)
	j.Cause = s.cause
	if err := s.unpermitNext(j, facts.InlineLimit); err != nil || j.Cursor == nil {
		return err
	}
	s.wake = true
	return s.tx.PutJobs([]*directory.Job{j})
}

// updateOf returns a mass update of an organization.
func updateOf(tx store.Documents, org directory.OrgNum, id directory.ID) (*directory.Update, error) {
	u := &directory.Update{}
	found, err := documentOf(tx, updateDocument(org, id), u)
	if err == nil && !found {
		err = directory.Errorf(directory.NotFound, "There is no mass update %s in this organization; `usher permissions list` shows those there are.", id)
	}
	return u, err
}

// PermissionUpdates returns the mass updates of an organization, the newest first.
func (e *Engine) PermissionUpdates(ctx context.Context, org directory.OrgNum) ([]*directory.Update, error) {
	var all []*directory.Update
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		all, err = updates(tx, org)
		return err
	})
	slices.Reverse(all)
	return all, err
}

// newestUpdate returns the document of the mass update of an organization that was applied last, "" for none.
func newestUpdate(tx store.Documents, org directory.OrgNum) (string, error) {
	names, err := tx.ListDocuments(ofOrganization("permissions", org) + "/")
	if err != nil || len(names) == 0 {
		return "", err
	}
	return names[len(names)-1], nil
}

// updates returns the mass updates of an organization, the oldest first.
func updates(tx store.Documents, org directory.OrgNum) ([]*directory.Update, error) {
	prefix := ofOrganization("permissions", org) + "/"
	names, err := tx.ListDocuments(prefix)
	if err != nil {
		return nil, err
	}
	all := make([]*directory.Update, 0, len(names))
	for _, name := range names {
		id, ok := directory.ParseID(strings.TrimPrefix(name, prefix))
		if !ok {
			continue
		}
		u, err := updateOf(tx, org, id)
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, nil
}

// OneUpdate returns a mass update.
func (e *Engine) OneUpdate(ctx context.Context, org directory.OrgNum, id directory.ID) (*directory.Update, error) {
	var u *directory.Update
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		u, err = updateOf(tx, org, id)
		return err
	})
	return u, err
}

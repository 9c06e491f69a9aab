package provision

import (
	"context"
	"errors"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// batch is how many people one transaction of a job settles.
const batch = 100

// runJob does the next batch of the oldest job. It reports false when there is no job.
func (e *Engine) runJob(ctx context.Context) (bool, error) {
	var job *directory.Job
	err := e.Store.View(ctx, func(tx store.Tx) error {
		jobs, err := tx.ListJobs(1)
		if err == nil && len(jobs) > 0 {
			job = jobs[0]
		}
		return err
	})
	if err != nil || job == nil {
		return false, err
	}
	cause := job.Cause
	if cause.Kind == "" {
		cause = directory.Cause{Kind: directory.CauseJob, ID: job.ID.String()}
	}
	return true, e.update(ctx, job.Org, cause, func(s *settlement) error {
		j := *job
		people, err := s.nextBatch(&j)
		if err != nil {
			return err
		}
		touched := make([]*facts.Touch, len(people))
		for i, id := range people {
			touched[i] = &facts.Touch{Member: id}
		}
		if err := s.settle(touched); err != nil {
			return err
		}
		if err := s.write(nil); err != nil {
			return err
		}
		j.Done += len(people)
		if j.Cursor == nil {
			return s.tx.DeleteJobs([]directory.ID{j.ID})
		}
		return s.tx.PutJobs([]*directory.Job{&j})
	})
}

// nextBatch returns the people of a job's next batch and moves its cursor, to nil after the last.
func (s *settlement) nextBatch(j *directory.Job) ([]directory.ID, error) {
	switch j.Kind {
	case directory.JobSettleOrg:
		return s.nextOfOrg(j)
	case directory.JobSettleGroup:
		return s.nextOfGroup(j)
	case directory.JobSettleUsers:
		return s.membersOf(j.Conn, takeIDs(j))
	case directory.JobSettleMembers:
		return takeIDs(j), nil
	case directory.JobReapGroup:
		return s.reap(j)
	}
	j.Cursor = nil
	return nil, directory.Errorf(directory.Internal, "unknown job %q", j.Kind)
}

func (s *settlement) nextOfOrg(j *directory.Job) ([]directory.ID, error) {
	members, err := s.tx.ListMembers(j.Org, store.Page{After: idOf(j.Cursor), Limit: batch})
	if err != nil {
		return nil, err
	}
	ids := make([]directory.ID, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	j.Cursor = cursorAfter(ids)
	return ids, nil
}

// nextOfGroup walks everybody below a group. The list is made anew for each batch, in the order of ids, so that people
// who join or leave meanwhile are not skipped and the walk survives a kill.
func (s *settlement) nextOfGroup(j *directory.Job) ([]directory.ID, error) {
	users, err := facts.Below(s.tx, j.Conn, j.Key, 1<<30)
	if err != nil {
		return nil, err
	}
	sortIDs(users)
	after := idOf(j.Cursor)
	next := make([]directory.ID, 0, batch)
	for _, id := range users {
		if less(after, id) && len(next) < batch {
			next = append(next, id)
		}
	}
	j.Cursor = cursorAfter(next)
	return s.membersOf(j.Conn, next)
}

// reap removes the next edges of a deleted group.
func (s *settlement) reap(j *directory.Job) ([]directory.ID, error) {
	children, err := s.tx.Children(j.Conn, j.Key, directory.Child{}, batch)
	if err != nil {
		return nil, err
	}
	removed, err := s.tx.RemoveEdges(j.Conn, j.Key, children)
	if err != nil {
		return nil, err
	}
	j.Cursor = []byte{}
	if len(children) < batch {
		j.Cursor = nil
	}
	var users []directory.ID
	for _, c := range removed {
		switch c.Kind {
		case directory.ChildUser:
			users = append(users, c.ID)
		case directory.ChildGroup:
			s.jobs = append(s.jobs, &directory.Job{
				ID: s.engine.ids.New(s.now), Kind: directory.JobSettleGroup, Org: j.Org, Conn: j.Conn, Key: c.ID,
			})
		case directory.ChildParked: // nobody yet
		}
	}
	return s.membersOf(j.Conn, users)
}

func (s *settlement) membersOf(c directory.ConnNum, users []directory.ID) ([]directory.ID, error) {
	rows, err := s.tx.Users(c, users)
	if err != nil {
		return nil, err
	}
	ids := make([]directory.ID, 0, len(rows))
	seen := make(map[directory.ID]bool, len(rows))
	for _, u := range rows {
		if u != nil && !seen[u.Member] {
			seen[u.Member] = true
			ids = append(ids, u.Member)
		}
	}
	return ids, nil
}

// settleDue settles people whose decision can have changed by itself. It reports false when there are none.
func (e *Engine) settleDue(ctx context.Context) (bool, error) {
	var due []directory.Due
	err := e.Store.View(ctx, func(tx store.Tx) error {
		var err error
		due, err = tx.DueMembers(e.Now().UTC(), batch)
		return err
	})
	if err != nil || len(due) == 0 {
		return false, err
	}
	byOrg := make(map[directory.OrgNum][]*facts.Touch, 1)
	for _, d := range due {
		byOrg[d.Org] = append(byOrg[d.Org], &facts.Touch{Member: d.Member})
	}
	var all error
	for org, touched := range byOrg {
		all = errors.Join(all, e.update(ctx, org, directory.Cause{Kind: directory.CauseTime}, func(s *settlement) error {
			if err := s.settle(touched); err != nil {
				return err
			}
			return s.write(nil)
		}))
	}
	return true, all
}

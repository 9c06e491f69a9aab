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

// jobsSeen is how many jobs are looked at for one that can be done now.
const jobsSeen = 64

// runJob does the next batch of the oldest job that did not fail just now. It reports false when there is none.
func (e *Engine) runJob(ctx context.Context) (bool, error) {
	job, err := e.nextJob(ctx)
	if err != nil || job == nil {
		return false, err
	}
	if err = e.runBatch(ctx, job); err != nil {
		e.stuck.add(job.ID, e.Now())
	}
	return err == nil, err
}

// nextJob returns the oldest job that did not fail just now, nil when there is none. A job can hold the names of many
// people, so that only the first is read as long as that one does.
func (e *Engine) nextJob(ctx context.Context) (*directory.Job, error) {
	for _, limit := range []int{1, jobsSeen} {
		var jobs []*directory.Job
		err := e.Store.View(ctx, func(tx store.Tx) (err error) {
			jobs, err = tx.ListJobs(limit)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, job := range jobs {
			if !e.stuck.now(job.ID, e.Now()) {
				return job, nil
			}
		}
		if len(jobs) < limit {
			break
		}
	}
	return nil, nil
}

// runBatch settles the people of a job's next batch.
func (e *Engine) runBatch(ctx context.Context, job *directory.Job) error {
	cause := job.Cause
	if cause.Kind == "" {
		cause = directory.Cause{Kind: directory.CauseJob, ID: job.ID.String()}
	}
	if job.Kind == directory.JobRetire {
		return e.retireBatch(ctx, job, cause)
	}
	if job.Kind == directory.JobPermit || job.Kind == directory.JobUnpermit {
		return e.permitBatch(ctx, job, cause)
	}
	return e.update(ctx, job.Org, cause, func(s *settlement) error {
		j := *job
		people, err := s.nextBatch(&j)
		if err != nil {
			return err
		}
		touched := make([]*facts.Touch, len(people))
		for i, id := range people {
			touched[i] = &facts.Touch{Member: id}
			if !j.Left.IsZero() {
				touched[i].Left = []directory.ID{j.Left}
			}
		}
		s.applied, s.leftConn = j.Applied, j.Conn
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
	case directory.JobHold:
		return s.nextOfHold(j, batch)
	case directory.JobRetire, directory.JobPermit, directory.JobUnpermit: // have ways of their own
	}
	j.Cursor = nil
	return nil, directory.Errorf(directory.Internal, "The job %q is unknown.", j.Kind)
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

// nextOfGroup walks the users of a group, and leaves those of nested groups to jobs of their own. The cursor is the last
// child, so that the walk costs what it covers and survives a kill; who joins meanwhile is settled by joining.
func (s *settlement) nextOfGroup(j *directory.Job) ([]directory.ID, error) {
	if len(j.Cursor) == 0 {
		if err := s.enqueueNested(j); err != nil {
			return nil, err
		}
	}
	children, err := s.tx.Children(j.Conn, j.Key, childOf(j.Cursor), batch)
	if err != nil {
		return nil, err
	}
	j.Cursor = nil
	var users []directory.ID
	for _, c := range children {
		if c.Kind != directory.ChildUser {
			return s.membersOf(j.Conn, users) // nested groups have jobs, parked values are nobody, and users come before both
		}
		users = append(users, c.ID)
	}
	if len(children) == batch {
		j.Cursor = cursorOf(children[batch-1])
	}
	return s.membersOf(j.Conn, users)
}

// enqueueNested leaves every group below another to a job of its own, once, however many ways lead to it. Those jobs
// start with a cursor, so that they do not do the same again.
func (s *settlement) enqueueNested(j *directory.Job) error {
	nested, err := facts.Nested(s.tx, j.Conn, j.Key)
	if err != nil {
		return err
	}
	for _, id := range nested {
		n := s.job(directory.JobSettleGroup, j.Org, j.Conn, id)
		n.Cursor, n.Left = cursorOf(directory.Child{Kind: directory.ChildUser}), j.Left
		s.jobs = append(s.jobs, n)
	}
	return nil
}

func (s *settlement) job(kind directory.JobKind, org directory.OrgNum, c directory.ConnNum, key directory.ID) *directory.Job {
	return &directory.Job{ID: s.engine.ids.New(s.now), Kind: kind, Org: org, Conn: c, Key: key}
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
				ID: s.engine.ids.New(s.now), Kind: directory.JobSettleGroup, Org: j.Org, Conn: j.Conn, Key: c.ID, Left: j.Left,
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

package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// kindConnRetired is the kind of entry about a connection that was ended.
const kindConnRetired = "connection.retired"

// retirementPage is how many users one snapshot of a preview reads, with the members they belong to.
const retirementPage = 500

// Retirement is what retiring a connection takes away.
type Retirement struct {
	Users  int
	Groups int
	Alone  int // people who are active or invited, and whom no other connection has
}

// Retirement counts what retiring a connection takes away. It changes nothing.
func (e *Engine) Retirement(ctx context.Context, org directory.OrgNum, c directory.ConnNum) (Retirement, error) {
	var r Retirement
	others := map[directory.ConnNum]bool{} // that take pushes
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		rows, err := tx.Connections()
		if err != nil {
			return err
		}
		for _, row := range rows {
			others[row.Num] = row.Num != c && row.Retired.IsZero()
		}
		if r.Users, err = tx.CountUsers(c); err != nil {
			return err
		}
		r.Groups, err = tx.CountGroups(c)
		return err
	})
	if err != nil {
		return r, err
	}
	return r, e.pages(ctx, func(tx store.Tx, after directory.ID) (directory.ID, error) {
		users, err := tx.ListUsers(c, store.Page{After: after, Limit: retirementPage})
		if err != nil || len(users) == 0 {
			return directory.NoID, err
		}
		ids := make([]directory.ID, len(users))
		for i, u := range users {
			ids[i] = u.Member
		}
		members, err := tx.Members(org, ids)
		for i, m := range members {
			if m != nil && alone(m, users[i], others) {
				r.Alone++
			}
		}
		return users[len(users)-1].ID, err
	})
}

// alone reports whether somebody who is in, or invited, has no record of another connection. Of several records of one
// person the first one counts.
func alone(m *directory.Member, u *directory.User, others map[directory.ConnNum]bool) bool {
	if m.Status != directory.StatusActive && m.Status != directory.StatusInvited {
		return false
	}
	first := true
	for _, ref := range m.Users {
		if others[ref.Conn] {
			return false
		}
		if ref.Conn == u.Conn && first {
			if ref.ID != u.ID {
				return false
			}
			first = false
		}
	}
	return true
}

// Retire ends a connection for good: from then on it takes no pushes, nobody is signed in by it, and a job deletes its users
// and groups as its provider would have, within the brakes. It is a NotFound when the organization has no such connection, and a Conflict
// when it was retired before.
func (e *Engine) Retire(ctx context.Context, org directory.OrgNum, name string, cause directory.Cause) error {
	return e.update(ctx, org, cause, func(s *settlement) error {
		row, known, err := s.tx.Connection(name)
		switch {
		case err != nil:
			return err
		case !known || row.Org != org:
			return directory.Errorf(directory.NotFound, "There is no connection %q in this organization; `usher connections list` shows those there are.", name)
		case !row.Retired.IsZero():
			return directory.Errorf(directory.Conflict, "The connection %s was retired already, on %s.", name, dayText(row.Retired))
		}
		if err := s.tx.RetireConnection(name, s.now); err != nil {
			return err
		}
		users, err := s.tx.CountUsers(row.Num)
		if err != nil {
			return err
		}
		groups, err := s.tx.CountGroups(row.Num)
		if err != nil {
			return err
		}
		entry := s.newEntry(kindConnRetired)
		entry.Conn = row.Num
		entry.Notes = []string{
			fmt.Sprintf("the connection %s takes nothing any more; its users (%d) and groups (%d) are being deleted", name, users, groups),
			"the sessions that began by it have ended",
		}
		if err := s.append([]*pending{{entry: entry}}); err != nil {
			return err
		}
		s.jobs = append(s.jobs, s.job(directory.JobRetire, org, row.Num, directory.NoID))
		return s.write(nil)
	})
}

func dayText(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// retireBatch deletes the next users of a retired connection, then its groups, which are empty of users by then: leaving
// a group and leaving altogether are not told twice. What is deleted needs no cursor, so that a kill loses nothing.
func (e *Engine) retireBatch(ctx context.Context, job *directory.Job, cause directory.Cause) error {
	return e.update(ctx, job.Org, cause, func(s *settlement) error {
		s.conn, s.leftConn, s.retiring = job.Conn, job.Conn, job.Conn
		s.writer = s.speaking()
		j := *job
		n, err := s.deleteNext(&j)
		if err != nil {
			return err
		}
		if j.Done += n; n == 0 { // records that went while the connection was paused are still with their people
			s.jobs = append(s.jobs, s.job(directory.JobSettleOrg, job.Org, 0, directory.NoID))
		}
		if err := s.finish(); err != nil {
			return err
		}
		if n == 0 {
			return s.tx.DeleteJobs([]directory.ID{j.ID})
		}
		return s.tx.PutJobs([]*directory.Job{&j})
	})
}

// deleteNext deletes the next users or groups of a job's connection, and returns how many.
func (s *settlement) deleteNext(j *directory.Job) (int, error) {
	users, err := s.tx.ListUsers(j.Conn, store.Page{Limit: batch})
	if err != nil {
		return 0, err
	}
	for _, u := range users {
		if err := s.writer.DeleteUser(u.ID, facts.Match{}); err != nil {
			return 0, err
		}
	}
	if len(users) > 0 {
		return len(users), nil
	}
	groups, err := s.tx.ListGroups(j.Conn, store.Page{Limit: batch})
	if err != nil {
		return 0, err
	}
	for _, g := range groups {
		if err := s.writer.DeleteGroup(g.ID, facts.Match{}); err != nil {
			return 0, err
		}
	}
	return len(groups), nil
}

// refuseRetired is the error of a push to a connection that was retired, nil for any other.
func (s *settlement) refuseRetired(c directory.ConnNum) error {
	row, _, err := s.tx.Connection(s.conns[c])
	if err != nil || row.Retired.IsZero() {
		return err
	}
	return Retired(s.conns[c], row.Retired)
}

// Retired is the error of everything that a connection was asked for since it was retired.
func Retired(name string, at time.Time) error {
	return directory.Errorf(directory.Forbidden,
		"The connection %s was retired on %s and takes nothing any more. Stop provisioning to this address, or ask the administrator for another one.", name, dayText(at))
}

// isRetired reports whether a connection was retired. It is asked of connections whose providers are not heard alone.
func (s *settlement) isRetired(c directory.ConnNum) (bool, error) {
	row, _, err := s.tx.Connection(s.conns[c])
	return err == nil && !row.Retired.IsZero(), err
}

// leftBehind reports whether a record that somebody still has went while its connection was not heard, and nobody will
// ever speak of it again because the connection was retired.
func (s *settlement) leftBehind(ref directory.UserRef) (bool, error) {
	retired, err := s.isRetired(ref.Conn)
	if err != nil || !retired {
		return false, err
	}
	rows, err := s.tx.Users(ref.Conn, []directory.ID{ref.ID})
	return err == nil && rows[0] == nil, err
}

// ConnectionProblems says what is wrong between a file's connections and those of the store: an error for each that has
// users and is no longer in the file, and a warning for each in the file that was retired.
func ConnectionProblems(tx store.Tx, org directory.OrgNum, file *config.Organization) ([]directory.Problem, error) {
	rows, err := tx.Connections()
	if err != nil {
		return nil, err
	}
	inFile := make(map[string]bool, len(file.Connections))
	var problems []directory.Problem
	for i := range file.Connections {
		c := &file.Connections[i]
		inFile[c.ID] = true
		if row := rows[c.ID]; !row.Retired.IsZero() && row.Org == org {
			problems = append(problems, directory.Problem{
				Position: c.At, Severity: directory.SeverityWarning,
				Message: fmt.Sprintf("the connection %q was retired on %s and takes nothing any more", c.ID, dayText(row.Retired)),
				Fix:     "take it out of the file; a new connection needs another id",
			})
		}
	}
	for name, row := range rows {
		if row.Org != org || inFile[name] || !row.Retired.IsZero() {
			continue
		}
		n, err := tx.CountUsers(row.Num)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			problems = append(problems, directory.Problem{
				Position: file.Places.Of("connections", file.At), Severity: directory.SeverityError,
				Message: fmt.Sprintf("the connection %q is not in the file any more, and %s came by it", name, people(n)),
				Fix:     fmt.Sprintf("put it back, or end it first: `usher connections retire %s --organization %s --reason WHY`", name, file.ID),
			})
		}
	}
	return config.Sort(problems), nil
}

// keepsConnections refuses a policy that leaves out a connection by which people have come.
func keepsConnections(tx store.Tx, org directory.OrgNum, file *config.Organization) error {
	problems, err := ConnectionProblems(tx, org, file)
	if err != nil {
		return err
	}
	for _, p := range problems {
		if p.Severity == directory.SeverityError {
			return directory.Errorf(directory.Conflict, "%s: %s; %s.", p.Position, p.Message, p.Fix)
		}
	}
	return nil
}

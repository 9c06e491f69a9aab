package provision_test

import (
	"context"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// cost is what transactions asked of the store.
type cost struct {
	Reads, RowsRead     int // calls, and the rows that came back
	Writes, RowsWritten int // calls, and the rows that went in
	Brakes              int // calls about what the brakes count, read or written
}

// counting is a store that counts what updates cost.
type counting struct {
	store.Store
	cost cost
}

func (s *counting) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		s.cost = cost{}
		return fn(&countingTx{Tx: tx, cost: &s.cost})
	})
}

// countingTx counts the calls of every method that reads or writes people, groups, memberships, journal and jobs.
type countingTx struct {
	store.Tx
	*cost
}

// read counts a call that returned rows.
func (c *cost) read(rows int) {
	c.Reads++
	c.RowsRead += rows
}

// write counts a call that was given rows; a call with none writes nothing.
func (c *cost) write(rows int) {
	if rows > 0 {
		c.Writes++
		c.RowsWritten += rows
	}
}

func (t *countingTx) Users(c directory.ConnNum, ids []directory.ID) ([]*directory.User, error) {
	out, err := t.Tx.Users(c, ids)
	t.read(len(out))
	return out, err
}

func (t *countingTx) ListUsers(c directory.ConnNum, p store.Page) ([]*directory.User, error) {
	out, err := t.Tx.ListUsers(c, p)
	t.read(len(out))
	return out, err
}

func (t *countingTx) FindUsers(c directory.ConnNum, key directory.Key) ([]directory.ID, error) {
	out, err := t.Tx.FindUsers(c, key)
	t.read(len(out))
	return out, err
}

func (t *countingTx) PutUsers(users []*directory.User) error {
	t.write(len(users))
	return t.Tx.PutUsers(users)
}

func (t *countingTx) DeleteUsers(c directory.ConnNum, ids []directory.ID) error {
	t.write(len(ids))
	return t.Tx.DeleteUsers(c, ids)
}

func (t *countingTx) Groups(c directory.ConnNum, ids []directory.ID) ([]*directory.Group, error) {
	out, err := t.Tx.Groups(c, ids)
	t.read(len(out))
	return out, err
}

func (t *countingTx) ListGroups(c directory.ConnNum, p store.Page) ([]*directory.Group, error) {
	out, err := t.Tx.ListGroups(c, p)
	t.read(len(out))
	return out, err
}

func (t *countingTx) FindGroups(c directory.ConnNum, key directory.Key) ([]directory.ID, error) {
	out, err := t.Tx.FindGroups(c, key)
	t.read(len(out))
	return out, err
}

func (t *countingTx) PutGroups(groups []*directory.Group) error {
	t.write(len(groups))
	return t.Tx.PutGroups(groups)
}

func (t *countingTx) DeleteGroups(c directory.ConnNum, ids []directory.ID) error {
	t.write(len(ids))
	return t.Tx.DeleteGroups(c, ids)
}

func (t *countingTx) Children(c directory.ConnNum, group directory.ID, after directory.Child, limit int) ([]directory.Child, error) {
	out, err := t.Tx.Children(c, group, after, limit)
	t.read(len(out))
	return out, err
}

func (t *countingTx) HasChildren(c directory.ConnNum, group directory.ID, children []directory.Child) ([]bool, error) {
	out, err := t.Tx.HasChildren(c, group, children)
	t.read(len(out))
	return out, err
}

func (t *countingTx) Parents(c directory.ConnNum, children []directory.Child) ([][]directory.ID, error) {
	out, err := t.Tx.Parents(c, children)
	for _, parents := range out {
		t.RowsRead += len(parents)
	}
	t.read(0)
	return out, err
}

// AddEdges counts the edges that were not there yet: the others are only looked at.
func (t *countingTx) AddEdges(c directory.ConnNum, group directory.ID, children []directory.Child) ([]directory.Child, error) {
	out, err := t.Tx.AddEdges(c, group, children)
	t.read(len(children))
	t.write(len(out))
	return out, err
}

// RemoveEdges counts the edges that there were.
func (t *countingTx) RemoveEdges(c directory.ConnNum, group directory.ID, children []directory.Child) ([]directory.Child, error) {
	out, err := t.Tx.RemoveEdges(c, group, children)
	t.read(len(children))
	t.write(len(out))
	return out, err
}

func (t *countingTx) Parked(c directory.ConnNum, values []string) ([][]directory.Parked, error) {
	out, err := t.Tx.Parked(c, values)
	for _, parked := range out {
		t.RowsRead += len(parked)
	}
	t.read(0)
	return out, err
}

func (t *countingTx) PutParked(c directory.ConnNum, parked []directory.Parked) error {
	t.write(len(parked))
	return t.Tx.PutParked(c, parked)
}

func (t *countingTx) DeleteParked(c directory.ConnNum, parked []directory.Parked) error {
	t.write(len(parked))
	return t.Tx.DeleteParked(c, parked)
}

func (t *countingTx) Identities(c directory.ConnNum, subjects []string) ([]directory.ID, error) {
	out, err := t.Tx.Identities(c, subjects)
	t.read(len(out))
	return out, err
}

func (t *countingTx) PutIdentity(c directory.ConnNum, subject string, member directory.ID) error {
	t.write(1)
	return t.Tx.PutIdentity(c, subject, member)
}

func (t *countingTx) Members(org directory.OrgNum, ids []directory.ID) ([]*directory.Member, error) {
	out, err := t.Tx.Members(org, ids)
	t.read(len(out))
	return out, err
}

func (t *countingTx) ListMembers(org directory.OrgNum, p store.Page) ([]*directory.Member, error) {
	out, err := t.Tx.ListMembers(org, p)
	t.read(len(out))
	return out, err
}

func (t *countingTx) FindMembers(org directory.OrgNum, key directory.Key, after directory.ID, limit int) ([]directory.ID, error) {
	out, err := t.Tx.FindMembers(org, key, after, limit)
	t.read(len(out))
	return out, err
}

func (t *countingTx) PutMembers(members []*directory.Member) error {
	t.write(len(members))
	return t.Tx.PutMembers(members)
}

func (t *countingTx) Grants(org directory.OrgNum, members []directory.ID) ([][]*directory.Grant, error) {
	out, err := t.Tx.Grants(org, members)
	t.read(len(out))
	return out, err
}

func (t *countingTx) PutGrants(grants []*directory.Grant) error {
	t.write(len(grants))
	return t.Tx.PutGrants(grants)
}

func (t *countingTx) DeleteGrants(grants []*directory.Grant) error {
	t.write(len(grants))
	return t.Tx.DeleteGrants(grants)
}

func (t *countingTx) Append(entries []*directory.Entry, details []*directory.Detail) error {
	t.write(len(entries))
	return t.Tx.Append(entries, details)
}

func (t *countingTx) ListEntries(after uint64, limit int, descending bool) ([]*directory.Entry, error) {
	out, err := t.Tx.ListEntries(after, limit, descending)
	t.read(len(out))
	return out, err
}

func (t *countingTx) PutJobs(jobs []*directory.Job) error {
	t.write(len(jobs))
	return t.Tx.PutJobs(jobs)
}

func (t *countingTx) PutBindings(bindings []directory.Binding) error {
	t.write(len(bindings))
	return t.Tx.PutBindings(bindings)
}

func (t *countingTx) ListHolds(org directory.OrgNum) ([]*directory.Hold, error) {
	out, err := t.Tx.ListHolds(org)
	t.read(len(out))
	return out, err
}

func (t *countingTx) PutHold(h *directory.Hold) error {
	t.write(1)
	return t.Tx.PutHold(h)
}

func (t *countingTx) HeldMembers(org directory.OrgNum, hold directory.ID, members []directory.ID) ([]*directory.HeldMember, error) {
	out, err := t.Tx.HeldMembers(org, hold, members)
	t.read(len(out))
	return out, err
}

func (t *countingTx) PutHeldMembers(rows []*directory.HeldMember) error {
	t.write(len(rows))
	return t.Tx.PutHeldMembers(rows)
}

func (t *countingTx) PutBraked(rows []*directory.Braked) error {
	t.Brakes++
	t.write(len(rows))
	return t.Tx.PutBraked(rows)
}

func (t *countingTx) DeleteBraked(rows []*directory.Braked) error {
	t.Brakes++
	t.write(len(rows))
	return t.Tx.DeleteBraked(rows)
}

func (t *countingTx) CountBraked(org directory.OrgNum, kind string, scope directory.ID, since time.Time, limit int) (int, error) {
	n, err := t.Tx.CountBraked(org, kind, scope, since, limit)
	t.Brakes++
	t.read(n)
	return n, err
}

func (t *countingTx) BrakedOf(org directory.OrgNum, member directory.ID) ([]*directory.Braked, error) {
	out, err := t.Tx.BrakedOf(org, member)
	t.Brakes++
	t.read(len(out))
	return out, err
}

func (t *countingTx) ListExpectations(org directory.OrgNum) ([]*directory.Expectation, error) {
	out, err := t.Tx.ListExpectations(org)
	t.Brakes++
	t.read(len(out))
	return out, err
}

package facts

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/mixus/usher/directory"
)

// InlineLimit is how many people one change settles in its own transaction; more become jobs.
const InlineLimit = 500

// batch is how many rows are read or written at a time, so that a push of 200,000 members needs the memory of few.
const batch = 1000

// delta is what member operations did to a group.
type delta struct {
	added, removed int
	people         []directory.ID // whose memberships changed, while they are few
	values         []directory.DetailValue
}

// applyMembers applies operations in order to the edges of a group, counts its members anew, and touches the people
// whose memberships changed. g is changed.
func (w *Writer) applyMembers(g *directory.Group, ops []MemberOp) (delta, error) {
	var d delta
	var came, went []directory.Child
	for _, op := range ops {
		a, r, err := w.applyMember(g, op)
		if err != nil {
			return d, err
		}
		came, went = append(came, a...), append(went, r...)
	}
	came, went = net(came, went)
	d.added, d.removed = len(came), len(went)
	g.Members += d.added - d.removed
	if d.added+d.removed == 0 {
		return d, nil
	}
	people, err := w.touchChildren(came, directory.NoID)
	if err != nil {
		return d, err
	}
	left, err := w.touchChildren(went, g.ID)
	if err != nil {
		return d, err
	}
	people = append(people, left...)
	if len(people) <= InlineLimit {
		d.people = people
		d.values = membersSaid(came, went)
	}
	return d, nil
}

// net leaves out the children that went and came back: an identity provider that removes and adds the same member in one
// request changes nothing.
func net(came, went []directory.Child) (added, removed []directory.Child) {
	if len(came) == 0 || len(went) == 0 {
		return came, went
	}
	balance := make(map[directory.Child]int, len(came)+len(went))
	for _, c := range came {
		balance[c]++
	}
	for _, c := range went {
		balance[c]--
	}
	keep := func(list []directory.Child, sign int) []directory.Child {
		var out []directory.Child
		for _, c := range list {
			if balance[c] == sign {
				balance[c] = 0
				out = append(out, c)
			}
		}
		return out
	}
	return keep(came, 1), keep(went, -1)
}

// membersSaid returns which children came and went, by id, so that the history of a group tells when and by whom each
// membership was made.
func membersSaid(came, went []directory.Child) []directory.DetailValue {
	list := func(children []directory.Child) json.RawMessage {
		names := make([]string, len(children))
		for i, c := range children {
			names[i] = c.Value
			if c.Kind != directory.ChildParked {
				names[i] = c.ID.String()
			}
		}
		text, err := json.Marshal(names)
		if err != nil {
			return nil // strings always marshal
		}
		return text
	}
	v := directory.DetailValue{Attribute: "members"}
	if len(came) > 0 {
		v.After = list(came)
	}
	if len(went) > 0 {
		v.Before = list(went)
	}
	return []directory.DetailValue{v}
}

func (w *Writer) applyMember(g *directory.Group, op MemberOp) (came, went []directory.Child, err error) {
	children, err := w.resolve(op.Values)
	if err != nil {
		return nil, nil, err
	}
	switch op.Op {
	case MemberAdd:
		came, err = w.addChildren(g, children)
	case MemberRemove:
		// A value may be parked under what it was called then, and be known by now.
		for _, v := range op.Values {
			children = append(children, directory.Child{Kind: directory.ChildParked, Value: parkedValue(v)})
		}
		went, err = w.tx.RemoveEdges(w.Conn, g.ID, children)
	case MemberReplace:
		if went, err = w.removeOthers(g, children); err == nil {
			came, err = w.addChildren(g, children)
		}
	}
	return came, went, err
}

func (w *Writer) addChildren(g *directory.Group, children []directory.Child) ([]directory.Child, error) {
	if err := w.refuseCycle(g.ID, children); err != nil {
		return nil, err
	}
	var came []directory.Child
	for len(children) > 0 {
		n := min(batch, len(children))
		added, err := w.tx.AddEdges(w.Conn, g.ID, children[:n])
		if err != nil {
			return nil, err
		}
		came = append(came, added...)
		children = children[n:]
	}
	return came, nil
}

// removeOthers ends the membership of everybody who is not among the children that stay.
func (w *Writer) removeOthers(g *directory.Group, stay []directory.Child) ([]directory.Child, error) {
	keep := make(map[directory.Child]bool, len(stay))
	for _, c := range stay {
		keep[c] = true
	}
	var went []directory.Child
	var after directory.Child
	for {
		page, err := w.tx.Children(w.Conn, g.ID, after, batch)
		if err != nil || len(page) == 0 {
			return went, err
		}
		after = page[len(page)-1]
		var leave []directory.Child
		for _, c := range page {
			if !keep[c] {
				leave = append(leave, c)
			}
		}
		removed, err := w.tx.RemoveEdges(w.Conn, g.ID, leave)
		if err != nil {
			return nil, err
		}
		went = append(went, removed...)
	}
}

// resolve finds what each value of a member means: a user, a group, or nobody yet.
func (w *Writer) resolve(values []string) ([]directory.Child, error) {
	out := make([]directory.Child, 0, len(values))
	seen := make(map[directory.Child]bool, len(values))
	for len(values) > 0 {
		n := min(batch, len(values))
		children, err := w.resolveBatch(values[:n])
		if err != nil {
			return nil, err
		}
		for _, c := range children {
			if !seen[c] {
				seen[c] = true
				out = append(out, c)
			}
		}
		values = values[n:]
	}
	return out, nil
}

func (w *Writer) resolveBatch(values []string) ([]directory.Child, error) {
	ids := make([]directory.ID, len(values))
	for i, v := range values {
		ids[i], _ = directory.ParseID(v) // the zero ID is nobody's
	}
	users, err := w.tx.Users(w.Conn, ids)
	if err != nil {
		return nil, err
	}
	out := make([]directory.Child, len(values))
	for i, v := range values {
		if users[i] != nil {
			out[i] = directory.Child{Kind: directory.ChildUser, ID: ids[i]}
		} else if out[i], err = w.resolveOther(v, ids[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (w *Writer) resolveOther(v string, id directory.ID) (directory.Child, error) {
	if !id.IsZero() {
		g, err := w.Group(id)
		if err != nil {
			return directory.Child{}, err
		}
		if g != nil {
			return directory.Child{Kind: directory.ChildGroup, ID: id}, nil
		}
	}
	u, err := FindUser(w.tx, w.Conn, v)
	if err != nil {
		return directory.Child{}, err
	}
	if u != nil {
		return directory.Child{Kind: directory.ChildUser, ID: u.ID}, nil
	}
	return directory.Child{Kind: directory.ChildParked, Value: parkedValue(v)}, nil
}

// refuseCycle refuses nested groups that contain the group they would be nested in, however far up.
func (w *Writer) refuseCycle(group directory.ID, children []directory.Child) error {
	nested := func(c directory.Child) bool { return c.Kind == directory.ChildGroup }
	if !slices.ContainsFunc(children, nested) {
		return nil
	}
	above, err := ancestors(w.tx, w.Conn, directory.Child{Kind: directory.ChildGroup, ID: group}, math.MaxInt)
	if err != nil {
		return err
	}
	contains := map[directory.ID]bool{group: true}
	for _, a := range above {
		contains[a.ID] = true
	}
	for _, c := range children {
		if nested(c) && contains[c.ID] {
			return &directory.Error{
				Kind: directory.Invalid, Field: "members", Code: "invalidValue",
				Message: "The group " + c.ID.String() + " contains this group already. Groups cannot contain each other.",
			}
		}
	}
	return nil
}

// touchChildren touches the people behind children of a group: users themselves, and everybody below nested groups. It
// returns the people who are direct members. More than InlineLimit of them are left to jobs. Left is the group that the
// children left, the zero ID for those who came.
func (w *Writer) touchChildren(children []directory.Child, left directory.ID) ([]directory.ID, error) {
	var users []directory.ID
	for _, c := range children {
		switch c.Kind {
		case directory.ChildUser:
			users = append(users, c.ID)
		case directory.ChildGroup:
			if err := w.touchBelow(c.ID, left); err != nil {
				return nil, err
			}
		case directory.ChildParked: // nobody yet
		}
	}
	if len(users) > InlineLimit {
		w.enqueueUsers(users, left)
		return users, nil
	}
	return w.touchUsers(users, left)
}

func (w *Writer) touchUsers(ids []directory.ID, left directory.ID) ([]directory.ID, error) {
	rows, err := w.tx.Users(w.Conn, ids)
	if err != nil {
		return nil, err
	}
	people := make([]directory.ID, 0, len(rows))
	for _, u := range rows {
		if u != nil {
			t := w.Touch(u.Member)
			if !left.IsZero() {
				t.Left = append(t.Left, left)
			}
			people = append(people, u.Member)
		}
	}
	return people, nil
}

// touchBelow touches everybody below a group, or leaves them to a job when they are more than InlineLimit.
func (w *Writer) touchBelow(group, left directory.ID) error {
	users, err := Below(w.tx, w.Conn, group, InlineLimit+1)
	if err != nil {
		return err
	}
	if len(users) > InlineLimit {
		w.enqueue(directory.JobSettleGroup, group, nil, left)
		return nil
	}
	_, err = w.touchUsers(users, left)
	return err
}

func (w *Writer) enqueue(kind directory.JobKind, key directory.ID, cursor []byte, left directory.ID) {
	w.jobs = append(w.jobs, &directory.Job{
		ID: w.IDs.New(w.Now), Kind: kind, Org: w.Org, Conn: w.Conn, Key: key, Cursor: cursor, Left: left,
	})
}

// enqueueUsers leaves people to jobs of InlineLimit each, by the ids of their users.
func (w *Writer) enqueueUsers(users []directory.ID, left directory.ID) {
	for len(users) > 0 {
		n := min(InlineLimit, len(users))
		list := make([]byte, 0, n*len(directory.ID{}))
		for _, id := range users[:n] {
			list = append(list, id[:]...)
		}
		w.enqueue(directory.JobSettleUsers, directory.NoID, list, left)
		users = users[n:]
	}
}

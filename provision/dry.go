package provision

import (
	"encoding/binary"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// dry returns a settlement under another policy that decides as the real one would and writes nothing.
func (e *Engine) dry(tx store.Tx, org directory.OrgNum, policy *mapping.Policy) (*settlement, error) {
	return e.dryAfter(tx, org, policy, nil)
}

// dryAfter is dry for the next page of a plan. It takes over what the page before has read of groups: what has changed
// since stands in the journal after the plan's position, and apply looks at it again.
func (e *Engine) dryAfter(tx store.Tx, org directory.OrgNum, policy *mapping.Policy, before *settlement) (*settlement, error) {
	active, err := e.active(tx, org)
	if err != nil && directory.KindOf(err) != directory.NotFound {
		return nil, err
	}
	s := &settlement{
		engine: e, now: e.Now().UTC(), cause: directory.Cause{Kind: directory.CausePolicy}, org: org, dry: true,
		orgName: active.org, conns: active.conns, policy: policy, formerTop: active.formerTop, revision: active.number,
		settled: map[directory.ID]*outcome{},
	}
	if active.policy != nil && active.policy.TopRole() != policy.TopRole() {
		if _, still := policy.Role(active.policy.TopRole()); !still {
			s.formerTop = active.policy.TopRole()
		}
	}
	s.allowed = allowedOtherwise(active.policy, policy)
	u := unwritten{
		Tx: tx, groups: map[directory.ID]*directory.Group{}, above: map[directory.ID][]directory.ID{},
		sets: map[string][]mapping.Group{},
	}
	if before != nil {
		if was, ok := before.tx.(unwritten); ok {
			u.groups, u.above, u.sets, s.wouldBind = was.groups, was.above, was.sets, before.wouldBind
		}
		s.settled = before.settled
		clear(s.settled)
	}
	s.tx = u
	if s.wouldBind == nil {
		s.wouldBind, err = wouldBind(tx, org, policy)
	}
	return s, err
}

// wouldBind returns, for each group, the names that activating a policy would bind to it.
func wouldBind(tx store.Tx, org directory.OrgNum, policy *mapping.Policy) (map[directory.ID][]string, error) {
	conns, err := tx.Connections()
	if err != nil {
		return nil, err
	}
	out := map[directory.ID][]string{}
	for _, row := range conns {
		if row.Org != org {
			continue
		}
		names := policy.GroupNames()
		bound, err := tx.Bindings(row.Num, names)
		if err != nil {
			return nil, err
		}
		for i, name := range names {
			if !bound[i].IsZero() {
				continue
			}
			ids, err := tx.FindGroups(row.Num, directory.Key{Attribute: directory.AttrDisplayName, Value: name})
			if err != nil {
				return nil, err
			}
			if len(ids) > 0 {
				out[ids[0]] = append(out[ids[0]], name)
			}
		}
	}
	return out, nil
}

// unwritten is a transaction in which deciding changes nothing. It keeps what a plan reads more than once: the page of
// members that it walks, and the groups that they share.
type unwritten struct {
	store.Tx
	page   []*directory.Member // of a plan
	groups map[directory.ID]*directory.Group
	above  map[directory.ID][]directory.ID // group → those that it is in
	sets   map[string][]mapping.Group      // setKey → groups as rules see them, with those above
}

// setKey is by what the groups that somebody is in directly are known: many people are in the same ones.
func (unwritten) setKey(c directory.ConnNum, groups []directory.ID) []byte {
	key := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(groups)*len(directory.ID{})), uint32(c))
	for i := range groups {
		key = append(key, groups[i][:]...)
	}
	return key
}

// Members returns members, those of the page without reading them again.
func (u unwritten) Members(org directory.OrgNum, ids []directory.ID) ([]*directory.Member, error) {
	if slices.EqualFunc(u.page, ids, func(m *directory.Member, id directory.ID) bool { return m.ID == id }) {
		return slices.Clone(u.page), nil // which is the caller's
	}
	return u.Tx.Members(org, ids)
}

// Groups returns groups, each read once.
func (u unwritten) Groups(c directory.ConnNum, ids []directory.ID) ([]*directory.Group, error) {
	out := make([]*directory.Group, len(ids))
	for i, id := range ids {
		if known, ok := u.groups[id]; ok {
			out[i] = known
			continue
		}
		rows, err := u.Tx.Groups(c, []directory.ID{id})
		if err != nil {
			return nil, err
		}
		out[i], u.groups[id] = rows[0], rows[0]
	}
	return out, nil
}

// Parents returns the groups that children are in, those of groups read once.
func (u unwritten) Parents(c directory.ConnNum, children []directory.Child) ([][]directory.ID, error) {
	out := make([][]directory.ID, len(children))
	for i, child := range children {
		if known, ok := u.above[child.ID]; ok && child.Kind == directory.ChildGroup {
			out[i] = known
			continue
		}
		rows, err := u.Tx.Parents(c, children[i:i+1])
		if err != nil {
			return nil, err
		}
		if out[i] = rows[0]; child.Kind == directory.ChildGroup {
			u.above[child.ID] = rows[0]
		}
	}
	return out, nil
}

func (unwritten) PutHold(*directory.Hold) error                        { return nil }
func (unwritten) DeleteHold(directory.OrgNum, directory.ID) error      { return nil }
func (unwritten) PutHeldMembers([]*directory.HeldMember) error         { return nil }
func (unwritten) DeleteHeldMembers([]*directory.HeldMember) error      { return nil }
func (unwritten) PutBraked([]*directory.Braked) error                  { return nil }
func (unwritten) DeleteBraked([]*directory.Braked) error               { return nil }
func (unwritten) PutGrants([]*directory.Grant) error                   { return nil }
func (unwritten) DeleteGrants([]*directory.Grant) error                { return nil }
func (unwritten) PutJobs([]*directory.Job) error                       { return nil }
func (unwritten) PutMembers([]*directory.Member) error                 { return nil }
func (unwritten) Append([]*directory.Entry, []*directory.Detail) error { return nil }

package provision

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// PastGroup is a group that a record was in, as far as the group's history tells.
type PastGroup struct {
	ID      directory.ID
	Name    string // the present one; "" for a group that was deleted since
	Via     string // the group through which the record was in it
	Said    *JournalLine
	Doubt   string // why it is not certain; "" when it is
	Renamed bool   // it had another name then
}

const (
	pastGroupLimit = 2000 // how many entries of one group are followed
	pastGroups     = 200  // how many groups are looked at
	pastNesting    = 8    // how deep groups within groups are followed
	pastNeighbours = 50   // for how many entries of a person the groups of the same request are looked for
	pastHop        = 64   // how many entries are read at once for that
)

// groupRef is a group of a connection.
type groupRef struct {
	conn directory.ConnNum
	id   directory.ID
}

// mentionedGroups returns the groups that the person's history names, or that changed in a request from which something
// followed for them, each with the newest entry that is known about it.
func (b *pastBuilder) mentionedGroups() (map[groupRef]uint64, error) {
	found := map[groupRef]uint64{}
	add := func(l *directory.Entry) {
		for _, about := range l.Subjects {
			if about.Kind == directory.SubjectGroup {
				ref := groupRef{l.Conn, about.ID}
				found[ref] = max(found[ref], l.Seq)
			}
		}
	}
	var near []*JournalLine
	for i, l := range b.lines {
		add(&l.Entry)
		if l.Kind == "member.changed" && l.Cause.Kind == directory.CauseSCIM && i >= b.then-pastNeighbours/2 && len(near) < pastNeighbours {
			near = append(near, l)
		}
	}
	for _, l := range near {
		if err := b.neighbours(l, add); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// neighbours tells the entries before one that the same transaction wrote: what a provider changed stands before what
// followed for people.
func (b *pastBuilder) neighbours(l *JournalLine, add func(*directory.Entry)) error {
	for last := l.Seq; last > 1; {
		var seqs []uint64
		for seq := last - 1; seq > 0 && len(seqs) < pastHop; seq-- {
			seqs = append(seqs, seq)
		}
		last = seqs[len(seqs)-1]
		same := true
		err := b.engine.Store.View(b.ctx, func(tx store.Tx) error {
			entries, err := tx.Entries(seqs)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if same = e != nil && e.Org == b.org && e.Cause == l.Cause && e.At.Equal(l.At); !same {
					return nil
				}
				add(e)
			}
			return nil
		})
		if err != nil || !same {
			return err
		}
	}
	return nil
}

// groupsOf finds the groups that a record was in: those that it is in, and those that are mentioned, asked one by one.
func (b *pastBuilder) groupsOf(a *PastAccount, r *pastRecord, mentioned map[groupRef]uint64) error {
	names := []string{r.ref.ID.String(), a.Profile.ExternalID, a.Profile.UserName} // a member may be pushed before the user
	child := directory.Child{Kind: directory.ChildUser, ID: r.ref.ID}
	done := map[directory.ID]bool{}
	type step struct {
		child directory.Child
		names []string
		via   string
	}
	level := []step{{child, names, ""}}
	for depth := 0; depth < pastNesting && len(level) > 0; depth++ {
		var next []step
		for _, at := range level {
			candidates, err := b.candidates(r.ref.Conn, at.child, mentioned)
			if err != nil {
				return err
			}
			for _, id := range candidates {
				if done[id] {
					continue
				}
				if len(done) >= pastGroups {
					b.unknown("more than %d groups may have been the person's; the others are left out", pastGroups)
					return nil
				}
				g, err := b.membership(groupRef{r.ref.Conn, id}, mentioned[groupRef{r.ref.Conn, id}], at.child, at.names)
				if err != nil {
					return err
				}
				if g == nil {
					continue
				}
				done[id] = true
				g.Via = at.via
				a.Groups = append(a.Groups, *g)
				via := at.via
				if via == "" {
					via = g.Name
				}
				next = append(next, step{directory.Child{Kind: directory.ChildGroup, ID: id}, []string{id.String()}, via})
			}
		}
		level = next
	}
	return nil
}

// candidates returns the groups that a child may have been in.
func (b *pastBuilder) candidates(conn directory.ConnNum, child directory.Child, mentioned map[groupRef]uint64) ([]directory.ID, error) {
	var ids []directory.ID
	err := b.engine.Store.View(b.ctx, func(tx store.Tx) error {
		parents, err := tx.Parents(conn, []directory.Child{child})
		ids = parents[0]
		return err
	})
	for ref := range mentioned {
		if ref.conn == conn && !slices.Contains(ids, ref.id) {
			ids = append(ids, ref.id)
		}
	}
	slices.SortFunc(ids, func(x, y directory.ID) int { return strings.Compare(string(x[:]), string(y[:])) })
	return ids, err
}

// membership says whether a child was in a group, nil when it was not: the first entry after the instant that names the
// child says what was before it, and the last one until then what had come to be.
func (b *pastBuilder) membership(ref groupRef, head uint64, child directory.Child, names []string) (*PastGroup, error) {
	g := &PastGroup{ID: ref.id}
	var now, listed bool
	err := b.engine.Store.View(b.ctx, func(tx store.Tx) error {
		rows, err := tx.Groups(ref.conn, []directory.ID{ref.id})
		if err != nil {
			return err
		}
		if row := rows[0]; row != nil {
			head = max(head, row.Entry)
			g.Name = row.DisplayName
			there, err := tx.HasChildren(ref.conn, ref.id, []directory.Child{child})
			if err != nil {
				return err
			}
			now = there[0]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	listed = true
	was, told, existed := now, false, false
	complete, err := b.engine.walk(b.ctx, chain{directory.SubjectGroup, ref.id, head}, pastGroupLimit, func(l *JournalLine) bool {
		came, went := moves(l, names)
		named := saysWho(l)
		if !named && child.Kind == directory.ChildUser && l.Added+l.Removed == 1 && l.about(directory.SubjectMember) == b.Member.ID {
			came, went, named = l.Added == 1, l.Removed == 1, true // erased, and yet about nobody else
		}
		listed = listed && named
		if l.At.After(b.At) {
			if came || went {
				was, told = went, true
			}
			g.Renamed = g.Renamed || slices.Contains(l.Attributes, "displayName")
			return l.Kind != "group.created"
		}
		existed = true
		switch {
		case came, went:
			if !told {
				was = came
			}
			if came {
				g.Said = l
			}
			return false
		case l.Kind == "group.deleted":
			was = false
			return false
		}
		return true
	})
	if err != nil || complete && !existed || !was {
		return nil, err
	}
	switch {
	case !complete:
		g.Doubt = fmt.Sprintf("the newest %d entries of the group do not say since when", pastGroupLimit)
	case !listed:
		g.Doubt = "an entry of the group does not name its members: they were too many, or were erased"
	}
	return g, nil
}

// moves reports whether an entry says that one of these came to a group, or went.
func moves(l *JournalLine, names []string) (came, went bool) {
	for _, v := range l.Values {
		if v.Attribute == "members" {
			came, went = came || lists(v.After, names), went || lists(v.Before, names)
		}
	}
	return came, went
}

func lists(raw json.RawMessage, names []string) bool {
	var members []string
	if len(raw) == 0 || json.Unmarshal(raw, &members) != nil {
		return false
	}
	return slices.ContainsFunc(members, func(m string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.EqualFold(m, n) })
	})
}

// saysWho reports whether an entry of a group names those who came or went, if any did.
func saysWho(l *JournalLine) bool {
	return l.Added+l.Removed == 0 || slices.ContainsFunc(l.Values, func(v directory.DetailValue) bool { return v.Attribute == "members" })
}

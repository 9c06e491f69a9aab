package provision_test

import (
	"fmt"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)


type names map[string]directory.ID


// spec is drawn once, and made into ops for each world.
type spec struct {
	kind   int
	who    string
	group  string
	mgr    string
	active bool
	email  string
	member facts.MemberOpKind
	vals   []string
	swap   string
}

func draw(rt *rapid.T, deletes bool) []spec {
	n := rapid.IntRange(3, 25).Draw(rt, "n")
	var out []spec
	people := []string{"ann", "bob", "cid"}
	groups := []string{"Everyone", "Engineering", "Other", "Contractors"}
	for range n {
		s := spec{}
		hi := 7
		if !deletes {
			hi = 4
		}
		s.kind = rapid.IntRange(0, hi).Draw(rt, "kind")
		s.who = rapid.SampledFrom(people).Draw(rt, "who")
		s.group = rapid.SampledFrom(groups).Draw(rt, "group")
		s.mgr = rapid.SampledFrom([]string{"", "ext-ann", "bob@acme.com", "CID@acme.com", "mail-ann@acme.com"}).Draw(rt, "mgr")
		s.active = rapid.IntRange(0, 3).Draw(rt, "active") > 0
		s.email = rapid.SampledFrom([]string{"", "mail-" + s.who + "@acme.com"}).Draw(rt, "email")
		s.member = rapid.SampledFrom([]facts.MemberOpKind{'a', 'a', 'r', 's'}).Draw(rt, "op")
		s.vals = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ext-ann", "bob@acme.com", "mail-cid@acme.com", "#Engineering", "#Other", "#Everyone"}), 0, 3, rapid.ID[string]).Draw(rt, "vals")
		s.swap = rapid.SampledFrom([]string{"ext-" + s.who, "other-" + s.who}).Draw(rt, "swap")
		out = append(out, s)
	}
	return out
}

func (w *world) apply(f *facts.Writer, ids names, s spec) error {
	in := func(ext string) facts.UserInput {
		a := person(s.who).with(attrs{"externalId": ext, "active": s.active})
		if s.mgr != "" {
			a["manager"] = s.mgr
		}
		if s.email != "" {
			a["emails"] = []attrs{{"value": s.email, "type": "work"}}
		}
		return w.input(a)
	}
	gid := ids["#"+s.group]
	ignore := func(err error) error {
		switch directory.KindOf(err) {
		case directory.Conflict, directory.NotFound, directory.Invalid:
			return nil
		}
		return err
	}
	switch s.kind {
	case 0, 1: // create or replace
		if id, ok := ids[s.who]; ok {
			_, err := f.ReplaceUser(id, facts.Match{}, in("ext-"+s.who))
			return ignore(err)
		}
		u, err := f.CreateUser(in("ext-" + s.who))
		if err == nil {
			ids[s.who] = u.ID
		}
		return ignore(err)
	case 2, 3, 4:
		if gid.IsZero() {
			g, err := f.CreateGroup(facts.GroupInput{DisplayName: s.group}, nil)
			if err == nil {
				ids["#"+s.group] = g.ID
			}
			return ignore(err)
		}
		var vals []string
		for _, v := range s.vals {
			if v[0] == '#' {
				if id, ok := ids[v]; ok {
					vals = append(vals, id.String())
				}
				continue
			}
			vals = append(vals, v)
		}
		_, err := f.ModifyGroup(gid, facts.Match{}, nil, []facts.MemberOp{{Op: s.member, Values: vals}})
		return ignore(err)
	case 5:
		if id, ok := ids[s.who]; ok {
			delete(ids, s.who)
			return ignore(f.DeleteUser(id, facts.Match{}))
		}
	case 6:
		if !gid.IsZero() {
			delete(ids, "#"+s.group)
			return ignore(f.DeleteGroup(gid, facts.Match{}))
		}
	case 7:
		if id, ok := ids[s.who]; ok {
			_, err := f.ReplaceUser(id, facts.Match{}, in(s.swap))
			return ignore(err)
		}
	}
	return nil
}

type state struct {
	Status, Role, Dept, Manager string
	Users                       int
}

func (w *world) states(rt *rapid.T) map[string][]state {
	out := map[string][]state{}
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		out = map[string][]state{}
		c := w.conns["okta"]
		ms, err := tx.ListMembers(w.org, store.Page{Limit: 500})
		if err != nil {
			return err
		}
		byID := map[directory.ID]*directory.Member{}
		owner := map[directory.ID]directory.ID{}
		for _, m := range ms {
			byID[m.ID] = m
			for _, r := range m.Users {
				if o, dup := owner[r.ID]; dup {
					rt.Errorf("record %s belongs to %s and %s", r.ID, o, m.ID)
				}
				owner[r.ID] = m.ID
			}
		}
		us, err := tx.ListUsers(c, store.Page{Limit: 500})
		if err != nil {
			return err
		}
		live := map[directory.ID]bool{}
		for _, u := range us {
			live[u.ID] = true
			if owner[u.ID] != u.Member {
				rt.Errorf("user %s says member %s, members say %s", u.ID, u.Member, owner[u.ID])
			}
			if got, want := w.chainLen(tx, directory.SubjectUser, u.ID, u.Entry), w.scan(tx, directory.SubjectUser, u.ID); got != want {
				rt.Errorf("user chain %d, journal has %d", got, want)
			}
		}
		for id := range owner {
			if !live[id] {
				rt.Errorf("member has record %s that is gone", id)
			}
		}
		gs, err := tx.ListGroups(c, store.Page{Limit: 500})
		if err != nil {
			return err
		}
		for _, g := range gs {
			ch, err := tx.Children(c, g.ID, directory.Child{}, 1000)
			if err != nil {
				return err
			}
			if len(ch) != g.Members {
				rt.Errorf("group %s says %d has %d", g.DisplayName, g.Members, len(ch))
			}
			if got, want := w.chainLen(tx, directory.SubjectGroup, g.ID, g.Entry), w.scan(tx, directory.SubjectGroup, g.ID); got != want {
				rt.Errorf("group chain %d, journal has %d", got, want)
			}
		}
		for _, m := range ms {
			if got, want := w.chainLen(tx, directory.SubjectMember, m.ID, m.Entry), w.scan(tx, directory.SubjectMember, m.ID); got != want {
				rt.Errorf("member chain %d, journal has %d", got, want)
			}
			if len(m.Users) == 0 && m.Status == directory.StatusNone {
				continue
			}
			d := m.Decision
			mgr := ""
			if x := byID[d.ManagerID]; x != nil {
				mgr = x.Decision.Name
			}
			status := string(m.Status)
			if status == "suspended" {
				status = "none"
			}
			s := state{status, d.Role, d.Department, mgr, len(m.Users)}
			out[d.Name] = append(out[d.Name], s)
			sort.Slice(out[d.Name], func(i, j int) bool { return fmt.Sprint(out[d.Name][i]) < fmt.Sprint(out[d.Name][j]) })
		}
		return nil
	}))
	return out
}

func (w *world) chainLen(tx store.Tx, kind directory.SubjectKind, id directory.ID, last uint64) int {
	n := 0
	for last != 0 {
		es, err := tx.Entries([]uint64{last})
		w.must(err)
		n++
		last = 0
		for _, s := range es[0].Subjects {
			if s.Kind == kind && s.ID == id {
				last = s.Prev
			}
		}
	}
	return n
}

func (w *world) scan(tx store.Tx, kind directory.SubjectKind, id directory.ID) int {
	es, err := tx.ListEntries(0, 1000, false)
	w.must(err)
	n := 0
	for _, e := range es {
		for _, s := range e.Subjects {
			if s.Kind == kind && s.ID == id {
				n++
			}
		}
	}
	return n
}

func TestAtkBatchIsSequence(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		specs := draw(rt, true)
		var first map[string][]state
		for _, batched := range []bool{false, true} {
			w, done := freshWorld(t, rt)
			ids := names{}
			for i := 0; i < len(specs); {
				n := 1
				if batched {
					n = min(len(specs)-i, rapid.IntRange(1, 8).Draw(rt, "batch"))
				}
				w.must(w.do("okta", func(f *facts.Writer) error {
					for _, s := range specs[i : i+n] {
						if err := w.apply(f, ids, s); err != nil {
							return err
						}
					}
					return nil
				}))
				i += n
			}
			w.idle()
			got := w.states(rt)
			last := w.lastEntry()
			w.settleAll()
			if w.lastEntry() != last {
				rt.Errorf("settleAll changed something: batched %v", batched)
			}
			done()
			if first == nil {
				first = got
			} else if diff := cmp.Diff(first, got); diff != "" {
				rt.Errorf("batched differs: %s", diff)
			}
			if rt.Failed() {
				for _, s := range specs {
					rt.Logf("%+v", s)
				}
				return
			}
		}
	})
}

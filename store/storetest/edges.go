package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func userChild(n int) directory.Child { return directory.Child{Kind: directory.ChildUser, ID: id(n)} }

func groupChild(n int) directory.Child { return directory.Child{Kind: directory.ChildGroup, ID: id(n)} }

func parkedChild(value string) directory.Child {
	return directory.Child{Kind: directory.ChildParked, Value: value}
}

func children(t *testing.T, s store.Store, c directory.ConnNum, group int) []directory.Child {
	t.Helper()
	return look(t, s, func(tx store.Tx) ([]directory.Child, error) {
		return tx.Children(c, id(group), directory.Child{}, 1000)
	})
}

func edges(t *testing.T, s store.Store) {
	var added, again []directory.Child
	write(t, s, func(tx store.Tx) (err error) {
		all := []directory.Child{userChild(1), userChild(2), groupChild(1), parkedChild("later")}
		if added, err = tx.AddEdges(1, id(10), all); err != nil {
			return err
		}
		if _, err = tx.AddEdges(1, id(11), []directory.Child{userChild(1)}); err != nil {
			return err
		}
		again, err = tx.AddEdges(1, id(10), []directory.Child{userChild(2), userChild(3), userChild(3), parkedChild("later")})
		return err
	})
	equal(t, "added", added, []directory.Child{userChild(1), userChild(2), groupChild(1), parkedChild("later")})
	equal(t, "added the second time", again, []directory.Child{userChild(3)})
	equal(t, "children", children(t, s, 1, 10),
		[]directory.Child{userChild(1), userChild(2), userChild(3), groupChild(1), parkedChild("later")})
	equal(t, "children in another connection", children(t, s, 2, 10), nil)

	has := look(t, s, func(tx store.Tx) ([]bool, error) {
		return tx.HasChildren(1, id(10), []directory.Child{groupChild(1), groupChild(2), userChild(3), parkedChild("later"), parkedChild("late")})
	})
	equal(t, "has", has, []bool{true, false, true, true, false})
	parents := look(t, s, func(tx store.Tx) ([][]directory.ID, error) {
		return tx.Parents(1, []directory.Child{userChild(1), userChild(9), groupChild(1), userChild(3)})
	})
	equal(t, "parents", parents, [][]directory.ID{ids(10, 12), nil, ids(10, 11), ids(10, 11)})

	var removed []directory.Child
	write(t, s, func(tx store.Tx) (err error) {
		removed, err = tx.RemoveEdges(1, id(10), []directory.Child{userChild(1), userChild(9), groupChild(1), parkedChild("later"), userChild(1)})
		return err
	})
	equal(t, "removed", removed, []directory.Child{userChild(1), groupChild(1), parkedChild("later")})
	equal(t, "children left", children(t, s, 1, 10), []directory.Child{userChild(2), userChild(3)})
	parents = look(t, s, func(tx store.Tx) ([][]directory.ID, error) {
		return tx.Parents(1, []directory.Child{userChild(1), groupChild(1)})
	})
	equal(t, "parents left", parents, [][]directory.ID{ids(11, 12), nil})
}

func childPages(t *testing.T, s store.Store) {
	var all []directory.Child
	for n := range 7 {
		all = append(all, userChild(n))
	}
	for n := range 3 {
		all = append(all, groupChild(n))
	}
	all = append(all, parkedChild("a"), parkedChild("ab"), parkedChild("b"))
	write(t, s, func(tx store.Tx) error {
		backwards := slices.Clone(all)
		slices.Reverse(backwards)
		_, err1 := tx.AddEdges(1, id(50), backwards)
		_, err2 := tx.AddEdges(1, id(51), []directory.Child{userChild(0)})
		return errors.Join(err1, err2)
	})
	var walked []directory.Child
	var last directory.Child
	for range len(all) {
		page := look(t, s, func(tx store.Tx) ([]directory.Child, error) { return tx.Children(1, id(50), last, 2) })
		if len(page) == 0 {
			break
		}
		if len(page) > 2 {
			t.Errorf("a page of 2 has %d", len(page))
		}
		walked = append(walked, page...)
		last = page[len(page)-1]
	}
	equal(t, "children page by page", walked, all)
	none := look(t, s, func(tx store.Tx) ([]directory.Child, error) { return tx.Children(1, id(50), directory.Child{}, 0) })
	equal(t, "no rows asked for", none, nil)
	rest := look(t, s, func(tx store.Tx) ([]directory.Child, error) {
		return tx.Children(1, id(50), directory.Child{Kind: directory.ChildUser, ID: between(5)}, 2)
	})
	equal(t, "after a child that is none", rest, []directory.Child{userChild(6), groupChild(0)})
}

// edgeModel adds and removes edges in updates that succeed and that fail, and compares both directions with sets.
func edgeModel(t *testing.T, s store.Store) {
	conn := directory.ConnNum(0)
	rapid.Check(t, func(r *rapid.T) {
		conn++
		type edge struct {
			group int
			child directory.Child
		}
		model := map[edge]bool{}
		child := rapid.Custom(func(r *rapid.T) directory.Child {
			n := rapid.IntRange(0, 5).Draw(r, "child")
			return []directory.Child{userChild(n), groupChild(n), parkedChild(fmt.Sprint(n))}[rapid.IntRange(0, 2).Draw(r, "kind")]
		})
		for range rapid.IntRange(1, 6).Draw(r, "steps") {
			group := rapid.IntRange(100, 103).Draw(r, "group")
			list := rapid.SliceOfN(child, 1, 6).Draw(r, "children")
			add, fail := rapid.Bool().Draw(r, "add"), rapid.IntRange(0, 4).Draw(r, "fails") == 0
			var changed []directory.Child
			err := s.Update(r.Context(), func(tx store.Tx) (err error) {
				if add {
					changed, err = tx.AddEdges(conn, id(group), list)
				} else {
					changed, err = tx.RemoveEdges(conn, id(group), list)
				}
				if err == nil && fail {
					return errRefused
				}
				return err
			})
			if fail != errors.Is(err, errRefused) || !fail && err != nil {
				r.Fatalf("update: %v", err)
			}
			var want []directory.Child
			for _, ch := range list {
				if e := (edge{group, ch}); model[e] != add && !slices.Contains(want, ch) {
					want = append(want, ch)
				}
			}
			if !slices.Equal(changed, want) {
				r.Fatalf("changed %v, want %v", changed, want)
			}
			for _, ch := range list {
				if !fail {
					model[edge{group, ch}] = add
				}
			}
		}
		for n := range 6 {
			for _, ch := range []directory.Child{userChild(n), groupChild(n), parkedChild(fmt.Sprint(n))} {
				var want []directory.ID
				for g := 100; g <= 103; g++ {
					if model[edge{g, ch}] {
						want = append(want, id(g))
					}
				}
				got, err := above(s, r, conn, ch)
				if err != nil || !slices.Equal(got, want) {
					r.Fatalf("above %v: %v (%v), want %v", ch, got, err, want)
				}
			}
		}
	})
}

// above returns the groups that a child is in, or that wait for its value.
func above(s store.Store, r *rapid.T, conn directory.ConnNum, ch directory.Child) ([]directory.ID, error) {
	var groups []directory.ID
	err := s.View(r.Context(), func(tx store.Tx) error {
		if ch.Kind != directory.ChildParked {
			parents, err := tx.Parents(conn, []directory.Child{ch})
			if err == nil {
				groups = parents[0]
			}
			return err
		}
		parked, err := tx.Parked(conn, []string{ch.Value})
		if err != nil {
			return err
		}
		for _, p := range parked[0] {
			groups = append(groups, p.Target)
		}
		return nil
	})
	return groups, err
}

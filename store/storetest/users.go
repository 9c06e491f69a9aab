package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// user returns a user with every field set.
func user(c directory.ConnNum, n int) *directory.User {
	name := fmt.Sprintf("User%d@acme.com", n)
	external := fmt.Sprintf("X%d", n)
	return &directory.User{
		ID: id(n), Conn: c, Member: id(1_000_000 + n), Revision: uint64(n + 1), Active: n%2 == 0, Superseded: n%3 == 0,
		UserName: name, ExternalID: external, Created: at(n), Modified: at(n + 1), Entry: uint64(n),
		Body: json.RawMessage(fmt.Sprintf(`{"userName":%q,"title":"Engineer <%d>"}`, name, n)),
		Keys: []directory.Key{
			{Attribute: directory.AttrUserName, Value: directory.Fold(name)},
			{Attribute: directory.AttrEmail, Value: directory.Fold(name)},
			{Attribute: directory.AttrExternalID, Value: external},
		},
	}
}

func putUsers(from, to int) func(store.Tx) error {
	return func(tx store.Tx) error {
		var list []*directory.User
		for n := from; n < to; n++ {
			list = append(list, user(1, n))
		}
		return tx.PutUsers(list)
	}
}

func userRows(t *testing.T, s store.Store) {
	bare := &directory.User{ID: id(9), Conn: 1}
	write(t, s, func(tx store.Tx) error { return tx.PutUsers([]*directory.User{user(1, 1), user(1, 2), bare}) })
	got := look(t, s, func(tx store.Tx) ([]*directory.User, error) {
		return tx.Users(1, []directory.ID{id(9), id(5), id(2), id(1), id(2)})
	})
	equal(t, "users by id", got, []*directory.User{bare, nil, user(1, 2), user(1, 1), user(1, 2)})

	changed := user(1, 2)
	changed.Revision, changed.Active, changed.Body = 99, false, json.RawMessage(`{}`)
	write(t, s, func(tx store.Tx) error { return tx.PutUsers([]*directory.User{changed}) })
	got = look(t, s, func(tx store.Tx) ([]*directory.User, error) { return tx.Users(1, ids(2, 3)) })
	equal(t, "the changed user", got, []*directory.User{changed})

	write(t, s, func(tx store.Tx) error { return tx.DeleteUsers(1, []directory.ID{id(1), id(77), id(1)}) })
	got = look(t, s, func(tx store.Tx) ([]*directory.User, error) { return tx.Users(1, ids(1, 3)) })
	equal(t, "after a deletion", got, []*directory.User{nil, changed})
	equal(t, "count", look(t, s, func(tx store.Tx) (int, error) { return tx.CountUsers(1) }), 2)
}

func userPages(t *testing.T, s store.Store) {
	write(t, s, putUsers(0, 10))
	for name, c := range map[string]struct {
		page store.Page
		want []directory.ID
	}{
		"the first":           {store.Page{Limit: 3}, ids(0, 3)},
		"after one":           {store.Page{After: id(2), Limit: 3}, ids(3, 6)},
		"the last":            {store.Page{After: id(7), Limit: 5}, ids(8, 10)},
		"past the end":        {store.Page{After: id(9), Limit: 5}, nil},
		"no rows asked for":   {store.Page{}, nil},
		"after one not there": {store.Page{After: between(4), Limit: 2}, ids(5, 7)},
		"backwards":           {store.Page{Limit: 2, Descending: true}, []directory.ID{id(9), id(8)}},
		"backwards, before one": {
			store.Page{After: id(3), Limit: 5, Descending: true},
			[]directory.ID{id(2), id(1), id(0)},
		},
		"backwards, before one not there": {
			store.Page{After: between(4), Limit: 2, Descending: true},
			[]directory.ID{id(4), id(3)},
		},
	} {
		list := look(t, s, func(tx store.Tx) ([]*directory.User, error) { return tx.ListUsers(1, c.page) })
		var got []directory.ID
		for _, u := range list {
			got = append(got, u.ID)
		}
		equal(t, name, got, c.want)
	}
}

// between returns an id that sorts right after another.
func between(n int) directory.ID {
	i := id(n)
	i[15] = 1
	return i
}

func key(a directory.Attribute, value string) directory.Key {
	return directory.Key{Attribute: a, Value: value}
}

func findUsers(t *testing.T, s store.Store, k directory.Key) []directory.ID {
	t.Helper()
	return look(t, s, func(tx store.Tx) ([]directory.ID, error) { return tx.FindUsers(1, k) })
}

func userKeys(t *testing.T, s store.Store) {
	list := []*directory.User{
		{ID: id(1), Conn: 1, Keys: []directory.Key{key('u', "ann"), key('e', "shared@acme.com"), key('e', "ann@acme.com")}},
		{ID: id(2), Conn: 1, Keys: []directory.Key{key('u', "anna"), key('e', "shared@acme.com")}},
		{ID: id(3), Conn: 1, Keys: []directory.Key{key('u', "an"), key('x', "ann")}},
		{ID: id(4), Conn: 2, Keys: []directory.Key{key('u', "ann")}},
	}
	write(t, s, func(tx store.Tx) error { return tx.PutUsers(list) })
	equal(t, "one owner", findUsers(t, s, key('u', "ann")), ids(1, 2))
	equal(t, "another attribute of the same value", findUsers(t, s, key('x', "ann")), ids(3, 4))
	equal(t, "two owners", findUsers(t, s, key('e', "shared@acme.com")), ids(1, 3))
	equal(t, "a beginning only", findUsers(t, s, key('u', "a")), nil)
	equal(t, "in another case", findUsers(t, s, key('u', "Ann")), nil)

	for name, c := range map[string]struct {
		page store.KeyPage
		want []store.KeyRow
	}{
		"all of one attribute": {
			store.KeyPage{Attribute: 'u', Limit: 10},
			[]store.KeyRow{{Value: "an", ID: id(3)}, {Value: "ann", ID: id(1)}, {Value: "anna", ID: id(2)}},
		},
		"after one": {
			store.KeyPage{Attribute: 'e', AfterValue: "shared@acme.com", After: id(1), Limit: 10},
			[]store.KeyRow{{Value: "shared@acme.com", ID: id(2)}},
		},
		"backwards": {
			store.KeyPage{Attribute: 'e', Limit: 2, Descending: true},
			[]store.KeyRow{{Value: "shared@acme.com", ID: id(2)}, {Value: "shared@acme.com", ID: id(1)}},
		},
		"backwards, before one": {
			store.KeyPage{Attribute: 'u', AfterValue: "anna", After: id(2), Limit: 1, Descending: true},
			[]store.KeyRow{{Value: "ann", ID: id(1)}},
		},
		"no rows asked for": {store.KeyPage{Attribute: 'u'}, nil},
	} {
		got := look(t, s, func(tx store.Tx) ([]store.KeyRow, error) { return tx.UserKeys(1, c.page) })
		equal(t, name, got, c.want)
	}
}

func userIndex(t *testing.T, s store.Store) {
	u := user(1, 1)
	write(t, s, func(tx store.Tx) error { return tx.PutUsers([]*directory.User{u}) })
	renamed := user(1, 1)
	renamed.Keys = []directory.Key{key('u', "new name"), key('e', "user1@acme.com"), key('e', "user1@acme.com")}
	write(t, s, func(tx store.Tx) error { return tx.PutUsers([]*directory.User{renamed}) })
	equal(t, "the old name", findUsers(t, s, key('u', "user1@acme.com")), nil)
	equal(t, "the old externalId", findUsers(t, s, key('x', "X1")), nil)
	equal(t, "the new name", findUsers(t, s, key('u', "new name")), ids(1, 2))
	equal(t, "the kept address", findUsers(t, s, key('e', "user1@acme.com")), ids(1, 2))

	// A failing update leaves the index as it was.
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.PutUsers([]*directory.User{user(1, 1)}), tx.DeleteUsers(1, ids(1, 2)), errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("update: %v", err)
	}
	equal(t, "the name after a failure", findUsers(t, s, key('u', "new name")), ids(1, 2))
	equal(t, "the old name after a failure", findUsers(t, s, key('u', "user1@acme.com")), nil)

	many := user(1, 1)
	many.Keys = nil
	for i := range 100 {
		many.Keys = append(many.Keys, key('e', fmt.Sprintf("user1+%d@acme.com", i)))
	}
	write(t, s, func(tx store.Tx) error { return tx.PutUsers([]*directory.User{many}) })
	equal(t, "one of many addresses", findUsers(t, s, key('e', "user1+73@acme.com")), ids(1, 2))
	equal(t, "the name it had", findUsers(t, s, key('u', "new name")), nil)

	write(t, s, func(tx store.Tx) error { return tx.DeleteUsers(1, ids(1, 2)) })
	rows := look(t, s, func(tx store.Tx) ([]store.KeyRow, error) {
		return tx.UserKeys(1, store.KeyPage{Attribute: 'e', Limit: 1000})
	})
	equal(t, "index rows of a deleted user", rows, nil)
}

func oddValues(t *testing.T, s store.Store) {
	long := strings.Repeat("a", 4000)
	values := []string{"", " ", "a", "ab", "a\x01", "a\xc3\xa9", "ß", "雪", "%_'\"\\", long, long + "b", long[:1024], long[:1025]}
	write(t, s, func(tx store.Tx) error {
		for i, v := range values {
			if err := tx.PutUsers([]*directory.User{{ID: id(i), Conn: 1, Keys: []directory.Key{key('u', v)}}}); err != nil {
				return err
			}
		}
		return nil
	})
	for i, v := range values {
		equal(t, fmt.Sprintf("owner of value %d", i), findUsers(t, s, key('u', v)), ids(i, i+1))
	}
	rows := look(t, s, func(tx store.Tx) ([]store.KeyRow, error) {
		return tx.UserKeys(1, store.KeyPage{Attribute: 'u', Limit: 100})
	})
	var got []string
	for _, r := range rows {
		got = append(got, r.Value)
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(values))
	equal(t, "values of the index", got, want)

	// Each page begins where the last one ended, whatever the value.
	var walked []store.KeyRow
	page := store.KeyPage{Attribute: 'u', Limit: 1}
	for len(walked) <= len(values) {
		next := look(t, s, func(tx store.Tx) ([]store.KeyRow, error) { return tx.UserKeys(1, page) })
		if len(next) == 0 {
			break
		}
		walked = append(walked, next...)
		page.AfterValue, page.After = next[0].Value, next[0].ID
	}
	equal(t, "rows walked one by one", walked, rows)
}

func userConnections(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		return tx.PutUsers([]*directory.User{user(1, 1), user(2, 1), user(2, 2), user(256, 3)})
	})
	equal(t, "user 2 in connection 1", look(t, s, func(tx store.Tx) ([]*directory.User, error) { return tx.Users(1, ids(2, 3)) }),
		[]*directory.User{nil})
	for c, want := range map[directory.ConnNum]int{1: 1, 2: 2, 3: 0, 256: 1} {
		list := look(t, s, func(tx store.Tx) ([]*directory.User, error) { return tx.ListUsers(c, store.Page{Limit: 9}) })
		back := look(t, s, func(tx store.Tx) ([]*directory.User, error) {
			return tx.ListUsers(c, store.Page{Limit: 9, Descending: true})
		})
		n := look(t, s, func(tx store.Tx) (int, error) { return tx.CountUsers(c) })
		equal(t, fmt.Sprintf("listed, listed backwards and counted in %d", c), []int{len(list), len(back), n}, []int{want, want, want})
		rows := look(t, s, func(tx store.Tx) ([]store.KeyRow, error) {
			return tx.UserKeys(c, store.KeyPage{Attribute: 'x', Limit: 9, Descending: true})
		})
		equal(t, fmt.Sprintf("index rows of %d", c), len(rows), want)
	}
	write(t, s, func(tx store.Tx) error { return tx.DeleteUsers(1, ids(1, 4)) })
	equal(t, "users of 2 after deleting from 1", look(t, s, func(tx store.Tx) (int, error) { return tx.CountUsers(2) }), 2)
}

func userOffsets(t *testing.T, s store.Store) {
	const n = 1500
	write(t, s, putUsers(0, n))
	find := func(offset int) (directory.ID, error) {
		var found directory.ID
		err := s.View(t.Context(), func(tx store.Tx) (err error) {
			found, err = tx.UserAt(1, offset)
			return err
		})
		return found, err
	}
	for _, offset := range []int{0, 1, 255, 256, 257, 511, 512, 513, 1024, n - 1} {
		got, err := find(offset)
		if err != nil || got != id(offset) {
			t.Errorf("at %d is %v (%v), want %v", offset, got, err, id(offset))
		}
	}
	for _, offset := range []int{-1, n, n + 1000} {
		if _, err := find(offset); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("at %d: %v, want ErrNotFound", offset, err)
		}
	}
	// An older snapshot keeps its own offsets while rows before them go.
	err := s.View(t.Context(), func(tx store.Tx) error {
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteUsers(1, ids(0, 700)) }); err != nil {
			return err
		}
		if got, err := find(700); err != nil || got != id(1400) {
			t.Errorf("after the deletion, at 700 is %v (%v), want %v", got, err, id(1400))
		}
		got, err := tx.UserAt(1, 700)
		equal(t, "at 700 in the older snapshot", got, id(700))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// userModel lets users come and go in any order, in updates that succeed and that fail, and compares with a sorted list.
func userModel(t *testing.T, s store.Store) {
	conn := directory.ConnNum(0)
	rapid.Check(t, func(r *rapid.T) {
		conn++ // every run has a connection of its own
		model := map[int]bool{}
		put := func(from, to int, fail bool) {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				var list []*directory.User
				for n := from; n < to; n++ {
					list = append(list, &directory.User{ID: id(n), Conn: conn})
				}
				if err := tx.PutUsers(list); err != nil {
					return err
				}
				if fail {
					return errRefused
				}
				return nil
			})
			if fail != errors.Is(err, errRefused) {
				r.Fatalf("put: %v", err)
			}
			for n := from; n < to && !fail; n++ {
				model[n] = true
			}
		}
		start := rapid.IntRange(0, 400).Draw(r, "start")
		put(start, start+rapid.IntRange(0, 900).Draw(r, "users"), false)
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			from := rapid.IntRange(0, 1400).Draw(r, "from")
			to := from + rapid.IntRange(1, 40).Draw(r, "how many")
			fail := rapid.IntRange(0, 4).Draw(r, "fails") == 0
			if rapid.Bool().Draw(r, "put") {
				put(from, to, fail)
			} else {
				err := s.Update(t.Context(), func(tx store.Tx) error {
					if err := tx.DeleteUsers(conn, ids(from, to)); err != nil || !fail {
						return err
					}
					return errRefused
				})
				if fail != errors.Is(err, errRefused) {
					r.Fatalf("delete: %v", err)
				}
				for n := from; n < to && !fail; n++ {
					delete(model, n)
				}
			}
			compareUsers(r, s, conn, model, rapid.IntRange(-2, 1500).Draw(r, "offset"))
		}
	})
}

func compareUsers(r *rapid.T, s store.Store, conn directory.ConnNum, model map[int]bool, offset int) {
	var sorted []int
	for n := range model {
		sorted = append(sorted, n)
	}
	slices.Sort(sorted)
	check := func(tx store.Tx) error {
		n, err := tx.CountUsers(conn)
		if err != nil || n != len(sorted) {
			r.Fatalf("%d users (%v), want %d", n, err, len(sorted))
		}
		for _, o := range []int{offset, 0, len(sorted) / 2, len(sorted) - 1, len(sorted)} {
			got, err := tx.UserAt(conn, o)
			switch {
			case o < 0 || o >= len(sorted):
				if !errors.Is(err, store.ErrNotFound) {
					r.Fatalf("at %d: %v (%v), want ErrNotFound", o, got, err)
				}
			case err != nil || got != id(sorted[o]):
				r.Fatalf("at %d: %v (%v), want %v", o, got, err, id(sorted[o]))
			}
		}
		return nil
	}
	if err := errors.Join(s.View(r.Context(), check), s.Update(r.Context(), check)); err != nil {
		r.Fatal(err)
	}
}

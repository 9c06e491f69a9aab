package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// group returns a group with every field set.
func group(c directory.ConnNum, n int) *directory.Group {
	return &directory.Group{
		ID: id(n), Conn: c, Revision: uint64(n + 1), DisplayName: fmt.Sprintf("Group %d", n), ExternalID: fmt.Sprintf("G%d", n),
		Created: at(n), Modified: at(n + 1), Members: n * 3, Bound: []string{"Group", "id:g"},
		Body: json.RawMessage(`{"urn:acme:color":"<red>"}`), Entry: uint64(n),
	}
}

func groupRows(t *testing.T, s store.Store) {
	bare := &directory.Group{ID: id(9), Conn: 1}
	write(t, s, func(tx store.Tx) error { return tx.PutGroups([]*directory.Group{group(1, 1), group(1, 2), bare}) })
	got := look(t, s, func(tx store.Tx) ([]*directory.Group, error) {
		return tx.Groups(1, []directory.ID{id(2), id(5), id(9), id(1)})
	})
	equal(t, "groups by id", got, []*directory.Group{group(1, 2), nil, bare, group(1, 1)})
	write(t, s, func(tx store.Tx) error { return tx.DeleteGroups(1, []directory.ID{id(1), id(77), id(1)}) })
	got = look(t, s, func(tx store.Tx) ([]*directory.Group, error) { return tx.Groups(1, ids(1, 3)) })
	equal(t, "after a deletion", got, []*directory.Group{nil, group(1, 2)})
	equal(t, "count", look(t, s, func(tx store.Tx) (int, error) { return tx.CountGroups(1) }), 2)
	equal(t, "count elsewhere", look(t, s, func(tx store.Tx) (int, error) { return tx.CountGroups(2) }), 0)
}

func groupKeys(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		twin := group(1, 3)
		twin.DisplayName = "group 1" // displayName may repeat, in any case
		return tx.PutGroups([]*directory.Group{group(1, 1), group(1, 2), twin, group(2, 1)})
	})
	find := func(k directory.Key) []directory.ID {
		return look(t, s, func(tx store.Tx) ([]directory.ID, error) { return tx.FindGroups(1, k) })
	}
	equal(t, "by name", find(key('d', "group 1")), []directory.ID{id(1), id(3)})
	equal(t, "by externalId", find(key('x', "G2")), ids(2, 3))
	rows := look(t, s, func(tx store.Tx) ([]store.KeyRow, error) {
		return tx.GroupKeys(1, store.KeyPage{Attribute: 'd', Limit: 2, Descending: true})
	})
	equal(t, "names backwards", rows, []store.KeyRow{{Value: "group 2", ID: id(2)}, {Value: "group 1", ID: id(3)}})

	renamed := group(1, 1)
	renamed.DisplayName = "Platform"
	write(t, s, func(tx store.Tx) error { return tx.PutGroups([]*directory.Group{renamed}) })
	equal(t, "by the old name", find(key('d', "group 1")), ids(3, 4))
	equal(t, "by the new name", find(key('d', "platform")), ids(1, 2))
	write(t, s, func(tx store.Tx) error { return tx.DeleteGroups(1, ids(1, 2)) })
	equal(t, "by name, deleted", find(key('d', "platform")), nil)

	list := look(t, s, func(tx store.Tx) ([]*directory.Group, error) { return tx.ListGroups(1, store.Page{Limit: 9}) })
	equal(t, "listed", len(list), 2)
	list = look(t, s, func(tx store.Tx) ([]*directory.Group, error) {
		return tx.ListGroups(1, store.Page{After: id(3), Limit: 9, Descending: true})
	})
	equal(t, "listed backwards", list, []*directory.Group{group(1, 2)})
}

func groupOffsets(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		for n := range 600 {
			if err := tx.PutGroups([]*directory.Group{{ID: id(2 * n), Conn: 1, DisplayName: "g"}}); err != nil {
				return err
			}
		}
		return nil
	})
	groupAt := func(offset int) directory.ID {
		return look(t, s, func(tx store.Tx) (directory.ID, error) { return tx.GroupAt(1, offset) })
	}
	equal(t, "at 550", groupAt(550), id(1100))
	write(t, s, func(tx store.Tx) error {
		return errors.Join(
			tx.PutGroups([]*directory.Group{{ID: id(3), Conn: 1, DisplayName: "between"}}),
			tx.DeleteGroups(1, []directory.ID{id(0), id(2), id(1100)}),
		)
	})
	equal(t, "at 548, after one came and two went before it", groupAt(548), id(1098))
	equal(t, "at 549, whose group went", groupAt(549), id(1102))
	equal(t, "at 0", groupAt(0), id(3))
}

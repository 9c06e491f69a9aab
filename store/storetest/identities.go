package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func identities(t *testing.T, s store.Store) {
	long := strings.Repeat("s", 2000)
	write(t, s, func(tx store.Tx) error {
		return errors.Join(
			tx.PutIdentity(1, "ann", id(1)), tx.PutIdentity(1, "Ann", id(2)), tx.PutIdentity(2, "ann", id(3)),
			tx.PutIdentity(1, long+"a", id(4)), tx.PutIdentity(1, long+"b", id(5)), tx.PutIdentity(1, "", id(6)),
			tx.PutIdentity(1, "ann", id(7)),
		)
	})
	find := func(subjects ...string) []directory.ID {
		return look(t, s, func(tx store.Tx) ([]directory.ID, error) { return tx.Identities(1, subjects) })
	}
	equal(t, "identities", find("Ann", "bob", "ann", long+"b", long, long+"a", ""),
		[]directory.ID{id(2), directory.NoID, id(7), id(5), directory.NoID, id(4), id(6)})
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.DeleteIdentity(1, "ann"), tx.DeleteIdentity(1, "nobody"))
	})
	equal(t, "after a deletion", find("ann", "Ann"), []directory.ID{directory.NoID, id(2)})
}

func tombstones(t *testing.T, s store.Store) {
	stone := func(x string, n int) *directory.Tombstone {
		return &directory.Tombstone{ExternalID: x, Member: id(n), Former: id(n + 1), Deleted: at(n)}
	}
	long := strings.Repeat("x", 2000)
	write(t, s, func(tx store.Tx) error {
		return errors.Join(
			tx.PutTombstone(1, stone("x1", 1)), tx.PutTombstone(1, stone("X1", 2)), tx.PutTombstone(2, stone("x1", 3)),
			tx.PutTombstone(1, stone(long, 4)), tx.PutTombstone(1, stone("x1", 5)),
		)
	})
	find := func(list ...string) []*directory.Tombstone {
		return look(t, s, func(tx store.Tx) ([]*directory.Tombstone, error) { return tx.Tombstones(1, list) })
	}
	equal(t, "tombstones", find("x1", "none", "X1", long), []*directory.Tombstone{stone("x1", 5), nil, stone("X1", 2), stone(long, 4)})
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.DeleteTombstone(1, "x1"), tx.DeleteTombstone(1, "none"))
	})
	equal(t, "after a deletion", find("x1", "X1"), []*directory.Tombstone{nil, stone("X1", 2)})
}

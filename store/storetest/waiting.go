package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func parkedFor(t *testing.T, s store.Store, values ...string) [][]directory.Parked {
	t.Helper()
	return look(t, s, func(tx store.Tx) ([][]directory.Parked, error) { return tx.Parked(1, values) })
}

func parkedMembers(t *testing.T, s store.Store) {
	long := strings.Repeat("v", 3000)
	write(t, s, func(tx store.Tx) error {
		_, err1 := tx.AddEdges(1, id(20), []directory.Child{parkedChild("later"), parkedChild(long)})
		_, err2 := tx.AddEdges(1, id(21), []directory.Child{parkedChild("later"), parkedChild("later on")})
		_, err3 := tx.AddEdges(2, id(22), []directory.Child{parkedChild("later")})
		return errors.Join(err1, err2, err3)
	})
	member := func(value string, group int) directory.Parked {
		return directory.Parked{Value: value, Kind: directory.ParkedMember, Target: id(group)}
	}
	equal(t, "what waits", parkedFor(t, s, "later", "never", long, "late"), [][]directory.Parked{
		{member("later", 20), member("later", 21)}, nil, {member(long, 20)}, nil,
	})
	equal(t, "children of 20", children(t, s, 1, 20), []directory.Child{parkedChild("later"), parkedChild(long)})
	write(t, s, func(tx store.Tx) error {
		_, err := tx.RemoveEdges(1, id(20), []directory.Child{parkedChild("later"), parkedChild(long)})
		return err
	})
	equal(t, "what waits still", parkedFor(t, s, "later", long), [][]directory.Parked{{member("later", 21)}, nil})
}

func parkedManagers(t *testing.T, s store.Store) {
	manager := func(user int) directory.Parked {
		return directory.Parked{Value: "boss", Kind: directory.ParkedManager, Target: id(user)}
	}
	write(t, s, func(tx store.Tx) error {
		_, err := tx.AddEdges(1, id(30), []directory.Child{parkedChild("boss")})
		return errors.Join(err, tx.PutParked(1, []directory.Parked{manager(1), manager(2), manager(1)}))
	})
	equal(t, "members wait before managers", parkedFor(t, s, "boss"), [][]directory.Parked{{
		{Value: "boss", Kind: directory.ParkedMember, Target: id(30)}, manager(1), manager(2),
	}})
	write(t, s, func(tx store.Tx) error {
		return tx.DeleteParked(1, []directory.Parked{manager(1), manager(7)})
	})
	equal(t, "one manager waits", parkedFor(t, s, "boss"), [][]directory.Parked{{
		{Value: "boss", Kind: directory.ParkedMember, Target: id(30)}, manager(2),
	}})
	equal(t, "the group's child", children(t, s, 1, 30), []directory.Child{parkedChild("boss")})
}

package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func registry(t *testing.T, s store.Store) {
	var acme, globex directory.OrgNum
	var okta, entra directory.ConnNum
	write(t, s, func(tx store.Tx) (err error) {
		if acme, err = tx.PutOrganization("acme"); err != nil {
			return err
		}
		if globex, err = tx.PutOrganization("globex"); err != nil {
			return err
		}
		if okta, err = tx.PutConnection(acme, "acme-okta"); err != nil {
			return err
		}
		entra, err = tx.PutConnection(globex, "globex-entra")
		return err
	})
	if acme == 0 || globex == 0 || acme == globex || okta == 0 || entra == 0 || okta == entra {
		t.Errorf("organizations %d and %d, connections %d and %d", acme, globex, okta, entra)
	}
	write(t, s, func(tx store.Tx) error {
		again, err1 := tx.PutOrganization("acme")
		same, err2 := tx.PutConnection(acme, "acme-okta")
		if again != acme || same != okta {
			return fmt.Errorf("known names have new numbers: %d, %d", again, same)
		}
		if _, err := tx.PutConnection(globex, "acme-okta"); !errors.Is(err, store.ErrExists) {
			return fmt.Errorf("another organization's connection: %w, want ErrExists", err)
		}
		return errors.Join(err1, err2)
	})
	for name, put := range map[string]func(store.Tx) error{
		"an empty name": func(tx store.Tx) error { _, err := tx.PutOrganization(""); return err },
		"a name without end": func(tx store.Tx) error {
			_, err := tx.PutConnection(acme, strings.Repeat("n", 5000))
			return err
		},
	} {
		if err := s.Update(t.Context(), put); directory.KindOf(err) != directory.Invalid {
			t.Errorf("%s: %v, want it to be invalid", name, err)
		}
	}
	equal(t, "organizations", look(t, s, store.Tx.Organizations), map[string]directory.OrgNum{"acme": acme, "globex": globex})
	equal(t, "connections", look(t, s, store.Tx.Connections), map[string]store.ConnectionRow{
		"acme-okta": {Num: okta, Org: acme}, "globex-entra": {Num: entra, Org: globex},
	})
	retired := time.Date(2026, 11, 2, 9, 0, 0, 7, time.UTC)
	write(t, s, func(tx store.Tx) error { return tx.RetireConnection("acme-okta", retired) })
	write(t, s, func(tx store.Tx) error {
		if same, err := tx.PutConnection(acme, "acme-okta"); err != nil || same != okta {
			return fmt.Errorf("a retired connection has the number %d, %w", same, err)
		}
		if err := tx.RetireConnection("nobody", retired); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("retiring what is not there: %w, want ErrNotFound", err)
		}
		return nil
	})
	equal(t, "connections", look(t, s, store.Tx.Connections), map[string]store.ConnectionRow{
		"acme-okta": {Num: okta, Org: acme, Retired: retired}, "globex-entra": {Num: entra, Org: globex},
	})
	for name, want := range map[string]bool{"acme-okta": true, "acme": false} {
		_ = s.View(t.Context(), func(tx store.Tx) error {
			row, known, err := tx.Connection(name)
			if known != want || want && !row.Retired.Equal(retired) || err != nil {
				t.Errorf("the connection %s is %+v, %t, %v", name, row, known, err)
			}
			return nil
		})
	}
	if epoch := look(t, s, store.Tx.Epoch); epoch == 0 {
		t.Error("a new store is in epoch 0, want one that can be told from none")
	}
}

// snapshots checks that states which differ have different numbers, and that an update, which changes as it goes, has none.
func snapshots(t *testing.T, s store.Store) {
	number := func(tx store.Tx) (uint64, error) { return tx.Snapshot(), nil }
	seen := map[uint64]bool{}
	for i := range 5 {
		write(t, s, func(tx store.Tx) error {
			if n := tx.Snapshot(); n != 0 {
				t.Errorf("an update is snapshot %d", n)
			}
			return tx.PutDocument("count", []byte{byte(i)})
		})
		n := look(t, s, number)
		if n != 0 && seen[n] {
			t.Errorf("after %d updates the number is %d again", i+1, n)
		}
		if known := s.Snapshot(); known != 0 && known != n {
			t.Errorf("the store says that this is snapshot %d, and a view that it is %d", known, n)
		}
		if again := look(t, s, number); again != n {
			t.Errorf("nothing was written, and snapshot %d is %d", n, again)
		}
		seen[n] = true
	}
}

func concurrentNumbers(t *testing.T, s store.Store) {
	const names, each = 6, 3
	var wait sync.WaitGroup
	for i := range names * each {
		wait.Go(func() {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				org, err := tx.PutOrganization("acme")
				if err != nil {
					return err
				}
				_, err = tx.PutConnection(org, fmt.Sprintf("connection-%d", i%names))
				return err
			})
			if err != nil {
				t.Errorf("update: %v", err)
			}
		})
	}
	wait.Wait()
	numbers := map[directory.ConnNum]string{}
	for name, row := range look(t, s, store.Tx.Connections) {
		if other, ok := numbers[row.Num]; ok {
			t.Errorf("%s and %s are both %d", name, other, row.Num)
		}
		numbers[row.Num] = name
	}
	equal(t, "connections", len(numbers), names)
	equal(t, "organizations", len(look(t, s, store.Tx.Organizations)), 1)
}

package bolt

import (
	"errors"
	"fmt"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// manyUsers returns a store with n users, written without waiting for the disk.
func manyUsers(t testing.TB, n int) *Store {
	t.Helper()
	s := openTemp(t, Options{noSync: true})
	for from := 0; from < n; from += 1000 {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			var list []*directory.User
			for i := from; i < min(from+1000, n); i++ {
				name := fmt.Sprintf("user%d@acme.com", i)
				list = append(list, &directory.User{
					ID: testID(i), Conn: 1, UserName: name, ExternalID: fmt.Sprint("x", i), Body: body(name),
					Keys: []directory.Key{
						{Attribute: directory.AttrUserName, Value: name},
						{Attribute: directory.AttrEmail, Value: name},
						{Attribute: directory.AttrExternalID, Value: fmt.Sprint("x", i)},
					},
				})
			}
			return tx.PutUsers(list)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func body(name string) []byte {
	return fmt.Appendf(nil, `{"userName":%q,"name":{"givenName":"Ann","familyName":"Example"},"title":"Engineer",`+
		`"emails":[{"value":%q,"type":"work","primary":true}],"phoneNumbers":[{"value":"+41 44 000 00 00","type":"work"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engineering","employeeNumber":"4711"}}`, name, name)
}

func userAt(t testing.TB, s *Store, offset int) directory.ID {
	t.Helper()
	var found directory.ID
	err := s.View(t.Context(), func(tx store.Tx) (err error) {
		found, err = tx.UserAt(1, offset)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// known reports whether the next lookup by offset in users of connection 1 needs no counting.
func known(t *testing.T, s *Store) bool {
	t.Helper()
	k := orderKey{bUserOrder, 1}
	var found bool
	err := s.View(t.Context(), func(st store.Tx) error {
		_, version, err := st.(*tx).count(k)
		found = s.orders.at(k, version) != nil
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOffsetsAreCountedOnce(t *testing.T) {
	s := manyUsers(t, 3000)
	if known(t, s) {
		t.Error("offsets are counted before anybody asks")
	}
	if got := userAt(t, s, 2000); got != testID(2000) {
		t.Errorf("at 2000 is %v", got)
	}
	for n := 3000; n < 3600; n++ {
		if err := s.Update(t.Context(), putOne(n)); err != nil {
			t.Fatal(err)
		}
		if !known(t, s) {
			t.Fatalf("after user %d was added, all are to be counted anew", n)
		}
	}
	for n := range 600 {
		gone := testID(n * 5)
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteUsers(1, []directory.ID{gone}) }); err != nil {
			t.Fatal(err)
		}
		if !known(t, s) {
			t.Fatalf("after user %d was deleted, all are to be counted anew", n*5)
		}
	}
	if got := userAt(t, s, 2399); got != testID(2999) {
		t.Errorf("at 2399 is %v, want %v", got, testID(2999))
	}
	if got := userAt(t, s, 2999); got != testID(3599) {
		t.Errorf("at 2999 is %v, want %v", got, testID(3599))
	}
}

func TestAStretchThatGrowsIsCountedAnew(t *testing.T) {
	s := manyUsers(t, 1000)
	userAt(t, s, 900)
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for n := range 2 * stretchMost {
			between := testID(10)
			between[14], between[15] = byte(n>>8), byte(n)
			if err := tx.PutUsers([]*directory.User{{ID: between, Conn: 1}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if known(t, s) {
		t.Error("a stretch of thousands is walked instead of counted anew")
	}
	if got := userAt(t, s, 900+2*stretchMost-1); got != testID(900) {
		t.Errorf("at the old 900 plus what came before it is %v, want %v", got, testID(900))
	}
}

func TestOffsetsAfterAFailedCommit(t *testing.T) {
	dir, _, more := smallDisk(t)
	s := openAt(t, dir+"/usher.db", Options{})
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for n := range 400 {
			if err := tx.PutUsers([]*directory.User{{ID: testID(2 * n), Conn: 1}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	userAt(t, s, 300)
	first := 2*400 + 1
	kept := fill(t, s, first) - first
	if got := userAt(t, s, 400+kept-1); got != testID(first+kept-1) {
		t.Errorf("the last user is %v, want %v", got, testID(first+kept-1))
	}
	more()
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		return tx.DeleteUsers(1, []directory.ID{testID(0)})
	}); err != nil {
		t.Fatal(err)
	}
	if got := userAt(t, s, 399); got != testID(first) {
		t.Errorf("at 399 after a deletion is %v, want %v", got, testID(first))
	}
}

func TestOffsetsInsideAnUpdateFollowItsWrites(t *testing.T) {
	s := manyUsers(t, 1000)
	userAt(t, s, 900)
	refused := errors.New("refused")
	at := func(tx store.Tx, offset, want int) error {
		if got, err := tx.UserAt(1, offset); err != nil || got != testID(want) {
			return fmt.Errorf("at %d is %v (%w), want %v", offset, got, err, testID(want))
		}
		return nil
	}
	errs := together(t, s,
		func(tx store.Tx) error {
			if err := tx.DeleteUsers(1, []directory.ID{testID(3), testID(4)}); err != nil {
				return err
			}
			return errors.Join(at(tx, 900, 902), refused)
		},
		func(tx store.Tx) error { return at(tx, 900, 900) },
		func(tx store.Tx) error {
			if err := tx.DeleteUsers(1, []directory.ID{testID(5)}); err != nil {
				return err
			}
			return at(tx, 900, 901)
		},
	)
	if errs[0].Error() != refused.Error() || errs[1] != nil || errs[2] != nil {
		t.Errorf("the updates returned %v", errs)
	}
	if got := userAt(t, s, 900); got != testID(901) {
		t.Errorf("afterwards at 900 is %v, want %v", got, testID(901))
	}
}

// deleteOne returns an update that deletes a user, asks for what is at offset 900 then, and ends with an error.
func deleteOne(n int, end error) func(store.Tx) error {
	return func(tx store.Tx) error {
		if err := tx.DeleteUsers(1, []directory.ID{testID(n)}); err != nil {
			return err
		}
		if _, err := tx.UserAt(1, 900); err != nil {
			return err
		}
		return end
	}
}

func TestOffsetsForgetAnUpdateThatFailed(t *testing.T) {
	refused := errors.New("refused")
	for name, fns := range map[string][]func(store.Tx) error{
		"in the same batch":         {deleteOne(3, refused), deleteOne(950, nil)},
		"in a batch of its own":     {deleteOne(3, refused)},
		"after one that succeeded":  {deleteOne(950, nil), deleteOne(3, refused), deleteOne(951, nil)},
		"before one that succeeded": {deleteOne(3, refused), deleteOne(950, nil), deleteOne(951, nil)},
	} {
		t.Run(name, func(t *testing.T) {
			s := manyUsers(t, 1000)
			userAt(t, s, 900)
			together(t, s, fns...)
			if got := userAt(t, s, 900); got != testID(900) {
				t.Errorf("at 900 is %v, want %v: what went before it was put back", got, testID(900))
			}
			if err := s.Update(t.Context(), deleteOne(960, nil)); err != nil {
				t.Fatal(err)
			}
			if got := userAt(t, s, 900); got != testID(900) {
				t.Errorf("after another update, at 900 is %v, want %v", got, testID(900))
			}
		})
	}
}

func TestAnIDAmongTheLastOnesDoesNotStartAStretch(t *testing.T) {
	s := openTemp(t, Options{noSync: true})
	put := func(from, to, step int) {
		t.Helper()
		err := s.Update(t.Context(), func(tx store.Tx) error {
			for n := from; n < to; n += step {
				if err := tx.PutUsers([]*directory.User{{ID: testID(n), Conn: 1}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(0, 4*stretchLen, 2) // two stretches, both full
	userAt(t, s, stretchLen+10)
	put(3*stretchLen+1, 3*stretchLen+2, 2) // in the middle of the second
	if got, want := userAt(t, s, 2*stretchLen), testID(4*stretchLen-2); got != want {
		t.Errorf("the last is %v, want %v", got, want)
	}
}

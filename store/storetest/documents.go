package storetest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/mixus/usher/store"
)

func documents(t *testing.T, s store.Store) {
	get := func(name string) ([]byte, error) {
		var value []byte
		err := s.View(t.Context(), func(tx store.Tx) (err error) {
			value, err = tx.Document(name)
			return err
		})
		return value, err
	}
	list := func(prefix string) []string {
		return look(t, s, func(tx store.Tx) ([]string, error) { return tx.ListDocuments(prefix) })
	}
	if _, err := get("keys/a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("before the first: %v, want ErrNotFound", err)
	}
	large := bytes.Repeat([]byte{0, 255, 7}, 300<<10)
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutDocument("keys/b", []byte{0, 1}), tx.PutDocument("keys/a", large), tx.PutDocument("keysmith", []byte("x")),
			tx.PutDocument("keys/", nil))
	})
	equal(t, "names under a prefix, in order", list("keys/"), []string{"keys/", "keys/a", "keys/b"})
	equal(t, "every name", list(""), []string{"keys/", "keys/a", "keys/b", "keysmith"})
	equal(t, "names under a prefix that has none", list("keys/b/"), nil)
	value, err := get("keys/a")
	if err != nil || !bytes.Equal(value, large) {
		t.Errorf("a large one: %d bytes, %v", len(value), err)
	}
	clear(value) // is the caller's
	if again, err := get("keys/a"); err != nil || !bytes.Equal(again, large) {
		t.Errorf("the large one, after the caller changed what it got: %v", err)
	}
	if value, err := get("keys/"); err != nil || len(value) != 0 {
		t.Errorf("an empty one: %q, %v; it is there all the same", value, err)
	}
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutDocument("keys/b", []byte("later")), tx.DeleteDocument("keys/a"), tx.DeleteDocument("never/was"))
	})
	if value, err := get("keys/b"); err != nil || string(value) != "later" {
		t.Errorf("written anew: %q, %v", value, err)
	}
	if _, err := get("keys/a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted: %v, want ErrNotFound", err)
	}
	for what, put := range map[string]func(store.Tx) error{
		"without a name":  func(tx store.Tx) error { return tx.PutDocument("", nil) },
		"of a long name":  func(tx store.Tx) error { return tx.PutDocument(strings.Repeat("n", 256), nil) },
		"that is too big": func(tx store.Tx) error { return tx.PutDocument("big", make([]byte, store.MaxDocument+1)) },
	} {
		if err := s.Update(t.Context(), put); err == nil {
			t.Errorf("a document %s was taken", what)
		}
	}
	equal(t, "names at the end", list(""), []string{"keys/", "keys/b", "keysmith"})
}

package bolt

import (
	"bytes"
	"fmt"

	"github.com/mixus/usher/store"
)

func (t *tx) Document(name string) ([]byte, error) {
	row := t.get(bDocument, []byte(name))
	if row == nil {
		return nil, store.ErrNotFound
	}
	return bytes.Clone(row), nil
}

const maxDocumentName = 255

func (t *tx) PutDocument(name string, value []byte) error {
	if name == "" || len(name) > maxDocumentName {
		return fmt.Errorf("store: the name of a document has %d bytes, and may have 1 to %d", len(name), maxDocumentName)
	}
	if len(value) > store.MaxDocument {
		return fmt.Errorf("store: document %s has %d bytes, and may have %d", name, len(value), store.MaxDocument)
	}
	return t.put(bDocument, []byte(name), value)
}

func (t *tx) DeleteDocument(name string) error { return t.drop(bDocument, []byte(name)) }

func (t *tx) ListDocuments(prefix string) (names []string, err error) {
	t.scan(bDocument, []byte(prefix), func(key, _ []byte) bool {
		names = append(names, string(key))
		return true
	})
	return names, nil
}

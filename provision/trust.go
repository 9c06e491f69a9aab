package provision

import (
	"context"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// The kinds of entry about what a connection and its provider know of one another.
const (
	KindMetadataChanged = "connection.metadata_changed" // certificates or URLs of the provider, with their fingerprints
	KindKeysChanged     = "connection.keys_changed"     // key pairs of our own, with their fingerprints
)

// Trust is a change of what a connection and its provider know of one another.
type Trust struct {
	Org   directory.OrgNum
	Conn  directory.ConnNum
	Kind  string // KindMetadataChanged or KindKeysChanged
	Cause directory.Cause
}

// Trust runs fn with the server's documents and journals what it says has changed, in one transaction. Nothing is
// journalled when fn returns no notes. The notes hold no secret: they are for everybody who may read the journal. fn may
// run more than once.
func (e *Engine) Trust(ctx context.Context, t Trust, fn func(store.Documents) (notes []string, err error)) error {
	return e.update(ctx, t.Org, t.Cause, func(s *settlement) error {
		notes, err := fn(s.tx)
		if err != nil || len(notes) == 0 {
			return err
		}
		entry := s.newEntry(t.Kind)
		entry.Conn, entry.Notes = t.Conn, notes
		return s.append([]*pending{{entry: entry}})
	})
}

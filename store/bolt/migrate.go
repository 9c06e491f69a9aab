package bolt

import (
	"fmt"

	bbolt "go.etcd.io/bbolt"
)

// ladder leads from older formats to the present one, a step at a time.
type ladder struct {
	top   uint64                           // the present format
	steps map[uint64]func(*bbolt.Tx) error // from a format to the next
}

// formats is the ladder of this program. Format 1 is the first; format 2 has brakes, whose holds an older program would
// take for those of the last admin; format 3 has connections that are retired, whose pushes an older program would take;
// format 4 has sessions, which an older program would leave to people who were suspended; format 5 has documents, among
// them keys that an older program would not know are in use; format 6 has an index of invitations, which an older program
// would not keep in step, and mails, which it would not send; format 7 has invitations, mails and requests that are not
// JSON.
func formats() ladder {
	return ladder{top: format, steps: map[uint64]func(*bbolt.Tx) error{1: addBrakes, 2: nothing, 3: addLockdown, 4: addDocuments, 5: indexInvitations, 6: nothing}}
}

// nothing is the step to a format whose rows an older file simply does not have.
func nothing(*bbolt.Tx) error { return nil }

// addBrakes makes the trees of format 2.
func addBrakes(b *bbolt.Tx) error { return addTrees(b, bHeld, bBrake, bBraked, bExpected) }

// addLockdown makes the tree of format 4. Its sessions and requests lie in the tree that is there.
func addLockdown(b *bbolt.Tx) error { return addTrees(b, bLockdown) }

// addDocuments makes the tree of format 5.
func addDocuments(b *bbolt.Tx) error { return addTrees(b, bDocument) }

func addTrees(b *bbolt.Tx, kinds ...bucket) error {
	for _, kind := range kinds {
		if _, err := b.CreateBucketIfNotExists([]byte(kind.tree())); err != nil {
			return fmt.Errorf("store: create %s: %w", kind, err)
		}
	}
	return nil
}

// climb brings a file to the present format. Each step and the note that it was taken are one transaction, so that a
// migration that was interrupted goes on where it stopped.
func (l ladder) climb(db *bbolt.DB, from uint64) error {
	for f := from; f < l.top; f++ {
		step, ok := l.steps[f]
		if !ok {
			return fmt.Errorf("store: no way from format %d to %d", f, f+1)
		}
		err := db.Update(func(b *bbolt.Tx) error {
			if err := step(b); err != nil {
				return err
			}
			return b.Bucket([]byte(bMeta.String())).Put([]byte(metaFormat), appendSeq(nil, f+1))
		})
		if err != nil {
			return fmt.Errorf("store: migrate from format %d to %d: %w", f, f+1, err)
		}
	}
	return nil
}

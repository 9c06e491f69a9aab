package provision

import (
	"slices"

	"github.com/mixus/usher/directory"
)

// A job's cursor is the id after which its next batch starts, or the list of ids that are left.

func idOf(cursor []byte) directory.ID {
	var id directory.ID
	copy(id[:], cursor)
	return id
}

// cursorAfter returns the cursor behind a batch, nil when the batch was not full and so was the last.
func cursorAfter(ids []directory.ID) []byte {
	if len(ids) < batch {
		return nil
	}
	return slices.Clone(ids[len(ids)-1][:])
}

// takeIDs takes a batch off the front of a cursor that is a list.
func takeIDs(j *directory.Job) []directory.ID {
	const size = len(directory.ID{})
	n := min(batch, len(j.Cursor)/size)
	ids := make([]directory.ID, n)
	for i := range ids {
		ids[i] = idOf(j.Cursor[i*size:])
	}
	if j.Cursor = slices.Clone(j.Cursor[n*size:]); len(j.Cursor) == 0 {
		j.Cursor = nil
	}
	return ids
}

// cursorOf returns the cursor behind a child that is a user or a group.
func cursorOf(c directory.Child) []byte { return append([]byte{byte(c.Kind)}, c.ID[:]...) }

// childOf returns the child that a cursor is behind, the zero Child for the beginning.
func childOf(cursor []byte) directory.Child {
	if len(cursor) == 0 {
		return directory.Child{}
	}
	return directory.Child{Kind: directory.ChildKind(cursor[0]), ID: idOf(cursor[1:])}
}

package provision

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// kindTold is the kind of request that holds what applications were told of the sessions of one member.
const kindTold = "application.told"

// told is a session that an application was told of.
type told struct {
	Session directory.ID `json:"session"`
	Client  string       `json:"client"`
	Ends    time.Time    `json:"ends"` // at the latest
}

// tellLater notes that an application knows of a session, for when it ends.
func tellLater(tx store.Tx, in *SignedIn, client string) error {
	row, list, err := toldOf(tx, in.Session.Org, in.Member.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(t told) bool {
		return t.Session == in.Session.ID() && t.Client == client || t.Ends.Before(in.Session.Seen) // over long since, by itself
	})
	return putTold(tx, row, append(list, told{in.Session.ID(), client, in.Session.Ends}))
}

// toldOf returns what applications know of a member's sessions.
func toldOf(tx store.Tx, org directory.OrgNum, member directory.ID) (*directory.Request, []told, error) {
	key := sha256.Sum256(append(binary.BigEndian.AppendUint32(nil, uint32(org)), member[:]...))
	row, err := tx.Request(kindTold, key)
	if errors.Is(err, store.ErrNotFound) {
		return &directory.Request{Kind: kindTold, Key: key}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var list []told
	if err := json.Unmarshal(row.Data, &list); err != nil {
		return nil, nil, fmt.Errorf("provision: read what applications know of %s: %w", member, err)
	}
	return row, list, nil
}

func putTold(tx store.Tx, row *directory.Request, list []told) error {
	if err := tx.DeleteRequests([]*directory.Request{row}); err != nil || len(list) == 0 {
		return err
	}
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	last := slices.MaxFunc(list, func(a, b told) int { return a.Ends.Compare(b.Ends) })
	return tx.PutRequest(&directory.Request{Kind: row.Kind, Key: row.Key, Expires: last.Ends.Add(24 * time.Hour), Data: data})
}

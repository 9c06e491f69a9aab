package provision

import (
	"context"
	"errors"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// ProviderLogout is a verified message by which a connection's provider signs somebody out: the sessions that it knows by
// their indexes or, where it names none, every session of the person whom it knows by a name.
type ProviderLogout struct {
	Org     directory.OrgNum
	Conn    directory.ConnNum
	Indexes []string
	Name    string
	Request string // the id of the HTTP request, for the journal
	Once    Once   // the message's id, which is remembered until the message is refused for its age
}

// EndProviderSessions ends what a connection's provider signs out, and returns which sessions that were. It is a Conflict,
// and ends nothing, when the message was used already.
func (e *Engine) EndProviderSessions(ctx context.Context, in ProviderLogout) ([]*directory.Session, error) {
	var ended []*directory.Session
	cause := directory.Cause{Kind: directory.CauseLogin, ID: in.Request}
	_, err := e.endSessions(ctx, in.Org, cause, "signed out by the provider", func(tx store.Tx) (list []*directory.Session, err error) {
		err = tx.PutRequest(&directory.Request{Kind: in.Once.Kind, Key: in.Once.Key, Expires: in.Once.Until.UTC()})
		if errors.Is(err, store.ErrExists) {
			return nil, directory.Errorf(directory.Conflict, "This message was used already.")
		}
		if err == nil {
			list, err = in.means(tx)
		}
		ended = list
		return list, err
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// means returns the sessions that are meant. A session that began without an index is meant by its person's name.
func (in *ProviderLogout) means(tx store.Tx) ([]*directory.Session, error) {
	var list []*directory.Session
	for _, index := range in.Indexes {
		found, err := tx.ProviderSessions(in.Conn, store.ByIndex, index)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	if in.Name != "" {
		found, err := tx.ProviderSessions(in.Conn, store.ByName, in.Name)
		if err != nil {
			return nil, err
		}
		list = append(list, slices.DeleteFunc(found, func(s *directory.Session) bool { return len(in.Indexes) > 0 && s.Index != "" })...)
	}
	seen := map[[32]byte]bool{}
	return slices.DeleteFunc(list, func(s *directory.Session) bool {
		again := seen[s.Hash]
		seen[s.Hash] = true
		return again || s.Org != in.Org || in.Name != "" && s.Name != "" && s.Name != in.Name
	}), nil
}

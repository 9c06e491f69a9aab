package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Departure is a session that has ended, of which an application knows that has to be told.
type Departure struct {
	Client  string           `json:"-"`
	Session directory.ID     `json:"-"`
	Member  directory.ID     `json:"member"`
	Org     directory.OrgNum `json:"org"`
	At      time.Time        `json:"at"` // when it was noticed
}

// departurePrefix begins the names of the documents that hold departures.
const departurePrefix = "departure/"

// departuresTo is how the names begin of the documents that hold the departures of which an application has to be told.
func departuresTo(client string) string { return departurePrefix + client + "/" }

func (d *Departure) name() string { return departuresTo(d.Client) + d.Session.String() }

func putDeparture(tx store.Tx, d *Departure) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return tx.PutDocument(d.name(), text)
}

// Departures returns up to limit sessions of which an application has to be told that they ended.
func (e *Engine) Departures(ctx context.Context, client string, limit int) ([]*Departure, error) {
	var list []*Departure
	err := e.Store.View(ctx, func(tx store.Tx) error {
		prefix := departuresTo(client)
		names, err := tx.ListDocuments(prefix)
		if err != nil {
			return err
		}
		list = make([]*Departure, 0, min(limit, len(names)))
		for _, name := range names[:min(limit, len(names))] {
			text, err := tx.Document(name)
			if err != nil {
				return err
			}
			d := &Departure{Client: client}
			if err := json.Unmarshal(text, d); err != nil {
				return fmt.Errorf("provision: read %s: %w", name, err)
			}
			d.Session, _ = directory.ParseID(strings.TrimPrefix(name, prefix))
			list = append(list, d)
		}
		return nil
	})
	return list, err
}

// ForgetDepartures drops what is noted for applications that do not want to be told, such as one that was taken out of the
// configuration, and returns how many departures that were.
func (e *Engine) ForgetDepartures(ctx context.Context, wants func(client string) bool) (int, error) {
	var gone []*Departure
	err := e.Store.View(ctx, func(tx store.Tx) error {
		gone = nil
		names, err := tx.ListDocuments(departurePrefix)
		for _, name := range names {
			rest := strings.TrimPrefix(name, departurePrefix)
			i := strings.LastIndexByte(rest, '/')
			if i < 0 || wants(rest[:i]) {
				continue
			}
			if session, ok := directory.ParseID(rest[i+1:]); ok {
				gone = append(gone, &Departure{Client: rest[:i], Session: session})
			}
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	for list := range slices.Chunk(gone, departureEntries) {
		if err := e.Departed(ctx, list); err != nil {
			return 0, err
		}
	}
	return len(gone), nil
}

// Departed notes that an application was told, or that nobody tells it any more.
func (e *Engine) Departed(ctx context.Context, list []*Departure) error {
	return e.Store.Update(ctx, func(tx store.Tx) error {
		for _, d := range list {
			if err := tx.DeleteDocument(d.name()); err != nil {
				return err
			}
		}
		return nil
	})
}

package scim

import (
	"context"
	"slices"
	"sync"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// displayNames answers which users of a connection have a displayName. The store does not index it: no provider looks
// users up by it, and every rename would pay for two more pages of the index. It is kept in memory instead, for the
// connections that were asked about, as a cursor over the journal: a question reads what changed since the last one.
type displayNames struct {
	mu    sync.Mutex
	lines map[directory.ConnNum]*namesOfLine
}

// namesOfLine is what is known of one connection's users up to an entry of the journal.
type namesOfLine struct {
	seq   uint64
	ids   map[string][]directory.ID // by folded displayName
	names map[directory.ID]string
}

// rebuildAfter is how many entries may have come since the last question before reading every user anew is cheaper.
const rebuildAfter = 50_000

// find returns the ids of the users that have a folded displayName, as of the last commit before the call.
func (d *displayNames) find(ctx context.Context, s store.Store, c directory.ConnNum, name string) ([]directory.ID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	last, err := lastEntry(ctx, s)
	if err != nil {
		return nil, err
	}
	line := d.lines[c]
	if line == nil || last < line.seq || last-line.seq > rebuildAfter {
		line = &namesOfLine{seq: last, ids: map[string][]directory.ID{}, names: map[directory.ID]string{}}
		if err := line.build(ctx, s, c); err != nil {
			return nil, err
		}
		if d.lines == nil {
			d.lines = map[directory.ConnNum]*namesOfLine{}
		}
		d.lines[c] = line
	}
	for line.seq < last {
		if err := line.follow(ctx, s, c); err != nil {
			return nil, err
		}
	}
	return slices.Clone(line.ids[name]), nil
}

func lastEntry(ctx context.Context, s store.Store) (uint64, error) {
	var seq uint64
	err := s.View(ctx, func(tx store.Tx) error {
		entries, err := tx.ListEntries(0, 1, true)
		if err == nil && len(entries) > 0 {
			seq = entries[0].Seq
		}
		return err
	})
	return seq, err
}

// build reads every user. What changes meanwhile is in the journal behind the entry at which it began.
func (l *namesOfLine) build(ctx context.Context, s store.Store, c directory.ConnNum) error {
	page := store.Page{Limit: chunk}
	for {
		var users []*directory.User
		err := s.View(ctx, func(tx store.Tx) error {
			var err error
			users, err = tx.ListUsers(c, page)
			return err
		})
		if err != nil || len(users) == 0 {
			return err
		}
		for _, u := range users {
			if err := l.put(u.ID, u); err != nil {
				return err
			}
		}
		page.After = users[len(users)-1].ID
	}
}

// follow reads the next entries of the journal and the users they are about.
func (l *namesOfLine) follow(ctx context.Context, s store.Store, c directory.ConnNum) error {
	return s.View(ctx, func(tx store.Tx) error {
		entries, err := tx.ListEntries(l.seq, chunk, false)
		if err != nil {
			return err
		}
		var ids []directory.ID
		for _, e := range entries {
			for _, about := range e.Subjects {
				if about.Kind == directory.SubjectUser && e.Conn == c {
					ids = append(ids, about.ID)
				}
			}
		}
		users, err := tx.Users(c, ids)
		if err != nil {
			return err
		}
		for i, u := range users {
			if err := l.put(ids[i], u); err != nil {
				return err
			}
		}
		if len(entries) > 0 {
			l.seq = entries[len(entries)-1].Seq
		}
		return nil
	})
}

// put brings one user up to date, nil when it is gone.
func (l *namesOfLine) put(id directory.ID, u *directory.User) error {
	name := ""
	if u != nil {
		p, err := facts.ProfileOf(u)
		if err != nil {
			return err
		}
		name = directory.Fold(p.DisplayName)
	}
	was := l.names[id]
	if was == name {
		return nil
	}
	if was != "" {
		l.ids[was] = slices.DeleteFunc(l.ids[was], func(other directory.ID) bool { return other == id })
		delete(l.names, id)
		if len(l.ids[was]) == 0 {
			delete(l.ids, was)
		}
	}
	if name != "" {
		l.ids[name] = append(l.ids[name], id)
		l.names[id] = name
	}
	return nil
}

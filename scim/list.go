package scim

import (
	"errors"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/filter"
	"github.com/mixus/usher/store"
)

// window is the part of a list that a page shows.
type window struct {
	start int // from 1; pages by index
	count int
	after *position // pages by cursor, the zero position for the first
}

// page is the answer to a window.
type page[R any] struct {
	rows  []*R
	total int      // of pages by index
	more  bool     // of pages by cursor: there is a next one
	last  position // of pages by cursor: where it begins
}

// newListing compiles the query for one resource type.
func newListing[R any](c *call, k *kind[R]) (*listing[R], error) {
	l := &listing[R]{kind: k, call: c}
	var err error
	if l.order, err = k.order(&c.query); err != nil {
		return nil, err
	}
	if c.query.filter != "" {
		l.filter, err = filter.Parse(k.resource, c.query.filter)
	}
	return l, err
}

// page reads a page the cheapest way there is.
func (l *listing[R]) page(w window) (*page[R], error) {
	if l.filter != nil {
		if p, done, err := l.lookup(w); done || err != nil {
			return p, err
		}
	}
	switch {
	case w.after != nil:
		return l.follow(w)
	case l.filter == nil && l.order.attribute == 0:
		return l.slice(w)
	case l.filter == nil:
		return l.sorted(w)
	}
	return l.scan(w)
}

// lookup answers from an index when the filter allows it. It reports false when there is no such index, or so many hits
// that walking is better.
func (l *listing[R]) lookup(w window) (*page[R], bool, error) {
	look, ok := l.filter.Lookup()
	if !ok {
		return nil, false, nil
	}
	ids, named, err := l.byName(look)
	if err != nil {
		return nil, false, err
	}
	look.Exact = look.Exact && !named // a name may have changed since
	var p *page[R]
	err = l.call.Store.View(l.call.r.Context(), func(tx store.Tx) error {
		if !named {
			ids, err = l.hits(tx, look)
		}
		if err != nil || len(ids) > chunk {
			return err
		}
		rows, err := l.get(tx, l.call.line.Num, ids)
		if err != nil {
			return err
		}
		places := make([]place[R], 0, len(rows))
		for _, row := range rows {
			if row != nil {
				places = append(places, l.place(row))
			}
		}
		if !look.Exact {
			if places, err = l.matches(tx, places); err != nil {
				return err
			}
		}
		p = l.cut(places, w)
		return nil
	})
	return p, p != nil, err
}

// byName answers a look-up by displayName where the store has no index for it. It reports false for any other.
func (l *listing[R]) byName(look filter.Lookup) ([]directory.ID, bool, error) {
	if l.named == nil || look.Kind != filter.LookupAttribute || look.Attribute != directory.AttrDisplayName {
		return nil, false, nil
	}
	ids, err := l.named(look.Value)
	return ids, true, err
}

// hits returns the ids that a look-up finds.
func (l *listing[R]) hits(tx store.Tx, look filter.Lookup) ([]directory.ID, error) {
	conn := l.call.line.Num
	switch look.Kind {
	case filter.LookupID:
		// An id is compared exactly (RFC 7643, section 3.1): another spelling of it is none.
		if id, ok := directory.ParseID(look.Value); ok && id.String() == look.Value {
			return []directory.ID{id}, nil
		}
		return nil, nil
	case filter.LookupMember:
		parents, err := tx.Parents(conn, childrenNamed(look.Value))
		if err != nil {
			return nil, err
		}
		ids := slices.Concat(parents...)
		slices.SortFunc(ids, func(a, b directory.ID) int { return slices.Compare(a[:], b[:]) })
		return slices.Compact(ids), nil
	case filter.LookupAttribute:
	}
	return l.find(tx, conn, directory.Key{Attribute: look.Attribute, Value: look.Value})
}

// cut takes a window out of all places that there are.
func (l *listing[R]) cut(places []place[R], w window) *page[R] {
	slices.SortFunc(places, func(a, b place[R]) int { return l.order.compare(a.at, b.at) })
	p := &page[R]{total: len(places)}
	from := min(w.start-1, len(places))
	if w.after != nil {
		p.last = *w.after
		from = 0
		for from < len(places) && *w.after != (position{}) && l.order.compare(places[from].at, *w.after) <= 0 {
			from++
		}
	}
	to := min(from+w.count, len(places))
	p.more = to < len(places)
	p.take(places[from:to])
	return p
}

func (p *page[R]) take(places []place[R]) {
	for _, at := range places {
		p.rows = append(p.rows, at.row)
		p.last = at.at
	}
}

// slice reads a page of everything in the order of ids, at a cost that does not grow with the offset.
func (l *listing[R]) slice(w window) (*page[R], error) {
	p := &page[R]{}
	err := l.call.Store.View(l.call.r.Context(), func(tx store.Tx) (err error) {
		conn := l.call.line.Num
		if p.total, err = l.count(tx, conn); err != nil || w.count == 0 || w.start > p.total {
			return err
		}
		at := store.Page{Limit: w.count, Descending: l.order.descending}
		if w.start > 1 {
			before := w.start - 2
			if at.Descending {
				before = p.total - w.start + 1
			}
			if at.After, err = l.at(tx, conn, before); err != nil {
				if errors.Is(err, store.ErrNotFound) {
					err = nil
				}
				return err
			}
		}
		p.rows, err = l.list(tx, conn, at)
		return err
	})
	return p, err
}

// sorted reads a page of everything in the order of an index. What comes before the page is counted on the index, not
// read.
func (l *listing[R]) sorted(w window) (*page[R], error) {
	p := &page[R]{}
	ctx := l.call.r.Context()
	err := l.call.Store.View(ctx, func(tx store.Tx) (err error) {
		p.total, err = l.count(tx, l.call.line.Num)
		return err
	})
	if err != nil || w.count == 0 || w.start > p.total {
		return p, err
	}
	skip := w.start - 1
	err = l.walk(ctx, position{}, min(chunk, skip+w.count), func(tx store.Tx, places []place[R]) (bool, error) {
		passed := min(skip, len(places))
		skip -= passed
		places = places[passed:]
		places, err := l.matches(tx, places[:min(w.count-len(p.rows), len(places))])
		if err != nil {
			return false, err
		}
		p.take(places)
		return len(p.rows) >= w.count, nil
	})
	return p, err
}

// scan reads a page of what matches a filter that no index answers. It passes over everything, for the total, and keeps
// no more than the page.
func (l *listing[R]) scan(w window) (*page[R], error) {
	p := &page[R]{}
	err := l.walk(l.call.r.Context(), position{}, chunk, func(tx store.Tx, places []place[R]) (bool, error) {
		places, err := l.matches(tx, places)
		if err != nil {
			return false, err
		}
		skip := min(max(w.start-1-p.total, 0), len(places))
		p.total += len(places)
		places = places[skip:]
		p.take(places[:min(w.count-len(p.rows), len(places))])
		return false, nil
	})
	return p, err
}

// follow reads the page after a cursor, and looks whether there is more.
func (l *listing[R]) follow(w window) (*page[R], error) {
	p := &page[R]{last: *w.after}
	size := chunk
	if l.filter == nil {
		size = min(chunk, w.count+1)
	}
	err := l.walk(l.call.r.Context(), *w.after, size, func(tx store.Tx, places []place[R]) (bool, error) {
		places, err := l.matches(tx, places)
		if err != nil {
			return false, err
		}
		n := min(w.count-len(p.rows), len(places))
		p.take(places[:n])
		p.more = n < len(places)
		return p.more, nil
	})
	return p, err
}

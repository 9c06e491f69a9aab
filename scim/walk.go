package scim

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/filter"
	"github.com/mixus/usher/store"
)

// chunk is how many rows one View reads.
const chunk = 1000

// order is the order of a list. Resources without the attribute come last, or first when descending (RFC 7644, section
// 3.4.2.3).
type order struct {
	attribute  directory.Attribute // zero for the order of ids
	partial    bool
	descending bool
}

// parts returns how many walks make up the order: one over the index, and one over those that are not in it.
func (o order) parts() byte {
	if o.attribute != 0 && o.partial {
		return 2
	}
	return 1
}

// indexed reports whether a part is the walk over the index.
func (o order) indexed(part byte) bool {
	return o.attribute != 0 && (!o.partial || (part == 0) != o.descending)
}

// place is a row and where it stands in the order. The row is loaded when it is needed.
type place[R any] struct {
	at  position
	row *R
}

// compare orders places as the walk meets them.
func (o order) compare(a, b position) int {
	if c := cmp.Compare(a.part, b.part); c != 0 {
		return c
	}
	c := strings.Compare(a.value, b.value)
	if c == 0 {
		c = slices.Compare(a.id[:], b.id[:])
	}
	// Those without the attribute are in the order of ids either way.
	if o.descending && (o.attribute == 0 || o.indexed(a.part)) {
		c = -c
	}
	return c
}

// listing is one query over one resource type.
type listing[R any] struct {
	*kind[R]
	call   *call
	filter *filter.Filter // nil for none
	order  order
}

// step reads the places that follow a position, at most limit of them. It returns the position to go on from, and false
// when the walk has ended.
func (l *listing[R]) step(tx store.Tx, from position, limit int) (places []place[R], next position, more bool, err error) {
	var n int
	if l.order.indexed(from.part) {
		places, n, err = l.stepIndex(tx, &from, limit)
	} else {
		places, n, err = l.stepIDs(tx, &from, limit)
	}
	if err != nil || n == limit {
		return places, from, err == nil, err
	}
	if from.part+1 < l.order.parts() {
		return places, position{part: from.part + 1}, true, nil
	}
	return places, from, false, nil
}

func (l *listing[R]) stepIndex(tx store.Tx, from *position, limit int) ([]place[R], int, error) {
	page := store.KeyPage{
		Attribute: l.order.attribute, AfterValue: from.value, After: from.id, Limit: limit, Descending: l.order.descending,
	}
	keys, err := l.keys(tx, l.call.line.Num, page)
	if err != nil {
		return nil, 0, err
	}
	places := make([]place[R], len(keys))
	for i, k := range keys {
		from.value, from.id = k.Value, k.ID
		places[i].at = *from
	}
	return places, len(keys), nil
}

func (l *listing[R]) stepIDs(tx store.Tx, from *position, limit int) ([]place[R], int, error) {
	page := store.Page{After: from.id, Limit: limit, Descending: l.order.descending && l.order.attribute == 0}
	rows, err := l.list(tx, l.call.line.Num, page)
	if err != nil {
		return nil, 0, err
	}
	places := make([]place[R], 0, len(rows))
	for _, row := range rows {
		from.id = l.id(row)
		if _, has := l.value(row); l.order.attribute == 0 || !has {
			places = append(places, place[R]{at: *from, row: row})
		}
	}
	return places, len(rows), nil
}

// value returns the indexed value that decides a row's place.
func (l *listing[R]) value(row *R) (string, bool) {
	if l.order.attribute == 0 {
		return "", false
	}
	for _, k := range l.indexed(row) {
		if k.Attribute == l.order.attribute {
			return k.Value, true
		}
	}
	return "", false
}

// place finds where a row stands.
func (l *listing[R]) place(row *R) place[R] {
	value, has := l.value(row)
	p := position{value: value, id: l.id(row)}
	if l.order.parts() == 2 && has == l.order.descending {
		p.part = 1
	}
	return place[R]{at: p, row: row}
}

// load reads the rows of places that only the index was asked for.
func (l *listing[R]) load(tx store.Tx, places []place[R]) error {
	var ids []directory.ID
	for _, p := range places {
		if p.row == nil {
			ids = append(ids, p.at.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := l.get(tx, l.call.line.Num, ids)
	if err != nil {
		return err
	}
	for i := range places {
		if places[i].row == nil {
			places[i].row, rows = rows[0], rows[1:]
		}
	}
	return nil
}

// matches keeps the places whose rows match the filter.
func (l *listing[R]) matches(tx store.Tx, places []place[R]) ([]place[R], error) {
	if err := l.load(tx, places); err != nil {
		return nil, err
	}
	kept := places[:0]
	for _, p := range places {
		if p.row == nil {
			continue
		}
		if l.filter != nil {
			record, err := l.record(tx, p.row)
			if err != nil {
				return nil, err
			}
			matched := l.filter.Match(record)
			if l.call.unread != nil {
				return nil, l.call.unread
			}
			if !matched {
				continue
			}
		}
		kept = append(kept, p)
	}
	return kept, nil
}

// walk goes over everything after a position, a chunk per View, until take has had enough.
func (l *listing[R]) walk(ctx context.Context, from position, limit int, take func(store.Tx, []place[R]) (enough bool, err error)) error {
	for more := true; more; {
		err := l.call.Store.View(ctx, func(tx store.Tx) error {
			places, next, goOn, err := l.step(tx, from, limit)
			if err != nil {
				return err
			}
			enough, err := take(tx, places)
			from, more = next, goOn && !enough
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/mixus/usher/directory"
)

// Kinds of list, as cursors and metrics name them.
const (
	listOfUsers  = "users"
	listOfGroups = "groups"
	listOfAll    = "all"
)

// listUsers answers GET /Users (RFC 7644, section 3.4.2).
func (c *call) listUsers() error {
	c.nameList(listOfUsers)
	l, err := newListing(c, c.userKind())
	if err != nil {
		return err
	}
	w, err := c.window(listOfUsers)
	if err != nil {
		return err
	}
	p, err := l.page(w)
	if err != nil {
		return err
	}
	return c.sendList(extent{total: p.total, start: w.start, next: c.next(listOfUsers, p.more, p.last)}, p.rows, nil)
}

// listGroups answers GET /Groups.
func (c *call) listGroups() error {
	c.nameList(listOfGroups)
	l, err := newListing(c, c.groupKind())
	if err != nil {
		return err
	}
	w, err := c.window(listOfGroups)
	if err != nil {
		return err
	}
	p, err := l.page(w)
	if err != nil {
		return err
	}
	return c.sendList(extent{total: p.total, start: w.start, next: c.next(listOfGroups, p.more, p.last)}, nil, p.rows)
}

// nameList tells look-ups from lists in the metrics: they cost and mean different things.
func (c *call) nameList(list string) {
	c.operation = list + ".list"
	if c.query.filter != "" {
		c.operation = list + ".find"
	}
}

// window returns the page that the query asks for.
func (c *call) window(list string) (window, error) {
	w := window{start: c.query.startIndex, count: c.query.count}
	if !c.query.byCursor {
		return w, nil
	}
	w.after = &position{}
	if c.query.cursor == "" {
		return w, nil
	}
	var err error
	*w.after, err = openCursor(c.CursorKey, c.query.hash(c.line.Num, list), c.Now(), c.query.cursor)
	return w, err
}

// next returns the cursor of the page after this one, "" when this is the last.
func (c *call) next(list string, more bool, last position) string {
	if !c.query.byCursor || !more {
		return ""
	}
	return sealCursor(c.CursorKey, c.query.hash(c.line.Num, list), c.Now(), last)
}

// search answers POST to .search below a resource type or at the root (RFC 7644, section 3.4.3).
func (c *call) search(where string) error {
	if c.r.Method != http.MethodPost {
		return c.otherwise(allowPost)
	}
	c.operation = "search"
	raw, err := c.read(c.Limits.UserBody)
	if err != nil {
		return err
	}
	if c.query, err = parseSearch(raw); err != nil {
		return err
	}
	switch where {
	case "Users":
		return c.listUsers()
	case "Groups":
		return c.listGroups()
	}
	return c.listEverything()
}

// searchRequest is a SearchRequest message.
type searchRequest struct {
	Attributes         []string     `json:"attributes"`
	ExcludedAttributes []string     `json:"excludedAttributes"`
	Filter             *string      `json:"filter"`
	SortBy             string       `json:"sortBy"`
	SortOrder          string       `json:"sortOrder"`
	StartIndex         *json.Number `json:"startIndex"`
	Count              *json.Number `json:"count"`
	Cursor             *string      `json:"cursor"`
}

func parseSearch(raw []byte) (query, error) {
	q := newQuery()
	var in searchRequest
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&in); err != nil {
		return q, &directory.Error{Kind: directory.Invalid, Code: codeInvalidSyntax, Message: searchMistake(err), Err: err}
	}
	var seen [len(parameters)]bool
	var values [len(parameters)]string
	give := func(i int, value string) { seen[i], values[i] = true, value }
	if in.Filter != nil {
		give(paramFilter, *in.Filter)
	}
	give(paramSortBy, in.SortBy)
	give(paramSortOrder, in.SortOrder)
	give(paramAttributes, strings.Join(in.Attributes, ","))
	give(paramExcluded, strings.Join(in.ExcludedAttributes, ","))
	if in.StartIndex != nil {
		give(paramStartIndex, in.StartIndex.String())
	}
	if in.Count != nil {
		give(paramCount, in.Count.String())
	}
	if in.Cursor != nil {
		give(paramCursor, *in.Cursor)
	}
	return q, q.set(seen, values)
}

// searchMistake says what is wrong with a SearchRequest that cannot be decoded.
func searchMistake(err error) string {
	var other *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &other) && other.Field != "":
		must := "a text"
		switch other.Field {
		case "attributes", "excludedAttributes":
			must = `a list of texts, as in ["userName"]`
		case "startIndex", "count":
			must = "an integer"
		case "filter", "sortBy", "sortOrder", "cursor":
		}
		return "In the SearchRequest, " + other.Field + " must be " + must + "."
	case errors.As(err, &other), errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "The body is no JSON object, as a SearchRequest (RFC 7644, section 3.4.3) must be."
	}
	return "In the SearchRequest, startIndex and count must be integers." // all that is decoded by a rule of its own
}

// listEverything answers a query over users and groups, users first.
func (c *call) listEverything() error {
	c.nameList(listOfAll)
	if c.query.sortBy != "" {
		return invalid(codeInvalidValue, "Resources of different types have no common order. Sort below /Users or /Groups.")
	}
	users, usersErr := newListing(c, c.userKind())
	groups, groupsErr := newListing(c, c.groupKind())
	// RFC 7644, section 3.4.2.1: an attribute that one type does not have excludes the resources of that type.
	if usersErr != nil && groupsErr != nil {
		return usersErr
	}
	w, err := c.window(listOfAll)
	if err != nil {
		return err
	}
	u, g := &page[directory.User]{}, &page[directory.Group]{}
	inGroups := w.after != nil && w.after.part == partGroups
	if usersErr == nil && !inGroups {
		if u, err = users.page(w); err != nil {
			return err
		}
	}
	if groupsErr == nil && !u.more {
		if g, err = groups.page(w.rest(u.total, len(u.rows), inGroups)); err != nil {
			return err
		}
		g.last.part = partGroups
	}
	x := extent{total: u.total + g.total, start: w.start}
	if x.next = c.next(listOfAll, g.more, g.last); u.more {
		x.next = c.next(listOfAll, true, u.last)
	}
	return c.sendList(x, u.rows, g.rows)
}

// partGroups marks a cursor over everything that has come to the groups.
const partGroups = 0x80

// rest returns the window over groups that remains after users.
func (w window) rest(total, shown int, inGroups bool) window {
	r := window{start: max(w.start-total, 1), count: w.count - shown}
	if w.after != nil {
		r.after = &position{}
		if inGroups {
			*r.after = *w.after
			r.after.part = 0
		}
	}
	return r
}

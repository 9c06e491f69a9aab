package scim

import (
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mixus/usher/scim/filter"
)

// The sizes of pages (RFC 7644, section 3.4.2.4).
const (
	defaultPage = 100
	maxPage     = 1000
)

// maxNames is the longest list of attribute names, in bytes.
const maxNames = 4 << 10

// query is what a request asks for: the parameters of its URL, or of a SearchRequest (RFC 7644, section 3.4.3).
type query struct {
	filter     string // "" for none
	sortBy     string
	descending bool
	startIndex int // from 1
	count      int // 0 to maxPage
	cursor     string
	byCursor   bool
	attributes []string
	excluded   []string
}

// newQuery returns what a request without parameters asks for.
func newQuery() query { return query{startIndex: 1, count: defaultPage} }

// parseQuery reads the query of a URL. Names are taken in any case and unknown ones are ignored, but what is malformed or
// given twice is refused: url.ParseQuery would drop such a pair, and a filter that is dropped lists everybody.
func parseQuery(raw string) (query, error) {
	q := newQuery()
	if raw == "" {
		return q, nil
	}
	if strings.Contains(raw, ";") {
		return q, invalid(codeInvalidValue, "The query of the URL has a raw semicolon; write %3B for one.")
	}
	var seen [len(parameters)]bool
	var values [len(parameters)]string
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, err := unescapePair(pair)
		if err != nil {
			return q, err
		}
		i := parameter(name)
		if i < 0 {
			continue
		}
		if seen[i] {
			return q, invalid(codeInvalidValue, "The query parameter "+parameters[i]+" is given twice.")
		}
		seen[i], values[i] = true, value
	}
	return q, q.set(seen, values)
}

// The parameters of RFC 7644, sections 3.4.2 and 3.9, and of RFC 9865.
const (
	paramFilter = iota
	paramSortBy
	paramSortOrder
	paramStartIndex
	paramCount
	paramCursor
	paramAttributes
	paramExcluded
)

var parameters = [...]string{"filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"}

func parameter(name string) int {
	for i, p := range parameters {
		if len(p) == len(name) && strings.EqualFold(p, name) {
			return i
		}
	}
	return -1
}

func unescapePair(pair string) (name, value string, err error) {
	rawName, rawValue, _ := strings.Cut(pair, "=")
	name, err = url.QueryUnescape(rawName)
	if err == nil {
		value, err = url.QueryUnescape(rawValue)
	}
	if err != nil || !utf8.ValidString(name) || !utf8.ValidString(value) {
		return "", "", invalid(codeInvalidValue, "The query of the URL is malformed: a percent sign needs two hexadecimal digits, and the result must be UTF-8.")
	}
	return name, value, nil
}

func (q *query) set(seen [len(parameters)]bool, values [len(parameters)]string) error {
	q.byCursor, q.cursor = seen[paramCursor], values[paramCursor]
	q.sortBy = values[paramSortBy]
	q.attributes, q.excluded = splitNames(values[paramAttributes]), splitNames(values[paramExcluded])
	if len(values[paramAttributes])+len(values[paramExcluded]) > maxNames {
		return invalid(codeInvalidValue, "The list of attribute names is longer than "+strconv.Itoa(maxNames)+" bytes.")
	}
	if seen[paramFilter] {
		if err := q.setFilter(values[paramFilter]); err != nil {
			return err
		}
	}
	if err := q.setOrder(values[paramSortOrder]); err != nil {
		return err
	}
	if seen[paramStartIndex] {
		if err := q.setStart(values[paramStartIndex]); err != nil {
			return err
		}
	}
	if seen[paramCount] {
		return q.setCount(values[paramCount])
	}
	return nil
}

// setFilter refuses an empty filter: a client whose filter came out empty did not mean everybody.
func (q *query) setFilter(text string) error {
	if strings.TrimSpace(text) == "" {
		return invalid(codeInvalidFilter, `The filter is empty. Write one, as in userName eq "ann@example.com", or leave it out to list everything.`)
	}
	if len(text) > filter.MaxText {
		return invalid(codeInvalidFilter, "The filter is longer than "+strconv.Itoa(filter.MaxText)+" bytes.")
	}
	q.filter = text
	return nil
}

func (q *query) setOrder(order string) error {
	switch {
	case order == "" || strings.EqualFold(order, "ascending"):
		q.descending = false
	case strings.EqualFold(order, "descending"):
		q.descending = true
	default:
		return invalid(codeInvalidValue, "sortOrder is ascending or descending.")
	}
	return nil
}

func (q *query) setStart(text string) error {
	n, err := parseInt(text)
	if err != nil {
		return invalid(codeInvalidValue, "startIndex must be an integer.")
	}
	q.startIndex = max(n, 1)
	return nil
}

func (q *query) setCount(text string) error {
	n, err := parseInt(text)
	if err != nil {
		code := codeInvalidValue
		if q.byCursor {
			code = codeInvalidCount
		}
		return invalid(code, "count must be an integer.")
	}
	q.count = min(max(n, 0), maxPage)
	return nil
}

// parseInt reads an integer of any size; one beyond the machine's range is as good as the largest.
func parseInt(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if errors.Is(err, strconv.ErrRange) {
		if strings.HasPrefix(text, "-") {
			return math.MinInt32, nil
		}
		return math.MaxInt32, nil
	}
	return int(n), err
}

// splitNames splits a list of attribute names at its commas.
func splitNames(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

package examples

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// node is a JSON value that remembers its line and the order of its keys.
type node struct {
	line   int
	scalar any // string, json.Number, bool or nil, where object and array are false
	object bool
	array  bool
	keys   []string
	values []*node // of an object or an array
}

// decode reads one JSON value. Lines count from first.
func decode(text string, first int) (*node, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	r := reader{d: d, text: text, first: first}
	n, err := r.value()
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", r.line(), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: more after the JSON value", r.line())
	}
	return n, nil
}

type reader struct {
	d     *json.Decoder
	text  string
	first int
}

func (r *reader) line() int {
	return r.first + strings.Count(r.text[:min(int(r.d.InputOffset()), len(r.text))], "\n")
}

func (r *reader) value() (*node, error) {
	token, err := r.d.Token()
	if err != nil {
		return nil, err
	}
	n := &node{line: r.line()}
	switch token {
	case json.Delim('{'):
		n.object = true
	case json.Delim('['):
		n.array = true
	default:
		n.scalar = token
		return n, nil
	}
	for r.d.More() {
		if n.object {
			key, err := r.d.Token()
			if err != nil {
				return nil, err
			}
			n.keys = append(n.keys, fmt.Sprint(key))
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		n.values = append(n.values, v)
	}
	_, err = r.d.Token()
	return n, err
}

// get returns the value of a key, nil where there is none.
func (n *node) get(key string) *node {
	for i, k := range n.keys {
		if k == key {
			return n.values[i]
		}
	}
	return nil
}

// text returns a string scalar.
func (n *node) text() (string, bool) {
	s, ok := n.scalar.(string)
	return s, ok && !n.object && !n.array
}

// String returns the value as JSON on one line, cut where it grows long.
func (n *node) String() string {
	var b bytes.Buffer
	n.write(&b, "", false)
	if s := b.String(); len(s) <= 200 {
		return s
	}
	return strings.ToValidUTF8(b.String()[:200], "") + "…"
}

// indented returns the value as JSON, two spaces a level, with lists of scalars on one line.
func (n *node) indented() string {
	var b bytes.Buffer
	n.write(&b, "\n", true)
	return b.String()
}

// write writes the value; newline is the line break and indentation that stand before it.
func (n *node) write(b *bytes.Buffer, newline string, pretty bool) {
	if !n.object && !n.array {
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(n.scalar); err == nil {
			b.Truncate(b.Len() - 1) // Encode ends with a line break
		}
		return
	}
	opening, closing := "[", "]"
	if n.object {
		opening, closing = "{", "}"
	}
	flat := !pretty || n.plain()
	inner := newline + "  "
	b.WriteString(opening)
	for i, v := range n.values {
		if i > 0 {
			b.WriteString(",")
			if flat {
				b.WriteString(" ")
			}
		}
		if !flat {
			b.WriteString(inner)
		}
		if n.object {
			fmt.Fprintf(b, "%q: ", n.keys[i])
		}
		v.write(b, inner, !flat)
	}
	if !flat {
		b.WriteString(newline)
	}
	b.WriteString(closing)
}

// plain reports whether a value is best read on one line: empty, or a short list of scalars.
func (n *node) plain() bool {
	length := 0
	for i, v := range n.values {
		if v.object || v.array {
			return false
		}
		length += len(fmt.Sprint(v.scalar))
		if n.object {
			length += len(n.keys[i])
		}
	}
	return length < 90 && len(n.values) < 8
}

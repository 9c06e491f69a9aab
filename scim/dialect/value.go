package dialect

import (
	"encoding/json"
	"unicode/utf8"
)

// value reads any value: object, []any, string, json.Number, bool or nil.
func (r *reader) value() (any, error) {
	c, err := r.next("a value")
	if err != nil {
		return nil, err
	}
	switch c {
	case '{':
		o := make(object, 0, 4)
		err := r.object(func(key string) error {
			v, err := r.value()
			o = append(o, field{key, v})
			return err
		})
		return o, err
	case '[':
		a := make([]any, 0, 2)
		err := r.array(func() error {
			v, err := r.value()
			a = append(a, v)
			return err
		})
		return a, err
	case '"':
		return r.text()
	}
	return r.scalar()
}

// skip reads any value and forgets it.
func (r *reader) skip() error {
	c, err := r.next("a value")
	if err != nil {
		return err
	}
	switch c {
	case '{':
		return r.object(func(string) error { return r.skip() })
	case '[':
		return r.array(r.skip)
	case '"':
		raw, _, err := r.scanText()
		if err == nil && !utf8.Valid(raw) {
			err = syntaxError("The body has a text that is not valid UTF-8, before byte %d.", r.base+r.pos)
		}
		return err
	}
	_, err = r.scalar()
	return err
}

// capture skips a value and returns its text.
func (r *reader) capture() ([]byte, error) {
	if _, err := r.next("a value"); err != nil {
		return nil, err
	}
	r.mark = r.pos
	err := r.skip()
	text := append([]byte(nil), r.buf[max(r.mark, 0):r.pos]...)
	r.mark = -1
	return text, err
}

// scalar reads a number, true, false or null.
func (r *reader) scalar() (any, error) {
	n := 0
	for {
		for r.pos+n < len(r.buf) && isScalar(r.buf[r.pos+n]) {
			n++
		}
		if r.pos+n < len(r.buf) || n > 1<<10 {
			break
		}
		if ok, err := r.fill(); err != nil {
			return nil, err
		} else if !ok {
			break
		}
	}
	text := string(r.buf[r.pos : r.pos+n])
	var v any
	switch {
	case text == "null":
	case text == "true":
		v = true
	case text == "false":
		v = false
	case n > 0 && n <= 1<<10 && json.Valid([]byte(text)):
		v = json.Number(text)
	default:
		return nil, r.syntax("a value")
	}
	r.pos += n
	return v, nil
}

func isScalar(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == 'E' || c == '+' || c == '-' || c == '.'
}

package dialect

import (
	"fmt"
	"io"
)

// maxDepth is how deeply the objects and arrays of a body may nest.
const maxDepth = 32

// reader reads JSON (RFC 8259) from memory or as a stream, by callbacks, so that a list of 200,000 members never becomes
// a tree. Unlike encoding/json it limits the depth, refuses invalid UTF-8 and null characters, and keeps the order and
// the repetitions of an object's keys.
type reader struct {
	src   io.Reader // nil when all of the input is in buf
	buf   []byte
	pos   int
	mark  int // where a capture began, or -1: what lies behind it stays in buf
	base  int // how many bytes were read before buf
	depth int
}

// object is a JSON object as it was written.
type object []field

type field struct {
	name  string
	value any
}

func readerOf(body []byte) *reader {
	r := &reader{buf: body, mark: -1}
	r.skipBOM()
	return r
}

func streamOf(src io.Reader) (*reader, error) {
	r := &reader{src: src, buf: make([]byte, 0, 16<<10), mark: -1}
	for len(r.buf) < 3 {
		if ok, err := r.fill(); err != nil || !ok {
			return r, err
		}
	}
	r.skipBOM()
	return r, nil
}

// skipBOM skips a byte order mark, which some clients put in front.
func (r *reader) skipBOM() {
	if len(r.buf) >= 3 && r.buf[0] == 0xEF && r.buf[1] == 0xBB && r.buf[2] == 0xBF {
		r.pos = 3
	}
}

// fill reads more into buf, dropping what nobody needs any more. It reports false at the end of the input.
func (r *reader) fill() (bool, error) {
	if r.src == nil {
		return false, nil
	}
	keep := r.pos
	if r.mark >= 0 {
		keep = r.mark
		r.mark = 0
	}
	n := len(r.buf) - keep
	if keep > 0 {
		copy(r.buf, r.buf[keep:])
		r.buf = r.buf[:n]
		r.pos -= keep
		r.base += keep
	}
	if n == cap(r.buf) {
		grown := make([]byte, n, 2*cap(r.buf))
		copy(grown, r.buf)
		r.buf = grown
	}
	for range 100 {
		m, err := r.src.Read(r.buf[n:cap(r.buf)])
		r.buf = r.buf[:n+m]
		switch {
		case m > 0:
			return true, nil
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, fmt.Errorf("dialect: read body: %w", err)
		}
	}
	return false, fmt.Errorf("dialect: read body: %w", io.ErrNoProgress)
}

// next skips blanks and returns the next byte without taking it. The end of the input is an error.
func (r *reader) next(expected string) (byte, error) {
	for {
		for r.pos < len(r.buf) {
			switch c := r.buf[r.pos]; c {
			case ' ', '\t', '\n', '\r':
				r.pos++
			default:
				return c, nil
			}
		}
		if ok, err := r.fill(); err != nil {
			return 0, err
		} else if !ok {
			return 0, r.syntax(expected)
		}
	}
}

// take consumes one byte, which must be c.
func (r *reader) take(c byte, expected string) error {
	found, err := r.next(expected)
	if err != nil {
		return err
	}
	if found != c {
		return r.syntax(expected)
	}
	r.pos++
	return nil
}

// end makes sure that nothing follows.
func (r *reader) end() error {
	for {
		for ; r.pos < len(r.buf); r.pos++ {
			if c := r.buf[r.pos]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
				return r.syntax("nothing behind the object")
			}
		}
		if ok, err := r.fill(); err != nil || !ok {
			return err
		}
	}
}

// object reads an object; fn reads the value of each key.
func (r *reader) object(fn func(key string) error) error {
	if err := r.open('{', "an object"); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := r.more('}', first, `"," or the end of the object`)
		if err != nil || !more {
			return err
		}
		if r.buf[r.pos] != '"' {
			return r.syntax("a key in quotes")
		}
		key, err := r.key()
		if err != nil {
			return err
		}
		if err := r.take(':', `":" behind the key`); err != nil {
			return err
		}
		if err := fn(key); err != nil {
			return err
		}
	}
}

// array reads an array; fn reads each element.
func (r *reader) array(fn func() error) error {
	if err := r.open('[', "an array"); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := r.more(']', first, `"," or the end of the array`)
		if err != nil || !more {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
	}
}

// open takes an opening bracket and goes one level down.
func (r *reader) open(bracket byte, what string) error {
	if err := r.take(bracket, what); err != nil {
		return err
	}
	if r.depth++; r.depth > maxDepth {
		return syntaxError("The body nests deeper than %d levels.", maxDepth)
	}
	return nil
}

// more moves to the next item between brackets, or takes the closing bracket and reports that there is none.
func (r *reader) more(closing byte, first bool, expected string) (bool, error) {
	c, err := r.next(expected)
	if err != nil {
		return false, err
	}
	if c == closing {
		r.pos++
		r.depth--
		return false, nil
	}
	if first {
		return true, nil
	}
	if c != ',' {
		return false, r.syntax(expected)
	}
	r.pos++
	if c, err = r.next("another item"); err == nil && c == closing {
		err = r.syntax("another item behind the comma")
	}
	return err == nil, err
}

// syntax says what should have stood at the present position.
func (r *reader) syntax(expected string) error {
	found := "it ends"
	if r.pos < len(r.buf) {
		found = fmt.Sprintf("there is %q", r.buf[r.pos])
	}
	return syntaxError("The body is not valid JSON at byte %d: expected %s, but %s.", r.base+r.pos+1, expected, found)
}

package scim

import (
	"net/http"

	"github.com/mixus/usher/directory"
)

// flushAt is how much of an answer is gathered before it is written.
const flushAt = 64 << 10

// stream is an answer of any length. What stays below flushAt gets a Content-Length; the rest is written piece by piece.
type stream struct {
	call   *call
	status int
	b      *[]byte
	begun  bool
	done   bool // nobody is left to write to
}

// flush writes what was gathered once it is worth it.
func (s *stream) flush() {
	if len(*s.b) < flushAt || s.done {
		return
	}
	if !s.begun {
		s.begun = true
		s.call.w.Header().Set("Content-Type", contentType)
		s.call.writeHeader(s.status)
	}
	if _, err := s.call.w.Write(*s.b); err != nil || s.call.r.Method == http.MethodHead {
		s.done = true
	}
	*s.b = (*s.b)[:0]
}

// close ends the answer.
func (s *stream) close() {
	switch {
	case !s.begun:
		s.call.send(s.status, *s.b)
	case !s.done:
		// A client that has gone away is not an error of ours.
		_, _ = s.call.w.Write(*s.b)
	}
}

// fail gives up. An answer that is under way is broken off, so that the client sees a broken connection and not a
// shorter list: net/http has no other way to say so.
func (s *stream) fail(err error) error {
	if !s.begun {
		return err
	}
	s.call.fail(err)
	panic(http.ErrAbortHandler)
}

// group appends one group with the members that the view wants, of which page is the beginning.
func (s *stream) group(view groupView, g *directory.Group, page []directory.Child) error {
	c := s.call
	var err error
	if *s.b, err = c.appendGroup(*s.b, view, g); err != nil {
		return err
	}
	if len(page) == 0 {
		*s.b = append(*s.b, '}')
		return nil
	}
	*s.b = append(*s.b, `,"members":[`...)
	shown := 0
	for !s.done {
		var n int
		if *s.b, n, err = c.appendMembers(*s.b, view, page, shown); err != nil {
			return err
		}
		shown += n
		if len(page) < membersPage {
			break
		}
		s.flush()
		if page, err = c.members(g.ID, page[len(page)-1]); err != nil {
			return err
		}
	}
	*s.b = append(*s.b, `]}`...)
	return nil
}

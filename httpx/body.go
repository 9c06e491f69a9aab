package httpx

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/mixus/usher/directory"
)

// body reads a request's body against a deadline that moves with what has arrived: the whole must keep up with a
// slowest rate, so that neither a half-sent body nor one that drips holds its connection for ever, and a large one over
// a slow line still gets through.
type body struct {
	io.ReadCloser
	control *http.ResponseController
	start   time.Time
	grace   time.Duration
	rate    int64 // bytes a second
	read    int64
	set     time.Time // the deadline in force
	done    bool
}

// guard puts a body with a deadline in the place of the request's own. The deadline also bounds what the server reads by
// itself when a handler answers without reading.
func guard(w http.ResponseWriter, r *http.Request, grace time.Duration, rate int64, now time.Time) {
	b := &body{ReadCloser: r.Body, control: http.NewResponseController(w), start: now, grace: grace, rate: rate}
	b.set = now.Add(grace)
	if b.control.SetReadDeadline(b.set) != nil {
		return // not a network connection
	}
	r.Body = b
}

// Read reads, and moves the deadline with what arrived.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	switch {
	case err == nil:
		due := b.start.Add(b.grace + time.Duration(b.read/b.rate)*time.Second)
		if due.Sub(b.set) >= time.Second {
			b.set = due
			_ = b.control.SetReadDeadline(due)
		}
	case errors.Is(err, io.EOF):
		b.clear()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, &directory.Error{
			Kind: directory.Unavailable, Err: err,
			Message: "The body of the request arrived too slowly or not at all; send it again.",
		}
	}
	return n, err
}

// clear takes the deadline off once the body is whole: from then on the server watches the connection only to learn that
// the client has gone, and a deadline would look like that.
func (b *body) clear() {
	if !b.done {
		b.done = true
		_ = b.control.SetReadDeadline(time.Time{})
	}
}

package scim

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// call is one request on its way through the server.
type call struct {
	*Server
	w         http.ResponseWriter
	r         *http.Request
	line      *line  // set once the token has been accepted
	token     string // its name
	query     query
	operation string // for metrics
	status    int    // as answered
	unread    error  // what kept a filter from seeing a record
}

const contentType = "application/scim+json"

// maxPooled is the largest buffer kept for reuse.
const maxPooled = 4 << 20

// buffer returns an empty buffer; release gives it back. A page of a hundred users fits in most of them.
func (s *Server) buffer() *[]byte {
	if b, ok := s.buffers.Get().(*[]byte); ok {
		*b = (*b)[:0]
		return b
	}
	b := make([]byte, 0, 4<<10)
	return &b
}

func (s *Server) release(b *[]byte) {
	if cap(*b) <= maxPooled {
		s.buffers.Put(b)
	}
}

// send answers with a whole body.
func (c *call) send(status int, body []byte) {
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.writeHeader(status)
	// A client that has gone away is not an error of ours.
	_, _ = c.w.Write(body)
}

// sendValue answers with a value that is not on the hot path.
func (c *call) sendValue(status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	c.send(status, body)
	return nil
}

func (c *call) writeHeader(status int) {
	c.status = status
	c.w.WriteHeader(status)
}

// fail answers with an Error message (RFC 7644, section 3.12). The cause of an error that is ours goes to the log.
func (c *call) fail(err error) {
	f, foreign := describe(err)
	id := c.RequestID(c.r.Context())
	if foreign {
		c.Log.Error("scim request failed", "operation", c.operation, "request_id", id, "err", err)
	}
	if c.status != 0 {
		return // the answer is under way already; what follows would be taken for a part of it
	}
	if f.detail == "" {
		f.detail = "Something went wrong on the server. Its log has the cause under request id " + strconv.Quote(id) + "."
	}
	if f.retryAfter > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(f.retryAfter))
	}
	c.send(f.status, appendError(nil, f))
}

// push says for whom changes are made, and why.
func (c *call) push() provision.Push {
	return provision.Push{
		Org: c.line.Org, Conn: c.line.Num,
		Cause: directory.Cause{Kind: directory.CauseSCIM, ID: c.RequestID(c.r.Context()), Actor: c.token},
	}
}

// splitPath takes a path below Prefix apart: the connection, and what follows it. Slashes at the end, or doubled because
// somebody configured a base URL with one, do not matter.
func splitPath(path string) (connection, rest string) {
	rest, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return "", ""
	}
	return segment(rest)
}

// segment returns the first segment of a path and the rest.
func segment(path string) (first, rest string) {
	path = strings.TrimLeft(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], strings.TrimLeft(path[i:], "/")
	}
	return path, ""
}

// Methods that each kind of address answers to, for the Allow header.
const (
	allowCollection = "GET, HEAD, POST, OPTIONS"
	allowResource   = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"
	allowRead       = "GET, HEAD, OPTIONS"
	allowPost       = "POST, OPTIONS"
)

// otherwise answers a method that an address has no handler for: OPTIONS with the methods that there are, others with
// 405.
func (c *call) otherwise(allow string) error {
	c.operation = "other"
	c.w.Header().Set("Allow", allow)
	if c.r.Method == http.MethodOptions {
		c.writeHeader(http.StatusNoContent)
		return nil
	}
	return &scimError{status: http.StatusMethodNotAllowed, detail: "This address answers to " + allow + " only."}
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

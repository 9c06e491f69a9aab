package scim

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/mixus/usher/directory"
)

// maxDepth is how deep JSON may be nested.
const maxDepth = 32

// open returns the request body as a stream that ends with an error when it is larger than the limit, nested too deep,
// or not JSON by its header (RFC 7644, section 3.1).
func (c *call) open(limit int64) (*body, error) {
	if err := checkType(c.r.Header); err != nil {
		return nil, err
	}
	if c.r.ContentLength > limit {
		return nil, tooLargeBody(limit)
	}
	return &body{from: http.MaxBytesReader(c.w, c.r.Body, limit)}, nil
}

// read returns the whole request body.
func (c *call) read(limit int64) ([]byte, error) {
	in, err := c.open(limit)
	if err != nil {
		return nil, err
	}
	size := c.r.ContentLength
	if size < 0 {
		size = 4 << 10
	}
	// One byte more than announced, so that the end is seen without growing.
	b := make([]byte, 0, size+1)
	for {
		n, err := in.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return nil, in.blame(err)
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

func checkType(h http.Header) error {
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return &scimError{status: http.StatusUnsupportedMediaType, detail: "Compressed request bodies are not accepted."}
	}
	switch t := h.Get("Content-Type"); t {
	case "", "application/scim+json", "application/json", "application/scim+json; charset=utf-8", "application/json; charset=utf-8":
		return nil
	default:
		media, _, err := mime.ParseMediaType(t)
		if err == nil && (media == "application/scim+json" || media == "application/json") {
			return nil
		}
	}
	return &scimError{status: http.StatusUnsupportedMediaType, detail: "Content-Type must be application/scim+json or application/json."}
}

// body is a request body that counts how deep its JSON is nested while it is read, so that no parser sees what is too
// deep.
type body struct {
	from   io.Reader
	depth  depth
	failed error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.failed != nil {
		return 0, b.failed
	}
	n, err := b.from.Read(p)
	if tooDeep := b.depth.scan(p[:n]); tooDeep != nil {
		b.failed = tooDeep
		return 0, tooDeep
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
	}
	return n, err
}

// blame returns the reason why reading stopped where there is one, since a parser may have put its own words around it.
func (b *body) blame(err error) error {
	switch {
	case err == nil || b.failed == nil:
		return err
	case directory.KindOf(b.failed) == directory.Invalid:
		return b.failed
	case isTooLarge(b.failed):
		return b.failed
	}
	return &directory.Error{Kind: directory.Invalid, Code: codeInvalidSyntax, Message: "The request body ended before it was whole.", Err: b.failed}
}

// depth follows the nesting of JSON over any number of pieces.
type depth struct {
	level    int
	inString bool
	escaped  bool
}

// scan reads a piece.
func (d *depth) scan(p []byte) error {
	for _, c := range p {
		switch {
		case d.escaped:
			d.escaped = false
		case d.inString:
			d.escaped, d.inString = c == '\\', c != '"'
		case c == '"':
			d.inString = true
		case c == '{' || c == '[':
			if d.level++; d.level > maxDepth {
				return invalid(codeInvalidSyntax, "The request body is nested deeper than "+strconv.Itoa(maxDepth)+" levels.")
			}
		case c == '}' || c == ']':
			d.level--
		}
	}
	return nil
}

package scim

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Limits bounds what one request may cost. A zero field means the default of DefaultLimits.
type Limits struct {
	UserBody       int64 // bytes of a user, a patch of a user, or a SearchRequest
	GroupBody      int64 // bytes of a group or a patch of a group
	BulkBody       int64 // bytes of a Bulk request
	BulkOperations int
}

// DefaultLimits are the limits that ServiceProviderConfig announces unless the application sets others.
func DefaultLimits() Limits {
	return Limits{UserBody: 1 << 20, GroupBody: 32 << 20, BulkBody: 16 << 20, BulkOperations: 1000}
}

// Server is the SCIM service provider of every connection. Its exported fields are set before Handler is called, and
// never after.
type Server struct {
	Store     store.Store
	Engine    *provision.Engine
	Log       *slog.Logger
	Now       func() time.Time // the clock; time.Now when nil
	PublicURL string           // scheme and host under which providers reach this server; never taken from a request
	Limits    Limits
	CursorKey []byte // signs cursors; the same after a restart and on every replica, at least 16 random bytes

	// Connections returns the connection of a name, and false when there is none.
	Connections func(name string) (Connection, bool)
	// RequestID returns the id under which a request is logged; "" when nil.
	RequestID func(context.Context) string
	// ClientAddress returns the address of the client behind trusted proxies; the peer's when nil.
	ClientAddress func(*http.Request) string
	// Observe is told of every answer: connection ("" when the request was refused), operation such as "users.get", and
	// status.
	Observe func(connection, operation string, status int)

	lines   lines
	refused httpx.Limiter[netip.Prefix] // tokens, by address
	used    store.TokenUse

	displayNames displayNames

	buffers sync.Pool
}

// Handler returns the handler of everything below Prefix.
func (s *Server) Handler() http.Handler {
	defaults := DefaultLimits()
	setDefault(&s.Limits.UserBody, defaults.UserBody)
	setDefault(&s.Limits.GroupBody, defaults.GroupBody)
	setDefault(&s.Limits.BulkBody, defaults.BulkBody)
	setDefault(&s.Limits.BulkOperations, defaults.BulkOperations)
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.RequestID == nil {
		s.RequestID = func(context.Context) string { return "" }
	}
	if s.ClientAddress == nil {
		s.ClientAddress = peerAddress
	}
	if s.Observe == nil {
		s.Observe = func(string, string, int) {}
	}
	return http.HandlerFunc(s.serve)
}

func setDefault[T int | int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func peerAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{Server: s, w: w, r: r, operation: "unauthenticated"}
	defer c.observe()
	name, path := splitPath(r.URL.Path)
	err := c.authenticate(name)
	if err == nil {
		err = c.route(path)
	}
	if err != nil {
		c.fail(err)
	}
}

// observe tells the application of the answer, be it broken off.
func (c *call) observe() {
	connection := ""
	if c.line != nil {
		connection = c.line.name
	}
	c.Observe(connection, c.operation, c.status)
}

package httpx

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
)

// HeaderRequestID is the header that carries a request's id in both directions.
const HeaderRequestID = "X-Request-Id"

// maxRequestID is the longest incoming id that is taken over.
const maxRequestID = 64

// about is what the Edge found out about a request. It is the one value that it puts into the context.
type about struct {
	id         string
	client     netip.Addr
	connection string
}

type aboutKey struct{}

func aboutOf(ctx context.Context) *about {
	a, _ := ctx.Value(aboutKey{}).(*about)
	return a
}

// RequestID returns the id under which the request is logged and journalled, "" outside a request.
func RequestID(ctx context.Context) string {
	if a := aboutOf(ctx); a != nil {
		return a.id
	}
	return ""
}

// Client returns the address of the client, behind the proxies that are trusted. It is the zero address outside a
// request and for requests over a unix socket.
func Client(ctx context.Context) netip.Addr {
	if a := aboutOf(ctx); a != nil {
		return a.client
	}
	return netip.Addr{}
}

// SetConnection names the connection that a request is for, for the access line. It must be one that exists: the line
// holds nothing that a client made up.
func SetConnection(ctx context.Context, name string) {
	if a := aboutOf(ctx); a != nil {
		a.connection = name
	}
}

// NewRequestID returns an id that is unique for all practical purposes. It is not a secret.
func NewRequestID() string {
	var raw [16]byte
	for i, v := range [2]uint64{rand.Uint64(), rand.Uint64()} {
		for j := range 8 {
			raw[i*8+j] = byte(v >> (8 * j))
		}
	}
	var text [32]byte
	hex.Encode(text[:], raw[:])
	return string(text[:])
}

// wellFormed reports whether an incoming id can be echoed and logged as it is.
func wellFormed(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

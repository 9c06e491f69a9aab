package directory

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"
)

// ID identifies a user, group, member, grant or job: a UUID version 7 (RFC 9562, section 5.7), so that ids sort by the
// time of their creation. The zero ID means "none".
type ID [16]byte

// NoID is the zero ID, which identifies nothing.
var NoID ID

// String returns the canonical lower-case form of RFC 9562, section 4.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], id[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], id[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], id[8:10])
	b[23] = '-'
	hex.Encode(b[24:36], id[10:16])
	return string(b[:])
}

// IsZero reports whether the id identifies nothing.
func (id ID) IsZero() bool { return id == NoID }

// MarshalText writes the canonical form, and nothing for the zero ID.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	return []byte(id.String()), nil
}

// UnmarshalText reads the canonical form; an empty text is the zero ID.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = NoID
		return nil
	}
	v, ok := ParseID(string(b))
	if !ok {
		return &Error{Kind: Invalid, Message: "an id is a UUID such as 018f3c2a-5d1e-7c3a-9b1f-2f6f5a1e0c77"}
	}
	*id = v
	return nil
}

// ParseID reads the canonical form in either case. It reports false for anything else, so that a value which a provider
// made up is never mistaken for one of ours.
func ParseID(s string) (ID, bool) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return NoID, false
	}
	n := 0
	for i := 0; i < 36; i += 2 {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			i++
		}
		hi, ok1 := nibble(s[i])
		lo, ok2 := nibble(s[i+1])
		if !ok1 || !ok2 {
			return NoID, false
		}
		id[n] = hi<<4 | lo
		n++
	}
	return id, true
}

func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// IDs makes ids that never repeat and, within one process, never sort before one made earlier. The zero value is ready.
type IDs struct {
	mu   sync.Mutex
	last uint64 // milliseconds<<12 | 12-bit sequence
}

// New returns the next id for an instant. When the clock stands still or goes back, the sequence carries on.
func (g *IDs) New(now time.Time) ID {
	g.mu.Lock()
	next := uint64(now.UnixMilli()) << 12
	if next <= g.last {
		next = g.last + 1
	}
	g.last = next
	g.mu.Unlock()
	ms, seq := next>>12, next&0xfff
	var id ID
	rand.Read(id[8:]) // never returns an error
	id[0], id[1], id[2] = byte(ms>>40), byte(ms>>32), byte(ms>>24)
	id[3], id[4], id[5] = byte(ms>>16), byte(ms>>8), byte(ms)
	id[6] = 0x70 | byte(seq>>8)
	id[7] = byte(seq)
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Time returns the instant at which the id was made, to the millisecond.
func (id ID) Time() time.Time {
	ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
	return time.UnixMilli(ms).UTC()
}

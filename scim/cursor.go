package scim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/mixus/usher/directory"
)

// cursorLife is how long a cursor can be used; it is said in ServiceProviderConfig (RFC 9865, section 4).
const cursorLife = 24 * time.Hour

// position is a place in an ordered walk over the resources of a connection: after this row. The zero value is the
// beginning.
type position struct {
	part  byte   // which of the walks that follow one another
	value string // of the index, where the walk follows one
	id    directory.ID
}

// The layout of a cursor: a signature over the rest; format, instant, hash of the query, part, id, value.
const (
	cursorFormat = 1
	cursorMAC    = sha256.Size
	cursorFixed  = cursorMAC + 1 + 8 + 16 + 1 + 16
	maxCursor    = 8 << 10
)

// sealCursor writes a position as an opaque cursor for one query, signed so that it means the same after a restart and on
// every replica that has the key.
func sealCursor(key []byte, queryHash [16]byte, now time.Time, p position) string {
	b := make([]byte, cursorMAC, cursorFixed+len(p.value))
	b = append(b, cursorFormat)
	b = binary.BigEndian.AppendUint64(b, uint64(now.Unix()))
	b = append(b, queryHash[:]...)
	b = append(b, p.part)
	b = append(b, p.id[:]...)
	b = append(b, p.value...)
	copy(b, sign(key, b[cursorMAC:]))
	return base64.RawURLEncoding.EncodeToString(b)
}

// openCursor reads a cursor back. One that was made for another query is as invalid as one that was made up.
func openCursor(key []byte, queryHash [16]byte, now time.Time, text string) (position, error) {
	wrong := invalid(codeInvalidCursor, "The cursor is not one that this server gave for this query. Start again with an empty cursor.")
	if len(text) > maxCursor {
		return position{}, wrong
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < cursorFixed || !hmac.Equal(b[:cursorMAC], sign(key, b[cursorMAC:])) {
		return position{}, wrong
	}
	b = b[cursorMAC:]
	if b[0] != cursorFormat || [16]byte(b[9:25]) != queryHash {
		return position{}, wrong
	}
	issued := time.Unix(int64(binary.BigEndian.Uint64(b[1:9])), 0)
	if now.Sub(issued) >= cursorLife {
		return position{}, invalid(codeExpiredCursor, "The cursor has expired. Start again with an empty cursor.")
	}
	return position{part: b[25], id: directory.ID(b[26:42]), value: string(b[42:])}, nil
}

func sign(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)
}

// hash identifies what a cursor walks: connection, resource type, filter and order, but not the size of pages or the
// attributes shown, which a client may change on the way.
func (q *query) hash(conn directory.ConnNum, resourceType string) [16]byte {
	h := sha256.New()
	for _, part := range []string{strconv.FormatUint(uint64(conn), 10), resourceType, q.filter, q.sortBy, strconv.FormatBool(q.descending)} {
		h.Write(strconv.AppendInt(nil, int64(len(part)), 10))
		h.Write([]byte(":" + part))
	}
	return [16]byte(h.Sum(nil)[:16])
}

package bolt

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mixus/usher/directory"
)

// A row that every push writes, or an import by the thousand, is encoded by hand: a version byte, then its fields in order,
// without names. Numbers are varints, texts and lists are preceded by their length, an absent instant is one byte. A reader
// takes the whole row as one string, and the texts of the record share it: one allocation, however many fields there are.

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBytes(b, v []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func appendTexts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

// appendTime appends an instant to the nanosecond. Its time zone is not kept.
func appendTime(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(b, 0)
	}
	b = append(b, 1)
	b = binary.AppendVarint(b, at.Unix())
	return binary.AppendUvarint(b, uint64(at.Nanosecond()))
}

// appendFlags packs up to eight booleans into a byte.
func appendFlags(b []byte, flags ...bool) []byte {
	var packed byte
	for i, f := range flags {
		if f {
			packed |= 1 << i
		}
	}
	return append(b, packed)
}

// appendOptionalID spends one byte on an id that is not set.
func appendOptionalID(b []byte, id directory.ID) []byte {
	if id.IsZero() {
		return append(b, 0)
	}
	return append(append(b, 1), id[:]...)
}

// reader takes a row apart. After damage every read returns zero values, and end says so.
type reader struct {
	rest    string
	damaged bool
}

// read starts reading a row of a kind that has one version.
func read(row string) *reader {
	r := &reader{rest: row}
	if v := r.byte(); v != 1 {
		r.damaged = true
	}
	return r
}

// end reports a row that does not hold what it should, or more.
func (r *reader) end(kind string, key []byte) error {
	if r.damaged || r.rest != "" {
		return damaged(kind, key)
	}
	return nil
}

func damaged(kind string, key []byte) error {
	return fmt.Errorf("store: the %s row %x is damaged", kind, key)
}

// take returns the next n bytes.
func (r *reader) take(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.damaged, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) byte() byte {
	s := r.take(1)
	if s == "" {
		return 0
	}
	return s[0]
}

func (r *reader) flags() byte { return r.byte() }

func (r *reader) uint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return v
		}
	}
	r.damaged = true
	return 0
}

func (r *reader) int() int64 {
	u := r.uint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) text() string { return r.take(r.uint()) }

// raw returns bytes of their own, nil when there are none.
func (r *reader) raw() []byte {
	s := r.text()
	if s == "" {
		return nil
	}
	return []byte(s)
}

// count reads the length of a list. Every item takes a byte at least, so that damage cannot ask for memory at will.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.damaged, r.rest = true, ""
		return 0
	}
	return int(n)
}

func (r *reader) texts() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.text()
	}
	return list
}

func (r *reader) time() time.Time {
	if r.byte() == 0 {
		return time.Time{}
	}
	sec := r.int()
	return time.Unix(sec, int64(r.uint())).UTC()
}

func (r *reader) id() directory.ID {
	var id directory.ID
	copy(id[:], r.take(uint64(len(id))))
	return id
}

func (r *reader) optionalID() directory.ID {
	if r.byte() == 0 {
		return directory.NoID
	}
	return r.id()
}

// isJSON reports whether a row is written as JSON; one that is written by hand begins with its version.
func isJSON(row []byte) bool { return len(row) > 0 && row[0] == '{' }

// encodeJSON and decodeJSON serve the other rows.
func encodeJSON(kind string, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("store: encode %s: %w", kind, err)
	}
	return b, nil
}

func decodeJSON(kind string, row []byte, v any) error {
	if err := json.Unmarshal(row, v); err != nil {
		return fmt.Errorf("store: decode %s: %w", kind, err)
	}
	return nil
}

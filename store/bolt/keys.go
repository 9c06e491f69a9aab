package bolt

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/mixus/usher/directory"
)

// keptInKey is how many bytes of a value a key holds. A longer value is cut there and told apart by its hash, so that a
// key stays far below bolt's limit of 32 KiB; the whole value is then in the row.
const keptInKey = 1024

// A value in a key may contain any byte. A zero byte is written as 00 FF and the end as 00 01, or 00 02 and a SHA-256 when
// the value was cut: so no value's key is the beginning of another's, and keys sort as values do.
const (
	zeroByte = 0xFF
	valueEnd = 0x01
	valueCut = 0x02
)

// appendValue appends a value to a key.
func appendValue[T string | []byte](key []byte, value T) []byte {
	kept := value
	if cut(value) {
		kept = value[:keptInKey]
	}
	for i := 0; i < len(kept); i++ {
		key = append(key, kept[i])
		if kept[i] == 0 {
			key = append(key, zeroByte)
		}
	}
	if !cut(value) {
		return append(key, 0, valueEnd)
	}
	sum := sha256.Sum256([]byte(value))
	return append(append(key, 0, valueCut), sum[:]...)
}

// cut reports whether a key does not hold the whole value.
func cut[T string | []byte](value T) bool { return len(value) > keptInKey }

// wholeWhenCut is what the row of a key holds: the value, when the key cannot give it back.
func wholeWhenCut(value string) []byte {
	if cut(value) {
		return []byte(value)
	}
	return nil
}

// readValue reads a value at the start of a key and returns what follows it. Of a value that was cut it returns the whole,
// which the row holds. It reports false for a key that appendValue did not write.
func readValue(key, whole []byte) (value string, rest []byte, ok bool) {
	var b []byte
	for {
		i := bytes.IndexByte(key, 0)
		if i < 0 || i+1 == len(key) {
			return "", nil, false
		}
		mark := key[i+1]
		switch {
		case mark == valueEnd && b == nil:
			return string(key[:i]), key[i+2:], true
		case mark == valueEnd:
			return string(append(b, key[:i]...)), key[i+2:], true
		case mark == valueCut && len(key) >= i+2+sha256.Size:
			return string(whole), key[i+2+sha256.Size:], true
		case mark != zeroByte:
			return "", nil, false
		}
		b = append(b, key[:i+1]...)
		key = key[i+2:]
	}
}

func appendNum[T directory.ConnNum | directory.OrgNum](key []byte, n T) []byte {
	return binary.BigEndian.AppendUint32(key, uint32(n))
}

func appendID(key []byte, id directory.ID) []byte { return append(key, id[:]...) }

// lastID returns the id at the end of a key.
func lastID(key []byte) directory.ID {
	var id directory.ID
	if len(key) >= len(id) {
		copy(id[:], key[len(key)-len(id):])
	}
	return id
}

func appendSeq(key []byte, seq uint64) []byte { return binary.BigEndian.AppendUint64(key, seq) }

// appendInstant appends an instant so that keys sort by time, also before 1970.
func appendInstant(key []byte, at time.Time) []byte {
	key = binary.BigEndian.AppendUint64(key, uint64(at.Unix())^(1<<63))
	return binary.BigEndian.AppendUint32(key, uint32(at.Nanosecond()))
}

const instantLen = 12

func readInstant(key []byte) time.Time {
	sec := int64(binary.BigEndian.Uint64(key) ^ (1 << 63))
	return time.Unix(sec, int64(binary.BigEndian.Uint32(key[8:]))).UTC()
}

// after appends the least key greater than every key that begins with prefix, and nothing when there is none.
func after(dst, prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			dst = append(dst, prefix[:i+1]...)
			dst[len(dst)-1]++
			return dst
		}
	}
	return dst
}

package bolt

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// values are any bytes at all, mostly short and alike, now and then longer than a key holds.
func values() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		s := string(rapid.SliceOf(rapid.SampledFrom([]byte{0, 1, 2, 'a', 'b', 0xFE, 0xFF})).Draw(t, "bytes"))
		if rapid.IntRange(0, 5).Draw(t, "long") == 0 {
			return strings.Repeat("a", rapid.IntRange(1020, 1030).Draw(t, "length")) + s
		}
		return s
	})
}

func TestValuesInKeysAreToldApartAndSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := values().Draw(t, "a"), values().Draw(t, "b")
		tail := rapid.SliceOf(rapid.Byte()).Draw(t, "what follows")
		keyA, keyB := appendValue(nil, a), appendValue(nil, b)
		if (a == b) != bytes.Equal(keyA, keyB) {
			t.Fatalf("%q and %q have keys %x and %x", a, b, keyA, keyB)
		}
		if a != b && (bytes.HasPrefix(keyA, keyB) || bytes.HasPrefix(keyB, keyA)) {
			t.Fatalf("the key of one is the beginning of the other's: %x and %x", keyA, keyB)
		}
		if !cut(a) && !cut(b) && strings.Compare(a, b) != bytes.Compare(keyA, keyB) {
			t.Fatalf("%q and %q sort as values by %d, as keys by %d", a, b, strings.Compare(a, b), bytes.Compare(keyA, keyB))
		}
		got, rest, ok := readValue(append(keyA, tail...), wholeWhenCut(a))
		if !ok || got != a || !bytes.Equal(rest, tail) {
			t.Fatalf("read back %q and %x (%t), want %q and %x", got, rest, ok, a, tail)
		}
	})
}

func TestKeysStayFarBelowTheLimitOfBolt(t *testing.T) {
	if n := len(appendValue(nil, strings.Repeat("\x00", 1<<20))); n > 4096 {
		t.Errorf("the key of a megabyte of zero bytes has %d bytes", n)
	}
}

func TestDamagedKeysAreNotRead(t *testing.T) {
	for _, key := range []string{"", "a", "a\x00", "a\x00\x03", "a\x00\x02short"} {
		if v, _, ok := readValue([]byte(key), nil); ok {
			t.Errorf("%q was read as %q", key, v)
		}
	}
}

func TestInstantsInKeysSortByTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) time.Time {
			return time.Unix(rapid.Int64Range(-100, 100).Draw(t, name), rapid.Int64Range(0, 3).Draw(t, name+" ns")).UTC()
		}
		a, b := draw("a"), draw("b")
		keyA, keyB := appendInstant(nil, a), appendInstant(nil, b)
		if a.Compare(b) != bytes.Compare(keyA, keyB) {
			t.Fatalf("%v and %v sort as %x and %x", a, b, keyA, keyB)
		}
		if got := readInstant(keyA); !got.Equal(a) {
			t.Fatalf("read back %v, want %v", got, a)
		}
	})
}

func TestTheKeyAfterAPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"a": "b", "a\xff": "b", "\xff\xff": "", "": "", "a\x00": "a\x01"} {
		if got := string(after(nil, []byte(prefix))); got != want {
			t.Errorf("after %q comes %q, want %q", prefix, got, want)
		}
	}
}

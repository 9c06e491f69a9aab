package scim

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
)

var (
	testKey = []byte("0123456789abcdef0123456789abcdef")
	noon    = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
)

func TestCursorComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := position{
			part:  rapid.Byte().Draw(t, "part"),
			value: rapid.String().Draw(t, "value"),
			id:    directory.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
		}
		hash := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "hash"))
		got, err := openCursor(testKey, hash, noon.Add(cursorLife-time.Second), sealCursor(testKey, hash, noon, p))
		if err != nil || got != p {
			t.Fatalf("got %+v, %v, want %+v", got, err, p)
		}
	})
}

func TestCursorIsRefused(t *testing.T) {
	q := query{filter: `active eq true`}
	hash := q.hash(1, listOfUsers)
	good := sealCursor(testKey, hash, noon, position{value: "ann@acme.com"})
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1]++
	other := query{filter: `active eq false`}
	tests := []struct {
		name, cursor string
		hash         [16]byte
		key          []byte
		now          time.Time
		code         string
	}{
		{"made up", "abc", hash, testKey, noon, "invalidCursor"},
		{"not base64", "%%%", hash, testKey, noon, "invalidCursor"},
		{"altered", base64.RawURLEncoding.EncodeToString(raw), hash, testKey, noon, "invalidCursor"},
		{"signed with another key", good, hash, []byte("another key"), noon, "invalidCursor"},
		{"of another filter", good, other.hash(1, listOfUsers), testKey, noon, "invalidCursor"},
		{"of another type", good, q.hash(1, listOfGroups), testKey, noon, "invalidCursor"},
		{"of another connection", good, q.hash(2, listOfUsers), testKey, noon, "invalidCursor"},
		{"a day old", good, hash, testKey, noon.Add(24 * time.Hour), "expiredCursor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := openCursor(tt.key, tt.hash, tt.now, tt.cursor)
			var e *directory.Error
			if !errors.As(err, &e) || e.Code != tt.code {
				t.Errorf("got %v, want %s", err, tt.code)
			}
		})
	}
}

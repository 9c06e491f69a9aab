package directory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
)

const anID = "018f3c2a-5d1e-7c3a-9b1f-2f6f5a1e0c77"

func TestParseIDReadsWhatStringWrites(t *testing.T) {
	var ids directory.IDs
	for range 1000 {
		id := ids.New(time.Now())
		for _, text := range []string{id.String(), strings.ToUpper(id.String())} {
			if got, ok := directory.ParseID(text); !ok || got != id {
				t.Fatalf("%s is read as %s, %v", text, got, ok)
			}
		}
	}
}

// TestParseIDRefusesEveryOtherByte puts every byte at every place, a dash too many among them, which once was read
// beyond the end.
func TestParseIDRefusesEveryOtherByte(t *testing.T) {
	for i := range len(anID) {
		for c := range 256 {
			text := anID[:i] + string([]byte{byte(c)}) + anID[i+1:]
			id, ok := directory.ParseID(text)
			if want := strings.EqualFold(id.String(), text); ok != want {
				t.Errorf("%q is read as %s, %v", text, id, ok)
			}
		}
	}
	for _, text := range []string{"", anID[1:], anID + "0", strings.Repeat("-", 36), strings.ReplaceAll(anID, "-", "")} {
		if id, ok := directory.ParseID(text); ok || !id.IsZero() {
			t.Errorf("%q is read as %s", text, id)
		}
	}
}

func TestIDsGrowWhenTheClockGoesBack(t *testing.T) {
	var ids directory.IDs
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	last := ids.New(now)
	for i := range 5000 {
		next := ids.New(now.Add(-time.Duration(i%3) * time.Hour))
		if next.String() <= last.String() {
			t.Fatalf("%s was made after %s and sorts before it", next, last)
		}
		last = next
	}
	if at := ids.New(now.Add(time.Hour)).Time(); !at.Equal(now.Add(time.Hour)) {
		t.Errorf("the id says %s", at)
	}
}

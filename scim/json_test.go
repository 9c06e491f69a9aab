package scim

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
)

func TestStringsAndIDsAreWrittenAsOthersReadThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "s")) + rapid.String().Draw(t, "more")
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil {
			t.Fatal(err)
		}
		// Like strings.ToValidUTF8, but with one replacement for each byte.
		if want := string([]rune(s)); back != want {
			t.Fatalf("%q came back as %q", s, back)
		}
		id := directory.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if got := string(appendID(nil, id)); got != id.String() {
			t.Fatalf("%s, want %s", got, id)
		}
	})
}

func TestDepthIsCountedOutsideStringsAcrossPieces(t *testing.T) {
	deep := strings.Repeat("[", maxDepth)
	tests := []struct {
		name   string
		pieces []string
		ok     bool
	}{
		{"as deep as is allowed", []string{deep, strings.Repeat("]", maxDepth)}, true},
		{"one deeper, in two pieces", []string{deep, "{"}, false},
		{"brackets in a string", []string{`{"a":"` + deep, deep + `\"`, deep + `"}`}, true},
		{"an escape at the end of a piece", []string{`{"a":"\`, `"` + deep + deep + `"}`}, true},
		{"side by side", []string{strings.Repeat("[]", 1000)}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d depth
			var err error
			for _, p := range tt.pieces {
				if err == nil {
					err = d.scan([]byte(p))
				}
			}
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

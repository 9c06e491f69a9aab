package scim

import (
	"testing"

	"github.com/mixus/usher/directory"
)

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "filter=a;b", "startindex=0&count=100", "cursor&count=5", "FILTER=userName+eq+%22a%3Bb%22&filter=x", "%", "count=99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseQuery(raw)
		if err != nil {
			if directory.KindOf(err) != directory.Invalid {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		if q.startIndex < 1 || q.count < 0 || q.count > maxPage || len(q.filter) > 4<<10 {
			t.Fatalf("%q: %+v", raw, q)
		}
	})
}

func FuzzBulkReferences(f *testing.F) {
	for _, s := range []string{`{"value":"bulkId:a"}`, `"members[value eq \"bulkId:b\"]"`, `bulkId:bulkId:`, `"bulkId:bulkId:x"`, `"bulkId:"`} {
		f.Add(s, "/Users/bulkId:x")
	}
	f.Fuzz(func(t *testing.T, data, path string) {
		op := bulkOperation{Path: path, Data: []byte(data)}
		same := map[string]string{}
		for _, r := range op.references() {
			same[r] = bulkIDPrefix + r
		}
		if gotPath, gotData := op.resolved(same); gotPath != path || string(gotData) != data {
			t.Fatalf("%q %q became %q %q", path, data, gotPath, gotData)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(sealCursor(testKey, [16]byte{}, noon, position{value: "a"}))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := openCursor([]byte("a key that nobody has"), [16]byte{}, noon, text); err == nil {
			t.Fatalf("%q was taken for %+v", text, p)
		}
	})
}

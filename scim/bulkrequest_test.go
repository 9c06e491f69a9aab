package scim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
)

func TestReferencesAreFoundWhereAnIDCanStand(t *testing.T) {
	tests := []struct {
		name, path, data string
		refs             []string
		resolved         string
	}{
		{"none", "/Users", `{"userName":"a"}`, nil, `/Users {"userName":"a"}`},
		{"a member", "/Groups", `{"members":[{"value":"bulkId:ann"}]}`, []string{"ann"}, `/Groups {"members":[{"value":"ID1"}]}`},
		{"the same twice, and another", "/Groups", `["bulkId:a","bulkId:b","bulkId:a"]`, []string{"a", "b"}, `/Groups ["ID1","ID2","ID1"]`},
		{"the path", "/Users/bulkId:x", ``, []string{"x"}, `/Users/ID1 `},
		{"a value in a filter", "/Groups/1", `{"path":"members[value eq \"bulkId:ann\"]"}`, []string{"ann"}, `/Groups/1 {"path":"members[value eq \"ID1\"]"}`},
		{"a reference by URL", "/Users", `{"$ref":"../Users/bulkId:m"}`, []string{"m"}, `/Users {"$ref":"../Users/ID1"}`},
		{"words in the middle of a text", "/Users", `{"title":"what is bulkId:x?"}`, nil, `/Users {"title":"what is bulkId:x?"}`},
		{"an empty one", "/Users", `{"title":"bulkId:"}`, nil, `/Users {"title":"bulkId:"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			op := bulkOperation{Path: tt.path, Data: []byte(tt.data)}
			refs := op.references()
			if diff := cmp.Diff(tt.refs, refs); diff != "" {
				t.Errorf("references (-want +got):\n%s", diff)
			}
			ids := map[string]string{}
			for i, r := range refs {
				ids[r] = "ID" + string(rune('1'+i))
			}
			path, data := op.resolved(ids)
			if got := path + " " + string(data); got != tt.resolved {
				t.Errorf("resolved to %s, want %s", got, tt.resolved)
			}
		})
	}
}

func TestBulkRequest(t *testing.T) {
	got, err := readBulk(strings.NewReader(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"failOnErrors":2,
		"Operations":[{"method":"post","path":"/Users","bulkId":"q","data":{"userName":"a"}},{"method":"DELETE","path":"/Users/1","version":"W/\"3\""}],
		"more":{"a":[1]}}`), 2)
	if err != nil {
		t.Fatal(err)
	}
	if got.failOnErrors != 2 || len(got.operations) != 2 || got.operations[0].Method != "POST" ||
		string(got.operations[0].Data) != `{"userName":"a"}` || got.operations[1].Version != `W/"3"` {
		t.Errorf("got %+v", got)
	}
	for text, kind := range map[string]directory.Kind{
		``:                                     directory.Invalid,
		`[]`:                                   directory.Invalid,
		`{}`:                                   directory.Invalid,
		`{"Operations":{}}`:                    directory.Invalid,
		`{"Operations":[1]}`:                   directory.Invalid,
		`{"Operations":[{"method":1}]}`:        directory.Invalid,
		`{"Operations":[]} {}`:                 directory.Invalid,
		`{"Operations":[`:                      directory.Invalid,
		`{"failOnErrors":"x","Operations":[]}`: directory.Invalid,
		`{"Operations":[{},{},{}]}`:            directory.TooLarge,
	} {
		if _, err := readBulk(strings.NewReader(text), 2); directory.KindOf(err) != kind {
			t.Errorf("%s: got %v, want kind %s", text, err, kind)
		}
	}
}

package scim

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
)

func TestQuery(t *testing.T) {
	with := func(edit func(*query)) query {
		q := newQuery()
		edit(&q)
		return q
	}
	tests := []struct {
		name string
		raw  string
		want query
	}{
		{"nothing", "", newQuery()},
		{"names in any case", "STARTINDEX=3&Count=7", with(func(q *query) { q.startIndex, q.count = 3, 7 })},
		{"Entra's flag and other unknown names, also twice", "aadOptscim062020&x=1&x=2", newQuery()},
		{"Entra's startindex=0", "startindex=0", newQuery()},
		{"a negative start and count", "startIndex=-5&count=-1", with(func(q *query) { q.count = 0 })},
		{"a count over the largest page", "count=50000", with(func(q *query) { q.count = 1000 })},
		{"integers beyond the machine's", "startIndex=99999999999999999999999&count=99999999999999999999999", with(func(q *query) { q.startIndex, q.count = math.MaxInt32, 1000 })},
		{"a filter with an encoded semicolon", "filter=userName+eq+%22a%3Bb%22", with(func(q *query) { q.filter = `userName eq "a;b"` })},
		{"a filter with an encoded ampersand and plus", "filter=userName%20eq%20%22a%26b%2Bc%22", with(func(q *query) { q.filter = `userName eq "a&b+c"` })},
		{"names of attributes", "attributes=userName,%20emails.value,,", with(func(q *query) { q.attributes = []string{"userName", "emails.value"} })},
		{"the first page by cursor", "cursor&count=5", with(func(q *query) { q.byCursor, q.count = true, 5 })},
		{"the first page by cursor, with an equals sign", "cursor=", with(func(q *query) { q.byCursor = true })},
		{"an order", "sortBy=userName&sortOrder=Descending", with(func(q *query) { q.sortBy, q.descending = "userName", true })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseQuery(tt.raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(query{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryRefusesWhatWouldBeDropped(t *testing.T) {
	tests := []struct{ name, raw, code string }{
		{"a raw semicolon", `filter=userName eq "a;b"`, "invalidValue"},
		{"a bad percent sign", "filter=userName%20eq%2", "invalidValue"},
		{"a bad percent sign in an unknown name", "%zz=1", "invalidValue"},
		{"bytes that are not UTF-8", "filter=%ff", "invalidValue"},
		{"a filter given twice, in two cases", "filter=a&Filter=b", "invalidValue"},
		{"a count that is a word", "count=ten", "invalidValue"},
		{"a count that is a word, by cursor", "count=ten&cursor", "invalidCount"},
		{"a start that is not whole", "startIndex=1.5", "invalidValue"},
		{"an unknown order", "sortOrder=random", "invalidValue"},
		{"an empty filter", "filter=", "invalidFilter"},
		{"an empty filter without an equals sign", "count=5&filter", "invalidFilter"},
		{"a filter of blanks", "filter=%20%09", "invalidFilter"},
		{"a filter over 4 KiB", "filter=" + strings.Repeat("a", 4097), "invalidFilter"},
		{"names over 4 KiB", "attributes=" + strings.Repeat("a", 4097), "invalidValue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseQuery(tt.raw)
			var e *directory.Error
			if !errors.As(err, &e) || e.Kind != directory.Invalid || e.Code != tt.code {
				t.Errorf("got %v, want an Invalid error with code %s", err, tt.code)
			}
		})
	}
}

func TestSearchRequest(t *testing.T) {
	got, err := parseSearch([]byte(`{"schemas":["` + urnSearch + `"],"attributes":["userName","emails"],"filter":"active eq true",
		"sortBy":"userName","sortOrder":"descending","startIndex":0,"count":2000,"cursor":""}`))
	if err != nil {
		t.Fatal(err)
	}
	want := query{
		filter: "active eq true", sortBy: "userName", descending: true, startIndex: 1, count: 1000, byCursor: true,
		attributes: []string{"userName", "emails"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(query{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, absent := range []string{`{}`, `{"filter":null}`} {
		if q, err := parseSearch([]byte(absent)); err != nil || q.filter != "" {
			t.Errorf("%s: got %+v, %v, want no filter", absent, q, err)
		}
	}
	for bad, says := range map[string]string{
		``: "no JSON object", `[]`: "no JSON object", `7`: "no JSON object", `{"filter`: "no JSON object", `{"count":"many"}`: "startIndex and count must be integers", `{"count":1.5}`: "count must be an integer",
		`{"startIndex":true}`: "startIndex must be an integer", `{"filter":7}`: "filter must be a text", `{"filter":""}`: "filter is empty", `{"sortBy":[]}`: "sortBy must be a text",
		`{"attributes":"displayName"}`: `attributes must be a list of texts, as in ["userName"]`, `{"excludedAttributes":[7]}`: "excludedAttributes must be a list of texts",
	} {
		_, err := parseSearch([]byte(bad))
		var e *directory.Error
		if !errors.As(err, &e) || e.Kind != directory.Invalid || !strings.Contains(e.Message, says) {
			t.Errorf("%s: got %v, want an Invalid error with %q", bad, err, says)
		}
	}
}

package scim

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// people creates users through Bulk, and returns their ids in the order of creation.
func (w *world) people(names ...string) []string {
	w.t.Helper()
	var ids []string
	for batch := range slices.Chunk(names, 500) {
		var ops []string
		for _, n := range batch {
			ops = append(ops, `{"method":"POST","path":"/Users","bulkId":"`+n+`","data":`+oktaUser(n)+`}`)
		}
		got := w.do("POST", "/Bulk", `{"Operations":[`+strings.Join(ops, ",")+`]}`).want(200)
		for i, location := range got.values("Operations", "location") {
			if got.get("Operations", i, "status") != "201" {
				w.t.Fatalf("operation %d: %v", i, got.get("Operations", i))
			}
			ids = append(ids, location[strings.LastIndexByte(location, '/')+1:])
		}
	}
	return ids
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		// Not in the order of creation.
		names[i] = fmt.Sprintf("p%04d", i*7919%n)
	}
	return names
}

// walk follows a list to its end, and returns what it showed.
func (w *world) walk(path string, params url.Values, attribute string) (values []string, pages int) {
	w.t.Helper()
	for pages = 1; pages < 100; pages++ {
		got := w.do("GET", path+"?"+params.Encode(), "").want(200)
		page := got.values("Resources", attribute)
		if got.get("itemsPerPage") != float64(len(page)) || got.get("totalResults") != nil || got.get("startIndex") != nil {
			w.t.Fatalf("a page by cursor: %s", got.text)
		}
		values = append(values, page...)
		next, more := got.get("nextCursor").(string)
		if !more {
			return values, pages
		}
		params.Set("cursor", next)
	}
	w.t.Fatal("the list does not end")
	return nil, 0
}

func TestPagesByIndex(t *testing.T) {
	w := newWorld(t)
	ids := w.people(numbered(25)...)
	tests := []struct {
		query        string
		start, total float64
		want         []string
	}{
		{"", 1, 25, ids},
		{"?startIndex=0&count=3", 1, 25, ids[:3]},
		{"?startIndex=11&count=10", 11, 25, ids[10:20]},
		{"?startIndex=21&count=10", 21, 25, ids[20:]},
		{"?startIndex=25&count=1", 25, 25, ids[24:]},
		{"?startIndex=26", 26, 25, nil},
		{"?startIndex=1000000&count=2", 1000000, 25, nil},
		{"?count=0", 1, 25, nil},
		{"?count=-1", 1, 25, nil},
		{"?sortBy=id&count=2", 1, 25, ids[:2]},
		{"?sortBy=meta.created&sortOrder=descending&count=2", 1, 25, []string{ids[24], ids[23]}},
		{"?sortBy=id&sortOrder=descending&startIndex=24&count=5", 24, 25, []string{ids[1], ids[0]}},
		{query1(`active eq true`) + "&startIndex=24&count=5", 24, 25, ids[23:]},
		{query1(`active eq true`) + "&count=0", 1, 25, nil},
		{query1(`active eq false`), 1, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			got := w.do("GET", "/Users"+tt.query, "").want(200)
			if got.get("startIndex") != tt.start || got.get("totalResults") != tt.total || got.get("itemsPerPage") != float64(len(tt.want)) {
				t.Errorf("start %v, total %v, items %v", got.get("startIndex"), got.get("totalResults"), got.get("itemsPerPage"))
			}
			if _, isList := got.get("Resources").([]any); !isList {
				t.Error("Resources is not a list")
			}
			if diff := cmp.Diff(tt.want, got.values("Resources", "id")); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSortedLists(t *testing.T) {
	w := newWorld(t)
	w.people(numbered(12)...)
	for _, name := range []string{"no-name-1", "no-name-2"} {
		w.do("POST", "/Users", `{"userName":"`+name+`"}`).want(201)
	}
	byName := make([]string, 0, 14)
	for i := range 12 {
		byName = append(byName, fmt.Sprintf("p%04d@acme.com", i))
	}
	backwards := slices.Clone(byName)
	slices.Reverse(backwards)
	tests := []struct {
		sort string
		want []string
	}{
		{"sortBy=userName", append([]string{"no-name-1", "no-name-2"}, byName...)},
		{"sortBy=USERNAME&sortOrder=descending", append(slices.Clone(backwards), "no-name-2", "no-name-1")},
		{"sortBy=externalId", append(slices.Clone(byName), "no-name-1", "no-name-2")},
		{"sortBy=externalId&sortOrder=descending", append([]string{"no-name-1", "no-name-2"}, backwards...)},
		{"sortBy=" + userURN + ":userName&sortOrder=descending", append(slices.Clone(backwards), "no-name-2", "no-name-1")},
	}
	for _, tt := range tests {
		t.Run(tt.sort, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, w.do("GET", "/Users?"+tt.sort, "").want(200).values("Resources", "userName")); diff != "" {
				t.Errorf("one page (-want +got):\n%s", diff)
			}
			var pieces []string
			for start := 1; start <= 14; start += 5 {
				got := w.do("GET", fmt.Sprintf("/Users?%s&startIndex=%d&count=5", tt.sort, start), "").want(200)
				if got.get("totalResults") != 14.0 {
					t.Errorf("total %v", got.get("totalResults"))
				}
				pieces = append(pieces, got.values("Resources", "userName")...)
			}
			if diff := cmp.Diff(tt.want, pieces); diff != "" {
				t.Errorf("pages by index (-want +got):\n%s", diff)
			}
			params, err := url.ParseQuery(tt.sort + "&cursor=&count=4")
			if err != nil {
				t.Fatal(err)
			}
			got, pages := w.walk("/Users", params, "userName")
			if diff := cmp.Diff(tt.want, got); diff != "" || pages != 4 {
				t.Errorf("%d pages by cursor (-want +got):\n%s", pages, diff)
			}
			filtered := w.do("GET", "/Users?"+tt.sort+"&filter="+url.QueryEscape(`userName pr`), "").want(200)
			if diff := cmp.Diff(tt.want, filtered.values("Resources", "userName")); diff != "" {
				t.Errorf("with a filter (-want +got):\n%s", diff)
			}
		})
	}
	w.do("GET", "/Users?sortBy=title", "").refused(400, "invalidValue")
	w.do("GET", "/Groups?sortBy=members", "").refused(400, "invalidValue")
}

func TestPagesByCursor(t *testing.T) {
	w := newWorld(t)
	ids := w.people(numbered(25)...)
	for _, count := range []string{"1", "7", "24", "25", "26", "1000"} {
		for _, filter := range []string{"", "active eq true"} {
			params := url.Values{"cursor": {""}, "count": {count}}
			if filter != "" {
				params.Set("filter", filter)
			}
			got, _ := w.walk("/Users", params, "id")
			if diff := cmp.Diff(ids, got); diff != "" {
				t.Errorf("count %s, filter %q (-want +got):\n%s", count, filter, diff)
			}
		}
	}
	if got, pages := w.walk("/Users", url.Values{"cursor": {""}, "count": {"25"}}, "id"); pages != 1 || len(got) != 25 {
		t.Errorf("%d pages for what fits in one", pages)
	}
	w.do("GET", "/Users?cursor&count=many", "").refused(400, "invalidCount")
	w.do("GET", "/Users?cursor=made-up", "").refused(400, "invalidCursor")
	first := w.do("GET", "/Users?cursor&count=2", "").want(200).get("nextCursor").(string)
	w.do("GET", "/Groups?cursor="+first, "").refused(400, "invalidCursor")
	w.do("GET", "/Users?cursor="+first+"&filter="+url.QueryEscape("active eq true"), "").refused(400, "invalidCursor")
	w.as("acme-entra", "entra-secret").do("GET", "/Users?cursor="+first, "").refused(400, "invalidCursor")
	w.pass(25 * time.Hour)
	w.do("GET", "/Users?cursor="+first, "").refused(400, "expiredCursor")
}

func TestCursorSurvivesARestartAndWrites(t *testing.T) {
	w := newWorld(t)
	ids := w.people(numbered(10)...)
	page := w.do("GET", "/Users?cursor&count=4", "").want(200)
	next := page.get("nextCursor").(string)

	w.do("DELETE", "/Users/"+ids[3], "").want(204) // the row at which the cursor stands
	w.do("DELETE", "/Users/"+ids[5], "").want(204)
	w.user("zoe")
	w.server = &Server{
		Store: w.server.Store, Engine: w.server.Engine, Log: w.server.Log, Now: w.server.Now, PublicURL: w.server.PublicURL,
		CursorKey: w.server.CursorKey, Connections: w.server.Connections,
	}
	w.serve()
	rest, _ := w.walk("/Users", url.Values{"cursor": {next}, "count": {"4"}}, "id")
	if want := append([]string{ids[4]}, ids[6:]...); !cmp.Equal(want, rest[:len(rest)-1]) {
		t.Errorf("after restart and writes: %v, want %v and the new one", rest, want)
	}
}

func TestSearch(t *testing.T) {
	w := newWorld(t)
	ids := w.people("ann", "bob", "eve")
	group := w.group("ann Family", ids[0])
	search := func(path string, request map[string]any) *answer {
		t.Helper()
		request["schemas"] = []string{urnSearch}
		b, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		return w.do("POST", path, string(b))
	}
	if got := search("/Users/.search", map[string]any{"filter": `userName sw "b"`, "attributes": []string{"userName"}}).want(200); got.get("totalResults") != 1.0 ||
		got.get("Resources", 0, "id") != ids[1] || got.get("Resources", 0, "emails") != nil {
		t.Errorf("users: %s", got.text)
	}
	if got := search("/Groups/.search", map[string]any{"count": 10}).want(200); !cmp.Equal(got.values("Resources", "id"), []string{group}) {
		t.Errorf("groups: %s", got.text)
	}
	all := append(slices.Clone(ids), group)
	for start := 1; start <= 5; start++ {
		got := search("/.search", map[string]any{"startIndex": start, "count": 2}).want(200)
		want := all[min(start-1, 4):min(start+1, 4)]
		if got.get("totalResults") != 4.0 || len(want) > 0 && !cmp.Equal(got.values("Resources", "id"), want) || got.get("itemsPerPage") != float64(len(want)) {
			t.Errorf("everything from %d: %s", start, got.text)
		}
	}
	if got := w.do("GET", "?filter="+url.QueryEscape(`displayName eq "ann family"`), "").want(200); !cmp.Equal(got.values("Resources", "id"), []string{ids[0], group}) {
		t.Errorf("by a name that both types have: %s", got.text)
	}
	if got := w.do("GET", "/?filter="+url.QueryEscape(`userName pr`), "").want(200); !cmp.Equal(got.values("Resources", "id"), ids) {
		t.Errorf("by an attribute that one type has: %s", got.text)
	}
	for _, count := range []string{"1", "2", "3", "4", "5"} {
		if got, _ := w.walk("/", url.Values{"cursor": {""}, "count": {count}}, "id"); !cmp.Equal(got, all) {
			t.Errorf("everything by cursor, %s a page: %v", count, got)
		}
	}
	search("/.search", map[string]any{"sortBy": "displayName"}).refused(400, "invalidValue")
	search("/.search", map[string]any{"filter": "nothing like this"}).refused(400, "invalidFilter")
	w.do("POST", "/Users/.search", `{"filter":7}`).refused(400, "invalidSyntax")
}

func TestLargeGroupIsReadInPages(t *testing.T) {
	w := newWorld(t)
	members := make([]string, 2*membersPage+1)
	for i := range members {
		members[i] = fmt.Sprintf("waiting-%05d", i)
	}
	big := w.group("Big", members...)
	exact := w.group("Exact", members[:membersPage]...)
	for id, want := range map[string][]string{big: members, exact: members[:membersPage]} {
		if got := w.do("GET", "/Groups/"+id, "").want(200).values("members", "value"); !cmp.Equal(got, want) {
			t.Errorf("%d members, want %d", len(got), len(want))
		}
		if got := w.do("GET", "/Groups/"+id+"?attributes=members.value", "").want(200).values("members", "value"); !cmp.Equal(got, want) {
			t.Errorf("projected: %d members, want %d", len(got), len(want))
		}
		w.do("HEAD", "/Groups/"+id, "").want(200)
	}
	list := w.do("GET", "/Groups", "").want(200)
	first, _ := list.get("Resources", 0, "members").([]any)
	second, _ := list.get("Resources", 1, "members").([]any)
	if len(first) != len(members) || len(second) != membersPage {
		t.Errorf("a list shows %d and %d members", len(first), len(second))
	}
	if got := w.do("GET", "/Groups?excludedAttributes=members", "").want(200); got.get("Resources", 0, "members") != nil {
		t.Error("a list without members has some")
	}
	renamed := w.do("PUT", "/Groups/"+big, `{"displayName":"Bigger"}`).want(200)
	if got := renamed.values("members", "value"); !cmp.Equal(got, members) {
		t.Errorf("a PUT that does not mention members left %d", len(got))
	}
	cleared := w.do("PUT", "/Groups/"+big, `{"displayName":"Big","members":[]}`).want(200)
	if cleared.get("members") != nil {
		t.Errorf("after a PUT with an empty list: %s", cleared.text[:200])
	}
}

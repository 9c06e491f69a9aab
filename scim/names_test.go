package scim

import (
	"fmt"
	"net/url"
	"testing"
)

// TestUsersAreFoundByTheirPresentDisplayName follows a name through creations, renames and deletions between questions.
func TestUsersAreFoundByTheirPresentDisplayName(t *testing.T) {
	w := newWorld(t)
	ids := map[string]string{}
	put := func(name, displayName string) {
		body := fmt.Sprintf(`{"userName":%q,"externalId":%q,"displayName":%q}`, name, name, displayName)
		if id := ids[name]; id != "" {
			w.do("PUT", "/Users/"+id, body).want(200)
			return
		}
		ids[name] = w.do("POST", "/Users", body).want(201).id()
	}
	expect := func(displayName string, names ...string) {
		t.Helper()
		got := w.do("GET", "/Users?filter="+url.QueryEscape(fmt.Sprintf(`displayName eq %q`, displayName)), "").want(200)
		want := map[string]bool{}
		for _, n := range names {
			want[ids[n]] = true
		}
		found := got.values("Resources", "id")
		if len(found) != len(want) || got.get("totalResults") != float64(len(want)) {
			t.Errorf("%q finds %v, want the ids of %v", displayName, found, names)
		}
		for _, id := range found {
			if !want[id] {
				t.Errorf("%q finds %s, want the ids of %v", displayName, id, names)
			}
		}
	}
	expect("Ann Example")
	put("ann", "Ann Example")
	expect("ann EXAMPLE", "ann")
	put("other ann", "Ann Example")
	put("bob", "Bob Example")
	expect("Ann Example", "ann", "other ann")
	put("ann", "Ann Married")
	expect("Ann Example", "other ann")
	expect("Ann Married", "ann")
	w.do("DELETE", "/Users/"+ids["other ann"], "").want(204)
	expect("Ann Example")
	expect("Bob Example", "bob")
	w.do("PATCH", "/Users/"+ids["bob"], patchOf(`{"op":"remove","path":"displayName"}`)).want(200)
	expect("Bob Example")
}

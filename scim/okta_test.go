package scim

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func query1(filter string) string { return "?filter=" + url.QueryEscape(filter) }

func TestOktaImportsAndPushes(t *testing.T) {
	w := newWorld(t)

	none := w.do("GET", "/Users"+query1(`userName eq "ann@acme.com"`)+"&startIndex=1&count=100", "").want(200)
	if diff := cmp.Diff(map[string]any{
		"schemas": []any{urnList}, "totalResults": 0.0, "startIndex": 1.0, "itemsPerPage": 0.0, "Resources": []any{},
	}, none.body); diff != "" {
		t.Errorf("a look-up that misses (-want +got):\n%s", diff)
	}

	created := w.do("POST", "/Users", oktaUser("ann")).want(201)
	id := created.id()
	location := "https://usher.example/scim/v2/acme-okta/Users/" + id
	if got := created.header.Get("Location"); got != location {
		t.Errorf("Location %q, want %q", got, location)
	}
	if diff := cmp.Diff(map[string]any{
		"schemas":  []any{"urn:ietf:params:scim:schemas:core:2.0:User"},
		"id":       id,
		"userName": "ann@acme.com", "externalId": "00uann", "displayName": "ann Family", "locale": "en-US", "active": true,
		"name":   map[string]any{"givenName": "ann", "familyName": "Family"},
		"emails": []any{map[string]any{"primary": true, "value": "ann@acme.com", "type": "work"}},
		"meta": map[string]any{
			"resourceType": "User", "created": "2026-11-02T12:00:00.000Z", "lastModified": "2026-11-02T12:00:00.000Z",
			"location": location, "version": created.header.Get("ETag"),
		},
	}, created.body); diff != "" {
		t.Errorf("the created user (-want +got):\n%s", diff)
	}
	w.do("POST", "/Users", oktaUser("ann")).refused(409, "uniqueness")

	found := w.do("GET", "/Users"+query1(`userName eq "ANN@acme.com"`), "").want(200)
	if found.get("totalResults") != 1.0 || found.get("Resources", 0, "id") != id {
		t.Errorf("found %s", found.text)
	}

	echoed := w.do("GET", "/Users/"+id, "").want(200)
	if echoed.text != created.text {
		t.Errorf("GET answers\n%s\nafter POST answered\n%s", echoed.text, created.text)
	}
	w.do("PUT", "/Users/"+id, echoed.text).want(200)
	if again := w.do("GET", "/Users/"+id, ""); again.header.Get("ETag") != echoed.header.Get("ETag") {
		t.Errorf("a PUT that changed nothing made version %s of %s", again.header.Get("ETag"), echoed.header.Get("ETag"))
	}

	off := w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"replace","value":{"active":false}}]`)).want(200)
	if off.get("active") != false {
		t.Errorf("after a deactivation: %s", off.text)
	}
	w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"replace","value":{"password":"other"}}]`)).want(200)
	back := w.do("POST", "/Users", oktaUser("ann")).want(201)
	if back.id() != id || back.get("active") != true {
		t.Errorf("a reactivation by POST answers %s", back.text)
	}
}

func TestOktaPushesGroups(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	group := w.do("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Engineering","members":[]}`).want(201)
	id := group.id()

	w.do("PATCH", "/Groups/"+id, patchOf(`[{"op":"replace","value":{"id":"`+id+`","displayName":"Engineering"}}]`)).want(204)
	added := w.do("PATCH", "/Groups/"+id, patchOf(`[{"op":"remove","path":"members[value eq \"`+ann+`\"]"},
		{"op":"add","path":"members","value":[{"value":"`+ann+`","display":"ann@acme.com"},{"value":"`+bob+`","display":"bob@acme.com"}]}]`)).want(204)
	got := w.do("GET", "/Groups/"+id, "").want(200)
	if diff := cmp.Diff([]string{ann, bob}, got.values("members", "value")); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if added.header.Get("ETag") != got.header.Get("ETag") || got.get("meta", "version") != got.header.Get("ETag") {
		t.Errorf("ETag %s after PATCH, %s after GET, version %v", added.header.Get("ETag"), got.header.Get("ETag"), got.get("meta", "version"))
	}
	if got.get("members", 0, "$ref") != "https://usher.example/scim/v2/acme-okta/Users/"+ann || got.get("members", 0, "type") != "User" {
		t.Errorf("member %v", got.get("members", 0))
	}
	user := w.do("GET", "/Users/"+ann, "").want(200)
	want := []any{map[string]any{"value": id, "$ref": "https://usher.example/scim/v2/acme-okta/Groups/" + id, "display": "Engineering", "type": "direct"}}
	if diff := cmp.Diff(want, user.get("groups")); diff != "" {
		t.Errorf("a member's groups (-want +got):\n%s", diff)
	}

	w.do("PATCH", "/Groups/"+id, patchOf(`[{"op":"replace","path":"members","value":[{"value":"`+bob+`"}]}]`)).want(204)
	if got := w.do("GET", "/Groups/"+id, "").values("members", "value"); !cmp.Equal(got, []string{bob}) {
		t.Errorf("after a full push: %v", got)
	}
	w.do("DELETE", "/Groups/"+id, "").want(204)
	w.do("GET", "/Groups/"+id, "").refused(404, "")
	w.do("DELETE", "/Groups/"+id, "").refused(404, "")
	if got := w.do("GET", "/Users/"+bob, "").get("groups"); got != nil {
		t.Errorf("groups after the group was deleted: %v", got)
	}
}

func TestPutKeepsWhoThePersonIs(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"replace","path":"active","value":false}]`)).want(200)
	put := w.do("PUT", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@acme.com","title":"Engineer"}`).want(200)
	if put.get("externalId") != "00uann" || put.get("active") != false || put.get("displayName") != nil || put.get("title") != "Engineer" {
		t.Errorf("after a PUT without externalId and active: %s", put.text)
	}
}

package scim

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
)

func TestPreconditions(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	tag := w.do("GET", "/Users/"+id, "").header.Get("ETag")
	for _, path := range []string{"/Users/" + id, "/Groups/" + w.group("G")} {
		read := w.do("GET", path, "").want(200)
		if got := w.do("GET", path, "", "If-None-Match", read.header.Get("ETag")).want(304); got.text != "" || got.header.Get("ETag") != read.header.Get("ETag") {
			t.Errorf("%s: 304 with ETag %q and body %q", path, got.header.Get("ETag"), got.text)
		}
		w.do("GET", path, "", "If-None-Match", `W/"99"`).want(200)
	}
	retitle := patchOf(`[{"op":"replace","path":"title","value":"Engineer"}]`)
	w.do("PATCH", "/Users/"+id, retitle, "If-Match", `W/"99"`).refused(412, "")
	changed := w.do("PATCH", "/Users/"+id, retitle, "If-Match", tag).want(200)
	w.do("PUT", "/Users/"+id, oktaUser("ann"), "If-Match", tag).refused(412, "")
	w.do("DELETE", "/Users/"+id, "", "If-Match", tag).refused(412, "")
	w.do("DELETE", "/Users/"+id, "", "If-Match", changed.header.Get("ETag")).want(204)
}

func TestMethodsAndAddresses(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	tests := []struct {
		method, path string
		status       int
		allow        string
	}{
		{"PATCH", "/Users", 405, allowCollection},
		{"POST", "/Users/" + id, 405, allowResource},
		{"DELETE", "/ServiceProviderConfig", 405, allowRead},
		{"POST", "/Schemas", 405, allowRead},
		{"GET", "/Bulk", 405, allowPost},
		{"GET", "/Users/.search", 405, allowPost},
		{"OPTIONS", "/Users", 204, allowCollection},
		{"OPTIONS", "/Groups/" + id, 204, allowResource},
		{"GET", "/Me", 501, ""},
		{"PATCH", "/Me", 501, ""},
		{"GET", "/Nothing", 404, ""},
		{"GET", "/Users/" + id + "/emails", 404, ""},
		{"GET", "/Users/", 200, ""},
		{"GET", "//Users//" + id + "/", 200, ""},
		{"GET", "/ServiceProviderConfig/", 200, ""},
		{"GET", "/ServiceProviderConfig/x", 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			got := w.do(tt.method, tt.path, "")
			if got.status != tt.status || got.header.Get("Allow") != tt.allow {
				t.Errorf("%d, Allow %q, want %d, %q: %s", got.status, got.header.Get("Allow"), tt.status, tt.allow, got.text)
			}
			if tt.status >= 400 {
				got.refused(tt.status, "")
			}
		})
	}
}

func TestHeadAnswersLikeGetWithoutABody(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	for _, path := range []string{"/Users/" + id, "/Users", "/Groups", "/Schemas"} {
		get, head := w.do("GET", path, "").want(200), w.do("HEAD", path, "").want(200)
		if head.text != "" || head.header.Get("Content-Length") != get.header.Get("Content-Length") || head.header.Get("ETag") != get.header.Get("ETag") {
			t.Errorf("%s: HEAD answers %v, GET %v", path, head.header, get.header)
		}
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	w.do("POST", "/Users", oktaUser("bob"), "Content-Type", "text/plain").refused(415, "")
	w.do("POST", "/Users", oktaUser("bob"), "Content-Encoding", "gzip").refused(415, "")
	w.do("POST", "/Users", `{"schemas":[`).refused(400, "invalidSyntax")
	w.do("POST", "/Users", `{"schemas":["`+userURN+`"]}`).refused(400, "invalidValue")
	w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"replace","path":"id","value":"x"}]`)).refused(400, "mutability")
	w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"remove"}]`)).refused(400, "noTarget")
	w.do("GET", "/Users"+query1(`userName eq`), "").refused(400, "invalidFilter")
	w.do("GET", "/Users?filter=a;b", "").refused(400, "invalidValue")
	w.do("PUT", "/Users/not-an-id", oktaUser("ann")).refused(404, "")
	w.do("POST", "/Users", oktaUser("bob"), "Content-Type", "application/json; charset=UTF-8").want(201)
}

func TestRequestWithoutContentTypeIsTaken(t *testing.T) {
	w := newWorld(t)
	r, err := http.NewRequestWithContext(t.Context(), "POST", w.http.URL+w.path+"/Users", strings.NewReader(oktaUser("ann")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer okta-secret")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 201 {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
}

func TestProjection(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	keys := func(a *answer) map[string]bool {
		out := map[string]bool{}
		for k := range a.body {
			out[k] = true
		}
		return out
	}
	set := func(names ...string) map[string]bool {
		out := map[string]bool{}
		for _, n := range names {
			out[n] = true
		}
		return out
	}
	some := w.do("GET", "/Users/"+id+"?attributes=userName,name.givenName", "").want(200)
	if diff := cmp.Diff(set("schemas", "id", "userName", "name"), keys(some)); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"givenName": "ann"}, some.get("name")); diff != "" {
		t.Errorf("a sub-attribute (-want +got):\n%s", diff)
	}
	rest := w.do("GET", "/Users/"+id+"?excludedAttributes=emails,name,locale,id", "").want(200)
	if rest.get("emails") != nil || rest.get("name") != nil || rest.get("id") != id || rest.get("userName") == nil {
		t.Errorf("excluded: %s", rest.text)
	}
	patched := w.do("PATCH", "/Users/"+id+"?attributes=title", patchOf(`[{"op":"add","path":"title","value":"Boss"}]`)).want(200)
	if diff := cmp.Diff(set("schemas", "id", "title"), keys(patched)); diff != "" {
		t.Errorf("PATCH with attributes (-want +got):\n%s", diff)
	}
	list := w.do("GET", "/Users?attributes=userName", "").want(200)
	if list.get("Resources", 0, "emails") != nil || list.get("Resources", 0, "userName") != "ann@acme.com" {
		t.Errorf("a list with attributes: %s", list.text)
	}
	group := w.group("G", id)
	values := w.do("GET", "/Groups/"+group+"?attributes=members.value", "").want(200)
	if diff := cmp.Diff([]any{map[string]any{"value": id}}, values.get("members")); diff != "" {
		t.Errorf("members.value (-want +got):\n%s", diff)
	}
	if got := w.do("GET", "/Groups/"+group+"?attributes=members.display", "").want(200); got.get("members") != nil && !cmp.Equal(got.get("members"), []any{}) {
		t.Errorf("members.display: %s", got.text)
	}
}

func TestActiveThatIsRemovedIsUnassigned(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"replace","path":"active","value":false}]`)).want(200)
	if got := w.status("ann@acme.com"); got != directory.StatusSuspended {
		t.Fatalf("deactivated, ann is %q", got)
	}
	removed := w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"remove","path":"active"}]`)).want(200)
	later := w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"replace","path":"title","value":"Engineer"}]`)).want(200)
	for _, got := range []*answer{removed, later, w.do("GET", "/Users/"+id, "").want(200)} {
		if _, shown := got.body["active"]; shown {
			t.Errorf("active is shown after its removal: %s", got.text)
		}
	}
	if got := w.status("ann@acme.com"); got != directory.StatusSuspended {
		t.Errorf("the removal of active brought ann back: %q", got)
	}
	if again := w.do("PATCH", "/Users/"+id, patchOf(`[{"op":"remove","path":"active"}]`)).want(200); again.get("meta", "version") != later.get("meta", "version") {
		t.Errorf("removed twice: version %v after %v", again.get("meta", "version"), later.get("meta", "version"))
	}
	named := func(name string) string { return `{"schemas":["` + userURN + `"],"userName":"` + name + `@acme.com"}` }
	put := w.do("PUT", "/Users/"+id, named("ann")).want(200)
	post := w.do("POST", "/Users", named("bob")).want(201)
	if put.get("active") != false || post.get("active") != true {
		t.Errorf("active, where it was not given, is not what was in force, and true for somebody new: %s, %s", put.text, post.text)
	}
}

func TestCustomExtension(t *testing.T) {
	w := newWorld(t).as("acme-badges", "badges-secret")
	const badge = "urn:acme:params:scim:schemas:badge:2.0:User"
	created := w.do("POST", "/Users", `{"schemas":["`+userURN+`","`+badge+`"],"userName":"ann@acme.com","`+badge+`":{"number":"B7","pin":"1234"}}`).want(201)
	if diff := cmp.Diff(map[string]any{"number": "B7"}, created.get(badge)); diff != "" {
		t.Errorf("the extension, without what is never returned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{userURN, badge}, created.get("schemas")); diff != "" {
		t.Errorf("schemas (-want +got):\n%s", diff)
	}
	if got := w.do("GET", "/Users"+query1(badge+`:number eq "B7"`), ""); got.get("totalResults") != 1.0 {
		t.Errorf("found by the extension: %s", got.text)
	}
	if got := w.do("GET", "/Schemas/"+badge, "").want(200); got.get("id") != badge {
		t.Errorf("its schema: %s", got.text)
	}
	w.as("acme-entra", "entra-secret").do("GET", "/Schemas/"+badge, "").refused(404, "")
}

func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	config := w.do("GET", "/ServiceProviderConfig", "").want(200)
	for path, want := range map[[2]string]any{
		{"bulk", "maxOperations"}: 1000.0, {"bulk", "maxPayloadSize"}: float64(16 << 20), {"filter", "maxResults"}: 1000.0,
		{"sort", "supported"}: true, {"etag", "supported"}: true, {"patch", "supported"}: true, {"changePassword", "supported"}: false,
		{"pagination", "cursor"}: true, {"pagination", "cursorTimeout"}: 86400.0, {"pagination", "defaultPaginationMethod"}: "index",
	} {
		if got := config.get(path[0], path[1]); got != want {
			t.Errorf("ServiceProviderConfig %v = %v, want %v", path, got, want)
		}
	}
	types := w.do("GET", "/ResourceTypes", "").want(200)
	if diff := cmp.Diff([]string{"User", "Group"}, types.values("Resources", "id")); diff != "" || types.get("totalResults") != 2.0 {
		t.Errorf("ResourceTypes (-want +got):\n%s", diff)
	}
	if got := w.do("GET", "/ResourceTypes/User", "").want(200); got.get("schema") != userURN || got.get("schemaExtensions", 0, "schema") != enterprise {
		t.Errorf("ResourceTypes/User: %s", got.text)
	}
	schemas := w.do("GET", "/Schemas", "").want(200)
	want := []string{userURN, enterprise, "urn:ietf:params:scim:schemas:core:2.0:Group"}
	if diff := cmp.Diff(want, schemas.values("Resources", "id")); diff != "" {
		t.Errorf("Schemas (-want +got):\n%s", diff)
	}
	if got := w.do("GET", "/Schemas/"+enterprise, "").want(200); got.get("meta", "location") != "https://usher.example/scim/v2/acme-okta/Schemas/"+enterprise {
		t.Errorf("Schemas/%s: %s", enterprise, got.text)
	}
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas"} {
		w.do("GET", path+query1(`id eq "User"`), "").refused(403, "")
	}
	w.do("GET", "/ResourceTypes/Device", "").refused(404, "")
}

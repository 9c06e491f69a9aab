package scim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func bulkOf(operations ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` + strings.Join(operations, ",") + `]}`
}

func post(path, bulkID, data string) string {
	return `{"method":"POST","path":"` + path + `","bulkId":"` + bulkID + `","data":` + data + `}`
}

func statuses(a *answer) []string { return a.values("Operations", "status") }

func TestBulkRefersForwardsAndBackwards(t *testing.T) {
	w := newWorld(t)
	got := w.do("POST", "/Bulk", bulkOf(
		post("/Groups", "team", `{"displayName":"Team","members":[{"value":"bulkId:ann"},{"value":"bulkId:bob"}]}`),
		post("/Users", "ann", oktaUser("ann")),
		post("/Users", "bob", `{"userName":"bob@acme.com","`+enterprise+`":{"manager":{"value":"bulkId:ann"}}}`),
		`{"method":"PATCH","path":"/Users/bulkId:ann","data":`+patchOf(`[{"op":"replace","path":"title","value":"Boss"}]`)+`}`,
		`{"method":"PATCH","path":"/Groups/bulkId:team","data":`+patchOf(`[{"op":"remove","path":"members[value eq \"bulkId:bob\"]"}]`)+`}`,
	)).want(200)
	if diff := cmp.Diff([]string{"201", "201", "201", "200", "204"}, statuses(got)); diff != "" {
		t.Fatalf("statuses (-want +got):\n%s\n%s", diff, got.text)
	}
	locations := got.values("Operations", "location")
	path := func(i int) string { return strings.TrimPrefix(locations[i], "https://usher.example"+w.path) }
	ann := w.do("GET", path(1), "").want(200)
	if ann.get("title") != "Boss" || ann.get("meta", "version") != got.get("Operations", 3, "version") {
		t.Errorf("ann: %s, answered %v", ann.text, got.get("Operations", 3))
	}
	if bob := w.do("GET", path(2), ""); bob.get(enterprise, "manager", "value") != ann.id() {
		t.Errorf("bob: %s", bob.text)
	}
	if team := w.do("GET", path(0), ""); !cmp.Equal(team.values("members", "value"), []string{ann.id()}) {
		t.Errorf("team: %s", team.text)
	}
	if got.get("Operations", 0, "bulkId") != "team" || got.get("Operations", 0, "method") != "POST" {
		t.Errorf("the first outcome: %v", got.get("Operations", 0))
	}
}

func TestBulkOperationsFailAlone(t *testing.T) {
	w := newWorld(t)
	taken := w.user("taken")
	got := w.do("POST", "/Bulk", bulkOf(
		post("/Users", "a", oktaUser("a")),
		post("/Users", "b", oktaUser("taken")),
		post("/Users", "c", oktaUser("c")),
		post("/Users", "d", `{"displayName":"no userName"}`),
		`{"method":"DELETE","path":"/Users/`+taken+`","version":"W/\"99\""}`,
		`{"method":"DELETE","path":"/Users/018f3c2a-5d1e-7c3a-9b1f-2f6f5a1e0c77"}`,
		`{"method":"GET","path":"/Users/`+taken+`"}`,
		`{"method":"POST","path":"/Devices","bulkId":"x","data":{}}`,
		post("/Users", "a", oktaUser("again")),
		post("/Groups", "g", `{"displayName":"G","members":[{"value":"bulkId:b"}]}`),
		post("/Groups", "h", `{"displayName":"H","members":[{"value":"bulkId:unheard-of"}]}`),
		`{"method":"DELETE","path":"/Users/`+taken+`"}`,
	)).want(200)
	want := []string{"201", "409", "201", "400", "412", "404", "405", "400", "400", "409", "400", "204"}
	if diff := cmp.Diff(want, statuses(got)); diff != "" {
		t.Fatalf("statuses (-want +got):\n%s\n%s", diff, got.text)
	}
	if got.get("Operations", 1, "response", "scimType") != "uniqueness" || got.get("Operations", 1, "location") != nil {
		t.Errorf("a failed POST: %v", got.get("Operations", 1))
	}
	if got.get("Operations", 4, "location") == nil {
		t.Errorf("a failed DELETE has no location: %v", got.get("Operations", 4))
	}
	if all := w.do("GET", "/Users?attributes=userName", ""); !cmp.Equal(all.values("Resources", "userName"), []string{"a@acme.com", "c@acme.com"}) {
		t.Errorf("users afterwards: %s", all.text)
	}
}

func TestBulkCirclesAreConflicts(t *testing.T) {
	w := newWorld(t)
	got := w.do("POST", "/Bulk", bulkOf(
		post("/Groups", "a", `{"displayName":"A","members":[{"value":"bulkId:b"}]}`),
		post("/Groups", "b", `{"displayName":"B","members":[{"value":"bulkId:a"}]}`),
		post("/Groups", "c", `{"displayName":"C","members":[{"value":"bulkId:c"}]}`),
		post("/Groups", "d", `{"displayName":"D"}`),
	)).want(200)
	if diff := cmp.Diff([]string{"409", "409", "409", "201"}, statuses(got)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s\n%s", diff, got.text)
	}
}

func TestBulkStopsAfterErrors(t *testing.T) {
	w := newWorld(t)
	w.user("taken")
	bad := post("/Users", "x", `{}`)
	request := strings.Replace(bulkOf(
		post("/Users", "a", oktaUser("a")), post("/Users", "t", oktaUser("taken")), post("/Users", "b", oktaUser("b")), bad,
		post("/Users", "c", oktaUser("c")),
	), `"Operations"`, `"failOnErrors":2,"Operations"`, 1)
	got := w.do("POST", "/Bulk", request).want(200)
	if diff := cmp.Diff([]string{"201", "409", "201", "400"}, statuses(got)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s\n%s", diff, got.text)
	}
	if found := w.do("GET", "/Users"+query1(`userName eq "c@acme.com"`), ""); found.get("totalResults") != 0.0 {
		t.Errorf("an operation after the last error was done: %s", found.text)
	}
}

func TestBulkLimits(t *testing.T) {
	w := newWorld(t)
	w.server.Limits = Limits{BulkOperations: 2, BulkBody: 4 << 10, UserBody: 1 << 10}
	w.serve()
	op := `{"method":"DELETE","path":"/Users/1"}`
	w.do("POST", "/Bulk", bulkOf(op, op)).want(200)
	w.do("POST", "/Bulk", bulkOf(op, op, op)).refused(413, "")
	w.do("POST", "/Bulk", bulkOf(post("/Users", strings.Repeat("x", 5<<10), `{}`))).refused(413, "")
	w.do("POST", "/Bulk", `[]`).refused(400, "invalidSyntax")
	got := w.do("POST", "/Bulk", bulkOf(post("/Users", "a", `{"userName":"a","title":"`+strings.Repeat("x", 2<<10)+`"}`))).want(200)
	if !cmp.Equal(statuses(got), []string{"413"}) {
		t.Errorf("an operation over the limit of a user: %s", got.text)
	}
}

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/api"
)

func TestWhatWasSaidIsReadableWhateverItsShape(t *testing.T) {
	var record map[string]any
	err := json.Unmarshal([]byte(`{
		"active": false, "title": "Engineer", "name": {"givenName": "Ann", "familyName": "Arden"},
		"emails": [{"value": "ann@acme.com", "primary": true}, {"value": "a@home.example"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D", "manager": {"value": "m-1", "displayName": "Bo"}}
	}`), &record)
	if err != nil {
		t.Fatal(err)
	}
	for attribute, want := range map[string]string{
		"active":     "active false",
		"title":      "title Engineer",
		"name":       "name familyName Arden, givenName Ann",
		"emails":     "emails ann@acme.com; a@home.example",
		"department": "department R&D",
		"manager":    "manager m-1",
		"nickName":   "nickName (taken away)",
	} {
		if got := said(record, []string{attribute}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := said(nil, []string{"displayName", "externalId"}); got != "displayName, externalId" {
		t.Errorf("without a record: %q", got)
	}
}

func TestEntryNamesWhomItIsAboutOnce(t *testing.T) {
	eng, gone := api.Subject{Kind: "group", ID: "g1", Name: "Engineering"}, api.Subject{Kind: "group", ID: "g2"}
	ann, bob := api.Subject{Kind: "member", ID: "m1", Name: "ann@acme.com"}, api.Subject{Kind: "member", ID: "m2"}
	user := api.Subject{Kind: "user", ID: "u1"}
	for _, c := range []struct {
		list   []api.Subject
		except string
		want   string
	}{
		{[]api.Subject{user, ann}, "", "ann@acme.com"},
		{[]api.Subject{user, ann}, "m1", ""},
		{[]api.Subject{eng, ann}, "", `"Engineering" with ann@acme.com`},
		{[]api.Subject{eng, ann}, "m1", `"Engineering"`},
		{[]api.Subject{gone, bob}, "", "g2 with m2"},
		{[]api.Subject{ann, bob, ann, bob, ann}, "", "ann@acme.com, m2, ann@acme.com, and 2 more"},
	} {
		if diff := cmp.Diff(c.want, subjects(c.list, c.except)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	var b strings.Builder
	describeEntry(&b, &api.Entry{Seq: 7, Kind: "group.members", Connection: "acme-okta", Subjects: []api.Subject{eng, ann}, Added: 1}, "")
	if got := b.String(); !strings.Contains(got, `#7 group.members "Engineering" with ann@acme.com from acme-okta`) || !strings.Contains(got, "members: 1 added, 0 removed") {
		t.Errorf("%s", got)
	}
}

package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/api"
)

func TestGroupsAndTheirMembersAreListedInPages(t *testing.T) {
	w := newWorld(t, "acme")
	var ids []string
	for i := range 7 {
		ids = append(ids, w.hire("acme", fmt.Sprintf("p%d", i), "Clerk").String())
	}
	nested := w.group("Platform", ids[0])
	big := w.group("Engineering", append(slices.Clone(ids), nested.String(), "who-is-this")...)
	w.group("Sales")

	var names []string
	cursor := ""
	for {
		var page api.Page[api.Group]
		w.local().get(acme+"/groups?limit=2&cursor="+cursor, &page)
		for _, g := range page.Items {
			names = append(names, g.Name)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"Platform", "Engineering", "Sales"}, names); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	var found api.Page[api.Group]
	w.local().get(acme+"/groups?name=engineering&connection=acme-okta", &found)
	if len(found.Items) != 1 || found.Items[0].ID != big.String() || found.Items[0].Members != 9 {
		t.Errorf("by name %+v", found.Items)
	}
	w.local().refused(http.MethodGet, acme+"/groups?connection=nowhere", nil, http.StatusNotFound)

	kinds := map[string]int{}
	cursor = ""
	for {
		var page api.Page[api.GroupMember]
		w.local().get(acme+"/groups/"+big.String()+"/members?limit=2&cursor="+cursor, &page)
		for _, m := range page.Items {
			kinds[m.Kind]++
			switch {
			case m.Kind == "user" && (m.Email == "" || m.Member == "" || m.Status != "active"),
				m.Kind == "group" && m.Name != "Platform",
				m.Kind == "unknown" && m.Value != "who-is-this":
				t.Errorf("member %+v", m)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(map[string]int{"user": 7, "group": 1, "unknown": 1}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestConnectionShowsStateAndCounts(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "Clerk")
	w.group("Sales")
	var page api.Page[api.Connection]
	w.local().get(acme+"/connections", &page)
	want := []api.Connection{{ID: "acme-okta", Organization: "acme", Label: "Staff", Provider: "okta", State: "active", Provisioning: "auto", Users: 1, Groups: 1, Tokens: []api.Token{}}}
	if diff := cmp.Diff(want, page.Items); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
}

func TestJournalReadsFromBothEndsAndCanBeFollowed(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	for i := range 5 {
		w.hire("acme", fmt.Sprintf("a%d", i), "Clerk")
		w.hire("globex", fmt.Sprintf("g%d", i), "Clerk")
	}
	read := func(query string) (seqs []uint64, cursor string) {
		t.Helper()
		for {
			var page api.Page[api.Entry]
			w.local().get(acme+"/journal?limit=3&"+query+"&cursor="+cursor, &page)
			for _, e := range page.Items {
				seqs = append(seqs, e.Seq)
			}
			if page.Next != "" {
				cursor = page.Next
			}
			if page.Next == "" || len(page.Items) == 0 {
				return seqs, cursor
			}
		}
	}
	newest, _ := read("order=newest")
	oldest, end := read("order=oldest")
	slices.Reverse(newest)
	if len(oldest) < 6 {
		t.Fatalf("only %d entries", len(oldest))
	}
	if diff := cmp.Diff(newest, oldest); diff != "" {
		t.Errorf("the two ends differ (-newest +oldest):\n%s", diff)
	}
	w.hire("acme", "later", "Clerk")
	var page api.Page[api.Entry]
	w.local().get(acme+"/journal?order=oldest&cursor="+end, &page)
	if len(page.Items) == 0 || page.Items[0].Seq <= oldest[len(oldest)-1] {
		t.Errorf("what came later: %+v", page.Items)
	}
	var created api.Page[api.Entry]
	w.local().get(acme+"/journal?kind=user.created", &created)
	if len(created.Items) != 6 {
		t.Errorf("%d users created", len(created.Items))
	}
}

func TestPoliciesSayWhichIsInForce(t *testing.T) {
	w := newWorld(t, "acme")
	var o api.Organization
	w.local().get(acme, &o)
	if o.Name != "acme Inc." || o.Policy == nil || o.Policy.Revision != 1 || o.Policy.Actor != "test" || !o.Policy.Active {
		t.Errorf("organization %+v", o)
	}
	var page api.Page[api.Policy]
	w.local().get(acme+"/policies", &page)
	if diff := cmp.Diff([]api.Policy{*o.Policy}, page.Items); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
}

func TestBackupStreamsAStore(t *testing.T) {
	w := newWorld(t, "acme")
	answer := w.with("", api.ScopeBackup).do(http.MethodGet, "/backup", nil)
	if answer.Code != http.StatusOK || answer.Body.Len() < 1<<12 {
		t.Errorf("answered %d with %d bytes", answer.Code, answer.Body.Len())
	}
}

func TestRetiringAConnectionByREST(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "Clerk")
	w.group("Sales")
	var secret api.NewToken
	w.local().post("/tokens", api.TokenRequest{Connection: "acme-okta"}, http.StatusCreated, &secret)
	const path = acme + "/connections/acme-okta"
	var preview api.Retirement
	w.local().get(path+"/retirement", &preview)
	if preview.Users != 1 || preview.Groups != 1 || preview.Alone != 1 || preview.Retired != nil {
		t.Errorf("the preview is %+v", preview)
	}
	told := ""
	w.server.Retired = func(_ context.Context, organization, connection string) error {
		told = organization + " " + connection
		return nil
	}
	w.local().refused(http.MethodPost, path+"/retire", api.ReasonBody{}, http.StatusUnprocessableEntity)
	w.local().refused(http.MethodPost, acme+"/connections/nowhere/retire", api.ReasonBody{Reason: "sold"}, http.StatusNotFound)
	if told != "" {
		t.Errorf("a refusal told of %s", told)
	}
	var c api.Connection
	w.with("acme", api.ScopeConnectionsWrite).post(path+"/retire", api.ReasonBody{Reason: "sold"}, http.StatusOK, &c)
	if c.State != "retired" || c.Retired == nil || len(c.Tokens) != 1 || c.Tokens[0].Live || told != "acme acme-okta" {
		t.Errorf("it is %+v, and %q was told", c, told)
	}
	w.must(w.engine.Idle(t.Context()))
	if w.local().get(path, &c); c.Users+c.Groups > 0 {
		t.Errorf("%d users and %d groups are left", c.Users, c.Groups)
	}
	w.local().refused(http.MethodPost, path+"/retire", api.ReasonBody{Reason: "again"}, http.StatusConflict)
	w.local().refused(http.MethodPost, "/tokens", api.TokenRequest{Connection: "acme-okta"}, http.StatusConflict)
}

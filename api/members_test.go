package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

const acme = "/organizations/acme"

func TestMemberSaysWhatIsInForceAndWhy(t *testing.T) {
	w := newWorld(t, "acme")
	ann := w.hire("acme", "ann", "Engineer")
	w.group("Engineering", ann.String())

	var got api.Member
	w.local().get(acme+"/members/"+url.PathEscape("Ann@ACME.com"), &got)
	if got.Email != "ann@acme.com" || got.Status != "active" || got.Role != "member" || got.Department != "engineering" || got.Title != "Engineer" {
		t.Errorf("member %+v", got)
	}
	if diff := cmp.Diff([]string{"platform"}, got.Teams); diff != "" {
		t.Errorf("teams (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]api.Account{{Connection: "acme-okta", User: ann.String()}}, got.Connections); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	why := slices.IndexFunc(got.Reasons, func(r api.Reason) bool { return r.Field == "role" })
	if why < 0 || got.Reasons[why].Rule != "engineers" || !strings.HasPrefix(got.Reasons[why].At, "acme.yaml:") {
		t.Errorf("reasons %+v", got.Reasons)
	}
	var byID api.Member
	w.local().get(acme+"/members/"+got.ID, &byID)
	if diff := cmp.Diff(got, byID); diff != "" {
		t.Errorf("by address and by id differ:\n%s", diff)
	}
}

func TestMemberJSONHasItsNamesEvenWhereThereIsNothing(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "")
	var page map[string][]map[string]any
	w.local().get(acme+"/members", &page)
	if len(page["items"]) != 1 {
		t.Fatalf("page %v", page)
	}
	for _, name := range []string{"id", "email", "name", "status", "role", "department", "teams", "permission_sets", "spaces", "projects", "connections", "created", "reasons"} {
		if v, ok := page["items"][0][name]; !ok || v == nil {
			t.Errorf("%q is %v", name, v)
		}
	}
}

func TestMembersAreListedInPagesAndNarrowed(t *testing.T) {
	w := newWorld(t, "acme")
	for i := range 12 {
		title := "Clerk"
		if i%4 == 0 {
			title = "Boss"
		}
		w.hire("acme", fmt.Sprintf("p%02d", i), title)
	}
	all := func(query string) []string {
		t.Helper()
		var names []string
		cursor := ""
		for range 20 {
			var page api.Page[api.Member]
			w.local().get(acme+"/members?limit=5&"+query+"&cursor="+cursor, &page)
			for _, m := range page.Items {
				names = append(names, m.Name)
			}
			if cursor = page.Next; cursor == "" {
				return names
			}
		}
		t.Fatal("the list never ends")
		return nil
	}
	if got := all(""); len(got) != 12 || !slices.IsSorted(got) {
		t.Errorf("all: %v", got)
	}
	bosses := []string{"p00", "p04", "p08"}
	for query, want := range map[string][]string{
		"role=admin":                                   bosses,
		"role=admin&status=active":                     bosses,
		"role=admin&status=suspended":                  nil,
		"email=P04@acme.com":                           {"p04"},
		"email=p05@acme.com&role=admin":                nil,
		"email=nobody@acme.com":                        nil,
		"department=engineering":                       nil,
		"status=suspended":                             nil,
		"status=all&email=p11%40acme.com":              {"p11"},
		"status=active&role=viewer&email=p01@acme.com": {"p01"},
	} {
		if diff := cmp.Diff(want, all(query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestRequestsThatMakeNoSenseAreRefusedWithAReason(t *testing.T) {
	w := newWorld(t, "acme")
	for path, status := range map[string]int{
		acme + "/members?cursor=rubbish":  http.StatusUnprocessableEntity,
		acme + "/members?limit=0":         http.StatusUnprocessableEntity,
		acme + "/members?limit=501":       http.StatusUnprocessableEntity,
		acme + "/members?status=happy":    http.StatusUnprocessableEntity,
		acme + "/members?colour=red":      http.StatusUnprocessableEntity,
		acme + "/members/nobody@acme.com": http.StatusNotFound,
		acme + "/groups/nonsense":         http.StatusNotFound,
		acme + "/journal?cursor=AA":       http.StatusUnprocessableEntity,
		"/organizations/nowhere/members":  http.StatusNotFound,
		"/nonsense":                       http.StatusNotFound,
	} {
		w.local().refused(http.MethodGet, path, nil, status)
	}
	answer := w.local().do(http.MethodDelete, acme+"/members", nil)
	if answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("DELETE of a list: %d, Allow %q", answer.Code, answer.Header().Get("Allow"))
	}
	answer = w.local().do(http.MethodOptions, "/tokens", nil)
	if answer.Code != http.StatusNoContent || answer.Header().Get("Allow") != "GET, HEAD, POST, OPTIONS" {
		t.Errorf("OPTIONS of tokens: %d, Allow %q", answer.Code, answer.Header().Get("Allow"))
	}
}

func TestVerbsNeedAReasonAndSayWhatFollowed(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "boss", "Boss")
	w.hire("acme", "ann", "Clerk")
	path := acme + "/members/ann@acme.com"
	w.local().refused(http.MethodPost, path+"/suspend", api.ReasonBody{}, http.StatusUnprocessableEntity)
	w.local().refused(http.MethodPost, path+"/suspend", api.ReasonBody{Reason: "  "}, http.StatusUnprocessableEntity)

	for _, step := range []struct {
		verb   string
		body   any
		status string
		role   string
	}{
		{"suspend", api.ReasonBody{Reason: "on leave"}, "suspended", "viewer"},
		{"reactivate", api.ReasonBody{Reason: "back"}, "active", "viewer"},
		{"pin", api.PinBody{ReasonBody: api.ReasonBody{Reason: "stands in"}, Role: "admin"}, "active", "admin"},
		{"pin", api.PinBody{ReasonBody: api.ReasonBody{Reason: "stood in"}}, "active", "viewer"},
		{"remove", api.ReasonBody{Reason: "left"}, "removed", "viewer"},
	} {
		var got api.Member
		w.local().post(path+"/"+step.verb, step.body, http.StatusOK, &got)
		if got.Status != step.status || got.Role != step.role {
			t.Errorf("%s: %s %s, want %s %s", step.verb, got.Status, got.Role, step.status, step.role)
		}
	}
	var journal api.Page[api.Entry]
	w.local().get(acme+"/journal?member=ann@acme.com&limit=1", &journal)
	if len(journal.Items) != 1 || journal.Items[0].Cause.Actor != "root" || journal.Items[0].Cause.Reason != "left" || journal.Items[0].Cause.Kind != directory.CauseAdmin {
		t.Errorf("last entry %+v", journal.Items)
	}
	if len(journal.Items) == 1 && !slices.ContainsFunc(journal.Items[0].Subjects, func(x api.Subject) bool { return x.Kind == "member" && x.Name == "ann@acme.com" }) {
		t.Errorf("the last entry does not name whom it is about: %+v", journal.Items[0].Subjects)
	}
	if journal.Next == "" {
		t.Error("the journal of one who was pushed and acted on has one entry")
	}
}

func TestPinIntoThePastIsRefused(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "Clerk")
	p := w.local().refused(http.MethodPost, acme+"/members/ann@acme.com/pin",
		api.PinBody{ReasonBody: api.ReasonBody{Reason: "x"}, Role: "admin", Until: w.now.Add(-1)}, http.StatusUnprocessableEntity)
	if p.Field != "until" {
		t.Errorf("field %q", p.Field)
	}
}

func TestMergeAndUnlink(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "boss", "Boss")
	w.hire("acme", "ann", "Clerk")
	w.hire("acme", "anne", "Clerk")
	path := acme + "/members/ann@acme.com"
	var got api.Member
	w.local().post(path+"/merge", api.MergeBody{ReasonBody: api.ReasonBody{Reason: "one person"}, Other: "anne@acme.com"}, http.StatusOK, &got)
	if len(got.Connections) != 2 {
		t.Errorf("after the merge: %+v", got.Connections)
	}
	p := w.local().refused(http.MethodPost, path+"/unlink", api.UnlinkBody{ReasonBody: api.ReasonBody{Reason: "x"}, Connection: "nowhere"}, http.StatusNotFound)
	if !strings.Contains(p.Detail, "nowhere") {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestExplainNamesFactsRulesAndJournal(t *testing.T) {
	w := newWorld(t, "acme")
	ann := w.hire("acme", "ann", "Engineer")
	w.group("Engineering", ann.String())
	var x api.Explanation
	w.local().get(acme+"/members/ann@acme.com/explain", &x)
	if len(x.Accounts) != 1 || x.Accounts[0].Profile.Title != "Engineer" || len(x.Accounts[0].Groups) != 1 || x.Accounts[0].Groups[0].Name != "Engineering" {
		t.Errorf("accounts %+v", x.Accounts)
	}
	if len(x.Rules) != 2 || !x.Rules[0].Matched || x.Rules[1].Matched || len(x.Rules[1].Because) == 0 || !strings.HasPrefix(x.Rules[1].At, "acme.yaml:") {
		t.Errorf("rules %+v", x.Rules)
	}
	if x.Member.Role != "member" || len(x.Steps) == 0 || len(x.Journal) < 2 {
		t.Errorf("explanation %+v", x)
	}
}

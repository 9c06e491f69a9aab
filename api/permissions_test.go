package api_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/api"
)

const instagram = `{"operation": "update_permissions", "filter": {"emails": ["ann@acme.com"]}, "changes": {"add_integrations": ["instagram"], "agent_creation": "admin_approval"}}`

// sends posts a body as it is.
func (c caller) sends(path, body string) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, api.Prefix+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if c.secret != "" {
		r.Header.Set("Authorization", "Bearer "+c.secret)
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return w
}

func TestMassUpdateByREST(t *testing.T) {
	w := newWorld(t, "acme", "umbrella")
	w.hire("acme", "ann", "Engineer")
	w.hire("acme", "bob", "Engineer")
	w.hire("umbrella", "ann", "Engineer")
	admin := w.with("acme", api.ScopeMembersRead, api.ScopeMembersWrite)
	const path = "/organizations/acme/permissions/updates"

	var planned, applied api.PermissionApplied
	admin.answer(admin.sends(path+"?plan=true", instagram), http.StatusOK, &planned)
	if planned.Update != nil || planned.Plan.Changed != 1 || len(planned.Plan.Rows) != 2 {
		t.Fatalf("planned %+v", planned.Plan)
	}
	admin.answer(admin.sends(path+"?expect_plan="+planned.Plan.ID+"&reason=campaign", instagram), http.StatusOK, &applied)
	if applied.Update.State != "in_force" || applied.Update.By != "program" || applied.Update.Reason != "campaign" || applied.Update.Text != instagram {
		t.Errorf("applied %+v", applied.Update)
	}

	var all api.MemberAccess
	admin.get("/organizations/acme/members/ann@acme.com/access", &all)
	if !slices.ContainsFunc(all.Things, func(h access.Holding) bool { return h.ID == "instagram" && h.Source.At == applied.Update.ID }) {
		t.Errorf("things %+v", all.Things)
	}
	var may access.Answer
	can := api.CanRequest{Action: "use", Resource: &api.CanResource{Type: "integration", ID: "instagram"}}
	admin.post("/organizations/acme/members/ann@acme.com/can", can, http.StatusOK, &may)
	if !may.Allowed || may.Source.Kind != access.KindUpdate {
		t.Errorf("ann: %+v", may)
	}
	admin.post("/organizations/acme/members/bob@acme.com/can", can, http.StatusOK, &may)
	if may.Allowed {
		t.Errorf("bob: %+v", may)
	}

	app := w.application("acme")
	q := question("ann@acme.com", "integrations.use", "integration", "instagram", "")
	if got := app.ask("/evaluation", q, http.StatusOK); got["decision"] != true {
		t.Errorf("AuthZEN says %v", got)
	}
	for path, part := range map[string]string{"resource": "resource", "subject": "subject"} {
		search := question("ann@acme.com", "integrations.use", "integration", "instagram", "")
		delete(search[part].(map[string]any), "id")
		if found, _ := app.found(app.ask("/search/"+path, search, http.StatusOK)); len(found) != 1 {
			t.Errorf("a search of the %s finds %v", part, found)
		}
	}

	var list api.Page[api.PermissionUpdate]
	admin.get(path, &list)
	if len(list.Items) != 1 || list.Items[0].ID != applied.Update.ID || list.Items[0].Text != "" {
		t.Errorf("listed %+v", list.Items)
	}
	admin.answer(admin.do(http.MethodDelete, path+"/"+applied.Update.ID+"?reason=over", nil), http.StatusOK, applied.Update)
	if applied.Update.State != "undone" {
		t.Errorf("undone: %+v", applied.Update)
	}
	admin.post("/organizations/acme/members/ann@acme.com/can", can, http.StatusOK, &may)
	if may.Allowed {
		t.Errorf("once undone: %+v", may)
	}
}

func TestMassUpdatesThatAreRefused(t *testing.T) {
	w := newWorld(t, "acme", "umbrella")
	w.hire("acme", "ann", "Engineer")
	admin, reader := w.with("acme", api.ScopeMembersRead, api.ScopeMembersWrite), w.with("acme", api.ScopeMembersRead)
	const path = "/organizations/acme/permissions/updates"
	for name, tt := range map[string]struct {
		who    caller
		path   string
		body   string
		status int
		says   string
	}{
		"by somebody who may only read": {reader, path, instagram, http.StatusForbidden, api.ScopeMembersWrite},
		"of another organization":       {admin, "/organizations/umbrella/permissions/updates", instagram, http.StatusNotFound, "umbrella"},
		"misspelt":                      {admin, path + "?name=u.json", strings.Replace(instagram, "add_integrations", "ad_integrations", 1), http.StatusUnprocessableEntity, `u.json:1:`},
		"no JSON":                       {admin, path, "{", http.StatusUnprocessableEntity, "the update:1"},
		"nothing":                       {admin, path, "", http.StatusBadRequest, ""},
		"of nobody":                     {admin, path + "?reason=x", strings.Replace(instagram, "ann@", "eve@", 1), http.StatusUnprocessableEntity, "eve@acme.com is no active member"},
		"another plan":                  {admin, path + "?reason=x&expect_plan=0", instagram, http.StatusPreconditionFailed, "plan 0 says"},
		"an end that is past":           {admin, path + "?reason=x&until=2020-01-01T00:00:00Z", instagram, http.StatusUnprocessableEntity, "past"},
	} {
		t.Run(name, func(t *testing.T) {
			var p api.Problem
			tt.who.answer(tt.who.sends(tt.path, tt.body), tt.status, &p)
			if !strings.Contains(p.Detail, tt.says) {
				t.Errorf("says %q", p.Detail)
			}
		})
	}
}

func TestRequestByREST(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "Engineer")
	w.hire("acme", "boss", "Boss")
	application, admin := w.with("acme", api.ScopeMembersWrite), w.with("acme", api.ScopeMembersRead, api.ScopeMembersWrite)
	var applied api.PermissionApplied
	admin.answer(admin.sends("/organizations/acme/permissions/updates?reason=campaign", instagram), http.StatusOK, &applied)

	var asked, again api.PermissionRequest
	body := api.AskBody{Permission: "agents.create", Reason: "for the launch"}
	application.post("/organizations/acme/members/ann@acme.com/requests", body, http.StatusOK, &asked)
	application.post("/organizations/acme/members/ann@acme.com/requests", body, http.StatusOK, &again)
	if asked.State != "waiting" || again.ID != asked.ID || asked.By != "program" {
		t.Errorf("asked %+v and %+v", asked, again)
	}
	one := "/organizations/acme/requests/" + asked.ID
	admin.refused(http.MethodPost, one+"/approve", api.ApproveRequestBody{For: "forever"}, http.StatusUnprocessableEntity)
	admin.refused(http.MethodPost, one+"/refuse", api.ReasonBody{}, http.StatusUnprocessableEntity)
	admin.post(one+"/approve", api.ApproveRequestBody{For: "30d"}, http.StatusOK, &asked)
	if asked.State != "approved" || asked.Until == nil || !asked.Until.Equal(w.now.AddDate(0, 0, 30)) || asked.Email != "ann@acme.com" {
		t.Errorf("approved %+v", asked)
	}
	var may access.Answer
	admin.post("/organizations/acme/members/ann@acme.com/can", api.CanRequest{Action: "agents.create"}, http.StatusOK, &may)
	if !may.Allowed || may.Source.Kind != access.KindApproval {
		t.Errorf("approved: %+v", may)
	}
	var odd api.CanAnswer
	admin.post("/organizations/acme/members/ann@acme.com/can", api.CanRequest{Action: "agents.craete"}, http.StatusOK, &odd)
	if odd.Allowed || !strings.HasSuffix(odd.Unknown, "did you mean agents.create?") {
		t.Errorf("a misspelt action: %+v", odd)
	}
	w.now = asked.Until.UTC()
	admin.post("/organizations/acme/members/ann@acme.com/can", api.CanRequest{Action: "agents.create"}, http.StatusOK, &may)
	if may.Allowed || !may.Approval {
		t.Errorf("at its end: %+v", may)
	}
	var page api.Page[api.PermissionRequest]
	admin.get("/organizations/acme/requests?limit=1", &page)
	if len(page.Items) != 1 || page.Next != "" || page.Items[0].State != "ended" {
		t.Errorf("listed %+v", page)
	}
	admin.refused(http.MethodGet, "/organizations/acme/requests/7", nil, http.StatusNotFound)
}

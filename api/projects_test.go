package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/mixus/usher/api"
)

func TestProjectsByREST(t *testing.T) {
	w := newFactory(t)
	reader, admin := w.with("acme", api.ScopeMembersRead), w.with("acme", api.ScopeMembersRead, api.ScopeMembersWrite)
	var page api.Page[api.Project]
	reader.get("/organizations/acme/projects", &page)
	if len(page.Items) == 0 {
		t.Fatal("the factory has no project")
	}
	one := "/organizations/acme/projects/" + page.Items[0].Name
	reader.refused(http.MethodPost, one+"/end", api.ReasonBody{Reason: "over"}, http.StatusForbidden)
	admin.refused(http.MethodPost, one+"/end", api.ReasonBody{}, http.StatusUnprocessableEntity)
	admin.refused(http.MethodPost, one+"/extend", api.ExtendProjectBody{ReasonBody: api.ReasonBody{Reason: "more"}}, http.StatusUnprocessableEntity)
	until := w.now.Add(400 * 24 * time.Hour).UTC()
	var moved api.Project
	admin.post(one+"/extend", api.ExtendProjectBody{ReasonBody: api.ReasonBody{Reason: "more"}, Until: until}, http.StatusOK, &moved)
	if moved.Until == nil || !moved.Until.Equal(until) || moved.Moved == nil || moved.Moved.By != "program" || moved.Moved.Reason != "more" || moved.At == "" {
		t.Errorf("extended %+v", moved)
	}
	admin.post(one+"/end", api.ReasonBody{Reason: "over"}, http.StatusOK, &moved)
	if moved.State != "ended" {
		t.Errorf("ended %+v", moved)
	}
	reader.get(one, &moved)
	if moved.State != "ended" || moved.People == nil || *moved.People != 0 {
		t.Errorf("seen %+v", moved)
	}
	reader.refused(http.MethodGet, "/organizations/acme/projects/none", nil, http.StatusNotFound)
}

package api_test

import (
	"net/http"
	"strings"
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
	admin.post(one+"/extend", api.ExtendProjectBody{ReasonBody: api.ReasonBody{Reason: "more"}, Until: &until}, http.StatusOK, &moved)
	if moved.Until == nil || !moved.Until.Equal(until) || moved.Moved == nil || moved.Moved.By != "program" || moved.Moved.Reason != "more" || moved.At == "" {
		t.Errorf("extended %+v", moved)
	}
	earlier := until.Add(-time.Hour)
	if p := admin.refused(http.MethodPost, one+"/extend", api.ExtendProjectBody{ReasonBody: api.ReasonBody{Reason: "less"}, Until: &earlier}, http.StatusUnprocessableEntity); !strings.Contains(p.Detail, "earlier than") || p.Field != "until" {
		t.Errorf("an earlier end: %+v", p)
	}
	admin.refused(http.MethodPost, one+"/extend", api.ExtendProjectBody{ReasonBody: api.ReasonBody{Reason: "both"}, Until: &until, For: "30d"}, http.StatusUnprocessableEntity)
	admin.refused(http.MethodPost, one+"/extend", api.ExtendProjectBody{ReasonBody: api.ReasonBody{Reason: "odd"}, For: "30x"}, http.StatusUnprocessableEntity)
	admin.post(one+"/extend", api.ExtendProjectBody{ReasonBody: api.ReasonBody{Reason: "still more"}, For: "30d"}, http.StatusOK, &moved)
	if want := until.Add(30 * 24 * time.Hour); !moved.Until.Equal(want) {
		t.Errorf("30 days more are until %v, want %v", moved.Until, want)
	}
	admin.post(one+"/end", api.ReasonBody{Reason: "over"}, http.StatusOK, &moved)
	if moved.State != "ended" {
		t.Errorf("ended %+v", moved)
	}
	reader.get(one, &moved)
	if moved.State != "ended" || moved.People == nil || *moved.People != 0 {
		t.Errorf("seen %+v", moved)
	}
	if p := reader.refused(http.MethodGet, one+"x", nil, http.StatusNotFound); !strings.HasSuffix(p.Detail, "; did you mean "+page.Items[0].Name+"?") {
		t.Errorf("a misspelt name: %+v", p)
	}
}

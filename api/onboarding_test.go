package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
)

const onboarding = `
onboarding:
  steps: [{id: account, minutes: 2}, {id: profile, minutes: 3, link: "https://app.acme.com/profile", items: [Photo]}]
  training: {engineering_team: {required_modules: [github], optional_modules: [deploy]}}
  badge: {name: Onboarded, image: /badge.svg}
`

func TestOnboardingIsReportedAndRead(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	w.adopt(fmt.Sprintf(policy, "acme") + onboarding)
	w.hire("acme", "ann", "")
	w.group("Engineering", "x-ann")
	w.signIn("acme", "ann")
	const ann = "/organizations/acme/members/ann@acme.com/onboarding"

	var m api.MemberOnboarding
	w.with("acme", api.ScopeMembersRead).get(ann, &m)
	if m.ID == "" || m.Email != "ann@acme.com" || m.Joined == nil || m.State != "under_way" || m.Done != 1 || m.Total != 3 || m.Percent != 33 || m.MinutesLeft != 3 || m.Badge != nil || len(m.Steps) != 4 {
		t.Errorf("at first: %+v", m)
	}
	if s := m.Steps[1]; s.ID != "profile" || s.Kind != "step" || s.Link == "" || len(s.Items) != 1 || s.Sources[0].Because != "everybody" || !strings.HasPrefix(s.Sources[0].At, "acme.yaml:") {
		t.Errorf("profile: %+v", s)
	}
	app := w.with("acme", api.ScopeMembersWrite)
	app.post(ann+"/profile", nil, http.StatusOK, &m)
	if s := m.Steps[1]; !s.Done || s.By != "program" || !s.DoneAt.Equal(w.now) {
		t.Errorf("reported: %+v", s)
	}
	earlier := w.now.Add(-time.Hour)
	app.post(ann+"/github", map[string]any{"at": earlier}, http.StatusOK, &m)
	if m.State != "complete" || m.Percent != 100 || m.Badge == nil || m.Badge.Name != "Onboarded" || m.Badge.Image != "/badge.svg" || m.Completed == nil || !m.Steps[2].DoneAt.Equal(earlier) {
		t.Errorf("complete: %+v", m)
	}
	m = api.MemberOnboarding{}
	app.answer(app.do(http.MethodDelete, ann+"/github", nil), http.StatusOK, &m)
	if m.State != "under_way" || m.Completed != nil || m.Steps[2].Done || m.Steps[2].DoneAt != nil {
		t.Errorf("taken back: %+v", m)
	}
	app.answer(app.do(http.MethodDelete, ann+"/github", nil), http.StatusOK, &m)

	for path, status := range map[string]int{"/githup": http.StatusNotFound, "/account": http.StatusConflict} {
		app.refused(http.MethodPost, ann+path, nil, status)
		app.refused(http.MethodDelete, ann+path, nil, status)
	}
	if p := app.refused(http.MethodPost, ann+"/githup", nil, http.StatusNotFound); !strings.Contains(p.Detail, "did you mean github?") {
		t.Errorf("misspelt: %q", p.Detail)
	}
	app.refused(http.MethodPost, ann+"/github", map[string]any{"at": w.now.Add(time.Hour)}, http.StatusUnprocessableEntity)
	app.refused(http.MethodPost, ann+"/github", map[string]any{"when": earlier}, http.StatusUnprocessableEntity)
	app.refused(http.MethodPost, strings.Replace(ann, "ann@", "nobody@", 1)+"/github", nil, http.StatusNotFound)

	w.with("acme", api.ScopeMembersRead).refused(http.MethodPost, ann+"/github", nil, http.StatusForbidden)
	w.with("acme", api.ScopeMembersRead).refused(http.MethodDelete, ann+"/github", nil, http.StatusForbidden)
	w.with("acme", api.ScopePolicyRead).refused(http.MethodGet, ann, nil, http.StatusForbidden)
	w.with("beta", api.ScopeMembersRead).refused(http.MethodGet, ann, nil, http.StatusNotFound)
	w.with("beta", api.ScopeMembersWrite).refused(http.MethodPost, ann+"/github", nil, http.StatusNotFound)
}

func TestOnboardingIsListedAndSummarized(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	const list, summary = "/organizations/acme/onboarding", "/organizations/acme/onboarding/summary"
	reader := w.with("acme", api.ScopeMembersRead)
	var none api.OnboardingSummary
	reader.get(summary, &none)
	if none.Departments == nil || none.Steps == nil || len(none.Steps) > 0 {
		t.Errorf("nothing is asked: %+v", none)
	}

	w.adopt(fmt.Sprintf(policy, "acme") + onboarding)
	for _, name := range []string{"ann", "bob", "cid"} {
		w.hire("acme", name, "")
	}
	w.group("Engineering", "x-ann", "x-bob")
	w.signIn("acme", "ann")
	w.now = w.now.Add(24 * time.Hour)
	for _, step := range []string{"profile", "github"} {
		w.local().post("/organizations/acme/members/ann@acme.com/onboarding/"+step, nil, http.StatusOK, nil)
	}

	names := func(query string) string {
		var out []string
		for cursor := ""; ; {
			var page api.Page[api.OnboardingStanding]
			reader.get(list+"?limit=1"+query+cursor, &page)
			for _, o := range page.Items {
				out = append(out, o.Email+" "+o.State)
			}
			if page.Next == "" {
				return strings.Join(out, ", ")
			}
			cursor = "&cursor=" + page.Next
		}
	}
	for query, want := range map[string]string{
		"":                 "ann@acme.com complete, bob@acme.com not_begun, cid@acme.com not_begun",
		"&incomplete=true": "bob@acme.com not_begun, cid@acme.com not_begun",
		"&incomplete=true&department=engineering": "bob@acme.com not_begun",
		"&department=sales":                       "",
	} {
		if got := names(query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	reader.refused(http.MethodGet, list+"?cursor=x", nil, http.StatusUnprocessableEntity)

	var s api.OnboardingSummary
	reader.get(summary, &s)
	if s.NotBegun != 2 || s.UnderWay != 0 || s.Complete != 1 || len(s.Departments) != 2 || s.Departments[1].Department != "engineering" || s.Departments[1].Complete != 1 {
		t.Errorf("%+v", s)
	}
	if k := s.Steps[len(s.Steps)-1]; k.ID != "deploy" || k.Kind != "module" || k.Required || k.Asked != 2 || k.Done != 0 || k.Hours != 24 {
		t.Errorf("the steps are %+v", s.Steps)
	}
	for _, path := range []string{list, summary} {
		w.with("acme", api.ScopePolicyRead).refused(http.MethodGet, path, nil, http.StatusForbidden)
		w.with("beta", api.ScopeMembersRead).refused(http.MethodGet, path, nil, http.StatusNotFound)
	}
}

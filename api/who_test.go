package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
)

func TestWhoIsPagedAndSaysWhy(t *testing.T) {
	w := newWorld(t, "acme", "other")
	ids := []string{w.hire("acme", "ann", "Engineer").String(), w.hire("acme", "bob", "Engineer").String(), w.hire("acme", "cy", "Engineer").String()}
	w.group("Engineering", ids...)
	c := w.with("acme", api.ScopeMembersRead)
	var got []string
	for cursor := ""; ; {
		var page api.Page[api.Holder]
		c.get("/organizations/acme/who?role=member&limit=2&cursor="+cursor, &page)
		for _, h := range page.Items {
			got = append(got, h.Email)
			if len(h.Reasons) != 1 || h.Reasons[0].Rule != "engineers" || h.Reasons[0].At != "acme.yaml:8" || h.Has[0] != "role member" {
				t.Errorf("%+v", h)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if strings.Join(got, " ") != "ann@acme.com bob@acme.com cy@acme.com" {
		t.Errorf("%v", got)
	}
	for query, status := range map[string]int{
		"":                        http.StatusUnprocessableEntity,
		"?role=admin&team=field":  http.StatusUnprocessableEntity,
		"?role=amdin":             http.StatusNotFound,
		"?role=admin&cursor=AAAA": http.StatusUnprocessableEntity,
		"?roles=admin":            http.StatusUnprocessableEntity,
	} {
		c.refused(http.MethodGet, "/organizations/acme/who"+query, nil, status)
	}
	c.refused(http.MethodGet, "/organizations/other/who?role=admin", nil, http.StatusNotFound)
	w.with("acme", api.ScopeGroupsRead).refused(http.MethodGet, "/organizations/acme/who?role=admin", nil, http.StatusForbidden)
}

func TestThePastOfAMember(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "boss", "Boss")
	ann := w.hire("acme", "ann", "Engineer")
	w.group("Engineering", ann.String())
	then := w.now.Format(time.RFC3339)
	w.now = w.now.Add(time.Hour)
	w.local().post("/organizations/acme/members/ann@acme.com/remove", api.ReasonBody{Reason: "left"}, http.StatusOK, nil)

	c := w.with("acme", api.ScopeMembersRead)
	var p api.Past
	c.get("/organizations/acme/members/ann@acme.com/past?at="+then, &p)
	if p.Status != "active" || p.Member.Status != "removed" || p.Policy == nil || p.Policy.Revision != 1 || len(p.Next) != 1 || p.Next[0].Kind != "member.removed" {
		t.Errorf("%+v", p)
	}
	if len(p.Accounts) != 1 || p.Accounts[0].Profile.Title != "Engineer" || len(p.Accounts[0].Groups) != 1 || p.Accounts[0].Groups[0].Name != "Engineering" {
		t.Errorf("%+v", p.Accounts)
	}
	for _, v := range p.Values {
		if v.Field == "role" && (v.Value != "member" || v.Reason.Rule != "engineers" || v.Since == nil || v.Since.Cause.ID != "req-1") {
			t.Errorf("role %+v", v)
		}
	}
	c.refused(http.MethodGet, "/organizations/acme/members/ann@acme.com/past?at=now", nil, http.StatusUnprocessableEntity)
	c.refused(http.MethodGet, "/organizations/acme/members/ann@acme.com/past", nil, http.StatusUnprocessableEntity)
	c.refused(http.MethodGet, "/organizations/acme/members/ann@acme.com/past?at=2999-01-01", nil, http.StatusUnprocessableEntity)
	c.refused(http.MethodGet, "/organizations/acme/members/nobody@acme.com/past?at=2026-01-01", nil, http.StatusNotFound)
}

func TestADraftIsMadeOfWhatWasPushed(t *testing.T) {
	w := newWorld(t, "acme")
	ann := w.hire("acme", "ann", "Engineer")
	w.group("Engineering", ann.String())
	w.group("IT Admins", ann.String())
	var d api.Draft
	w.with("acme", api.ScopePolicyRead).get("/organizations/acme/draft", &d)
	if d.Groups != 2 || d.People != 1 || d.Name != "organizations/acme.yaml" || !strings.Contains(d.Text, "groups: [Engineering]\n    role: member\n") {
		t.Errorf("%+v", d)
	}
	w.with("acme", api.ScopeMembersRead).refused(http.MethodGet, "/organizations/acme/draft", nil, http.StatusForbidden)
	w.local().refused(http.MethodGet, "/organizations/acme/draft?connection=nowhere", nil, http.StatusNotFound)
}

func TestExplainUnderNeedsACompiler(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "Engineer")
	body := api.CandidateBody{Files: []api.PolicyFile{{Name: "acme.yaml", Text: "organization: {id: acme}"}}}
	w.local().refused(http.MethodPost, "/organizations/acme/members/ann@acme.com/explain", body, http.StatusServiceUnavailable)
}

package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/store"
)

// byHand is acme's policy with what admins give and take by hand.
func byHand() string {
	return fmt.Sprintf(policy, "acme") + onboarding + `
projects: [{name: launch, members: {departments: [engineering]}, agents: [writer], ends: 2027-01-01}]
`
}

// inOne are all scopes that a token of one organization can have.
func inOne() []string {
	return slices.DeleteFunc(api.Scopes(), func(s string) bool { return s == api.ScopeBackup })
}

// given has somebody of acme be invited, ask for something, and gain something by a mass update.
type given struct{ invitation, update, request, credential string }

func (w *world) given() given {
	w.t.Helper()
	w.equip("bob")
	w.hire("acme", "ann", "Engineer")
	admin := w.with("acme", inOne()...)
	var g given
	var invited api.InvitedList
	admin.post(acme+"/invitations", api.InviteBody{People: []api.Invitee{{Email: "carl@private.example", Role: "viewer"}}}, http.StatusOK, &invited)
	g.invitation = invited.Results[0].Invitation.ID
	var applied api.PermissionApplied
	admin.answer(admin.sends(acme+"/permissions/updates?reason=campaign", instagram), http.StatusOK, &applied)
	g.update = applied.Update.ID
	var asked api.PermissionRequest
	admin.post(acme+"/members/ann@acme.com/requests", api.AskBody{Permission: "agents.create"}, http.StatusOK, &asked)
	g.request = asked.ID
	var has api.Page[api.Credential]
	admin.get(acme+"/members/bob@acme.com/credentials", &has)
	g.credential = has.Items[0].ID
	return g
}

// lastSeq is the number of the journal's last entry.
func (w *world) lastSeq() (seq uint64) {
	w.t.Helper()
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		list, err := tx.ListEntries(0, 1, true)
		if err == nil {
			seq = list[0].Seq
		}
		return err
	}))
	return seq
}

// attempt is one request about what was given.
type attempt struct {
	method, path string
	body         any
	reads        bool
}

func (g given) attempts() []attempt {
	why := api.ReasonBody{Reason: "mischief"}
	all := []attempt{
		{http.MethodGet, "/invitations", nil, true},
		{http.MethodGet, "/invitations/summary", nil, true},
		{http.MethodGet, "/invitations/" + g.invitation, nil, true},
		{http.MethodGet, "/invitations/carl@private.example", nil, true},
		{http.MethodGet, "/invitations/" + g.invitation + "/history", nil, true},
		{http.MethodPost, "/invitations", api.InviteBody{People: []api.Invitee{{Email: "eve@evil.example", Role: "admin"}}}, false},
		{http.MethodPost, "/invitations/" + g.invitation + "/approve", api.ApproveInvitationBody{Version: "x"}, false},
		{http.MethodPost, "/invitations/" + g.invitation + "/edit", map[string]any{"role": "admin"}, false},
		{http.MethodPost, "/invitations/" + g.invitation + "/extend", map[string]any{"until": "2026-11-20T00:00:00Z"}, false},
		{http.MethodGet, "/permissions/updates", nil, true},
		{http.MethodGet, "/permissions/updates/" + g.update, nil, true},
		{http.MethodDelete, "/permissions/updates/" + g.update + "?reason=x", nil, false},
		{http.MethodGet, "/requests", nil, true},
		{http.MethodGet, "/requests/" + g.request, nil, true},
		{http.MethodPost, "/requests/" + g.request + "/approve", api.ApproveRequestBody{For: "30d"}, false},
		{http.MethodPost, "/requests/" + g.request + "/refuse", why, false},
		{http.MethodPost, "/requests/" + g.request + "/end", why, false},
		{http.MethodPost, "/members/ann@acme.com/requests", api.AskBody{Permission: "agents.create"}, false},
		{http.MethodGet, "/projects", nil, true},
		{http.MethodGet, "/projects/launch", nil, true},
		{http.MethodPost, "/projects/launch/end", why, false},
		{http.MethodPost, "/projects/launch/extend", map[string]any{"reason": "x", "for": "30d"}, false},
		{http.MethodGet, "/onboarding", nil, true},
		{http.MethodGet, "/onboarding/summary", nil, true},
		{http.MethodGet, "/members/ann@acme.com/onboarding", nil, true},
		{http.MethodPost, "/members/ann@acme.com/onboarding/profile", nil, false},
		{http.MethodDelete, "/members/ann@acme.com/onboarding/profile", nil, false},
		{http.MethodGet, "/members/bob@acme.com/credentials", nil, true},
		{http.MethodDelete, "/members/bob@acme.com/credentials/" + g.credential + "?reason=x", nil, false},
	}
	for _, verb := range []string{"reject", "resend", "remind", "cancel"} {
		all = append(all, attempt{http.MethodPost, "/invitations/" + g.invitation + "/" + verb, why, false})
	}
	return all
}

// What one organization's admins gave by hand is nothing to the token of another, which learns nothing of it, whether it names
// their organization or its own.
func TestTheTokenOfAnotherOrganizationDoesNothingByHand(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	w.adopt(byHand())
	g := w.given()
	mallory := w.with("beta", inOne()...)
	before := w.lastSeq()
	for _, a := range g.attempts() {
		p := mallory.refused(a.method, acme+a.path, a.body, http.StatusNotFound)
		if a.path != "/invitations" && strings.Contains(p.Detail, "carl") && !strings.Contains(a.path, "carl") {
			t.Errorf("%s %s tells %q", a.method, a.path, p.Detail)
		}
		for _, id := range []string{g.invitation, g.update, g.request, "ann@acme.com", "bob@acme.com", "launch"} {
			if strings.Contains(a.path, id) {
				mallory.refused(a.method, "/organizations/beta"+a.path, a.body, http.StatusNotFound)
				break
			}
		}
	}
	if w.lastSeq() != before {
		t.Error("something was journalled")
	}
}

// A token that may only read changes nothing by hand.
func TestATokenThatReadsDoesNothingByHand(t *testing.T) {
	w := newWorld(t, "acme")
	w.adopt(byHand())
	g := w.given()
	reader := w.with("acme", api.ScopeMembersRead, api.ScopeJournalRead, api.ScopePolicyRead, api.ScopeSessionsRead, api.ScopeTokensRead, api.ScopeAccessRead)
	nobody := w.with("acme", api.ScopeAccessRead, api.ScopePolicyRead)
	before := w.lastSeq()
	for _, a := range g.attempts() {
		if a.reads {
			reader.get(acme+a.path, nil)
		} else {
			reader.refused(a.method, acme+a.path, a.body, http.StatusForbidden)
		}
		nobody.refused(a.method, acme+a.path, a.body, http.StatusForbidden)
	}
	if w.lastSeq() != before {
		t.Error("something was journalled")
	}
}

// Bodies and times beyond all measure are refused where they are read.
func TestBodiesAndTimesBeyondMeasureByHand(t *testing.T) {
	w := newWorld(t, "acme")
	w.adopt(byHand())
	g := w.given()
	admin := w.with("acme", api.ScopeMembersRead, api.ScopeMembersWrite)
	large := `{"reason": "` + strings.Repeat("x", 2<<20) + `"}`
	deep := strings.Repeat(`{"filter": `, 30_000)
	profile := "/members/ann@acme.com/onboarding/profile"
	for name, tt := range map[string]struct {
		path, body string
		status     int
	}{
		"a large mass update":       {"/permissions/updates?reason=x", large, http.StatusRequestEntityTooLarge},
		"a deep mass update":        {"/permissions/updates?reason=x", deep, http.StatusUnprocessableEntity},
		"a mass update of aliases":  {"/permissions/updates?reason=x", bomb(), http.StatusUnprocessableEntity},
		"an end in the year 10000":  {"/permissions/updates?reason=x&until=9999-12-31T23:59:59-12:00", instagram, http.StatusUnprocessableEntity},
		"a large report":            {profile, large, http.StatusRequestEntityTooLarge},
		"a report of the year 0":    {profile, `{"at": "0000-01-01T00:00:00+14:00"}`, http.StatusUnprocessableEntity},
		"a report to come":          {profile, `{"at": "9999-12-31T23:59:59-12:00"}`, http.StatusUnprocessableEntity},
		"an approval without end":   {"/requests/" + g.request + "/approve", `{"for": "99999999999d"}`, http.StatusUnprocessableEntity},
		"an approval of the past":   {"/requests/" + g.request + "/approve", `{"for": "-1d"}`, http.StatusUnprocessableEntity},
		"an approval of ten years":  {"/requests/" + g.request + "/approve", `{"for": "3660d"}`, http.StatusUnprocessableEntity},
		"a project without end":     {"/projects/launch/extend", `{"reason": "x", "until": "9999-12-31T23:59:59-12:00"}`, http.StatusUnprocessableEntity},
		"a project of the past":     {"/projects/launch/extend", `{"reason": "x", "until": "0000-01-01T00:00:00+14:00"}`, http.StatusUnprocessableEntity},
		"a project for very long":   {"/projects/launch/extend", `{"reason": "x", "for": "99999999999d"}`, http.StatusUnprocessableEntity},
		"an invitation without end": {"/invitations/" + g.invitation + "/extend", `{"until": "9999-12-31T23:59:59-12:00"}`, http.StatusUnprocessableEntity},
		"an invitation of the past": {"/invitations/" + g.invitation + "/extend", `{"until": "0000-01-01T00:00:00+14:00"}`, http.StatusUnprocessableEntity},
		"a pin without end":         {"/members/ann@acme.com/pin", `{"reason": "x", "role": "admin", "until": "9999-12-31T23:59:59-12:00"}`, http.StatusUnprocessableEntity},
	} {
		got := admin.sends(acme+tt.path, tt.body)
		if got.Code != tt.status || len(got.Body.String()) > 4<<10 {
			t.Errorf("%s: %d with %d bytes, want %d: %.300s", name, got.Code, got.Body.Len(), tt.status, got.Body)
		}
	}
}

// bomb is a few aliases that stand for very much.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	b.WriteString("operation: update_permissions\nfilter: {role: *a9}\nchanges: {agent_creation: true}\n")
	return b.String()
}

// What changes for many says why, in doing and in undoing.
func TestAMassUpdateSaysWhy(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "Engineer")
	admin := w.with("acme", api.ScopeMembersRead, api.ScopeMembersWrite)
	const path = acme + "/permissions/updates"
	var p api.Problem
	for _, reason := range []string{"", "?reason=", "?reason=%20", "?reason=%20%09"} {
		admin.answer(admin.sends(path+reason, instagram), http.StatusUnprocessableEntity, &p)
		if p.Field != "reason" || !strings.Contains(p.Detail, "Say why") {
			t.Errorf("%q: %+v", reason, p)
		}
	}
	var applied api.PermissionApplied
	admin.answer(admin.sends(path+"?plan=true", instagram), http.StatusOK, &applied)
	admin.answer(admin.sends(path+"?reason=campaign", instagram), http.StatusOK, &applied)
	if p := admin.refused(http.MethodDelete, path+"/"+applied.Update.ID, nil, http.StatusUnprocessableEntity); p.Field != "reason" {
		t.Errorf("undone without a reason: %+v", p)
	}
}

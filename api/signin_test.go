package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
)

// adopt puts another policy of acme into force.
func (w *world) adopt(text string) {
	w.t.Helper()
	organization, problems := config.ParseOrganization("acme.yaml", []byte(text), config.Options{})
	compiled, more := mapping.Compile(organization)
	if problems = append(problems, more...); directory.Failed(problems) {
		w.t.Fatal(problems)
	}
	_, err := w.engine.Activate(w.t.Context(), w.orgs["acme"], compiled, []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(text)}}, "test")
	w.must(err)
	w.must(w.engine.Idle(w.t.Context()))
}

// joining is a policy by which people join by signing in: those of acme.com after an admin's approval.
func joining(organization, more string) string {
	return strings.NewReplacer(
		"{domain: "+organization+".com}", "{domain: "+organization+".com, require_admin_approval: true, default_role: viewer}, {domain: "+organization+".net}",
	).Replace(fmt.Sprintf(policy, organization)) + more
}

// loginOf is how somebody signs in whose record has the same subject.
func (w *world) loginOf(organization, name string) provision.Login {
	return provision.Login{
		Org: w.orgs[organization], Conn: w.conns[organization+"-okta"], Request: "req-login", Method: "oidc", Subject: "x-" + name,
		Addresses: []provision.LoginAddress{{Value: name + "@" + organization + ".com", Vouched: true}},
		Profile:   directory.Profile{DisplayName: name}, Agent: "Firefox on Linux",
	}
}

func (w *world) login(in provision.Login) *provision.LoginResult {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	r, err := w.engine.Login(w.t.Context(), in)
	w.must(err)
	return r
}

func (w *world) signIn(organization, name string) *provision.LoginResult {
	w.t.Helper()
	return w.login(w.loginOf(organization, name))
}

func (w *world) signedIn(r *provision.LoginResult) bool {
	_, _, err := w.engine.Session(w.t.Context(), r.Token)
	return err == nil
}

func TestSessionsAreListedPageByPage(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	for _, name := range []string{"ann", "bob"} {
		w.hire("acme", name, "Engineer")
		w.signIn("acme", name)
	}
	w.signIn("acme", "ann")
	w.hire("beta", "ben", "")
	w.signIn("beta", "ben")

	var seen []api.Session
	path := "/organizations/acme/sessions?limit=2"
	for next := ""; ; {
		var page api.Page[api.Session]
		w.with("acme", api.ScopeSessionsRead).get(path+next, &page)
		seen = append(seen, page.Items...)
		if page.Next == "" {
			break
		}
		next = "&cursor=" + page.Next
	}
	people := map[string]int{}
	for _, s := range seen {
		people[s.Email]++
		if s.Connection != "acme-okta" || s.Method != "oidc" || s.Browser != "Firefox on Linux" || s.Began.IsZero() ||
			!s.Ends.Equal(s.Seen.Add(config.DefaultIdle)) || !s.Latest.Equal(s.Began.Add(config.DefaultAbsolute)) {
			t.Errorf("a session is shown as %+v", s)
		}
	}
	if len(seen) != 3 || people["ann@acme.com"] != 2 || people["bob@acme.com"] != 1 {
		t.Errorf("listed %v", people)
	}
	var page api.Page[api.Session]
	w.local().get("/organizations/acme/sessions?member=ann@acme.com", &page)
	if len(page.Items) != 2 || !page.Items[0].Began.After(page.Items[1].Began) {
		t.Errorf("ann's sessions are %+v", page.Items)
	}
	w.local().refused(http.MethodGet, "/organizations/acme/sessions?cursor=xx", nil, http.StatusUnprocessableEntity)
	w.local().refused(http.MethodGet, "/organizations/acme/sessions?member=nobody@acme.com", nil, http.StatusNotFound)
	w.with("beta", api.ScopeSessionsRead).refused(http.MethodGet, "/organizations/acme/sessions", nil, http.StatusNotFound)
	w.with("acme", api.ScopeMembersRead).refused(http.MethodGet, "/organizations/acme/sessions", nil, http.StatusForbidden)
}

func TestSessionsAreRevoked(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	var all []*provision.LoginResult
	for _, name := range []string{"ann", "bob", "cid"} {
		w.hire("acme", name, "")
		all = append(all, w.signIn("acme", name))
	}
	again := w.signIn("acme", "ann")
	why := api.ReasonBody{Reason: "a lost laptop"}
	one := "/organizations/acme/sessions/" + all[0].Session.ID().String() + "/revoke"
	w.with("acme", api.ScopeSessionsRead).refused(http.MethodPost, one, why, http.StatusForbidden)
	w.with("beta", api.ScopeSessionsWrite).refused(http.MethodPost, one, why, http.StatusNotFound)
	w.with("beta", api.ScopeSessionsWrite).refused(http.MethodPost, strings.Replace(one, "acme", "beta", 1), why, http.StatusNotFound)
	if p := w.local().refused(http.MethodPost, one, api.ReasonBody{}, http.StatusUnprocessableEntity); p.Field != "reason" {
		t.Errorf("without a reason: %+v", p)
	}
	w.local().refused(http.MethodPost, "/organizations/acme/sessions/ann/revoke", why, http.StatusNotFound)
	if !w.signedIn(all[0]) {
		t.Fatal("a request that was refused ended the session")
	}

	var done api.Revoked
	w.with("acme", api.ScopeSessionsWrite).post(one, why, http.StatusOK, &done)
	if done.Ended != 1 || w.signedIn(all[0]) || !w.signedIn(again) {
		t.Errorf("revoking one ended %d", done.Ended)
	}
	w.local().refused(http.MethodPost, one, why, http.StatusNotFound)
	w.local().post("/organizations/acme/members/ann@acme.com/revoke-sessions", why, http.StatusOK, &done)
	if done.Ended != 1 || w.signedIn(again) || !w.signedIn(all[1]) {
		t.Errorf("revoking ann's ended %d", done.Ended)
	}
	w.now = w.now.Add(time.Second)
	w.local().post("/organizations/acme/sessions/revoke", why, http.StatusOK, &done)
	if done.Ended != 2 || w.signedIn(all[1]) || w.signedIn(all[2]) {
		t.Errorf("revoking all ended %d", done.Ended)
	}
	if r := w.signIn("acme", "bob"); !w.signedIn(r) {
		t.Error("bob does not get in any more")
	}
	var journal api.Page[api.Entry]
	w.local().get("/organizations/acme/journal?kind=session.ended", &journal)
	if len(journal.Items) != 2 || journal.Items[0].Cause.Reason != why.Reason || journal.Items[0].Cause.Actor != "root" {
		t.Errorf("the journal tells %+v", journal.Items)
	}
}

func TestALockdownSignsEverybodyOutUntilItIsOver(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "")
	in := w.signIn("acme", "ann")
	w.now = w.now.Add(time.Second)
	why := api.ReasonBody{Reason: "a stolen key"}
	const path = "/organizations/acme/lockdown"
	w.with("acme", api.ScopeSessionsRead).refused(http.MethodPost, path, why, http.StatusForbidden)
	w.local().refused(http.MethodPost, path, api.ReasonBody{Reason: " "}, http.StatusUnprocessableEntity)
	w.local().refused(http.MethodPost, path+"/end", why, http.StatusConflict)
	var on api.LockedDown
	w.with("acme", api.ScopeSessionsWrite).post(path, why, http.StatusOK, &on)
	if !on.On || on.Ended != 1 || on.Reason != why.Reason || on.Actor != "program" || on.Since == nil || w.signedIn(in) {
		t.Errorf("the lockdown is %+v", on)
	}
	w.local().refused(http.MethodPost, path, why, http.StatusConflict)
	var status api.Status
	w.local().get("/status", &status)
	if l := status.Organizations[0].Lockdown; l == nil || !l.On || l.Reason != why.Reason {
		t.Errorf("the status tells %+v", l)
	}
	var l api.Lockdown
	w.local().post(path+"/end", api.ReasonBody{Reason: "found it"}, http.StatusOK, &l)
	if l.On || l.Since != nil || l.Reason != "found it" || w.signedIn(in) {
		t.Errorf("after its end the lockdown is %+v", l)
	}
	status = api.Status{}
	w.local().get("/status", &status)
	if status.Organizations[0].Lockdown != nil {
		t.Errorf("the status still tells %+v", status.Organizations[0].Lockdown)
	}
}

func TestWhoAsksToJoinIsListedAndApproved(t *testing.T) {
	w := newWorld(t, "acme")
	w.adopt(joining("acme", ""))
	w.hire("acme", "bob", "")
	first := w.signIn("acme", "ann")
	if first.Code != provision.LoginAwaiting {
		t.Fatalf("ann's first sign-in is %s", first.Code)
	}
	awaiting := func() (people []string) {
		var page api.Page[api.Member]
		w.local().get("/organizations/acme/members?status=awaiting", &page)
		for _, m := range page.Items {
			people = append(people, m.Email)
		}
		var status api.Status
		w.local().get("/status", &status)
		if status.Organizations[0].Approvals != len(people) {
			t.Errorf("the status counts %d who wait, and %v do", status.Organizations[0].Approvals, people)
		}
		return people
	}
	if got := awaiting(); !slices.Equal(got, []string{"ann@acme.com"}) {
		t.Errorf("waiting are %v", got)
	}
	var m api.Member
	w.local().post("/organizations/acme/members/ann@acme.com/approve", api.ReasonBody{Reason: "she starts today"}, http.StatusOK, &m)
	if m.Status != "active" || m.Role != "viewer" {
		t.Errorf("ann is %s, %s", m.Status, m.Role)
	}
	if got := awaiting(); len(got) != 0 {
		t.Errorf("waiting are still %v", got)
	}
	w.local().refused(http.MethodPost, "/organizations/acme/members/bob@acme.com/approve", api.ReasonBody{Reason: "again"}, http.StatusConflict)
	if r := w.signIn("acme", "ann"); !r.In() {
		t.Errorf("ann does not get in: %s", r.Code)
	}
}

// dismissed has the provider say that somebody is not active any more.
func (w *world) dismissed(organization, name string, id directory.ID) {
	w.t.Helper()
	address := name + "@" + organization + ".com"
	w.push(organization, func(f *facts.Writer) error {
		_, err := f.ReplaceUser(id, facts.Match{}, facts.UserInput{
			UserName: address, ExternalID: "x-" + name, Attributes: []string{"userName"},
			Body: fmt.Appendf(nil, `{"userName":%q,"active":false,"emails":[{"value":%[1]q,"primary":true}]}`, address),
		})
		return err
	})
}

func TestAHoldShowsWhoSignedInSince(t *testing.T) {
	w := newWorld(t, "acme")
	w.adopt(fmt.Sprintf(policy, "acme") + "\nbrakes: [{of: suspensions, window: 1h, floor: 1}]\n")
	names := []string{"ann", "bob", "cid"}
	ids := make([]directory.ID, len(names))
	for i, name := range names {
		ids[i] = w.hire("acme", name, "")
	}
	for i, name := range names {
		w.dismissed("acme", name, ids[i])
	}
	if r := w.signIn("acme", "cid"); !r.In() {
		t.Fatalf("cid, who waits in the hold, does not get in: %s", r.Code)
	}
	var all api.Holds
	w.local().get("/organizations/acme/holds", &all)
	if len(all.Holds) != 1 {
		t.Fatalf("%d holds", len(all.Holds))
	}
	var hold api.HoldDetail
	w.local().get("/organizations/acme/holds/"+all.Holds[0].ID, &hold)
	for _, person := range hold.People {
		if since := person.SignedIn; (since != nil && since.Equal(w.now)) != (person.Email == "cid@acme.com") {
			t.Errorf("%s is shown to have signed in at %v", person.Email, since)
		}
	}
	if len(hold.People) != 2 {
		t.Errorf("%d people wait", len(hold.People))
	}
}

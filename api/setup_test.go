package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

// lines plays the server's lines to providers.
type lines struct {
	asked string
	cause directory.Cause
}

func (l *lines) Setup(connection string) (*api.Setup, error) {
	l.asked = connection
	return &api.Setup{Connection: connection, Provider: "okta", Protocol: "oidc", Keys: map[string]any{"keys": []any{}}, Steps: []api.SetupStep{{Where: "a", Field: "b", Value: "c"}}}, nil
}

func (l *lines) Examine(_ context.Context, connection string) ([]api.SignInFinding, error) {
	l.asked = connection
	return []api.SignInFinding{{Connection: connection, Weight: "ok", Text: "All is well."}}, nil
}

func (l *lines) Rotate(_ context.Context, connection string, cause directory.Cause) (*api.Rotation, error) {
	l.asked, l.cause = connection, cause
	return nil, directory.Errorf(directory.Conflict, "The connection %s has no key yet.", connection)
}

func (*lines) Findings(time.Time) []api.SignInFinding {
	return []api.SignInFinding{
		{Connection: "acme-okta", Weight: "problem", Text: "The secret is missing."},
		{Connection: "beta-okta", Weight: "warning", Text: "A certificate ends soon."},
	}
}

func TestTheStatusTellsEachOrganizationOfItsOwnConnectionsAndDomains(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	w.engine.Declared = func(domain string) string { return map[string]string{"beta.com": "beta"}[domain] }
	var status api.Status
	w.with("acme", api.ScopePolicyRead).get("/status", &status)
	if len(status.Organizations) != 1 {
		t.Fatalf("%d organizations", len(status.Organizations))
	}
	found := status.Organizations[0].Findings
	if len(found) != 2 || found[0].Connection != "acme-okta" || found[0].Weight != "problem" || found[1].Connection != "" || found[1].Weight != "warning" {
		t.Errorf("acme is told %+v", found)
	}
	status = api.Status{}
	w.with("beta", api.ScopePolicyRead).get("/status", &status)
	if found := status.Organizations[0].Findings; len(found) != 1 || found[0].Connection != "beta-okta" {
		t.Errorf("beta, whose domain is declared, is told %+v", found)
	}
}

func TestSettingAConnectionUpIsForThoseWhoMayKnowOfIt(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	why := api.ReasonBody{Reason: "yearly"}
	for _, c := range []struct {
		method, path string
		body         any
		scope        string
	}{
		{http.MethodGet, "/setup", nil, api.ScopeConnectionsRead},
		{http.MethodPost, "/test", nil, api.ScopeConnectionsWrite},
		{http.MethodPost, "/rotate-key", why, api.ScopeConnectionsWrite},
	} {
		w.server.SignIn = nil
		w.local().refused(c.method, "/connections/acme-okta"+c.path, c.body, http.StatusServiceUnavailable)
		signIn := &lines{}
		w.server.SignIn = signIn
		w.with("beta", c.scope).refused(c.method, "/connections/acme-okta"+c.path, c.body, http.StatusNotFound)
		w.with("acme", api.ScopeMembersRead).refused(c.method, "/connections/acme-okta"+c.path, c.body, http.StatusForbidden)
		w.local().refused(c.method, "/connections/nosuch"+c.path, c.body, http.StatusNotFound)
		if signIn.asked != "" {
			t.Errorf("%s was asked of %s all the same", c.path, signIn.asked)
		}
	}
	w.local().refused(http.MethodPost, "/connections/acme-okta/rotate-key", api.ReasonBody{}, http.StatusUnprocessableEntity)

	signIn := &lines{}
	w.server.SignIn = signIn
	var setup api.Setup
	w.with("acme", api.ScopeConnectionsRead).get("/connections/acme-okta/setup", &setup)
	want, err := signIn.Setup("acme-okta")
	w.must(err)
	if diff := cmp.Diff(want, &setup); diff != "" {
		t.Errorf("the setup arrives changed (-want +got):\n%s", diff)
	}
	var x api.Examination
	w.with("acme", api.ScopeConnectionsWrite).post("/connections/acme-okta/test", nil, http.StatusOK, &x)
	if len(x.Findings) != 1 || x.Findings[0].Text != "All is well." {
		t.Errorf("found %+v", x.Findings)
	}
	w.with("acme", api.ScopeConnectionsWrite).refused(http.MethodPost, "/connections/acme-okta/rotate-key", why, http.StatusConflict)
	if signIn.cause.Reason != why.Reason || signIn.cause.Actor != "program" {
		t.Errorf("the cause is %+v", signIn.cause)
	}
}

func TestAConnectionIsTestedEveryFewSecondsAtMost(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	signIn := &lines{}
	w.server.SignIn = signIn
	w.with("acme", api.ScopeConnectionsRead).refused(http.MethodPost, "/connections/acme-okta/test", nil, http.StatusForbidden)
	caller := w.local()
	caller.post("/connections/acme-okta/test", nil, http.StatusOK, nil)
	signIn.asked = ""
	if p := caller.refused(http.MethodPost, "/connections/acme-okta/test", nil, http.StatusTooManyRequests); !strings.Contains(p.Detail, "5 seconds") {
		t.Errorf("it is told %q", p.Detail)
	}
	if signIn.asked != "" {
		t.Error("the provider was asked all the same")
	}
	caller.post("/connections/beta-okta/test", nil, http.StatusOK, nil)
	w.now = w.now.Add(5 * time.Second)
	caller.post("/connections/acme-okta/test", nil, http.StatusOK, nil)
}

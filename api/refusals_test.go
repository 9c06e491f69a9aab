package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/provision"
)

func TestWhySaysWhatTheEngineDecided(t *testing.T) {
	w := newWorld(t, "acme")
	w.adopt(joining("acme", ""))
	id := w.hire("acme", "sue", "")
	w.hire("acme", "ron", "")
	w.dismissed("acme", "sue", id)
	var m api.Member
	w.local().post("/organizations/acme/members/ron@acme.com/remove", api.ReasonBody{Reason: "left"}, http.StatusOK, &m)
	for _, c := range []struct {
		name, address string
		vouched       bool
		code          provision.LoginCode
		command       string
	}{
		{"ann", "ann@acme.com", true, provision.LoginAwaiting, `usher members approve ann@acme.com --organization acme --reason "…"`},
		{"bob", "bob@acme.net", true, provision.LoginNotPushed, "usher connections list --organization acme"},
		{"cid", "cid@elsewhere.com", true, provision.LoginUnknownDomain, "usher domain list --organization acme"},
		{"dan", "dan@acme.com", false, provision.LoginUnvouched, "usher connections show acme-okta"},
		{"sue", "sue@acme.com", true, provision.LoginSuspended, "usher explain sue@acme.com --organization acme"},
		{"ron", "ron@acme.com", true, provision.LoginRemoved, `usher members reactivate ron@acme.com --organization acme --reason "…"`},
	} {
		in := w.loginOf("acme", c.name)
		in.Addresses = []provision.LoginAddress{{Value: c.address, Vouched: c.vouched}}
		refused := w.login(in)
		if refused.Code != c.code {
			t.Errorf("%s: the sign-in was %s, want %s", c.name, refused.Code, c.code)
			continue
		}
		var r api.Refusal
		w.with("acme", api.ScopeJournalRead).get("/refusals/"+refused.Reference, &r)
		if r.Code != string(c.code) || r.Because != c.code.Because() || r.Help == "" || r.Organization != "acme" || r.Connection != "acme-okta" ||
			r.Method != "oidc" || r.Request != "req-login" || !r.At.Equal(w.now) {
			t.Errorf("%s: the refusal is shown as %+v", c.name, r)
		}
		if !slices.Contains(r.Commands, c.command) {
			t.Errorf("%s: the commands are %q, want %q among them", c.name, r.Commands, c.command)
		}
		if who := r.Email; who == "" && (r.Said == nil || !slices.Contains(r.Said.Addresses, c.address)) {
			t.Errorf("%s: nobody can see who it was: %+v", c.name, r.Said)
		}
	}
}

func TestEveryRefusalOfTheEngineHelps(t *testing.T) {
	w := newWorld(t, "acme")
	for _, code := range []string{
		"awaiting", "not_pushed", "unknown_domain", "unvouched", "ambiguous", "no_rule", "waits", "held", "suspended", "removed", "observed",
		"paused", "retired", "lockdown", "replayed", "expired", "elsewhere", // of the engine
		"invalid", "denied", "unavailable", "misconfigured", // of a message
	} {
		reference, err := w.engine.Refuse(t.Context(), provision.Refused{
			Org: w.orgs["acme"], Conn: w.conns["acme-okta"], Request: "req-1", Method: "saml", Code: code, Reason: "The audience was wrong.",
		})
		w.must(err)
		var r api.Refusal
		w.local().get("/refusals/"+reference, &r)
		if r.Code != code || r.Because != "The audience was wrong." || r.Help == "" || !strings.HasSuffix(r.Help, ".") {
			t.Errorf("%s: %+v", code, r)
		}
		for _, command := range r.Commands {
			if !strings.HasPrefix(command, "usher ") || strings.ContainsAny(command, "\n'") || strings.Contains(command, "WHO") {
				t.Errorf("%s: the command is %q", code, command)
			}
		}
	}
}

func TestAReferenceIsReadAsPeopleTypeItAndSeenByItsOrganizationAlone(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	refused := w.signIn("acme", "nobody")
	typed := strings.ToLower(strings.ReplaceAll(refused.Reference, "-", ""))
	var r api.Refusal
	w.local().get("/refusals/"+typed, &r)
	if r.Reference != refused.Reference || r.Organization != "acme" {
		t.Errorf("%s was found as %+v", typed, r)
	}
	if p := w.with("beta", api.ScopeJournalRead).refused(http.MethodGet, "/refusals/"+refused.Reference, nil, http.StatusNotFound); strings.Contains(p.Detail, "acme") {
		t.Errorf("another organization hears %q", p.Detail)
	}
	w.with("acme", api.ScopeMembersRead).refused(http.MethodGet, "/refusals/"+refused.Reference, nil, http.StatusForbidden)
	for _, none := range []string{"1-ABCD", "hello", "0000", strings.Repeat("Z", 64)} {
		w.local().refused(http.MethodGet, "/refusals/"+none, nil, http.StatusNotFound)
	}
	if p := w.local().refused(http.MethodGet, "/refusals/log-1a2b3c4d", nil, http.StatusNotFound); !strings.Contains(p.Detail, "request_id") {
		t.Errorf("a reference to the log is answered %q", p.Detail)
	}
}

// What a provider sends is part of commands that somebody copies into a shell.
func TestACommandQuotesWhatAProviderSent(t *testing.T) {
	w := newWorld(t, "acme")
	for _, name := range []string{"ann", "bob"} {
		w.hire("acme", name, "")
	}
	in := w.loginOf("acme", "ann")
	in.Subject = "somebody"
	in.Addresses = []provision.LoginAddress{{Value: "a;reboot'$(id)@acme.com", Vouched: true}, {Value: "ann@acme.com", Vouched: true}, {Value: "bob@acme.com", Vouched: true}}
	refused := w.login(in)
	if refused.Code != provision.LoginAmbiguous {
		t.Fatalf("the sign-in was %s", refused.Code)
	}
	var r api.Refusal
	w.local().get("/refusals/"+refused.Reference, &r)
	want := `usher members list --organization acme --all --email 'a;reboot'\''$(id)@acme.com'`
	if !slices.Contains(r.Commands, want) {
		t.Errorf("the commands are %q, want %q", r.Commands, want)
	}
}

package api_test

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func TestEveryOperationNeedsItsScope(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "Clerk")
	var description struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
		}
	}
	if err := json.Unmarshal(w.remote("").do(http.MethodGet, "/openapi.json", nil).Body.Bytes(), &description); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(description.OpenAPI, "3.1") || len(description.Paths) < 15 {
		t.Fatalf("version %q with %d paths", description.OpenAPI, len(description.Paths))
	}
	for path, operations := range description.Paths {
		path = strings.NewReplacer(api.Prefix, "", "{organization}", "acme", "{member}", "ann@acme.com", "{group}", directory.NoID.String(),
			"{connection}", "acme-okta", "{token}", directory.NoID.String()).Replace(path)
		for method, o := range operations {
			if len(o.Security) != 1 || len(o.Security[0]["token"]) != 1 {
				t.Errorf("%s says nothing of its scope", o.OperationID)
				continue
			}
			needed := o.Security[0]["token"][0]
			var others []string
			for _, scope := range api.Scopes() {
				if scope != needed {
					others = append(others, scope)
				}
			}
			w.remote("").refused(strings.ToUpper(method), path, nil, http.StatusUnauthorized)
			if p := w.with("", others...).refused(strings.ToUpper(method), path, nil, http.StatusForbidden); !strings.Contains(p.Detail, needed) {
				t.Errorf("%s: %s", o.OperationID, p.Detail)
			}
			if got := w.with("", needed).do(strings.ToUpper(method), path, nil).Code; got == http.StatusForbidden || got == http.StatusUnauthorized || got >= 500 {
				t.Errorf("%s with its scope: %d", o.OperationID, got)
			}
		}
	}
}

func TestTokenOfOneOrganizationKnowsOfNoOther(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	w.hire("acme", "ann", "Clerk")
	w.hire("globex", "gus", "Clerk")
	var ann api.Member
	w.local().get(acme+"/members/ann@acme.com", &ann)
	scopes := []string{}
	for _, scope := range api.Scopes() {
		if scope != api.ScopeBackup {
			scopes = append(scopes, scope)
		}
	}
	globex := w.with("globex", scopes...)

	for _, path := range []string{
		acme, acme + "/members", acme + "/members/ann@acme.com", acme + "/members/" + ann.ID, acme + "/members/" + ann.ID + "/explain",
		"/organizations/globex/members/" + ann.ID, "/organizations/globex/members/ann@acme.com",
		acme + "/groups", acme + "/journal", acme + "/connections", acme + "/policies",
		"/organizations/globex/connections/acme-okta", "/organizations/globex/journal?member=" + ann.ID,
	} {
		globex.refused(http.MethodGet, path, nil, http.StatusNotFound)
	}
	reason := api.ReasonBody{Reason: "x"}
	globex.refused(http.MethodPost, acme+"/members/"+ann.ID+"/suspend", reason, http.StatusNotFound)
	globex.refused(http.MethodPost, "/organizations/globex/members/"+ann.ID+"/remove", reason, http.StatusNotFound)
	globex.refused(http.MethodPost, "/organizations/globex/members/gus@globex.com/merge", api.MergeBody{ReasonBody: reason, Other: ann.ID}, http.StatusNotFound)
	globex.refused(http.MethodPost, "/tokens", api.TokenRequest{Connection: "acme-okta"}, http.StatusNotFound)
	globex.refused(http.MethodPost, "/tokens", api.TokenRequest{Organization: "acme", Scopes: []string{api.ScopeMembersRead}}, http.StatusNotFound)

	var organizations api.Page[api.Organization]
	globex.get("/organizations", &organizations)
	if len(organizations.Items) != 1 || organizations.Items[0].ID != "globex" {
		t.Errorf("organizations %+v", organizations.Items)
	}
	var tokens api.Page[api.Token]
	globex.get("/tokens", &tokens)
	for _, token := range tokens.Items {
		if token.Organization != "globex" {
			t.Errorf("sees the token %+v", token)
		}
	}
	var journal api.Page[api.Entry]
	globex.get("/organizations/globex/journal", &journal)
	for _, e := range journal.Items {
		if e.Connection == "acme-okta" {
			t.Errorf("sees the entry %+v", e)
		}
	}
	var own api.NewToken
	globex.post("/tokens", api.TokenRequest{Scopes: []string{api.ScopeMembersRead}}, http.StatusCreated, &own)
	if own.Organization != "globex" {
		t.Errorf("a token of one organization made one of %q", own.Organization)
	}
	var still api.Member
	w.local().get(acme+"/members/"+ann.ID, &still)
	if still.Status != "active" {
		t.Errorf("ann is %s", still.Status)
	}
}

func TestTokenCannotGiveWhatItLacks(t *testing.T) {
	w := newWorld(t, "acme")
	program := w.with("acme", api.ScopeTokensWrite)
	program.refused(http.MethodPost, "/tokens", api.TokenRequest{Scopes: []string{api.ScopeMembersWrite}}, http.StatusForbidden)
	w.local().refused(http.MethodPost, "/tokens", api.TokenRequest{Scopes: []string{"everything"}}, http.StatusUnprocessableEntity)
	w.local().refused(http.MethodPost, "/tokens", api.TokenRequest{}, http.StatusUnprocessableEntity)
	w.local().refused(http.MethodPost, "/tokens", api.TokenRequest{Organization: "acme", Scopes: []string{api.ScopeBackup}}, http.StatusUnprocessableEntity)
	w.local().refused(http.MethodPost, "/tokens", api.TokenRequest{Connection: "acme-okta", Scopes: []string{api.ScopeMembersRead}}, http.StatusUnprocessableEntity)
}

func TestATokenForAProviderNeedsMoreThanTheRightToMakeTokens(t *testing.T) {
	w := newWorld(t, "acme")
	request := api.TokenRequest{Connection: "acme-okta"}
	p := w.with("acme", api.ScopeTokensWrite).refused(http.MethodPost, "/tokens", request, http.StatusForbidden)
	if !strings.Contains(p.Detail, api.ScopeConnectionsWrite) {
		t.Errorf("refused with %q", p.Detail)
	}
	var all api.Page[api.Token]
	w.local().get("/tokens?connection=acme-okta", &all)
	if len(all.Items) != 0 {
		t.Errorf("there are %+v", all.Items)
	}
	for _, scope := range []string{api.ScopeConnectionsWrite, api.ScopeMembersWrite} {
		w.with("acme", api.ScopeTokensWrite, scope).post("/tokens", request, http.StatusCreated, nil)
	}
}

func TestATokenHasANameThatShowsAsItIsWritten(t *testing.T) {
	w := newWorld(t, "acme")
	for _, name := range []string{"it\n2026-11-02 ann@acme.com approved everything", "it\x1b]0;it\x07", "\u202eti", "a\u2028b"} {
		for _, request := range []api.TokenRequest{{Name: name, Scopes: []string{api.ScopeMembersRead}}, {Name: name, Connection: "acme-okta"}} {
			if p := w.local().refused(http.MethodPost, "/tokens", request, http.StatusUnprocessableEntity); !strings.Contains(p.Detail, "name") {
				t.Errorf("%q is refused with %q", name, p.Detail)
			}
		}
	}
	w.local().post("/tokens", api.TokenRequest{Name: "Zoë's läptop (2)", Scopes: []string{api.ScopeMembersRead}}, http.StatusCreated, nil)
}

func TestConnectionHasTwoLiveTokensAtMost(t *testing.T) {
	w := newWorld(t, "acme")
	request := api.TokenRequest{Connection: "acme-okta", Expires: w.now.Add(24 * time.Hour)}
	var first, second api.NewToken
	w.local().post("/tokens", request, http.StatusCreated, &first)
	w.local().post("/tokens", request, http.StatusCreated, &second)
	if first.Secret == second.Secret || !strings.HasPrefix(first.Secret, "usher_scim_") {
		t.Errorf("secrets %q and %q", first.Secret, second.Secret)
	}
	p := w.local().refused(http.MethodPost, "/tokens", request, http.StatusConflict)
	if !strings.Contains(p.Detail, first.ID) || !strings.Contains(p.Detail, "usher token revoke") {
		t.Errorf("detail %q", p.Detail)
	}
	if got := w.local().do(http.MethodDelete, "/tokens/"+first.ID, nil).Code; got != http.StatusNoContent {
		t.Errorf("revoked with %d", got)
	}
	w.local().post("/tokens", request, http.StatusCreated, nil)
	w.now = w.now.Add(48 * time.Hour)
	request.Expires = time.Time{}
	w.local().post("/tokens", request, http.StatusCreated, nil) // the others have expired

	var connection api.Connection
	answer := w.local().do(http.MethodGet, acme+"/connections/acme-okta", nil)
	if err := json.Unmarshal(answer.Body.Bytes(), &connection); err != nil {
		t.Fatal(err)
	}
	live := 0
	for _, token := range connection.Tokens {
		if token.Live {
			live++
		}
	}
	if len(connection.Tokens) != 3 || live != 1 {
		t.Errorf("%d tokens, %d live", len(connection.Tokens), live)
	}
	if strings.Contains(answer.Body.String(), second.Secret) {
		t.Error("a secret is shown a second time")
	}
}

func TestSecretIsKeptAsItsHashOnly(t *testing.T) {
	w := newWorld(t, "acme")
	var made api.NewToken
	w.local().post("/tokens", api.TokenRequest{Connection: "acme-okta"}, http.StatusCreated, &made)
	err := w.store.View(t.Context(), func(tx store.Tx) error {
		token, err := tx.Token(sha256.Sum256([]byte(made.Secret)))
		if err == nil && (token.Conn != w.conns["acme-okta"] || token.Org != w.orgs["acme"]) {
			t.Errorf("token %+v", token)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestExpiredRevokedAndSCIMTokensAreAllTheSameNobody(t *testing.T) {
	w := newWorld(t, "acme")
	var scim, expiring, revoked api.NewToken
	w.local().post("/tokens", api.TokenRequest{Connection: "acme-okta"}, http.StatusCreated, &scim)
	w.local().post("/tokens", api.TokenRequest{Scopes: []string{api.ScopeMembersRead}, Expires: w.now.Add(time.Hour)}, http.StatusCreated, &expiring)
	w.local().post("/tokens", api.TokenRequest{Scopes: []string{api.ScopeMembersRead}}, http.StatusCreated, &revoked)
	w.remote(expiring.Secret).get(acme+"/members", nil)
	w.remote(revoked.Secret).get(acme+"/members", nil)
	if got := w.local().do(http.MethodDelete, "/tokens/"+revoked.ID, nil).Code; got != http.StatusNoContent {
		t.Fatalf("revoked with %d", got)
	}
	w.now = w.now.Add(time.Hour)
	details := map[string]bool{}
	for _, secret := range []string{scim.Secret, expiring.Secret, revoked.Secret, "nonsense", ""} {
		details[w.remote(secret).refused(http.MethodGet, acme+"/members", nil, http.StatusUnauthorized).Detail] = true
	}
	if len(details) != 1 {
		t.Errorf("refusals tell reasons apart: %v", details)
	}
}

func TestARefusedTokenIsToldWhichScopeThePathTakes(t *testing.T) {
	w := newWorld(t, "acme")
	for want, c := range map[string]struct {
		path    string
		handler http.Handler
	}{
		"--scope members:read": {api.Prefix + acme + "/members", w.server.Handler()},
		"--scope access:read":  {api.AccessPrefix + "/evaluation", w.server.AccessHandler("https://usher.example")},
	} {
		answer := httptest.NewRecorder()
		w.edge(c.handler).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, strings.NewReader("{}")))
		if answer.Code != http.StatusUnauthorized || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s: %d %s, want %q", c.path, answer.Code, answer.Body, want)
		}
	}
}

func TestLastUseIsFoldedInLater(t *testing.T) {
	w := newWorld(t, "acme")
	w.with("acme", api.ScopeMembersRead).get(acme+"/members", nil)
	lastUsed := func() *time.Time {
		var tokens api.Page[api.Token]
		w.local().get("/tokens", &tokens)
		return tokens.Items[0].LastUsed
	}
	if got := lastUsed(); got != nil {
		t.Errorf("written with the request: %v", got)
	}
	w.must(w.server.FlushTokens(t.Context()))
	if got := lastUsed(); got == nil || !got.Equal(w.now) {
		t.Errorf("last used %v, want %v", got, w.now)
	}
}

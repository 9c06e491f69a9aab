package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// equip has somebody of acme join by an invitation, and gives them a password and a passkey.
func (w *world) equip(name string) *provision.LoginResult {
	w.t.Helper()
	w.engine.PublicURL, w.engine.PlanKey = "https://usher.acme.com", make([]byte, 32)
	results, err := w.engine.Invite(w.t.Context(), provision.Invites{
		Org: w.orgs["acme"], Cause: directory.Cause{Kind: directory.CauseAdmin, ID: "req", Actor: "root", Reason: "starts on Monday"},
		People: []provision.Invite{{Email: name + "@acme.com", Role: "viewer"}},
	})
	w.must(err)
	if results[0].Code != provision.InviteSent {
		w.t.Fatalf("%s: %+v", name, results[0])
	}
	in := w.loginOf("acme", name)
	in.SignedIn = w.now
	r := w.login(in)
	c := provision.CredentialChange{Session: r.Session, Request: "req-change"}
	w.must(w.engine.SetPassword(w.t.Context(), c, "the hash of "+name))
	w.must(w.engine.AddPasskey(w.t.Context(), c, &directory.Passkey{
		ID: []byte("key of " + name), Handle: provision.PasskeyHandle(r.Member.Org, r.Member.ID), PublicKey: []byte("the public half"), Name: "Laptop",
	}, provision.Once{Kind: "passkey", Key: provision.TokenHash(name), Until: w.now.AddDate(0, 0, 1)}))
	return r
}

func TestCredentialsAreListedAndTakenAway(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	ann := w.equip("ann")
	const path = "/organizations/acme/members/ann@acme.com/credentials"
	list := func() []api.Credential {
		t.Helper()
		var page api.Page[api.Credential]
		w.with("acme", api.ScopeSessionsRead).get(path, &page)
		return page.Items
	}
	has := list()
	if len(has) != 2 || has[0].Kind != "password" || has[0].Name != "" || has[1].Kind != "passkey" || has[1].Name != "Laptop" || has[1].Since.IsZero() || !has[1].Used.IsZero() {
		t.Fatalf("ann has %+v", has)
	}
	text := w.local().do(http.MethodGet, path, nil).Body.String() + w.local().do(http.MethodGet, "/organizations/acme/members/ann@acme.com/explanation", nil).Body.String()
	for _, secret := range []string{"hash of", "public half", "key of"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is told: %s", secret, text)
		}
	}

	w.with("acme", api.ScopeMembersRead).refused(http.MethodGet, path, nil, http.StatusForbidden)
	w.with("beta", api.ScopeSessionsRead).refused(http.MethodGet, path, nil, http.StatusNotFound)
	one := path + "/" + has[1].ID
	w.with("acme", api.ScopeSessionsRead).refused(http.MethodDelete, one+"?reason=lost", nil, http.StatusForbidden)
	w.with("beta", api.ScopeSessionsWrite).refused(http.MethodDelete, one+"?reason=lost", nil, http.StatusNotFound)
	if p := w.local().refused(http.MethodDelete, one, nil, http.StatusUnprocessableEntity); p.Field != "reason" {
		t.Errorf("without a reason: %+v", p)
	}
	w.local().refused(http.MethodDelete, path+"/laptop?reason=lost", nil, http.StatusNotFound)
	w.local().refused(http.MethodDelete, path+"/"+ann.Member.ID.String()+"?reason=lost", nil, http.StatusNotFound)
	w.local().refused(http.MethodDelete, "/organizations/acme/members/nobody@acme.com/credentials?reason=lost", nil, http.StatusNotFound)
	if !w.signedIn(ann) || len(list()) != 2 {
		t.Fatal("a request that was refused changed something")
	}

	if a := w.with("acme", api.ScopeSessionsWrite).do(http.MethodDelete, one+"?reason=a+lost+laptop", nil); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `"removed":1`) {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	if left := list(); len(left) != 1 || left[0].Kind != "password" || w.signedIn(ann) {
		t.Errorf("ann has %+v", left)
	}
	if a := w.local().do(http.MethodDelete, path+"?reason=leaves", nil); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `"removed":1`) || len(list()) != 0 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	var journal api.Page[api.Entry]
	w.local().get("/organizations/acme/journal?kind=credential.removed", &journal)
	if len(journal.Items) != 2 || journal.Items[0].Cause.Reason != "leaves" {
		t.Errorf("the journal has %+v", journal.Items)
	}
}

package sso_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/passkey/passkeytest"
	"github.com/mixus/usher/store"
)

// suspend has an admin suspend whoever has an address.
func (w *inviteWorld) suspend(address string) {
	w.t.Helper()
	var ids []directory.ID
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		ids, err = tx.FindMembers(w.orgs["acme"], directory.Key{Attribute: directory.AttrEmail, Value: address}, directory.NoID, 2)
		return err
	}))
	_, err := w.engine.Suspend(w.t.Context(), provision.Act{
		Org: w.orgs["acme"], Member: ids[0], Cause: directory.Cause{Kind: directory.CauseAdmin, ID: "r", Actor: "root@acme.com", Reason: "a test"},
	})
	w.must(err)
}

func TestPasswordsThatAreNotGoodEnough(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob.larsson@private.example")
	for password, words := range map[string]string{
		"":                        "Enter your password.",
		"short":                   "Use 12 characters or more.",
		strings.Repeat("a b", 50): "Use 128 characters or fewer.",
		"password1234":            "Many people use this password",
		"bob.larsson2026":         "Your name, your address and your organization",
		"Acme Inc. 2026":          "Your name, your address and your organization",
	} {
		page := b.post("/account/sign-in/password", url.Values{"password": {password}, "return": {"/x"}}).want(http.StatusUnprocessableEntity, words, `name="return" value="/x"`)
		if password != "" && strings.Contains(page.body, password+`"`) {
			t.Errorf("the page shows %q", password)
		}
	}
	if len(w.entries("credential.added")) > 0 {
		t.Error("a password was set")
	}
}

func TestThePageOfWhatOneSignsInWith(t *testing.T) {
	w := newInviteWorld(t, "")
	w.browser().get("/account/sign-in?return=/x").want(http.StatusUnauthorized, "Work email", `value="/account/sign-in?return=%2Fx"`)
	b := w.outsider("bob@private.example")
	b.get("/account/sign-in?return=/welcome").want(http.StatusOK, "Later", `href="/welcome"`, "Set a password", `value="bob@private.example"`)
	b.get("/account/sign-in?return=https://evil.example").want(http.StatusOK, `href="/welcome"`)
	for range 10 {
		w.now = w.now.Add(15 * time.Second) // within the limits
		b.withPasskey()
	}
	page := b.get("/account/sign-in").want(http.StatusOK)
	if strings.Contains(page.body, "Add a passkey") {
		t.Error("there is room for an eleventh passkey")
	}
	ids := regexp.MustCompile(`name="passkey" value="([^"]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(ids) != 10 {
		t.Fatalf("%d passkeys", len(ids))
	}
	w.now = w.now.Add(2 * time.Minute)
	change := func(do string) url.Values {
		return url.Values{"passkey": {ids[0][1]}, "do": {do}, "name": {"My <b>key</b>"}}
	}
	b.post("/account/sign-in/passkey/change", change("rename")).leads("/account/sign-in?done=1")
	b.get("/account/sign-in").want(http.StatusOK, "My &lt;b&gt;key&lt;/b&gt;")
	b.post("/account/sign-in/passkey/change", change("shout")).want(http.StatusBadRequest)
	b.post("/account/sign-in/passkey/change", url.Values{"do": {"remove"}}).leads("/account/sign-in")
	b.post("/account/sign-in/passkey/change", change("remove")).leads("/account/sign-in?done=1")
	b.post("/account/sign-in/passkey/change", change("remove")).leads("/account/sign-in") // in another tab, say
	b.get("/account/sign-in").want(http.StatusOK, "Add a passkey")
	for _, path := range []string{"/password", "/passkey", "/passkey/change"} {
		b.get("/account/sign-in" + path).leads("/account/sign-in")
	}
}

func TestWhatOneSignsInWithIsChangedAfterSigningInAlone(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob@private.example")
	b.post("/account/sign-in/password", url.Values{"password": {goodPassword}}).want(http.StatusSeeOther)
	w.now = w.now.Add(11 * time.Minute)
	again := "/login/password?login_hint=bob%40private.example&return=%2Faccount%2Fsign-in%3Freturn%3D%252Fx"
	b.get("/account/sign-in?return=/x").leads(again)
	b.post("/account/sign-in/password", url.Values{"password": {"another few words"}, "return": {"/x"}}).leads(again)
	b.get(again).want(http.StatusOK, `value="/account/sign-in?return=%2Fx"`)
	form := secret("bob@private.example", goodPassword)
	form.Set("return", "/account/sign-in?return=%2Fx")
	b.post("/login/password", form).leads("/account/sign-in?return=%2Fx")
	b.get("/account/sign-in?return=%2Fx").want(http.StatusOK, "Change your password", `href="/x"`)

	other := w.browser()
	other.post("/login/password", secret("bob@private.example", goodPassword)).want(http.StatusSeeOther)
	b.post("/account/sign-in/password", url.Values{"do": {"remove"}}).leads("/account/sign-in?done=1")
	if other.signedIn() || !b.signedIn() {
		t.Errorf("after a change, the other browser is signed in %v, this one %v", other.signedIn(), b.signedIn())
	}
}

func TestWhoHasAProviderNeedsNothingOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "").want(http.StatusSeeOther)
	b.get("/account/sign-in").want(http.StatusForbidden, "Sign in at your company")
	b.post("/account/sign-in/password", url.Values{"password": {goodPassword}}).want(http.StatusForbidden, "Sign in at your company")
	if len(w.entries("credential.added")) > 0 {
		t.Error("a password was set")
	}
}

func TestAnotherSiteChangesNothingOfWhatOneSignsInWith(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob@private.example")
	for _, path := range []string{"/account/sign-in/password", "/account/sign-in/passkey", "/account/sign-in/passkey/change", "/login/password", "/login/passkey"} {
		b.posted(path, url.Values{"password": {goodPassword}, "email": {"bob@private.example"}, "do": {"remove"}}).want(http.StatusForbidden)
	}
}

// A passkey is added in the session in which it was asked for, once.
func TestAPasskeyIsAddedWhereItWasAskedFor(t *testing.T) {
	w := newInviteWorld(t, "")
	bob, ben := w.outsider("bob@private.example"), w.outsider("ben@private.example")
	d := &passkeytest.Device{Origin: w.url}
	form := credential(d.Create(t, bob.get("/account/sign-in").asked()))
	ceremony := bob.cookies["__Host-usher-passkey-new"]
	if len(ceremony.Value) > 3000 {
		t.Errorf("the cookie has %d bytes", len(ceremony.Value))
	}
	ben.cookies[ceremony.Name] = ceremony
	ben.post("/account/sign-in/passkey", form).leads("/account/sign-in")
	kept := maps.Clone(bob.cookies)
	bob.post("/account/sign-in/passkey", form).leads("/account/sign-in?done=1")
	bob.post("/account/sign-in/passkey", form).leads("/account/sign-in")
	bob.cookies = kept
	bob.post("/account/sign-in/passkey", form).want(http.StatusUnprocessableEntity, "The passkey could not be added.")
	bob.get("/account/sign-in")
	bob.post("/account/sign-in/passkey", url.Values{"credential": {"x"}}).want(http.StatusUnprocessableEntity, "The passkey could not be added.")
	if added := w.entries("credential.added"); len(added) != 1 {
		t.Errorf("%d credentials were added", len(added))
	}
	// A device that has one already is told so.
	if options := string(bob.get("/account/sign-in").asked()); !strings.Contains(options, `"excludeCredentials":[{`) {
		t.Errorf("the options are %s", options)
	}
}

package sso_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/sso/passkey/passkeytest"
)

const goodPassword = "a few words of bob"

// outsider is a browser in which somebody whom no provider signs in has just accepted an invitation.
func (w *inviteWorld) outsider(address string) *browser {
	w.t.Helper()
	b := w.browser()
	_, path := w.invite(address)
	b.post(path+"/code/enter", w.code(b, path)).want(http.StatusSeeOther)
	return b
}

func secret(address, password string) url.Values {
	return url.Values{"email": {address}, "password": {password}}
}

// asked returns the options of the passkey of a page.
func (a *answer) asked() []byte {
	a.t.Helper()
	found := regexp.MustCompile(`data-options="([^"]*)"`).FindStringSubmatch(a.body)
	if found == nil {
		a.t.Fatalf("the page asks for no passkey:\n%s", text(a.body))
	}
	return []byte(html.UnescapeString(found[1]))
}

func credential(answer []byte) url.Values { return url.Values{"credential": {string(answer)}} }

// withPasskey has a device make a passkey.
func (b *browser) withPasskey() *passkeytest.Device {
	b.t.Helper()
	d := &passkeytest.Device{Origin: b.url}
	options := b.get("/account/sign-in").want(http.StatusOK, "Add a passkey").asked()
	b.post("/account/sign-in/passkey", credential(d.Create(b.t, options))).leads("/account/sign-in?done=1")
	return d
}

func (b *browser) signOut() {
	b.t.Helper()
	b.post("/logout", nil).want(http.StatusOK, "You are signed out")
}

func TestSigningInByAPassword(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob@private.example")
	b.post("/account/sign-in/password", url.Values{"password": {goodPassword}, "return": {"/x"}}).leads("/account/sign-in?done=1&return=%2Fx")
	b.get("/account/sign-in?done=1&return=%2Fx").want(http.StatusOK, "That is saved.", "Change your password", "2 November 2026", `href="/x"`)
	b.signOut()

	b.get("/login").want(http.StatusOK, `href="/login/password"`)
	b.get("/login/password?return=/x&login_hint=bob%40private.example").want(http.StatusOK, `value="bob@private.example"`, `name="return" value="/x"`,
		`href="/login/code?login_hint=bob%40private.example&amp;return=%2Fx"`, `autocomplete="current-password"`)
	b.post("/login/password", secret("", "x")).want(http.StatusUnprocessableEntity, "Enter your email address.")
	b.post("/login/password", secret("bob", "x")).want(http.StatusUnprocessableEntity, "Enter the whole address", `value="bob"`)
	b.post("/login/password", secret("bob@private.example", "")).want(http.StatusUnprocessableEntity, "Enter your password.")
	if b.signedIn() {
		t.Fatal("bob is signed in")
	}
	form := secret(" Bob@private.example ", goodPassword)
	form.Set("return", "/x")
	b.post("/login/password", form).leads("/x")
	if !b.signedIn() {
		t.Error("bob is not signed in")
	}
	before := b.cookies["__Host-usher"].Value
	b.post("/login/password", form).leads("/x")
	if b.cookies["__Host-usher"].Value == before || w.sessions("acme") != 1 {
		t.Errorf("%d sessions hold after signing in twice", w.sessions("acme"))
	}
}

// What is wrong looks the same: an address that nobody has, one of somebody without a password, a wrong password, and a
// right one after too many.
func TestAWrongPasswordSaysNothing(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob@private.example")
	b.post("/account/sign-in/password", url.Values{"password": {goodPassword}}).want(http.StatusSeeOther)
	w.outsider("ben@private.example")
	stranger := w.browser()
	one := func(address, password string) string {
		t.Helper()
		page := stranger.post("/login/password", secret(address, password)).want(http.StatusUnprocessableEntity, "This did not work. Check the address and the password")
		return strings.ReplaceAll(regexp.MustCompile(`data-options="[^"]*"`).ReplaceAllString(page.body, ""), url.QueryEscape(address), "")
	}
	alike := func(address, password string) {
		t.Helper()
		want := strings.ReplaceAll(one("nob@private.example", "x"), "nob@", "bob@")
		if got := strings.ReplaceAll(one(address, password), address, "bob@private.example"); got != want {
			t.Errorf("%s is told apart:\n%s\nfrom\n%s", address, text(got), text(want))
		}
	}
	alike("bob@private.example", "a wrong password")
	alike("ben@private.example", goodPassword)
	alike("ann@acme.com", goodPassword)
	for i := range 9 {
		w.now = w.now.Add(time.Second)
		stranger.header = http.Header{"X-Forwarded-For": {"192.0.2." + string(rune('1'+i))}}
		one("bob@private.example", "a wrong password")
	}
	stranger.header = http.Header{"X-Forwarded-For": {"192.0.2.99"}}
	alike("bob@private.example", goodPassword)
	if strings.Contains(w.log.String(), "words of bob") {
		t.Error("the log has a password")
	}
}

func TestPasswordsAreLimitedByClient(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.browser()
	for range 20 {
		b.post("/login/password", secret("", "")).want(http.StatusUnprocessableEntity)
	}
	if a := b.post("/login/password", secret("", "")).want(http.StatusTooManyRequests); a.header.Get("Retry-After") == "" {
		t.Error("nothing says when to come again")
	}
	b.post("/login/passkey", url.Values{}).want(http.StatusTooManyRequests)
}

func TestSigningInByAPasskey(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob@private.example")
	d := b.withPasskey()
	b.get("/account/sign-in?done=1").want(http.StatusOK, "That is saved.", "Firefox on Linux", "Added 2 November 2026")
	b.signOut()
	other := w.browser() // the person's, and yet another browser
	page := other.get("/login/password?return=/x")
	form := credential(d.Get(t, page.asked()))
	form.Set("return", "/x")
	kept := maps.Clone(other.cookies)
	other.post("/login/passkey", form).leads("/x")
	if !other.signedIn() || b.signedIn() {
		t.Error("the passkey has let in somebody else than whoever has it")
	}

	// The same answer once more, with the cookie as it was.
	replay := w.browser()
	replay.cookies = kept
	replay.post("/login/passkey", form).want(http.StatusUnprocessableEntity, "This did not work.")
	if replay.signedIn() {
		t.Error("a passkey's signature counts twice")
	}
	// Without the challenge's cookie, and with that of a later challenge.
	w.browser().post("/login/passkey", form).leads("/login/password?return=%2Fx")
	later := w.browser()
	later.get("/login/password")
	later.post("/login/passkey", form).want(http.StatusUnprocessableEntity, "This did not work.")
	later.get("/login/passkey").leads("/login/password")
}

func TestPasskeysThatDoNotLetIn(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob@private.example")
	good := b.withPasskey()
	good.Counts = true
	b.signOut()
	try := func(d *passkeytest.Device) *answer {
		t.Helper()
		b = w.browser()
		return b.post("/login/passkey", credential(d.Get(t, b.get("/login/password").asked())))
	}
	try(good).want(http.StatusSeeOther)
	for name, change := range map[string]func(*passkeytest.Device){
		"from another site":         func(d *passkeytest.Device) { d.Origin = "https://evil.example" },
		"for another party":         func(d *passkeytest.Device) { d.RPID = "evil.example" },
		"without user verification": func(d *passkeytest.Device) { d.Unverified = true },
		"a copy":                    func(d *passkeytest.Device) { d.Count = 0 },
	} {
		d := good.Copy()
		change(d)
		if try(d).want(http.StatusUnprocessableEntity, "This did not work."); b.signedIn() {
			t.Errorf("%s: it lets in", name)
		}
	}
	if copied := w.entries("credential.wrong"); len(copied) != 1 || !strings.Contains(copied[0].Notes[0], "may have been copied") {
		t.Errorf("told as %+v", copied)
	}
	try(good).want(http.StatusSeeOther)
	b = w.browser()
	b.get("/login/password")
	b.post("/login/passkey", url.Values{"credential": {"{}"}}).want(http.StatusUnprocessableEntity)
}

func TestWhoIsSuspendedIsToldSoAfterTheRightPassword(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob@private.example")
	b.post("/account/sign-in/password", url.Values{"password": {goodPassword}}).want(http.StatusSeeOther)
	w.suspend("bob@private.example")
	page := b.post("/login/password", secret("bob@private.example", goodPassword)).want(http.StatusForbidden, "Your access is turned off")
	w.explained(page, "the password was right, but the member is suspended")
	b.post("/login/password", secret("bob@private.example", "a wrong password")).want(http.StatusUnprocessableEntity, "This did not work.")
}

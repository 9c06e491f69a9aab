package e2e_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mixus/usher/api"
)

// device gives a tab a device of its own that holds passkeys, as a phone or a laptop does.
func (b *tab) device() *tab {
	b.t.Helper()
	b.do("have a device with passkeys", chromedp.Steps(
		call(webauthn.Enable, webauthn.EnableParams{}),
		call(webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}}),
	))
	return b
}

// signsOut is what a person does who leaves.
func (b *tab) signsOut() {
	b.t.Helper()
	b.open(b.url + "/logout")
	b.click("button.main")
	b.sees("You are signed out")
}

// Somebody whose company has no provider makes a passkey, signs in with it, and is refused once an admin has taken it away.
func TestBrowserSignsInByAPasskey(t *testing.T) {
	h := newHouse(t)
	v := h.withMail()
	h.writeAcme(acme{signIn: "saml: {metadata_file: provider.xml}", more: "guests: {max_role: member}"}) // which nobody signs in by
	h.start()
	const kit = "kit@partner.example"
	v.invite(api.Invitee{Email: kit, FirstName: "Kit", LastName: "Partner", Role: "member"})
	b := h.chromium().device()
	b.open(v.link(kit))
	b.click("button.main")
	b.sees("Enter your code")
	b.fill("#code", v.code(kit))
	b.click("button.main")
	b.sees("How you sign in")

	b.open(h.url + "/account/sign-in?return=/welcome")
	b.sees("How you sign in", "Add a passkey", "Set a password", "Later")
	b.picture("own-new")
	b.click("form[data-passkey] button")
	b.sees("That is saved.", "Added ", "Rename")
	b.picture("own-set")
	b.signsOut()

	b.open(h.url + "/login")
	b.click(".aside a")
	b.sees("Sign in without your company", "Sign in with a passkey")
	b.picture("own-login")
	b.click("form[data-passkey] button")
	b.sees("Welcome, Kit Partner")
	if n := h.sessions(); n != 1 {
		t.Errorf("%d sessions hold", n)
	}

	stranger := h.chromium().device() // a device without the passkey
	stranger.open(h.url + "/login/password")
	stranger.click("form[data-passkey] button")
	stranger.sees("The passkey was not used.")

	var has api.Page[api.Credential]
	h.rest(http.MethodGet, "/organizations/acme/members/"+kit+"/credentials", nil, &has)
	if len(has.Items) != 1 || has.Items[0].Kind != "passkey" || has.Items[0].Used.IsZero() {
		t.Fatalf("Kit has %+v", has.Items)
	}
	h.rest(http.MethodDelete, "/organizations/acme/members/"+kit+"/credentials/"+has.Items[0].ID+"?reason=lost", nil, nil)
	b.open(h.url + "/login/password")
	b.click("form[data-passkey] button")
	b.sees("This did not work.")
	b.picture("own-login-wrong")
	if n := h.sessions(); n != 0 {
		t.Errorf("%d sessions hold", n)
	}
}

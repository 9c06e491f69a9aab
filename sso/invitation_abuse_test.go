package sso_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/provision"
)

// Whatever is asked of a link, no answer sends its secret anywhere: neither by where it leads to another site, nor in what is
// kept or logged of it.
func TestTheSecretOfALinkStaysWhereItIs(t *testing.T) {
	w := newInviteWorld(t, "")
	_, path := w.invite("bob@private.example")
	secret := strings.TrimPrefix(path, "/invitations/")
	b := w.browser()
	code := w.code(b, path)
	for _, a := range []*answer{
		b.get(path), b.get(path + "/decline"), b.get(path + "/code/enter"), b.get(path + "/account"), b.post(path, nil), b.post(path+"/code", nil),
		b.post(path+"/code/enter", url.Values{"code": {"1"}}), b.post(path+"/account", url.Values{"do": {"switch"}}), b.post(path+"/code/enter", code), b.get(path),
	} {
		if to := a.header.Get("Location"); strings.Contains(to, "://") {
			t.Errorf("an answer leads to %s", to)
		}
		if a.header.Get("Cache-Control") != "no-store" || !slices.Contains([]string{"same-origin", "no-referrer"}, a.header.Get("Referrer-Policy")) {
			t.Errorf("an answer is kept %q, and its address sent on %q", a.header.Get("Cache-Control"), a.header.Get("Referrer-Policy"))
		}
	}
	for range 200 {
		b.get(path)
	}
	if strings.Contains(w.log.String(), secret) {
		t.Error("the log has the secret")
	}
	for _, kind := range []string{"invitation.sent", "invitation.code_asked", "invitation.code_wrong", "invitation.accepted", "login"} {
		for _, e := range w.entries(kind) {
			if strings.Contains(strings.Join(e.Notes, " ")+e.Cause.ID+e.Cause.Actor, secret) {
				t.Errorf("the journal has the secret: %+v", e)
			}
		}
	}
}

// A code and its cookie are worth nothing with the link of another invitation, of the same person or of another organization.
func TestACodeIsForOneInvitation(t *testing.T) {
	w := newInviteWorld(t, "")
	_, bob := w.invite("bob@private.example")
	_, eve := w.invite("eve@private.example")
	_, elsewhere := w.inviteTo("globex", "bob@private.example")
	b := w.browser()
	code := w.code(b, bob)
	for _, path := range []string{eve, elsewhere} {
		b.post(path+"/code/enter", code).leads(path)
	}
	if b.signedIn() || len(w.entries("invitation.accepted")) != 0 {
		t.Fatal("the code of one invitation accepts another")
	}
	other := w.browser() // with the code, and without the cookie
	other.post(bob+"/code/enter", code).leads(bob)
	other.post("/login/code", email("bob@private.example"))
	other.post("/login/code/enter", code).want(http.StatusUnprocessableEntity)
	if other.signedIn() {
		t.Error("the code works in another browser")
	}
	b.follow(b.post(bob+"/code/enter", code)).want(http.StatusOK)
	for range 3 { // once more, in the same browser and in others
		b.post(bob+"/code/enter", code).leads(bob)
		w.browser().post(bob+"/code/enter", code).leads(bob)
	}
	if n := w.sessions("acme"); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// Somebody of another organization, whose provider vouches for whatever it likes, accepts nothing here.
func TestAnotherOrganizationsProviderAcceptsNothing(t *testing.T) {
	w := newInviteWorld(t, "")
	g, path := w.invite("bob@private.example")
	b := w.browser()
	w.oidc["globex-keys"].signIn(b, "eve@globex.com", "").want(http.StatusSeeOther)
	if !b.signedIn() {
		t.Fatal("eve is not signed in")
	}
	b.post(path, nil).leads(path)
	b.post(path+"/account", url.Values{"do": {"address"}}).leads(path)
	held, _, err := w.engine.Session(t.Context(), b.cookies["__Host-usher"].Value)
	w.must(err)
	if _, err := w.engine.AcceptSignedIn(t.Context(), provision.InvitationLink(strings.TrimPrefix(path, "/invitations/")), held, "r"); err == nil {
		t.Error("accepted")
	}
	if len(w.entries("invitation.accepted")) != 0 || len(w.entries("invitation.address_asked")) != 0 {
		t.Errorf("something became of %s", g.ID)
	}
}

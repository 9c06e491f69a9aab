package e2e_test

import (
	"net/http"
	"testing"

	"github.com/mixus/usher/idps"
)

// isInApplication checks what examples/app shows of Ann.
func (b *tab) isInApplication() {
	b.t.Helper()
	b.sees("Hello, Ann Larsson", "Reload")
	if name, role := b.read("#name"), b.read("#role"); name != "Ann Larsson" || role != "member" || b.read("#email-verified") == "" {
		b.t.Errorf("the application shows %q as %q:\n%s", name, role, b.text())
	}
}

// From the application to a provider of OpenID Connect and back, until the directory says that the person has left.
func TestBrowserFromTheApplication(t *testing.T) {
	h := newHouse(t)
	h.withOpenID(idps.StartOIDCProvider, acme{})
	h.startApplication()
	directory := h.push(idps.Ann())
	b := h.chromium()

	b.open(h.application)
	b.sees("Sign in with your work account.")
	b.click("#sign-in")
	b.sees("Sign in", "Work email")
	b.picture("login")
	b.typesAddress(idps.Ann().Email)
	b.provesTo(h.provider, idps.Ann())
	b.sees("Welcome, Ann Larsson", "member")
	b.picture("welcome")
	b.click("a.main")
	b.isInApplication()
	b.picture("application")

	beside := b.another()
	beside.open(h.url + "/welcome")
	beside.sees("Welcome, Ann Larsson")
	directory.deactivate()
	b.click("#reload")
	b.sees("You have been signed out")
	b.picture("application-signed-out")
	beside.open(h.url + "/welcome")
	beside.sees("Work email")
	if n := h.sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	b.click("#sign-in")
	b.typesAddress(idps.Ann().Email) // the provider still knows her, and does not ask
	b.sees("Your access is turned off", "IT Service Desk")
	b.reference()
	b.picture("suspended")
}

// From usher's own login page to a provider of SAML and on to the application, until the directory says that the person
// has left, which the application hears by itself.
func TestBrowserFromTheLoginPage(t *testing.T) {
	h := newHouse(t)
	h.withSAML(idps.StartSimpleSAMLphp, acme{})
	h.startApplication()
	directory := h.push(idps.Ann())
	b := h.chromium()

	b.open(h.url + "/login")
	b.typesAddress(idps.Ann().Email)
	b.provesTo(h.provider, idps.Ann())
	b.sees("Welcome, Ann Larsson")
	b.click("a.main")
	b.sees("Sign in with your work account.")
	b.click("#sign-in")
	b.isInApplication()

	directory.deactivate()
	b.click("#reload")
	b.sees("You have been signed out")
	b.open(h.url + "/welcome")
	b.sees("Work email")
}

// protocols are the two ways to sign in.
func protocols() map[string]func(*house) {
	return map[string]func(*house){
		"by OpenID Connect": func(h *house) { h.withOpenID(idps.StartOIDCProvider, acme{}) },
		"by SAML":           func(h *house) { h.withSAML(idps.StartSimpleSAMLphp, acme{}) },
	}
}

// Signing out in the application signs out at usher and at the provider too.
func TestBrowserSignsOutEverywhere(t *testing.T) {
	for name, with := range protocols() {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			with(h)
			h.startApplication()
			b := h.chromium()
			b.open(h.application + "/signin?login_hint=" + idps.Ann().Email) // and no page of usher's in between
			b.provesTo(h.provider, idps.Ann())
			b.sees("Welcome, Ann Larsson")
			b.click("a.main")
			b.isInApplication()
			b.click("#sign-out")
			if h.provider.Name == "oidc-provider" {
				b.sees("Do you want to sign-out")
				b.click("button[value=yes]")
			}
			b.sees("Sign in with your work account.")
			if n := h.sessions(); n != 0 || b.at() != h.application+"/" {
				t.Errorf("%d sessions are left, and the browser is at %s", n, b.at())
			}
			b.open(h.url + "/sso/" + connection + "/login")
			b.do("the provider asks for the password", waitFor(`input[type=password]`))
		})
	}
}

// Pages that people come to by other ways, each with its way on.
func TestBrowserPages(t *testing.T) {
	h := newHouse(t)
	f := acme{domain: "require_admin_approval: true, default_role: member"}
	h.withOpenID(idps.StartOIDCProvider, f)
	b := h.chromium()
	b.open(h.url + "/login")
	b.typesAddress("ann@elsewhere.example")
	b.sees("We could not find your sign-in", "ann@elsewhere.example")
	b.reference()
	b.picture("unknown-address")
	b.click("a.main")
	b.typesAddress("ann")
	b.sees("Enter the whole address")
	b.picture("login-problem")
	b.typesAddress(idps.Ann().Email)
	b.provesTo(h.provider, idps.Ann())
	b.sees("Waiting for approval")
	b.reference()
	b.picture("awaiting")
	h.rest(http.MethodPost, "/organizations/acme/members/"+idps.Ann().Email+"/approve", map[string]string{"reason": "test"}, nil)
	b.click("a.main")
	b.sees("Welcome, Ann Larsson")

	f.signIn = openID(h.provider) + "\n  - id: acme-other\n    label: Acme partners\n    " + openID(h.provider)
	h.writeAcme(f)
	h.reload()
	b.open(h.url + "/login?fresh=1")
	b.typesAddress(idps.Ann().Email)
	b.sees("Choose how to sign in", "Acme staff", "Acme partners", "Used last time")
	b.picture("chooser")
	b.open(h.url + "/logout")
	b.sees("Sign out?", "ann@acme.com")
	b.picture("sign-out")
	b.click("button.main")
	b.sees("Do you want to sign-out")
	b.click("button[value=yes]")
	b.sees("You are signed out")
	b.last(h.url + "/logout/done?") // where the provider led to
	b.picture("signed-out")
	b.open(h.url + "/sso/nobody/login")
	b.sees("This sign-in is not set up right")
	b.reference()
	b.picture("misconfigured")
}

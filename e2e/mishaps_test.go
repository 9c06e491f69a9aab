package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/idps"
)

// Back to the page that brought the sign-in: it is sent again, counts for nothing, and leads on.
func TestBrowserBackButton(t *testing.T) {
	h := newHouse(t)
	h.withSAML(idps.StartSimpleSAMLphp, acme{})
	b := h.chromium()
	b.open(h.url + "/login")
	b.typesAddress(idps.Ann().Email)
	b.provesTo(h.provider, idps.Ann())
	b.sees("Welcome, Ann Larsson")
	member := h.member(idps.Ann().Email).ID
	for range 3 {
		b.back()
		b.isNotLost()
	}
	b.open(h.url + "/welcome")
	b.sees("Welcome, Ann Larsson")
	if people := h.members(); len(people) != 1 || people[0].ID != member || h.sessions() != 1 {
		t.Errorf("there are %d members and %d sessions", len(people), h.sessions())
	}
}

// isNotLost checks that a page is none of an error, and that there is a way on.
func (b *tab) isNotLost() {
	b.t.Helper()
	b.do("a page is there", waitFor("body"))
	text := b.text()
	for _, word := range []string{"Something went wrong", "not set up right", "ERR_", "Not Found"} {
		if strings.Contains(text, word) {
			b.t.Errorf("at %s\n%s", b.at(), text)
		}
	}
}

// An answer that comes a second time is nobody's mistake: who is signed in goes on, who is not starts again.
func TestBrowserComesTwice(t *testing.T) {
	h := newHouse(t)
	h.delay = time.Second // in which the second click comes
	h.withOpenID(idps.StartOIDCProvider, acme{more: `terms: {version: "2027-01", text: "Be kind. What you write here belongs to Acme Inc."}`})
	b := h.chromium()
	b.open(h.url + "/login")
	b.typesAddress(idps.Ann().Email)
	b.provesTo(h.provider, idps.Ann())
	b.sees("Terms of use", "Be kind.")
	b.picture("terms")
	b.clickTwice("button.main")
	b.sees("Welcome, Ann Larsson")
	h.eventually("both clicks came", func() bool { return strings.Count(h.log.String(), "method=POST route=/terms status=303") == 2 })
	answer := b.last(h.url + "/sso/" + connection + "/oidc/callback?")
	b.open(answer)
	b.sees("Welcome, Ann Larsson")
	if n := h.sessions(); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	h.rest(http.MethodPost, "/organizations/acme/sessions/revoke", map[string]string{"reason": "test"}, nil)
	b.open(answer)
	b.sees("Please start again")
	b.reference()
	b.picture("expired")
	b.click("a.main")
	b.sees("Welcome, Ann Larsson") // the provider still knows her
}

func TestBrowserTwoTabs(t *testing.T) {
	for name, with := range map[string]func(*house){
		"by OpenID Connect": func(h *house) { h.withOpenID(idps.StartDex, acme{}) },
		"by SAML":           func(h *house) { h.withSAML(idps.StartSimpleSAMLphp, acme{}) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			with(h)
			h.startApplication()
			one := h.chromium()
			two := one.another()
			for _, b := range []*tab{one, two} {
				b.open(h.application + "/signin")
				b.typesAddress(idps.Ann().Email)
				b.do("the provider asks", waitFor(`input[type=password]`))
			}
			one.provesTo(h.provider, idps.Ann())
			one.sees("Welcome, Ann Larsson")
			one.click("a.main")
			one.isInApplication()
			two.provesTo(h.provider, idps.Ann())
			two.isInApplication()
			one.click("#reload")
			one.isInApplication()
			if people := h.members(); len(people) != 1 {
				t.Errorf("there are %d members, want one", len(people))
			}
		})
	}
}

// A sign-in that took too long starts again, and then works.
func TestBrowserTakesTooLong(t *testing.T) {
	for name, with := range protocols() {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			with(h)
			b := h.chromium()
			b.open(h.url + "/login")
			b.typesAddress(idps.Ann().Email)
			b.do("the provider asks", waitFor(`input[type=password]`))
			h.forward(askLasts)
			b.provesTo(h.provider, idps.Ann())
			b.sees("Please start again", "Nothing is wrong with your account.")
			b.reference()
			if n := len(h.members()); n != 0 {
				t.Errorf("%d members, want none", n)
			}
			h.forward(-askLasts)
			b.click("a.main")
			b.sees("Welcome, Ann Larsson")
		})
	}
}

// Somebody types one address and is known to the provider by another.
func TestBrowserWrongAccount(t *testing.T) {
	h := newHouse(t)
	h.withOpenID(idps.StartOIDCProvider, acme{})
	h.visitor(idps.Bob()).signIn()
	h.rest(http.MethodPost, "/organizations/acme/members/"+idps.Bob().Email+"/suspend", map[string]string{"reason": "test"}, nil)
	b := h.chromium()
	b.open(h.url + "/login")
	b.typesAddress(idps.Ann().Email)
	b.provesTo(h.provider, idps.Bob())
	b.sees("That is a different account", "ann@acme.com", "bob@acme.com")
	b.reference()
	b.picture("wrong-account")
	b.click("a.main") // which has the provider ask again
	b.provesTo(h.provider, idps.Ann())
	b.sees("Welcome, Ann Larsson")
}

// The provider itself does not let somebody in.
func TestBrowserNotAssigned(t *testing.T) {
	h := newHouse(t)
	h.withOpenID(idps.StartOIDCProvider, acme{connection: "provider: okta"})
	b := h.chromium()
	b.open(h.url + "/login")
	b.typesAddress(idps.Ann().Email)
	b.click("button[name=cancel]")
	b.sees("Okta did not let you in", "Ask IT Service Desk to assign the app to you.")
	b.reference()
	b.picture("not-assigned")
	if n := len(h.members()); n != 0 {
		t.Errorf("%d members, want none", n)
	}
}

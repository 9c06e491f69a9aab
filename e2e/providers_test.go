package e2e_test

import (
	"bytes"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/idps"
	"github.com/mixus/usher/sso/trust"
)

// loopbackJar keeps cookies as browsers do on the loopback, where they take Secure ones by plain HTTP.
type loopbackJar struct{ http.CookieJar }

func (j loopbackJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.CookieJar.SetCookies(encrypted(u), cookies)
}

func (j loopbackJar) Cookies(u *url.URL) []*http.Cookie { return j.CookieJar.Cookies(encrypted(u)) }

func encrypted(u *url.URL) *url.URL {
	out := *u
	out.Scheme = "https"
	return &out
}

// visitor is somebody with a browser of their own, without scripts.
type visitor struct {
	*house
	who     idps.Person
	browser *http.Client
}

func (h *house) visitor(who idps.Person) *visitor {
	browser := idps.NewBrowser()
	browser.Jar = loopbackJar{browser.Jar}
	return &visitor{h, who, browser}
}

// post is the request with which one of usher's own pages sends its form.
func (v *visitor) post(path string, form url.Values) *http.Request {
	v.t.Helper()
	req, err := idps.NewPost(v.url+path, form)
	v.must(err)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return req
}

// signIn types the address, goes to the provider and comes back. It returns the page at which that ends.
func (v *visitor) signIn() (int, string) {
	v.t.Helper()
	if _, page := v.open(v.browser, v.url+"/login"); !bytes.Contains(page, []byte(`name="email"`)) {
		v.t.Fatalf("the login page does not ask for an address:\n%s", page)
	}
	back, err := v.provider.Send(v.browser, v.post("/login", url.Values{"email": {v.who.Email}}), v.who.User, v.who.Password)
	v.must(err)
	return v.follow(back)
}

// follow sends a request and goes on as long as that stays on our own pages.
func (v *visitor) follow(req *http.Request) (int, string) {
	v.t.Helper()
	client := *v.browser
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if !strings.HasPrefix(next.URL.String(), v.url) || len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	status, page := v.send(&client, req)
	return status, html.UnescapeString(string(page))
}

// signedIn reports whether usher knows the browser.
func (v *visitor) signedIn() bool {
	v.t.Helper()
	status, _ := v.open(v.browser, v.url+"/welcome")
	return status == http.StatusOK
}

// asked reports whether the provider asks the browser for a password before it lets it go back to usher.
func (v *visitor) asked() bool {
	v.t.Helper()
	back, err := v.provider.Follow(v.browser, trust.URLsOf(v.url, connection).Login)
	if err != nil && !errors.Is(err, idps.ErrAsked) {
		v.t.Fatal(err)
	}
	if err == nil && !strings.HasPrefix(back.URL.String(), v.url) {
		v.t.Fatalf("the provider leads to %s", back.URL)
	}
	return err != nil
}

// row is a provider as the matrix has it.
type row struct {
	name     string
	start    func(testing.TB, idps.Client) *idps.Provider
	saml     bool
	sessions bool                  // whether it remembers who has signed in, and can be asked to forget
	leave    func(h *house) string // where a person signs out at the provider, which tells us; nil where it does not
}

func matrix() []row {
	return []row{
		{name: "dex", start: idps.StartDex},
		{name: "oidc-provider", start: idps.StartOIDCProvider, sessions: true, leave: func(h *house) string {
			return h.provider.Issuer + "/session/end?" + url.Values{
				"client_id": {h.provider.ClientID}, "post_logout_redirect_uri": {trust.URLsOf(h.url, connection).SignedOut},
			}.Encode()
		}},
		{name: "SimpleSAMLphp", start: idps.StartSimpleSAMLphp, saml: true, sessions: true, leave: func(h *house) string { return h.provider.LogoutPage }},
		{name: "LemonLDAP::NG by SAML", start: idps.StartLemonLDAP, saml: true, sessions: true},
		{name: "LemonLDAP::NG by OpenID Connect", start: idps.StartLemonLDAP, sessions: true},
	}
}

func TestProviders(t *testing.T) {
	for _, r := range matrix() {
		t.Run(r.name, func(t *testing.T) {
			h := newHouse(t)
			f := acme{connection: "groups_from: login"}
			if r.saml {
				h.withSAML(r.start, f)
			} else {
				h.withOpenID(r.start, f)
			}
			joins(t, h)
			leaves(t, h, r)
			if r.leave != nil {
				isTold(t, h, r)
			}
		})
	}
}

// standing is what the matrix looks at of a member.
type standing struct {
	Email, Name, Status, Role, Department string
	Teams                                 []string
}

func (h *house) standing(address string) standing {
	h.t.Helper()
	m := h.member(address)
	return standing{m.Email, m.Name, m.Status, m.Role, m.Department, m.Teams}
}

// joins: by the domain's rule, with what the groups of the login give, and as the same member the next time.
func joins(t *testing.T, h *house) {
	t.Helper()
	if people := h.members(); len(people) != 0 {
		t.Fatalf("there are members before anybody has signed in: %+v", people)
	}
	ann := h.visitor(idps.Ann())
	if status, page := ann.signIn(); status != http.StatusOK || !strings.Contains(page, "Ann Larsson") || !strings.Contains(page, "engineer") {
		t.Fatalf("Ann is not welcomed: %d\n%s", status, page)
	}
	want := standing{"ann@acme.com", "Ann Larsson", "active", "engineer", "engineering", []string{"platform"}}
	if diff := cmp.Diff(want, h.standing("ann@acme.com")); diff != "" {
		t.Errorf("Ann, of Engineering and Leads (-want +got):\n%s", diff)
	}
	first := h.member("ann@acme.com").ID
	again := h.visitor(idps.Ann())
	if status, page := again.signIn(); status != http.StatusOK {
		t.Fatalf("Ann does not get in again: %d\n%s", status, page)
	}
	if people := h.members(); len(people) != 1 || people[0].ID != first {
		t.Errorf("after Ann's second sign-in there are %d members, want the one of the first", len(people))
	}
	bob := h.visitor(idps.Bob())
	if status, page := bob.signIn(); status != http.StatusOK {
		t.Fatalf("Bob does not get in: %d\n%s", status, page)
	}
	want = standing{"bob@acme.com", "Bob Öztürk", "active", "member", "", []string{}}
	if diff := cmp.Diff(want, h.standing("bob@acme.com")); diff != "" {
		t.Errorf("Bob, to whom no rule but the domain's gives anything (-want +got):\n%s", diff)
	}
	if n := h.sessions(); n != 3 {
		t.Errorf("%d sessions, want 3", n)
	}
}

// leaves: signing out ends both sides.
func leaves(t *testing.T, h *house, r row) {
	t.Helper()
	ann := h.visitor(idps.Ann())
	ann.signIn()
	before := h.sessions()
	if r.sessions && ann.asked() {
		t.Error("the provider asks for the password while somebody is signed in there")
	}
	var status int
	var page string
	if r.sessions {
		back, err := h.provider.Send(ann.browser, ann.post("/logout", nil), "", "")
		h.must(err)
		status, page = ann.follow(back)
	} else {
		status, page = ann.follow(ann.post("/logout", nil))
	}
	if status != http.StatusOK || !strings.Contains(page, "signed out") {
		t.Errorf("after signing out: %d\n%s", status, page)
	}
	if n := h.sessions(); ann.signedIn() || n != before-1 {
		t.Errorf("after signing out the browser is known: %v; %d sessions of %d are left", ann.signedIn(), n, before)
	}
	if !ann.asked() {
		t.Error("the provider lets somebody through without the password who has signed out")
	}
}

// isTold: signing out at the provider ends the session here.
func isTold(t *testing.T, h *house, r row) {
	t.Helper()
	bob := h.visitor(idps.Bob())
	bob.signIn()
	before := h.sessions()
	back, err := h.provider.Follow(bob.browser, r.leave(h))
	h.must(err)
	urls := trust.URLsOf(h.url, connection)
	if r.saml { // the browser tells us, and takes our answer to the provider
		if !strings.HasPrefix(back.URL.String(), urls.SLO+"?") {
			t.Fatalf("the provider leads to %s, want %s", back.URL, urls.SLO)
		}
		back, err = h.provider.Send(bob.browser, back, "", "")
		h.must(err)
	}
	if at := back.URL.String(); at != urls.SignedOut {
		t.Errorf("the browser is left at %s, want %s", at, urls.SignedOut)
	}
	h.eventually("the session of Bob, who signed out at the provider, has ended", func() bool { return h.sessions() == before-1 })
	if bob.signedIn() {
		t.Error("usher still knows the browser")
	}
	if !bob.asked() {
		t.Error("the provider lets somebody through without the password who has signed out there")
	}
}

// TestGroupsCountWhereTheConnectionSaysSo: what a login says of groups is nobody's business where they come by SCIM.
func TestGroupsCountWhereTheConnectionSaysSo(t *testing.T) {
	h := newHouse(t)
	h.withOpenID(idps.StartDex, acme{})
	h.visitor(idps.Ann()).signIn()
	if got := h.member("ann@acme.com"); got.Role != "member" {
		t.Errorf("Ann is %s, want member: her groups come by SCIM, and none came", got.Role)
	}
	h.writeAcme(acme{signIn: openID(h.provider), connection: "groups_from: login"})
	h.reload()
	h.eventually("Ann's groups give her a role", func() bool {
		h.visitor(idps.Ann()).signIn()
		return h.member("ann@acme.com").Role == "engineer"
	})
}

package idps_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/idps"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc"
)

const (
	callback = "http://127.0.0.1:9/sso/acme/callback" // nobody listens there: the browser is stopped before
)

// openID is a connection to a provider of OpenID Connect.
type openID struct {
	idp     *idps.Provider
	line    *oidc.Provider
	browser *http.Client
}

// connect starts a provider, and makes the connection that an admin would.
func connect(t *testing.T, start func(testing.TB, idps.Client) *idps.Provider, c idps.Client) *openID {
	t.Helper()
	c.RedirectURI, c.LogoutURI = callback, afterwards
	p := start(t, c)
	line, err := oidc.New(oidc.Settings{
		Connection: "acme", Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret,
		RedirectURI: callback, Scopes: []string{"profile", "email", "groups"}, AllowHTTP: true,
	}, http.DefaultClient, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &openID{idp: p, line: line, browser: idps.NewBrowser()}
}

// leave begins a sign-in.
func (o *openID) leave(t *testing.T, ask oidc.Ask) (string, *oidc.Request) {
	t.Helper()
	start, request, refusal := o.line.Request(t.Context(), ask)
	if refusal != nil {
		t.Fatal(refusal)
	}
	return start, request
}

// signIn signs somebody in, with whatever the browser knows already.
func (o *openID) signIn(t *testing.T, who idps.Person) (*identity.Identity, url.Values) {
	t.Helper()
	start, request := o.leave(t, oidc.Ask{LoginHint: who.Email})
	back, err := o.idp.Login(o.browser, start, who.User, who.Password)
	if err != nil {
		t.Fatal(err)
	}
	query := back.URL.Query()
	if at := strings.TrimSuffix(back.URL.String(), "?"+back.URL.RawQuery); at != callback || query.Get("code") == "" || query.Get("state") != request.State {
		t.Fatalf("the browser is sent to %s, want code and state at %s", back.URL, callback)
	}
	got, refusal := o.line.Callback(t.Context(), query, *request)
	if refusal != nil {
		t.Fatalf("%s: %v (%v)", refusal.Code, refusal, refusal.Err)
	}
	return got, query
}

func TestOpenIDConnect(t *testing.T) {
	for _, c := range []struct {
		name   string
		start  func(testing.TB, idps.Client) *idps.Provider
		names  bool // whether it tells given from family names
		vouch  bool // whether it says that addresses are verified
		iss    bool // whether it names itself in the callback
		logout bool // whether it has a place to sign out
	}{
		{"dex", idps.StartDex, false, true, false, false},
		{"oidc-provider", idps.StartOIDCProvider, true, true, true, true},
		{"LemonLDAP::NG", idps.StartLemonLDAP, true, false, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := connect(t, c.start, idps.Client{})
			for _, found := range o.line.Examine(t.Context()) {
				t.Log(found.Weight, found.Text)
				if found.Weight == oidc.Problem {
					t.Errorf("the examination finds a problem: %s", found.Text)
				}
			}

			start, _ := o.leave(t, oidc.Ask{})
			if back, err := o.idp.Login(idps.NewBrowser(), start, idps.Ann().User, "wrong"); err == nil {
				t.Errorf("a wrong password leads to %s", back.URL)
			} else {
				refused(t, err)
			}

			first, query := o.signIn(t, idps.Ann())
			t.Logf("%+v", first)
			isPerson(t, first, person(idps.Ann(), c.names), c.vouch)
			if query.Has("iss") != c.iss {
				t.Errorf("the callback is %v; iss in it: want %v", query, c.iss)
			}
			again, _ := o.signIn(t, idps.Ann())
			o.browser = idps.NewBrowser()
			elsewhere, _ := o.signIn(t, idps.Ann())
			if again.Subject != first.Subject || elsewhere.Subject != first.Subject {
				t.Errorf("Ann is %q, then %q, and %q in another browser", first.Subject, again.Subject, elsewhere.Subject)
			}
			o.browser = idps.NewBrowser()
			bob, _ := o.signIn(t, idps.Bob())
			isPerson(t, bob, person(idps.Bob(), c.names), c.vouch)
			if bob.Subject == first.Subject {
				t.Errorf("Bob and Ann are both %q", bob.Subject)
			}
			o.signOut(t, bob, c.logout)
		})
	}
}

// signOut signs a person out at the provider, which asks for the password from then on.
func (o *openID) signOut(t *testing.T, who *identity.Identity, offered bool) {
	t.Helper()
	out := o.line.LogoutURL(t.Context(), who.IDToken, afterwards, "bye")
	if (out != "") != offered {
		t.Errorf("the place to sign out is %q; offered: want %v", out, offered)
	}
	if out == "" {
		return
	}
	start, _ := o.leave(t, oidc.Ask{})
	if _, err := o.idp.Follow(o.browser, start); err != nil {
		t.Errorf("before signing out: %v", err)
	}
	back, err := o.idp.Follow(o.browser, out)
	if err != nil {
		t.Fatal(err)
	}
	if want := afterwards + "?state=bye"; back.URL.String() != want {
		t.Errorf("after signing out the browser is sent to %s, want %s", back.URL, want)
	}
	start, _ = o.leave(t, oidc.Ask{})
	if back, err := o.idp.Follow(o.browser, start); err == nil {
		t.Errorf("after signing out the browser is let through to %s", back.URL)
	}
}

func TestFreshSignIn(t *testing.T) {
	for _, c := range []struct {
		name  string
		start func(testing.TB, idps.Client) *idps.Provider
		fresh time.Duration // for how long it takes a sign-in for a new one
	}{
		{"oidc-provider", idps.StartOIDCProvider, 0},
		{"LemonLDAP::NG", idps.StartLemonLDAP, 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := connect(t, c.start, idps.Client{})
			o.signIn(t, idps.Ann())
			time.Sleep(c.fresh)
			start, request := o.leave(t, oidc.Ask{Fresh: true})
			if back, err := o.idp.Follow(o.browser, start); err == nil {
				t.Fatalf("the password is not asked for again: %s", back.URL)
			}
			back, err := o.idp.Login(o.browser, start, idps.Ann().User, idps.Ann().Password)
			if err != nil {
				t.Fatal(err)
			}
			got, refusal := o.line.Callback(t.Context(), back.URL.Query(), *request)
			if refusal != nil {
				t.Fatal(refusal)
			}
			if age := time.Since(got.SignedIn); age > time.Minute {
				t.Errorf("signed in %s ago", age)
			}
		})
	}
}

func TestBackChannelLogout(t *testing.T) {
	posted := make(chan url.Values, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		posted <- r.PostForm
	}))
	defer receiver.Close()
	o := connect(t, idps.StartOIDCProvider, idps.Client{BackChannelURI: receiver.URL})
	who, _ := o.signIn(t, idps.Ann())
	if _, err := o.idp.Follow(o.browser, o.line.LogoutURL(t.Context(), who.IDToken, afterwards, "")); err != nil {
		t.Fatal(err)
	}
	select {
	case form := <-posted:
		out, refusal := o.line.BackChannelLogout(t.Context(), form.Get("logout_token"))
		if refusal != nil {
			t.Fatalf("%v (%v)", refusal, refusal.Err)
		}
		if out.Sub != who.Sub || out.Session != who.Session || who.Session == "" || out.TokenID == "" {
			t.Errorf("the token signs out %+v, want sub %q and session %q", out, who.Sub, who.Session)
		}
	case <-time.After(10 * time.Second):
		t.Error("no logout token within ten seconds")
	}
}

// person is somebody as a provider knows them that keeps only whole names.
func person(p idps.Person, names bool) idps.Person {
	if !names {
		p.Given, p.Family = "", ""
	}
	return p
}

// isPerson compares what a sign-in brought with the person at the provider.
func isPerson(t *testing.T, got *identity.Identity, want idps.Person, vouched bool) {
	t.Helper()
	type said struct {
		Addresses              []identity.Address
		Given, Family, Display string
		Groups                 []string
		GroupsKnown            bool
	}
	groups := slices.Sorted(slices.Values(got.Groups))
	if diff := cmp.Diff(said{
		[]identity.Address{{Value: want.Email, Vouched: vouched}}, want.Given, want.Family, want.Name, want.Groups, true,
	}, said{got.Addresses, got.Profile.GivenName, got.Profile.FamilyName, got.Profile.Display, groups, got.GroupsKnown}); diff != "" {
		t.Errorf("%s (-want +got):\n%s", want.Name, diff)
	}
	if got.Subject == "" || got.Issuer == "" {
		t.Errorf("subject %q, issuer %q", got.Subject, got.Issuer)
	}
}

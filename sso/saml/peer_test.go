package saml

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml/samlidp"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/sso/identity"
)

// peer is a real provider in this process: crewjam's, with its own metadata, sign-in form and messages.
type peer struct {
	url    string
	client *http.Client
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	idp, err := samlidp.New(samlidp.Options{
		URL: *base, Key: rsaKey().Key, Certificate: rsaKey().Certificate, Store: &samlidp.MemoryStore{},
		Logger: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	})
	if err != nil {
		t.Fatal(err)
	}
	idp.IDP.SignatureMethod = dsig.RSASHA256SignatureMethod
	handler = idp
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{url: server.URL, client: &http.Client{Jar: jar}}
	password := "secret"
	user, err := json.Marshal(samlidp.User{Name: "ann", PlaintextPassword: &password, Email: "ann@acme.com", GivenName: "Ann", Surname: "Lee", CommonName: "Ann Lee", Groups: []string{"Engineering"}})
	if err != nil {
		t.Fatal(err)
	}
	p.do(t, http.MethodPut, "/users/ann", "application/json", user)
	return p
}

func (p *peer) do(t *testing.T, method, path, kind string, body []byte) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.url+strings.TrimPrefix(path, p.url), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	response, err := p.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	out, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %s %v", method, path, response.Status, out, err)
	}
	return string(out)
}

// hidden returns the hidden fields of a form.
func hidden(page string) url.Values {
	out := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	return out
}

func TestARealProvider(t *testing.T) {
	p := newPeer(t)
	s := settings()
	s.AllowLoopback, s.SignRequests = true, true
	metadata, err := ParseMetadata([]byte(p.do(t, http.MethodGet, "/metadata", "", nil)), Source{EntityID: p.url + "/metadata", At: time.Now(), AllowLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Metadata = *metadata
	s.Subject = "urn:oid:0.9.2342.19200300.100.1.1"
	s.Attributes = Attributes{Groups: []string{"urn:oid:1.3.6.1.4.1.5923.1.1.1.1"}}.Or(DefaultAttributes("generic"))
	for _, keys := range [][]KeyPair{{ownKey()}, {ecdsaKey()}} { // with the first, it encrypts
		s.Keys = keys
		own, err := s.OwnMetadata()
		if err != nil {
			t.Fatal(err)
		}
		p.do(t, http.MethodPut, "/services/usher", "application/samlmetadata+xml", own)
		for _, binding := range []Binding{Redirect, POST} {
			t.Run(s.Keys[0].method()+" "+string(binding), func(t *testing.T) { p.signIn(t, s, binding) })
		}
	}
}

// signIn goes the way of a browser.
func (p *peer) signIn(t *testing.T, s *Settings, binding Binding) {
	asked := time.Now()
	out, err := s.Request(Ask{At: asked, Binding: binding, RelayState: "a&b", ForceAuthn: true})
	if err != nil {
		t.Fatal(err)
	}
	page := ""
	if binding == Redirect {
		page = p.do(t, http.MethodGet, out.URL, "", nil)
	} else {
		form := url.Values{}
		for _, f := range out.Fields {
			form.Set(f.Name, f.Value)
		}
		page = p.do(t, http.MethodPost, out.URL, "application/x-www-form-urlencoded", []byte(form.Encode()))
	}
	form := hidden(page)
	if form.Has("SAMLRequest") { // the sign-in form
		form.Set("user", "ann")
		form.Set("password", "secret")
		page = p.do(t, http.MethodPost, "/sso", "application/x-www-form-urlencoded", []byte(form.Encode()))
		form = hidden(page)
	}
	if form.Get("RelayState") != "a&b" {
		t.Errorf("the relay state came back as %q", form.Get("RelayState"))
	}
	got, err := s.Response(form.Get("SAMLResponse"), Expected{Request: out.ID, Asked: asked, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	want := identity.Identity{
		Subject: "ann", Addresses: []identity.Address{{Value: "ann@acme.com", Vouched: true}},
		Profile: identity.Profile{UserName: "ann@acme.com", GivenName: "Ann", FamilyName: "Lee", Display: "Ann Lee"},
		Groups:  []string{"Engineering"}, GroupsKnown: true,
	}
	have := identity.Identity{Subject: got.Identity.Subject, Addresses: got.Identity.Addresses, Profile: got.Identity.Profile, Groups: got.Identity.Groups, GroupsKnown: got.Identity.GroupsKnown}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	_, err = s.Response(form.Get("SAMLResponse"), Expected{Request: "_another", Asked: asked, At: time.Now()})
	refused(t, err, identity.Invalid, "waits for another one")
}

package idps_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/mixus/usher/idps"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml"
)

const (
	acs = "http://127.0.0.1:9/sso/acme/saml/acs"
	slo = "http://127.0.0.1:9/sso/acme/saml/slo"

	afterwards = "http://127.0.0.1:9/logged-out" // where a browser goes from the provider's own page for signing out
)

func refused(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, idps.ErrRefused) {
		t.Errorf("a wrong password: %v, want it asked for again", err)
	}
}

// service is a connection to a provider of SAML.
type service struct {
	saml.Settings
	idp     *idps.Provider
	browser *http.Client
	encrypt bool
}

// federate starts a provider that knows our metadata, and reads its own.
func federate(t *testing.T, start func(testing.TB, idps.Client) *idps.Provider, encrypt bool) *service {
	t.Helper()
	key, err := saml.Generate(saml.RSA, "usher", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := &service{browser: idps.NewBrowser(), encrypt: encrypt, Settings: saml.Settings{
		Connection: "acme", EntityID: "http://127.0.0.1:9/sso/acme/saml", ACS: acs, SLO: slo, Keys: []saml.KeyPair{key}, SignRequests: true,
		Attributes: saml.DefaultAttributes("generic"), AllowLoopback: true,
	}}
	own, err := s.OwnMetadata()
	if err != nil {
		t.Fatal(err)
	}
	s.idp = start(t, idps.Client{Metadata: own, Encrypt: encrypt, LogoutURI: afterwards})
	metadata, err := saml.ParseMetadata(download(t, s.idp.MetadataURL), saml.Source{EntityID: s.idp.EntityID, At: time.Now(), AllowLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Metadata = *metadata
	if err := s.Check(time.Now()); err != nil {
		t.Fatal(err)
	}
	return s
}

func download(t *testing.T, address string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	document, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// carry makes the request with which a browser carries a message.
func carry(t *testing.T, out *saml.Outbound) *http.Request {
	t.Helper()
	if out.Binding == saml.Redirect {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, out.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	form := url.Values{}
	for _, f := range out.Fields {
		form.Set(f.Name, f.Value)
	}
	req, err := idps.NewPost(out.URL, form)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func (s *service) signIn(t *testing.T, who idps.Person, ask saml.Ask) *identity.Identity {
	t.Helper()
	ask.At, ask.RelayState = time.Now(), "where to go then"
	out, err := s.Request(ask)
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.idp.Send(s.browser, carry(t, out), who.User, who.Password)
	if err != nil {
		t.Fatal(err)
	}
	if back.URL.String() != acs || back.Method != http.MethodPost || back.PostForm.Get("RelayState") != ask.RelayState {
		t.Fatalf("the browser is sent to %s %s with %v", back.Method, back.URL, back.PostForm)
	}
	document, err := base64.StdEncoding.DecodeString(back.PostForm.Get("SAMLResponse"))
	if err != nil || bytes.Contains(document, []byte("EncryptedAssertion")) != s.encrypt {
		t.Errorf("encrypted: want %v, got %s (%v)", s.encrypt, document, err)
	}
	accepted, err := s.Response(back.PostForm.Get("SAMLResponse"), saml.Expected{Request: out.ID, Asked: ask.At, Forced: ask.ForceAuthn, At: time.Now()})
	if err != nil {
		t.Fatalf("%v (%v)", err, errors.Unwrap(err))
	}
	return accepted.Identity
}

func samlProviders() map[string]func(testing.TB, idps.Client) *idps.Provider {
	return map[string]func(testing.TB, idps.Client) *idps.Provider{
		"SimpleSAMLphp": idps.StartSimpleSAMLphp, "LemonLDAP::NG": idps.StartLemonLDAP,
	}
}

func TestSAML(t *testing.T) {
	for name, start := range samlProviders() {
		for _, encrypt := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/encrypted=%v", name, encrypt), func(t *testing.T) { signInAndOut(t, federate(t, start, encrypt)) })
		}
	}
}

func signInAndOut(t *testing.T, s *service) {
	for _, found := range s.Describe(time.Now()) {
		t.Log(found)
	}
	out, err := s.Request(saml.Ask{At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := s.idp.Login(idps.NewBrowser(), out.URL, idps.Ann().User, "wrong"); err == nil {
		t.Errorf("a wrong password leads to %s", back.URL)
	} else {
		refused(t, err)
	}

	first := s.signIn(t, idps.Ann(), saml.Ask{})
	t.Logf("%+v", first)
	isPerson(t, first, idps.Ann(), true)
	again := s.signIn(t, idps.Ann(), saml.Ask{Binding: saml.POST})
	forced := s.signIn(t, idps.Ann(), saml.Ask{ForceAuthn: true})
	s.browser = idps.NewBrowser()
	elsewhere := s.signIn(t, idps.Ann(), saml.Ask{})
	if again.Subject != first.Subject || elsewhere.Subject != first.Subject || forced.Subject != first.Subject {
		t.Errorf("Ann is %q, then %q, %q when asked again, and %q in another browser", first.Subject, again.Subject, forced.Subject, elsewhere.Subject)
	}
	s.browser = idps.NewBrowser()
	bob := s.signIn(t, idps.Bob(), saml.Ask{})
	isPerson(t, bob, idps.Bob(), true)
	if bob.Subject == first.Subject {
		t.Errorf("Bob and Ann are both %q", bob.Subject)
	}
	s.signOut(t, bob)
}

// signOut signs a person out at the provider, which asks for the password from then on.
func (s *service) signOut(t *testing.T, who *identity.Identity) {
	t.Helper()
	s.isKnown(t, true)
	out, err := s.LogoutRequest(saml.Leave{At: time.Now(), RelayState: "bye", NameID: who.NameID, Session: who.Session})
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.idp.Send(s.browser, carry(t, out), "", "")
	if err != nil {
		t.Fatal(err)
	}
	in, err := saml.FromQuery(back.URL.RawQuery)
	if back.Method == http.MethodPost {
		in, err = saml.FromForm(back.PostForm)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", back.Method, back.URL, err)
	}
	goodbye, err := s.ReadLogoutResponse(in, out.ID, time.Now())
	if err != nil {
		t.Fatalf("%v (%v)", err, errors.Unwrap(err))
	}
	if !goodbye.Complete || goodbye.RelayState != "bye" {
		t.Errorf("signing out: %+v", goodbye)
	}
	s.isKnown(t, false)
}

// isKnown checks whether the provider knows the browser, and so does not ask for a password.
func (s *service) isKnown(t *testing.T, known bool) {
	t.Helper()
	next, err := s.Request(saml.Ask{At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	switch _, err := s.idp.Follow(s.browser, next.URL); {
	case known && err != nil:
		t.Errorf("while signed in: %v", err)
	case !known && !errors.Is(err, idps.ErrAsked):
		t.Errorf("while signed out: %v, want the password asked for", err)
	}
}

func TestProvidersCheckOurSignature(t *testing.T) {
	for name, start := range samlProviders() {
		t.Run(name, func(t *testing.T) {
			s := federate(t, start, false)
			foreign, err := saml.Generate(saml.RSA, "somebody else", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			s.Keys = []saml.KeyPair{foreign}
			for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
				out, err := s.Request(saml.Ask{At: time.Now(), Binding: binding})
				if err != nil {
					t.Fatal(err)
				}
				if back, err := s.idp.Send(s.browser, carry(t, out), idps.Ann().User, idps.Ann().Password); err == nil {
					t.Errorf("%s: somebody else's request leads to %s", binding, back.URL)
				}
			}
		})
	}
}

func TestSigningOutAtTheProvider(t *testing.T) {
	s := federate(t, idps.StartSimpleSAMLphp, false)
	who := s.signIn(t, idps.Ann(), saml.Ask{})
	back, err := s.idp.Follow(s.browser, s.idp.LogoutPage)
	if err != nil {
		t.Fatal(err)
	}
	in, err := saml.FromQuery(back.URL.RawQuery)
	if err != nil {
		t.Fatalf("%s: %v", back.URL, err)
	}
	leave, err := s.ReadLogoutRequest(in, time.Now())
	if err != nil {
		t.Fatalf("%v (%v)", err, errors.Unwrap(err))
	}
	if !leave.Means(who.NameID) || !slices.Contains(leave.Sessions, who.Session) {
		t.Errorf("the provider signs out %+v of %v, want %+v of %s", leave.NameID, leave.Sessions, who.NameID, who.Session)
	}
	out, err := s.LogoutResponse(saml.Farewell{At: time.Now(), Request: leave.ID, RelayState: leave.RelayState})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := s.idp.Send(s.browser, carry(t, out), "", ""); err != nil || back.URL.String() != afterwards {
		t.Errorf("the provider sends the browser to %v, %v", back, err)
	}
	s.isKnown(t, false)
}

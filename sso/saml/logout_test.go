package saml

import (
	"crypto/x509"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// mirrored are the settings of the provider's side: to it, we are the other one.
func mirrored(key KeyPair) *Settings {
	return &Settings{
		EntityID: issuerID, ACS: "https://idp.example/acs", SLO: "https://idp.example/slo", Keys: []KeyPair{key},
		Metadata: Metadata{EntityID: entityID, SLO: Endpoints{Redirect: sloURL, POST: sloURL}, Certificates: []*x509.Certificate{ownKey().Certificate}},
	}
}

// arrive takes a message out of what a browser would bring.
func arrive(t testing.TB, out *Outbound) *Inbound {
	t.Helper()
	var in *Inbound
	var err error
	if out.Binding == POST {
		form := url.Values{}
		for _, f := range out.Fields {
			form.Set(f.Name, f.Value)
		}
		in, err = FromForm(form)
	} else {
		u, parseErr := url.Parse(out.URL)
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		in, err = FromQuery(u.RawQuery)
	}
	if err != nil {
		t.Fatal(err)
	}
	return in
}

var annsName = identity.NameID{Value: "ann", Format: urnPersistent, NameQualifier: issuerID}

func TestLogoutBothWays(t *testing.T) {
	for _, binding := range []Binding{Redirect, POST} {
		for kind, key := range map[string]KeyPair{"RSA": rsaKey(), "ECDSA": ecdsaKey()} {
			t.Run(string(binding)+" "+kind, func(t *testing.T) {
				us, provider := settings(key), mirrored(key)
				us.Metadata.SLO = Endpoints{Redirect: provider.SLO, POST: provider.SLO}

				// The provider asks us, and we answer.
				asked, err := provider.LogoutRequest(Leave{At: now, Binding: binding, NameID: annsName, Session: "session-1", RelayState: "state & more"})
				if err != nil {
					t.Fatal(err)
				}
				got, err := us.ReadLogoutRequest(arrive(t, asked), now)
				if err != nil {
					t.Fatal(err, errors.Unwrap(err))
				}
				want := &Logout{ID: asked.ID, Until: now.Add(5*time.Minute + DefaultSkew), NameID: annsName, Sessions: []string{"session-1"}, RelayState: "state & more"}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				for _, failed := range []bool{false, true} {
					answer, err := us.LogoutResponse(Farewell{At: now, Binding: binding, Request: got.ID, RelayState: got.RelayState, Failed: failed})
					if err != nil {
						t.Fatal(err)
					}
					bye, err := provider.ReadLogoutResponse(arrive(t, answer), asked.ID, now)
					if err != nil || bye.Complete == failed || bye.RelayState != "state & more" {
						t.Errorf("got %+v, %v", bye, err)
					}
				}

				// We ask the provider, and it answers.
				asked, err = us.LogoutRequest(Leave{At: now, Binding: binding, NameID: annsName})
				if err != nil {
					t.Fatal(err)
				}
				got, err = provider.ReadLogoutRequest(arrive(t, asked), now)
				if err != nil || len(got.Sessions) != 0 || !got.Means(annsName) {
					t.Fatalf("got %+v, %v", got, err)
				}
				answer, err := provider.LogoutResponse(Farewell{At: now, Binding: binding, Request: got.ID})
				if err != nil {
					t.Fatal(err)
				}
				if bye, err := us.ReadLogoutResponse(arrive(t, answer), asked.ID, now); err != nil || !bye.Complete {
					t.Errorf("got %+v, %v", bye, err)
				}
			})
		}
	}
}

// Row 32: logout unsigned, unknown or replayed. Outcome: deny, so that the session is kept. The memory against replay is
// the caller's, as for assertions.
func TestAbuse32Logout(t *testing.T) {
	us := settings(rsaKey())
	genuine := func(binding Binding) *Outbound {
		out, err := mirrored(rsaKey()).LogoutRequest(Leave{At: now, Binding: binding, NameID: annsName, Session: "session-1"})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	wrong := func(name string, in *Inbound, code identity.Code, says string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, err := us.ReadLogoutRequest(in, now)
			if got != nil {
				t.Fatalf("accepted %+v", got)
			}
			refused(t, err, code, says)
		})
	}
	query := func(change func(url.Values)) *Inbound {
		u, err := url.Parse(genuine(Redirect).URL)
		if err != nil {
			t.Fatal(err)
		}
		values := u.Query()
		change(values)
		ordered := make([]string, 0, 4)
		for _, name := range []string{"SAMLRequest", "RelayState", "SigAlg", "Signature"} {
			if values.Has(name) {
				ordered = append(ordered, name+"="+url.QueryEscape(values.Get(name)))
			}
		}
		in, err := FromQuery(strings.Join(ordered, "&"))
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	if _, err := us.ReadLogoutRequest(query(func(url.Values) {}), now); err != nil {
		t.Fatal("the genuine one is refused:", err) // or the rest shows nothing
	}
	wrong("unsigned query", query(func(v url.Values) { v.Del("Signature"); v.Del("SigAlg") }), identity.Invalid, "not signed")
	wrong("no signature", query(func(v url.Values) { v.Del("Signature") }), identity.Invalid, "not signed")
	wrong("no algorithm", query(func(v url.Values) { v.Del("SigAlg") }), identity.Invalid, "algorithm")
	wrong("relay state added", query(func(v url.Values) { v.Set("RelayState", "x") }), identity.Invalid, "no certificate")
	wrong("another algorithm", query(func(v url.Values) { v.Set("SigAlg", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512") }), identity.Invalid, "no certificate")
	wrong("SHA-1", query(func(v url.Values) { v.Set("SigAlg", "http://www.w3.org/2000/09/xmldsig#rsa-sha1") }), identity.Invalid, "SHA-1")
	wrong("HMAC", query(func(v url.Values) { v.Set("SigAlg", "http://www.w3.org/2000/09/xmldsig#hmac-sha1") }), identity.Invalid, "algorithm")

	unsigned, err := send(samltest.Element(t, string(arrive(t, genuine(Redirect)).document)), "SAMLRequest", sloURL, POST, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	wrong("unsigned form", arrive(t, unsigned), identity.Invalid, "not signed")

	by := func(change func(*Settings), after time.Duration, name identity.NameID) *Inbound {
		provider := mirrored(rsaKey())
		change(provider)
		out, err := provider.LogoutRequest(Leave{At: now.Add(after), Binding: POST, NameID: name})
		if err != nil {
			t.Fatal(err)
		}
		return arrive(t, out)
	}
	unchanged := func(*Settings) {}
	wrong("another's key", by(func(s *Settings) { s.Keys = []KeyPair{evilKey()} }, 0, annsName), identity.Invalid, "no certificate")
	wrong("another issuer", by(func(s *Settings) { s.EntityID = "https://idp.example/other" }, 0, annsName), identity.Misset, "comes from")
	wrong("another destination", by(func(s *Settings) { s.Metadata.SLO.POST = "https://usher.example/other" }, 0, annsName), identity.Invalid, "meant for")
	wrong("too old", by(unchanged, -5*time.Minute-DefaultSkew, annsName), identity.Expired, "valid until")
	wrong("from the future", by(unchanged, DefaultSkew+time.Second, annsName), identity.Invalid, "future")
	wrong("nobody", by(unchanged, 0, identity.NameID{}), identity.Invalid, "names nobody")

	answer, err := mirrored(rsaKey()).LogoutResponse(Farewell{At: now, Binding: POST, Request: "_x"})
	if err != nil {
		t.Fatal(err)
	}
	wrong("an answer", arrive(t, answer), identity.Invalid, "not a LogoutRequest")
	disguised := arrive(t, answer)
	disguised.Request = true
	wrong("an answer sent as a request", disguised, identity.Invalid, "not a LogoutRequest")

	mislabeled := arrive(t, genuine(POST))
	mislabeled.Request = false
	wrong("a request sent as an answer", mislabeled, identity.Invalid, "not a LogoutRequest")
	twice := samltest.Element(t, string(arrive(t, genuine(POST)).document))
	twice.RemoveChildAt(1)
	twice.CreateElement("samlp:Extensions").AddChild(samltest.Element(t, `<ds:Signature xmlns:ds="`+nsSignature+`"/>`))
	wrong("two signatures", &Inbound{Binding: POST, Request: true, document: samltest.Document(t, samltest.Signer{Key: rsaKey()}.Sign(t, twice))}, identity.Invalid, "2 signatures")

	t.Run("stale metadata", func(t *testing.T) {
		s := settings(rsaKey())
		s.Metadata.ValidUntil = now
		_, err := s.ReadLogoutRequest(arrive(t, genuine(POST)), now)
		refused(t, err, identity.Misset, "valid until")
	})
	t.Run("replay", func(t *testing.T) {
		in := arrive(t, genuine(Redirect))
		first, err := us.ReadLogoutRequest(in, now)
		if err != nil {
			t.Fatal(err)
		}
		second, err := us.ReadLogoutRequest(in, first.Until.Add(-time.Second))
		if err != nil || second.ID != first.ID {
			t.Errorf("got %+v, %v: the id is what tells a replay", second, err)
		}
		_, err = us.ReadLogoutRequest(in, first.Until)
		refused(t, err, identity.Expired, "")
	})
	t.Run("the answer to another request", func(t *testing.T) {
		for _, request := range []string{"_y", ""} {
			_, err := us.ReadLogoutResponse(arrive(t, answer), request, now)
			refused(t, err, identity.Expired, "does not wait")
		}
		nameless, err := mirrored(rsaKey()).LogoutResponse(Farewell{At: now, Binding: POST})
		if err != nil {
			t.Fatal(err)
		}
		_, err = us.ReadLogoutResponse(arrive(t, nameless), "", now)
		refused(t, err, identity.Expired, "does not wait")
	})
	t.Run("no single logout", func(t *testing.T) {
		s := settings(rsaKey())
		s.SLO = ""
		_, err := s.ReadLogoutRequest(arrive(t, genuine(Redirect)), now)
		refused(t, err, identity.Misset, "no single logout")
	})
}

func TestQueriesThatAreRefused(t *testing.T) {
	out, err := mirrored(rsaKey()).LogoutRequest(Leave{At: now, NameID: annsName, RelayState: "x"})
	if err != nil {
		t.Fatal(err)
	}
	_, genuine, _ := strings.Cut(out.URL, "?")
	for name, raw := range map[string]string{
		"nothing":     "",
		"both":        genuine + "&SAMLResponse=AAAA",
		"twice":       genuine + "&SAMLRequest=AAAA",
		"two states":  genuine + "&RelayState=y",
		"escape":      "SAMLRequest=%zz",
		"base64":      "SAMLRequest=%21",
		"deflate":     "SAMLRequest=AAAA",
		"signature":   "SAMLRequest=AAAA&Signature=%21",
		"encoding":    "SAMLRequest=AAAA&SAMLEncoding=gzip",
		"a long one":  "SAMLRequest=" + strings.Repeat("A", 300<<10),
		"a zip bomb":  "SAMLRequest=" + url.QueryEscape(bomb(t)),
		"other names": "samlrequest=a",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FromQuery(raw)
			refused(t, err, identity.Invalid, "")
		})
	}
	for _, form := range []url.Values{{}, {"SAMLRequest": {"a", "b"}}, {"SAMLRequest": {"a"}, "SAMLResponse": {"b"}}, {"SAMLRequest": {"%"}}, {"SAMLRequest": {"YQ=="}, "RelayState": {"a", "b"}}} {
		_, err := FromForm(form)
		refused(t, err, identity.Invalid, "")
	}
}

func bomb(t *testing.T) string {
	t.Helper()
	query, err := redirectQuery([]byte(strings.Repeat(" ", 64<<20)), "SAMLRequest", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values.Get("SAMLRequest")
}

func TestWhoIsMeant(t *testing.T) {
	for _, c := range []struct {
		request, session identity.NameID
		want             bool
	}{
		{annsName, annsName, true},
		{identity.NameID{Value: "ann", Format: urnPersistent}, annsName, true},
		{identity.NameID{Value: "ann"}, identity.NameID{Value: "ann", Format: urnUnspecified}, true},
		{identity.NameID{Value: "Ann", Format: urnPersistent}, annsName, false},
		{identity.NameID{Value: "ann"}, annsName, false},
		{identity.NameID{Value: "ann", Format: urnPersistent, NameQualifier: "other"}, annsName, false},
	} {
		if got := (&Logout{NameID: c.request}).Means(c.session); got != c.want {
			t.Errorf("%+v and %+v: %v", c.request, c.session, got)
		}
	}
}

package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

func pemOf(t *testing.T, kind string, der []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func certificate(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "usher"}, NotAfter: time.Now().AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return pemOf(t, "CERTIFICATE", der, err)
}

func pkcs8(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pemOf(t, "PRIVATE KEY", der, err)
}

func TestPrivateKeyJWT(t *testing.T) {
	r, e := oidctest.RSA(t, "client"), oidctest.ECDSA(t)
	sec1, err := x509.MarshalECPrivateKey(e)
	for name, c := range map[string]struct {
		text []byte
		kind Kind
		alg  string
		x5t  bool
	}{
		"RSA, PKCS 8":        {pkcs8(t, r), Okta, "RS256", false},
		"RSA, PKCS 1":        {pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r), nil), Generic, "RS256", false},
		"ECDSA, SEC 1":       {pemOf(t, "EC PRIVATE KEY", sec1, err), Generic, "ES256", false},
		"RSA, a certificate": {append(pkcs8(t, r), certificate(t, r)...), Okta, "PS256", true},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParseClientKey(c.text)
			if err != nil {
				t.Fatal(err)
			}
			h := newHostile(t)
			audience := map[Kind]string{Generic: h.URL, Okta: h.URL + "/token"}[c.kind]
			ids := map[string]bool{}
			h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/token" {
					return false
				}
				if r.FormValue("client_id") != oidctest.ClientID || r.FormValue("client_secret") != "" || r.Header.Get("Authorization") != "" ||
					r.FormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
					t.Errorf("%v: want the assertion and no secret", r.Form)
				}
				assertion, err := jwt.ParseSigned(r.FormValue("client_assertion"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(c.alg)})
				if err != nil {
					t.Errorf("the assertion: %v", err)
					return false
				}
				var got jwt.Claims
				var set jose.JSONWebKeySet
				published, err := key.PublicKeys()
				if err != nil || json.Unmarshal(published, &set) != nil || !set.Keys[0].IsPublic() {
					t.Errorf("the public keys %s: %v", published, err)
				}
				if err := assertion.Claims(set.Keys[0].Key, &got); err != nil || set.Keys[0].KeyID != assertion.Headers[0].KeyID {
					t.Errorf("the published key does not verify the assertion: %v", err)
				}
				if err := got.Validate(jwt.Expected{Issuer: oidctest.ClientID, Subject: oidctest.ClientID, AnyAudience: jwt.Audience{audience}, Time: h.Now()}); err != nil {
					t.Errorf("the assertion: %v", err)
				}
				if got.ID == "" || ids[got.ID] || got.Expiry.Time().Sub(got.IssuedAt.Time()) > time.Minute {
					t.Errorf("the assertion %+v can be used twice, or for long", got)
				}
				ids[got.ID] = true
				if _, ok := assertion.Headers[0].ExtraHeaders["x5t#S256"]; ok != c.x5t {
					t.Errorf("names a certificate: %v, want %v", ok, c.x5t)
				}
				r.SetBasicAuth(oidctest.ClientID, "s3cr3t%2B%2F%25") // for the rest of this provider
				return false
			}
			p := h.provider(func(s *Settings) { s.Kind, s.ClientSecret, s.Key = c.kind, "", key })
			h.welcome(p)
			h.welcome(p)
			if len(ids) != 2 {
				t.Errorf("%d assertions, want 2", len(ids))
			}
		})
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text   []byte
		reason string
	}{
		"nothing":                {nil, "no private key"},
		"a certificate alone":    {certificate(t, oidctest.RSA(t, "client")), "no private key"},
		"1,024 bits":             {pkcs8(t, small), "1024 bits"},
		"P-224":                  {pkcs8(t, narrow), "NIST"},
		"Ed25519":                {pkcs8(t, ed), "neither RSA"},
		"damaged":                {[]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "cannot be read"},
		"a foreign certificate":  {append(pkcs8(t, oidctest.RSA(t, "client")), certificate(t, oidctest.ECDSA(t))...), "another private key"},
		"a damaged certificate":  {append(pkcs8(t, oidctest.RSA(t, "client")), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"...), "certificate"},
		"a public key, no other": {[]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "no private key"},
	} {
		if _, err := ParseClientKey(c.text); directory.KindOf(err) != directory.Invalid || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want %q", name, err, c.reason)
		}
	}
}

func TestSecretsAreSentAsTheProviderTakesThem(t *testing.T) {
	for _, c := range []struct {
		offered []string
		basic   bool
		ok      bool
	}{
		{nil, true, true},
		{[]string{"client_secret_post", "client_secret_basic"}, true, true},
		{[]string{"client_secret_post"}, false, true},
		{[]string{"private_key_jwt"}, false, false},
	} {
		h := newHostile(t)
		h.Metadata = claims{"token_endpoint_auth_methods_supported": c.offered}
		var basic bool
		h.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/token" {
				_, _, basic = r.BasicAuth()
				if !basic && r.FormValue("client_secret") == oidctest.ClientSecret {
					r.SetBasicAuth(oidctest.ClientID, "s3cr3t%2B%2F%25")
				}
			}
			return false
		}
		_, refusal := h.login(h.provider())
		if (refusal == nil) != c.ok || basic != c.basic {
			t.Errorf("%v: %v, in the header %v; want %v", c.offered, refusal, basic, c.basic)
		}
		if want := map[bool]int{true: 1, false: 0}[c.ok]; h.Asked("/token") != want {
			t.Errorf("%v: the code was sent %d times, want %d", c.offered, h.Asked("/token"), want)
		}
	}
}

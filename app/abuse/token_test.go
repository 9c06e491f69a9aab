package abuse_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/oidc/oidctest"
)

// claims are those of a case: put over the usual header, and over the usual claims.
type claims struct{ header, payload oidctest.Claims }

// try wants claims refused.
func (c claims) try(w *world, status int, code string) {
	w.t.Helper()
	w.provider("acme-oidc").hostile(status, code, func(p *oidctest.Provider) {
		p.Header = c.header
		for name, value := range c.payload {
			p.Claims[name] = value
		}
	})
}

// tokens wants the tokens refused that some cases make of what would be a good one.
func tokens(t *testing.T, cases map[string]func(header, payload oidctest.Claims) string) {
	t.Helper()
	each(newWorld(t), cases, func(w *world, token func(header, payload oidctest.Claims) string) {
		w.provider("acme-oidc").hostile(http.StatusBadRequest, "invalid", func(p *oidctest.Provider) { p.Token = token })
	})
}

func TestAbuse33AlgNone(t *testing.T) {
	cases := map[string]func(header, payload oidctest.Claims) string{}
	for _, alg := range []string{"none", "None", ""} {
		unsigned := func(header, payload oidctest.Claims) string {
			return oidctest.Unsigned(t, oidctest.Over(header, oidctest.Claims{"alg": alg}), payload)
		}
		cases[alg+", without a signature"] = func(header, payload oidctest.Claims) string { return unsigned(header, payload) + "." }
		cases[alg+", with something"] = func(header, payload oidctest.Claims) string { return unsigned(header, payload) + ".eA" }
	}
	tokens(t, cases)
}

func TestAbuse34HS256WithThePublicKey(t *testing.T) {
	der, err := x509.MarshalPKIXPublicKey(oidctest.RSA(t, "k1").Public())
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(header, payload oidctest.Claims) string{}
	for name, secret := range map[string][]byte{
		"its DER": der, "its PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "the client's secret": []byte(oidctest.ClientSecret),
	} {
		cases[name] = func(header, payload oidctest.Claims) string {
			return oidctest.SignHMAC(t, secret, oidctest.Over(header, oidctest.Claims{"alg": "HS256"}), payload)
		}
	}
	tokens(t, cases)
}

func TestAbuse35SymmetricKeyInTheSet(t *testing.T) {
	w := newWorld(t)
	secret := []byte("known to everybody who reads the set of keys")
	p := w.provider("acme-oidc")
	p.does(func(p *oidctest.Provider) {
		p.Keys = append([]jose.JSONWebKey{{Key: secret, KeyID: "oct", Algorithm: "HS256"}, {Key: secret, KeyID: "k1"}}, p.Keys...)
	})
	for _, kid := range []any{"oct", "k1", nil} {
		for _, alg := range []string{"HS256", "RS256"} {
			p.hostile(http.StatusBadRequest, "invalid", func(p *oidctest.Provider) {
				p.Token = func(header, payload oidctest.Claims) string {
					return oidctest.SignHMAC(t, secret, oidctest.Over(header, oidctest.Claims{"alg": alg, "kid": kid}), payload)
				}
			})
		}
	}
}

func TestAbuse36WrongAudience(t *testing.T) {
	each(newWorld(t), map[string]oidctest.Claims{
		"another client":         {"aud": "other"},
		"none":                   {"aud": nil},
		"ours and a foreign one": {"aud": []string{oidctest.ClientID, "other"}, "azp": oidctest.ClientID},
		"a foreign azp":          {"azp": "other"},
		"another issuer":         {"iss": "https://evil.example"},
	}, func(w *world, payload oidctest.Claims) {
		claims{payload: payload}.try(w, http.StatusBadRequest, "invalid")
	})
}

func TestAbuse37Nonce(t *testing.T) {
	w := newWorld(t)
	p := w.provider("acme-oidc")
	first := ""
	p.does(func(p *oidctest.Provider) {
		p.Token = func(header, payload oidctest.Claims) string { first = p.Sign(header, payload); return first }
	})
	b := w.browser()
	b.in(p.signIn(b, ""))
	p.hostile(http.StatusBadRequest, "invalid", func(p *oidctest.Provider) { // the first sign-in's token in the second
		p.Token = func(oidctest.Claims, oidctest.Claims) string { return first }
	})
	each(w, map[string]any{"missing": nil, "empty": "", "guessed": "guess", "a list": []string{"a"}}, func(w *world, nonce any) {
		claims{payload: oidctest.Claims{"nonce": nonce}}.try(w, http.StatusBadRequest, "invalid")
	})
}

func TestAbuse41UnverifiedEmail(t *testing.T) {
	strict, trusting := newWorld(t), newWorld(t, "oidc: trust_email: true")
	for name, c := range map[string]struct {
		verified any
		trusted  bool // whether it counts where the connection trusts the provider's addresses
	}{"false": {false, false}, "absent": {nil, true}, "a text": {"true", true}, "a number": {1, false}} {
		t.Run(name, func(t *testing.T) {
			said := claims{payload: oidctest.Claims{"email_verified": c.verified}}
			said.try(strict.in(t), http.StatusForbidden, "unvouched")
			if !c.trusted {
				said.try(trusting.in(t), http.StatusForbidden, "unvouched")
				return
			}
			p := trusting.in(t).provider("acme-oidc")
			p.does(func(p *oidctest.Provider) { p.Claims = said.payload })
			b := p.browser()
			b.in(p.signIn(b, ""))
		})
	}
}

func TestAbuse46SubjectSpelling(t *testing.T) {
	each(newWorld(t), map[string]claims{
		"SUB alone":      {payload: oidctest.Claims{"sub": nil, "SUB": "admin"}},
		"SUB beside sub": {payload: oidctest.Claims{"SUB": "admin"}},
		"long s":         {payload: oidctest.Claims{"\u017fub": "admin"}},
		"empty":          {payload: oidctest.Claims{"sub": ""}},
		"blank":          {payload: oidctest.Claims{"sub": " \t"}},
		"absent":         {payload: oidctest.Claims{"sub": nil}},
		"null":           {payload: oidctest.Claims{"sub": json.RawMessage("null")}},
		"a number":       {payload: oidctest.Claims{"sub": 7}},
		"a list":         {payload: oidctest.Claims{"sub": []string{"a"}}},
	}, func(w *world, c claims) { c.try(w, http.StatusBadRequest, "invalid") })
}

func TestAbuse46OtherTokens(t *testing.T) {
	each(newWorld(t), map[string]claims{
		"an access token":      {header: oidctest.Claims{"typ": "at+jwt"}},
		"a logout token":       {header: oidctest.Claims{"typ": "logout+jwt"}},
		"another's at_hash":    {payload: oidctest.Claims{"at_hash": oidctest.Encode(make([]byte, 16))}},
		"no iat":               {payload: oidctest.Claims{"iat": nil}},
		"iat in the future":    {payload: oidctest.Claims{"iat": time.Now().Add(30 * time.Hour).Unix()}},
		"good for a year":      {payload: oidctest.Claims{"exp": time.Now().AddDate(1, 0, 0).Unix()}},
		"with critical fields": {header: oidctest.Claims{"crit": []string{"b64"}, "b64": true}},
	}, func(w *world, c claims) { c.try(w, http.StatusBadRequest, "invalid") })
	w := newWorld(t)
	claims{payload: oidctest.Claims{"exp": time.Now().Add(-time.Hour).Unix(), "iat": time.Now().Add(-2 * time.Hour).Unix()}}.try(w, http.StatusGone, "expired")
}

func TestAbuse45HugeToken(t *testing.T) {
	w := newWorld(t)
	claims{payload: oidctest.Claims{"padding": strings.Repeat("x", 64<<10)}}.try(w, http.StatusBadRequest, "invalid")
	deep := json.RawMessage(`{"sub":"eve","deep":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`)
	w.provider("acme-oidc").hostile(http.StatusBadRequest, "invalid", func(p *oidctest.Provider) {
		p.Token = func(header, _ oidctest.Claims) string { return p.Sign(header, deep) }
	})
}

func TestAbuse45HugeAnswers(t *testing.T) {
	huge := strings.Repeat("x", 8<<20)
	for name, path := range map[string]string{"discovery": "/.well-known/openid-configuration", "keys": "/keys", "userinfo": "/userinfo"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p, before := w.provider("acme-oidc"), w.people()
			p.does(func(p *oidctest.Provider) {
				p.Info = oidctest.Claims{"sub": "u-1"}
				p.Answer = func(rw http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == path {
						p.Write(rw, oidctest.Claims{"issuer": p.URL, "keys": []any{}, "sub": "u-1", "padding": huge})
					}
					return r.URL.Path == path
				}
			})
			w.pass(forgotten)
			b := w.browser()
			a := b.get("/sso/acme-oidc/login")
			if a.status == http.StatusSeeOther {
				a = b.get(p.back(a.location))
			}
			b.out(a, http.StatusServiceUnavailable, "unavailable", before)
			w.pass(time.Minute)
			p.does(func(p *oidctest.Provider) { p.Answer = nil })
			b.in(p.signIn(b, ""))
		})
	}
}

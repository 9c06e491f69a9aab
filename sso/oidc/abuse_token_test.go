package oidc

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

// The rows about tokens: what a provider, or somebody in its place, may write into one.

func TestAbuse33AlgNone(t *testing.T) {
	for _, alg := range []any{"none", "None", "NONE", "", nil} {
		h := newHostile(t)
		h.Token = func(header, payload claims) string {
			message := oidctest.Encode(oidctest.Marshal(t, oidctest.Over(header, claims{"alg": alg}))) + "." + oidctest.Encode(oidctest.Marshal(t, payload))
			return message + "." + oidctest.Encode([]byte("x"))
		}
		id, refusal := h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "does not hold")
		h.Token = func(header, payload claims) string {
			return oidctest.Encode(oidctest.Marshal(t, oidctest.Over(header, claims{"alg": alg}))) + "." + oidctest.Encode(oidctest.Marshal(t, payload)) + "."
		}
		id, refusal = h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "compact form")
	}
}

func TestAbuse34HS256WithThePublicKey(t *testing.T) {
	h := newHostile(t)
	der, err := x509.MarshalPKIXPublicKey(h.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	for _, secret := range [][]byte{der, text, bytes.TrimSpace(text), []byte(oidctest.ClientSecret)} {
		h.Token = func(header, payload claims) string {
			return oidctest.SignHMAC(t, secret, oidctest.Over(header, claims{"alg": "HS256"}), payload)
		}
		id, refusal := h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "does not hold")
	}
	if _, err := New(h.settings(func(s *Settings) { s.Algorithms = []string{"RS256", "HS256"} }), h.Client(), nil); err == nil || !strings.Contains(err.Error(), "HS256") {
		t.Errorf("%v, want HS256 refused as a setting", err)
	}
}

func TestAbuse35SymmetricKeyInTheSet(t *testing.T) {
	h := newHostile(t)
	secret := []byte("known to everybody who reads the set of keys")
	h.Keys = append([]jose.JSONWebKey{{Key: secret, KeyID: "oct", Algorithm: "HS256"}, {Key: secret, KeyID: "k1"}}, h.Keys...)
	for _, kid := range []any{"oct", "k1", nil} {
		for _, alg := range []string{"HS256", "RS256"} {
			h.Token = func(header, payload claims) string {
				return oidctest.SignHMAC(t, secret, oidctest.Over(header, claims{"alg": alg, "kid": kid}), payload)
			}
			id, refusal := h.login(h.provider())
			refused(t, id, refusal, identity.Invalid, "does not hold")
		}
	}
	h.Token = nil
	h.welcome(h.provider())
}

func TestAbuse35KeysThatDoNotSign(t *testing.T) {
	h := newHostile(t)
	h.Keys[0].Use = "enc"
	id, refusal := h.login(h.provider())
	refused(t, id, refusal, identity.Unavailable, "none that can sign")

	h.Keys[0] = jose.JSONWebKey{Key: h.Key, KeyID: "k1", Use: "sig"} // its private half, published
	id, refusal = h.login(h.provider())
	refused(t, id, refusal, identity.Unavailable, "none that can sign")
}

func TestAbuse36WrongAudience(t *testing.T) {
	for name, c := range map[string]struct {
		claims  claims
		trusted []string
		reason  string
	}{
		"another client":                  {claims{"aud": "other"}, nil, "expected audience"},
		"a part of ours":                  {claims{"aud": "usher"}, nil, "expected audience"},
		"none":                            {claims{"aud": nil}, nil, "expected audience"},
		"an empty list":                   {claims{"aud": []string{}}, nil, "expected audience"},
		"no text":                         {claims{"aud": 7}, nil, ""},
		"ours and a foreign one":          {claims{"aud": []string{oidctest.ClientID, "other"}, "azp": oidctest.ClientID}, nil, "meant for \"other\" too"},
		"ours and a trusted one, no azp":  {claims{"aud": []string{oidctest.ClientID, "api"}}, []string{"api"}, "azp"},
		"a foreign azp":                   {claims{"azp": "other"}, nil, "azp"},
		"a foreign azp, trusted audience": {claims{"aud": []string{oidctest.ClientID, "api"}, "azp": "api"}, []string{"api"}, "azp"},
		"an empty azp":                    {claims{"azp": ""}, nil, "azp"},
		"an azp that is a list":           {claims{"azp": []string{oidctest.ClientID}}, nil, "azp"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.Claims = c.claims
			id, refusal := h.login(h.provider(func(s *Settings) { s.Audiences = c.trusted }))
			refused(t, id, refusal, identity.Invalid, c.reason)
		})
	}
	h := newHostile(t)
	h.Claims = claims{"aud": []string{oidctest.ClientID, "api"}, "azp": oidctest.ClientID}
	h.welcome(h.provider(func(s *Settings) { s.Audiences = []string{"api"} }))
}

func TestAbuse36WrongIssuer(t *testing.T) {
	for _, issuer := range []any{"https://evil.example", nil, ""} {
		h := newHostile(t)
		h.Claims = claims{"iss": issuer}
		id, refusal := h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "issued by a different provider")
	}
	h := newHostile(t)
	h.Claims = claims{"iss": h.URL + "/"}
	id, refusal := h.login(h.provider())
	refused(t, id, refusal, identity.Invalid, "issued by a different provider")
}

func TestAbuse37Nonce(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	var first string
	h.Token = func(header, payload claims) string { first = h.Sign(header, payload); return first }
	h.welcome(p)

	h.Token = func(claims, claims) string { return first }
	id, refusal := h.login(p)
	refused(t, id, refusal, identity.Invalid, "nonce") // the first sign-in's token in the second

	h.Token = nil
	for _, nonce := range []any{nil, "", "guess", 7, []string{"a"}} {
		h.Claims = claims{"nonce": nonce}
		id, refusal := h.login(p)
		refused(t, id, refusal, identity.Invalid, "")
	}
}

func TestAbuse46SubjectSpelling(t *testing.T) {
	for name, own := range map[string]claims{
		"SUB alone":        {"sub": nil, "SUB": "admin"},
		"SUB beside sub":   {"SUB": "admin"},
		"long s":           {"\u017fub": "admin"},
		"empty":            {"sub": ""},
		"blank":            {"sub": " \t"},
		"absent":           {"sub": nil},
		"null":             {"sub": json.RawMessage("null")},
		"a number":         {"sub": 7},
		"too long":         {"sub": strings.Repeat("a", 256)},
		"Aud beside aud":   {"Aud": oidctest.ClientID},
		"NONCE for nonce":  {"NONCE": "x"},
		"control in sub":   {"sub": "u\u0000-1"},
		"Exp far from exp": {"Exp": 99999999999},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.Claims = own
			id, refusal := h.login(h.provider())
			if refusal == nil || id != nil {
				t.Fatalf("let in as %q", id.Subject)
			}
		})
	}
}

func TestAbuse46NoSubWherePeopleAreKeyedOtherwise(t *testing.T) {
	for _, sub := range []any{"", " ", nil} {
		h := newHostile(t)
		h.Claims = entraClaims(claims{"sub": sub})
		id, refusal := h.login(h.provider(entra))
		refused(t, id, refusal, identity.Invalid, "whom it speaks of")
	}
}

func TestAbuse46Times(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		claims claims
		code   identity.Code
	}{
		"no iat":                  {claims{"iat": nil}, identity.Invalid},
		"iat as text":             {claims{"iat": "1"}, identity.Invalid},
		"iat in the future":       {claims{"iat": now.Add(3 * time.Minute).Unix()}, identity.Invalid},
		"nbf in the future":       {claims{"nbf": now.Add(3 * time.Minute).Unix()}, identity.Invalid},
		"no exp":                  {claims{"exp": nil}, identity.Expired},
		"expired beyond the skew": {claims{"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-2 * time.Minute).Unix()}, identity.Expired},
		"good for a year":         {claims{"exp": now.AddDate(1, 0, 0).Unix()}, identity.Invalid},
		"exp beyond all numbers":  {claims{"exp": json.RawMessage("1e300")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.Claims = c.claims
			id, refusal := h.login(h.provider())
			if c.code == "" && refusal != nil {
				c.code = refusal.Code // what a number becomes that is too large for one depends on the machine
			}
			refused(t, id, refusal, c.code, "")
		})
	}
	h := newHostile(t)
	h.Claims = claims{"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-time.Minute).Unix(), "nbf": now.Add(time.Minute).Unix()}
	h.welcome(h.provider()) // within the skew
}

func TestAbuse46OtherTokens(t *testing.T) {
	for name, c := range map[string]struct{ header, claims claims }{
		"an access token":             {claims{"typ": "at+jwt"}, nil},
		"an access token, long form":  {claims{"typ": "application/at+jwt"}, nil},
		"a logout token":              {claims{"typ": "logout+jwt"}, nil},
		"a logout token by its event": {nil, claims{"events": claims{logoutEvent: claims{}}}},
		"Keycloak's access token":     {nil, claims{"typ": "Bearer"}},
		"a type that is no text":      {claims{"typ": 7}, nil},
		"crit":                        {claims{"crit": []string{"b64"}, "b64": true}, nil},
		"at_hash of another":          {nil, claims{"at_hash": oidctest.Encode(make([]byte, 16))}},
		"an empty at_hash":            {nil, claims{"at_hash": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.Header, h.Claims = c.header, c.claims
			id, refusal := h.login(h.provider())
			refused(t, id, refusal, identity.Invalid, "")
		})
	}
}

func TestAbuse46TokenForm(t *testing.T) {
	for name, form := range map[string]func(token string) string{
		"JSON form": func(token string) string {
			parts := strings.Split(token, ".")
			return fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, parts[1], parts[0], parts[2])
		},
		"spaces":          func(token string) string { return strings.Replace(token, ".", ".\n", 1) },
		"five parts":      func(token string) string { return token + ".a.b" },
		"two parts":       func(token string) string { return token[:strings.LastIndex(token, ".")] },
		"padded":          func(token string) string { return token + "==" },
		"another payload": func(token string) string { return strings.Replace(token, ".", ".e", 1) },
		"not base64":      func(string) string { return "%.%.%" },
		"header no JSON":  func(token string) string { return "e" + token },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.Token = func(header, payload claims) string { return form(h.Sign(header, payload)) }
			id, refusal := h.login(h.provider())
			refused(t, id, refusal, identity.Invalid, "")
		})
	}
}

func TestAbuse46UserinfoOfSomebodyElse(t *testing.T) {
	for _, sub := range []any{"u-2", nil, "", "U-1", 7} {
		h := newHostile(t)
		h.Info = oidctest.Over(claims{"SUB": "u-1", "department": "Sales"}, claims{"sub": sub})
		id, refusal := h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "somebody else")
	}
}

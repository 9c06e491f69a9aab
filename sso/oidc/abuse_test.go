package oidc

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/identity"
)

// The rows of the catalogue that are about messages. Every one of them is refused unless it says otherwise; that a code,
// a state and a logout token are used once is for the store to see to, by what these functions hand out.

func TestAbuse33AlgNone(t *testing.T) {
	for _, alg := range []any{"none", "None", "NONE", "", nil} {
		h := newHostile(t)
		h.token = func(header, payload claims) string {
			message := encode(marshal(t, over(header, claims{"alg": alg}))) + "." + encode(marshal(t, payload))
			return message + "." + encode([]byte("x"))
		}
		id, refusal := h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "does not hold")
		h.token = func(header, payload claims) string {
			return encode(marshal(t, over(header, claims{"alg": alg}))) + "." + encode(marshal(t, payload)) + "."
		}
		id, refusal = h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "compact form")
	}
}

func TestAbuse34HS256WithThePublicKey(t *testing.T) {
	h := newHostile(t)
	der, err := x509.MarshalPKIXPublicKey(h.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	for _, secret := range [][]byte{der, text, bytes.TrimSpace(text), []byte(clientSecret)} {
		h.token = func(header, payload claims) string {
			return signHMAC(t, secret, over(header, claims{"alg": "HS256"}), payload)
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
	h.keys = append([]jose.JSONWebKey{{Key: secret, KeyID: "oct", Algorithm: "HS256"}, {Key: secret, KeyID: "k1"}}, h.keys...)
	for _, kid := range []any{"oct", "k1", nil} {
		for _, alg := range []string{"HS256", "RS256"} {
			h.token = func(header, payload claims) string {
				return signHMAC(t, secret, over(header, claims{"alg": alg, "kid": kid}), payload)
			}
			id, refusal := h.login(h.provider())
			refused(t, id, refusal, identity.Invalid, "does not hold")
		}
	}
	h.token = nil
	h.welcome(h.provider())
}

func TestAbuse35KeysThatDoNotSign(t *testing.T) {
	h := newHostile(t)
	h.keys[0].Use = "enc"
	id, refusal := h.login(h.provider())
	refused(t, id, refusal, identity.Unavailable, "none that can sign")

	h.keys[0] = jose.JSONWebKey{Key: h.key, KeyID: "k1", Use: "sig"} // its private half, published
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
		"ours and a foreign one":          {claims{"aud": []string{clientID, "other"}, "azp": clientID}, nil, "meant for \"other\" too"},
		"ours and a trusted one, no azp":  {claims{"aud": []string{clientID, "api"}}, []string{"api"}, "azp"},
		"a foreign azp":                   {claims{"azp": "other"}, nil, "azp"},
		"a foreign azp, trusted audience": {claims{"aud": []string{clientID, "api"}, "azp": "api"}, []string{"api"}, "azp"},
		"an empty azp":                    {claims{"azp": ""}, nil, "azp"},
		"an azp that is a list":           {claims{"azp": []string{clientID}}, nil, "azp"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.claims = c.claims
			id, refusal := h.login(h.provider(func(s *Settings) { s.Audiences = c.trusted }))
			refused(t, id, refusal, identity.Invalid, c.reason)
		})
	}
	h := newHostile(t)
	h.claims = claims{"aud": []string{clientID, "api"}, "azp": clientID}
	h.welcome(h.provider(func(s *Settings) { s.Audiences = []string{"api"} }))
}

func TestAbuse36WrongIssuer(t *testing.T) {
	for _, issuer := range []any{"https://evil.example", nil, ""} {
		h := newHostile(t)
		h.claims = claims{"iss": issuer}
		id, refusal := h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "issued by a different provider")
	}
	h := newHostile(t)
	h.claims = claims{"iss": h.URL + "/"}
	id, refusal := h.login(h.provider())
	refused(t, id, refusal, identity.Invalid, "issued by a different provider")
}

func TestAbuse37Nonce(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	var first string
	h.token = func(header, payload claims) string { first = h.sign(header, payload); return first }
	h.welcome(p)

	h.token = func(claims, claims) string { return first }
	id, refusal := h.login(p)
	refused(t, id, refusal, identity.Invalid, "nonce") // the first sign-in's token in the second

	h.token = nil
	for _, nonce := range []any{nil, "", "guess", 7, []string{"a"}} {
		h.claims = claims{"nonce": nonce}
		id, refusal := h.login(p)
		refused(t, id, refusal, identity.Invalid, "")
	}
}

func TestAbuse38State(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	mine, query := h.begin(p)
	other, _ := h.begin(p)
	for name, c := range map[string]struct {
		request Request
		change  func(url.Values)
		code    identity.Code
		reason  string
	}{
		"another browser's": {other, func(url.Values) {}, identity.Invalid, "state"},
		"missing":           {mine, func(q url.Values) { q.Del("state") }, identity.Invalid, "state"},
		"another":           {mine, func(q url.Values) { q.Set("state", "x") }, identity.Invalid, "state"},
		"twice":             {mine, func(q url.Values) { q.Add("state", mine.State) }, identity.Invalid, "more than once"},
		"nothing under way": {Request{Connection: "acme"}, func(q url.Values) { q.Set("state", "") }, identity.Expired, "no sign-in"},
		"an error without":  {mine, func(q url.Values) { q.Del("state"); q.Del("code"); q.Set("error", "access_denied") }, identity.Invalid, "state"},
	} {
		t.Run(name, func(t *testing.T) {
			q := url.Values{"state": query["state"], "code": query["code"], "iss": query["iss"]}
			c.change(q)
			id, refusal := p.Callback(t.Context(), q, c.request)
			refused(t, id, refusal, c.code, c.reason)
		})
	}
	if n := h.asked("/token"); n != 0 {
		t.Errorf("the code was given away %d times before the state was looked at", n)
	}
	// The request is used once in the store; the provider takes the code once, too.
	if _, refusal := p.Callback(t.Context(), query, mine); refusal != nil {
		t.Fatal(refusal)
	}
	id, refusal := p.Callback(t.Context(), query, mine)
	refused(t, id, refusal, identity.Expired, "invalid_grant")
}

func TestAbuse39CodeInjection(t *testing.T) {
	for _, lax := range []bool{false, true} {
		h := newHostile(t)
		h.lax = lax
		p := h.provider()
		_, stolen := h.begin(p) // somebody else's, on the way back
		mine, query := h.begin(p)
		query.Set("code", stolen.Get("code"))
		id, refusal := p.Callback(t.Context(), query, mine)
		if lax {
			refused(t, id, refusal, identity.Invalid, "nonce") // the provider does not look at PKCE: we look at the nonce
		} else {
			refused(t, id, refusal, identity.Expired, "invalid_grant")
		}
	}
}

func TestAbuse39PKCEDowngrade(t *testing.T) {
	h := newHostile(t)
	h.metadata = claims{"code_challenge_methods_supported": []string{"plain"}}
	_, _, refusal := h.provider().Request(t.Context(), Ask{})
	refused(t, nil, refusal, identity.Misset, "PKCE")

	h.metadata = claims{"code_challenge_methods_supported": nil} // as Entra, which has it and does not say so
	address, request, refusal := h.provider().Request(t.Context(), Ask{})
	if refusal != nil {
		t.Fatal(refusal)
	}
	q := query(t, address)
	if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || strings.Contains(address, request.Verifier) {
		t.Errorf("%s: want an S256 challenge, and no verifier", address)
	}
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestAbuse40MixUp(t *testing.T) {
	a, b := newHostile(t), newHostile(t)
	atA := a.provider(func(s *Settings) { s.Connection = "a" })
	atB := b.provider(func(s *Settings) { s.Connection = "b" })
	request, answer := a.begin(atA)

	id, refusal := atB.Callback(t.Context(), answer, request)
	refused(t, id, refusal, identity.Invalid, "began at connection")

	request.Connection = "b" // the browser was sent to A although B was chosen: A's answer at B's callback
	id, refusal = atB.Callback(t.Context(), answer, request)
	refused(t, id, refusal, identity.Invalid, "comes from")

	answer.Del("iss")
	id, refusal = atB.Callback(t.Context(), answer, request)
	refused(t, id, refusal, identity.Invalid, "does not say which provider")
	if n := a.asked("/token") + b.asked("/token"); n != 0 {
		t.Errorf("the code was given away %d times", n)
	}

	b.metadata = claims{"authorization_response_iss_parameter_supported": nil}
	id, refusal = b.provider(func(s *Settings) { s.Connection = "b" }).Callback(t.Context(), answer, request)
	refused(t, id, refusal, identity.Expired, "invalid_grant") // B does not know A's code
}

func TestAbuse41UnverifiedEmail(t *testing.T) {
	for name, c := range map[string]struct {
		verified       any
		plain, trusted bool // whether it counts, and where the connection trusts addresses
	}{
		"true":         {true, true, true},
		"false":        {false, false, false},
		"absent":       {nil, false, true},
		"the string":   {"true", false, true},
		"false string": {"false", false, false},
		"number":       {1, false, false},
		"list":         {[]bool{true}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.claims = claims{"email_verified": c.verified}
			for _, trust := range []bool{false, true} {
				id := h.welcome(h.provider(func(s *Settings) { s.TrustEmail = trust }))
				want := c.plain
				if trust {
					want = c.trusted
				}
				if len(id.Addresses) != 1 || id.Addresses[0] != (identity.Address{Value: "ann@acme.com", Vouched: want}) {
					t.Errorf("trusted %v: %+v, want vouched %v", trust, id.Addresses, want)
				}
			}
		})
	}
}

func TestAbuse41AddressesThatAreNone(t *testing.T) {
	for _, address := range []any{
		"ann@evil.com\u0000@acme.com", "ann@evil.com,ann@acme.com", "\"ann@evil.com \"@acme.com", "Ann <ann@acme.com>", "ann@acme.com\r\nBcc: x@y.z", "ann", "@acme.com", "ann@", "ann@acme.com.",
		"ann@acme.com ", "ann@acme\u200b.com", 7, claims{"a": "b"},
	} {
		h := newHostile(t)
		h.claims = claims{"email": address}
		if id := h.welcome(h.provider()); len(id.Addresses) != 0 {
			t.Errorf("%q is an address: %+v", address, id.Addresses)
		}
	}
}

func TestAbuse42IssuerMismatch(t *testing.T) {
	for _, c := range []struct{ theirs, ours, reason string }{
		{"/", "", "slash at the end"},
		{"", "/", "slash at the end"},
		{"/other", "", "calls itself"},
		{"/{tenantid}/v2.0", "", "all tenants"},
	} {
		h := newHostile(t)
		h.metadata = claims{"issuer": h.URL + c.theirs}
		p := h.provider(func(s *Settings) { s.Issuer = h.URL + c.ours })
		_, _, refusal := p.Request(t.Context(), Ask{})
		refused(t, nil, refusal, identity.Misset, c.reason)
		if found := p.Examine(t.Context()); len(found) != 1 || found[0].Weight != Problem || !strings.Contains(found[0].Text, c.reason) {
			t.Errorf("%+v, want the one problem: %s", found, c.reason)
		}
	}
}

func TestAbuse43KeyRotation(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	h.welcome(p)
	if n := h.asked("/keys"); n != 1 {
		t.Fatalf("%d fetches for the first sign-in, want 1", n)
	}

	h.pass(time.Minute)
	h.key, h.kid = rsaKey(t, "k2"), "k2"
	h.keys = []jose.JSONWebKey{{Key: h.key.Public(), KeyID: "k2", Algorithm: "RS256"}}
	for range 3 {
		h.welcome(p)
	}
	if n := h.asked("/keys"); n != 2 {
		t.Errorf("%d fetches after the rotation, want 2", n)
	}

	h.key, h.kid = rsaKey(t, "k1"), "k1" // the old key, which the provider has withdrawn
	id, refusal := h.login(p)
	refused(t, id, refusal, identity.Invalid, "no key")
}

func TestAbuse43KidFloodIsBounded(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	h.welcome(p)
	h.pass(time.Minute)
	stranger := ecKey(t)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			// Anybody can post here; half of them hang up at once.
			ctx, hangUp := contextOf(t, i%2 == 0)
			defer hangUp()
			if _, refusal := p.BackChannelLogout(ctx, sign(t, stranger, claims{"alg": "ES256", "kid": fmt.Sprint("flood-", i)}, claims{"jti": "x"})); refusal == nil {
				t.Error("a stranger's logout token was accepted")
			}
		})
	}
	all.Wait()
	if n := h.asked("/keys"); n != 2 {
		t.Errorf("%d fetches for 200 unknown kids within ten seconds, want 1 beside the first", n-1)
	}
	// The flood does not keep a new key out: whoever comes next after ten seconds gets it.
	h.pass(gap)
	h.key, h.kid = rsaKey(t, "k2"), "k2"
	h.keys = []jose.JSONWebKey{{Key: h.key.Public(), KeyID: "k2"}}
	h.welcome(p)
}

func TestAbuse45HugeAnswers(t *testing.T) {
	huge := strings.Repeat("x", largestDocument)
	for path, code := range map[string]identity.Code{"/.well-known/openid-configuration": identity.Unavailable, "/keys": identity.Unavailable, "/userinfo": identity.Unavailable} {
		h := newHostile(t)
		h.info = claims{"sub": "u-1"}
		h.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == path {
				h.write(w, claims{"issuer": h.URL, "keys": []any{}, "sub": "u-1", "padding": huge})
			}
			return r.URL.Path == path
		}
		p := h.provider()
		address, request, refusal := p.Request(t.Context(), Ask{})
		var id *identity.Identity
		if refusal == nil {
			id, refusal = p.Callback(t.Context(), h.consent(address), *request)
		}
		refused(t, id, refusal, code, "larger than")
	}
}

func TestAbuse45HugeToken(t *testing.T) {
	h := newHostile(t)
	h.claims = claims{"padding": strings.Repeat("x", longestToken)}
	id, refusal := h.login(h.provider())
	refused(t, id, refusal, identity.Invalid, "more than 64 KiB")

	h.token = func(header, _ claims) string {
		return sign(t, h.key, header, json.RawMessage(`{"sub":"u-1","deep":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`}`))
	}
	id, refusal = h.login(h.provider())
	refused(t, id, refusal, identity.Invalid, "")
}

func TestAbuse45SlowProvider(t *testing.T) {
	h := newHostile(t)
	release := make(chan struct{})
	defer close(release)
	h.answer = func(http.ResponseWriter, *http.Request) bool { <-release; return true }
	client := *h.Client()
	client.Timeout = 50 * time.Millisecond
	p, err := New(h.settings(), &client, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, refusal := p.Request(t.Context(), Ask{})
	refused(t, nil, refusal, identity.Unavailable, "in time")
}

func TestAbuse45ManyKeys(t *testing.T) {
	h := newHostile(t)
	h.keys = nil
	for i := range 200 {
		h.keys = append(h.keys, jose.JSONWebKey{Key: rsaKey(t, "k2").Public(), KeyID: fmt.Sprint("n", i)})
	}
	h.header = claims{"kid": nil}
	p := h.provider()
	id, refusal := h.login(p)
	refused(t, id, refusal, identity.Invalid, "no key")
	if k, err := p.keys.get(t.Context()); err != nil || len(k.all) != mostKeys {
		t.Errorf("%d keys are held, %v; want %d", len(k.all), err, mostKeys)
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
		"Aud beside aud":   {"Aud": clientID},
		"NONCE for nonce":  {"NONCE": "x"},
		"control in sub":   {"sub": "u\u0000-1"},
		"Exp far from exp": {"Exp": 99999999999},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.claims = own
			id, refusal := h.login(h.provider())
			if refusal == nil || id != nil {
				t.Fatalf("let in as %q", id.Subject)
			}
		})
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
			h.claims = c.claims
			id, refusal := h.login(h.provider())
			if c.code == "" && refusal != nil {
				c.code = refusal.Code // what a number becomes that is too large for one depends on the machine
			}
			refused(t, id, refusal, c.code, "")
		})
	}
	h := newHostile(t)
	h.claims = claims{"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-time.Minute).Unix(), "nbf": now.Add(time.Minute).Unix()}
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
		"at_hash of another":          {nil, claims{"at_hash": encode(make([]byte, 16))}},
		"an empty at_hash":            {nil, claims{"at_hash": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.header, h.claims = c.header, c.claims
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
			h.token = func(header, payload claims) string { return form(h.sign(header, payload)) }
			id, refusal := h.login(h.provider())
			refused(t, id, refusal, identity.Invalid, "")
		})
	}
}

func TestAbuse46UserinfoOfSomebodyElse(t *testing.T) {
	for _, sub := range []any{"u-2", nil, "", "U-1", 7} {
		h := newHostile(t)
		h.info = over(claims{"SUB": "u-1", "department": "Sales"}, claims{"sub": sub})
		id, refusal := h.login(h.provider())
		refused(t, id, refusal, identity.Invalid, "somebody else")
	}
}

package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

// The rows of the catalogue that are about messages. Every one of them is refused unless it says otherwise; that a code,
// a state and a logout token are used once is for the store to see to, by what these functions hand out.

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
		"no code":           {mine, func(q url.Values) { q.Del("code") }, identity.Invalid, "no code"},
		"a huge code":       {mine, func(q url.Values) { q.Set("code", strings.Repeat("x", longestCode+1)) }, identity.Invalid, "no code"},
		"an error without":  {mine, func(q url.Values) { q.Del("state"); q.Del("code"); q.Set("error", "access_denied") }, identity.Invalid, "state"},
	} {
		t.Run(name, func(t *testing.T) {
			q := url.Values{"state": query["state"], "code": query["code"], "iss": query["iss"]}
			c.change(q)
			id, refusal := p.Callback(t.Context(), q, c.request)
			refused(t, id, refusal, c.code, c.reason)
		})
	}
	if n := h.Asked("/token"); n != 0 {
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
		h.Lax = lax
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
	h.Metadata = claims{"code_challenge_methods_supported": []string{"plain"}}
	_, _, refusal := h.provider().Request(t.Context(), Ask{})
	refused(t, nil, refusal, identity.Misset, "PKCE")

	h.Metadata = claims{"code_challenge_methods_supported": nil} // as Entra, which has it and does not say so
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
	if n := a.Asked("/token") + b.Asked("/token"); n != 0 {
		t.Errorf("the code was given away %d times", n)
	}

	b.Metadata = claims{"authorization_response_iss_parameter_supported": nil}
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
			h.Claims = claims{"email_verified": c.verified}
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
		"ann@acme.com ", "ann@acme\u200b.com", 7,
		claims{"a": "b"},
	} {
		h := newHostile(t)
		h.Claims = claims{"email": address}
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
		h.Metadata = claims{"issuer": h.URL + c.theirs}
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
	if n := h.Asked("/keys"); n != 1 {
		t.Fatalf("%d fetches for the first sign-in, want 1", n)
	}

	h.Pass(time.Minute)
	h.Key, h.KID = oidctest.RSA(t, "k2"), "k2"
	h.Keys = []jose.JSONWebKey{{Key: h.Key.Public(), KeyID: "k2", Algorithm: "RS256"}}
	for range 3 {
		h.welcome(p)
	}
	if n := h.Asked("/keys"); n != 2 {
		t.Errorf("%d fetches after the rotation, want 2", n)
	}

	h.Key, h.KID = oidctest.RSA(t, "k1"), "k1" // the old key, which the provider has withdrawn
	id, refusal := h.login(p)
	refused(t, id, refusal, identity.Invalid, "no key")
}

func TestAbuse43KidFloodIsBounded(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	h.welcome(p)
	h.Pass(time.Minute)
	stranger := oidctest.ECDSA(t)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			// Anybody can post here; half of them hang up at once.
			ctx, hangUp := contextOf(t, i%2 == 0)
			defer hangUp()
			if _, refusal := p.BackChannelLogout(ctx, oidctest.Sign(t, stranger, claims{"alg": "ES256", "kid": fmt.Sprint("flood-", i)}, claims{"jti": "x"})); refusal == nil {
				t.Error("a stranger's logout token was accepted")
			}
		})
	}
	all.Wait()
	if n := h.Asked("/keys"); n != 2 {
		t.Errorf("%d fetches for 200 unknown kids within ten seconds, want 1 beside the first", n-1)
	}
	// The flood does not keep a new key out: whoever comes next after ten seconds gets it.
	h.Pass(gap)
	h.Key, h.KID = oidctest.RSA(t, "k2"), "k2"
	h.Keys = []jose.JSONWebKey{{Key: h.Key.Public(), KeyID: "k2"}}
	h.welcome(p)
}

// TestAbuse43HangingUp: whoever asks and hangs up uses up the attempt, and not its fruit.
func TestAbuse43HangingUp(t *testing.T) {
	h := newHostile(t)
	p := h.provider()
	h.welcome(p)
	h.Pass(time.Minute)
	h.Key, h.KID = oidctest.RSA(t, "k2"), "k2"
	h.Keys = []jose.JSONWebKey{{Key: h.Key.Public(), KeyID: "k2"}}
	ctx, hangUp := contextOf(t, false)
	defer hangUp()
	h.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/keys" {
			hangUp()
			select {
			case <-r.Context().Done(): // the fetch was given up
			case <-time.After(50 * time.Millisecond):
			}
		}
		return false
	}
	_, _ = p.BackChannelLogout(ctx, oidctest.Sign(t, oidctest.ECDSA(t), claims{"alg": "ES256", "kid": "flood"}, claims{"jti": "x"}))
	h.welcome(p)
	if n := h.Asked("/keys"); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}
}

func TestAbuse45HugeAnswers(t *testing.T) {
	huge := strings.Repeat("x", largestDocument)
	for path, code := range map[string]identity.Code{"/.well-known/openid-configuration": identity.Unavailable, "/keys": identity.Unavailable, "/userinfo": identity.Unavailable} {
		h := newHostile(t)
		h.Info = claims{"sub": "u-1"}
		h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == path {
				h.Write(w, claims{"issuer": h.URL, "keys": []any{}, "sub": "u-1", "padding": huge})
			}
			return r.URL.Path == path
		}
		p := h.provider()
		address, request, refusal := p.Request(t.Context(), Ask{})
		var id *identity.Identity
		if refusal == nil {
			id, refusal = p.Callback(t.Context(), h.Consent(address), *request)
		}
		refused(t, id, refusal, code, "larger than")
	}
}

func TestAbuse45HugeToken(t *testing.T) {
	h := newHostile(t)
	h.Claims = claims{"padding": strings.Repeat("x", longestToken)}
	id, refusal := h.login(h.provider())
	refused(t, id, refusal, identity.Invalid, "more than 64 KiB")

	h.Token = func(header, _ claims) string {
		return oidctest.Sign(t, h.Key, header, json.RawMessage(`{"sub":"u-1","deep":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`}`))
	}
	id, refusal = h.login(h.provider())
	refused(t, id, refusal, identity.Invalid, "")
}

func TestAbuse45SlowProvider(t *testing.T) {
	h := newHostile(t)
	release := make(chan struct{})
	defer close(release)
	h.Answer = func(http.ResponseWriter, *http.Request) bool { <-release; return true }
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
	h.Keys = nil
	for i := range 200 {
		h.Keys = append(h.Keys, jose.JSONWebKey{Key: oidctest.RSA(t, "k2").Public(), KeyID: fmt.Sprint("n", i)})
	}
	h.Header = claims{"kid": nil}
	p := h.provider()
	id, refusal := h.login(p)
	refused(t, id, refusal, identity.Invalid, "no key")
	if k, err := p.keys.get(t.Context()); err != nil || len(k.all) != mostKeys {
		t.Errorf("%d keys are held, %v; want %d", len(k.all), err, mostKeys)
	}
}

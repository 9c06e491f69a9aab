package oidc

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/oidc/oidctest"
)

// still is a provider without a network and with a clock that stands still.
func still(t testing.TB, key ed25519.PrivateKey, change ...func(*Settings)) *Provider {
	t.Helper()
	const issuer = "https://idp.example"
	documents := map[string][]byte{
		configuration: oidctest.Marshal(t, claims{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/keys",
		}),
		"/keys": oidctest.Marshal(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1"}}}),
	}
	client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(documents[r.URL.Path])), Request: r}, nil
	})}
	s := Settings{Connection: "acme", Issuer: issuer, ClientID: oidctest.ClientID, ClientSecret: "s", RedirectURI: redirectURI}
	for _, c := range change {
		c(&s)
	}
	p, err := New(s, client, func() time.Time { return time.Unix(1_800_000_000, 0) })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// FuzzIDToken holds tokens with any header and any claims, properly signed, and texts that are no tokens, against what
// must be true of everybody who gets in.
func FuzzIDToken(f *testing.F) {
	_, key, err := ed25519.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		f.Fatal(err)
	}
	header := `{"alg":"EdDSA","kid":"k1","typ":"JWT"}`
	const good = `{"iss":"https://idp.example","sub":"u-1","aud":"usher-client","nonce":"n","iat":1799999990,"exp":1800000300,"email":"ann@acme.com","email_verified":true`
	for _, more := range []string{
		`}`, `,"SUB":"admin"}`, `,"sub":"u-2"}`, `,"aud":["usher-client","other"],"azp":"usher-client"}`, `,"email_verified":"true"}`, `,"EMAIL_VERIFIED":true,"email_verified":false}`,
		`,"groups":["a"],"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://g"}}}`, `,"hasgroups":true}`, `,"exp":1e300}`, `,"iat":"1"}`,
		`,"at_hash":"AAAA"}`, `,"events":{"http://schemas.openid.net/event/backchannel-logout":{}}}`, `,"tid":"t","oid":"o","xms_edov":"1"}`, `,"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}`,
		`,"email":"\"ann@evil.com \"@acme.com"}`, `,"nonce":["n"]}`, `,"auth_time":-1,"acr":[1]}`, `} {}`, `,"sub":"u\u0000"}`, `,"ſub":"x"}`,
	} {
		f.Add(header, good+more, "")
	}
	for _, other := range []string{`{"alg":"none"}`, `{"alg":"HS256","kid":"k1"}`, `{"alg":"EdDSA","typ":"at+jwt"}`, `{"alg":"EdDSA","crit":["b64"],"b64":false}`, `{"alg":"EdDSA","kid":7}`, `{}`, `[]`, ``} {
		f.Add(other, good+"}", "")
	}
	for _, raw := range []string{"", ".", "..", "a.b.c", "a.b.c.d.e", `{"payload":"e30","signatures":[{},{}]}`, strings.Repeat("A", longestToken), "eyJhbGciOiJub25lIn0.e30."} {
		f.Add("", "", raw)
	}
	providers := []*Provider{still(f, key), still(f, key, entra)}
	f.Fuzz(func(t *testing.T, header, payload, raw string) {
		token := raw
		if raw == "" {
			token = oidctest.Sign(t, key, json.RawMessage(header), json.RawMessage(payload))
		}
		for _, p := range providers {
			m, refusal := p.known(context.Background())
			if refusal != nil {
				t.Fatal(refusal)
			}
			id, refusal := p.identify(t.Context(), m, tokens{id: token, access: "access"}, Request{Connection: "acme", Nonce: "n"})
			if (id == nil) == (refusal == nil) {
				t.Fatalf("an identity %v and a refusal %v", id, refusal)
			}
			if refusal != nil {
				if refusal.Reason == "" || refusal.Code == "" || strings.ContainsAny(refusal.Reason, "\x00\x1b\n") {
					t.Errorf("refused as %q: %q", refusal.Code, refusal.Reason)
				}
				continue
			}
			var said map[string]any
			if err := json.Unmarshal([]byte(payload), &said); err != nil || raw != "" {
				t.Fatalf("let in by %q, %q, %q: %v", header, payload, raw, err)
			}
			audience, _ := said["aud"].([]any)
			if said["sub"] != id.Sub || id.Subject == "" || said["nonce"] != "n" || said["iss"] != p.settings.Issuer || said["aud"] != oidctest.ClientID && !slices.Contains(audience, any(oidctest.ClientID)) {
				t.Errorf("let in as %q by %s", id.Subject, payload)
			}
			for _, address := range id.Addresses {
				if address.Vouched && p.settings.Kind == Generic && said["email_verified"] != true || strings.Count(address.Value, "@") != 1 {
					t.Errorf("%+v by %s", address, payload)
				}
			}
		}
	})
}

// FuzzLogoutToken holds logout tokens with any claims, properly signed, against what must be true of each that counts.
func FuzzLogoutToken(f *testing.F) {
	_, key, err := ed25519.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		f.Fatal(err)
	}
	const good = `{"iss":"https://idp.example","aud":"usher-client","iat":1799999990,"exp":1800000100,"jti":"j","sub":"u-1","events":{"http://schemas.openid.net/event/backchannel-logout":{}}`
	for _, more := range []string{`}`, `,"sid":"s"}`, `,"nonce":"n"}`, `,"Nonce":null}`, `,"EVENTS":{}}`, `,"events":null}`, `,"jti":""}`, `,"sub":""}`, `,"exp":1e300}`, `,"iat":0}`} {
		f.Add(good + more)
	}
	p := still(f, key)
	f.Fuzz(func(t *testing.T, payload string) {
		out, refusal := p.BackChannelLogout(t.Context(), oidctest.Sign(t, key, claims{"alg": "EdDSA", "kid": "k1"}, json.RawMessage(payload)))
		if (out == nil) == (refusal == nil) {
			t.Fatalf("a logout %v and a refusal %v", out, refusal)
		}
		if refusal != nil {
			return
		}
		if out.TokenID == "" || out.Sub == "" && out.Session == "" || out.Until.Before(p.now()) || out.Until.Sub(p.now()) > logoutAge+2*largestSkew {
			t.Errorf("%+v by %s", out, payload)
		}
	})
}

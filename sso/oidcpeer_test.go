package sso_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/trust"
)

// oidcPeer is an OpenID provider that says what a test wants.
type oidcPeer struct {
	*world
	connection string
	server     *httptest.Server
	provider   *oidc.Provider
	urls       trust.URLs
	codes      map[string]url.Values // the request that a code answers
	claims     map[string]any        // of everybody's next token, beside the usual ones
	exchanges  int                   // of codes for tokens
}

func newOIDCPeer(w *world, connection string) *oidcPeer {
	p := &oidcPeer{world: w, connection: connection, urls: trust.URLsOf(w.url, connection), codes: map[string]url.Values{}, claims: map[string]any{}}
	p.server = httptest.NewServer(p)
	w.t.Cleanup(p.server.Close)
	var err error
	p.provider, err = oidc.New(oidc.Settings{
		Connection: connection, Issuer: p.server.URL, ClientID: "usher", ClientSecret: "secret of a test", RedirectURI: p.urls.Callback, AllowHTTP: true,
	}, p.server.Client(), func() time.Time { return w.now })
	w.must(err)
	return p
}

func (p *oidcPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	u := p.server.URL
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": u, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "jwks_uri": u + "/keys",
			"end_session_endpoint": u + "/logout", "response_types_supported": []string{"code"}, "id_token_signing_alg_values_supported": []string{"RS256"},
			"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
		})
	case "/keys":
		key := jose.JSONWebKey{Key: peerKey().Certificate.PublicKey, KeyID: "k1", Algorithm: "RS256", Use: "sig"}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})
	case "/token":
		p.exchange(w, r)
	}
}

func (p *oidcPeer) exchange(w http.ResponseWriter, r *http.Request) {
	p.exchanges++
	asked, known := p.codes[r.FormValue("code")]
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !known || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	delete(p.codes, r.FormValue("code"))
	email := asked.Get("email of a test")
	name, _, _ := strings.Cut(email, "@")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": "access", "token_type": "Bearer", "expires_in": 300,
		"id_token": p.token(map[string]any{
			"sub": name, "nonce": asked.Get("nonce"), "email": email, "email_verified": true, "name": name, "sid": "session-" + name,
		}),
	})
}

// token signs claims, beside the usual ones and those that the test wants.
func (p *oidcPeer) token(claims map[string]any) string {
	all := map[string]any{
		"iss": p.server.URL, "aud": "usher", "iat": p.now.Unix(), "exp": p.now.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(all, claims)
	maps.Copy(all, p.claims)
	text, err := json.Marshal(all)
	p.must(err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: peerKey().Key, KeyID: "k1"}}, nil)
	p.must(err)
	signed, err := signer.Sign(text)
	p.must(err)
	out, err := signed.CompactSerialize()
	p.must(err)
	return out
}

// logoutToken is a token by which the provider signs somebody out.
func (p *oidcPeer) logoutToken(name, session string) string {
	claims := map[string]any{"sub": name, "jti": "jti-" + name + session, "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}
	if session != "" {
		claims["sid"] = session
	}
	return p.token(claims)
}

// start begins a sign-in, and returns what the provider is asked.
func (p *oidcPeer) start(b *browser, query string) url.Values {
	p.t.Helper()
	return p.asks(b.get("/sso/" + p.connection + "/login" + query))
}

func (p *oidcPeer) asks(a *answer) url.Values {
	p.t.Helper()
	a.want(http.StatusSeeOther)
	if !strings.HasPrefix(a.location, p.server.URL+"/authorize?") {
		p.t.Fatalf("it leads to %s and not to %s", a.location, p.server.URL)
	}
	u, err := url.Parse(a.location)
	p.must(err)
	return u.Query()
}

// answer returns the address to which the provider sends the browser of somebody who signed in.
func (p *oidcPeer) answer(asked url.Values, email string) string {
	code := "code-" + asked.Get("state")
	asked.Set("email of a test", email)
	p.codes[code] = asked
	return p.urls.Callback + "?" + url.Values{"code": {code}, "state": {asked.Get("state")}}.Encode()
}

// signIn goes the whole way of somebody.
func (p *oidcPeer) signIn(b *browser, email, query string) *answer {
	p.t.Helper()
	return b.get(p.answer(p.start(b, query), email))
}

package oidctest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Who usher is to the provider.
const (
	ClientID     = "usher-client"
	ClientSecret = "s3cr3t+/%"
)

// Claims are what a test puts into a document or a token, or takes out of it with nil.
type Claims = map[string]any

// Provider is a provider on loopback. Its fields say what it does from then on.
type Provider struct {
	*httptest.Server

	Keys     []jose.JSONWebKey                                 // what is published
	Key      crypto.Signer                                     // what is signed with
	KID      string                                            // what tokens call that key
	Metadata Claims                                            // put over the usual metadata
	Claims   Claims                                            // put over the usual claims
	Header   Claims                                            // put over the usual header
	Info     Claims                                            // userinfo; none when nil
	Token    func(header, payload Claims) string               // makes the ID token; signs it when nil
	Answer   func(w http.ResponseWriter, r *http.Request) bool // answers in the provider's place
	Lax      bool                                              // PKCE is not looked at

	t      testing.TB
	offset atomic.Int64 // of the clock that both sides believe in, from the machine's
	mu     sync.Mutex
	hits   map[string]int
	codes  map[string]url.Values // the requests that codes were given out for
}

// New starts a provider that does nothing wrong, and ends with the test.
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{t: t, hits: map[string]int{}, codes: map[string]url.Values{}, KID: "k1", Key: RSA(t, "k1")}
	p.Keys = []jose.JSONWebKey{{Key: p.Key.Public(), KeyID: "k1", Use: "sig", Algorithm: "RS256"}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// Now is the instant that both sides believe in.
func (p *Provider) Now() time.Time { return time.Now().Add(time.Duration(p.offset.Load())) }

// Pass lets time pass.
func (p *Provider) Pass(d time.Duration) { p.offset.Add(int64(d)) }

// Asked returns how often a path was asked for.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits[path]
}

// Change changes what the provider does while it may be asked.
func (p *Provider) Change(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// ServeHTTP is the whole provider, but for the pages that people see there.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hits[r.URL.Path]++
	if p.Answer != nil && p.Answer(w, r) {
		return
	}
	w.Header().Set("Date", p.Now().UTC().Format(http.TimeFormat))
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.Write(w, Over(p.metadata(), p.Metadata))
	case "/keys":
		p.Write(w, jose.JSONWebKeySet{Keys: p.Keys})
	case "/token":
		p.exchange(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.Write(w, p.Info)
	default:
		http.NotFound(w, r)
	}
}

// metadata are those of OpenID Connect Discovery 1.0, section 3.
func (p *Provider) metadata() Claims {
	usual := Claims{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize?tenant=acme", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"end_session_endpoint": p.URL + "/logout", "response_types_supported": []string{"code"},
		"code_challenge_methods_supported": []string{"S256"}, "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		"scopes_supported": []string{"openid", "profile", "email"}, "authorization_response_iss_parameter_supported": true, "backchannel_logout_supported": true,
	}
	if p.Info != nil {
		usual["userinfo_endpoint"] = p.URL + "/userinfo"
	}
	return usual
}

// exchange is the token endpoint. A code counts once, for the address that it was sent to.
func (p *Provider) exchange(w http.ResponseWriter, r *http.Request) {
	if id, secret, _ := r.BasicAuth(); id != ClientID || secret != url.QueryEscape(ClientSecret) {
		p.refuse(w, "invalid_client")
		return
	}
	asked, ok := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || !p.Lax && asked.Get("code_challenge") != Encode(challenge[:]) || r.FormValue("redirect_uri") != asked.Get("redirect_uri") {
		p.refuse(w, "invalid_grant")
		return
	}
	p.Write(w, Claims{"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": p.IDToken(asked.Get("nonce"))})
}

func (p *Provider) refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	p.Write(w, Claims{"error": code, "error_description": "no\x1b[31m"})
}

// Write answers with JSON.
func (p *Provider) Write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(Marshal(p.t, v))
}

// Consent is the person who signs in, after the browser was sent to an address: it returns what the browser brings back.
func (p *Provider) Consent(address string) url.Values {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := rand.Text()
	p.codes[code] = u.Query()
	return url.Values{"state": {u.Query().Get("state")}, "code": {code}, "iss": {p.URL}}
}

// IDToken makes the ID token of a sign-in.
func (p *Provider) IDToken(nonce string) string {
	payload := Over(Claims{
		"iss": p.URL, "sub": "u-1", "aud": ClientID, "nonce": nonce, "iat": p.Now().Unix(), "exp": p.Now().Add(time.Hour).Unix(),
		"email": "ann@acme.com", "email_verified": true, "name": "Ann Ash",
	}, p.Claims)
	header := Over(Claims{"alg": "RS256", "kid": p.KID, "typ": "JWT"}, p.Header)
	if p.Token != nil {
		return p.Token(header, payload)
	}
	return p.Sign(header, payload)
}

// LogoutToken makes a logout token, changed as a test wants it (OpenID Connect Back-Channel Logout 1.0, section 2.4).
func (p *Provider) LogoutToken(header, own Claims) string {
	now := p.Now()
	return p.Sign(Over(Claims{"alg": "RS256", "kid": p.KID, "typ": "logout+jwt"}, header), Over(Claims{
		"iss": p.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": "j-1",
		"sub": "u-1", "sid": "s-1", "events": Claims{"http://schemas.openid.net/event/backchannel-logout": Claims{}},
	}, own))
}

// Sign makes a token with the key in force, by the algorithm that the header names.
func (p *Provider) Sign(header, payload any) string { return Sign(p.t, p.Key, header, payload) }

// Over puts some claims over others; nil takes one away.
func Over(usual, own Claims) Claims {
	out := maps.Clone(usual)
	maps.Copy(out, own)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

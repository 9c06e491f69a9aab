package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/identity"
)

// claims are what a test puts into a token, or takes out of it with nil.
type claims = map[string]any

// hostile is a provider on loopback that does as it is told, right or wrong.
type hostile struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	offset   time.Duration // of the clock that both sides believe in
	hits     map[string]int
	codes    map[string]url.Values // the requests that codes were given out for
	keys     []jose.JSONWebKey     // what is published
	key      crypto.Signer         // what is signed with
	kid      string
	metadata claims                                            // put over the usual metadata
	claims   claims                                            // put over the usual claims
	header   claims                                            // put over the usual header
	info     claims                                            // userinfo; none when nil
	token    func(header, payload claims) string               // makes the ID token; signs it when nil
	answer   func(w http.ResponseWriter, r *http.Request) bool // answers in the provider's place
	lax      bool                                              // PKCE is not looked at
}

func rsaKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	generated.Lock()
	defer generated.Unlock()
	if generated.keys[name] == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		generated.keys[name] = key
	}
	return generated.keys[name]
}

var generated = struct {
	sync.Mutex
	keys map[string]*rsa.PrivateKey
}{keys: map[string]*rsa.PrivateKey{}}

const clientID, clientSecret, redirectURI = "usher-client", "s3cr3t+/%", "https://usher.example/sso/acme/oidc/callback"

func newHostile(t testing.TB) *hostile {
	t.Helper()
	h := &hostile{t: t, hits: map[string]int{}, codes: map[string]url.Values{}, kid: "k1", key: rsaKey(t, "k1")}
	h.keys = []jose.JSONWebKey{{Key: h.key.Public(), KeyID: "k1", Use: "sig", Algorithm: "RS256"}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hostile) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at()
}

func (h *hostile) at() time.Time { return time.Now().Add(h.offset) }

func (h *hostile) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offset += d
}

func (h *hostile) asked(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hits[path]
}

// settings are those of a connection to this provider, changed as a test wants them.
func (h *hostile) settings(change ...func(*Settings)) Settings {
	s := Settings{
		Connection: "acme", Issuer: h.URL, ClientID: clientID, ClientSecret: clientSecret, RedirectURI: redirectURI, AllowHTTP: true,
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

// provider is the connection's end.
func (h *hostile) provider(change ...func(*Settings)) *Provider {
	h.t.Helper()
	p, err := New(h.settings(change...), h.Client(), h.now)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hits[r.URL.Path]++
	if h.answer != nil && h.answer(w, r) {
		return
	}
	w.Header().Set("Date", h.at().UTC().Format(http.TimeFormat))
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		h.write(w, over(claims{
			"issuer": h.URL, "authorization_endpoint": h.URL + "/authorize?tenant=acme", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/keys",
			"userinfo_endpoint": h.userinfo(), "end_session_endpoint": h.URL + "/logout", "response_types_supported": []string{"code"},
			"code_challenge_methods_supported": []string{"S256"}, "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
			"scopes_supported": []string{"openid", "profile", "email"}, "authorization_response_iss_parameter_supported": true, "backchannel_logout_supported": true,
		}, h.metadata))
	case "/keys":
		h.write(w, jose.JSONWebKeySet{Keys: h.keys})
	case "/token":
		h.exchange(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.write(w, h.info)
	default:
		http.NotFound(w, r)
	}
}

func (h *hostile) userinfo() any {
	if h.info == nil {
		return nil
	}
	return h.URL + "/userinfo"
}

// exchange is the token endpoint.
func (h *hostile) exchange(w http.ResponseWriter, r *http.Request) {
	if id, secret, _ := r.BasicAuth(); id != clientID || secret != url.QueryEscape(clientSecret) {
		h.refuse(w, "invalid_client")
		return
	}
	asked, ok := h.codes[r.FormValue("code")]
	delete(h.codes, r.FormValue("code"))
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || !h.lax && asked.Get("code_challenge") != encode(challenge[:]) || r.FormValue("redirect_uri") != redirectURI {
		h.refuse(w, "invalid_grant")
		return
	}
	h.write(w, claims{"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": h.idToken(asked.Get("nonce"))})
}

func (h *hostile) refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	h.write(w, claims{"error": code, "error_description": "no\x1b[31m"})
}

// idToken makes the ID token of a sign-in.
func (h *hostile) idToken(nonce string) string {
	payload := over(claims{
		"iss": h.URL, "sub": "u-1", "aud": clientID, "nonce": nonce, "iat": h.at().Unix(), "exp": h.at().Add(time.Hour).Unix(),
		"email": "ann@acme.com", "email_verified": true, "name": "Ann Ash",
	}, h.claims)
	header := over(claims{"alg": "RS256", "kid": h.kid, "typ": "JWT"}, h.header)
	if h.token != nil {
		return h.token(header, payload)
	}
	return h.sign(header, payload)
}

// sign makes a token with the key in force, by the algorithm that the header names.
func (h *hostile) sign(header, payload claims) string { return sign(h.t, h.key, header, payload) }

func sign(t testing.TB, key crypto.Signer, header, payload any) string {
	t.Helper()
	message := encode(marshal(t, header)) + "." + encode(marshal(t, payload))
	digest := sha256.Sum256([]byte(message))
	var signature []byte
	var err error
	switch key := key.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if h, ok := header.(claims); ok && h["alg"] == "PS256" {
			signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], nil)
		}
	case *ecdsa.PrivateKey:
		r, s, signErr := ecdsa.Sign(rand.Reader, key, digest[:])
		signature, err = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), signErr
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, []byte(message))
	}
	if err != nil {
		t.Fatal(err)
	}
	return message + "." + encode(signature)
}

// signHMAC makes a token by HS256.
func signHMAC(t testing.TB, secret []byte, header, payload claims) string {
	message := encode(marshal(t, header)) + "." + encode(marshal(t, payload))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(message))
	return message + "." + encode(mac.Sum(nil))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	if raw, ok := v.(json.RawMessage); ok {
		return raw
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (h *hostile) write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(marshal(h.t, v))
}

// over puts some claims over others; nil takes one away.
func over(usual, own claims) claims {
	out := maps.Clone(usual)
	maps.Copy(out, own)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

// begin sends a browser away, and returns what is remembered and what the browser brings back.
func (h *hostile) begin(p *Provider) (Request, url.Values) {
	h.t.Helper()
	address, request, refusal := p.Request(h.t.Context(), Ask{})
	if refusal != nil {
		h.t.Fatal(refusal)
	}
	return *request, h.consent(address)
}

// consent is the person who signs in at the provider.
func (h *hostile) consent(address string) url.Values {
	h.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	code := rand.Text()
	h.codes[code] = u.Query()
	return url.Values{"state": {u.Query().Get("state")}, "code": {code}, "iss": {h.URL}}
}

// login is one whole sign-in.
func (h *hostile) login(p *Provider) (*identity.Identity, *identity.Refusal) {
	h.t.Helper()
	request, query := h.begin(p)
	return p.Callback(h.t.Context(), query, request)
}

// welcome is a sign-in that has to succeed.
func (h *hostile) welcome(p *Provider) *identity.Identity {
	h.t.Helper()
	id, refusal := h.login(p)
	if refusal != nil {
		h.t.Fatalf("refused as %s: %s (%v)", refusal.Code, refusal.Reason, refusal.Err)
	}
	return id
}

// refused checks that a sign-in was refused, for this reason.
func refused(t *testing.T, id *identity.Identity, refusal *identity.Refusal, code identity.Code, reason string) {
	t.Helper()
	switch {
	case refusal == nil:
		t.Errorf("let in: %+v", id)
	case id != nil:
		t.Error("an identity and a refusal at once")
	case refusal.Code != code || !strings.Contains(refusal.Reason, reason):
		t.Errorf("refused as %s: %q, want %s: …%s…", refusal.Code, refusal.Reason, code, reason)
	case strings.ContainsAny(refusal.Reason, "\x1b\n") || strings.Contains(refusal.Error(), "s3cr3t"):
		t.Errorf("the reason %q is not fit to show", refusal.Reason)
	}
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

package abuse_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// application is one that signs people in through the server.
type application struct{ *world }

const applicationURI = "https://atlas.example/callback"

// client is its setting in usher.yaml, for newWorld.
const client = "operator: clients: [{id: atlas, name: Atlas, redirect_uris: [" + applicationURI + "]}]"

// code gets a code for who is signed in at a browser, and the verifier that goes with it.
func (a application) code(b *browser) (code, verifier string) {
	a.t.Helper()
	verifier = oauth2.GenerateVerifier()
	answer := b.get("/oidc/authorize?" + url.Values{
		"client_id": {"atlas"}, "redirect_uri": {applicationURI}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}.Encode())
	for range 10 {
		if !strings.HasPrefix(answer.location, "/") && !strings.HasPrefix(answer.location, a.url()) {
			break
		}
		answer = b.get(answer.location)
	}
	code = a.query(answer.location).Get("code")
	if !strings.HasPrefix(answer.location, applicationURI+"?") || code == "" {
		a.t.Fatalf("no code: %d to %q\n%s", answer.status, answer.location, answer.text())
	}
	return code, verifier
}

// exchange hands a code in, and returns the access token, or the error.
func (a application) exchange(code, verifier string) (token, refused string) {
	a.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"atlas"}, "redirect_uri": {applicationURI}, "code": {code}, "code_verifier": {verifier},
	}
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.url()+"/oidc/token", strings.NewReader(form.Encode()))
	a.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	a.must(err)
	defer response.Body.Close()
	var said struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
	}
	a.must(json.NewDecoder(response.Body).Decode(&said))
	return said.AccessToken, said.Error
}

// userinfo asks who a token is about, and returns the status.
func (a application) userinfo(token string) int {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.url()+"/oidc/userinfo", nil)
	a.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	a.must(err)
	a.must(response.Body.Close())
	return response.StatusCode
}

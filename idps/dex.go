package idps

import (
	"encoding/json"
	"net/url"
	"testing"
)

// StartDex starts dex, which keeps its people in its configuration. It has no place to sign out.
func StartDex(t testing.TB, c Client) *Provider {
	t.Helper()
	dex := installed("bin", "dex")
	base := program{
		name:  "dex",
		needs: []string{dex},
		ready: "dex/.well-known/openid-configuration",
		says:  "issuer",
		configure: func(_, host string) (launch, error) {
			config, err := dexConfig(host, c)
			return launch{argv: []string{dex, "serve", "dex.yaml"}, files: map[string][]byte{"dex.yaml": config}}, err
		},
	}.start(t)
	return &Provider{Name: "dex", Base: base, Issuer: base + "dex", ClientID: clientID, ClientSecret: clientSecret}
}

// dexConfig is JSON, which YAML is a superset of.
func dexConfig(host string, c Client) ([]byte, error) {
	type m = map[string]any
	people := make([]m, 0, len(People()))
	for _, p := range People() {
		people = append(people, m{
			"email": p.Email, "username": p.Name, "name": p.Name, "preferredUsername": p.User, "userID": p.ID,
			"hash": bcrypts()[p.ID], "groups": p.Groups,
		})
	}
	return json.MarshalIndent(m{
		"issuer":           (&url.URL{Scheme: "http", Host: host, Path: "/dex"}).String(),
		"storage":          m{"type": "memory"},
		"web":              m{"http": host},
		"oauth2":           m{"skipApprovalScreen": true},
		"enablePasswordDB": true,
		"staticPasswords":  people,
		"staticClients":    []m{{"id": clientID, "secret": clientSecret, "name": "usher", "redirectURIs": []string{c.RedirectURI}}},
	}, "", "  ")
}

// bcrypts are the people's passwords as dex wants them.
func bcrypts() map[string]string {
	return map[string]string{
		Ann().ID: "$2a$10$rJ.SkxV0BMmjlYPi3aPH2eubh.4roe1RzSZj2kc4r7BGruHlK/Xxq",
		Bob().ID: "$2a$10$51Qrd2R7nvwlIVtSQSgW.ufC0s2nIClaXjvC5QrWCG.UPnuXgi2Ey",
	}
}

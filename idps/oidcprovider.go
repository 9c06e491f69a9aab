package idps

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed oidc-provider/server.mjs
var oidcProviderServer []byte

// StartOIDCProvider starts oidc-provider, the certified provider of the npm registry. It names itself in the callback
// (RFC 9207), gives an ID token little but sub, so that the rest comes from userinfo, and posts logout tokens.
func StartOIDCProvider(t testing.TB, c Client) *Provider {
	t.Helper()
	modules := installed("oidc-provider", "node_modules")
	node := find("node")
	base := program{
		name:  "oidc-provider",
		needs: []string{filepath.Join(modules, "oidc-provider"), node},
		ready: ".well-known/openid-configuration",
		says:  "issuer",
		configure: func(dir, host string) (launch, error) {
			s, err := settings(host, c)
			if err != nil {
				return launch{}, err
			}
			return launch{
				argv:  []string{node, "server.mjs"},
				files: map[string][]byte{"server.mjs": oidcProviderServer, "settings.json": s},
			}, os.Symlink(modules, filepath.Join(dir, "node_modules"))
		},
	}.start(t)
	return &Provider{Name: "oidc-provider", Base: base, Issuer: strings.TrimSuffix(base, "/"), ClientID: clientID, ClientSecret: clientSecret}
}

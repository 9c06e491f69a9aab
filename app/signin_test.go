package app

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/mixus/usher/directory"
)

func TestTheKeeperHasWhatTheConfigurationSays(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"usher.yaml": `public_url: https://usher.acme.com
listen: 127.0.0.1:0
secrets: {acme: {okta: "${file:okta.secret}", other: "${file:missing}"}}
private_networks: {here: ["127.0.0.0/8"], keycloak: [10.20.0.0/16]}
`,
		"okta.secret": "s3cret\n",
		"organizations/acme.yaml": `organization: {id: acme, name: Acme}
roles: [{name: viewer, permissions: [a]}]
connections:
  - {id: here, oidc: {issuer: "http://127.0.0.1:9", client_id: a, client_secret: "${secret:okta}"}}
  - {id: keycloak, oidc: {issuer: "http://127.0.0.1:9", client_id: a, client_secret: "${secret:okta}"}}
  - {id: broken, oidc: {issuer: "https://idp.example", client_id: a, client_secret: "${secret:other}"}}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := New(Options{Config: filepath.Join(dir, "usher.yaml"), Data: filepath.Join(dir, "data"), Output: new(discard)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	k := a.keeper()
	a.signIn = &signIn{trust: k}
	if err := a.refreshTrust(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]directory.Kind{"keycloak": directory.Invalid, "broken": directory.Unavailable} {
		line, ok := k.Line(id)
		if !ok || line.Problem == nil || directory.KindOf(line.Problem) != want {
			t.Errorf("%s: %+v, want a problem of the kind %v", id, line, want)
		}
	}
	line, ok := k.Line("here")
	if !ok || line.Problem != nil || line.OIDC == nil {
		t.Fatalf("here: %+v", line)
	}
	if setup, err := k.Setup("here"); err != nil || setup.RedirectURI != "https://usher.acme.com/sso/here/oidc/callback" {
		t.Errorf("%+v, %v", setup, err)
	}
	if got := a.operator.Networks("keycloak"); len(got) != 1 || got[0] != netip.MustParsePrefix("10.20.0.0/16") {
		t.Errorf("networks %v", got)
	}
}

type discard struct{}

func (*discard) Write(p []byte) (int, error) { return len(p), nil }

package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func TestApplicationsAreReadAsTheyAreWritten(t *testing.T) {
	operator, problems := config.ParseOperator("usher.yaml", []byte(`
clients:
  - id: app
    name: Acme Workspace
    secret: "${file:app-secret}"
    redirect_uris: ["https://app.acme.com/callback?from=usher", "http://localhost:3000/callback"]
    post_logout_redirect_uris: ["https://app.acme.com"]
    backchannel_logout_uri: https://app.acme.com/backchannel-logout
    url: https://app.acme.com/
  - {id: desktop, redirect_uris: ["http://[::1]:9999/callback"]}
`))
	if directory.Failed(problems) {
		t.Fatal(render(problems))
	}
	want := []config.Client{
		{
			ID: "app", Name: "Acme Workspace", Secret: "${file:app-secret}",
			RedirectURIs:           []string{"https://app.acme.com/callback?from=usher", "http://localhost:3000/callback"},
			PostLogoutRedirectURIs: []string{"https://app.acme.com"}, BackChannelLogoutURI: "https://app.acme.com/backchannel-logout", URL: "https://app.acme.com/",
		},
		{ID: "desktop", Name: "desktop", RedirectURIs: []string{"http://[::1]:9999/callback"}},
	}
	if diff := cmp.Diff(want, operator.Clients, cmpopts.IgnoreFields(config.Client{}, "At")); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
	if operator.Clients[0].Public() || !operator.Clients[1].Public() {
		t.Error("a client is public when it has no secret, and only then")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app-secret"), []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret, err := config.NewSecrets(operator, dir).Read("the secret of app", operator.Clients[0].Secret)
	if err != nil || secret.Reveal() != "s3cret" {
		t.Errorf("the secret is %q, %v", secret.Reveal(), err)
	}
}

package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
)

func TestSecretsThatAreNotAtTheirPlaceAreWarnedOf(t *testing.T) {
	dir := folder(t, `
-- usher.yaml --
mail: {smtp: "smtp://127.0.0.1:25", from: it@acme.com, user: usher, password: "${file:mail.secret}"}
public_url: https://usher.acme.com
clients:
  - {id: app, secret: "${env:USHER_TEST_APP}", redirect_uris: ["https://app.acme.com/callback"]}
secrets:
  acme: {okta: "${env:USHER_TEST_OKTA}", entra: "${file:entra.secret}", google: "${file:google.secret}"}
-- entra.secret --

-- google.secret --
hunter2
-- organizations/acme.yaml --
organization: {id: acme}
`)
	t.Setenv("USHER_TEST_OKTA", "hunter2")
	t.Setenv("USHER_TEST_APP", "")
	loaded, problems := config.Load(filepath.Join(dir, "usher.yaml"), config.Options{})
	if len(problems) > 0 {
		t.Fatal(render(problems))
	}
	absent := loaded.AbsentSecrets()
	got := strings.ReplaceAll(summary(absent), filepath.ToSlash(dir)+"/", "")
	want := `usher.yaml:1:79: warning: the secret "password" cannot be read from mail.secret: there is no such file
usher.yaml:4:23: warning: the secret "secret" is empty: set the environment variable USHER_TEST_APP
usher.yaml:6:49: warning: the secret "entra" is empty: write it into entra.secret
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if shown := render(absent); strings.Contains(shown, "hunter2") || !strings.Contains(shown, "    6 |   acme: {okta:") {
		t.Error(shown)
	}
}

func TestAnOrganizationsFileAloneHasNoSecretsToLookFor(t *testing.T) {
	dir := folder(t, "-- acme.yaml --\norganization: {id: acme}\n")
	loaded, _ := config.Load(filepath.Join(dir, "acme.yaml"), config.Options{})
	if absent := loaded.AbsentSecrets(); absent != nil {
		t.Error(render(absent))
	}
}

package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func secretsOf(t *testing.T, dir, text string) *config.Secrets {
	t.Helper()
	operator, problems := config.ParseOperator("usher.yaml", []byte(text))
	if directory.Failed(problems) {
		t.Fatal(render(problems))
	}
	return config.NewSecrets(operator, dir)
}

func TestSecretsAreReadWhenTheyAreUsed(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("USHER_TEST_OKTA", "from the environment")
	secrets := secretsOf(t, dir, "secrets: {acme: {okta: \"${env:USHER_TEST_OKTA}\", entra: \"${file:entra}\", none: \"${env:USHER_TEST_NONE}\"}}")
	file := filepath.Join(dir, "entra")
	for _, value := range []string{"first", "rotated"} {
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := secrets.Get("acme", "${secret:entra}"); err != nil || got.Reveal() != value {
			t.Errorf("the file's secret is %q, %v; want %q", got.Reveal(), err, value)
		}
	}
	if got, err := secrets.Get("acme", "okta"); err != nil || got.Reveal() != "from the environment" {
		t.Errorf("the variable's secret is %q, %v", got.Reveal(), err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]directory.Kind{"entra": directory.Unavailable, "none": directory.Unavailable, "unknown": directory.NotFound} {
		if _, err := secrets.Get("acme", ref); directory.KindOf(err) != want || !strings.Contains(err.Error(), ref) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := secrets.Get("other", "okta"); directory.KindOf(err) != directory.NotFound {
		t.Errorf("another organization's secret: %v", err)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Setenv("USHER_TEST_OKTA", "hunter2")
	secrets := secretsOf(t, t.TempDir(), "secrets: {acme: {okta: \"${env:USHER_TEST_OKTA}\"}}")
	secret, err := secrets.Get("acme", "okta")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "a", secret, "b", secrets)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "a", secret)
	text, err := json.Marshal(map[string]any{"a": secret})
	if err != nil {
		t.Fatal(err)
	}
	all := b.String() + string(text) + fmt.Sprintf("%v %+v %#v %s %q %v %x", secret, secret, secret, secret, secret, secrets, secret)
	if strings.Contains(all, "hunter2") || strings.Contains(all, fmt.Sprintf("%x", "hunter2")) {
		t.Errorf("a secret was printed: %s", all)
	}
	if got := secrets.String(); got != "secrets: 1, of organizations: 1 (hidden)" {
		t.Errorf("the finder says %q", got)
	}
}

func TestValuesAreFlat(t *testing.T) {
	values, problems := config.ParseValues("values.yaml", []byte("okta: acme-okta\nport: 8080\nlist: [a]\nokta: twice\n"))
	want := "values.yaml:3:7: error: the value \"list\" is a list; it must be a text\n" +
		"values.yaml:4:1: error: the key \"okta\" is given twice; the first is in line 1\n"
	if got := summary(problems); got != want || values["okta"] != "acme-okta" || values["port"] != "8080" {
		t.Errorf("values %v with\n%s", values, got)
	}
	if _, problems := config.LoadValues(filepath.Join(t.TempDir(), "none.yaml")); len(problems) != 1 {
		t.Errorf("a missing file gave %v", problems)
	}
}

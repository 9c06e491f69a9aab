package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

var update = flag.Bool("update", false, "write the problems into testdata/bad")

// render shows problems as a terminal does, one below the other.
func render(problems []directory.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

// parse reads a file as what its name says it is.
func parse(name string, text []byte) []directory.Problem {
	if name == "usher.yaml" {
		_, problems := config.ParseOperator(name, text)
		return problems
	}
	_, problems := config.ParseOrganization("organizations/"+name, text, config.Options{Values: map[string]string{"okta": "acme-okta", "okta_host": "acme.okta.com"}})
	return problems
}

func TestBadFilesAreExplained(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			problems := parse(archive.Files[0].Name, archive.Files[0].Data)
			got := render(problems)
			if *update {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("problems differ (-golden +got):\n%s", diff)
			}
			for _, p := range problems {
				if p.Line == 0 || p.Column == 0 || p.Excerpt == "" {
					t.Errorf("a problem without its place: %s", p)
				}
			}
			if strings.Contains(got, "hunter2") {
				t.Error("a secret is repeated")
			}
		})
	}
}

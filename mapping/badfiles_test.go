package mapping_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

var update = flag.Bool("update", false, "write the problems into testdata/bad")

// check says everything that is wrong with a file: what it needs to compile, then its tests and its lint, and what does
// not fit what was pushed, where the archive says what that is.
func check(t *testing.T, archive *txtar.Archive) []directory.Problem {
	t.Helper()
	file := archive.Files[0]
	org, problems := config.ParseOrganization(file.Name, file.Data, config.Options{})
	if directory.Failed(problems) {
		t.Fatalf("the file is for package config: %v", problems)
	}
	p, problems := mapping.Compile(org)
	if p != nil {
		problems = append(append(problems, mapping.Admissible(p)...), p.Lint(noon)...)
	}
	for _, f := range archive.Files {
		if f.Name != "pushed.json" {
			continue
		}
		var d mapping.Directory
		if err := json.Unmarshal(f.Data, &d); err != nil {
			t.Fatal(err)
		}
		problems = append(problems, p.LintAgainst(&d, noon)...)
	}
	return config.Excerpts(problems, []directory.PolicyFile{{Name: file.Name, Text: file.Data}})
}

// Every mistake is told with its line, its column and what to do. The last file of each archive is the golden one.
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
			problems := check(t, archive)
			var b strings.Builder
			for _, p := range problems {
				b.WriteString(p.String() + "\n")
				if p.Line == 0 || p.Column == 0 || p.Excerpt == "" || p.Fix == "" {
					t.Errorf("a problem without its place or its fix: %s", p)
				}
			}
			if len(problems) == 0 {
				t.Error("nothing is found wrong with it")
			}
			golden := &archive.Files[len(archive.Files)-1]
			if *update {
				golden.Data = []byte(b.String())
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(golden.Data), b.String()); diff != "" {
				t.Errorf("problems differ (-golden +got):\n%s", diff)
			}
		})
	}
}

package mapping_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// FuzzCheck looks for a file that makes compiling it, its tests or its lint panic, or speak of no place.
func FuzzCheck(f *testing.F) {
	bad, _ := filepath.Glob("testdata/bad/*.txtar")
	for _, file := range bad {
		if archive, err := txtar.ParseFile(file); err == nil {
			f.Add(archive.Files[0].Data)
		}
	}
	if text, err := os.ReadFile("../examples/acme/organizations/acme.yaml"); err == nil {
		f.Add(text)
	}
	pushed := mapping.Directory{
		Connections: []mapping.DirectoryConnection{{ID: "acme-okta", Groups: []mapping.DirectoryGroup{{Name: "Engineering", Members: 1}}}},
		Departments: []mapping.DepartmentCount{{Text: "Eng", Count: 1}}, Members: map[string]int{"viewer": 1},
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 16<<10 {
			return
		}
		org, problems := config.ParseOrganization("fuzz.yaml", text, config.Options{})
		if org == nil || directory.Failed(problems) {
			return
		}
		p, problems := mapping.Compile(org)
		if p != nil {
			problems = append(append(problems, mapping.Admissible(p)...), append(p.Lint(noon), p.LintAgainst(&pushed, noon)...)...)
		}
		for _, problem := range problems {
			if problem.Message == "" || problem.File != "fuzz.yaml" {
				t.Errorf("a problem out of place: %s", problem)
			}
		}
	})
}

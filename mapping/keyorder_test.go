package mapping_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	yaml "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// places finds what sorting a file moves: its lines and columns.
var places = regexp.MustCompile(`:\d+(:\d+)?\b`)

// verdict is everything that check and test say about a file, without places.
func verdict(t *testing.T, text []byte) (map[string]int, mapping.TestReport) {
	t.Helper()
	org, problems := config.ParseOrganization("organizations/acme.yaml", text, config.Options{})
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	p, more := mapping.Compile(org)
	problems = append(problems, more...)
	var report mapping.TestReport
	if p != nil {
		problems = append(problems, p.Lint(noon)...)
		report = p.Test(nil)
	}
	said := map[string]int{}
	for _, problem := range problems {
		said[string(problem.Severity)+" "+places.ReplaceAllString(problem.Message+" "+problem.Fix, "")]++
	}
	return said, report
}

// Generators sort the keys of what they write. Whatever stands in a file, sorting every key of it changes nothing.
func TestSortingEveryKeyChangesNothing(t *testing.T) {
	texts := map[string][]byte{}
	for _, name := range []string{"acme", "minimal"} {
		text, err := os.ReadFile("../examples/" + name + "/organizations/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = text
	}
	bad, _ := filepath.Glob("testdata/bad/*.txtar")
	for _, file := range bad {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = archive.Files[0].Data
	}
	without := cmp.FilterPath(func(p cmp.Path) bool {
		last := p.Last().String()
		return last == ".At" || last == ".Position"
	}, cmp.Ignore())
	unplaced := cmp.Transformer("unplaced", func(d mapping.TestDifference) [4]string {
		return [4]string{d.Field, d.Want, d.Got, places.ReplaceAllString(d.Because, "")}
	})
	for name, text := range texts {
		var tree any
		if err := yaml.Unmarshal(text, &tree); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sorted, err := json.MarshalIndent(tree, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		said, report := verdict(t, text)
		saidSorted, reportSorted := verdict(t, sorted)
		if diff := cmp.Diff(said, saidSorted); diff != "" {
			t.Errorf("%s: sorted, it has other problems (-file +sorted):\n%s", name, diff)
		}
		if diff := cmp.Diff(report, reportSorted, without, unplaced); diff != "" {
			t.Errorf("%s: sorted, its tests end otherwise (-file +sorted):\n%s", name, diff)
		}
	}
}

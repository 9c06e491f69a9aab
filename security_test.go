package usher_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSecurityPageNamesTheTestOfEveryAbuse holds the catalogue in docs/security.md against the tests that there are: each of
// its rows names tests, each of those is in the package that the row says, and each test of an abuse is named in its row.
func TestSecurityPageNamesTheTestOfEveryAbuse(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| (\d+) \|.*\| (.*) \|$`)
	entry := regexp.MustCompile("^`([a-z/]+)` (TestAbuse[0-9]{2}[A-Za-z0-9]*)$")
	var said []string
	rows := 0
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		rows++
		number, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		for text := range strings.SplitSeq(m[2], ", ") {
			named := entry.FindStringSubmatch(text)
			switch {
			case named == nil:
				t.Errorf("row %d says %q, which names no test", number, text)
			case named[2][len("TestAbuse"):][:2] != twoDigits(number):
				t.Errorf("row %d names %s", number, named[2])
			default:
				said = append(said, named[1]+" "+named[2])
			}
		}
	}
	if rows < 60 {
		t.Errorf("the catalogue has %d rows", rows)
	}
	there := abuseTests(t)
	for _, name := range said {
		if !slices.Contains(there, name) {
			t.Errorf("docs/security.md names %s, which there is not", name)
		}
	}
	for _, name := range there {
		if !slices.Contains(said, name) {
			t.Errorf("docs/security.md does not name %s", name)
		}
	}
}

func twoDigits(n int) string {
	text := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 2-len(text))) + text
}

// abuseTests returns every test of an abuse, as "package TestName".
func abuseTests(t *testing.T) []string {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func (TestAbuse[0-9]{2}[A-Za-z0-9]*)\(`)
	var all []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(text), -1) {
			all = append(all, filepath.ToSlash(filepath.Dir(path))+" "+m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// inText finds commands in running text, and inLine those that stand in a line of their own.
var (
	inText  = regexp.MustCompile("`(usher [^`\n]+)`")
	inLine  = regexp.MustCompile(`(?m)^(?:// |# +|    |\$ )*(usher [a-z][^\n#]*)`)
	flagged = regexp.MustCompile(`(?:^|[ |[])--([a-z][a-z-]*)`)
)

// Whoever reads a command, in a page of the documentation, a letter or a message, types it: it is there, and takes those flags.
func TestTheCommandsThatTextsNameAreThere(t *testing.T) {
	root := (&program{}).root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	seen := 0
	for _, file := range texts(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := inText.FindAllStringSubmatch(string(text), -1)
		if strings.HasSuffix(file, ".md") {
			for i, block := range strings.Split(string(text), "```") {
				if i%2 == 1 {
					found = append(found, inLine.FindAllStringSubmatch(block, -1)...)
				}
			}
		}
		for _, match := range found {
			seen++
			if wrong := misnamed(root, strings.TrimSpace(match[1])); wrong != "" {
				t.Errorf("%s: %q: %s", file, match[1], wrong)
			}
		}
	}
	if seen < 300 {
		t.Errorf("only %d commands were found in the texts", seen)
	}
}

// texts lists the sources and the pages of the documentation, but those that tell what was.
func texts(t *testing.T) []string {
	t.Helper()
	var files []string
	top := filepath.Join("..", "..")
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != top && path != ".." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"decisions", "shared", "node_modules"}, d.Name())):
			return fs.SkipDir
		case d.Name() == "CHANGELOG.md" || strings.HasSuffix(path, "_test.go"):
		case strings.HasSuffix(path, ".go"), strings.HasSuffix(path, ".md"), strings.HasSuffix(path, ".html"), strings.HasSuffix(path, ".txt"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestACommandThatIsNotThereIsSeen(t *testing.T) {
	root := (&program{}).root()
	for text, want := range map[string]string{
		"usher connections check acme-okta":                  "there is no check",
		"usher connections test acme-okta":                   "",
		"usher holds approve --resaon WHY":                   "usher holds approve has no flag --resaon",
		"usher members list --status awaiting":               "",
		"usher member suspend ann@acme.com --reason \"...\"": "",
	} {
		if got := misnamed(root, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// misnamed says what of a command is not there; "" when all of it is.
func misnamed(root *cobra.Command, text string) string {
	words := strings.Fields(text)[1:]
	c := root
	for len(words) > 0 && c.HasSubCommands() {
		word := strings.Trim(words[0], ".,;:)")
		next, _, err := c.Find([]string{word})
		if err != nil || next == c {
			break
		}
		c, words = next, words[1:]
	}
	if len(words) > 0 && c.HasAvailableSubCommands() && regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(words[0]) {
		return "there is no " + words[0]
	}
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	for _, match := range flagged.FindAllStringSubmatch(text, -1) {
		known := false
		c.Flags().VisitAll(func(f *pflag.Flag) { known = known || f.Name == match[1] })
		if !known {
			return c.CommandPath() + " has no flag --" + match[1]
		}
	}
	return ""
}

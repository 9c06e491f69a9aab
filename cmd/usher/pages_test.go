package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
)

// setupPages are the pages that administrators follow step by step.
func setupPages(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/setup/*.md")
	if err != nil || len(paths) < 4 {
		t.Fatalf("%d pages, %v", len(paths), err)
	}
	pages := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(path)] = string(text)
	}
	return pages
}

// fenced returns the blocks of a page that are marked with a language.
func fenced(page, language string) []string {
	var blocks []string
	for {
		_, rest, found := strings.Cut(page, "```"+language+"\n")
		block, after, closed := strings.Cut(rest, "```\n")
		if !found || !closed {
			return blocks
		}
		blocks, page = append(blocks, block), after
	}
}

// What a page has its reader write is right: the organization's files beside the operator's, one variant after the other.
func TestTheFilesOfTheSetupPagesCheckClean(t *testing.T) {
	for name, page := range setupPages(t) {
		var operator string
		var variants []string
		for _, block := range fenced(page, "yaml") {
			switch {
			case strings.HasPrefix(block, "# usher.yaml\n"):
				operator = block
			case strings.HasPrefix(block, "# organizations/acme.yaml\n"):
				variants = append(variants, block)
			default:
				t.Errorf("%s: a block does not say which file it is: %.60q", name, block)
			}
		}
		if operator == "" || len(variants) < 2 {
			t.Errorf("%s has %d variants of the organization's file", name, len(variants))
		}
		for i, variant := range variants {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "usher.yaml"), operator)
			write(t, filepath.Join(dir, "organizations", "acme.yaml"), variant)
			configuration, problems := app.ReadConfiguration(filepath.Join(dir, "usher.yaml"), "")
			for _, p := range problems {
				if p.Severity == directory.SeverityError {
					t.Errorf("%s, variant %d: %s", name, i+1, p)
				}
			}
			if len(configuration.Policies) != 1 || configuration.Policies[0].Policy == nil {
				t.Errorf("%s, variant %d makes no policy", name, i+1)
			}
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var inlineCommand = regexp.MustCompile("`(usher [^`]+)`")

// Every command on the pages and on that about operations, and every one that `usher why` gives as an answer, is there with its flags; those that stand
// in a line of their own have their arguments, too.
func TestEveryCommandOfTheSetupPagesAndOperationsExists(t *testing.T) {
	for name, page := range setupPages(t) {
		whole := 0
		for _, block := range fenced(page, "sh") {
			for line := range strings.Lines(block) {
				if command, ok := strings.CutPrefix(strings.TrimSpace(line), "usher "); ok {
					whole++
					checkCommand(t, name, command, true)
				}
			}
		}
		if whole < 5 {
			t.Errorf("%s has %d commands to type", name, whole)
		}
		for _, found := range inlineCommand.FindAllStringSubmatch(page, -1) {
			checkCommand(t, name, strings.TrimPrefix(found[1], "usher "), false)
		}
	}
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range inlineCommand.FindAllStringSubmatch(string(operations), -1) {
		checkCommand(t, "docs/operations.md", strings.TrimPrefix(found[1], "usher "), false)
	}
	source, err := os.ReadFile("../../api/remedies.go")
	if err != nil {
		t.Fatal(err)
	}
	remedies := regexp.MustCompile("[`\"]usher ([^`\n]+?)[`\"][,}]").FindAllStringSubmatch(string(source), -1)
	if len(remedies) < 8 {
		t.Errorf("%d commands help against a refusal", len(remedies))
	}
	for _, found := range remedies {
		checkCommand(t, "api/remedies.go", found[1], true)
	}
}

// checkCommand parses a command line without running it. What comes after a command of its own, as of a pipe, is left out.
func checkCommand(t *testing.T, page, line string, whole bool) {
	t.Helper()
	words := shellWords(strings.Join(strings.Fields(line), " ")) // a page breaks lines where it likes
	if end := slices.IndexFunc(words, func(w string) bool { return w == "|" || w == ">" || w == "#" }); end >= 0 {
		words = words[:end]
	}
	root := (&program{}).root()
	c, rest, err := root.Find(words)
	if err != nil || c == root || len(rest) > 0 && c.HasSubCommands() && !strings.HasPrefix(rest[0], "-") {
		t.Errorf("%s: there is no command `usher %s`", page, line)
		return
	}
	if err := c.ParseFlags(rest); err != nil {
		t.Errorf("%s: `usher %s`: %v", page, line, err)
		return
	}
	if whole {
		if err := arguable(c); err != nil {
			t.Errorf("%s: `usher %s`: %v", page, line, err)
		}
	}
}

func arguable(c *cobra.Command) error {
	if c.Args == nil {
		return nil
	}
	return c.Args(c, c.Flags().Args())
}

// shellWords splits a command line at spaces, but not within quotes.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quote := rune(0)
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case quote == 0 && r == ' ':
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

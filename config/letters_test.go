package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
)

// withLetters writes an organization file that names a folder, and files beside it.
func withLetters(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "acme.yaml")
}

const lettered = "organization: {id: acme}\nmail: {templates: letters}\n"

func TestTemplatesAreReadWithTheFileAndKeptWithIt(t *testing.T) {
	path := withLetters(t, map[string]string{
		"acme.yaml": lettered, "letters/welcome.html": "<p>Hi</p>", "letters/approved.txt": "Hi", "letters/README.md": "about these",
	})
	loaded, problems := Load(path, Options{})
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	check := func(what string, o *Organization) {
		t.Helper()
		list := o.Letters.Templates
		if len(list) != 2 || list[0].Name != "approved.txt" || list[0].Text != "Hi" || list[1].Name != "welcome.html" || !strings.HasSuffix(list[1].At.File, "letters/welcome.html") {
			t.Errorf("%s: %+v", what, list)
		}
	}
	check("from disk", loaded.Organizations[0])
	if err := os.RemoveAll(filepath.Join(filepath.Dir(path), "letters")); err != nil {
		t.Fatal(err)
	}
	kept, problems := ParseFiles(loaded.Files["acme"])
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	check("from the policy", kept)
}

func TestWhatCannotBeAFolderOfTemplates(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"there is no such file":              {"acme.yaml": lettered},
		"has no template":                    {"acme.yaml": lettered, "letters/README.md": "nothing yet"},
		"outside the folder":                 {"acme.yaml": strings.Replace(lettered, "letters", "../elsewhere", 1)},
		"more than 65536":                    {"acme.yaml": lettered, "letters/welcome.html": strings.Repeat("x", 70_000)},
		`has no key "folder"`:                {"acme.yaml": "organization: {id: acme}\nmail: {folder: letters}\n"},
		"which is no https address":          {"acme.yaml": "organization: {id: acme}\nmail: {resources: [{name: Guide, url: \"javascript:alert(1)\"}]}\n"},
		`none of invited, everybody, nobody`: {"acme.yaml": "organization: {id: acme}\nmail: {welcome: some}\n"},
	} {
		_, problems := Load(withLetters(t, files), Options{})
		var got []string
		for _, p := range problems {
			got = append(got, p.Position.String()+" "+p.Message+" "+p.Fix)
		}
		if text := strings.Join(got, "\n"); !strings.Contains(text, want) || !directory.Failed(problems) || problems[0].Line == 0 {
			t.Errorf("want %q, got %q", want, text)
		}
	}
	if _, problems := ParseOrganization("acme.yaml", []byte(lettered), Options{}); !directory.Failed(problems) {
		t.Error("a folder that nobody can read was taken")
	}
}

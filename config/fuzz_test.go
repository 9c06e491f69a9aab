package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mixus/usher/config"
)

// FuzzParse looks for text that makes the parser panic, take long, or speak of a place that the file does not have.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"../examples/*/*.yaml", "../examples/*/organizations/*.yaml", "testdata/*.*"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil {
				f.Add(text)
			}
		}
	}
	bad, _ := filepath.Glob("testdata/bad/*.txtar")
	for _, file := range bad {
		if archive, err := txtar.ParseFile(file); err == nil {
			f.Add(archive.Files[0].Data)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 {
			return
		}
		start := time.Now()
		_, problems := config.ParseOrganization("fuzz.yaml", text, config.Options{Values: map[string]string{"okta": "acme"}})
		_, more := config.ParseOperator("fuzz.yaml", text)
		_, values := config.ParseValues("fuzz.yaml", text)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%d bytes took %v", len(text), took)
		}
		lines := 1 + strings.Count(string(text), "\n") + strings.Count(string(text), "\r")
		for _, p := range append(append(problems, more...), values...) {
			if p.Message == "" || p.Line < 0 || p.Line > lines+1 {
				t.Errorf("a problem out of place: %s", p)
			}
		}
	})
}

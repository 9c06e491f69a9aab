package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func TestAbsurdFilesAreRefusedSoon(t *testing.T) {
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "k%d: v\n", i)
		}
		return b.String()
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	var maps strings.Builder
	for i := range 200 {
		fmt.Fprintf(&maps, "m%d:\n  %s", i, strings.ReplaceAll(keys(4000), "\nk", "\n  k"))
	}
	for name, text := range map[string]string{
		"too large":          "a: " + strings.Repeat("x", 9<<20),
		"open brackets":      strings.Repeat("[", 1<<20),
		"nested lists":       strings.Repeat("[", 100) + strings.Repeat("]", 100),
		"nested mappings":    strings.Repeat("{a: ", 100) + strings.Repeat("}", 100),
		"nested dashes":      strings.Repeat("- ", 100_000),
		"nested blocks":      nestedBlocks(100),
		"many keys":          keys(100_000),
		"many large maps":    maps.String(),
		"many documents":     strings.Repeat("a: 1\n---\n", 50_000),
		"many entries":       "[" + strings.Repeat("1,", 4<<20),
		"aliases of aliases": bomb.String(),
		"alias of itself":    "a: &a [*a]\n",
		"bad keys on a line": "organization: {id: a}\nrules:\n  - {" + strings.Repeat("a: b, ", 50_000) + "}\n",
		"question marks":     strings.Repeat("? ", 10_000),
		"anchors":            strings.Repeat("&a ", 10_000),
		"tags":               strings.Repeat("!a ", 10_000),
		"NUL":                "a: \x00",
		"not UTF-8":          "a: \xff\xfe",
		"nothing":            "",
		"a comment":          "# nothing\n",
		"only a mark":        "\ufeff",
	} {
		start := time.Now()
		_, problems := config.ParseOrganization("a.yaml", []byte(text), config.Options{})
		if !directory.Failed(problems) {
			t.Errorf("%s: taken", name)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if size := len(render(problems)); size > 1<<20 {
			t.Errorf("%s: %d bytes of problems", name, size)
		}
	}
}

func nestedBlocks(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestLargeHonestFileIsRead(t *testing.T) {
	var b strings.Builder
	b.WriteString("organization: {id: large}\nrules:\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "  - name: rule %d\n    groups: [Group %d]\n    role: member\n", i, i)
	}
	start := time.Now()
	o := mustParse(t, "large.yaml", b.String())
	if len(o.Rules) != 5000 || time.Since(start) > 20*time.Second {
		t.Errorf("%d rules in %v", len(o.Rules), time.Since(start))
	}
}

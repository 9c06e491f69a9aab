package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
)

// sessionPatience is how long the demonstration and the whole session may take.
const sessionPatience = time.Minute

// exchange is a command of a session, and what it must print; "…" stands for anything on a line, alone for any lines.
type exchange struct {
	command, output string
}

// session reads the block below the mark "<!-- session -->" of a page.
func session(t *testing.T, page string) []exchange {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, block, marked := strings.Cut(string(text), "<!-- session -->\n```console\n")
	block, _, closed := strings.Cut(block, "```\n")
	if !marked || !closed {
		t.Fatalf("%s has no session", page)
	}
	var all []exchange
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, exchange{command: strings.TrimSpace(command)})
		} else if len(all) > 0 {
			all[len(all)-1].output += line
		}
	}
	return all
}

// shown is the expression that the output of an exchange must match from end to end.
func (e exchange) shown() *regexp.Regexp {
	pattern := regexp.QuoteMeta(strings.TrimRight(e.output, "\n"))
	pattern = regexp.MustCompile(`(?m)^…$`).ReplaceAllString(pattern, `(?s:.*?)`)
	return regexp.MustCompile(`\A` + strings.ReplaceAll(pattern, "…", `[^\n]*`) + `\z`)
}

// demonstration runs `usher demo` until the test ends and returns its folder.
func demonstration(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), sessionPatience)
	c := exec.CommandContext(ctx, "usher", "demo")
	c.Env = append(os.Environ(), "TMPDIR="+dir)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = c.Wait() // it was interrupted
	})
	ready := false
	for lines := bufio.NewScanner(out); !ready && lines.Scan(); {
		ready = strings.Contains(lines.Text(), "Ctrl-C ends it.")
	}
	folders, err := filepath.Glob(filepath.Join(dir, "usher-demo-*"))
	if err != nil || !ready || len(folders) != 1 {
		t.Fatalf("the demonstration did not come up: %v, %v", folders, err)
	}
	return folders[0]
}

// rest waits until a server has done what followed from the last command.
func rest(t *testing.T, folder string) {
	t.Helper()
	for deadline := time.Now().Add(sessionPatience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var status api.Status
		c := exec.CommandContext(t.Context(), "usher", "status", "--json")
		c.Dir = folder
		out, err := c.Output()
		if len(out) == 0 {
			t.Fatalf("usher status: %v", err)
		}
		if err := json.Unmarshal(out, &status); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(status.Organizations, func(o api.OrganizationStatus) bool { return o.Jobs > 0 }) {
			return
		}
	}
	t.Fatal("the server has still something to do")
}

func TestTheSessionOfTheMappingPageRunsAsPrinted(t *testing.T) {
	exchanges := session(t, "../../docs/mapping.md")
	if len(exchanges) == 0 {
		t.Fatal("the session has no commands")
	}
	folder := demonstration(t)
	for _, e := range exchanges {
		ctx, cancel := context.WithTimeout(t.Context(), sessionPatience)
		c := exec.CommandContext(ctx, "sh", "-c", e.command)
		c.Dir = folder
		out, err := c.CombinedOutput()
		cancel()
		rest(t, folder)
		if got := strings.TrimRight(string(out), "\n"); !e.shown().MatchString(got) {
			t.Errorf("$ %s (%v)\n%s\nthe page says\n%s", e.command, err, got, e.output)
		}
	}
}

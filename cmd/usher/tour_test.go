package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tour returns the blocks of the tour in the README, commands and what they print, in their order.
func tour(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## A tour of ten minutes\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended {
		t.Fatal("the README has no tour")
	}
	var blocks []string
	for i, block := range strings.Split(section, "```\n") {
		if i%2 == 1 {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// The commands of the tour work as they stand in the README, and explain prints what stands below it.
func TestTheTourOfTheReadmePrintsWhatItSays(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("USHER_REQUIRE_CURL") != "" {
			t.Fatal(err)
		}
		t.Skip("the tour pushes with curl, which is not here")
	}
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "tour")
	here := strings.NewReplacer("./usher ", "usher ", "127.0.0.1:8080", address, "--data tour", "--data "+data)
	ctx, cancel := context.WithTimeout(t.Context(), sessionPatience)
	defer cancel()
	sh := func(script string) *exec.Cmd {
		c := exec.CommandContext(ctx, "sh", "-c", script)
		c.Dir = "../.."
		return c
	}

	var commands []string
	var printed string
	for _, block := range tour(t) {
		switch {
		case strings.HasPrefix(block, "make build"), strings.HasPrefix(block, "./usher test"):
		case strings.HasPrefix(block, "./usher serve"):
			serve := sh("exec " + here.Replace(block))
			serve.Cancel = func() error { return serve.Process.Signal(os.Interrupt) }
			out, err := serve.StdoutPipe()
			if err == nil {
				err = serve.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				cancel()
				_ = serve.Wait() // it was interrupted
			})
			if _, err := out.Read(make([]byte, 1)); err != nil { // it prints its address once it serves
				t.Fatalf("the server did not come up: %v", err)
			}
		case strings.HasPrefix(block, "Ann Arden"):
			printed = block
		default:
			commands = append(commands, here.Replace(block))
		}
	}
	if printed == "" || len(commands) != 3 {
		t.Fatalf("the tour has another form: %d blocks of commands, and explain prints %q", len(commands), printed)
	}
	out, err := sh(strings.Join(commands, "\n")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := exchange{output: "…\n" + printed}
	if got := strings.TrimRight(string(out), "\n"); !want.shown().MatchString(got) {
		t.Errorf("the tour printed\n%s\nthe README says\n%s", got, printed)
	}
}

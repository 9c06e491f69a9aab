//go:build strace

package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// namePattern finds the people of the test in what the program writes, to its file and to the network.
var namePattern = regexp.MustCompile(`strace-\d+@acme\.com`)

// TestStraceNo2xxBeforeItsFdatasync shows law 1 from outside the program: between the last page that it wrote for a
// request and the 2xx, the kernel has finished an fdatasync of the pages and one of the meta page.
func TestStraceNo2xxBeforeItsFdatasync(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is needed: ", err)
	}
	program, data := built(t), t.TempDir()
	trace := filepath.Join(t.TempDir(), "trace")
	p := serving(t, program, data, strace, "-f", "-o", trace, "-s", "1048576", "-e", "trace=pwrite64,fdatasync,fsync,write")
	w := &writer{name: "strace", token: token(t, program, data), acked: map[string]*ackedUser{}}
	const pushes = 25
	for i := range pushes {
		status, err := w.send(http.MethodPost, p.url+"/scim/v2/acme-okta/Users", map[string]any{
			"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User"},
			"userName": fmt.Sprintf("strace-%d@acme.com", i), "externalId": fmt.Sprint(i),
		}, nil)
		if err != nil || status != http.StatusCreated {
			t.Fatalf("POST answered %d, %v", status, err)
		}
	}
	interrupt(t, p, data)
	if answered := readTrace(t, trace); answered != pushes {
		t.Fatalf("the trace shows %d answers of 201, want %d", answered, pushes)
	}
}

// interrupt ends the traced program by its own process id; strace ends with it.
func interrupt(t *testing.T, p *process, data string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "usher.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	server, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("usher serve: %v\n%s", err, p.log)
	}
}

// readTrace follows the program's writes and returns how many people it answered 201 for. Each of those answers must come
// after the commit that first held the person's name: the page with it, then the sync of the pages, then the sync of the
// meta page that points to them. Other work of the program may commit in between.
func readTrace(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()                   //nolint:errcheck // it was only read
	begun := map[string]int{}         // fdatasync calls that have not returned, by thread, and how many were made before
	written := map[string]int{}       // how many fdatasync calls had been made when a person's page was first written
	var calls, durable, answered int  // durable counts the calls up to the last one known to have returned
	returned := func(thread string) { // bbolt has one writer, which syncs one call at a time
		if call, ok := begun[thread]; ok {
			durable = max(durable, call)
			delete(begun, thread)
		}
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		thread, _, _ := strings.Cut(line, " ")
		switch {
		case strings.Contains(line, "pwrite64("):
			for _, name := range namePattern.FindAllString(line, -1) {
				if _, ok := written[name]; !ok {
					written[name] = calls
				}
			}
		case strings.Contains(line, "fdatasync resumed"):
			returned(thread)
		case strings.Contains(line, "fdatasync("):
			calls++
			begun[thread] = calls
			if !strings.Contains(line, "unfinished") {
				returned(thread)
			}
		case strings.Contains(line, "HTTP/1.1 201"):
			name := namePattern.FindString(line)
			if name == "" {
				continue // the token
			}
			answered++
			if before, ok := written[name]; !ok || durable < before+2 {
				t.Fatalf("the answer for %s left after %d syncs; its page was written (%t) after %d, and needs two more",
					name, durable, ok, before)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return answered
}

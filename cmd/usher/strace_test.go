//go:build strace

package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestStraceNo2xxBeforeItsFdatasync shows law 1 from outside the program: between the last page that it wrote for a
// request and the 2xx, the kernel has finished an fdatasync.
func TestStraceNo2xxBeforeItsFdatasync(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is needed: ", err)
	}
	program, data := built(t), t.TempDir()
	trace := filepath.Join(t.TempDir(), "trace")
	p := serving(t, program, data, strace, "-f", "-o", trace, "-s", "32", "-e", "trace=pwrite64,fdatasync,fsync,write")
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
	const made = pushes + 1 // the token was created through the program as well
	if answered := readTrace(t, trace); answered != made {
		t.Fatalf("the trace shows %d answers of 201, want %d", answered, made)
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

// readTrace follows the program's writes and returns how many 201s it sent, each of which must come after an fdatasync
// that began behind every page written before.
func readTrace(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	var written, synced, begun, answered, last int
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.Contains(line, "pwrite64("):
			written++
		case strings.Contains(line, "fdatasync(") && strings.Contains(line, "unfinished"):
			begun = written
		case strings.Contains(line, "fdatasync resumed"):
			synced = begun
		case strings.Contains(line, "fdatasync("):
			synced = written
		case strings.Contains(line, "HTTP/1.1 201"):
			answered++
			if synced != written || synced == last {
				t.Fatalf("answer %d left with %d pages written and %d of them synced (%d at the answer before)\n%s",
					answered, written, synced, last, line)
			}
			last = synced
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return answered
}

package idps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	patience = time.Minute // for a provider to answer for the first time, on a busy machine
	attempts = 3           // another program can take a free port before the provider does
)

// program is one provider, before it runs.
type program struct {
	name  string
	needs []string // files that are there when it is installed
	ready string   // the path of a document that it has once it serves
	says  string   // what that document says; one provider writes its errors with status 200
	// configure says how to start it in a directory, so that it listens at an address.
	configure func(dir, host string) (launch, error)
}

// launch is a command, which runs in a directory with these files.
type launch struct {
	argv  []string
	env   []string // beside our own
	files map[string][]byte
}

// start starts the program, and returns its address, with a slash at the end.
func (p program) start(t testing.TB) string {
	t.Helper()
	p.require(t)
	for range attempts {
		host := freePort(t)
		switch err := p.run(t, host); {
		case err == nil:
			return "http://" + host + "/"
		case !errors.Is(err, errEnded):
			t.Fatalf("start %s: %v", p.name, err)
		}
	}
	t.Fatalf("%s ended at once, %d times; see its log above", p.name, attempts)
	return ""
}

// require skips the test, or fails it where nothing may be skipped, when the program is not installed.
func (p program) require(t testing.TB) {
	t.Helper()
	for _, file := range p.needs {
		if _, err := os.Stat(file); err == nil {
			continue
		}
		if os.Getenv("USHER_REQUIRE_IDPS") != "" {
			t.Fatalf("%s is not installed (no %s); run make idps", p.name, file)
		}
		t.Skipf("%s is not installed (no %s); make idps installs it", p.name, file)
	}
}

var errEnded = errors.New("it ended")

// run starts the program and waits until it serves.
func (p program) run(t testing.TB, host string) error {
	dir := t.TempDir()
	l, err := p.configure(dir, host)
	if err != nil {
		return err
	}
	if err := write(dir, l.files); err != nil {
		return err
	}
	out := &output{}
	cmd := exec.CommandContext(t.Context(), l.argv[0], l.argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), l.env...), out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ends is of no interest; that it ends too early is
	}()
	t.Cleanup(func() {
		<-ended // the test's context is over
		if t.Failed() {
			t.Logf("%s at %s wrote:\n%s", p.name, host, out)
		}
	})
	err = p.await(t.Context(), host, ended)
	if errors.Is(err, errEnded) {
		t.Logf("%s at %s ended; it wrote:\n%s", p.name, host, out)
	}
	return err
}

// await returns when the program serves.
func (p program) await(ctx context.Context, host string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case <-ended:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("no document with %s at /%s within %s", p.says, p.ready, patience)
		case <-time.After(100 * time.Millisecond):
			if document, err := get(ctx, "http://"+host+"/"+p.ready); err == nil && bytes.Contains(document, []byte(p.says)) {
				return nil
			}
		}
	}
}

// get returns the body of a 200.
func get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", address, res.Status)
	}
	return io.ReadAll(res.Body)
}

func freePort(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// output keeps the last of what a program writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

const mostOutput = 256 << 10

// Write keeps p.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if over := o.text.Len() - mostOutput; over > 0 {
		o.text.Next(over)
	}
	return len(p), nil
}

// String returns what was kept.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// installed returns the place where make idps put a program that it builds itself.
func installed(name ...string) string {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "idps", "install.sh")); err == nil {
			return filepath.Join(append([]string{dir, ".cache", "idps"}, name...)...)
		}
	}
	return filepath.Join(append([]string{".cache", "idps"}, name...)...)
}

// find returns the path of a program, or its name when it is not there.
func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return name
}

// write puts files into a directory, in directories of their own where their names say so.
func write(dir string, files map[string][]byte) error {
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// settings is what the configurations in other languages read: settings.json beside them.
func settings(host string, c Client) ([]byte, error) {
	return json.MarshalIndent(map[string]any{
		"base": "http://" + host, "host": host, "people": People(),
		"client_id": clientID, "client_secret": clientSecret,
		"redirect_uri": c.RedirectURI, "logout_uri": c.LogoutURI, "back_channel_uri": c.BackChannelURI,
		"encrypt": c.Encrypt,
	}, "", "  ")
}

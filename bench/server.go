package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// server is a process under measurement.
type server struct {
	name  string
	pid   int
	base  string // the address below which /Users is
	token string
	stop  func() error
}

func startFloor(ctx context.Context, _ options, _ dialect) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve-floor", address)
	s, err := start(ctx, cmd, "floor", address)
	if err != nil {
		return nil, err
	}
	s.base = "http://" + address
	return s, nil
}

func startUsher(ctx context.Context, o options, d dialect) (*server, error) {
	data, err := os.MkdirTemp("", "usher-bench-")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, o.usher, "serve", "--config", o.config, "--data", data, "--listen", address)
	log, err := os.Create(filepath.Join(data, "serve.log"))
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	s, err := start(ctx, cmd, "usher", address)
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	stop := s.stop
	s.stop = func() error { return errors.Join(stop(), log.Close(), os.RemoveAll(data)) }
	s.base = "http://" + address + "/scim/v2/" + d.connection
	token, err := exec.CommandContext(ctx, o.usher, "token", "create", "--data", data, "--connection", d.connection).Output()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("token create: %w", err), s.stop())
	}
	s.token = strings.TrimSpace(string(token))
	return s, nil
}

// start starts a process, waits until it is ready, and says how to stop it.
func start(ctx context.Context, cmd *exec.Cmd, name, address string) (*server, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{name: name, pid: cmd.Process.Pid}
	s.stop = func() error {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return fmt.Errorf("stop %s: %w", name, err)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			return fmt.Errorf("stop %s: %w", name, err)
		}
		return nil
	}
	for range 100 {
		if ready(ctx, "http://"+address+"/readyz") {
			return s, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(fmt.Errorf("%s was not ready within ten seconds", name), s.stop())
}

func ready(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// freeAddress returns an address of this machine that nobody listens on at the moment.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

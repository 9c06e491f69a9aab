package httpx_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
)

// start serves a handler behind an Edge with short limits, and returns its address.
func start(t *testing.T, next http.HandlerFunc) (*httpx.Server, string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := &httpx.Server{
		Log: log, HeaderTimeout: 200 * time.Millisecond, WriteStretch: 400 * time.Millisecond,
		Handler: &httpx.Edge{Next: next, Log: log, BodyGrace: 200 * time.Millisecond, BodyRate: 1 << 10, WriteStretch: 400 * time.Millisecond},
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Start(listener)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
	})
	return s, listener.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// get asks for a page until the test ends.
func get(t *testing.T, client *http.Client, url string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	return client.Do(r)
}

// readAll is a handler that reads the body and answers 503 when it does not come.
func readAll(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if directory.KindOf(err) == directory.Unavailable {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintf(w, "%d", len(body))
}

func TestHalfSentHeadersEndTheConnection(t *testing.T) {
	_, address := start(t, readAll)
	conn := dial(t, address)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Half: ")
	begin := time.Now()
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatalf("the server left the connection open: %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("closed only after %v", took)
	}
}

func TestHalfSentBodyIsAnsweredAndCut(t *testing.T) {
	_, address := start(t, readAll)
	conn := dial(t, address)
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestHalfSentBodyThatNobodyReadsDoesNotHoldTheConnection(t *testing.T) {
	_, address := start(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	conn := dial(t, address)
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("the server left the connection open: %v", err)
	}
	if !strings.HasPrefix(string(answer), "HTTP/1.1 401 ") {
		t.Errorf("answered %q", answer)
	}
}

func TestDrippingBodyIsCutAndSteadyBodyIsNot(t *testing.T) {
	send := func(chunk int, pause time.Duration, chunks int) int {
		_, address := start(t, readAll)
		conn := dial(t, address)
		_, _ = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", chunk*chunks)
		go func() {
			for range chunks {
				if _, err := io.WriteString(conn, strings.Repeat("a", chunk)); err != nil {
					return
				}
				time.Sleep(pause)
			}
		}()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	if got := send(1, 20*time.Millisecond, 200); got != http.StatusServiceUnavailable {
		t.Errorf("a byte at a time: %d", got)
	}
	// Twice as long as the grace, and faster than the slowest rate.
	if got := send(4<<10, 50*time.Millisecond, 10); got != http.StatusOK {
		t.Errorf("a steady body: %d", got)
	}
}

func TestLongAnswerThatMovesIsNotCut(t *testing.T) {
	_, address := start(t, func(w http.ResponseWriter, r *http.Request) {
		for range 10 {
			_, _ = io.WriteString(w, "0123456789")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	resp, err := get(t, http.DefaultClient, "http://"+address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || len(body) != 100 {
		t.Errorf("read %d bytes: %v", len(body), err)
	}
}

func TestReaderThatStopsReadingIsCut(t *testing.T) {
	ended := make(chan struct{})
	_, address := start(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for {
			if _, err := w.Write(chunk); err != nil {
				close(ended)
				return
			}
		}
	})
	conn := dial(t, address)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case <-ended:
	case <-time.After(8 * time.Second):
		t.Error("a reader that stopped reading holds its handler")
	}
}

func TestHeadersOverTheLimitAreRefused(t *testing.T) {
	_, address := start(t, readAll)
	conn := dial(t, address)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("a", 40<<10)+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestShutdownWaitsForRequestsUnderWay(t *testing.T) {
	entered, proceed := make(chan struct{}), make(chan struct{})
	s, address := start(t, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-proceed
		_, _ = io.WriteString(w, "done")
	})
	answer := make(chan string, 1)
	go func() {
		resp, err := get(t, http.DefaultClient, "http://"+address)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- string(body)
	}()
	<-entered
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(t.Context()) }()
	select {
	case err := <-down:
		t.Fatalf("shut down under a request: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
		t.Error("still accepting while draining")
	}
	close(proceed)
	if err := <-down; err != nil {
		t.Error(err)
	}
	if got := <-answer; got != "done" {
		t.Errorf("answer %q", got)
	}
}

func TestShutdownCutsWhatOutlastsItsContext(t *testing.T) {
	entered := make(chan struct{})
	s, address := start(t, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	go func() {
		if resp, err := get(t, http.DefaultClient, "http://"+address); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); err == nil {
		t.Error("says that everything was drained")
	}
}

func TestSocketIsPrivateKnowsItsPeerAndReplacesADeadOne(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{
		filepath.Join(dir, "s.sock"),
		filepath.Join(dir, strings.Repeat("long", 20), strings.Repeat("path", 20), "s.sock"),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil { // what a killed process left behind
			t.Fatal(err)
		}
		listener, err := httpx.ListenSocket(path)
		if err != nil {
			t.Fatal(err)
		}
		uid := make(chan uint32, 1)
		s := &httpx.Server{Log: slog.New(slog.DiscardHandler), Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, ok := httpx.PeerUID(r.Context())
			if !ok {
				got = 1<<32 - 1
			}
			uid <- got
		})}
		s.Start(listener)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return httpx.DialSocket(ctx, path)
		}}}
		resp, err := get(t, &client, "http://usher/")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := <-uid; got != uint32(os.Getuid()) {
			t.Errorf("peer %d, want %d", got, os.Getuid())
		}
		client.CloseIdleConnections()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("the socket outlives its server: %v", err)
		}
		if _, err := httpx.DialSocket(t.Context(), path); !httpx.NobodyListens(err) {
			t.Errorf("dial after shutdown: %v", err)
		}
	}
}

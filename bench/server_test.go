package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/httpx"
)

// startApp serves usher in this process, with 1,000 people in it.
func startApp(b *testing.B) *load {
	b.Helper()
	data := b.TempDir()
	a, err := app.New(app.Options{Config: filepath.Join("..", "examples", "acme", "usher.yaml"), Data: data, Listen: "127.0.0.1:0", Version: "bench", Output: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	if err := a.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := a.Stop(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	})
	local := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return httpx.DialSocket(ctx, app.Data(data).Socket())
	}}}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://usher/api/v1/tokens", strings.NewReader(`{"connection": "acme-okta"}`))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := local.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var created struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&created); err != nil || created.Token == "" {
		b.Fatalf("no token: %v, status %d", err, resp.StatusCode)
	}
	l := newLoad(&server{name: "usher", base: a.URL() + "/scim/v2/acme-okta", token: created.Token}, dialects()["okta"], 1000, 1)
	for i := range l.users {
		if err := l.sync(b.Context(), i); err != nil {
			b.Fatal(err)
		}
	}
	return l
}

// BenchmarkServer measures whole requests over HTTP, client included.
func BenchmarkServer(b *testing.B) {
	l := startApp(b)
	next := l.users
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			if err := l.do(b.Context(), http.MethodPost, "/Users", l.dialect.user(next, "Engineer"), http.StatusCreated, nil); err != nil {
				b.Fatal(err)
			}
			next++
		}
	})
	for _, c := range []struct {
		name string
		work func(context.Context, int) error
	}{
		{"patch", l.patchTitle},
		{"put", l.put},
		{"find", l.findUserName},
		{"get", l.get},
		{"list", l.list},
	} {
		b.Run(c.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if err := c.work(b.Context(), i%l.users); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

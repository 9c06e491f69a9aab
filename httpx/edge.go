package httpx

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
)

// Limits of time that the Edge keeps, unless its fields say otherwise.
const (
	BodyGrace    = 30 * time.Second // for a body before its rate counts
	BodyRate     = 32 << 10         // bytes a second that a body must keep up with
	WriteStretch = 60 * time.Second // for an answer to make progress
)

// Edge is the outermost handler: it gives each request its id and its client's address, guards against slow bodies and
// slow readers, recovers from panics, logs and observes. Its fields are set before the first request.
type Edge struct {
	Next    http.Handler
	Log     *slog.Logger
	Access  *slog.Logger // gets one line a request; nil for none
	Proxies Proxies

	// Broken answers a request whose handler panicked before it wrote anything; nil writes a plain line. The error is of
	// kind Internal and says nothing about the cause.
	Broken Renderer

	// Observe is told of every request that was answered; nil for nobody. The request's Pattern is the route.
	Observe func(r *http.Request, status int, took time.Duration)

	BodyGrace    time.Duration // 0 means the constant of this name
	BodyRate     int64         // bytes a second; 0 means the constant of this name
	WriteStretch time.Duration // 0 means the constant of this name

	recorders sync.Pool
}

// ServeHTTP serves one request.
func (e *Edge) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	start := time.Now()
	w, _ := e.recorders.Get().(*recorder)
	if w == nil {
		w = new(recorder)
	}
	w.reset(rw, orElse(e.WriteStretch, WriteStretch), start)

	a := new(about)
	var proxied bool
	a.client, proxied = e.Proxies.client(r)
	if id := header(r.Header, HeaderRequestID); proxied && wellFormed(id) {
		a.id = id
	} else {
		a.id = NewRequestID()
	}
	rw.Header()[HeaderRequestID] = []string{a.id}

	r = r.WithContext(context.WithValue(r.Context(), aboutKey{}, a))
	if r.Body != nil && r.Body != http.NoBody {
		guard(rw, r, orElse(e.BodyGrace, BodyGrace), orElse(e.BodyRate, BodyRate), start)
	}
	completed := false
	defer func() {
		var cause any
		if !completed {
			cause = recover()
		}
		e.finish(w, r, a, start, cause)
	}()
	e.Next.ServeHTTP(w, r)
	completed = true
}

// finish answers for a handler that panicked, logs, observes and gives the recorder back.
func (e *Edge) finish(w *recorder, r *http.Request, a *about, start time.Time, cause any) {
	abort := false
	if cause != nil {
		abort = e.broken(w, r, a, cause)
	}
	if w.status == 0 {
		w.status = http.StatusOK // net/http's answer to a handler that says nothing
	}
	took := time.Since(start)
	if e.Observe != nil {
		e.Observe(r, w.status, took)
	}
	if e.Access != nil {
		e.access(w, r, a, start, took)
	}
	if abort {
		panic(http.ErrAbortHandler)
	}
	w.ResponseWriter, w.control = nil, nil
	e.recorders.Put(w)
}

// broken answers for a handler that panicked, and reports whether the connection must be cut because half an answer has
// left already.
func (e *Edge) broken(w *recorder, r *http.Request, a *about, cause any) bool {
	if err, ok := cause.(error); ok && err == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is never wrapped
		return true
	}
	e.Log.LogAttrs(r.Context(), slog.LevelError, "handler panicked", slog.String("request_id", a.id),
		slog.String("route", r.Pattern), slog.Any("err", cause), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		return true
	}
	w.Header().Set("Connection", "close") // the body may not have been read
	err := directory.Errorf(directory.Internal, "Something went wrong on our side; the log has more under request %s.", a.id)
	if e.Broken != nil {
		e.Broken(w, r, err)
		return false
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, err.Message+"\n")
	return false
}

// access writes the access line. It names the route, not the path: paths and queries hold addresses and whatever else a
// client put there.
func (e *Edge) access(w *recorder, r *http.Request, a *about, start time.Time, took time.Duration) {
	handler := e.Access.Handler()
	if !handler.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	line := slog.NewRecord(start, slog.LevelInfo, "request", 0)
	line.AddAttrs(slog.String("method", Method(r)), slog.String("route", Route(r)), slog.Int("status", w.status),
		slog.Int64("bytes", w.bytes), slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("request_id", a.id), slog.String("client", clientText(a.client)))
	if a.connection != "" {
		line.AddAttrs(slog.String("connection", a.connection))
	}
	_ = handler.Handle(r.Context(), line) // nobody is left to tell
}

// Method returns the method of a request for logs and metrics: the known ones, and one word for what a client made up.
func Method(r *http.Request) string {
	switch m := r.Method; m {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions:
		return m
	}
	return "other"
}

// Route returns the route of a request for logs and metrics: the path of the pattern that it matched, without the
// pattern's method. It is "-" for a request that matched none.
func Route(r *http.Request) string {
	if r.Pattern == "" {
		return "-"
	}
	return r.Pattern[strings.IndexByte(r.Pattern, ' ')+1:]
}

func clientText(client netip.Addr) string {
	if !client.IsValid() {
		return "local"
	}
	return client.String()
}

// header returns the one value of a header by its canonical name, "" when there is none or more than one.
func header(h http.Header, name string) string {
	if values := h[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

func orElse[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

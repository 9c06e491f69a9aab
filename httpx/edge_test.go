package httpx_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
)

// lines returns what was logged, one map a line.
func lines(t *testing.T, log *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for text := range strings.Lines(log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("log line %q: %v", text, err)
		}
		all = append(all, line)
	}
	return all
}

func TestAccessLineNamesTheRouteAndNothingOfTheClients(t *testing.T) {
	var log bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("GET /people/{id}", func(w http.ResponseWriter, r *http.Request) {
		httpx.SetConnection(r.Context(), "acme-okta")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short")
	})
	edge := &httpx.Edge{Next: mux, Log: slog.New(slog.NewJSONHandler(&log, nil)), Access: slog.New(slog.NewJSONHandler(&log, nil))}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/people/ann@acme.com?secret=hunter2", nil)
	r.Header.Set("Authorization", "Bearer hunter3")
	r.RemoteAddr = "192.0.2.7:1234"
	w := httptest.NewRecorder()
	edge.ServeHTTP(w, r)

	got := lines(t, &log)
	if len(got) != 1 {
		t.Fatalf("%d lines, want 1", len(got))
	}
	if text := log.String(); strings.Contains(text, "hunter") || strings.Contains(text, "ann@") {
		t.Errorf("the access line holds what the client sent: %s", text)
	}
	line := got[0]
	delete(line, "time")
	delete(line, "duration_ms")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "route": "/people/{id}", "connection": "acme-okta", "status": 418.0, "bytes": 5.0,
		"client": "192.0.2.7", "request_id": w.Header().Get("X-Request-Id"),
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("access line (-want +got):\n%s", diff)
	}
}

func TestAccessLogCanBeOff(t *testing.T) {
	var log bytes.Buffer
	edge := &httpx.Edge{Next: http.NotFoundHandler(), Log: slog.New(slog.NewJSONHandler(&log, nil))}
	edge.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if log.Len() != 0 {
		t.Errorf("logged %s", &log)
	}
}

func TestRequestIDIsTakenFromTrustedProxiesOnly(t *testing.T) {
	proxies, err := httpx.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		remote, id string
		kept       bool
	}{
		"from a proxy":                  {"10.1.2.3:80", "abc-123.X_y", true},
		"from anybody else":             {"192.0.2.1:80", "abc-123", false},
		"with a line break":             {"10.1.2.3:80", "abc\n123", false},
		"longer than anybody needs":     {"10.1.2.3:80", strings.Repeat("a", 65), false},
		"none at all":                   {"10.1.2.3:80", "", false},
		"with what would break a quote": {"10.1.2.3:80", `a"b`, false},
	} {
		t.Run(name, func(t *testing.T) {
			var inside string
			edge := &httpx.Edge{
				Log: slog.New(slog.DiscardHandler), Proxies: proxies,
				Next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inside = httpx.RequestID(r.Context()) }),
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Request-Id"] = []string{c.id}
			w := httptest.NewRecorder()
			edge.ServeHTTP(w, r)
			echoed := w.Header().Get("X-Request-Id")
			if echoed == "" || echoed != inside {
				t.Errorf("echoed %q, in the context %q", echoed, inside)
			}
			if (echoed == c.id) != c.kept {
				t.Errorf("sent %q, got %q", c.id, echoed)
			}
		})
	}
}

func TestPanicBecomesAnOpaqueAnswer(t *testing.T) {
	var log bytes.Buffer
	var status int
	edge := &httpx.Edge{
		Next:    http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the password is hunter2") }),
		Log:     slog.New(slog.NewJSONHandler(&log, nil)),
		Observe: func(_ *http.Request, s int, _ time.Duration) { status = s },
	}
	w := httptest.NewRecorder()
	edge.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || status != w.Code {
		t.Errorf("answered %d, observed %d", w.Code, status)
	}
	id := w.Header().Get("X-Request-Id")
	if body := w.Body.String(); strings.Contains(body, "hunter2") || !strings.Contains(body, id) {
		t.Errorf("body %q", body)
	}
	got := lines(t, &log)
	if len(got) != 1 || got[0]["request_id"] != id || !strings.Contains(got[0]["stack"].(string), "edge_test.go") {
		t.Errorf("logged %v", got)
	}
}

func TestPanicAfterHalfAnAnswerCutsTheConnection(t *testing.T) {
	edge := &httpx.Edge{
		Log: slog.New(slog.DiscardHandler),
		Next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic("boom")
		}),
	}
	server := httptest.NewServer(edge)
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	resp, err := get(t, http.DefaultClient, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("the client took %q for the whole answer", body)
	}
}

func TestBrokenRendersInTheTransportsOwnForm(t *testing.T) {
	var kind directory.Kind = -1
	edge := &httpx.Edge{
		Log:  slog.New(slog.DiscardHandler),
		Next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }),
		Broken: func(w http.ResponseWriter, _ *http.Request, err error) {
			kind = directory.KindOf(err)
			w.WriteHeader(http.StatusInternalServerError)
		},
	}
	edge.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if kind != directory.Internal {
		t.Errorf("kind %v", kind)
	}
}

func TestHandlerRendersItsError(t *testing.T) {
	h := httpx.Handler(func(http.ResponseWriter, *http.Request) error {
		return directory.Errorf(directory.Conflict, "There is one already.")
	}).With(func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusConflict)
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if w.Code != http.StatusConflict || strings.TrimSpace(w.Body.String()) != "There is one already." {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
}

// nothing is a ResponseWriter that costs nothing, so that the benchmark measures the Edge.
type nothing struct{ header http.Header }

func (n nothing) Header() http.Header         { return n.header }
func (n nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n nothing) WriteHeader(int)             {}

func BenchmarkEdge(b *testing.B) {
	mux := http.NewServeMux()
	body := []byte(`{"ok":true}`)
	mux.HandleFunc("GET /x", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	for name, next := range map[string]http.Handler{
		"bare":   mux,
		"silent": &httpx.Edge{Next: mux, Log: slog.New(slog.DiscardHandler)},
		"access": &httpx.Edge{Next: mux, Log: slog.New(slog.DiscardHandler), Access: slog.New(slog.NewJSONHandler(io.Discard, nil))}, //nolint:sloglint // writing the line is part of the cost
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/x", nil)
			w := nothing{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				next.ServeHTTP(w, r)
			}
		})
	}
}

package scim

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// The benchmarks drive handlers without a network, so that their figures are the server's own. BenchmarkFloor is what a
// bare handler that reads and answers a body of this size costs in the same harness.
//
//	go test -run '^$' -bench . ./scim

// sink is a ResponseWriter that keeps nothing.
type sink struct {
	header http.Header
	status int
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

func drive(b *testing.B, h http.Handler, method, target string, body []byte) {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, target, nil)
	r.Header.Set("Authorization", "Bearer okta-secret")
	r.Header.Set("Content-Type", contentType)
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		h.ServeHTTP(w, r)
	}
	if w.status >= 300 {
		b.Fatalf("%s %s: %d", method, target, w.status)
	}
}

func BenchmarkFloor(b *testing.B) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(in)
	})
	drive(b, h, "POST", "/", []byte(oktaUser("ann")))
}

func BenchmarkRead(b *testing.B) {
	w := newWorld(b)
	ids := w.people(numbered(1000)...)
	w.group("Engineering", ids...)
	h := w.server.Handler()
	b.Run("get", func(b *testing.B) { drive(b, h, "GET", w.path+"/Users/"+ids[500], nil) })
	b.Run("find userName", func(b *testing.B) { drive(b, h, "GET", w.path+"/Users"+query1(`userName eq "p0500@acme.com"`), nil) })
	b.Run("find externalId", func(b *testing.B) { drive(b, h, "GET", w.path+"/Users"+query1(`externalId eq "00up0500"`), nil) })
	b.Run("list of 100", func(b *testing.B) { drive(b, h, "GET", w.path+"/Users?startIndex=501&count=100", nil) })
	b.Run("sorted list of 100", func(b *testing.B) { drive(b, h, "GET", w.path+"/Users?sortBy=userName&count=100", nil) })
	b.Run("cursor page of 100", func(b *testing.B) { drive(b, h, "GET", w.path+"/Users?cursor&count=100", nil) })
	b.Run("scan of 1000", func(b *testing.B) {
		drive(b, h, "GET", w.path+"/Users?count=10&filter="+url.QueryEscape(`name.familyName eq "Family"`), nil)
	})
	b.Run("group of 1000", func(b *testing.B) {
		drive(b, h, "GET", w.path+"/Groups"+query1(`displayName eq "engineering"`), nil)
	})
}

func BenchmarkWrite(b *testing.B) {
	w := newWorld(b)
	id := w.user("ann")
	h := w.server.Handler()
	b.Run("patch that changes nothing", func(b *testing.B) {
		drive(b, h, "PATCH", w.path+"/Users/"+id, []byte(patchOf(`[{"op":"replace","value":{"active":true}}]`)))
	})
}

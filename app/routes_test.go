package app

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
)

func TestWhatCanOnlyBeReadSaysSo(t *testing.T) {
	opts, _ := configure(t)
	a := begin(t, opts)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodHead, "/healthz", 200, ""},
		{http.MethodPost, "/healthz", 405, "GET, HEAD, OPTIONS"},
		{http.MethodDelete, "/readyz", 405, "GET, HEAD, OPTIONS"},
		{http.MethodOptions, "/metrics", 204, "GET, HEAD, OPTIONS"},
		{http.MethodPost, "/api/v1/openapi.json", 405, "GET, HEAD, OPTIONS"},
		{http.MethodPost, "/", 405, "GET, HEAD, OPTIONS"},
		{http.MethodPost, "/scim/v2", 404, ""},
		{http.MethodPost, "/api/v1", 401, ""},
	} {
		if status, header, body := ask(t, c.method, a.URL()+c.path, ""); status != c.status || header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q: %s", c.method, c.path, status, header.Get("Allow"), body)
		}
	}
}

func TestMetricsNameTheRoutesOfTheRESTInterface(t *testing.T) {
	opts, log := configure(t)
	a := begin(t, opts)
	token := apiToken(t, a, api.ScopeMembersRead)
	for path, want := range map[string]int{"/organizations/acme/members": 200, "/nonsense": 404} {
		if status, _, body := ask(t, http.MethodGet, a.URL()+api.Prefix+path, token); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	_, _, text := ask(t, http.MethodGet, a.URL()+"/metrics", "")
	for _, line := range []string{
		`usher_request_duration_seconds_count{class="2xx",method="GET",route="/api/v1/organizations/{organization}/members"} 1`,
		`usher_request_duration_seconds_count{class="4xx",method="GET",route="/api/v1/"} 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("metrics without %s", line)
		}
	}
	a.lines.flush()
	if !strings.Contains(log.String(), `"route":"/api/v1/organizations/{organization}/members","status":200`) {
		t.Errorf("log %s", log)
	}
}

package httpx_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
)

func TestClientIsTheRightmostAddressThatNoProxyHas(t *testing.T) {
	for name, c := range map[string]struct {
		trusted   string
		remote    string
		forwarded []string
		want      string
	}{
		"no proxies":                          {"", "192.0.2.1:9", []string{"203.0.113.5"}, "192.0.2.1"},
		"a peer that is no proxy":             {"10.0.0.0/8", "192.0.2.1:9", []string{"203.0.113.5"}, "192.0.2.1"},
		"one proxy":                           {"10.0.0.0/8", "10.0.0.1:9", []string{"203.0.113.5"}, "203.0.113.5"},
		"a claim left of the truth":           {"10.0.0.0/8", "10.0.0.1:9", []string{"127.0.0.1, 203.0.113.5"}, "203.0.113.5"},
		"two proxies":                         {"10.0.0.0/8", "10.0.0.1:9", []string{"1.1.1.1, 203.0.113.5, 10.0.0.2"}, "203.0.113.5"},
		"two lines":                           {"10.0.0.0/8", "10.0.0.1:9", []string{"1.1.1.1", "203.0.113.5,10.0.0.2"}, "203.0.113.5"},
		"proxies all the way":                 {"10.0.0.0/8", "10.0.0.1:9", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"with a port":                         {"10.0.0.0/8", "10.0.0.1:9", []string{"203.0.113.5:4711"}, "203.0.113.5"},
		"IPv6 with a port":                    {"::1", "[::1]:9", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		"IPv4 in IPv6":                        {"10.0.0.1", "[::ffff:10.0.0.1]:9", []string{"203.0.113.5"}, "203.0.113.5"},
		"what cannot be read hides its left":  {"10.0.0.0/8", "10.0.0.1:9", []string{"203.0.113.5, unknown"}, "10.0.0.1"},
		"an empty header":                     {"10.0.0.0/8", "10.0.0.1:9", []string{""}, "10.0.0.1"},
		"over a unix socket, nobody's claims": {"10.0.0.0/8", "@", []string{"203.0.113.5"}, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			proxies, err := httpx.ParseProxies(strings.Fields(c.trusted))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			edge := &httpx.Edge{
				Log: slog.New(slog.DiscardHandler), Proxies: proxies,
				Next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = httpx.Client(r.Context()).String() }),
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
			edge.ServeHTTP(httptest.NewRecorder(), r)
			if got != c.want {
				t.Errorf("client %s, want %s", got, c.want)
			}
		})
	}
}

func TestParseProxiesRefusesWhatIsNeither(t *testing.T) {
	_, err := httpx.ParseProxies([]string{"10.0.0.0/8", "proxy.local"})
	if directory.KindOf(err) != directory.Invalid || !strings.Contains(err.Error(), "proxy.local") {
		t.Errorf("error %v", err)
	}
}

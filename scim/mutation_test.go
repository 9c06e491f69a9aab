package scim

import (
	"bytes"
	"context"
	"flag"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mixus/usher/examples"
	"github.com/mixus/usher/store"
)

var (
	mutations    = flag.Int("mutations", 10_000, "how many mutated requests to send")
	mutationSeed = flag.Uint64("mutation-seed", 1, "where the mutations come from")
)

// request is one that a provider sent.
type request struct {
	connection, method, path, body string // path with its query, as it was on the wire
	header                         http.Header
}

// TestMutatedRequests sends the requests of every transcript with bytes changed, dropped, doubled and moved. None may be
// answered 5xx, and one that is refused may change nothing: no transaction of it is kept, and now and then everything
// that both connections show is compared too.
func TestMutatedRequests(t *testing.T) {
	acme, err := fs.ReadFile(examples.Acme(), "organizations/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldOf(t, string(acme))
	kept := &counted{Store: w.store}
	w.store, w.server.Store, w.server.Engine.Store = kept, kept, kept
	w.server.PublicURL = w.http.URL
	requests := append(transcribed(t, w), bulks()...)
	h := w.server.Handler()
	random := rand.New(rand.NewPCG(*mutationSeed, *mutationSeed))
	accepted, refused := 0, 0
	var alive map[string][]string
	for i := range *mutations {
		if i%100 == 0 {
			alive = w.alive(h)
		}
		r := requests[random.IntN(len(requests))]
		r.mutate(random, alive)
		inFull := i%50 == 0
		before, commits := "", kept.commits.Load()
		if inFull {
			before = w.state(h)
		}
		got := w.direct(h, &r)
		switch {
		case got.Code >= 500 && got.Code != http.StatusNotImplemented:
			t.Fatalf("-mutation-seed %d, request %d: %+v\nwas answered %d %s", *mutationSeed, i, r, got.Code, got.Body)
		case got.Code < 400:
			accepted++
			continue
		}
		refused++
		if kept.commits.Load() != commits || inFull && w.state(h) != before {
			t.Fatalf("-mutation-seed %d, request %d: %+v\nwas refused with %d %s, and changed the store", *mutationSeed, i, r, got.Code, got.Body)
		}
	}
	t.Logf("%d requests, %d accepted, %d refused", *mutations, accepted, refused)
	if accepted < *mutations/8 || refused < *mutations/8 {
		t.Errorf("of %d requests %d were accepted and %d refused: they are too much alike", *mutations, accepted, refused)
	}
}

// counted is a store that counts the transactions it kept.
type counted struct {
	store.Store
	commits atomic.Int64
}

func (c *counted) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := c.Store.Update(ctx, fn)
	if err == nil {
		c.commits.Add(1)
	}
	return err
}

// transcribed plays every transcript, which leaves its people and groups in the world, and returns what was sent.
func transcribed(t *testing.T, w *world) []request {
	t.Helper()
	all, err := examples.Transcripts()
	if err != nil {
		t.Fatal(err)
	}
	seen := &wiretap{prefix: Prefix}
	player := examples.Player{Client: &http.Client{Transport: seen}}
	for i := range all {
		secret := strings.TrimPrefix(all[i].Connection, "acme-") + "-secret"
		if err := player.Play(t.Context(), w.http.URL+Prefix+all[i].Connection, secret, all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return seen.requests
}

// bulks are requests that no transcript has.
func bulks() []request {
	return []request{
		{"acme-okta", http.MethodPost, "/Bulk", bulkOf(post("/Users", "q", oktaUser("quinn")), post("/Groups", "r", `{"displayName":"R","members":[{"value":"bulkId:q"}]}`)), bearing("acme-okta")},
		{"acme-entra", http.MethodPost, "/.search", `{"filter":"displayName pr","count":3,"startIndex":2,"attributes":["id"]}`, bearing("acme-entra")},
		{"acme-okta", http.MethodGet, "/Groups?cursor=&count=1&attributes=members.value&filter=" + url.QueryEscape(`displayName sw "e" and not (members.value eq "x")`), "", bearing("acme-okta")},
		{"acme-okta", http.MethodGet, "/Users?sortBy=userName&sortOrder=descending&startIndex=1&count=2&filter=" + url.QueryEscape(`emails[type eq "work"].value co "x"`), "", bearing("acme-okta")},
	}
}

// wiretap notes the requests that pass.
type wiretap struct {
	prefix   string
	requests []request
}

func (s *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	connection, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, s.prefix), "/")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	s.requests = append(s.requests, request{connection, r.Method, "/" + path, string(body), r.Header.Clone()})
	return http.DefaultTransport.RoundTrip(r)
}

var resourceID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// mutate aims the request at resources that there are, and changes a few bytes of it.
func (r *request) mutate(random *rand.Rand, alive map[string][]string) {
	kind, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/"), "/")
	if ids := alive[r.connection+kind]; len(ids) > 0 {
		r.path = resourceID.ReplaceAllString(r.path, ids[random.IntN(len(ids))])
	}
	if people := alive[r.connection+"Users"]; len(people) > 0 && random.IntN(2) == 0 {
		r.body = resourceID.ReplaceAllString(r.body, people[random.IntN(len(people))])
	}
	if random.IntN(32) == 0 {
		r.method = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}[random.IntN(7)]
	}
	path, query, _ := strings.Cut(r.path, "?")
	switch where := random.IntN(8); {
	case r.body != "" && where > 0:
		r.body = mutatedBody(random, r.body)
	case query != "" && where < 7:
		r.path = path + "?" + mutated(random, query)
	default:
		r.path = "/" + mutated(random, r.path[1:])
	}
	if random.IntN(16) == 0 {
		names := slices.Sorted(maps.Keys(r.header))
		name := names[random.IntN(len(names))]
		r.header = r.header.Clone()
		r.header.Set(name, mutated(random, r.header.Get(name)))
	}
}

// direct sends a request to the handler without a client that would refuse to.
func (w *world) direct(h http.Handler, request *request) *httptest.ResponseRecorder {
	path, raw, _ := strings.Cut(request.path, "?")
	r := httptest.NewRequestWithContext(context.Background(), request.method, "/", strings.NewReader(request.body))
	r.URL = &url.URL{Path: Prefix + request.connection + path, RawQuery: raw}
	r.Header = request.header.Clone()
	got := httptest.NewRecorder()
	h.ServeHTTP(got, r)
	return got
}

// state is everything that both connections show.
func (w *world) state(h http.Handler) string {
	var all strings.Builder
	for _, connection := range []string{"acme-okta", "acme-entra"} {
		for _, path := range []string{"/Users?count=1000", "/Groups?count=1000"} {
			all.WriteString(w.direct(h, &request{connection, http.MethodGet, path, "", bearing(connection)}).Body.String())
		}
	}
	return all.String()
}

// bearing returns the headers that a request to a connection needs.
func bearing(connection string) http.Header {
	return http.Header{"Authorization": {"Bearer " + strings.TrimPrefix(connection, "acme-") + "-secret"}, "Content-Type": {contentType}}
}

// alive returns the ids of some of the resources that there are, by connection and kind.
func (w *world) alive(h http.Handler) map[string][]string {
	ids := map[string][]string{}
	for _, connection := range []string{"acme-okta", "acme-entra"} {
		for _, kind := range []string{"Users", "Groups"} {
			page := w.direct(h, &request{connection, http.MethodGet, "/" + kind + "?count=100&attributes=id", "", bearing(connection)})
			ids[connection+kind] = resourceID.FindAllString(page.Body.String(), -1)
		}
	}
	return ids
}

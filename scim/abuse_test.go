package scim

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/store"
)

// giveToken adds a token to the store.
func (w *world) giveToken(secret string, t directory.Token) {
	w.t.Helper()
	t.Hash = sha256.Sum256([]byte(secret))
	if err := w.store.Update(w.t.Context(), func(tx store.Tx) error { return tx.PutToken(&t) }); err != nil {
		w.t.Fatal(err)
	}
}

func TestAbuse58TokenGuessing(t *testing.T) {
	w := newWorld(t)
	okta, _ := w.server.Connections("acme-okta")
	w.giveToken("expired", directory.Token{Org: okta.Org, Conn: okta.Num, Name: "old", Expires: noon})
	w.giveToken("for the API", directory.Token{Org: okta.Org, Scopes: []string{"members:read"}, Name: "api"})
	w.giveToken("another organization", directory.Token{Org: okta.Org + 1, Conn: okta.Num, Name: "odd"})

	want := w.as("acme-okta", "").do("GET", "/Users", "")
	tests := []struct{ name, connection, token string }{
		{"a wrong token", "acme-okta", "guess"},
		{"the token of another connection", "acme-okta", "entra-secret"},
		{"an expired token", "acme-okta", "expired"},
		{"a token for the API", "acme-okta", "for the API"},
		{"a token of another organization", "acme-okta", "another organization"},
		{"an unknown connection, with a good token", "acme-nobody", "okta-secret"},
		{"an unknown connection, with none", "acme-nobody", ""},
		{"no connection", "", "okta-secret"},
	}
	for _, tt := range tests {
		for _, path := range []string{"/Users", "/Nothing", "/Me", "/Users?filter=;"} {
			got := w.as(tt.connection, tt.token).do("GET", path, "")
			got.header.Del("Date")
			want.header.Del("Date")
			if got.status != 401 || got.text != want.text || !cmp.Equal(got.header, want.header) {
				t.Fatalf("%s at %s: %d %v %s, want %d %v %s", tt.name, path, got.status, got.header, got.text, want.status, want.header, want.text)
			}
		}
		w.server.refused = httpx.Limiter[netip.Prefix]{}
	}
	if want.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("WWW-Authenticate %q", want.header.Get("WWW-Authenticate"))
	}

	for i := range failuresAllowed {
		w.as("acme-okta", "guess"+strconv.Itoa(i)).do("GET", "/Users", "").refused(401, "")
	}
	limited := w.as("acme-okta", "guess").do("GET", "/Users", "").refused(429, "")
	if s, err := strconv.Atoi(limited.header.Get("Retry-After")); err != nil || s < 1 || s > 60 {
		t.Errorf("Retry-After %q, want whole seconds", limited.header.Get("Retry-After"))
	}
	w.do("GET", "/Users", "").want(200) // a good token from the same address still passes
	w.pass(2 * time.Minute)
	w.as("acme-okta", "guess").do("GET", "/Users", "").refused(401, "")
	if strings.Contains(w.log.String(), "guess") || !strings.Contains(w.log.String(), "scim token refused") {
		t.Errorf("the log has a token, or no refusal:\n%s", w.log)
	}
}

// looking is a store that counts what a request reads.
type looking struct {
	store.Store
	views, tokens atomic.Int64
}

func (s *looking) View(ctx context.Context, fn func(store.Tx) error) error {
	s.views.Add(1)
	return s.Store.View(ctx, func(tx store.Tx) error { return fn(lookingTx{tx, s}) })
}

type lookingTx struct {
	store.Tx
	s *looking
}

func (t lookingTx) Token(hash [32]byte) (*directory.Token, error) {
	t.s.tokens.Add(1)
	return t.Tx.Token(hash)
}

// TestAbuse58EveryRefusalTakesTheSameSteps: how long a refusal takes must not say whether the connection exists or the
// token is somebody's, so each looks the token up once, by its hash, and reads nothing else.
func TestAbuse58EveryRefusalTakesTheSameSteps(t *testing.T) {
	w := newWorld(t)
	s := &looking{Store: w.store}
	w.server.Store = s
	w.serve()
	for _, tt := range []struct{ name, connection, token string }{
		{"no token", "acme-okta", ""},
		{"a wrong token", "acme-okta", "guess"},
		{"the token of another connection", "acme-okta", "entra-secret"},
		{"an unknown connection, with a good token", "acme-nobody", "okta-secret"},
		{"an unknown connection, with none", "acme-nobody", ""},
	} {
		views, tokens := s.views.Load(), s.tokens.Load()
		w.as(tt.connection, tt.token).do("GET", "/Users"+query1(`userName eq "ann@acme.com"`), "").refused(401, "")
		if v, n := s.views.Load()-views, s.tokens.Load()-tokens; v != 1 || n != 1 {
			t.Errorf("%s: the store was read %d times and a token looked up %d times, want once", tt.name, v, n)
		}
	}
}

func TestAbuse59IDsOfAnotherConnection(t *testing.T) {
	w := newWorld(t)
	entra := w.as("acme-entra", "entra-secret")
	user, group := w.user("ann"), w.group("Secret")
	absent := "018f3c2a-5d1e-7c3a-9b1f-2f6f5a1e0c77"
	unknown := w.do("GET", "/Users/"+absent, "").want(404).text
	for _, kind := range []struct{ path, id, body string }{{"/Users/", user, oktaUser("mallory")}, {"/Groups/", group, `{"displayName":"Taken"}`}} {
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			body := map[string]string{"PUT": kind.body, "PATCH": patchOf(`[{"op":"replace","path":"displayName","value":"x"}]`)}[method]
			foreign, missing := entra.do(method, kind.path+kind.id, body), entra.do(method, kind.path+absent, body)
			if foreign.status != 404 || missing.status != 404 || missing.text != unknown || strings.ReplaceAll(foreign.text, kind.id, absent) != unknown {
				t.Errorf("%s %s: %d %s for another connection's, %d %s for a missing one", method, kind.path, foreign.status, foreign.text, missing.status, missing.text)
			}
		}
		w.do("GET", kind.path+kind.id, "").want(200)
	}
	bulk := entra.do("POST", "/Bulk", bulkOf(`{"method":"DELETE","path":"/Users/`+user+`"}`, `{"method":"DELETE","path":"/Users/`+absent+`"}`)).want(200)
	if s := statuses(bulk); len(s) != 2 || s[0] != "404" || s[1] != "404" {
		t.Errorf("Bulk: %s", bulk.text)
	}
	w.do("GET", "/Users/"+user, "").want(200)
	stolen := entra.do("POST", "/Groups", `{"displayName":"Thieves","members":[{"value":"`+user+`"}]}`).want(201)
	if stolen.get("members", 0, "$ref") != nil {
		t.Errorf("another connection's user is a member: %s", stolen.text)
	}
	for _, filter := range []string{`id eq "` + user + `"`, `userName eq "ann@acme.com"`, `externalId eq "00uann"`, `userName pr`} {
		if got := entra.do("GET", "/Users"+query1(filter), ""); got.get("totalResults") != 0.0 {
			t.Errorf("%s finds another connection's user: %s", filter, got.text)
		}
	}
}

func TestAbuse60NestedFilters(t *testing.T) {
	w := newWorld(t)
	for _, filter := range []string{
		strings.Repeat("(", 500) + `userName pr` + strings.Repeat(")", 500),
		strings.Repeat("not (", 200) + `userName pr` + strings.Repeat(")", 200),
		strings.TrimSuffix(strings.Repeat(`userName pr or `, 250), " or "),
		`userName eq "` + strings.Repeat("a", 5000) + `"`,
	} {
		start := time.Now()
		w.do("GET", "/Users"+query1(filter), "").refused(400, "invalidFilter")
		w.do("POST", "/.search", `{"filter":`+strconv.Quote(filter)+`}`).refused(400, "invalidFilter")
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("refusing %.20s… took %s", filter, d)
		}
	}
}

func TestAbuse61HugeAndDeepBodies(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	group := w.group("G")
	huge := `{"userName":"` + strings.Repeat("a", 1<<20) + `"}`
	w.do("POST", "/Users", huge).refused(413, "")
	w.do("PUT", "/Users/"+id, huge).refused(413, "")
	w.do("PATCH", "/Users/"+id, huge).refused(413, "")
	w.do("POST", "/Users/.search", huge).refused(413, "")

	w.server.Limits.GroupBody, w.server.Limits.BulkBody = 1<<10, 1<<10
	w.serve()
	long := `{"displayName":"` + strings.Repeat("a", 2<<10) + `"}`
	for _, target := range [][2]string{{"POST", "/Groups"}, {"PUT", "/Groups/" + group}, {"PATCH", "/Groups/" + group}, {"POST", "/Bulk"}} {
		w.do(target[0], target[1], long).refused(413, "")
		w.stream(target[0], target[1], long).refused(413, "")
	}
	w.stream("POST", "/Users", huge).refused(413, "")
	for _, deeper := range []string{strings.Repeat("[", 500_000), `{"userName":` + strings.Repeat(`{"a":`, 100_000)} {
		start := time.Now()
		w.do("POST", "/Users", deeper).refused(400, "invalidSyntax")
		w.do("PATCH", "/Users/"+id, deeper).refused(400, "invalidSyntax")
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("refusing %.20s… took %s", deeper, d)
		}
	}
	deep := strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40)
	for _, target := range [][2]string{{"POST", "/Users"}, {"PUT", "/Users/" + id}, {"PATCH", "/Users/" + id}, {"POST", "/Groups"}, {"PATCH", "/Groups/" + group}, {"POST", "/Bulk"}, {"POST", "/.search"}} {
		w.do(target[0], target[1], deep).refused(400, "invalidSyntax")
	}
}

func TestAbuse62ThousandsOfOperations(t *testing.T) {
	w := newWorld(t)
	id, group := w.user("ann"), w.group("G")
	many := func(op string, n int) string { return strings.TrimSuffix(strings.Repeat(op+",", n), ",") }
	retitle := `{"op":"replace","path":"title","value":"x"}`
	w.do("PATCH", "/Users/"+id, patchOf(`[`+many(retitle, 1001)+`]`)).refused(400, "tooMany")
	w.do("PATCH", "/Groups/"+group, patchOf(`[`+many(`{"op":"add","path":"members","value":[]}`, 1001)+`]`)).refused(400, "tooMany")
	w.do("PATCH", "/Users/"+id, patchOf(`[`+many(retitle, 1000)+`]`)).want(200)
	// Bulk has a status of its own for this (RFC 7644, section 3.7.4).
	w.do("POST", "/Bulk", bulkOf(many(`{"method":"DELETE","path":"/Users/1"}`, 1001))).refused(413, "")
}

func TestAbuse63LineBreaksInHeaders(t *testing.T) {
	w := newWorld(t)
	evil := `x\r\nSet-Cookie: a=b`
	created := w.do("POST", "/Users", `{"userName":"`+evil+`","externalId":"`+evil+`","displayName":"`+evil+`"}`).want(201)
	answers := []*answer{
		created,
		w.do("GET", "/Users/x%0d%0aSet-Cookie:%20a=b", "").refused(404, ""),
		w.do("GET", "/Schemas/x%0d%0aSet-Cookie:%20a=b", "").refused(404, ""),
		w.as("x%0d%0aSet-Cookie:%20a=b", "okta-secret").do("GET", "/Users", "").refused(401, ""),
		w.do("GET", "/Users?cursor=%0d%0aSet-Cookie:%20a=b", "").refused(400, "invalidCursor"),
		w.do("GET", "/Users?filter=%0d%0aSet-Cookie:%20a=b", "").refused(400, "invalidFilter"),
	}
	for _, a := range answers {
		for name, values := range a.header {
			for _, v := range values {
				if http.CanonicalHeaderKey(name) == "Set-Cookie" || strings.ContainsAny(v, "\r\n") || strings.Contains(v, "Set-Cookie") {
					t.Errorf("header %s: %q", name, v)
				}
			}
		}
	}
	if created.get("userName") != "x\r\nSet-Cookie: a=b" {
		t.Errorf("userName came back as %q", created.get("userName"))
	}
}

func TestAbuse64LogInjection(t *testing.T) {
	w := newWorld(t)
	w.as("x%0atime=2026 level=ERROR msg=forged", "guess").do("GET", "/Users", "").refused(401, "")
	for line := range strings.Lines(w.log.String()) {
		if strings.HasPrefix(line, "time=2026 ") {
			t.Errorf("a forged line: %s", line)
		}
	}
	if !strings.Contains(w.log.String(), `x\ntime=2026`) {
		t.Errorf("the refusal is not in the log, escaped:\n%s", w.log)
	}
}

func TestForeignConnectionsInTheTableAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 10 {
		w.as(fmt.Sprintf("nobody-%d", i), "okta-secret").do("GET", "/Users", "").refused(401, "")
	}
	w.do("GET", "/Users", "").want(200)
	if n := len(w.server.lines.table); n != 1 {
		t.Errorf("%d connections are remembered", n)
	}
}

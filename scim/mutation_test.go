package scim

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestMutatedRequests sends real requests with bytes changed, dropped, doubled and moved. None may be answered 5xx, and
// one that is refused may change nothing.
func TestMutatedRequests(t *testing.T) {
	w := newWorld(t)
	user, group := w.user("ann"), w.group("G", w.user("bob"))
	requests := [][3]string{
		{"POST", "/Users", oktaUser("eve")},
		{"PUT", "/Users/" + user, oktaUser("ann")},
		{"PATCH", "/Users/" + user, patchOf(`[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x@acme.com"},{"op":"remove","path":"title"}]`)},
		{"PATCH", "/Users/" + user, patchOf(`[{"op":"replace","value":{"active":true,"name.givenName":"A","` + enterprise + `:manager":"1"}}]`)},
		{"POST", "/Groups", `{"displayName":"H","members":[{"value":"` + user + `"},{"value":"x"}]}`},
		{"PUT", "/Groups/" + group, `{"displayName":"G","externalId":"g","members":[{"value":"` + user + `"}]}`},
		{"PATCH", "/Groups/" + group, patchOf(`[{"op":"remove","path":"members[value eq \"` + user + `\"]"},{"op":"add","path":"members","value":[{"value":"` + user + `"}]}]`)},
		{"GET", "/Users?filter=" + url.QueryEscape(`userName eq "ann@acme.com" and not (emails[type eq "work"].value co "x")`) + "&startIndex=1&count=2&sortBy=userName", ""},
		{"GET", "/Groups?cursor=&count=1&attributes=members.value&filter=" + url.QueryEscape(`members.value eq "`+user+`"`), ""},
		{"POST", "/.search", `{"filter":"displayName pr","count":3,"startIndex":2,"attributes":["id"]}`},
		{"POST", "/Bulk", bulkOf(post("/Users", "q", oktaUser("quinn")), post("/Groups", "r", `{"displayName":"R","members":[{"value":"bulkId:q"}]}`))},
	}
	h := w.server.Handler()
	random := rand.New(rand.NewPCG(1, 2))
	before := w.state(h)
	for i := range 2000 {
		r := requests[i%len(requests)]
		path, body := r[1], r[2]
		if body == "" || random.IntN(8) == 0 {
			path = mutate(random, path)
		} else {
			body = mutate(random, body)
		}
		got := w.direct(h, r[0], path, body)
		if got.Code >= 500 && got.Code != 501 {
			t.Fatalf("%s %q %q: %d %s", r[0], path, body, got.Code, got.Body)
		}
		after := w.state(h)
		if got.Code >= 400 && after != before {
			t.Fatalf("%s %q %q was refused with %d, and changed\n%s\nto\n%s", r[0], path, body, got.Code, before, after)
		}
		before = after
	}
}

// mutate changes a few bytes of a text.
func mutate(random *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + random.IntN(3) {
		if len(b) == 0 {
			break
		}
		i, j := random.IntN(len(b)), random.IntN(len(b))
		if i > j {
			i, j = j, i
		}
		switch random.IntN(6) {
		case 0:
			b[i] = byte(random.IntN(256))
		case 1:
			b[i] = `{}[]",:\0tfn-.e %&=;`[random.IntN(20)]
		case 2:
			b = append(b[:i:i], b[min(j, i+8):]...)
		case 3:
			b = append(b[:j:j], b[i:]...)
		case 4:
			b[i], b[j] = b[j], b[i]
		default:
			b = b[:j]
		}
	}
	return string(b)
}

// direct sends a request to the handler without a client that would refuse to.
func (w *world) direct(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	path, raw, _ := strings.Cut(path, "?")
	r := httptest.NewRequestWithContext(context.Background(), method, "/", strings.NewReader(body))
	r.URL = &url.URL{Path: w.path + path, RawQuery: raw}
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("Content-Type", contentType)
	got := httptest.NewRecorder()
	h.ServeHTTP(got, r)
	return got
}

// state is everything that the connection shows.
func (w *world) state(h http.Handler) string {
	return w.direct(h, "GET", "/Users?count=1000", "").Body.String() + w.direct(h, "GET", "/Groups?count=1000", "").Body.String()
}

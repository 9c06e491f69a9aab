package scim

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/mixus/usher/store"
)

// broken is a store on a full disk.
type broken struct{ store.Store }

func (broken) Update(context.Context, func(store.Tx) error) error { return store.ErrFull }

// leaky is a store whose errors nobody should see.
type leaky struct{ store.Store }

func (leaky) Update(context.Context, func(store.Tx) error) error {
	return errors.New("open /var/lib/usher: password hunter2\ntime=2001-01-01T00:00:00Z level=ERROR msg=forged")
}

func TestFullDiskAsksToComeBack(t *testing.T) {
	w := newWorld(t)
	w.server.Engine.Store = broken{w.store}
	got := w.do("POST", "/Users", oktaUser("ann")).refused(503, "")
	if s, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || s < 1 {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	bulk := w.do("POST", "/Bulk", bulkOf(post("/Users", "a", oktaUser("ann")), post("/Users", "b", oktaUser("bob")))).want(200)
	if s := statuses(bulk); len(s) != 2 || s[0] != "503" || s[1] != "503" {
		t.Errorf("Bulk on a full disk: %s", bulk.text)
	}
}

func TestForeignErrorsStayInTheLog(t *testing.T) {
	w := newWorld(t)
	w.server.Engine.Store = leaky{w.store}
	got := w.do("POST", "/Users", oktaUser("ann")).refused(500, "")
	if strings.Contains(got.text, "hunter2") || !strings.Contains(got.text, "req-1") {
		t.Errorf("the answer: %s", got.text)
	}
	if !strings.Contains(w.log.String(), "hunter2") || !strings.Contains(w.log.String(), "request_id=req-1") || strings.Contains(w.log.String(), "\ntime=2001") {
		t.Errorf("the log:\n%s", w.log)
	}
}

func TestAnswersAreObserved(t *testing.T) {
	w := newWorld(t)
	var seen []string
	w.server.Observe = func(connection, operation string, status int) {
		seen = append(seen, connection+" "+operation+" "+strconv.Itoa(status))
	}
	w.do("GET", "/Users", "")
	w.do("GET", "/Users"+query1(`userName eq "x"`), "")
	w.do("GET", "/Users/x", "")
	w.do("POST", "/Users", `{}`)
	w.as("made-up", "x").do("GET", "/Users", "")
	w.do("BREW", "/Users", "")
	w.http.Close() // every handler has returned
	want := "acme-okta users.list 200,acme-okta users.find 200,acme-okta users.get 404,acme-okta users.create 400, unauthenticated 401,acme-okta other 405"
	if got := strings.Join(seen, ","); got != want {
		t.Errorf("seen %s\nwant %s", got, want)
	}
}

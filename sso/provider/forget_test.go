package provider_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mixus/usher/config"
)

// TestWhatAnApplicationWasToBeToldGoesWithIt: an application that is in the file no more is told nothing, and nothing waits
// for it; what waits for another stays.
func TestWhatAnApplicationWasToBeToldGoesWithIt(t *testing.T) {
	w := newWorld(t)
	deaf := newBackChannel(t)
	deaf.refuses = -1
	w.clients[0].BackChannelLogoutURI = deaf.URL
	w.clients = append(w.clients, config.Client{ID: "gone", RedirectURIs: []string{appCallback}, BackChannelLogoutURI: deaf.URL})
	stop := w.run(w.provider)
	a, b := w.app(), w.browser()
	a.enter(b)
	other := *a
	other.oauth.ClientID, other.oauth.ClientSecret = "gone", ""
	code, verifier := other.code(b)
	form := exchange(code, verifier)
	form.Set("client_id", "gone")
	if status, said, _ := w.post("/oidc/token", form, "", ""); status != 200 {
		t.Fatalf("answers %d %v", status, said)
	}
	w.suspend("ann")
	w.waits("app", 1)
	w.waits("gone", 1)
	stop()
	w.clients = slices.Delete(w.clients, len(w.clients)-1, len(w.clients))
	w.run(w.newProvider())
	w.waits("gone", 0)
	w.waits("app", 1)
}

// waits waits until so many things wait for an application.
func (w *world) waits(client string, n int) {
	w.t.Helper()
	for range 200 {
		list, err := w.engine.Departures(w.t.Context(), client, 10)
		w.must(err)
		if len(list) == n {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.t.Fatalf("there are not %d things to tell %s", n, client)
}

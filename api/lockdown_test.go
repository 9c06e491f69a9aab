package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// uncountable is a store of which the sessions cannot be listed.
type uncountable struct{ store.Store }

func (u uncountable) View(ctx context.Context, fn func(store.Tx) error) error {
	return u.Store.View(ctx, func(tx store.Tx) error { return fn(uncountableTx{tx}) })
}

type uncountableTx struct{ store.Tx }

func (uncountableTx) ListSessions(directory.OrgNum, *directory.Session, int) ([]*directory.Session, error) {
	return nil, errors.New("sessions cannot be listed")
}

func TestALockdownDoesNotWaitForSessionsToBeCounted(t *testing.T) {
	for path, begins := range map[string]bool{"/organizations/acme/lockdown": true, "/organizations/acme/sessions/revoke": false} {
		w := newWorld(t, "acme")
		w.hire("acme", "ann", "")
		in := w.signIn("acme", "ann")
		w.now = w.now.Add(time.Second)
		w.engine.Store = uncountable{w.store}
		var done api.LockedDown
		w.local().post(path, api.ReasonBody{Reason: "a stolen key"}, http.StatusOK, &done)
		if done.On != begins || done.Ended != 0 || w.signedIn(in) {
			t.Errorf("%s: %+v, and ann is signed in: %v", path, done, w.signedIn(in))
		}
	}
}

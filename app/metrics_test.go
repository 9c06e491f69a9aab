package app

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

func TestMetricsCountWhoWaitsInHoldsByKind(t *testing.T) {
	s, err := bolt.Open(filepath.Join(t.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing is written any more
	err = s.Update(t.Context(), func(tx store.Tx) error {
		for n, h := range []*directory.Hold{{Kind: "suspensions", Waiting: 490}, {Kind: "group_removals", Waiting: 3}, {Kind: "group_removals", Waiting: 4}, {Kind: directory.HoldLastAdmin}} {
			org, err := tx.PutOrganization("acme")
			if err != nil {
				return err
			}
			h.Org, h.ID[0] = org, byte(n+1)
			if err := tx.PutHold(h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	m := newMetrics("test")
	m.watch(s)
	answer := httptest.NewRecorder()
	m.handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	for _, want := range []string{
		`usher_holds{organization="acme"} 4`, `usher_holds_waiting{kind="suspensions"} 490`, `usher_holds_waiting{kind="group_removals"} 7`,
		`usher_holds_waiting{kind="last_admin"} 1`, `usher_mails{state="failed"} 0`,
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

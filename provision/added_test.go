package provision_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// TestAConnectionThatIsAddedWhileServingMakesMembers: the names of connections were read once and kept, so that people of
// one that a later policy added were taken for those of a connection that the policy does not have.
func TestAConnectionThatIsAddedWhileServingMakesMembers(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error {
		var err error
		w.conns["google"], err = tx.PutConnection(w.org, "google")
		return err
	}))
	w.activate(strings.Replace(acme, "  - {id: entra, provider: entra}", "  - {id: entra, provider: entra}\n  - {id: google, provider: google}", 1))
	w.create("google", "gil", person("gil"))
	w.group("google", "Engineering", "gil")
	w.expect(w.of("google", "gil"), directory.StatusActive, "member", "engineering", "platform")
}

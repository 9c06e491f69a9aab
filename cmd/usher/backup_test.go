package main

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// TestBackupsUnderWritersAreOfOneInstant makes backups with the command line while eight writers push, and restores each
// elsewhere: it has everything that was acknowledged before it began, nothing that came after it ended, and no half of
// what was under way; and its epoch is a later one.
func TestBackupsUnderWritersAreOfOneInstant(t *testing.T) {
	program, data := built(t), t.TempDir()
	p := serving(t, program, data)
	secret := token(t, program, data)
	url := p.url + "/scim/v2/acme-okta"
	marker := &writer{token: secret}
	var group struct{ ID string }
	status, err := marker.send(http.MethodPost, url+"/Groups", map[string]any{"displayName": "Engineering"}, &group)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("POST /Groups answered %d, %v", status, err)
	}
	groupID, _ := directory.ParseID(group.ID)
	var wg sync.WaitGroup
	failed := make([]error, 8)
	for i := range failed {
		w := &writer{name: fmt.Sprintf("writer%d", i), token: secret, acked: map[string]*ackedUser{}}
		wg.Go(func() { failed[i] = w.run(url, group.ID) })
	}
	for i := range 5 {
		file, elsewhere := filepath.Join(data, fmt.Sprintf("copy%d.db", i)), t.TempDir()
		before := marker.mark(t, url, fmt.Sprintf("before%d", i))
		usher(t, program, "backup", "--data", data, file)
		after := marker.mark(t, url, fmt.Sprintf("after%d", i))
		usher(t, program, "restore", "--data", elsewhere, file)
		checkRestored(t, elsewhere, groupID, before, after)
	}
	p.kill(t)
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatalf("%v\n%s", err, p.log)
	}
	http.DefaultClient.CloseIdleConnections()
}

// mark creates a user and returns the id once it is acknowledged.
func (w *writer) mark(t *testing.T, url, name string) directory.ID {
	t.Helper()
	var created struct{ ID string }
	status, err := w.send(http.MethodPost, url+"/Users", map[string]any{"userName": name + "@acme.com", "externalId": name, "active": true}, &created)
	id, ok := directory.ParseID(created.ID)
	if err != nil || status != http.StatusCreated || !ok {
		t.Fatalf("POST /Users answered %d, %v", status, err)
	}
	return id
}

// usher runs one command.
func usher(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("usher %v: %v\n%s", args, err, out)
	}
}

// checkRestored holds a restored store against what must be true of it.
func checkRestored(t *testing.T, data string, group, before, after directory.ID) {
	t.Helper()
	s, err := bolt.Open(filepath.Join(data, "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it was only read
	err = s.View(t.Context(), func(tx store.Tx) error {
		conns, err := tx.Connections()
		if err != nil {
			return err
		}
		c := conns["acme-okta"]
		marked, err := tx.Users(c.Num, []directory.ID{before, after})
		if err != nil {
			return err
		}
		epoch, err := tx.Epoch()
		if marked[0] == nil || marked[1] != nil || epoch < 2 {
			t.Errorf("acknowledged before the backup: there is %v; after it: there is %v; epoch %d", marked[0] != nil, marked[1] != nil, epoch)
		}
		k := &checker{t: t, tx: tx, conn: c.Num, org: c.Org, group: group}
		k.everybody()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
